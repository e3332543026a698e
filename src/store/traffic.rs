//! Statistics of the log: number of requests and latency over time.

use duckdb::{Row, params};
use jiff::Timestamp;

use super::requests::RequestFilter;
use super::rows::{query_rows, sql_time};
use super::{Store, StoreError};

/// Numbers and latencies of requests.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Traffic {
    /// Number of all requests.
    pub requests: i64,
    /// Number of refused requests: status 400 to 499.
    pub refused: i64,
    /// Number of failed requests: status 500 and above.
    pub failed: i64,
    /// Median latency in microseconds; 0 if there are no requests.
    pub median_us: f64,
    /// 95th percentile of the latency in microseconds; 0 if there are no requests.
    pub p95_us: f64,
}

/// The requests of a period, bucket by bucket.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct TrafficOverTime {
    /// Buckets with requests, by number: bucket `n` begins `n` times its length after 1970 UTC.
    pub buckets: Vec<(i64, Traffic)>,
    /// The whole period.
    pub all: Traffic,
}

impl Store {
    /// The requests that arrived from `since` on and before `until`, in buckets of `bucket_us` microseconds; only those of
    /// `filter`'s status, path and model.
    ///
    /// # Errors
    /// If the database fails.
    pub fn traffic(
        &self,
        filter: &RequestFilter,
        since: Timestamp,
        until: Timestamp,
        bucket_us: i64,
    ) -> Result<TrafficOverTime, StoreError> {
        let rows = query_rows(
            &self.connection,
            "count the requests over time",
            include_str!("../../sql/queries/request/chart_requests.sql"),
            params![sql_time(since), sql_time(until), bucket_us, filter.status, filter.path, filter.model],
            |row| Ok((row.get::<_, Option<i64>>("bucket")?, read_traffic(row)?)),
        )?;
        let mut over_time = TrafficOverTime::default();
        for row in rows {
            match row {
                (Some(number), traffic) => over_time.buckets.push((number, traffic)),
                (None, traffic) => over_time.all = traffic,
            }
        }
        Ok(over_time)
    }
}

fn read_traffic(row: &Row<'_>) -> duckdb::Result<Traffic> {
    Ok(Traffic {
        requests: row.get("requests")?,
        refused: row.get("refused")?,
        failed: row.get("failed")?,
        median_us: row.get::<_, Option<f64>>("median_us")?.unwrap_or_default(),
        p95_us: row.get::<_, Option<f64>>("p95_us")?.unwrap_or_default(),
    })
}
