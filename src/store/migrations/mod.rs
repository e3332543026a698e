//! Brings a file to the layout of this program. Migrations are only added, never changed.

mod predictions_from_log;

use std::path::Path;

use duckdb::{Connection, params};

pub(super) use predictions_from_log::predictions_of;

use super::rows::{query_optional_row, query_row, sql_time};
use super::{LOG_LENGTH, StoreError};

/// Changes rows as part of a migration.
type Fill = fn(&Connection) -> Result<(), StoreError>;

/// A step from one layout to the next.
struct Migration {
    /// Its name in the table `schema_version`.
    name: &'static str,
    sql: &'static str,
    /// Runs after the SQL in the same transaction, if SQL alone is not enough.
    fill: Option<Fill>,
}

impl Migration {
    const fn new(name: &'static str, sql: &'static str) -> Self {
        Self { name, sql, fill: None }
    }
}

/// Every migration. The version of a layout is the number of migrations applied.
const MIGRATIONS: &[Migration] = &[
    Migration::new("first", include_str!("../../../sql/migrations/0001_first.sql")),
    Migration::new("journal file", include_str!("../../../sql/migrations/0002_journal_file.sql")),
    Migration::new("rollback", include_str!("../../../sql/migrations/0003_rollback.sql")),
    Migration::new("calibration", include_str!("../../../sql/migrations/0004_calibration.sql")),
    Migration::new("artifact", include_str!("../../../sql/migrations/0005_artifact.sql")),
    Migration::new("undone batch", include_str!("../../../sql/migrations/0006_undone_batch.sql")),
    Migration::new("outcome", include_str!("../../../sql/migrations/0007_outcome.sql")),
    Migration {
        name: "prediction",
        sql: include_str!("../../../sql/migrations/0008_prediction.sql"),
        fill: Some(predictions_from_log::fill),
    },
    Migration::new("compressed artifact", include_str!("../../../sql/migrations/0009_compressed_artifact.sql")),
    Migration::new("journal piece", include_str!("../../../sql/migrations/0010_journal_piece.sql")),
    Migration::new("dataset summary", include_str!("../../../sql/migrations/0011_dataset_summary.sql")),
    Migration::new("request rollup", include_str!("../../../sql/migrations/0012_request_rollup.sql")),
    Migration::new("api key", include_str!("../../../sql/migrations/0013_api_key.sql")),
    Migration::new("sale detail", include_str!("../../../sql/migrations/0014_sale_detail.sql")),
    Migration::new("remembered reading", include_str!("../../../sql/migrations/0015_remembered_reading.sql")),
    Migration::new("named reading", include_str!("../../../sql/migrations/0016_named_reading.sql")),
    Migration::new("promises", include_str!("../../../sql/migrations/0017_promises.sql")),
    Migration::new("sales period", include_str!("../../../sql/migrations/0018_sales_period.sql")),
    Migration::new("quote", include_str!("../../../sql/migrations/0019_quote.sql")),
    Migration::new("parcel", include_str!("../../../sql/migrations/0020_parcel.sql")),
    Migration::new("exchange", include_str!("../../../sql/migrations/0021_exchange.sql")),
    Migration::new("replica", include_str!("../../../sql/migrations/0022_replica.sql")),
    Migration::new("kept price list", include_str!("../../../sql/migrations/0023_kept_price_list.sql")),
];

/// The newest layout that this program knows.
const KNOWN: i64 = MIGRATIONS.len().cast_signed() as i64;

/// Whether the file has the newest layout.
///
/// # Errors
/// If it is not a file of this program, or too new.
pub(super) fn is_current(connection: &Connection, path: &Path) -> Result<bool, StoreError> {
    Ok(version(connection, path)? == KNOWN)
}

/// Applies the missing migrations, each with its version row in one transaction.
///
/// # Errors
/// If the file is not one of this program, or too new, or a migration fails; a failed migration changes nothing.
pub(super) fn apply(connection: &mut Connection, path: &Path) -> Result<(), StoreError> {
    let found = version(connection, path)?;
    let applying = || StoreError::database("bring the file to this version's layout");
    if found < KNOWN {
        // a commit then writes a checkpoint instead of the write-ahead log, which cannot be replayed if it changes a table whose checks
        // use functions: a file whose process is killed in between could not be opened again
        connection.execute_batch(&checkpoint_from("0 bytes")).map_err(applying())?;
    }
    for (number, migration) in (1_i64..).zip(MIGRATIONS).skip(usize::try_from(found).unwrap_or(0)) {
        let transaction = connection.transaction().map_err(applying())?;
        transaction
            .execute_batch(include_str!("../../../sql/queries/schema/create_version_table.sql"))
            .map_err(applying())?;
        transaction.execute_batch(migration.sql).map_err(applying())?;
        if let Some(fill) = migration.fill {
            fill(&transaction)?;
        }
        transaction
            .execute(
                include_str!("../../../sql/queries/schema/insert_version.sql"),
                params![number, migration.name, sql_time(jiff::Timestamp::now())],
            )
            .map_err(applying())?;
        transaction.commit().map_err(applying())?;
    }
    if found < KNOWN {
        // the write-ahead log of a changed layout is the least certain to be replayed after a crash: leave none behind
        connection.execute_batch("CHECKPOINT").map_err(applying())?;
        connection.execute_batch(&checkpoint_from(LOG_LENGTH)).map_err(applying())?;
    }
    Ok(())
}

/// The statement after which commits write a checkpoint from this length of the write-ahead log on.
fn checkpoint_from(threshold: &str) -> String {
    include_str!("../../../sql/queries/schema/set_checkpoint_threshold.sql").replace("{threshold}", threshold)
}

/// The version of the file's layout; 0 for an empty file.
fn version(connection: &Connection, path: &Path) -> Result<i64, StoreError> {
    const ACTION: &str = "read the layout of the file";
    let sql = include_str!("../../../sql/queries/schema/count_tables.sql");
    let (tables, ours): (i64, i64) =
        query_row(connection, ACTION, sql, [], |row| Ok((row.get("all_tables")?, row.get("our_tables")?)))?;
    if tables == 0 {
        return Ok(0);
    }
    let not_ours = || StoreError::NotOurs { path: path.to_owned() };
    if ours != 2 {
        return Err(not_ours());
    }
    let sql = include_str!("../../../sql/queries/schema/read_setting.sql");
    let application: Option<String> =
        query_optional_row(connection, ACTION, sql, ["application"], |row| row.get("value"))
            .map_err(|error| if error.is_damage() { error } else { not_ours() })?;
    if application.as_deref() != Some("diamonds") {
        return Err(not_ours());
    }
    let sql = include_str!("../../../sql/queries/schema/read_version.sql");
    let found: i64 = query_row(connection, ACTION, sql, [], |row| row.get("version"))?;
    if found > KNOWN {
        return Err(StoreError::TooNew { path: path.to_owned(), found, known: KNOWN });
    }
    Ok(found)
}
