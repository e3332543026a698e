//! Why a question about a stone stays without an answer.

use crate::learning::families::FamilyError;
use crate::store::StoreError;

/// Why a question cannot be answered.
#[derive(Debug, thiserror::Error)]
pub enum PricingError {
    /// Nothing is trained yet.
    #[error("no model answers yet: run `diamonds ingest FILE.csv`, then `diamonds retrain`")]
    NoModel,
    /// There is no such model.
    #[error("there is no model {wanted:?}: give the number of a model or one of {families}")]
    UnknownModel {
        /// What was asked for.
        wanted: String,
        /// The families that there are models of.
        families: String,
    },
    /// A model says nothing sensible of a stone.
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
    /// A stored model cannot be loaded.
    #[error("model {id} cannot be loaded")]
    Unloadable {
        /// Number of the model.
        id: i64,
        /// What its family says.
        source: FamilyError,
    },
    /// A model does not say why.
    #[error("model {id} cannot say why")]
    Unexplained {
        /// Number of the model.
        id: i64,
        /// What its family says.
        source: FamilyError,
    },
    /// Outcomes are told of stones that were never priced. None was recorded.
    #[error("{name}: {}. Nothing was recorded", mistakes.join("; "))]
    UnknownPredictions {
        /// Where they came from.
        name: String,
        /// Line by line.
        mistakes: Vec<String>,
    },
    /// The file fails.
    #[error(transparent)]
    Store(#[from] StoreError),
}
