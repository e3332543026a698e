//! The JSON API: one file a resource. Each handler declares its method, path, parameters, bodies and answers; the routes, the
//! document of the API and the page for developers follow from that.

pub mod errors;
mod health;
mod models;
pub mod openapi;
mod outcomes;
mod predictions;
pub mod requests;
mod similar;

pub use openapi::endpoints;
