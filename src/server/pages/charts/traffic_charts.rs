//! The charts of the log: number of requests, and latency.

use jiff::civil::DateTime;
use jiff::{Timestamp, ToSpan};

use super::time_chart::{Chart, Key, Series, TimeAxis, Words};
use crate::store::{RequestFilter, Store, StoreError, Traffic, TrafficOverTime};
use crate::text::{count, elapsed};
use crate::words::{marked, say};

/// The charts of a period.
pub struct TrafficCharts {
    /// The period, in words that begin a sentence.
    period: String,
    axis: TimeAxis,
    /// The requests of each bucket of the axis.
    buckets: Vec<Traffic>,
    all: Traffic,
}

impl TrafficCharts {
    /// The charts of the requests that match `filter`, over its period: the last 24 hours, or the 24 hours before its end, if
    /// it has no beginning.
    ///
    /// # Errors
    /// If the database fails.
    pub fn read(store: &Store, filter: &RequestFilter, now: Timestamp) -> Result<Self, StoreError> {
        let (period, since, until) = period(filter, now);
        let axis = TimeAxis::over(since, until);
        let TrafficOverTime { buckets: found, all } = store.traffic(filter, since, until, axis.bucket_us)?;
        let mut found = found.into_iter().peekable();
        let buckets = (axis.first..axis.first + axis.buckets)
            .map(|number| found.next_if(|(of, _)| *of == number).map(|(_, traffic)| traffic).unwrap_or_default());
        Ok(Self { period, axis, buckets: buckets.collect(), all })
    }

    /// The sentence for a period without requests.
    pub fn silence(&self) -> Option<String> {
        (self.all.requests == 0).then(|| say!("{}: no request, so there is nothing to draw.", self.period))
    }

    /// Both charts.
    pub fn draw(&self) -> [Chart; 2] {
        [self.draw_volume(), self.draw_latency()]
    }

    fn draw_volume(&self) -> Chart {
        let bucket = self.axis.bucket_in_words();
        let words = Words {
            id: "volume",
            title: marked("Number of requests"),
            description: format!(
                "Bars over time, one for each {bucket}: requests that failed at the bottom, refused ones above, answered \
                 ones on top."
            ),
            summary: self.summarize_volume(),
            value_name: say!("Requests per {}", bucket),
            buckets: self.words_of_buckets(|traffic| {
                format!(
                    "{}, {} refused, {} failed",
                    requests(traffic.requests),
                    count(traffic.refused),
                    count(traffic.failed)
                )
            }),
        };
        let series = |class, label, of: fn(&Traffic) -> i64| Series {
            key: Key { class, label },
            values: self.buckets.iter().map(|traffic| Some(to_f64(of(traffic)))).collect(),
        };
        let failed = series("failed", marked("failed (5xx)"), |traffic| traffic.failed);
        let refused = series("refused", marked("refused (4xx)"), |traffic| traffic.refused);
        let answered =
            series("answered", marked("answered"), |traffic| traffic.requests - traffic.refused - traffic.failed);
        Chart::stacked(&self.axis, words, vec![failed, refused, answered])
    }

    fn draw_latency(&self) -> Chart {
        let bucket = self.axis.bucket_in_words();
        let asked = || self.buckets.iter().filter(|traffic| traffic.requests > 0);
        let highest_us = asked().map(|traffic| traffic.p95_us).fold(0.0, f64::max);
        let (unit, unit_us) = match highest_us {
            ..2e3 => (say!("microseconds"), 1.0),
            2e3..1e7 => (say!("milliseconds"), 1e3),
            _ => (say!("seconds"), 1e6),
        };
        let words = Words {
            id: "latency",
            title: marked("How long answers took"),
            description: format!(
                "Two lines over time, with a point for each {bucket}: the latency that half of the requests kept within, \
                 and, dashed, the one that 95 % did."
            ),
            summary: self.summarize_latency(),
            value_name: say!("Latency in {}", unit),
            buckets: self.words_of_buckets(|traffic| {
                if traffic.requests == 0 {
                    return say!("no request");
                }
                say!("half within {}, 95 % within {}", took(traffic.median_us), took(traffic.p95_us))
            }),
        };
        let series = |class, label, of: fn(&Traffic) -> f64| Series {
            key: Key { class, label },
            values: self.buckets.iter().map(|traffic| (traffic.requests > 0).then(|| of(traffic) / unit_us)).collect(),
        };
        let p95 = series("p95", marked("95 % within"), |traffic| traffic.p95_us);
        let median = series("median", marked("half within (median)"), |traffic| traffic.median_us);
        Chart::lines(&self.axis, words, vec![p95, median])
    }

    fn summarize_volume(&self) -> String {
        let Traffic { requests: all, refused, failed, .. } = self.all;
        let errors = match (refused, failed) {
            (0, 0) => say!("none of them refused or failed"),
            _ => say!("{} of them refused (4xx) and {} failed (5xx)", count(refused), count(failed)),
        };
        let busiest = self.greatest(|traffic| to_f64(traffic.requests));
        let busiest = busiest.map_or_else(String::new, |(start, traffic)| {
            let bucket = self.axis.bucket_in_words();
            say!("; the busiest {}, from {}, had {}", bucket, written(&start), count(traffic.requests))
        });
        format!("{}: {}, {errors}{busiest}.", self.period, requests(all))
    }

    fn summarize_latency(&self) -> String {
        let Traffic { median_us, p95_us, .. } = self.all;
        let slowest = self.greatest(|traffic| traffic.p95_us);
        let slowest = slowest.map_or_else(String::new, |(start, traffic)| {
            let bucket = self.axis.bucket_in_words();
            say!("; in the slowest {}, from {}, 95 % within {}", bucket, written(&start), took(traffic.p95_us))
        });
        say!(
            "{}: half of the answers took at most {}, and 95 % at most {}{}.",
            self.period,
            took(median_us),
            took(p95_us),
            slowest
        )
    }

    /// The bucket with the greatest value, the first if there are several, and when it begins.
    fn greatest(&self, value: impl Fn(&Traffic) -> f64) -> Option<(DateTime, &Traffic)> {
        let asked = self.numbered().filter(|(_, traffic)| traffic.requests > 0);
        let (number, traffic) = asked.reduce(|best, next| if value(next.1) > value(best.1) { next } else { best })?;
        Some((self.axis.start_of(number), traffic))
    }

    fn words_of_buckets(&self, words: impl Fn(&Traffic) -> String) -> Vec<String> {
        self.numbered()
            .map(|(number, traffic)| say!("From {}: {}", written(&self.axis.start_of(number)), words(traffic)))
            .collect()
    }

    fn numbered(&self) -> impl Iterator<Item = (i64, &Traffic)> {
        (self.axis.first..).zip(&self.buckets)
    }
}

/// The period that is drawn: in words, its beginning and its end.
fn period(filter: &RequestFilter, now: Timestamp) -> (String, Timestamp, Timestamp) {
    let day = 24.hours();
    // the future needs no room
    let until = filter.until.map_or(now, |until| until.min(now));
    let since = filter.since.unwrap_or_else(|| until.checked_sub(day).unwrap_or(Timestamp::MIN));
    let until = if since < until { until } else { since.checked_add(day).unwrap_or(Timestamp::MAX) };
    let words = if filter.since.is_none() && filter.until.is_none() {
        say!("The last 24 hours")
    } else {
        let is_short = until.as_second() - since.as_second() < 3_600;
        let format = if is_short { "%Y-%m-%d %H:%M:%S" } else { "%Y-%m-%d %H:%M" };
        let write = |time: Timestamp| time.strftime(format).to_string();
        say!("{} to {} UTC", write(since), write(until))
    };
    (words, since, until)
}

fn written(time: &DateTime) -> String {
    let format = if time.second() == 0 { "%Y-%m-%d %H:%M" } else { "%Y-%m-%d %H:%M:%S" };
    time.strftime(format).to_string()
}

fn requests(number: i64) -> String {
    if number == 1 { say!("1 request") } else { say!("{} requests", count(number)) }
}

fn took(us: f64) -> String {
    #[expect(clippy::cast_possible_truncation, reason = "latencies are whole microseconds")]
    let us = us.round() as i64;
    elapsed(us)
}

fn to_f64(number: i64) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "for a place in a picture")]
    let number = number as f64;
    number
}
