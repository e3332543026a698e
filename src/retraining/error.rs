//! Why no model can be trained.

use std::path::PathBuf;

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
    /// A trained model could not be stored, and is kept.
    #[error("the trained model could not be stored: it is kept as {}, and `diamonds retrain --resume` stores it", path.display())]
    Unstored {
        /// Where it is kept.
        path: PathBuf,
        /// Why it could not be stored.
        source: Box<Self>,
    },
}

impl RetrainingError {
    pub(super) fn store(error: StoreError) -> Self {
        Self::FileAccess(error.into())
    }
}

impl From<FamilyError> for RetrainingError {
    fn from(error: FamilyError) -> Self {
        Self::Training(error.into())
    }
}
