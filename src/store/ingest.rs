//! Takes a file of sales in: all of it, or nothing.

use std::fs::File;
use std::path::PathBuf;

use duckdb::{Connection, params};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::rows::micros_of;
use super::upload::{COLUMNS, Layout, Upload};
use super::{RejectionCount, Store, StoreError, WarningCount};
use crate::diamond::{CARAT_PER_CUBIC_MM, DEPTH_TOLERANCE_PERCENT, WEIGHT_TOLERANCE};

/// What became of a file.
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
    /// What looks odd about accepted rows.
    pub warnings: Vec<WarningCount>,
}

impl Store {
    /// Stores the sales of `upload` that are not known yet, its rejected rows and a batch that tells of both, in one
    /// transaction. A dry run finds out the same and stores nothing.
    ///
    /// # Errors
    /// If the file is none that can be ingested; then nothing is changed.
    pub fn ingest(&mut self, upload: &Upload, dry_run: bool) -> Result<FileReport, StoreError> {
        let layout = upload.layout()?;
        let spool = UploadSpool::new(self, upload)?;
        let ingesting = || StoreError::database("store the sales");
        let transaction = self.connection.transaction().map_err(ingesting())?;
        stage(&transaction, upload, &layout, &spool.file().display().to_string())?;
        transaction.execute_batch(include_str!("../../sql/queries/upload/check_upload.sql")).map_err(ingesting())?;
        let mut report = store_batch(&transaction, upload)?;
        if dry_run {
            report.batch = None;
            transaction.rollback().map_err(ingesting())?;
        } else {
            transaction
                .execute_batch(include_str!("../../sql/queries/upload/drop_upload.sql"))
                .and_then(|()| transaction.commit())
                .map_err(ingesting())?;
        }
        Ok(report)
    }
}

/// A copy of an upload where the engine may read, gone when it goes out of scope.
struct UploadSpool {
    folder: PathBuf,
}

impl UploadSpool {
    fn new(store: &Store, upload: &Upload) -> Result<Self, StoreError> {
        let spool = Self { folder: store.spool() };
        std::fs::create_dir_all(&spool.folder)
            .and_then(|()| File::create(spool.file()))
            .and_then(|mut file| upload.spool(&mut file))
            .map_err(|source| StoreError::Folder { path: spool.folder.clone(), source })?;
        Ok(spool)
    }

    fn file(&self) -> PathBuf {
        self.folder.join("upload")
    }
}

impl Drop for UploadSpool {
    fn drop(&mut self) {
        // what stays is overwritten by the next upload
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// Lays the file out as rows of text fields, in the temporary table `upload_field`.
fn stage(connection: &Connection, upload: &Upload, layout: &Layout, path: &str) -> Result<(), StoreError> {
    let staged = match layout {
        Layout::Csv { delimiter, header_line, field_count, places } => {
            let delimiter = delimiter.to_string();
            let mut values: Vec<&dyn duckdb::ToSql> = vec![&path, &delimiter, header_line, field_count];
            values.extend(places.iter().map(|place| place as &dyn duckdb::ToSql));
            connection.execute(include_str!("../../sql/queries/upload/stage_csv.sql"), &values[..])
        }
        Layout::JsonLines => connection.execute(include_str!("../../sql/queries/upload/stage_json.sql"), params![path]),
        Layout::Parquet => {
            connection.execute(include_str!("../../sql/queries/upload/stage_parquet.sql"), params![path])
        }
    };
    staged.map_err(|error| {
        let text = error.to_string();
        let first = text.lines().next().unwrap_or_default();
        // the engine names the first column that it misses
        match COLUMNS.iter().find(|name| first.contains(&format!("does not have a column named \"{name}\""))) {
            Some(name) => upload.missing_columns(&[name], None),
            None => upload.bad(format!("the file cannot be read ({})", first.replace(path, &upload.name))),
        }
    })?;
    let (rows, absent) = count_fields(connection)?;
    if rows == 0 {
        return Err(upload.bad("the file holds no sales, only a header: add one line a sale"));
    }
    if *layout == Layout::JsonLines && !absent.is_empty() {
        return Err(upload.missing_columns(&absent, None));
    }
    Ok(())
}

/// How many rows were laid out, and which columns none of them has.
fn count_fields(connection: &Connection) -> Result<(i64, Vec<&'static str>), StoreError> {
    connection
        .query_row(include_str!("../../sql/queries/upload/count_upload_fields.sql"), [], |row| {
            let mut absent = Vec::new();
            for (place, name) in (1..).zip(COLUMNS) {
                if row.get::<_, i64>(place)? == 0 {
                    absent.push(name);
                }
            }
            Ok((row.get(0)?, absent))
        })
        .map_err(StoreError::database("count the rows of the file"))
}

/// Stores sales, rejected rows, warnings and the batch itself from the temporary table `upload_row`.
fn store_batch(connection: &Connection, upload: &Upload) -> Result<FileReport, StoreError> {
    let storing = || StoreError::database("store the sales");
    let batch: i64 = connection
        .query_row(include_str!("../../sql/queries/batch/next_batch_id.sql"), [], |row| row.get(0))
        .map_err(storing())?;
    let count_of = |sql: &str, values: &[&dyn duckdb::ToSql]| -> Result<i64, StoreError> {
        let changed = connection.execute(sql, values).map_err(storing())?;
        Ok(i64::try_from(changed).unwrap_or(i64::MAX))
    };
    let rows: i64 = connection
        .query_row(include_str!("../../sql/queries/upload/count_upload_rows.sql"), [], |row| row.get(0))
        .map_err(storing())?;
    let accepted = count_of(include_str!("../../sql/queries/sale/accept_sales.sql"), &[&batch])?;
    let rejected = count_of(include_str!("../../sql/queries/batch/insert_rejected_rows.sql"), &[&batch])?;
    let known = rows - accepted - rejected;
    count_of(
        include_str!("../../sql/queries/batch/insert_batch_warnings.sql"),
        &[&batch, &CARAT_PER_CUBIC_MM, &WEIGHT_TOLERANCE, &DEPTH_TOLERANCE_PERCENT],
    )?;
    connection
        .execute(
            include_str!("../../sql/queries/batch/insert_batch.sql"),
            params![
                batch,
                upload.name,
                upload.content_sha256(),
                micros_of(Timestamp::now()),
                rows,
                accepted,
                known,
                rejected
            ],
        )
        .map_err(storing())?;
    let rejections = super::batches::rejection_counts(connection, batch)?;
    let warnings = super::batches::warning_counts(connection, batch)?;
    Ok(FileReport {
        file: upload.name.clone(),
        batch: Some(batch),
        rows,
        accepted,
        known,
        rejected,
        rejections,
        warnings,
    })
}
