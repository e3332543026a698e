//! Trains models: every family on the same sales, every model judged by the same others.

mod error;
mod fitting;
mod holdout;
mod model_comparison;
mod promotion;

pub use error::TrainingError;
pub use fitting::{Trained, train};
pub use holdout::{HOLDOUT_SHARE, MIN_SALES, Partition};
pub use model_comparison::{Contest, Contestant, Judged};
pub use promotion::{Incumbent, Promote, Verdict, decide};
