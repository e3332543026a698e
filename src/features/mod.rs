//! What a model sees of a stone: named columns of numbers, and the target it learns.

mod feature;
mod target;

pub use feature::{Feature, encode_f32, encode_f64, levels_present, nine_one_hot, nine_ordinal};
pub use target::Target;
