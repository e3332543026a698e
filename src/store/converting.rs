//! Tables of people from Parquet to CSV and back, without a file of sales.

use std::path::Path;

use duckdb::{Config, Connection};

use super::StoreError;
use super::rows::{query_rows, sql_path};
use crate::files::folder_of;

/// Memory of a connection aside.
const MEMORY: &str = "200MB";

/// A connection without a database, for files beside it; what does not fit in its memory goes to `folder`.
///
/// # Errors
/// If DuckDB cannot start.
pub(super) fn open_aside(folder: &Path) -> Result<Connection, StoreError> {
    Config::default()
        .with("memory_limit", MEMORY)
        .and_then(|config| config.with("temp_directory", folder.display().to_string()))
        .and_then(Connection::open_in_memory_with_flags)
        .map_err(StoreError::database("read a file aside"))
}

/// The names of the columns of the Parquet file at `path`.
///
/// # Errors
/// If it cannot be read.
pub(super) fn parquet_columns(aside: &Connection, path: &Path) -> Result<Vec<String>, StoreError> {
    let action = "read a Parquet file";
    let sql = include_str!("../../sql/queries/upload/list_parquet_columns.sql");
    query_rows(aside, action, sql, [path.display().to_string()], |row| row.get("column_name"))
}

/// Writes the Parquet file at `from` as CSV to `to`.
///
/// # Errors
/// If it cannot be read, or there is no space.
pub fn parquet_to_csv(from: &Path, to: &Path) -> Result<(), StoreError> {
    convert("read a Parquet file", include_str!("../../sql/queries/upload/parquet_to_csv.sql"), from, to)
}

/// Writes the CSV file at `from` as Parquet to `to`; what each column is, is found from its values.
///
/// # Errors
/// If it cannot be read, or there is no space.
pub fn csv_to_parquet(from: &Path, to: &Path) -> Result<(), StoreError> {
    convert("write a Parquet file", include_str!("../../sql/queries/upload/csv_to_parquet.sql"), from, to)
}

fn convert(action: &'static str, sql: &str, from: &Path, to: &Path) -> Result<(), StoreError> {
    let sql = sql.replace("{from}", &sql_path(from)).replace("{to}", &sql_path(to));
    open_aside(folder_of(to))?.execute_batch(&sql).map_err(StoreError::database(action))
}
