//! How far prices of a model are off, and on which sales that is found out. Numbers only: no model is loaded here.
//!
//! Arguments come as `(truth, predicted)`, always.

mod calibration;
mod comparison;
mod metrics;
mod quantile;
mod segments;
mod split;

pub use calibration::{CONFIDENCE, Calibration, PriceRange, WeightClass};
pub use comparison::Comparison;
pub use metrics::{Metrics, mean_absolute_error};
pub use quantile::quantile;
pub use segments::{SegmentMetrics, segments, worst_residuals};
pub use split::{HASH_VERSION, Split};
