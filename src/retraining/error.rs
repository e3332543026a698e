//! Why no model can be trained.

use crate::control::FileAccessError;
use crate::learning::families::FamilyError;
use crate::store::StoreError;

/// Why no model can be trained.
#[derive(Debug, thiserror::Error)]
pub enum TrainingError {
    /// There are no sales.
    #[error("there are no sales to train on: add some with `diamonds ingest FILE.csv`")]
    NoSales,
    /// There are too few sales.
    #[error("{found} sales are too few for training and evaluation: ingest at least {} more", needed - found)]
    TooFewSales {
        /// Their number.
        found: usize,
        /// The number that is needed.
        needed: usize,
    },
    /// All sales have the same grade.
    #[error(
        "all {sales} sales have the {scale} {grade}: ingest sales of other grades, or no model can learn what {scale} is worth"
    )]
    OneGrade {
        /// The number of sales.
        sales: usize,
        /// The scale.
        scale: &'static str,
        /// The only grade.
        grade: &'static str,
    },
    /// A family cannot be fitted.
    #[error(transparent)]
    Family(#[from] FamilyError),
    /// The sales cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Why a retraining fails.
#[derive(Debug, thiserror::Error)]
pub enum RetrainingError {
    /// No model can be trained.
    #[error(transparent)]
    Training(#[from] TrainingError),
    /// The file cannot be read or written.
    #[error(transparent)]
    FileAccess(#[from] FileAccessError),
}

impl From<FamilyError> for RetrainingError {
    fn from(error: FamilyError) -> Self {
        Self::Training(error.into())
    }
}
