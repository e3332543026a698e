//! The state of a file, and what to do next.

use std::path::PathBuf;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::drift::{Drift, DriftLevel, MIN_ASKED, drift};
use super::level::LevelDrift;
use crate::learning::evaluation::Metrics;
use crate::pricing::{PricingError, Snapshot};
use crate::store::{LiveAccuracy, ModelRecord, Replica, RequestCounts, Store};
use crate::text::{count, percent, signed_percent};

/// Hours of requests that drift is computed from.
const DRIFT_HOURS: i64 = 30 * 24;
/// Most stones that drift is computed from; the newest count.
const DRIFT_STONES: usize = 20_000;
/// From this share of new sales on, retraining is advised.
const WORTH_RETRAINING: f64 = 0.1;
/// A champion older than this many days may have missed a change of prices.
const OLD_DAYS: i64 = 90;
/// Fewest outcomes from which a model is evaluated.
const MIN_OUTCOMES: i64 = 30;

/// The state of a file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Status {
    /// Path of the file.
    pub file: PathBuf,
    /// Of what the file is a replica; absent if it is a file of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replica: Option<Replica>,
    /// The model that answers; absent if there is no champion.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub champion: Option<ChampionStatus>,
    /// Sales in the file.
    pub sales: i64,
    /// Sales that the champion was not trained on.
    pub new_sales: i64,
    /// Requests in the log.
    pub requests: RequestCounts,
    /// How far prices are from what the champion answers; absent if there are too few since its training.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub level: Option<LevelDrift>,
    /// The stones priced in the last 30 days against the sales that the champion was trained on.
    pub drift: Vec<Drift>,
    /// Size of the file in bytes, without the journal beside it.
    pub file_bytes: u64,
    /// What to do next, the most urgent first.
    pub advice: Vec<String>,
}

/// The state of the champion.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ChampionStatus {
    /// Its number.
    pub id: i64,
    /// Its family.
    pub family: String,
    /// When it was trained.
    pub trained: Timestamp,
    /// Its age in whole days.
    pub age_days: i64,
    /// Its errors on the holdout.
    pub metrics: Metrics,
    /// Its errors on stones that it priced and whose outcome is recorded; absent if there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub live: Option<LiveAccuracy>,
    /// Whether it was trained on sales that have been undone since.
    pub saw_undone: bool,
}

impl Status {
    /// Reads the state.
    ///
    /// # Errors
    /// If the file cannot be read.
    pub fn of(store: &Store, snapshot: &Snapshot, now: Timestamp) -> Result<Self, PricingError> {
        let record = match snapshot.champion() {
            Some(champion) => store.models()?.into_iter().find(|model| model.id == champion.id),
            None => None,
        };
        let champion = match record {
            Some(record) => Some(ChampionStatus::of(record, store, now)?),
            None => None,
        };
        let sales = store.count_sales(None)?;
        let known = i64::try_from(snapshot.similar().count()).unwrap_or(i64::MAX);
        let requests = store.count_requests(now - jiff::SignedDuration::from_hours(24))?;
        let since = now - jiff::SignedDuration::from_hours(DRIFT_HOURS);
        let asked = store.priced_stones(DRIFT_STONES, Some(since))?;
        let mut status = Self {
            file: store.path().to_owned(),
            replica: store.replica()?,
            level: match snapshot.champion() {
                Some(champion) => LevelDrift::of(store, champion)?,
                None => None,
            },
            drift: if champion.is_some() { drift(snapshot.similar().sample(), &asked) } else { Vec::new() },
            champion,
            sales,
            new_sales: (sales - known).max(0),
            requests,
            file_bytes: store.size_bytes(),
            advice: Vec::new(),
        };
        status.advice = status.advise();
        Ok(status)
    }

    fn advise(&self) -> Vec<String> {
        let mut advice = Vec::new();
        if let Some(replica) = &self.replica {
            advice.push(format!(
                "Nothing here: this is a replica, and sales, trainings and promotions belong to {}.",
                replica.source
            ));
            return advice;
        }
        let Some(champion) = &self.champion else {
            advice.push(if self.sales == 0 {
                "Add sales with `diamonds ingest FILE.csv`, then train with `diamonds retrain`.".to_owned()
            } else {
                format!("Train on the {} sales with `diamonds retrain`.", count(self.sales))
            });
            return advice;
        };
        if champion.saw_undone {
            advice.push(
                "Retrain with `diamonds retrain`: the champion was trained on sales that have been undone.".to_owned(),
            );
        }
        if let Some(live) = champion.live.filter(|live| live.outcomes >= MIN_OUTCOMES) {
            if live.mape > 1.5 * champion.metrics.mape {
                advice.push(format!(
                    "Look into the outcomes with `diamonds outcomes list`: live, the champion's mean error is {}, on the \
                     sales held out {}.",
                    percent(live.mape, 1),
                    percent(champion.metrics.mape, 1)
                ));
            }
            if live.coverage.is_some_and(|coverage| coverage < 0.8) {
                advice.push(format!(
                    "Do not trust the ranges: live, they held for {} of the stones. Ingest fresh sales and retrain.",
                    percent(live.coverage.unwrap_or_default(), 0)
                ));
            }
        }
        if let Some(level) = self.level.filter(LevelDrift::is_certain) {
            advice.push(format!(
                "Retrain with `diamonds retrain`, or correct the champion with `diamonds models correct {} {:.3}`: {} stones since fetched {} \
                 against its prices ({} to {}).",
                champion.id,
                level.correction,
                level.prices,
                signed_percent(level.median),
                signed_percent(level.low),
                signed_percent(level.high)
            ));
        }
        let shifted: Vec<&str> = self
            .drift
            .iter()
            .filter(|drift| drift.verdict == DriftLevel::ShiftedMuch)
            .map(|drift| drift.feature.as_str())
            .collect();
        if !shifted.is_empty() {
            advice.push(format!(
                "Customers ask about other stones than were sold ({}): ingest sales like theirs, then retrain.",
                shifted.join(", ")
            ));
        }
        #[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^52")]
        let share = self.new_sales as f64 / (self.sales.max(1)) as f64;
        if share >= WORTH_RETRAINING {
            advice.push(format!("Retrain with `diamonds retrain`: {} sales are new.", count(self.new_sales)));
        } else if champion.age_days > OLD_DAYS {
            advice.push(format!(
                "Ingest fresh sales and retrain: the champion is {} days old, and prices move.",
                champion.age_days
            ));
        }
        if advice.is_empty() {
            advice.push("Nothing: all is well.".to_owned());
        }
        advice
    }

    /// Fewest priced stones for an advice on drift.
    #[must_use]
    pub fn min_asked() -> usize {
        MIN_ASKED
    }
}

impl ChampionStatus {
    fn of(record: ModelRecord, store: &Store, now: Timestamp) -> Result<Self, PricingError> {
        let live = store.live_accuracy()?.into_iter().find(|live| live.model == record.id);
        Ok(Self {
            id: record.id,
            family: record.family,
            trained: record.time,
            age_days: now.duration_since(record.time).as_hours() / 24,
            metrics: record.metrics,
            live,
            saw_undone: record.saw_undone,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(champion: Option<ChampionStatus>) -> Status {
        Status {
            file: PathBuf::from("diamonds.duckdb"),
            replica: None,
            champion,
            sales: 1_000,
            new_sales: 0,
            requests: RequestCounts { all: 0, last_day: 0 },
            level: None,
            drift: Vec::new(),
            file_bytes: 0,
            advice: Vec::new(),
        }
    }

    fn champion() -> ChampionStatus {
        ChampionStatus {
            id: 2,
            family: "xgboost".to_owned(),
            trained: Timestamp::UNIX_EPOCH,
            age_days: 3,
            metrics: Metrics { r2: 0.98, mae_usd: 290.0, rmse_usd: 600.0, mape: 0.07 },
            live: None,
            saw_undone: false,
        }
    }

    #[test]
    fn advice_follows_what_is_the_matter() {
        let says = |status: &Status, words: &str| {
            let advice = status.advise();
            assert!(advice.iter().any(|one| one.contains(words)), "{advice:?} without {words}");
        };
        says(&Status { sales: 0, ..status(None) }, "diamonds ingest");
        says(&status(None), "Train on the 1,000 sales");
        says(&status(Some(champion())), "all is well");
        says(&Status { new_sales: 200, ..status(Some(champion())) }, "200 sales are new");
        says(&status(Some(ChampionStatus { age_days: 100, ..champion() })), "100 days old");
        says(&status(Some(ChampionStatus { saw_undone: true, ..champion() })), "have been undone");
        let live = LiveAccuracy { model: 2, outcomes: 40, mae_usd: 900.0, mape: 0.2, coverage: Some(0.5) };
        let poor = status(Some(ChampionStatus { live: Some(live), ..champion() }));
        says(&poor, "mean error is 20.0 %");
        says(&poor, "held for 50 %");
        let few = LiveAccuracy { outcomes: 5, ..live };
        says(&status(Some(ChampionStatus { live: Some(few), ..champion() })), "all is well");
        let level =
            LevelDrift { prices: 312, median: 0.042, low: 0.031, high: 0.052, corrected_by: 0.0, correction: 0.042 };
        let rose = Status { level: Some(level), ..status(Some(champion())) };
        says(
            &rose,
            "`diamonds models correct 2 0.042`: 312 stones since fetched +4.2 % against its prices (+3.1 % to +5.2 %)",
        );
        let moved = Drift { feature: "carat".to_owned(), asked: 500, psi: Some(0.4), verdict: DriftLevel::ShiftedMuch };
        says(&Status { drift: vec![moved], ..status(Some(champion())) }, "other stones than were sold (carat)");
    }
}
