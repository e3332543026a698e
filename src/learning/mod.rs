//! Learns prices from sales: features, model families, the promises that hold for all of them, and the evaluation of models.
//!
//! Nothing here depends on the database, on requests or on which model answers.

pub mod evaluation;
pub mod families;
pub mod features;
pub mod price_level;
pub mod promises;
