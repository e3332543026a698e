//! The trade's vocabulary: fields, grades, stones and sales, and the rules for their values.
//!
//! Nothing here depends on files, models or requests.

mod description;
mod field;
mod grade;
mod grade_names;
pub mod number;
mod one_line;
mod stone;

pub use description::{DescribedStone, FieldError, Measurements, StoneDescription};
pub use field::{FIELD_COUNT, FIELDS, Field, FieldKind, FieldValues, number_fields};
pub use grade::{Clarity, Color, Cut, Grade, GradeInfo, UnknownGrade};
pub use grade_names::{GradeReading, IT_IS_A_SHAPE};
pub use one_line::{read_line, write_line};
pub use stone::{
    CARAT_PER_CUBIC_MM, DEPTH_TOLERANCE_PERCENT, Dimensions, Sale, Stone, TEXTBOOK_DEPTH_PERCENT,
    TEXTBOOK_LENGTH_OF_ONE_CARAT_MM, TEXTBOOK_TABLE_PERCENT, Told, WEIGHT_TOLERANCE, depth_percent_of, weight_carat_of,
};
