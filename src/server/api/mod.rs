//! The JSON API: one file for each resource. Each handler declares its method, path, parameters, bodies and answers; the
//! routes, the OpenAPI document and the page for developers follow from these declarations.

mod backups;
pub mod errors;
pub mod health;
mod metrics;
mod models;
pub mod openapi;
mod outcomes;
mod prediction_files;
pub mod predictions;
pub mod price_list;
pub mod requests;
mod similar;

pub use openapi::endpoints;
