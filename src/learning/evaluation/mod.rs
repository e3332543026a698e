//! Errors of a model's prices, and the sales on which they are measured. Numbers only: no model is loaded here.
//!
//! Arguments are always in the order `(truth, predicted)`.

mod calibration;
mod comparison;
mod metrics;
mod order_check;
mod quantile;
mod segments;
mod split;

pub use calibration::{Calibration, Confidence, GradeSpread, JudgedStones, OtherWidths, PriceRange, RangeClass};
pub use comparison::Comparison;
pub use metrics::{Metrics, mean_absolute_error};
pub use order_check::OrderCheck;
pub use quantile::quantile;
pub use segments::{SegmentMetrics, segments, told_segment, worst_residuals};
pub use split::{HASH_VERSION, Split};
