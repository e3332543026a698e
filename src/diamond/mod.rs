//! The trade's vocabulary: grades, stones, sales, and what their numbers must be.
//!
//! Nothing here knows of files, models or requests.

mod description;
mod grade;
mod stone;

pub use description::{FieldError, MEASUREMENTS, StoneDescription};
pub use grade::{Clarity, Color, Cut, Grade, UnknownGrade};
pub use stone::{
    CARAT_PER_CUBIC_MM, DEPTH_TOLERANCE_PERCENT, Sale, Stone, WEIGHT_TOLERANCE, depth_percent_of, weight_carat_of,
};
