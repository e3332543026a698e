//! What users have said of how files are to be read, which holds for the next file with the same header.

use duckdb::{Connection, params};

use super::audit::record_event;
use super::rows::{execute, query_optional_row, query_rows};
use super::{Store, StoreError};
use crate::reading::ReadingOptions;

const ACTION: &str = "look up how such files are read";

/// The header as a key.
fn key_of(header: &[String]) -> String {
    let names = header.iter().map(|name| name.trim().to_lowercase()).filter(|name| !name.is_empty());
    names.collect::<Vec<_>>().join("\n")
}

/// Notes the lasting part of `options` for files with this header, unless nothing is said in it.
///
/// # Errors
/// If the database fails.
pub(super) fn remember(connection: &Connection, header: &[String], options: &ReadingOptions) -> Result<(), StoreError> {
    let lasting = options.lasting();
    if lasting == ReadingOptions::default() {
        return Ok(());
    }
    let text = serde_json::to_string(&lasting).map_err(|error| StoreError::Unexpected { what: error.to_string() })?;
    let sql = include_str!("../../sql/queries/upload/remember_reading.sql");
    execute(connection, ACTION, sql, params![key_of(header), text]).map(drop)
}

impl Store {
    /// Notes the lasting part of `options` under `name`, instead of what was there.
    ///
    /// # Errors
    /// If the database fails; then nothing is changed.
    pub fn save_reading(&mut self, name: &str, options: &ReadingOptions) -> Result<(), StoreError> {
        let saving = || StoreError::database("save how files are read");
        let text = serde_json::to_string(&options.lasting())
            .map_err(|error| StoreError::Unexpected { what: error.to_string() })?;
        let transaction = self.connection.transaction().map_err(saving())?;
        let sql = include_str!("../../sql/queries/upload/save_reading.sql");
        execute(&transaction, "save how files are read", sql, params![name, text])?;
        record_event(&transaction, &self.actor, "save reading", name)?;
        transaction.commit().map_err(saving())
    }

    /// What was said under `name`.
    ///
    /// # Errors
    /// If nothing was, with the names that there are.
    pub fn saved_reading(&self, name: &str) -> Result<ReadingOptions, StoreError> {
        let sql = include_str!("../../sql/queries/upload/list_readings.sql");
        let saved: Vec<(String, String)> =
            query_rows(&self.connection, ACTION, sql, [], |row| Ok((row.get("name")?, row.get("options")?)))?;
        let found = saved.iter().find(|(known, _)| known == name);
        let options = found.and_then(|(_, text)| serde_json::from_str(text).ok());
        options.ok_or_else(|| StoreError::UnknownReading {
            name: name.to_owned(),
            known: saved.into_iter().map(|(known, _)| known).collect(),
        })
    }
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
