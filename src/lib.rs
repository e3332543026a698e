//! Prices diamonds: sales, trained models, their metrics and every API request in one `DuckDB` file.
//!
//! ARCHITECTURE.md shows the parts and their dependencies.

pub mod access;
pub mod commands;
pub mod control;
pub mod diamond;
pub mod exchange;
pub mod files;
pub mod generator;
pub mod learning;
pub mod monitoring;
pub mod pricing;
pub mod reading;
pub mod retraining;
pub mod server;
pub mod store;
pub mod system;
pub mod text;
pub mod times;
pub mod words;
