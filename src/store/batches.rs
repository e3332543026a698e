//! The history of ingested files.

use duckdb::{Connection, params};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::audit::record_event;
use super::rows::{TimeColumn, execute, query_optional_row, query_rows, read_time, sql_time};
use super::{Store, StoreError};
use crate::reading::ReadingReport;

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
    /// When its sales were removed again, if they were.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub undone: Option<Timestamp>,
}

/// The result of undoing a batch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UndoneBatch {
    /// Number of the batch.
    pub batch: i64,
    /// Sales that were removed.
    pub sales: i64,
    /// Models that were trained on some of them, newest first.
    pub models: Vec<i64>,
    /// Later batches with rows that were known already, perhaps from this one: those rows are removed with it.
    pub later_batches: Vec<i64>,
}

/// One ingested file with its details.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BatchDetail {
    /// The batch itself.
    #[serde(flatten)]
    pub batch: Batch,
    /// Warnings about accepted rows, counted.
    pub warnings: Vec<WarningCount>,
    /// Why rows were rejected, counted.
    pub rejections: Vec<RejectionCount>,
    /// Every rejected row, in the file's order.
    pub rejected_rows: Vec<RejectedRow>,
    /// How it was read, if it is not in the standard form.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reading: Option<ReadingReport>,
}

/// A row that could not become a sale.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RejectedRow {
    /// Its line in the file, from 1.
    pub line: i64,
    /// The first column that is wrong; absent if the row as a whole is.
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

/// How many accepted rows have one kind of warning.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WarningCount {
    /// The warning.
    pub warning: String,
    /// The number of rows.
    pub count: i64,
}

impl Store {
    /// Every ingested file, newest first.
    pub fn batches(&self) -> Result<Vec<Batch>, StoreError> {
        let sql = include_str!("../../sql/queries/batch/list_batches.sql");
        query_rows(&self.connection, "list the batches", sql, [], |row| {
            Ok(Batch {
                id: row.get("id")?,
                file: row.get("file_name")?,
                sha256: row.get("content_sha256")?,
                time: read_time(row, "ingested_at")?,
                rows: row.get("row_count")?,
                accepted: row.get("accepted_count")?,
                known: row.get("known_count")?,
                rejected: row.get("rejected_count")?,
                undone: row.get::<_, Option<TimeColumn>>("undone_at")?.map(|time| time.0),
            })
        })
    }

    /// Removes the sales of batch `id`. The batch stays in the history.
    ///
    /// # Errors
    /// If there is no such batch, or it was undone before; then nothing is changed.
    pub fn undo_batch(&mut self, id: i64) -> Result<UndoneBatch, StoreError> {
        const ACTION: &str = "undo a batch";
        let batch = self.batch(id, Some(0))?.batch;
        if batch.undone.is_some() {
            return Err(StoreError::IsUndone { id });
        }
        let transaction = self.connection.transaction().map_err(StoreError::database(ACTION))?;
        let sql = include_str!("../../sql/queries/sale/delete_details_of_batch.sql");
        execute(&transaction, ACTION, sql, params![id])?;
        let sql = include_str!("../../sql/queries/sale/delete_sales_of_batch.sql");
        let sales = execute(&transaction, ACTION, sql, params![id])?;
        let sql = include_str!("../../sql/queries/batch/insert_undone_batch.sql");
        execute(&transaction, ACTION, sql, params![id, sql_time(Timestamp::now()), sales])?;
        let models = query_rows(
            &transaction,
            ACTION,
            include_str!("../../sql/queries/batch/list_models_of_batch.sql"),
            params![id],
            |row| row.get("model_id"),
        )?;
        let later_batches = query_rows(
            &transaction,
            ACTION,
            include_str!("../../sql/queries/batch/list_later_knowing_batches.sql"),
            params![id],
            |row| row.get("id"),
        )?;
        record_event(&transaction, &self.actor, "undo", &format!("batch {id}"))?;
        transaction.commit().map_err(StoreError::database(ACTION))?;
        Ok(UndoneBatch { batch: id, sales, models, later_batches })
    }

    /// One ingested file with its rejected rows: all of them, or the first `most`.
    ///
    /// # Errors
    /// If there is no such batch.
    pub fn batch(&self, id: i64, most: Option<u32>) -> Result<BatchDetail, StoreError> {
        let batch = self.batches()?.into_iter().find(|batch| batch.id == id).ok_or_else(|| StoreError::NotFound {
            what: "batch",
            id: id.to_string(),
            list: "batches list",
        })?;
        Ok(BatchDetail {
            batch,
            warnings: warning_counts(&self.connection, id)?,
            rejections: rejection_counts(&self.connection, id)?,
            rejected_rows: rejected_rows(&self.connection, id, most)?,
            reading: self.reading_of_batch(id)?,
        })
    }
}

impl Store {
    fn reading_of_batch(&self, id: i64) -> Result<Option<ReadingReport>, StoreError> {
        let sql = include_str!("../../sql/queries/batch/read_batch_reading.sql");
        let content: Option<String> =
            query_optional_row(&self.connection, "read how a file was read", sql, params![id], |row| {
                row.get("content")
            })?;
        content
            .map(|content| serde_json::from_str(&content))
            .transpose()
            .map_err(|error| StoreError::Unexpected { what: format!("how batch {id} was read: {error}") })
    }
}

/// The first rows of a batch that cannot be sales, or all of them.
pub(super) fn rejected_rows(
    connection: &Connection,
    batch: i64,
    most: Option<u32>,
) -> Result<Vec<RejectedRow>, StoreError> {
    let sql = include_str!("../../sql/queries/batch/list_rejected_rows.sql");
    query_rows(connection, "list the rejected rows", sql, params![batch, most], |row| {
        Ok(RejectedRow {
            line: row.get("line_number")?,
            column: row.get("column_name")?,
            reason: row.get("reason")?,
            raw: row.get("raw_text")?,
        })
    })
}

/// Why rows of a batch were rejected, the most frequent reason first.
pub(super) fn rejection_counts(connection: &Connection, batch: i64) -> Result<Vec<RejectionCount>, StoreError> {
    let sql = include_str!("../../sql/queries/batch/count_rejections.sql");
    query_rows(connection, "count the rejected rows", sql, params![batch], |row| {
        Ok(RejectionCount { reason: row.get("reason")?, count: row.get("row_count")? })
    })
}

/// The warnings about the accepted rows of a batch.
pub(super) fn warning_counts(connection: &Connection, batch: i64) -> Result<Vec<WarningCount>, StoreError> {
    let sql = include_str!("../../sql/queries/batch/list_batch_warnings.sql");
    query_rows(connection, "list the warnings of a batch", sql, params![batch], |row| {
        Ok(WarningCount { warning: row.get("warning")?, count: row.get("row_count")? })
    })
}
