//! The input of a model: named columns of numbers, and the target.

mod feature;
mod known_grades;
mod target;
mod trend;

pub use feature::{FOUR_CS, Feature, encode_f32, encode_f64, nine_ordinal, with_derived};
pub use known_grades::{KnownGrades, levels_present};
pub use target::Target;
pub use trend::Trend;
