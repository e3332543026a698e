//! The one file: sales, models, their history and the request log, in DuckDB.
//!
//! Only this module uses the database. Models are stored as bytes with the name of their family.

mod backup;
mod batches;
mod error;
mod ingest;
mod journal;
mod lock_holder;
mod migrations;
mod models;
mod outcomes;
mod predictions;
mod query;
mod requests;
mod rows;
mod sales;
mod traffic;
mod upload;

use std::fs::File;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;

use duckdb::{AccessMode, Config, Connection};

pub use batches::{Batch, BatchDetail, RejectedRow, RejectionCount, UndoneBatch, WarningCount};
pub use error::{DatabaseMessage, StoreError};
pub use ingest::FileReport;
pub use journal::{Journal, JournalSegment, count_journal_requests};
pub use lock_holder::{LockHolder, ServerNote};
pub use models::{
    ComparedPromotion, DatasetSize, Lineage, ModelDetail, ModelRecord, NewModel, Promotion, PrunedModel, TrialRecord,
    WorstResidual,
};
pub use outcomes::{LiveAccuracy, NewOutcome, OutcomeSales, RecordedOutcome};
pub use predictions::{NewPredictions, PredictionRecord, PredictionSource};
pub use query::Table;
pub use requests::{JournalEntry, LoggedRequest, NewRequest, RequestCounts, RequestFilter};
pub use sales::{Dataset, StoredSale};
pub use traffic::{Traffic, TrafficOverTime};
pub use upload::Upload;

use crate::files::beside;
use rows::query_row;

/// The suffix of the folder for files that are to be ingested.
const SPOOL: &str = ".spool";

/// An open file, through one connection.
pub struct Store {
    connection: Connection,
    path: PathBuf,
    /// The file itself, for copies. The system drops a process's lock on a file as soon as the process closes any
    /// descriptor of it, so this one stays open until every connection is closed: fields are dropped in this order.
    file: Arc<File>,
}

impl Store {
    /// Opens the file at `path` and brings it to this program's layout. Creates it and its folder if they do not exist.
    ///
    /// # Errors
    /// If another process holds it, if it is not a file of `diamonds`, or if a newer `diamonds` made it.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        Self::open_within(path, None)
    }

    /// As [`Store::open`], for a process that runs long: DuckDB gets little memory, and writes what does not fit to the
    /// disk. By default it keeps the log that it has written in memory, up to most of the machine's.
    ///
    /// # Errors
    /// As [`Store::open`].
    pub fn open_to_stay(path: &Path) -> Result<Self, StoreError> {
        Self::open_within(path, Some("128MB"))
    }

    fn open_within(path: &Path, memory_limit: Option<&str>) -> Result<Self, StoreError> {
        if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            std::fs::create_dir_all(folder).map_err(|source| StoreError::Folder { path: folder.to_owned(), source })?;
        }
        refuse_foreign(path)?;
        let mut store = Self::connect(path, AccessMode::ReadWrite, memory_limit)?;
        migrations::apply(&mut store.connection, path)?;
        store.import_left_over()?;
        Ok(store)
    }

    /// Opens an existing file for reading only. If its layout is old or journals are left over, the file is opened for
    /// writing first, to migrate it and import them.
    ///
    /// # Errors
    /// As [`Store::open`], and if there is no file.
    pub fn open_read_only(path: &Path) -> Result<Self, StoreError> {
        if !path.exists() {
            return Err(StoreError::NoFile { path: path.to_owned() });
        }
        refuse_foreign(path)?;
        let store = Self::connect(path, AccessMode::ReadOnly, None)?;
        if migrations::is_current(&store.connection, path)? && !journal::exists(path) {
            return Ok(store);
        }
        drop(store);
        drop(Self::open(path)?);
        Self::connect(path, AccessMode::ReadOnly, None)
    }

    /// A second connection to the same open file.
    ///
    /// # Errors
    /// If the database refuses.
    pub fn try_clone(&self) -> Result<Self, StoreError> {
        let connection = self.connection.try_clone().map_err(StoreError::database("open a second connection"))?;
        Ok(Self { connection, path: self.path.clone(), file: self.file.clone() })
    }

    /// The path of the file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Size of the file in bytes; 0 if it is unknown.
    #[must_use]
    pub fn size_bytes(&self) -> u64 {
        self.file.metadata().map_or(0, |about| about.len())
    }

    /// The value of one of the file's settings.
    fn setting<T: FromStr>(&self, name: &'static str) -> Result<T, StoreError> {
        let sql = include_str!("../../sql/queries/schema/read_setting.sql");
        let value: String =
            query_row(&self.connection, "read the file's settings", sql, [name], |row| row.get("value"))?;
        value.parse().map_err(|_| StoreError::Unexpected { what: format!("the setting {name} is {value:?}") })
    }

    /// The folder for files that are to be ingested, the only one that DuckDB may read. It is beside the file and
    /// exists only while a file is ingested.
    fn spool(&self) -> PathBuf {
        beside(&self.path, SPOOL)
    }

    fn connect(path: &Path, mode: AccessMode, memory_limit: Option<&str>) -> Result<Self, StoreError> {
        let opening = |source| explain_open_error(path, source);
        let config = Config::default()
            .access_mode(mode)
            .and_then(|config| config.enable_autoload_extension(false))
            .and_then(|config| config.with("autoinstall_known_extensions", "false"))
            // each checkpoint compresses the unfinished end of the log again: fewer checkpoints are cheaper
            .and_then(|config| config.with("wal_autocheckpoint", "64MB"))
            .and_then(|config| config.with("allow_community_extensions", "false"))
            .and_then(|config| match memory_limit {
                Some(limit) => config.with("memory_limit", limit),
                None => Ok(config),
            })
            .map_err(StoreError::database("configure the database"))?;
        let connection = Connection::open_with_flags(path, config).map_err(opening)?;
        // the order matters: first the one folder, then everything else is forbidden for good
        let folder = beside(path, SPOOL).display().to_string().replace('\'', "''");
        connection
            .execute_batch(&format!(
                "SET allowed_directories = ['{folder}'];
                 SET enable_external_access = false;
                 SET lock_configuration = true;"
            ))
            .map_err(StoreError::database("shut the database off from other files"))?;
        let file = File::open(path).map_err(|source| StoreError::Folder { path: path.to_owned(), source })?;
        Ok(Self { connection, path: path.to_owned(), file: Arc::new(file) })
    }
}

/// Explains why DuckDB cannot open a file.
fn explain_open_error(path: &Path, source: duckdb::Error) -> StoreError {
    match LockHolder::named_by(&source.to_string(), path) {
        Some(holder) => StoreError::Held { path: path.to_owned(), holder },
        None => StoreError::Open { path: path.to_owned(), source: source.into() },
    }
}

/// Refuses a file that is not a database, before DuckDB reports it in its own words, and before it is locked: see
/// [`Store`].
fn refuse_foreign(path: &Path) -> Result<(), StoreError> {
    use std::io::Read;

    /// The four bytes at offset 8 of every DuckDB file.
    const MAGIC: &[u8; 4] = b"DUCK";
    let mut start = [0_u8; 12];
    let Ok(mut file) = File::open(path) else { return Ok(()) };
    match file.read(&mut start) {
        Ok(12) if start[8..] == *MAGIC => Ok(()),
        Ok(0) | Err(_) => Ok(()),
        Ok(_) => Err(StoreError::NotADatabase { path: path.to_owned() }),
    }
}
