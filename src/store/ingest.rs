//! Ingests a file of sales: all of it, or nothing.

use std::collections::HashSet;
use std::fs::File;
use std::path::PathBuf;
use std::sync::mpsc::{SyncSender, sync_channel};

use duckdb::{Connection, params};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::audit::record_event;
use super::known_sales::{Fingerprint, KnownSales};
use super::rows::{Columns, execute, query_row, query_rows, read_stone_values, sql_time, with_stone_columns};
use super::upload::{
    COLUMN_COUNT, CheckedSale, Earlier, Layout, Prepared, RowContent, Upload, UploadRow, column_names,
    for_each_parquet_row, missing_columns,
};
use super::{RejectedRow, RejectionCount, Store, StoreError, WarningCount, remembered_readings};
use crate::diamond::{CARAT_PER_CUBIC_MM, DEPTH_TOLERANCE_PERCENT, FIELDS, WEIGHT_TOLERANCE};
use crate::files::FileIdentity;
use crate::reading::{ReadRow, ReadingReport, Scale, TEXT_COUNT, price_level};

/// Rows that are checked and stored at a time.
const GROUP_ROWS: usize = 65_536;
/// Groups that may wait to be stored.
const READ_AHEAD: usize = 2;
/// The action, in errors.
const ACTION: &str = "store the sales";
/// Rejected rows that a dry run shows.
const REJECTED_SHOWN: u32 = 20;

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
    /// After a dry run, the first rows that cannot be sales; else those of the batch are kept.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rejected_rows: Vec<RejectedRow>,
    /// Warnings about accepted rows.
    pub warnings: Vec<WarningCount>,
    /// How it was read, if it is not in the standard form.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reading: Option<ReadingReport>,
}

impl Store {
    /// Stores the sales of `upload` that are not known yet, its rejected rows and the batch, in one
    /// transaction. A dry run returns the same report and stores nothing. The rows are read by a thread of their own while
    /// others are stored, and are never all in memory.
    ///
    /// # Errors
    /// If the file cannot be ingested; then nothing is changed.
    pub fn ingest(&mut self, upload: &Upload, dry_run: bool) -> Result<FileReport, StoreError> {
        let failed = || StoreError::database(ACTION);
        self.require_other_file(upload)?;
        let recall = |header: &[String]| remembered_readings::recall(&self.connection, header);
        let earlier = Earlier { recall: &recall, price_level: self.price_level()? };
        let Prepared { layout, scale } = upload.prepare(self.work_folder(), &earlier)?;
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
        let counts = std::thread::scope(|scope| {
            let (sender, receiver) = sync_channel(READ_AHEAD);
            let layout = &layout;
            let reader = std::thread::Builder::new()
                .name("ingest-reader".to_owned())
                .spawn_scoped(scope, move || {
                    let mut rows = CheckedRows::new(sender, scale);
                    let mut sink = |row: UploadRow<'_>| rows.check(&row);
                    match &parquet {
                        Some((spool, reader)) => for_each_parquet_row(reader, upload, &spool.file, None, &mut sink)?,
                        None => upload.for_each_text_row(layout, &mut sink)?,
                    }
                    rows.send()
                })
                .map_err(|source| StoreError::Thread { source })?;
            let mut storage = RowStorage::new(&transaction, batch);
            // the reader ends when the receiver is dropped
            let stored = receiver.into_iter().try_for_each(|rows| storage.store(rows));
            let read = reader.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
            stored.and(read).and_then(|()| storage.finish())
        })?;
        if counts.rows == 0 {
            return Err(upload.bad("the file has no sales, only a header: add one line for each sale"));
        }
        let is_filled =
            |name: &str| column_names().iter().zip(counts.filled).any(|(column, filled)| filled && *column == name);
        let missing = missing_columns(is_filled);
        if matches!(layout, Layout::JsonLines) && !missing.is_empty() {
            return Err(upload.lacks_columns(&missing, None));
        }
        let reading = match &layout {
            Layout::Careful(prepared) => Some(prepared.1.report.clone()),
            _ => None,
        };
        let mut report = store_batch(&transaction, batch, upload, &counts, reading)?;
        if dry_run {
            report.batch = None;
            report.rejected_rows = super::batches::rejected_rows(&transaction, batch, Some(REJECTED_SHOWN))?;
            transaction.rollback().map_err(failed())?;
        } else {
            if let Layout::Careful(prepared) = &layout {
                remembered_readings::remember(&transaction, prepared.1.header(), &upload.options)?;
            }
            record_event(&transaction, &self.actor, "ingest", &format!("batch {batch}: {}", upload.name))?;
            transaction.commit().map_err(failed())?;
        }
        Ok(report)
    }
}

impl Store {
    /// What the sales so far say of the market; `None` if there are too few.
    fn price_level(&self) -> Result<Option<f64>, StoreError> {
        let sql = with_stone_columns(include_str!("../../sql/queries/sale/sample_sale_values.sql"));
        let sales = query_rows(&self.connection, ACTION, &sql, [], |row| {
            Ok((read_stone_values(row)?, Some(row.get("price_usd")?)))
        })?;
        Ok(price_level(&sales))
    }

    /// Refuses the database itself, by whatever name: to open and close it would take its lock away.
    fn require_other_file(&self, upload: &Upload) -> Result<(), StoreError> {
        let own = self.file.metadata().ok().and_then(|about| FileIdentity::from_metadata(&about));
        match upload.path().and_then(FileIdentity::of) {
            Some(identity) if Some(identity) == own => {
                Err(upload.bad("it is the database itself, and has no sales to add"))
            }
            _ => Ok(()),
        }
    }
}

/// Rows that are read and checked, and wait to be stored.
#[derive(Default)]
struct RowGroup {
    /// Line and sale of each row that can be one.
    sales: Vec<(i64, CheckedSale, Fingerprint)>,
    /// What the file says besides of some of them, with their lines.
    details: Vec<(i64, [Option<String>; TEXT_COUNT])>,
    rejected: Vec<RejectedLine>,
    /// For each of the [`column_names`], whether at least one row has a value.
    filled: [bool; COLUMN_COUNT],
}

/// A row that cannot be a sale.
struct RejectedLine {
    line: i64,
    column: Option<&'static str>,
    reason: String,
    raw: String,
}

/// Checks rows, and sends them on in groups.
struct CheckedRows {
    group: RowGroup,
    /// By which odd sales are told.
    scale: Option<Scale>,
    sender: SyncSender<RowGroup>,
}

impl CheckedRows {
    fn new(sender: SyncSender<RowGroup>, scale: Option<Scale>) -> Self {
        Self { group: RowGroup::default(), scale, sender }
    }

    fn check(&mut self, row: &UploadRow<'_>) -> Result<(), StoreError> {
        let group = &mut self.group;
        let checked = match &row.content {
            RowContent::Fields(fields) => {
                for (is_filled, field) in group.filled.iter_mut().zip(fields) {
                    *is_filled |= field.is_some();
                }
                match CheckedSale::read(fields) {
                    Ok(sale) => match self.scale.and_then(|scale| scale.oddity(&sale.values, Some(sale.price_usd))) {
                        Some((column, reason)) => Err((Some(column), reason)),
                        None => Ok(sale),
                    },
                    Err(defect) => Err((Some(defect.column), defect.reason)),
                }
            }
            RowContent::Values(ReadRow { problem: Some(problem), .. }) => Err((problem.column, problem.reason.clone())),
            RowContent::Values(read) => {
                if read.texts.iter().any(Option::is_some) {
                    group.details.push((row.line, read.texts.clone()));
                }
                CheckedSale::of_values(read.values, read.price_usd)
                    .map_err(|defect| (Some(defect.column), defect.reason))
            }
            RowContent::Defect(defect) => Err((None, (*defect).to_owned())),
        };
        match checked {
            Ok(sale) => group.sales.push((row.line, sale, Fingerprint::of(&sale))),
            Err((column, reason)) => {
                group.rejected.push(RejectedLine { line: row.line, column, reason, raw: (row.raw)() });
            }
        }
        if group.sales.len() + group.rejected.len() < GROUP_ROWS { Ok(()) } else { self.send() }
    }

    /// Sends the rows so far.
    fn send(&mut self) -> Result<(), StoreError> {
        self.sender.send(std::mem::take(&mut self.group)).map_err(|_| StoreError::Unexpected {
            // the receiver ends first only if it failed, and its error is the one that counts
            what: "nobody stores the rows".to_owned(),
        })
    }
}

/// The counts of a file's rows.
#[derive(Debug, Default)]
struct RowCounts {
    rows: i64,
    accepted: i64,
    rejected: i64,
    filled: [bool; COLUMN_COUNT],
}

/// Stores the rows of a file: the new sales, and the rejected rows of the batch.
struct RowStorage<'a> {
    connection: &'a Connection,
    batch: i64,
    /// The first group, until it is known whether it is the only one.
    first: Option<RowGroup>,
    /// The sales in the file, as far as they can be in the upload.
    known: Option<KnownSales>,
    counts: RowCounts,
}

impl<'a> RowStorage<'a> {
    fn new(connection: &'a Connection, batch: i64) -> Self {
        Self { connection, batch, first: None, known: None, counts: RowCounts::default() }
    }

    fn store(&mut self, group: RowGroup) -> Result<(), StoreError> {
        if let Some(known) = &mut self.known {
            return store_group(self.connection, self.batch, group, known, &mut self.counts);
        }
        let Some(first) = self.first.take() else {
            self.first = Some(group);
            return Ok(());
        };
        // a large file: looking for its sales one by one would cost more than reading all that are stored
        let sql = include_str!("../../sql/queries/sale/count_sales.sql");
        let count: i64 = query_row(self.connection, ACTION, sql, params![None::<i64>], |row| row.get("sale_count"))?;
        let sql = with_stone_columns(include_str!("../../sql/queries/sale/list_sale_values.sql"));
        self.known = Some(KnownSales::read(self.connection, &sql, usize::try_from(count).unwrap_or_default())?);
        self.store(first)?;
        self.store(group)
    }

    fn finish(mut self) -> Result<RowCounts, StoreError> {
        if let Some(only) = self.first.take() {
            // a small file: only those of the stored sales are read that are in it
            let storing = || StoreError::database(ACTION);
            self.connection
                .execute_batch(include_str!("../../sql/queries/upload/create_upload.sql"))
                .and_then(|()| sale_columns(&only.sales).append_to_temporary(self.connection, "upload_row"))
                .map_err(storing())?;
            let sql = with_stone_columns(include_str!("../../sql/queries/upload/list_known_sales.sql"));
            let mut known = KnownSales::read(self.connection, &sql, only.sales.len())?;
            self.connection
                .execute_batch(include_str!("../../sql/queries/upload/drop_upload.sql"))
                .map_err(storing())?;
            store_group(self.connection, self.batch, only, &mut known, &mut self.counts)?;
        }
        Ok(self.counts)
    }
}

/// Stores the rows of `group`, except for sales that are known.
fn store_group(
    connection: &Connection,
    batch: i64,
    mut group: RowGroup,
    known: &mut KnownSales,
    counts: &mut RowCounts,
) -> Result<(), StoreError> {
    let number = |rows: usize| i64::try_from(rows).unwrap_or(i64::MAX);
    counts.rows += number(group.sales.len() + group.rejected.len());
    group.sales.retain(|(.., fingerprint)| !known.take(*fingerprint));
    counts.accepted += number(group.sales.len());
    counts.rejected += number(group.rejected.len());
    for (is_filled, filled) in counts.filled.iter_mut().zip(group.filled) {
        *is_filled |= filled;
    }
    let store = || -> duckdb::Result<()> {
        if !group.sales.is_empty() {
            let batches = std::iter::repeat_n(Some(batch), group.sales.len());
            sale_columns(&group.sales).integers("batch_id", batches).append_to(connection, "sale")?;
        }
        if !group.details.is_empty() {
            // of the sales that go in alone; both are in the order of their lines
            let lines: HashSet<i64> = group.sales.iter().map(|(line, ..)| *line).collect();
            let all = || group.details.iter().filter(|(line, _)| lines.contains(line));
            let text = |place: usize| all().map(move |(_, texts)| texts[place].as_deref());
            Columns::default()
                .integers("batch_id", all().map(|_| Some(batch)))
                .integers("line_number", all().map(|(line, _)| Some(*line)))
                .texts("certificate", text(0))
                .texts("laboratory", text(1))
                .texts("stock_number", text(2))
                .texts("sold_on", text(3))
                .append_to(connection, "sale_detail")?;
        }
        if !group.rejected.is_empty() {
            let all = || group.rejected.iter();
            Columns::default()
                .integers("batch_id", all().map(|_| Some(batch)))
                .integers("line_number", all().map(|row| Some(row.line)))
                .texts("column_name", all().map(|row| row.column))
                .texts("reason", all().map(|row| Some(&row.reason)))
                .texts("raw_text", all().map(|row| Some(&row.raw)))
                .append_to(connection, "rejected_row")?;
        }
        Ok(())
    };
    store().map_err(StoreError::database(ACTION))
}

/// The columns of sales, except for their batch.
fn sale_columns(sales: &[(i64, CheckedSale, Fingerprint)]) -> Columns {
    let lines = Columns::default().integers("line_number", sales.iter().map(|(line, ..)| Some(*line)));
    FIELDS
        .iter()
        .enumerate()
        .fold(lines, |columns, (place, field)| {
            columns.field(field, sales.iter().map(|(_, sale, _)| sale.values[place]))
        })
        .doubles("price_usd", sales.iter().map(|(_, sale, _)| Some(sale.price_usd)))
}

/// A copy of an upload where DuckDB may read it; it is removed when this is dropped.
struct UploadSpool {
    file: PathBuf,
}

impl UploadSpool {
    fn new(store: &Store, upload: &Upload) -> Result<Self, StoreError> {
        let spool = Self { file: store.work_folder().join("upload.parquet") };
        let mut content = upload.open()?;
        File::create(&spool.file)
            .and_then(|mut file| std::io::copy(&mut content, &mut file))
            .map_err(|source| StoreError::Folder { path: store.work_folder().to_owned(), source })?;
        Ok(spool)
    }
}

impl Drop for UploadSpool {
    fn drop(&mut self) {
        // a copy that stays is overwritten by the next upload
        let _ = std::fs::remove_file(&self.file);
    }
}

/// Stores the warnings about the new sales, and the batch itself.
fn store_batch(
    connection: &Connection,
    batch: i64,
    upload: &Upload,
    counts: &RowCounts,
    reading: Option<ReadingReport>,
) -> Result<FileReport, StoreError> {
    let RowCounts { rows, accepted, rejected, .. } = *counts;
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
            upload.content_sha256()?,
            sql_time(Timestamp::now()),
            rows,
            accepted,
            known,
            rejected
        ],
    )?;
    let reading = reading.map(|reading| store_reading(connection, batch, reading)).transpose()?;
    Ok(FileReport {
        file: upload.name.clone(),
        batch: Some(batch),
        rows,
        accepted,
        known,
        rejected,
        rejections: super::batches::rejection_counts(connection, batch)?,
        rejected_rows: Vec::new(),
        warnings: super::batches::warning_counts(connection, batch)?,
        reading,
    })
}

/// Notes how a file was read, and whether its certificates contradict earlier ones.
fn store_reading(connection: &Connection, batch: i64, mut reading: ReadingReport) -> Result<ReadingReport, StoreError> {
    let sql = include_str!("../../sql/queries/batch/count_changed_certificates.sql");
    let changed: i64 = query_row(connection, ACTION, sql, params![batch], |row| row.get("certificate_count"))?;
    if changed > 0 {
        reading.notes.push(format!("certificates that were here before with another weight or grade: {changed}"));
    }
    let content =
        serde_json::to_string(&reading).map_err(|error| StoreError::Unexpected { what: error.to_string() })?;
    let sql = include_str!("../../sql/queries/batch/insert_batch_reading.sql");
    execute(connection, ACTION, sql, params![batch, content])?;
    Ok(reading)
}
