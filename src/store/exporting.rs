//! The log as a file for other programs.

use std::path::PathBuf;

use duckdb::params;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::rows::{execute, query_row, sql_time};
use super::{Store, StoreError};

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

    fn options(self) -> &'static str {
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

impl Store {
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
        const ACTION: &str = "export the requests";
        let path = self.work_folder().join(format!("requests-{}", Uuid::now_v7()));
        let period = params![since.map(sql_time), until.map(sql_time)];
        let sql = include_str!("../../sql/queries/request/count_exported_requests.sql");
        let requests = query_row(&self.connection, ACTION, sql, period, |row| row.get("request_count"))?;
        let micros = |time: Option<Timestamp>, without: &str| {
            time.map_or_else(|| without.to_owned(), |time| format!("make_timestamp({})", time.as_microsecond()))
        };
        let sql = include_str!("../../sql/queries/request/export_requests.sql")
            .replace("{path}", &path.display().to_string().replace('\'', "''"))
            .replace("{options}", format.options())
            .replace("{from}", &micros(since, "'-infinity'::TIMESTAMP"))
            .replace("{until}", &micros(until, "'infinity'::TIMESTAMP"));
        execute(&self.connection, ACTION, &sql, [])?;
        Ok(ExportedRequests { path, requests })
    }
}
