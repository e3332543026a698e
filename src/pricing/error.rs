//! Why a question about a stone cannot be answered.

use crate::diamond::Cut;
use crate::learning::families::FamilyError;
use crate::store::StoreError;

/// Why a question cannot be answered.
#[derive(Debug, thiserror::Error)]
pub enum PricingError {
    /// No model is trained yet.
    #[error("no model answers yet: run `diamonds ingest FILE.csv`, then `diamonds retrain`")]
    NoModel,
    /// There is no such model.
    #[error("there is no model {wanted:?}: give the number of a model or one of {families}")]
    UnknownModel {
        /// The model that was wanted.
        wanted: String,
        /// The families with models.
        families: String,
    },
    /// A model predicts no valid price for a stone.
    #[error(
        "model {id} ({family}) finds no price for such a stone: check that weight and measurements belong together, or \
         ask another model"
    )]
    NoPrice {
        /// Number of the model.
        id: i64,
        /// Its family.
        family: String,
    },
    /// No price list was kept that another could be compared with.
    #[error(
        "no price list of cut {cut} was kept yet: `diamonds price-list --keep` keeps one, and so does the button on the page of the list"
    )]
    NoKeptList {
        /// The cut.
        cut: Cut,
    },
    /// A stored model cannot be loaded.
    #[error("model {id} cannot be loaded")]
    Unloadable {
        /// Number of the model.
        id: i64,
        /// What its family reports.
        source: FamilyError,
    },
    /// Outcomes of stones that were never priced. None was recorded.
    #[error("{name}: {}. Nothing was recorded", mistakes.join("; "))]
    UnknownPredictions {
        /// Their file.
        name: String,
        /// One sentence for each line.
        mistakes: Vec<String>,
    },
    /// The database fails.
    #[error(transparent)]
    Store(#[from] StoreError),
}
