//! The JSON API: one file a resource.

pub mod errors;
pub mod health;
pub mod models;
pub mod openapi;
pub mod outcomes;
pub mod predictions;
pub mod requests;
pub mod similar;
