//! Parcels: many stones that were priced together. A parcel never changes.

use duckdb::params;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::predictions::append_predictions;
use super::rows::{Columns, JsonColumn, TextColumn, query_optional_row, query_row, query_rows, read_time, sql_time};
use super::{PredictionRecord, Store, StoreError};

/// A parcel to be kept.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NewParcel {
    /// When it was priced.
    pub time: Timestamp,
    /// What it is called.
    pub name: String,
    /// The model that answered.
    pub model: i64,
    /// The names of its own columns.
    pub header: Vec<String>,
    /// Its rows.
    pub rows: Vec<ParcelRow>,
    /// The predictions of its stones.
    pub predictions: Vec<PredictionRecord>,
}

/// A row of a parcel: a stone with its price, or why there is none.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ParcelRow {
    /// Its line in what was sent, from 1.
    pub line: i64,
    /// Its own cells.
    pub cells: Vec<String>,
    /// The prediction.
    pub prediction: Option<Uuid>,
    /// The stone in one line.
    pub stone: Option<String>,
    /// Its weight in carats.
    pub carat: Option<f64>,
    /// The price in US dollars; `None` if there is none, or none that is reliable.
    pub price_usd: Option<f64>,
    /// The range of nine in ten around it.
    pub range_usd: Option<[f64; 2]>,
    /// Warnings, each a sentence.
    pub warnings: Vec<String>,
    /// Why there is no price.
    pub problem: Option<String>,
}

/// A parcel without its rows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ParcelRecord {
    /// Its number.
    pub number: i64,
    /// When it was priced.
    pub time: Timestamp,
    /// Who priced it.
    pub made_by: String,
    /// What it is called.
    pub name: String,
    /// The model that answered.
    pub model: i64,
    /// The names of its own columns.
    pub header: Vec<String>,
    /// How many of its rows have a price.
    pub priced: i64,
    /// How many have none.
    pub left: i64,
    /// The sum of the prices in US dollars.
    pub total_usd: f64,
}

impl Store {
    /// Adds a parcel with its predictions, and returns its number.
    ///
    /// # Errors
    /// If the database fails; then nothing is stored.
    pub fn add_parcel(&mut self, parcel: &NewParcel) -> Result<i64, StoreError> {
        const ACTION: &str = "store a parcel";
        let transaction = self.connection.transaction().map_err(StoreError::database(ACTION))?;
        append_predictions(&transaction, parcel.predictions.iter()).map_err(StoreError::database(ACTION))?;
        let sql = include_str!("../../sql/queries/parcel/insert_parcel.sql");
        let header = as_json(&parcel.header);
        let values = params![sql_time(parcel.time), self.actor, parcel.name, parcel.model, header];
        let number: i64 = query_row(&transaction, ACTION, sql, values, |row| row.get("number"))?;
        let rows = || parcel.rows.iter();
        Columns::default()
            .integers("number", rows().map(|_| Some(number)))
            .integers("position", (0..).zip(rows()).map(|(place, _)| Some(place)))
            .integers("line", rows().map(|row| Some(row.line)))
            .texts("cells", rows().map(|row| Some(as_json(&row.cells))))
            .ids("prediction_id", rows().map(|row| row.prediction))
            .texts("stone", rows().map(|row| row.stone.as_deref()))
            .doubles("carat", rows().map(|row| row.carat))
            .doubles("price_usd", rows().map(|row| row.price_usd))
            .doubles("low_usd", rows().map(|row| row.range_usd.map(|range| range[0])))
            .doubles("high_usd", rows().map(|row| row.range_usd.map(|range| range[1])))
            .texts("warnings", rows().map(|row| (!row.warnings.is_empty()).then(|| as_json(&row.warnings))))
            .texts("problem", rows().map(|row| row.problem.as_deref()))
            .append_to(&transaction, "parcel_row")
            .map_err(StoreError::database(ACTION))?;
        transaction.commit().map_err(StoreError::database(ACTION))?;
        Ok(number)
    }

    /// The newest parcels, `limit` at most; only those that `made_by` priced, if it is given.
    ///
    /// # Errors
    /// If the database fails.
    pub fn parcels(&self, limit: u32, made_by: Option<&str>) -> Result<Vec<ParcelRecord>, StoreError> {
        let sql = include_str!("../../sql/queries/parcel/list_parcels.sql");
        query_rows(&self.connection, "list the parcels", sql, params![limit, made_by, None::<i64>], read_parcel)
    }

    /// The parcel of that number with its rows, if there is one.
    ///
    /// # Errors
    /// If the database fails.
    pub fn parcel(&self, number: i64) -> Result<Option<(ParcelRecord, Vec<ParcelRow>)>, StoreError> {
        let sql = include_str!("../../sql/queries/parcel/list_parcels.sql");
        let values = params![1_u32, None::<String>, number];
        let found = query_optional_row(&self.connection, "read a parcel", sql, values, read_parcel)?;
        let Some(record) = found else { return Ok(None) };
        let sql = include_str!("../../sql/queries/parcel/list_rows.sql");
        let rows = query_rows(&self.connection, "read a parcel", sql, params![number], |row| {
            let range = (row.get("low_usd")?, row.get("high_usd")?);
            Ok(ParcelRow {
                line: row.get("line")?,
                cells: row.get::<_, JsonColumn<_>>("cells")?.0,
                prediction: row.get::<_, Option<TextColumn<Uuid>>>("prediction_id")?.map(|id| id.0),
                stone: row.get("stone")?,
                carat: row.get("carat")?,
                price_usd: row.get("price_usd")?,
                range_usd: match range {
                    (Some(low), Some(high)) => Some([low, high]),
                    _ => None,
                },
                warnings: row.get::<_, Option<JsonColumn<_>>>("warnings")?.map(|json| json.0).unwrap_or_default(),
                problem: row.get("problem")?,
            })
        })?;
        Ok(Some((record, rows)))
    }
}

fn as_json(texts: &[String]) -> String {
    serde_json::to_string(texts).unwrap_or_default()
}

fn read_parcel(row: &duckdb::Row<'_>) -> duckdb::Result<ParcelRecord> {
    Ok(ParcelRecord {
        number: row.get("number")?,
        time: read_time(row, "made_at")?,
        made_by: row.get("made_by")?,
        name: row.get("name")?,
        model: row.get("model_id")?,
        header: row.get::<_, JsonColumn<_>>("header")?.0,
        priced: row.get("priced")?,
        left: row.get("without_price")?,
        total_usd: row.get("total_usd")?,
    })
}
