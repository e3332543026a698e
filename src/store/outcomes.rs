//! What priced stones really fetched.

use duckdb::{OptionalExt, Row, params};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;
use uuid::Uuid;

use super::rows::{micros_of, time_at};
use super::{Store, StoreError, Upload};
use crate::diamond::{Grade, StoneDescription};
use crate::learning::evaluation::PriceRange;

/// Name under which outcomes are ingested as sales.
const UPLOAD_NAME: &str = "outcomes";

/// What a priced stone fetched, to be recorded.
#[derive(Debug, Clone, PartialEq)]
pub struct NewOutcome {
    /// The prediction.
    pub prediction: Uuid,
    /// What the stone really fetched, in US dollars.
    pub price_usd: f64,
    /// The model that had priced it.
    pub model: i64,
    /// What that had said, in US dollars.
    pub predicted_usd: f64,
    /// The range that it had given.
    pub range_usd: Option<PriceRange>,
    /// The stone, as far as it was described.
    pub given: StoneDescription,
}

/// What a priced stone fetched.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RecordedOutcome {
    /// The prediction.
    pub prediction: Uuid,
    /// When it was told.
    pub time: Timestamp,
    /// What the stone really fetched, in US dollars.
    pub price_usd: f64,
    /// The model that had priced it.
    pub model: i64,
    /// What that had said, in US dollars.
    pub predicted_usd: f64,
    /// Whether it fetched a price within the range that was given; absent if none was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub within_range: Option<bool>,
}

/// How far a model was off on stones whose outcome is known.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct LiveAccuracy {
    /// The model.
    pub model: i64,
    /// How many stones.
    pub outcomes: i64,
    /// Mean absolute error in US dollars.
    pub mae_usd: f64,
    /// Mean absolute error as a share of the price.
    pub mape: f64,
    /// Share of the ranges that held; absent if none was given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub coverage: Option<f64>,
}

/// What there is of outcomes that could be sales.
#[derive(Debug, Clone)]
pub struct OutcomeSales {
    /// Those of which every measurement was given, as a file to ingest; `None` if there is none.
    pub upload: Option<Upload>,
    /// How many they are.
    pub measured: i64,
    /// How many more there are of which a measurement is missing.
    pub unmeasured: i64,
}

impl Store {
    /// Records `outcomes`, all or none.
    ///
    /// # Errors
    /// If the engine fails; then none is recorded.
    pub fn record_outcomes(&mut self, outcomes: &[NewOutcome]) -> Result<(), StoreError> {
        let recording = || StoreError::database("record the outcomes");
        let transaction = self.connection.transaction().map_err(recording())?;
        let mut insert =
            transaction.prepare(include_str!("../../sql/queries/outcome/insert_outcome.sql")).map_err(recording())?;
        for outcome in outcomes {
            let stone = &outcome.given;
            insert
                .execute(params![
                    outcome.prediction.to_string(),
                    micros_of(Timestamp::now()),
                    outcome.price_usd,
                    outcome.model,
                    outcome.predicted_usd,
                    outcome.range_usd.map(|range| range.low),
                    outcome.range_usd.map(|range| range.high),
                    stone.carat,
                    stone.cut.name(),
                    stone.color.name(),
                    stone.clarity.name(),
                    stone.depth,
                    stone.table,
                    stone.x,
                    stone.y,
                    stone.z,
                ])
                .map_err(recording())?;
        }
        drop(insert);
        transaction.commit().map_err(recording())
    }

    /// The last outcome of each prediction, the last told first, `limit` at most.
    ///
    /// # Errors
    /// If the engine fails.
    pub fn outcomes(&self, limit: u32) -> Result<Vec<RecordedOutcome>, StoreError> {
        let listing = || StoreError::database("list the outcomes");
        let mut statement =
            self.connection.prepare(include_str!("../../sql/queries/outcome/list_outcomes.sql")).map_err(listing())?;
        let rows = statement.query_map(params![limit], read_outcome).map_err(listing())?;
        rows.collect::<Result<_, _>>().map_err(listing())
    }

    /// What the stone of a prediction fetched, if somebody told.
    ///
    /// # Errors
    /// If the engine fails.
    pub fn outcome(&self, prediction: Uuid) -> Result<Option<RecordedOutcome>, StoreError> {
        self.connection
            .query_row(
                include_str!("../../sql/queries/outcome/read_outcome.sql"),
                params![prediction.to_string()],
                read_outcome,
            )
            .optional()
            .map_err(StoreError::database("read an outcome"))
    }

    /// How far each model was off on stones whose outcome is known, the newest model first.
    ///
    /// # Errors
    /// If the engine fails.
    pub fn live_accuracy(&self) -> Result<Vec<LiveAccuracy>, StoreError> {
        let judging = || StoreError::database("judge the outcomes");
        let mut statement =
            self.connection.prepare(include_str!("../../sql/queries/outcome/judge_outcomes.sql")).map_err(judging())?;
        let rows = statement
            .query_map([], |row| {
                let (with_range, within_range): (f64, f64) = (row.get(4)?, row.get(5)?);
                Ok(LiveAccuracy {
                    model: row.get(0)?,
                    outcomes: row.get(1)?,
                    mae_usd: row.get(2)?,
                    mape: row.get(3)?,
                    coverage: (with_range > 0.0).then(|| within_range / with_range),
                })
            })
            .map_err(judging())?;
        rows.collect::<Result<_, _>>().map_err(judging())
    }

    /// The outcomes as a file of sales. Of stones of which a measurement had to be assumed, none are: nobody should learn from
    /// what nobody measured.
    ///
    /// # Errors
    /// If the engine fails.
    pub fn outcomes_as_sales(&self) -> Result<OutcomeSales, StoreError> {
        let reading = || StoreError::database("read the outcomes");
        let mut statement = self
            .connection
            .prepare(include_str!("../../sql/queries/outcome/list_measured_outcomes.sql"))
            .map_err(reading())?;
        let rows = statement
            .query_map([], |row| {
                let number = |column: usize| row.get::<_, f64>(column);
                let text = |column: usize| row.get::<_, String>(column);
                Ok(json!({
                    "carat": number(0)?, "cut": text(1)?, "color": text(2)?, "clarity": text(3)?, "depth": number(4)?,
                    "table": number(5)?, "x": number(6)?, "y": number(7)?, "z": number(8)?, "price": number(9)?
                }))
            })
            .map_err(reading())?;
        let lines: Vec<String> =
            rows.map(|row| row.map(|line| line.to_string())).collect::<Result<_, _>>().map_err(reading())?;
        let all: i64 = self.live_accuracy()?.iter().map(|one| one.outcomes).sum();
        let measured = i64::try_from(lines.len()).unwrap_or(i64::MAX);
        let upload = (!lines.is_empty()).then(|| Upload::from_bytes(UPLOAD_NAME, lines.join("\n").into_bytes()));
        Ok(OutcomeSales { upload, measured, unmeasured: all - measured })
    }
}

fn read_outcome(row: &Row<'_>) -> duckdb::Result<RecordedOutcome> {
    let id: String = row.get(0)?;
    let price_usd: f64 = row.get(2)?;
    let (low, high): (Option<f64>, Option<f64>) = (row.get(5)?, row.get(6)?);
    Ok(RecordedOutcome {
        prediction: id.parse().unwrap_or(Uuid::nil()),
        time: time_at(row, 1)?,
        price_usd,
        model: row.get(3)?,
        predicted_usd: row.get(4)?,
        within_range: low.zip(high).map(|(low, high)| (low..=high).contains(&price_usd)),
    })
}
