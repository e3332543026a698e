//! The one file: sales, models, their history and the request log, in DuckDB.
//!
//! Only this module uses the database. Models are stored as bytes with the name of their family.

mod audit;
mod backup;
mod batches;
mod compaction;
mod converting;
mod error;
mod exchange;
mod exporting;
mod ingest;
mod journal;
mod keys;
mod known_sales;
mod lock_holder;
mod memory;
mod migrations;
mod models;
mod outcomes;
mod parcels;
mod predictions;
mod price_lists;
mod pruning;
mod query;
mod quotes;
mod remembered_readings;
mod reopening;
mod replica;
mod requests;
mod restoring;
mod rollups;
mod rows;
mod sale_search;
mod sales;
mod shop;
mod time_windows;
mod traffic;
mod training_files;
mod upload;
mod work_folder;

use std::fs::File;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;

use duckdb::{AccessMode, Config, Connection};

pub use audit::{AuditEvent, COMMAND_LINE};
pub use batches::{Batch, BatchDetail, RejectedRow, RejectionCount, UndoneBatch, WarningCount};
pub use compaction::{CompactedCopy, Compaction, replace_file};
pub use converting::{csv_to_parquet, parquet_to_csv};
pub use error::{DatabaseMessage, StoreError, count_engine_errors};
pub use exchange::{ModelOrigin, SalesExport};
pub use exporting::{ExportFormat, ExportedRequests, LogPeriod, LogTable};
pub use ingest::FileReport;
pub use journal::{Journal, JournalSegment, count_journal_requests};
pub use keys::{ApiKey, LoginSession, NewApiKey};
pub use lock_holder::{LockHolder, ServerNote};
pub use memory::LargeOperation;
pub use models::{
    ComparedPromotion, DatasetSize, Lineage, ModelDetail, ModelRecord, NewModel, Promotion, PrunedModel,
    StoredArtifact, TrialRecord, WorstResidual,
};
pub use outcomes::{LiveAccuracy, NewOutcome, OutcomeSales, RecordedOutcome};
pub use parcels::{NewParcel, ParcelRecord, ParcelRow};
pub use predictions::{FirstPrediction, NewPredictions, PredictionRecord, PredictionSource};
pub use price_lists::StoredPriceList;
pub use pruning::{PrunedRequests, RequestPruning};
pub use query::{QueryLimits, Table};
pub use quotes::{NewQuote, QuoteDetails, QuoteFilter, StoredQuote};
pub use reopening::reopen_file;
pub use replica::{Replica, ReplicaCopy};
pub use requests::{JournalEntry, LIVE_PATH, LoggedRequest, NewRequest, RequestCounts, RequestFilter};
pub use restoring::Restored;
pub use sale_search::{
    ChosenGrade, FoundSales, ListedSale, SaleFilter, SaleGrid, SaleOrder, SaleOrderKey, SalesOfCell, SalesOfGrade,
};
pub use sales::{ExportedSales, SaleBlocks, SalesFile, StoredSale};
pub use shop::{Logo, Shop};
pub use traffic::{Traffic, TrafficOverTime};
pub use training_files::{NumberColumns, TrainingFiles, TrainingRows, read_probe_prices, write_probes};
pub use upload::Upload;

use memory::{MemoryBounds, Purpose};
use rows::{query_row, sql_path};
use work_folder::WorkFolder;

/// The version of DuckDB from which on a new file can be opened by other programs: the oldest that serves. Files of earlier versions of this
/// program need a newer one until they are compacted.
const STORAGE_VERSION: &str = "v1.4.0";

/// An open file, through one connection.
pub struct Store {
    connection: Connection,
    path: PathBuf,
    work_folder: Arc<WorkFolder>,
    memory: Arc<MemoryBounds>,
    /// Who changes the file through this connection.
    actor: String,
    /// The file itself, for copies. The system drops a process's lock on a file as soon as the process closes any
    /// descriptor of it, so this one stays open until every connection is closed: fields are dropped in this order.
    file: Arc<File>,
}

/// Length of the write-ahead log from which on a commit writes a checkpoint. Each checkpoint compresses the unfinished end of the log
/// of requests again: fewer are cheaper.
const LOG_LENGTH: &str = "64MB";

impl Store {
    /// Opens the file at `path` and brings it to this program's layout. Creates it and its folder if they do not exist.
    ///
    /// # Errors
    /// If another process holds it, if it is not a file of `diamonds`, or if a newer `diamonds` made it.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        Self::open_for(path, Purpose::Command)
    }

    /// As [`Store::open`], for a process that serves: DuckDB gets little memory, except for a [`LargeOperation`]. By default
    /// it keeps the log that it has written in memory, up to most of the machine's.
    ///
    /// # Errors
    /// As [`Store::open`].
    pub fn open_to_serve(path: &Path) -> Result<Self, StoreError> {
        Self::open_for(path, Purpose::Serving)
    }

    fn open_for(path: &Path, purpose: Purpose) -> Result<Self, StoreError> {
        if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            std::fs::create_dir_all(folder).map_err(|source| StoreError::Folder { path: folder.to_owned(), source })?;
        }
        refuse_foreign(path)?;
        let mut store = Self::connect(path, AccessMode::ReadWrite, purpose)?;
        WorkFolder::remove_left_over(path);
        let large = store.large_operation()?;
        migrations::apply(&mut store.connection, path)?;
        store.import_left_over()?;
        drop(large);
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
        let store = Self::connect(path, AccessMode::ReadOnly, Purpose::Command)?;
        if migrations::is_current(&store.connection, path)? && !journal::exists(path) {
            return Ok(store);
        }
        drop(store);
        drop(Self::open(path)?);
        Self::connect(path, AccessMode::ReadOnly, Purpose::Command)
    }

    /// A second connection to the same open file.
    ///
    /// # Errors
    /// If the database refuses.
    pub fn try_clone(&self) -> Result<Self, StoreError> {
        let connection = self.connection.try_clone().map_err(StoreError::database("open a second connection"))?;
        Ok(Self {
            connection,
            path: self.path.clone(),
            work_folder: self.work_folder.clone(),
            memory: self.memory.clone(),
            actor: self.actor.clone(),
            file: self.file.clone(),
        })
    }

    /// Gives the database more memory until the returned value is dropped.
    ///
    /// # Errors
    /// If the database refuses.
    pub fn large_operation(&self) -> Result<LargeOperation, StoreError> {
        LargeOperation::begin(self.try_clone()?)
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

    /// The folder for what operations cannot keep in memory: the only one that DuckDB may use. It goes with the last connection.
    pub fn work_folder(&self) -> &Path {
        self.work_folder.path()
    }

    fn connect(path: &Path, mode: AccessMode, purpose: Purpose) -> Result<Self, StoreError> {
        let memory = Arc::new(MemoryBounds::new(purpose));
        let work_folder = Arc::new(WorkFolder::create(path)?);
        Self::connect_with(path, mode, memory, work_folder)
    }

    fn connect_with(
        path: &Path,
        mode: AccessMode,
        memory: Arc<MemoryBounds>,
        work_folder: Arc<WorkFolder>,
    ) -> Result<Self, StoreError> {
        let opening = |source| explain_open_error(path, source);
        let mut config = Config::default();
        if !path.exists() {
            config = config
                .with("storage_compatibility_version", STORAGE_VERSION)
                .map_err(StoreError::database("configure the database"))?;
        }
        let config = config
            .access_mode(mode)
            .and_then(|config| config.enable_autoload_extension(false))
            .and_then(|config| config.with("autoinstall_known_extensions", "false"))
            .and_then(|config| config.with("wal_autocheckpoint", LOG_LENGTH))
            .and_then(|config| config.with("allow_community_extensions", "false"))
            .and_then(|config| config.with("memory_limit", memory.at_rest()))
            .map_err(StoreError::database("configure the database"))?;
        let connection = Connection::open_with_flags(path, config).map_err(opening)?;
        // the order matters: first the one folder, then everything else is forbidden for good, except to change the bounds on
        // memory and on the write-ahead log, which only this program does: questions of users are not allowed to set anything
        let folder = sql_path(work_folder.path());
        connection
            .execute_batch(&format!(
                "SET temp_directory = '{folder}';
                 SET allowed_directories = ['{folder}'];
                 SET allowed_configs = ['memory_limit', 'wal_autocheckpoint'];
                 SET enable_external_access = false;
                 SET lock_configuration = true;"
            ))
            .map_err(StoreError::database("shut the database off from other files"))?;
        let file = File::open(path).map_err(|source| StoreError::Folder { path: path.to_owned(), source })?;
        let actor = COMMAND_LINE.to_owned();
        Ok(Self { connection, path: path.to_owned(), work_folder, memory, actor, file: Arc::new(file) })
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
    // a pipe would wait for somebody to write, and a folder is none either
    if path.metadata().is_ok_and(|about| !about.is_file()) {
        return Err(StoreError::NotADatabase { path: path.to_owned() });
    }
    let mut start = [0_u8; 12];
    let Ok(mut file) = File::open(path) else { return Ok(()) };
    match file.read(&mut start) {
        Ok(12) if start[8..] == *MAGIC => Ok(()),
        Ok(0) | Err(_) => Ok(()),
        Ok(_) => Err(StoreError::NotADatabase { path: path.to_owned() }),
    }
}
