//! Ingests a file of sales: all of it, or nothing.

use std::fs::File;
use std::io::Write;
use std::path::PathBuf;

use duckdb::{Connection, params};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::rows::{Columns, execute, query_row, sql_time, with_stone_columns};
use super::upload::{
    COLUMN_COUNT, CheckedSale, Layout, Upload, UploadRow, column_names, for_each_parquet_row, missing_columns,
};
use super::{RejectionCount, Store, StoreError, WarningCount};
use crate::diamond::{CARAT_PER_CUBIC_MM, DEPTH_TOLERANCE_PERCENT, FIELDS, WEIGHT_TOLERANCE};

/// Sales that are appended at a time.
const APPENDED_AT_A_TIME: usize = 8_192;
/// The action, in errors.
const ACTION: &str = "store the sales";

/// The result of ingesting a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileReport {
    /// Name of the file as given.
    pub file: String,
    /// Id of the batch; absent after a dry run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub batch: Option<i64>,
    /// Rows of the file.
    pub rows: i64,
    /// Rows that became sales.
    pub accepted: i64,
    /// Rows equal to sales that were stored already.
    pub known: i64,
    /// Rows that cannot be sales.
    pub rejected: i64,
    /// Why rows were rejected, the most frequent reason first.
    pub rejections: Vec<RejectionCount>,
    /// Warnings about accepted rows.
    pub warnings: Vec<WarningCount>,
}

impl Store {
    /// Stores the sales of `upload` that are not known yet, its rejected rows and the batch, in one
    /// transaction. A dry run returns the same report and stores nothing.
    ///
    /// # Errors
    /// If the file cannot be ingested; then nothing is changed.
    pub fn ingest(&mut self, upload: &Upload, dry_run: bool) -> Result<FileReport, StoreError> {
        let failed = || StoreError::database(ACTION);
        let layout = upload.layout()?;
        // rows of a Parquet file are read through a second connection, while they are stored through this one
        let parquet = match layout {
            Layout::Parquet => Some((UploadSpool::new(self, upload)?, self.connection.try_clone().map_err(failed())?)),
            _ => None,
        };
        let transaction = self.connection.transaction().map_err(failed())?;
        let batch: i64 =
            query_row(&transaction, ACTION, include_str!("../../sql/queries/batch/next_batch_id.sql"), [], |row| {
                row.get("id")
            })?;
        let counts = {
            let mut rows = RowStorage::new(&transaction, batch)?;
            let mut sink = |row: UploadRow<'_>| rows.store(&row);
            match &parquet {
                Some((spool, reader)) => for_each_parquet_row(reader, upload, &spool.file(), &mut sink)?,
                None => upload.for_each_text_row(&layout, &mut sink)?,
            }
            rows.finish()?
        };
        if counts.rows == 0 {
            return Err(upload.bad("the file has no sales, only a header: add one line for each sale"));
        }
        let is_filled =
            |name: &str| column_names().iter().zip(counts.filled).any(|(column, filled)| filled && *column == name);
        let missing = missing_columns(is_filled);
        if layout == Layout::JsonLines && !missing.is_empty() {
            return Err(upload.lacks_columns(&missing, None));
        }
        let mut report = store_batch(&transaction, batch, upload, &counts)?;
        if dry_run {
            report.batch = None;
            transaction.rollback().map_err(failed())?;
        } else {
            transaction
                .execute_batch(include_str!("../../sql/queries/upload/drop_upload.sql"))
                .and_then(|()| transaction.commit())
                .map_err(failed())?;
        }
        Ok(report)
    }
}

/// The counts of a file's rows.
#[derive(Debug, Default)]
struct RowCounts {
    rows: i64,
    rejected: i64,
    /// For each of the [`column_names`], whether at least one row has a value.
    filled: [bool; COLUMN_COUNT],
}

/// Stores the rows of a file: those that can be sales in the temporary table `upload_row`, the others in
/// the rejected rows of the batch.
struct RowStorage<'a> {
    connection: &'a Connection,
    batch: i64,
    /// Lines and sales that are not appended yet.
    sales: Vec<(i64, CheckedSale)>,
    rejected_rows: duckdb::Appender<'a>,
    counts: RowCounts,
}

impl<'a> RowStorage<'a> {
    fn new(connection: &'a Connection, batch: i64) -> Result<Self, StoreError> {
        let open = || -> duckdb::Result<Self> {
            connection.execute_batch(include_str!("../../sql/queries/upload/create_upload.sql"))?;
            Ok(Self {
                connection,
                batch,
                sales: Vec::with_capacity(APPENDED_AT_A_TIME),
                rejected_rows: connection.appender_with_columns(
                    "rejected_row",
                    &["batch_id", "line_number", "column_name", "reason", "raw_text"],
                )?,
                counts: RowCounts::default(),
            })
        };
        open().map_err(StoreError::database(ACTION))
    }

    fn store(&mut self, row: &UploadRow<'_>) -> Result<(), StoreError> {
        self.counts.rows += 1;
        let checked = match &row.fields {
            Ok(fields) => {
                for (is_filled, field) in self.counts.filled.iter_mut().zip(fields) {
                    *is_filled |= field.is_some();
                }
                CheckedSale::read(fields).map_err(|defect| (Some(defect.column), defect.reason))
            }
            Err(defect) => Err((None, (*defect).to_owned())),
        };
        let stored = match checked {
            Ok(sale) => {
                self.sales.push((row.line, sale));
                if self.sales.len() < APPENDED_AT_A_TIME { Ok(()) } else { self.append_sales() }
            }
            Err((column, reason)) => {
                self.counts.rejected += 1;
                self.rejected_rows.append_row(params![self.batch, row.line, column, reason, (row.raw)()])
            }
        };
        stored.map_err(StoreError::database(ACTION))
    }

    fn append_sales(&mut self) -> duckdb::Result<()> {
        let sales = std::mem::replace(&mut self.sales, Vec::with_capacity(APPENDED_AT_A_TIME));
        let lines = Columns::default().integers("line_number", sales.iter().map(|(line, _)| Some(*line)));
        FIELDS
            .iter()
            .enumerate()
            .fold(lines, |columns, (place, field)| {
                columns.field(field, sales.iter().map(|(_, sale)| sale.values[place]))
            })
            .doubles("price_usd", sales.iter().map(|(_, sale)| Some(sale.price_usd)))
            .append_to_temporary(self.connection, "upload_row")
    }

    fn finish(mut self) -> Result<RowCounts, StoreError> {
        self.append_sales().and_then(|()| self.rejected_rows.flush()).map_err(StoreError::database(ACTION))?;
        Ok(self.counts)
    }
}

/// A copy of an upload where DuckDB may read it; it is removed when this is dropped.
struct UploadSpool {
    folder: PathBuf,
}

impl UploadSpool {
    fn new(store: &Store, upload: &Upload) -> Result<Self, StoreError> {
        let spool = Self { folder: store.spool() };
        std::fs::create_dir_all(&spool.folder)
            .and_then(|()| File::create(spool.file()))
            .and_then(|mut file| file.write_all(&upload.bytes))
            .map_err(|source| StoreError::Folder { path: spool.folder.clone(), source })?;
        Ok(spool)
    }

    fn file(&self) -> PathBuf {
        self.folder.join("upload")
    }
}

impl Drop for UploadSpool {
    fn drop(&mut self) {
        // a copy that stays is overwritten by the next upload
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// Stores the new sales of the temporary table `upload_row`, their warnings, and the batch itself.
fn store_batch(
    connection: &Connection,
    batch: i64,
    upload: &Upload,
    counts: &RowCounts,
) -> Result<FileReport, StoreError> {
    let sql = with_stone_columns(include_str!("../../sql/queries/sale/accept_sales.sql"));
    let accepted = execute(connection, ACTION, &sql, params![batch])?;
    let RowCounts { rows, rejected, .. } = *counts;
    let known = rows - accepted - rejected;
    execute(
        connection,
        ACTION,
        include_str!("../../sql/queries/batch/insert_batch_warnings.sql"),
        params![batch, CARAT_PER_CUBIC_MM, WEIGHT_TOLERANCE, DEPTH_TOLERANCE_PERCENT],
    )?;
    execute(
        connection,
        ACTION,
        include_str!("../../sql/queries/batch/insert_batch.sql"),
        params![
            batch,
            upload.name,
            upload.content_sha256(),
            sql_time(Timestamp::now()),
            rows,
            accepted,
            known,
            rejected
        ],
    )?;
    Ok(FileReport {
        file: upload.name.clone(),
        batch: Some(batch),
        rows,
        accepted,
        known,
        rejected,
        rejections: super::batches::rejection_counts(connection, batch)?,
        warnings: super::batches::warning_counts(connection, batch)?,
    })
}
