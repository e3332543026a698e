//! The plan of a retraining: the families, the number of trials for each, and the settings that the search starts from.

use std::time::Duration;

use serde_json::{Map, Value};

use super::PromotionPolicy;
use crate::learning::families::{FAMILIES, Family, FamilyError, find_family};
use crate::store::ModelRecord;

/// Default number of trials in a first search.
pub const TRIALS_IN_FIRST_SEARCH: usize = 12;
/// Default number of trials if an earlier model was trained on nearly the same sales: its settings are known to do well.
pub const TRIALS_IN_LATER_SEARCH: usize = 4;

/// The user's settings of a retraining.
#[derive(Debug, Clone)]
pub struct RetrainingSettings {
    /// Names of the families to train; empty for all.
    pub families: Vec<String>,
    /// Most trials of each family that tunes; `None` for the default.
    pub trials: Option<usize>,
    /// Whether the search starts without the settings of earlier models.
    pub fresh: bool,
    /// Time limit for tuning each family; the final fit is not included.
    pub budget: Option<Duration>,
    /// Seed of every random choice.
    pub seed: u64,
    /// Whether the best new model becomes the champion.
    pub promotion: PromotionPolicy,
}

impl RetrainingSettings {
    /// The families to train.
    ///
    /// # Errors
    /// If one of the names is not that of a family.
    pub fn chosen_families(&self) -> Result<Vec<&'static dyn Family>, FamilyError> {
        if self.families.is_empty() {
            return Ok(FAMILIES.to_vec());
        }
        self.families.iter().map(|name| find_family(name)).collect()
    }
}

/// The plan for one family.
pub(super) struct FamilyPlan {
    pub family: &'static dyn Family,
    pub trials: usize,
    /// The settings of its newest model.
    pub start: Option<Map<String, Value>>,
}

impl FamilyPlan {
    /// Starts from the settings of `earlier` models, newest first. If the newest was trained on nearly all of the `sales`
    /// sales, the search is short.
    pub fn new(
        family: &'static dyn Family,
        settings: &RetrainingSettings,
        earlier: &[ModelRecord],
        sales: usize,
    ) -> Self {
        let newest = earlier.iter().find(|model| !settings.fresh && model.family == family.name());
        let sales = i64::try_from(sales).unwrap_or(i64::MAX);
        let saw_nearly_all = newest.is_some_and(|model| model.trials > 0 && sales / 10 * 9 <= model.dataset.rows);
        let usual = if saw_nearly_all { TRIALS_IN_LATER_SEARCH } else { TRIALS_IN_FIRST_SEARCH };
        Self {
            family,
            trials: settings.trials.unwrap_or(usual),
            start: newest.map(|model| model.hyperparameters.clone()),
        }
    }
}
