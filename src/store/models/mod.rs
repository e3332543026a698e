//! Models: their history, the champion, and their bytes.

mod artifacts;
mod champion;
mod corrections;
mod records;

pub use artifacts::{PrunedModel, StoredArtifact};
pub use champion::{ComparedPromotion, Promotion};
pub use records::{DatasetSize, Lineage, ModelDetail, ModelRecord, NewModel, TrialRecord, WorstResidual};
