//! Statistics of the log: number of requests and latency over time.
//!
//! Of a period with few requests each is looked at. Millions are added up beforehand, by minute and later by hour, in
//! `request_rollup`, with latencies in classes of 9 %; only what is newer than the last rollup is counted from the log itself.

use std::collections::BTreeMap;

use duckdb::{Row, params};
use jiff::Timestamp;

use super::requests::{LIVE_PATH, RequestFilter};
use super::rollups::{HOUR_US, MINUTE_US, time_at};
use super::rows::{query_row, query_rows, sql_time};
use super::{Store, StoreError};

/// Most requests of which each latency is looked at.
const MAX_EXACT: i64 = 200_000;

/// Numbers and latencies of requests.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Traffic {
    /// Number of all requests.
    pub requests: i64,
    /// Number of refused requests: status 400 to 499.
    pub refused: i64,
    /// Number of failed requests: status 500 and above.
    pub failed: i64,
    /// Median latency in microseconds; 0 if there are no requests. Of more than 200,000 requests, to 5 %.
    pub median_us: f64,
    /// 95th percentile of the latency in microseconds; 0 if there are no requests. Of more than 200,000 requests, to 5 %.
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

/// A period, in microseconds since 1970: from its beginning (included) to its end (excluded).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Period {
    from: i64,
    until: i64,
}

impl Store {
    /// The requests that arrived from `since` on and before `until`, in buckets of `bucket_us` microseconds; only those of
    /// `filter`'s status, path and model; without a path, all but those to [`LIVE_PATH`].
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
        let sql = include_str!("../../sql/queries/traffic/count_requests_of_period.sql");
        let count: i64 =
            query_row(&self.connection, "count the requests", sql, params![sql_time(since), sql_time(until)], |row| {
                row.get("request_count")
            })?;
        // pruned requests are in the rollups only
        if count <= MAX_EXACT && since.as_microsecond() >= self.setting("requests_pruned_to")? {
            return self.exact_traffic(filter, since, until, bucket_us);
        }
        let period = Period { from: since.as_microsecond(), until: until.as_microsecond() };
        let by_hour_to: i64 = self.setting("rolled_up_by_hour_to")?;
        let rolled_up = match &filter.path {
            Some(path) if !is_route(path) => Period { from: period.from, until: period.from },
            _ => whole_rollups(period, self.setting("rolled_up_to")?, by_hour_to),
        };
        let mut classes = LatencyClasses::default();
        if rolled_up.from < rolled_up.until {
            let sql = include_str!("../../sql/queries/traffic/count_rolled_up_traffic.sql");
            self.count_classes(sql, filter, rolled_up, bucket_us, &mut classes)?;
        }
        for rest in [Period { until: rolled_up.from, ..period }, Period { from: rolled_up.until, ..period }] {
            if rest.from < rest.until {
                let sql = include_str!("../../sql/queries/traffic/count_traffic.sql");
                self.count_classes(sql, filter, rest, bucket_us, &mut classes)?;
            }
        }
        Ok(classes.traffic())
    }

    fn exact_traffic(
        &self,
        filter: &RequestFilter,
        since: Timestamp,
        until: Timestamp,
        bucket_us: i64,
    ) -> Result<TrafficOverTime, StoreError> {
        let rows = query_rows(
            &self.connection,
            "measure the traffic",
            include_str!("../../sql/queries/traffic/measure_traffic.sql"),
            params![sql_time(since), sql_time(until), bucket_us, filter.status, filter.path, filter.model, LIVE_PATH],
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

    fn count_classes(
        &self,
        sql: &str,
        filter: &RequestFilter,
        Period { from, until }: Period,
        bucket_us: i64,
        classes: &mut LatencyClasses,
    ) -> Result<(), StoreError> {
        let parameters =
            params![time_at(from), time_at(until), bucket_us, filter.status, filter.path, filter.model, LIVE_PATH];
        let rows = query_rows(&self.connection, "measure the traffic", sql, parameters, |row| {
            let counted = Counted {
                status_hundreds: row.get("status_hundreds")?,
                latency_class: row.get("latency_class")?,
                requests: row.get("request_count")?,
            };
            Ok((row.get::<_, i64>("bucket")?, counted))
        })?;
        for (bucket, counted) in &rows {
            classes.add(*bucket, counted);
        }
        Ok(())
    }
}

/// The part of `period` that rollups cover as a whole: from the border of a minute, or of an hour where there are hours only, to
/// such a border.
fn whole_rollups(period: Period, rolled_up_to: i64, by_hour_to: i64) -> Period {
    let length_at = |time: i64| if time < by_hour_to { HOUR_US } else { MINUTE_US };
    let length = length_at(period.from);
    let from = (period.from + length - 1).div_euclid(length) * length;
    let end = period.until.min(rolled_up_to);
    let length = length_at(end);
    let until = end.div_euclid(length) * length;
    // a period that has no border inside is counted from the log
    if from < until { Period { from, until } } else { Period { from: period.from, until: period.from } }
}

/// Whether `path` is a route of its own in rollups: it has no id and no number.
fn is_route(path: &str) -> bool {
    !path.split('/').any(|part| {
        let is_number = !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        is_number || uuid::Uuid::try_parse(part).is_ok()
    })
}

/// Some requests of a bucket.
struct Counted {
    status_hundreds: i64,
    latency_class: i16,
    requests: i64,
}

/// Requests by bucket and class of latency.
#[derive(Default)]
struct LatencyClasses(BTreeMap<i64, ClassesOfBucket>);

#[derive(Default, Clone)]
struct ClassesOfBucket {
    traffic: Traffic,
    by_class: BTreeMap<i16, i64>,
}

impl LatencyClasses {
    fn add(&mut self, bucket: i64, counted: &Counted) {
        self.0.entry(bucket).or_default().add(counted);
    }

    fn traffic(self) -> TrafficOverTime {
        let mut all = ClassesOfBucket::default();
        for classes in self.0.values() {
            all.merge(classes);
        }
        TrafficOverTime {
            buckets: self.0.into_iter().map(|(bucket, classes)| (bucket, classes.traffic())).collect(),
            all: all.traffic(),
        }
    }
}

impl ClassesOfBucket {
    fn add(&mut self, Counted { status_hundreds, latency_class, requests }: &Counted) {
        self.traffic.requests += requests;
        match status_hundreds {
            4 => self.traffic.refused += requests,
            5.. => self.traffic.failed += requests,
            _ => {}
        }
        *self.by_class.entry(*latency_class).or_default() += requests;
    }

    fn merge(&mut self, other: &Self) {
        self.traffic.requests += other.traffic.requests;
        self.traffic.refused += other.traffic.refused;
        self.traffic.failed += other.traffic.failed;
        for (class, requests) in &other.by_class {
            *self.by_class.entry(*class).or_default() += requests;
        }
    }

    fn traffic(&self) -> Traffic {
        Traffic { median_us: self.quantile_us(0.5), p95_us: self.quantile_us(0.95), ..self.traffic }
    }

    /// The middle of the class that holds the quantile `share`.
    #[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^52")]
    fn quantile_us(&self, share: f64) -> f64 {
        let wanted = share * self.traffic.requests as f64;
        let mut below = 0;
        let class = self.by_class.iter().find(|(_, requests)| {
            below += **requests;
            below as f64 >= wanted
        });
        class.map_or(0.0, |(class, _)| ((f64::from(*class) + 0.5) / 8.0).exp2())
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

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use jiff::SignedDuration;
    use uuid::Uuid;

    use super::super::requests::{ImportedUpTo, NewRequest};
    use super::*;

    fn request(time: Timestamp, path: &str, status: u16, latency_us: i64) -> NewRequest<'static> {
        NewRequest {
            id: Uuid::now_v7(),
            time,
            method: "GET".to_owned(),
            path: path.to_owned(),
            query: None,
            status,
            latency_us,
            model_id: None,
            client: None,
            request_body: Cow::Borrowed(b""),
            response_body: Cow::Borrowed(b""),
            predictions: Cow::Borrowed(&[]),
            key_name: None,
        }
    }

    /// As [`Store::traffic`] where there are many requests.
    fn by_class(store: &Store, filter: &RequestFilter, since: Timestamp, until: Timestamp) -> TrafficOverTime {
        let period = Period { from: since.as_microsecond(), until: until.as_microsecond() };
        let setting = |name| store.setting::<i64>(name).expect("a setting");
        let rolled_up = whole_rollups(period, setting("rolled_up_to"), setting("rolled_up_by_hour_to"));
        let mut classes = LatencyClasses::default();
        let mut count = |sql, period: Period| {
            store.count_classes(sql, filter, period, HOUR_US, &mut classes).expect("counted");
        };
        count(include_str!("../../sql/queries/traffic/count_rolled_up_traffic.sql"), rolled_up);
        let raw = include_str!("../../sql/queries/traffic/count_traffic.sql");
        count(raw, Period { until: rolled_up.from, ..period });
        count(raw, Period { from: rolled_up.until, ..period });
        classes.traffic()
    }

    #[test]
    fn what_was_added_up_counts_as_what_is_looked_at_one_by_one() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut store = Store::open(&folder.path().join("a.duckdb")).expect("a store");
        let now: Timestamp = "2026-03-10T12:34:56.5Z".parse().expect("a time");
        let ago = |minutes: i64| now - SignedDuration::from_mins(minutes);
        // four days, so that there are hours, minutes and what is newer than both
        let requests: Vec<NewRequest<'static>> = (0..4_000)
            .map(|number| {
                let status = if number % 10 == 0 {
                    422
                } else if number % 33 == 0 {
                    500
                } else {
                    200
                };
                let id = Uuid::now_v7();
                let path = match number % 7 {
                    0 => LIVE_PATH.to_owned(),
                    1 | 2 => format!("/v1/predictions/{id}"),
                    _ => "/v1/similar".to_owned(),
                };
                request(now - SignedDuration::from_secs(number * 86), &path, status, 40 + number % 500)
            })
            .collect();
        let (later, first) = requests.split_at(200);
        store.insert_requests(first, ImportedUpTo { number: 1, position: None }).expect("stored");
        store.roll_up(ago(10_000)).expect("nothing to add up yet");
        store.roll_up(ago(60)).expect("added up");
        // some of these arrived before the last rollup
        store.insert_requests(later, ImportedUpTo { number: 2, position: None }).expect("stored");
        for rolled_up in [false, true] {
            if rolled_up {
                store.roll_up(now).expect("added up");
                store.roll_up(now).expect("nothing more to add up");
            }
            for filter in [
                RequestFilter::default(),
                RequestFilter { status: Some(500), ..RequestFilter::default() },
                RequestFilter { path: Some("/v1/similar".to_owned()), ..RequestFilter::default() },
                RequestFilter { path: Some(LIVE_PATH.to_owned()), ..RequestFilter::default() },
            ] {
                for (since, until) in
                    [(ago(6_000), now), (ago(5_003), ago(77)), (ago(30), now), (ago(4_000), ago(3_999))]
                {
                    let exact = store.exact_traffic(&filter, since, until, HOUR_US).expect("traffic");
                    let found = by_class(&store, &filter, since, until);
                    assert_eq!(found.buckets.len(), exact.buckets.len());
                    let pairs = found.buckets.iter().map(|(_, traffic)| traffic).chain([&found.all]);
                    for (found, exact) in
                        pairs.zip(exact.buckets.iter().map(|(_, traffic)| traffic).chain([&exact.all]))
                    {
                        let counts = |traffic: &Traffic| (traffic.requests, traffic.refused, traffic.failed);
                        assert_eq!(counts(found), counts(exact), "{filter:?}");
                        if exact.requests > 20 {
                            assert!((found.median_us / exact.median_us - 1.0).abs() < 0.1, "{found:?} {exact:?}");
                        }
                    }
                }
            }
        }
        let routes: Vec<String> = query_rows(
            &store.connection,
            "list",
            "SELECT DISTINCT route FROM request_rollup ORDER BY route",
            [],
            |row| row.get("route"),
        )
        .expect("routes");
        assert_eq!(routes, [LIVE_PATH, "/v1/predictions/{id}", "/v1/similar"]);
        // what is asked while somebody types stands apart
        let of = |path: Option<&str>| {
            let filter = RequestFilter { path: path.map(str::to_owned), ..RequestFilter::default() };
            store.traffic(&filter, ago(6_000), now, HOUR_US).expect("traffic").all.requests
        };
        // the end is excluded, and the first request arrived there
        let (live, others): (Vec<_>, Vec<_>) = requests.iter().skip(1).partition(|request| request.path == LIVE_PATH);
        assert_eq!(of(Some(LIVE_PATH)), i64::try_from(live.len()).expect("a count"));
        assert_eq!(of(None), i64::try_from(others.len()).expect("a count"));
    }

    #[test]
    fn paths_with_ids_and_numbers_are_no_routes() {
        assert!(is_route("/v1/predictions") && is_route("/"));
        assert!(!is_route("/models/12") && !is_route("/v1/predictions/01a21a43-9f8a-73cd-bffa-20506ac94e3b/steps"));
    }
}
