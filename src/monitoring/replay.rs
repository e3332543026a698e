//! What stones that were asked about would be quoted by another model.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::diamond::StoneDescription;
use crate::learning::evaluation::quantile;
use crate::pricing::{ModelName, ServedModel, Snapshot};
use crate::store::PredictionRecord;
use crate::text::to_the_cent;

/// Stones that would move most, of which a replay tells.
const LISTED: usize = 10;

/// What a model would have said, beside what was said.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Replay {
    /// The model.
    pub model: ModelName,
    /// Stones that were priced again.
    pub stones: usize,
    /// Stones for which the model finds no price.
    pub without_price: usize,
    /// By how much prices would change, in US dollars; absent if there is no stone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub change_usd: Option<Distribution>,
    /// The same as shares of the prices that were said: 0.1 is 10 % more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub change_share: Option<Distribution>,
    /// The stones that would move most, as shares, the furthest first.
    pub most_moved: Vec<PriceChange>,
}

/// How some numbers are distributed.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Distribution {
    /// Their mean.
    pub mean: f64,
    /// What one in twenty is below.
    pub p5: f64,
    /// What one in four is below.
    pub p25: f64,
    /// What half of them are below.
    pub median: f64,
    /// What three in four are below.
    pub p75: f64,
    /// What nineteen in twenty are below.
    pub p95: f64,
}

/// A stone that would be quoted otherwise.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PriceChange {
    /// The prediction.
    pub prediction: Uuid,
    /// The stone, as far as it was described.
    pub stone: StoneDescription,
    /// The model that answered.
    pub answered_by: i64,
    /// What was said, in US dollars.
    pub was_usd: f64,
    /// What it would be, in US dollars.
    pub would_be_usd: f64,
}

impl Replay {
    /// Prices the stones of `priced` again, by `model`.
    #[must_use]
    pub fn of(priced: &[PredictionRecord], model: &ServedModel, snapshot: &Snapshot) -> Self {
        let mut changes: Vec<PriceChange> = priced
            .iter()
            .filter_map(|record| {
                let again = snapshot.quote(&record.completed_stone(), model).ok()?;
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
    /// That of `values`; `None` if there is none.
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
