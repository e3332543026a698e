//! What another model would predict for stones that were priced.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::diamond::StoneDescription;
use crate::learning::evaluation::{Confidence, quantile};
use crate::pricing::{ModelName, ServedModel, Snapshot};
use crate::store::PredictionRecord;
use crate::text::to_the_cent;

/// How many of the stones with the largest changes a replay lists.
const LISTED: usize = 10;

/// The prices of a model beside the prices that were given.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Replay {
    /// The model.
    pub model: ModelName,
    /// Stones that were priced again.
    pub stones: usize,
    /// Stones that the model cannot price.
    pub without_price: usize,
    /// The changes of prices, in US dollars; absent if there is no stone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub change_usd: Option<Distribution>,
    /// The changes as shares of the prices that were given: 0.1 is 10 % more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub change_share: Option<Distribution>,
    /// The stones with the largest changes, as shares, the largest first.
    pub most_moved: Vec<PriceChange>,
}

/// The distribution of some numbers.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Distribution {
    /// Their mean.
    pub mean: f64,
    /// Five percent are below it.
    pub p5: f64,
    /// A quarter is below it.
    pub p25: f64,
    /// Half are below it.
    pub median: f64,
    /// Three quarters are below it.
    pub p75: f64,
    /// 95 percent are below it.
    pub p95: f64,
}

/// A stone with another price.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PriceChange {
    /// The prediction.
    pub prediction: Uuid,
    /// The stone, as far as it was described.
    pub stone: StoneDescription,
    /// The model that answered.
    pub answered_by: i64,
    /// The price that was given, in US dollars.
    pub was_usd: f64,
    /// The price by the other model, in US dollars.
    pub would_be_usd: f64,
}

impl Replay {
    /// Prices the stones of `priced` again, by `model`.
    #[must_use]
    pub fn of(priced: &[PredictionRecord], model: &ServedModel, snapshot: &Snapshot) -> Self {
        let mut changes: Vec<PriceChange> = priced
            .iter()
            .filter_map(|record| {
                let again = snapshot.quote(&record.stone, model, Confidence::default()).ok()?;
                Some(PriceChange {
                    prediction: record.id,
                    stone: record.stone,
                    answered_by: record.model,
                    was_usd: record.price_usd,
                    would_be_usd: again.price_usd,
                })
            })
            .collect();
        let share = |one: &PriceChange| one.would_be_usd / one.was_usd - 1.0;
        let change_usd =
            Distribution::of(changes.iter().map(|one| to_the_cent(one.would_be_usd - one.was_usd)).collect());
        let change_share = Distribution::of(changes.iter().map(share).collect());
        let stones = changes.len();
        changes.sort_by(|a, b| share(b).abs().total_cmp(&share(a).abs()));
        changes.truncate(LISTED);
        Self {
            model: ModelName { id: model.id, family: model.family.clone() },
            stones,
            without_price: priced.len() - stones,
            change_usd,
            change_share,
            most_moved: changes,
        }
    }
}

impl Distribution {
    /// The distribution of `values`; `None` if there are none.
    #[must_use]
    pub fn of(mut values: Vec<f64>) -> Option<Self> {
        #[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^52")]
        let mean = values.iter().sum::<f64>() / values.len() as f64;
        let mut at = |share: f64| quantile(&mut values, share);
        Some(Self { mean, p5: at(0.05)?, p25: at(0.25)?, median: at(0.5)?, p75: at(0.75)?, p95: at(0.95)? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_those_counted_by_hand() {
        let of = Distribution::of((0..=100).rev().map(f64::from).collect()).expect("numbers");
        assert_eq!(of, Distribution { mean: 50.0, p5: 5.0, p25: 25.0, median: 50.0, p75: 75.0, p95: 95.0 });
        assert_eq!(Distribution::of(Vec::new()), None);
    }
}
