//! Compares two stored models on the same holdout, and says in words what follows.

use serde::Serialize;

use super::contest::Contest;
use super::{HoldoutSplit, TrainingError};
use crate::learning::evaluation::{Comparison, Metrics};
use crate::store::StoredArtifact;
use crate::text::{count, dollars_and_cents, percent};
use crate::words::say;

/// A stored model, to be compared.
#[derive(Debug, Clone)]
pub struct StoredModel {
    /// Its number.
    pub id: i64,
    /// The model itself.
    pub stored: StoredArtifact,
}

/// Two models, evaluated on the same stones.
#[derive(Debug, Clone, Serialize)]
pub struct ModelComparison {
    /// Number of sales in the holdout.
    pub holdout: usize,
    /// The two, in the order in which they were named.
    pub models: [ComparedModel; 2],
    /// The difference of their errors.
    #[serde(flatten)]
    pub comparison: Comparison,
}

/// A model and its errors.
#[derive(Debug, Clone, Serialize)]
pub struct ComparedModel {
    /// Its number.
    pub id: i64,
    /// Name of its family.
    pub family: String,
    /// Its errors on the holdout of today.
    pub metrics: Metrics,
}

impl ModelComparison {
    /// Evaluates both on the holdout of today, which may have sales that came after them. It takes a moment.
    ///
    /// # Errors
    /// If a model cannot be loaded.
    pub fn of(partition: &HoldoutSplit, models: [StoredModel; 2]) -> Result<Self, TrainingError> {
        Ok(Contest::of(partition, models.into(), usize::MAX)?.between(0, 1))
    }

    /// The difference of the errors, in words.
    #[must_use]
    pub fn difference(&self) -> String {
        let [first, second] = &self.models;
        let difference_usd = self.comparison.mae_difference_usd;
        say!(
            "On {} sales that neither was fitted to, the mean absolute error of model {} is {} {} than that of model {}",
            count(i64::try_from(self.holdout).unwrap_or(i64::MAX)),
            first.id,
            dollars_and_cents(difference_usd.abs()),
            if difference_usd < 0.0 { say!("less") } else { say!("more") },
            second.id
        )
    }

    /// The interval of the difference, in words.
    #[must_use]
    pub fn interval(&self) -> String {
        let Comparison { low_usd, high_usd, confidence, .. } = self.comparison;
        say!(
            "{} interval of the difference: {} to {}",
            percent(confidence, 0),
            dollars_and_cents(low_usd),
            dollars_and_cents(high_usd)
        )
    }

    /// Which of the two is better, if that is certain, in words.
    #[must_use]
    pub fn verdict(&self) -> String {
        let [first, second] = &self.models;
        match (self.comparison.is_certain(), self.comparison.mae_difference_usd < 0.0) {
            (false, _) => say!("That may be luck: promote for other reasons, or wait for more sales."),
            (true, true) => say!("Model {} is better, by more than luck.", first.id),
            (true, false) => say!("Model {} is better, by more than luck.", second.id),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn contest(mae_difference_usd: f64, low_usd: f64, high_usd: f64) -> ModelComparison {
        let metrics = Metrics { r2: 0.98, mae_usd: 300.0, rmse_usd: 500.0, mape: 0.07 };
        ModelComparison {
            holdout: 1_234,
            models: [3, 7].map(|id| ComparedModel { id, family: "linear".to_owned(), metrics }),
            comparison: Comparison { mae_difference_usd, low_usd, high_usd, confidence: 0.95 },
        }
    }

    #[test]
    fn what_is_certain_is_said_and_what_may_be_luck_too() {
        let less = contest(-20.5, -30.0, -10.0);
        assert!(less.difference().starts_with("On 1,234 sales"), "{}", less.difference());
        assert!(less.difference().ends_with("of model 3 is $20.50 less than that of model 7"), "{}", less.difference());
        assert_eq!(less.interval(), "95 % interval of the difference: −$30.00 to −$10.00");
        assert_eq!(less.verdict(), "Model 3 is better, by more than luck.");
        assert_eq!(contest(20.5, 10.0, 30.0).verdict(), "Model 7 is better, by more than luck.");
        assert!(contest(20.5, -10.0, 50.0).verdict().starts_with("That may be luck"));
    }
}
