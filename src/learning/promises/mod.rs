//! What holds for the prices of every family, because it is kept around them and not by each:
//!
//! - A stone has one price, whichever of its sides is called the length.
//! - What was not told is missing, and nothing is made up.
//! - A better colour or clarity never costs less, and of stones known by their four Cs a heavier one neither.
//!
//! A [`PromisedModel`] answers by the prices of all colours and clarities at once; those of stones that are known by their four Cs
//! come from a table, which is worked out when the model is fitted.

mod four_cs_table;
mod promised_model;

pub use four_cs_table::FourCsTable;
pub use promised_model::{FittedPrices, PromisedModel, TurnedSales, fit_model, load_model, promise};
