//! Prices diamonds: sales, trained models, their metrics and every API request in one `DuckDB` file.

pub mod calibration;
pub mod commands;
pub mod control;
pub mod diamond;
pub mod engine;
pub mod families;
pub mod features;
pub mod files;
pub mod generator;
pub mod metrics;
pub mod segments;
pub mod server;
pub mod split;
pub mod store;
pub mod system;
pub mod text;
pub mod times;
pub mod training;
