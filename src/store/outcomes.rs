//! The prices that priced stones really fetched.

use duckdb::{Row, params};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use utoipa::ToSchema;
use uuid::Uuid;

use super::rows::{
    execute, query_optional_row, query_rows, read_stone_values, read_time, read_uuid, sql_time, with_stone_columns,
};
use super::{Store, StoreError, Upload};
use crate::diamond::{FIELDS, StoneDescription};

/// Name under which outcomes are ingested as sales.
const UPLOAD_NAME: &str = "outcomes";

/// An outcome to be recorded.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct NewOutcome {
    /// Id of the prediction.
    pub prediction: Uuid,
    /// The price at which the stone was sold, in US dollars.
    pub price_usd: f64,
}

/// The recorded price of a priced stone.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RecordedOutcome {
    /// The prediction.
    pub prediction: Uuid,
    /// When it was recorded.
    pub time: Timestamp,
    /// What the stone really fetched, in US dollars.
    pub price_usd: f64,
    /// The model that priced it.
    pub model: i64,
    /// The predicted price, in US dollars.
    pub predicted_usd: f64,
    /// Whether the price is within the predicted range; absent if there was no range.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub within_range: Option<bool>,
}

/// The errors of a model on stones whose outcome is recorded.
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
    /// Share of the outcomes within their range; absent if there were no ranges.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub coverage: Option<f64>,
}

/// The outcomes that could become sales.
#[derive(Debug, Clone)]
pub struct OutcomeSales {
    /// Those with complete measurements, as a file to ingest; `None` if there are none.
    pub upload: Option<Upload>,
    /// Their number.
    pub measured: i64,
    /// The number of those with a missing measurement.
    pub unmeasured: i64,
}

impl Store {
    /// Records `outcomes`, all or none. Returns the places, from 0, of those whose prediction does not exist; if there is one,
    /// none is recorded.
    ///
    /// # Errors
    /// If the database fails; then none is recorded.
    pub fn record_outcomes(&mut self, outcomes: &[NewOutcome]) -> Result<Vec<usize>, StoreError> {
        const ACTION: &str = "record the outcomes";
        let sql = with_stone_columns(include_str!("../../sql/queries/outcome/insert_outcome.sql"));
        let transaction = self.connection.transaction().map_err(StoreError::database(ACTION))?;
        let mut unknown = Vec::new();
        for (place, outcome) in outcomes.iter().enumerate() {
            let values = params![outcome.prediction.to_string(), sql_time(Timestamp::now()), outcome.price_usd];
            if execute(&transaction, ACTION, &sql, values)? == 0 {
                unknown.push(place);
            }
        }
        if unknown.is_empty() {
            transaction.commit().map_err(StoreError::database(ACTION))?;
        }
        Ok(unknown)
    }

    /// The latest outcome of each prediction, the most recently recorded first, `limit` at most.
    pub fn outcomes(&self, limit: u32) -> Result<Vec<RecordedOutcome>, StoreError> {
        let sql = include_str!("../../sql/queries/outcome/list_outcomes.sql");
        query_rows(&self.connection, "list the outcomes", sql, params![limit], read_outcome)
    }

    /// The stones that `model` priced and whose outcome is recorded, as they were described, with what they fetched in US dollars: the
    /// most recently recorded first, `limit` at most.
    pub fn outcomes_of_model(&self, model: i64, limit: u32) -> Result<Vec<(StoneDescription, f64)>, StoreError> {
        let sql = with_stone_columns(include_str!("../../sql/queries/outcome/list_outcomes_of_model.sql"));
        let rows = query_rows(&self.connection, "list the outcomes of a model", &sql, params![model, limit], |row| {
            Ok((StoneDescription::from_values(&read_stone_values(row)?), row.get("price_usd")?))
        })?;
        Ok(rows.into_iter().filter_map(|(stone, price_usd)| Some((stone?, price_usd))).collect())
    }

    /// The recorded price of a prediction's stone, if there is one.
    pub fn outcome(&self, prediction: Uuid) -> Result<Option<RecordedOutcome>, StoreError> {
        let sql = include_str!("../../sql/queries/outcome/read_outcome.sql");
        query_optional_row(&self.connection, "read an outcome", sql, params![prediction.to_string()], read_outcome)
    }

    /// The errors of each model on stones whose outcome is recorded, the newest model first.
    pub fn live_accuracy(&self) -> Result<Vec<LiveAccuracy>, StoreError> {
        let sql = include_str!("../../sql/queries/outcome/compare_outcomes.sql");
        query_rows(&self.connection, "compare outcomes with predictions", sql, [], |row| {
            let (with_range, within_range): (f64, f64) = (row.get("with_range")?, row.get("within_range")?);
            Ok(LiveAccuracy {
                model: row.get("model_id")?,
                outcomes: row.get("outcomes")?,
                mae_usd: row.get("mae_usd")?,
                mape: row.get("mape")?,
                coverage: (with_range > 0.0).then(|| within_range / with_range),
            })
        })
    }

    /// The outcomes as a file of sales. Stones with a measurement that was filled in are left out: models must not be trained
    /// on values that nobody measured.
    pub fn outcomes_as_sales(&self) -> Result<OutcomeSales, StoreError> {
        let lines: Vec<String> = query_rows(
            &self.connection,
            "read the outcomes",
            &with_stone_columns(include_str!("../../sql/queries/outcome/list_measured_outcomes.sql")),
            [],
            |row| {
                let stone = FIELDS.iter().zip(read_stone_values(row)?).map(|(field, value)| {
                    let value = value.map_or(Value::Null, |value| {
                        if field.is_number() { json!(value) } else { json!(field.write(value)) }
                    });
                    (field.name.to_owned(), value)
                });
                let price = ("price".to_owned(), json!(row.get::<_, f64>("price_usd")?));
                Ok(Value::Object(stone.chain([price]).collect::<Map<_, _>>()).to_string())
            },
        )?;
        let all: i64 = self.live_accuracy()?.iter().map(|one| one.outcomes).sum();
        let measured = i64::try_from(lines.len()).unwrap_or(i64::MAX);
        let upload = (!lines.is_empty()).then(|| {
            let mut upload = Upload::from_bytes(UPLOAD_NAME, lines.join("\n").into_bytes());
            // what stones have fetched is no mistake of units
            upload.options.accept_odd = true;
            upload
        });
        Ok(OutcomeSales { upload, measured, unmeasured: all - measured })
    }
}

fn read_outcome(row: &Row<'_>) -> duckdb::Result<RecordedOutcome> {
    let price_usd: f64 = row.get("price_usd")?;
    let (low, high): (Option<f64>, Option<f64>) = (row.get("low_usd")?, row.get("high_usd")?);
    Ok(RecordedOutcome {
        prediction: read_uuid(row, "prediction_id")?,
        time: read_time(row, "recorded_at")?,
        price_usd,
        model: row.get("model_id")?,
        predicted_usd: row.get("predicted_usd")?,
        within_range: low.zip(high).map(|(low, high)| (low..=high).contains(&price_usd)),
    })
}
