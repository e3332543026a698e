//! Rows of a Parquet file, which DuckDB reads.

use std::path::Path;

use duckdb::arrow::array::{Array, AsArray, StringArray};
use duckdb::{Connection, params};
use serde_json::{Map, Value};

use super::{COLUMN_COUNT, RowContent, RowSink, StoreError, Upload, UploadRow, column_names, missing_columns};

/// Passes each row of the Parquet file at `path`, a copy of `upload` that DuckDB may read, to `sink`: the `first` ones, or all. Names of
/// columns match whatever their case.
///
/// # Errors
/// If it is not a Parquet file, if it lacks a column, or what `sink` returns.
pub(in crate::store) fn for_each_parquet_row(
    connection: &Connection,
    upload: &Upload,
    path: &Path,
    first: Option<usize>,
    sink: &mut RowSink<'_>,
) -> Result<(), StoreError> {
    let path = path.display().to_string();
    let unreadable = |error: duckdb::Error| {
        let text = error.to_string();
        let first = text.lines().next().unwrap_or_default();
        upload.bad(format!("the file cannot be read ({})", first.replace(&path, &upload.name)))
    };
    let sql = match first {
        Some(_) => include_str!("../../../sql/queries/upload/sample_parquet.sql"),
        None => include_str!("../../../sql/queries/upload/read_parquet.sql"),
    };
    let mut statement = connection.prepare(sql).map_err(unreadable)?;
    let batches = match first {
        Some(first) => statement.stream_arrow(params![path, first]),
        None => statement.stream_arrow(params![path]),
    };
    let batches = batches.map_err(unreadable)?;
    let mut line = 0;
    for batch in batches {
        let batch = batch.map_err(unreadable)?;
        let names: Vec<String> = batch.schema().fields().iter().map(|field| field.name().clone()).collect();
        let columns: Vec<&StringArray> = batch.columns().iter().filter_map(|column| column.as_string_opt()).collect();
        let places = places_of(upload, &names)?;
        for row in 0..batch.num_rows() {
            line += 1;
            let text =
                |place: usize| columns.get(place).filter(|column| column.is_valid(row)).map(|column| column.value(row));
            let raw = || {
                let entries = names.iter().enumerate().map(|(place, name)| (name.clone(), Value::from(text(place))));
                Value::Object(entries.collect::<Map<_, _>>()).to_string()
            };
            sink(UploadRow { line, raw: &raw, content: RowContent::Fields(places.map(|place| text(place?))) })?;
        }
    }
    Ok(())
}

/// The places of [`column_names`] among `names`.
fn places_of(upload: &Upload, names: &[String]) -> Result<[Option<usize>; COLUMN_COUNT], StoreError> {
    let place_of = |wanted: &str| names.iter().position(|name| name.eq_ignore_ascii_case(wanted));
    let missing = missing_columns(|name| place_of(name).is_some());
    if !missing.is_empty() {
        return Err(upload.lacks_columns(&missing, None));
    }
    Ok(column_names().map(place_of))
}
