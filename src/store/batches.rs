//! The history of ingested files.

use duckdb::{Connection, params};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::rows::{micros_of, time_at};
use super::{Store, StoreError};

/// One ingested file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Batch {
    /// Number of the batch, from 1.
    pub id: i64,
    /// Name of the file as given.
    pub file: String,
    /// SHA-256 of its content, in hexadecimal.
    pub sha256: String,
    /// When it was ingested.
    pub time: Timestamp,
    /// Rows of the file.
    pub rows: i64,
    /// Rows that became sales.
    pub accepted: i64,
    /// Rows equal to sales that were stored already.
    pub known: i64,
    /// Rows that could not become sales.
    pub rejected: i64,
    /// When its sales were taken back, if they were.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub undone: Option<Timestamp>,
}

/// What became of a batch that was taken back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UndoneBatch {
    /// Number of the batch.
    pub batch: i64,
    /// Sales that left.
    pub sales: i64,
    /// Models whose dataset held some of them, newest first.
    pub models: Vec<i64>,
    /// Later batches in whose files rows were known already, perhaps from this one: those rows left with it.
    pub later_batches: Vec<i64>,
}

/// One ingested file with all that is known of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BatchDetail {
    /// The batch itself.
    #[serde(flatten)]
    pub batch: Batch,
    /// What looked odd about accepted rows.
    pub warnings: Vec<WarningCount>,
    /// Why rows were rejected, counted.
    pub rejections: Vec<RejectionCount>,
    /// Every rejected row, in the file's order.
    pub rejected_rows: Vec<RejectedRow>,
}

/// A row that could not become a sale.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RejectedRow {
    /// Its line in the file, from 1.
    pub line: i64,
    /// The first column that is wrong; absent if the whole row is.
    pub column: Option<String>,
    /// What is wrong.
    pub reason: String,
    /// The row as it stood in the file.
    pub raw: String,
}

/// How many rows were rejected for one reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RejectionCount {
    /// The reason.
    pub reason: String,
    /// The number of rows.
    pub count: i64,
}

/// How many accepted rows look odd in one way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WarningCount {
    /// What looks odd.
    pub warning: String,
    /// The number of rows.
    pub count: i64,
}

impl Store {
    /// Every ingested file, newest first.
    ///
    /// # Errors
    /// If the engine fails.
    pub fn batches(&self) -> Result<Vec<Batch>, StoreError> {
        let listing = || StoreError::database("list the batches");
        let mut statement =
            self.connection.prepare(include_str!("../../sql/queries/batch/list_batches.sql")).map_err(listing())?;
        let rows = statement
            .query_map([], |row| {
                Ok(Batch {
                    id: row.get(0)?,
                    file: row.get(1)?,
                    sha256: row.get(2)?,
                    time: time_at(row, 3)?,
                    rows: row.get(4)?,
                    accepted: row.get(5)?,
                    known: row.get(6)?,
                    rejected: row.get(7)?,
                    undone: row.get::<_, Option<i64>>(8)?.and_then(|micros| Timestamp::from_microsecond(micros).ok()),
                })
            })
            .map_err(listing())?;
        rows.collect::<Result<_, _>>().map_err(listing())
    }

    /// Takes the sales of batch `id` out again. The batch stays in the history.
    ///
    /// # Errors
    /// If there is none of that number, or it was taken back before; then nothing is changed.
    pub fn undo_batch(&mut self, id: i64) -> Result<UndoneBatch, StoreError> {
        let undoing = || StoreError::database("take a batch back");
        let batch = self.batch(id)?.batch;
        if batch.undone.is_some() {
            return Err(StoreError::IsUndone { id });
        }
        let transaction = self.connection.transaction().map_err(undoing())?;
        let sales = transaction
            .execute(include_str!("../../sql/queries/sale/delete_sales_of_batch.sql"), params![id])
            .map_err(undoing())?;
        let sales = i64::try_from(sales).unwrap_or(i64::MAX);
        transaction
            .execute(
                include_str!("../../sql/queries/batch/insert_undone_batch.sql"),
                params![id, micros_of(Timestamp::now()), sales],
            )
            .map_err(undoing())?;
        let models = ids(&transaction, include_str!("../../sql/queries/batch/list_models_of_batch.sql"), id)?;
        let later_batches =
            ids(&transaction, include_str!("../../sql/queries/batch/list_later_knowing_batches.sql"), id)?;
        transaction.commit().map_err(undoing())?;
        Ok(UndoneBatch { batch: id, sales, models, later_batches })
    }

    /// One ingested file with its rejected rows.
    ///
    /// # Errors
    /// If there is none of that number.
    pub fn batch(&self, id: i64) -> Result<BatchDetail, StoreError> {
        let batch = self.batches()?.into_iter().find(|batch| batch.id == id).ok_or_else(|| StoreError::NotFound {
            what: "batch",
            id: id.to_string(),
            list: "batches list",
        })?;
        Ok(BatchDetail {
            batch,
            warnings: warning_counts(&self.connection, id)?,
            rejections: rejection_counts(&self.connection, id)?,
            rejected_rows: rejected_rows(&self.connection, id)?,
        })
    }
}

fn ids(connection: &Connection, sql: &str, batch: i64) -> Result<Vec<i64>, StoreError> {
    let listing = || StoreError::database("list what a batch has to do with");
    let mut statement = connection.prepare(sql).map_err(listing())?;
    let rows = statement.query_map(params![batch], |row| row.get(0)).map_err(listing())?;
    rows.collect::<Result<_, _>>().map_err(listing())
}

fn rejected_rows(connection: &Connection, batch: i64) -> Result<Vec<RejectedRow>, StoreError> {
    let listing = || StoreError::database("list the rejected rows");
    let mut statement =
        connection.prepare(include_str!("../../sql/queries/batch/list_rejected_rows.sql")).map_err(listing())?;
    let rows = statement
        .query_map(params![batch], |row| {
            Ok(RejectedRow { line: row.get(0)?, column: row.get(1)?, reason: row.get(2)?, raw: row.get(3)? })
        })
        .map_err(listing())?;
    rows.collect::<Result<_, _>>().map_err(listing())
}

/// Why rows of a batch were rejected, the most frequent reason first.
pub(super) fn rejection_counts(connection: &Connection, batch: i64) -> Result<Vec<RejectionCount>, StoreError> {
    let counts = counts(connection, include_str!("../../sql/queries/batch/count_rejections.sql"), batch)?;
    Ok(counts.into_iter().map(|(reason, count)| RejectionCount { reason, count }).collect())
}

/// What looks odd about the accepted rows of a batch.
pub(super) fn warning_counts(connection: &Connection, batch: i64) -> Result<Vec<WarningCount>, StoreError> {
    let counts = counts(connection, include_str!("../../sql/queries/batch/list_batch_warnings.sql"), batch)?;
    Ok(counts.into_iter().map(|(warning, count)| WarningCount { warning, count }).collect())
}

fn counts(connection: &Connection, sql: &str, batch: i64) -> Result<Vec<(String, i64)>, StoreError> {
    let counting = || StoreError::database("count the rows of a batch");
    let mut statement = connection.prepare(sql).map_err(counting())?;
    let rows = statement.query_map(params![batch], |row| Ok((row.get(0)?, row.get(1)?))).map_err(counting())?;
    rows.collect::<Result<_, _>>().map_err(counting())
}
