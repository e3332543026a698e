//! The XGBoost library with a served model: for what the walk of the trees cannot do.

use std::fmt;
use std::sync::{Mutex, OnceLock, PoisonError};

use xgboost::{Booster, DMatrix};

use super::{FamilyError, unreadable};

/// A model of the library, loaded on first use.
pub struct Library {
    /// The model as the library writes it.
    bytes: Vec<u8>,
    booster: OnceLock<Result<Mutex<Booster>, String>>,
}

impl Library {
    pub fn of(bytes: &[u8]) -> Self {
        Self { bytes: bytes.to_vec(), booster: OnceLock::new() }
    }

    /// The contribution of each column of `row` to the sum of the trees, and last the bias: length `n_features + 1`.
    pub fn contributions(&self, row: &[f32]) -> Result<Vec<f32>, FamilyError> {
        let load = || Booster::load_buffer(&self.bytes).map(Mutex::new).map_err(|error| error.to_string());
        let booster = self.booster.get_or_init(load).as_ref().map_err(unreadable)?;
        let matrix = DMatrix::from_dense(row, 1).map_err(|error| unreadable(error.to_string()))?;
        let booster = booster.lock().unwrap_or_else(PoisonError::into_inner);
        let (values, _) = booster.predict_contributions(&matrix).map_err(|error| unreadable(error.to_string()))?;
        Ok(values)
    }
}

impl fmt::Debug for Library {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Library").field("bytes", &self.bytes.len()).finish_non_exhaustive()
    }
}
