//! Why nothing can be trained.

use crate::control::FileAccessError;
use crate::learning::families::FamilyError;

/// Why nothing can be trained.
#[derive(Debug, thiserror::Error)]
pub enum TrainingError {
    /// There are no sales at all.
    #[error("there are no sales to learn from: add some with `diamonds ingest FILE.csv`")]
    NoSales,
    /// There are too few sales.
    #[error("{found} sales are too few to learn from and to judge by: ingest at least {} more", needed - found)]
    TooFewSales {
        /// How many there are.
        found: usize,
        /// How many it takes.
        needed: usize,
    },
    /// All sales have the same grade.
    #[error(
        "all {sales} sales have the {scale} {grade}: ingest sales of other grades, or no model can learn what {scale} is worth"
    )]
    OneGrade {
        /// How many sales there are.
        sales: usize,
        /// Which scale it is.
        scale: &'static str,
        /// The only grade.
        grade: &'static str,
    },
    /// A family cannot be fitted.
    #[error(transparent)]
    Family(#[from] FamilyError),
}

/// Why a retraining fails.
#[derive(Debug, thiserror::Error)]
pub enum RetrainingError {
    /// Nothing can be trained.
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
