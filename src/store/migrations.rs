//! Brings a file to the layout that this program knows. Migrations are only ever added, never changed.

use std::path::Path;

use duckdb::{Connection, OptionalExt, params};

use super::StoreError;

/// Every migration: its name and its SQL. The layout's version is how many of them a file has seen.
const MIGRATIONS: &[(&str, &str)] = &[
    ("first", include_str!("../../sql/migrations/0001_first.sql")),
    ("journal file", include_str!("../../sql/migrations/0002_journal_file.sql")),
    ("rollback", include_str!("../../sql/migrations/0003_rollback.sql")),
    ("calibration", include_str!("../../sql/migrations/0004_calibration.sql")),
    ("artifact", include_str!("../../sql/migrations/0005_artifact.sql")),
    ("undone batch", include_str!("../../sql/migrations/0006_undone_batch.sql")),
    ("outcome", include_str!("../../sql/migrations/0007_outcome.sql")),
];

/// The newest layout that this program knows.
const KNOWN: i64 = MIGRATIONS.len().cast_signed() as i64;

/// Whether the file has the newest layout.
///
/// # Errors
/// If it is not ours, or too new.
pub(super) fn is_current(connection: &Connection, path: &Path) -> Result<bool, StoreError> {
    Ok(version(connection, path)? == KNOWN)
}

/// Applies what is missing, each migration and its version row in one transaction.
///
/// # Errors
/// If the file is not ours, or too new, or a step fails, which then has changed nothing.
pub(super) fn apply(connection: &mut Connection, path: &Path) -> Result<(), StoreError> {
    let found = version(connection, path)?;
    let applying = || StoreError::database("bring the file to this version's layout");
    for (number, (name, sql)) in (1_i64..).zip(MIGRATIONS).skip(usize::try_from(found).unwrap_or(0)) {
        let transaction = connection.transaction().map_err(applying())?;
        transaction
            .execute_batch(include_str!("../../sql/queries/schema/create_version_table.sql"))
            .map_err(applying())?;
        transaction.execute_batch(sql).map_err(applying())?;
        transaction
            .execute(
                include_str!("../../sql/queries/schema/insert_version.sql"),
                params![number, name, super::rows::micros_of(jiff::Timestamp::now())],
            )
            .map_err(applying())?;
        transaction.commit().map_err(applying())?;
    }
    if found < KNOWN {
        // a log of changes to the layout is what a crash replays worst: leave none behind
        connection.execute_batch("CHECKPOINT").map_err(applying())?;
    }
    Ok(())
}

/// The file's layout; 0 for an empty file.
fn version(connection: &Connection, path: &Path) -> Result<i64, StoreError> {
    let asking = || StoreError::database("ask the file for its layout");
    let (tables, ours): (i64, i64) = connection
        .query_row(include_str!("../../sql/queries/schema/count_tables.sql"), [], |row| Ok((row.get(0)?, row.get(1)?)))
        .map_err(asking())?;
    if tables == 0 {
        return Ok(0);
    }
    let not_ours = || StoreError::NotOurs { path: path.to_owned() };
    if ours != 2 {
        return Err(not_ours());
    }
    let application: Option<String> = connection
        .query_row(include_str!("../../sql/queries/schema/read_setting.sql"), ["application"], |row| row.get(0))
        .optional()
        .map_err(|_| not_ours())?;
    if application.as_deref() != Some("diamonds") {
        return Err(not_ours());
    }
    let found: i64 = connection
        .query_row(include_str!("../../sql/queries/schema/read_version.sql"), [], |row| row.get(0))
        .map_err(asking())?;
    if found > KNOWN {
        return Err(StoreError::TooNew { path: path.to_owned(), found, known: KNOWN });
    }
    Ok(found)
}
