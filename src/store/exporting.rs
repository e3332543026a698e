//! The log as a file for other programs.

use std::path::{Path, PathBuf};

use duckdb::params;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::rows::{execute, query_rows, read_time, sql_path, sql_time};
use super::{Store, StoreError};

/// The statement that exports requests.
pub(super) const EXPORT_REQUESTS: &str = include_str!("../../sql/queries/request/export_requests.sql");

/// The form of a file of requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum ExportFormat {
    /// Apache Parquet, compressed with Zstandard.
    Parquet,
    /// CSV with a header.
    Csv,
    /// A JSON object a line.
    JsonLines,
}

impl ExportFormat {
    /// The format that the ending of a file's name stands for.
    #[must_use]
    pub fn of_name(name: &str) -> Option<Self> {
        let name = name.to_ascii_lowercase();
        match name.rsplit_once('.')?.1 {
            "parquet" => Some(Self::Parquet),
            "csv" => Some(Self::Csv),
            "jsonl" | "ndjson" | "json" => Some(Self::JsonLines),
            _ => None,
        }
    }

    pub(super) fn options(self) -> &'static str {
        match self {
            Self::Parquet => "FORMAT parquet, COMPRESSION zstd",
            Self::Csv => "FORMAT csv, HEADER",
            Self::JsonLines => "FORMAT json",
        }
    }
}

/// A file of requests in the work folder of the file's owner, which waits to be moved away.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExportedRequests {
    /// The file.
    pub path: PathBuf,
    /// How many requests it has.
    pub requests: i64,
}

/// A table of the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum LogTable {
    /// Every request with its answer.
    Requests,
    /// Every price that was answered.
    Predictions,
}

impl LogTable {
    /// Its name for people.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Requests => "requests",
            Self::Predictions => "predictions",
        }
    }

    /// `sql` with the names of the table and of its column with the time.
    fn fill(self, sql: &str) -> String {
        let (table, time) = match self {
            Self::Requests => ("request", "received_at"),
            Self::Predictions => ("logged_prediction", "predicted_at"),
        };
        sql.replace("{table}", table).replace("{time}", time)
    }
}

/// A part of one day of the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogPeriod {
    /// From this time on.
    pub from: Timestamp,
    /// Before this time.
    pub until: Timestamp,
    /// Number of rows.
    pub rows: i64,
}

impl Store {
    /// The days of `table` with rows from `from` on and before `until`, the oldest first; the first may begin, and the last end, within its
    /// day.
    ///
    /// # Errors
    /// If the database fails.
    pub fn days_of_log(
        &self,
        table: LogTable,
        from: Timestamp,
        until: Timestamp,
    ) -> Result<Vec<LogPeriod>, StoreError> {
        let sql = table.fill(include_str!("../../sql/queries/exchange/list_days_of_log.sql"));
        let days =
            query_rows(&self.connection, "read the log", &sql, params![sql_time(from), sql_time(until)], |row| {
                Ok((read_time(row, "day")?, row.get("row_count")?))
            })?;
        let period = |(day, rows): (Timestamp, i64)| LogPeriod {
            from: day.max(from),
            until: (day + SignedDuration::from_hours(24)).min(until),
            rows,
        };
        Ok(days.into_iter().map(period).collect())
    }

    /// Writes the rows of `table` in `period` into a Parquet file in the work folder, each with the name of this machine, `node`.
    ///
    /// # Errors
    /// If the database fails, or there is no space.
    pub fn export_log(&self, table: LogTable, period: LogPeriod, node: &str) -> Result<PathBuf, StoreError> {
        let path = self.work_folder().join(format!("{}-{}", table.name(), Uuid::now_v7()));
        let sql = table.fill(include_str!("../../sql/queries/exchange/export_log.sql"));
        let sql = sql.replace("{node}", &node.replace('\'', "''"));
        self.export_period(&sql, &path, [Some(period.from), Some(period.until)], ExportFormat::Parquet)?;
        Ok(path)
    }

    /// Writes the requests that arrived at or after `since` and before `until` into a file in the work folder, oldest first.
    ///
    /// # Errors
    /// If the database fails, or there is no space.
    pub fn export_requests(
        &self,
        since: Option<Timestamp>,
        until: Option<Timestamp>,
        format: ExportFormat,
    ) -> Result<ExportedRequests, StoreError> {
        let path = self.work_folder().join(format!("requests-{}", Uuid::now_v7()));
        let requests = self.export_period(EXPORT_REQUESTS, &path, [since, until], format)?;
        Ok(ExportedRequests { path, requests })
    }

    /// Writes the rows of a period, of which `None` is no end, into the file at `path` by the statement `sql`, and returns their
    /// number.
    ///
    /// # Errors
    /// If the database fails, or there is no space.
    pub(super) fn export_period(
        &self,
        sql: &str,
        path: &Path,
        [from, until]: [Option<Timestamp>; 2],
        format: ExportFormat,
    ) -> Result<i64, StoreError> {
        let sql_of = |time: Option<Timestamp>, without: &str| {
            time.map_or_else(|| without.to_owned(), |time| format!("make_timestamp({})", time.as_microsecond()))
        };
        let sql = sql
            .replace("{path}", &sql_path(path))
            .replace("{options}", format.options())
            .replace("{from}", &sql_of(from, "'-infinity'::TIMESTAMP"))
            .replace("{until}", &sql_of(until, "'infinity'::TIMESTAMP"));
        execute(&self.connection, "export rows of the log", &sql, [])
    }
}
