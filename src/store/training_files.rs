//! Parquet files for trainings in other programs, and what those say of the probes: beside the database, without opening it.

use std::path::{Path, PathBuf};

use duckdb::Connection;

use super::StoreError;
use super::converting::open_aside;
use super::rows::{Columns, query_rows, sql_path};
use crate::files::folder_of;

/// A table of numbers in single precision, column by column.
#[derive(Debug, Clone, PartialEq)]
pub struct NumberColumns {
    /// The names of the columns.
    pub names: Vec<String>,
    /// The values of each column, all of the same length.
    pub values: Vec<Vec<f32>>,
}

/// Rows for a training elsewhere: for each row its place in each of these columns.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct TrainingRows {
    /// The batch that brought the sale.
    pub batch: Vec<i64>,
    /// Its line in the batch's file.
    pub line: Vec<i64>,
    /// Which copy of the sale it is.
    pub copy: Vec<i64>,
    /// One of ten parts, for whoever wants to validate: all copies of a sale are in the same.
    pub fold: Vec<i64>,
    /// The bucket, which is the folder of its file.
    pub bucket: Vec<i64>,
    /// What the trees see, column by column.
    pub columns: Vec<Vec<f32>>,
    /// The logarithm of the price.
    pub log_price: Vec<f32>,
}

/// Writes files without a database.
pub struct TrainingFiles {
    connection: Connection,
    /// The names of what the trees see.
    names: Vec<String>,
}

const WRITING: &str = "write the files of an export";

impl TrainingFiles {
    /// Files whose rows have these columns for the trees; what does not fit in memory goes to `work`.
    ///
    /// # Errors
    /// If DuckDB cannot start.
    pub fn new(names: Vec<String>, work: &Path) -> Result<Self, StoreError> {
        Ok(Self { connection: open_aside(work)?, names })
    }

    /// Writes the rows of each bucket into a file, whose path `path_of` gives. Returns how many rows each file has; a bucket without
    /// rows has none.
    ///
    /// # Errors
    /// If a file cannot be written.
    pub fn write_rows(
        &self,
        rows: TrainingRows,
        buckets: i64,
        path_of: &dyn Fn(i64) -> PathBuf,
    ) -> Result<Vec<(PathBuf, i64)>, StoreError> {
        let writing = || StoreError::database(WRITING);
        let mut counts = vec![0_i64; usize::try_from(buckets).unwrap_or_default()];
        for bucket in rows.bucket.iter().filter_map(|bucket| usize::try_from(*bucket).ok()) {
            counts[bucket] += 1;
        }
        let sql = include_str!("../../sql/queries/exchange/create_training_rows.sql");
        self.connection.execute_batch(&sql.replace("{columns}", &float_columns(&self.names))).map_err(writing())?;
        let some = |values: Vec<i64>| values.into_iter().map(Some);
        let mut columns = Columns::default()
            .integers("batch", some(rows.batch))
            .integers("line", some(rows.line))
            .integers("copy", some(rows.copy))
            .integers("fold", some(rows.fold))
            .integers("bucket", some(rows.bucket));
        for (name, values) in self.names.iter().zip(rows.columns) {
            columns = columns.singles(name, values);
        }
        let columns = columns.singles("log_price", rows.log_price);
        columns.append_to_temporary(&self.connection, "training_row").map_err(writing())?;
        let sql = include_str!("../../sql/queries/exchange/write_training_rows.sql");
        let mut written = Vec::new();
        for (bucket, count) in (0..).zip(counts) {
            if count == 0 {
                continue;
            }
            let path = path_of(bucket);
            let sql = sql.replace("{path}", &sql_path(&path)).replace("{bucket}", &bucket.to_string());
            self.connection.execute_batch(&sql).map_err(writing())?;
            written.push((path, count));
        }
        Ok(written)
    }
}

/// Writes `probes`, each with its number, into the Parquet file at `path`.
///
/// # Errors
/// If it cannot be written.
pub fn write_probes(probes: NumberColumns, path: &Path) -> Result<(), StoreError> {
    let writing = || StoreError::database(WRITING);
    let connection = open_aside(folder_of(path))?;
    let sql = include_str!("../../sql/queries/exchange/create_probes.sql");
    connection.execute_batch(&sql.replace("{columns}", &float_columns(&probes.names))).map_err(writing())?;
    let count = i64::try_from(probes.values.first().map_or(0, Vec::len)).unwrap_or(i64::MAX);
    let mut columns = Columns::default().integers("probe", (0..count).map(Some));
    for (name, values) in probes.names.iter().zip(probes.values) {
        columns = columns.singles(name, values);
    }
    columns.append_to_temporary(&connection, "probe").map_err(writing())?;
    let sql = include_str!("../../sql/queries/exchange/write_probes.sql");
    connection.execute_batch(&sql.replace("{path}", &sql_path(path))).map_err(writing())
}

/// The columns called `names` of the Parquet file at `path`, in the order of its column `probe`: for each column its values.
///
/// # Errors
/// If it cannot be read, or lacks one of them.
pub fn read_probe_prices(path: &Path, names: &[String]) -> Result<Vec<Vec<f64>>, StoreError> {
    let connection = open_aside(folder_of(path))?;
    let columns: Vec<String> =
        names.iter().map(|name| format!("CAST({} AS DOUBLE) AS {}", quoted(name), quoted(name))).collect();
    let sql =
        include_str!("../../sql/queries/exchange/read_probe_prices.sql").replace("{columns}", &columns.join(", "));
    let rows = query_rows(&connection, "read the prices of the probes", &sql, [path.display().to_string()], |row| {
        names.iter().map(|name| Ok(row.get::<_, Option<f64>>(name.as_str())?.unwrap_or(f64::NAN))).collect()
    })?;
    let rows: Vec<Vec<f64>> = rows;
    Ok((0..names.len()).map(|column| rows.iter().map(|row| row[column]).collect()).collect())
}

fn float_columns(names: &[String]) -> String {
    names.iter().map(|name| format!("{} FLOAT", quoted(name))).collect::<Vec<_>>().join(", ")
}

/// A name as SQL writes names.
fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}
