//! Values on their way in and out of the database: times, as microseconds since 1970, UTC, and JSON.

use duckdb::Row;
use jiff::Timestamp;

use super::StoreError;

/// For a parameter inside `make_timestamp($n)`.
pub(super) fn micros_of(time: Timestamp) -> i64 {
    time.as_microsecond()
}

/// From a column `epoch_us(…)`.
pub(super) fn time_at(row: &Row<'_>, column: usize) -> duckdb::Result<Timestamp> {
    let micros: i64 = row.get(column)?;
    Ok(Timestamp::from_microsecond(micros).unwrap_or(Timestamp::UNIX_EPOCH))
}

/// Reads what the program itself stored as JSON.
pub(super) fn json_of<T: serde::de::DeserializeOwned>(text: &str, what: &str) -> Result<T, StoreError> {
    serde_json::from_str(text).map_err(|error| StoreError::Unexpected { what: format!("{what}: {error}") })
}
