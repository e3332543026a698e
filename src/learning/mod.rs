//! Learns prices from sales: what a model sees of a stone, the model families, and how far their prices are off.
//!
//! Nothing here knows of the database, of requests or of which model answers.

pub mod evaluation;
pub mod families;
pub mod features;
