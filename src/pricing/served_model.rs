//! A stored model, loaded.

use super::PricingError;
use crate::learning::evaluation::Calibration;
use crate::learning::promises::{PromisedModel, load_model};
use crate::store::{Store, StoredArtifact};

/// A model that is ready to price.
pub struct ServedModel {
    /// Its number.
    pub id: i64,
    /// Name of its family.
    pub family: String,
    /// The range around its prices, if it has one.
    pub calibration: Option<Calibration>,
    /// By what share its prices are higher than it was trained to say, because somebody corrected it.
    pub corrected_by: f64,
    /// The model itself, corrected.
    pub prices: PromisedModel,
}

impl ServedModel {
    /// Loads model `id`.
    ///
    /// # Errors
    /// If there is none, or its bytes are not what its family writes.
    pub fn load(store: &Store, id: i64) -> Result<Self, PricingError> {
        let StoredArtifact { family, artifact, four_cs_table } = store.model_artifact(id)?;
        let prices = load_model(&family, &artifact, four_cs_table.as_deref())
            .map_err(|source| PricingError::Unloadable { id, source })?;
        let corrected_by = store.level_correction(id)?;
        let prices = prices.corrected_by(corrected_by);
        Ok(Self { id, family, calibration: store.calibration(id)?, corrected_by, prices })
    }
}
