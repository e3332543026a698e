//! What users have said of how files are to be read, which holds for the next file with the same header.

use duckdb::{Connection, params};

use super::StoreError;
use super::rows::{execute, query_optional_row};
use crate::reading::ReadingOptions;

const ACTION: &str = "look up how such files are read";

/// The header as a key.
fn key_of(header: &[String]) -> String {
    let names = header.iter().map(|name| name.trim().to_lowercase()).filter(|name| !name.is_empty());
    names.collect::<Vec<_>>().join("\n")
}

/// Notes `options` for files with this header, unless nothing is said in them. A rate and the word to take what is odd are of one file.
///
/// # Errors
/// If the database fails.
pub(super) fn remember(connection: &Connection, header: &[String], options: &ReadingOptions) -> Result<(), StoreError> {
    let lasting = ReadingOptions { rate: None, accept_odd: false, ..options.clone() };
    if lasting == ReadingOptions::default() {
        return Ok(());
    }
    let text = serde_json::to_string(&lasting).map_err(|error| StoreError::Unexpected { what: error.to_string() })?;
    let sql = include_str!("../../sql/queries/upload/remember_reading.sql");
    execute(connection, ACTION, sql, params![key_of(header), text]).map(drop)
}

/// What was said of files with this header.
///
/// # Errors
/// If the database fails.
pub(super) fn recall(connection: &Connection, header: &[String]) -> Result<Option<ReadingOptions>, StoreError> {
    let sql = include_str!("../../sql/queries/upload/recall_reading.sql");
    let found: Option<String> =
        query_optional_row(connection, ACTION, sql, params![key_of(header)], |row| row.get("options"))?;
    // what another version has noted is not said here
    Ok(found.and_then(|text| serde_json::from_str(&text).ok()))
}
