//! Trains models: every family on the same sales, every model evaluated on the same holdout.

mod contest;
mod error;
mod fitting;
mod holdout;
mod model_comparison;
mod plan;
mod promotion;
mod run;
mod submit;
mod unstored;

pub use contest::{Contest, ContestSegment, Contestant};
pub use error::{RetrainingError, TrainingError};
pub use fitting::{EvaluatedModel, evaluate, train};
pub use holdout::{HOLDOUT_SHARE, HoldoutSplit, MIN_SALES, TrainingSales};
pub use model_comparison::{ComparedModel, ModelComparison, StoredModel};
pub use plan::{RetrainingSettings, TRIALS_IN_FIRST_SEARCH, TRIALS_IN_LATER_SEARCH};
pub use promotion::{Incumbent, PromotionDecision, PromotionPolicy, decide};
pub use run::{
    DatasetReport, FailedFamily, ModelReport, ObserverFactory, RetrainingReport, retrain, take_in, threads_of_training,
};
pub use unstored::resume;
