//! Charts over time as templates draw them: the places of bars, lines and labels, and their texts. The values come from the
//! caller.
//!
//! A chart is as wide as its place on the page and keeps its height, so that its letters keep their size: across, places are
//! in percent of the width; down, in pixels around the plot and in percent within it.

use std::fmt::Write;

use jiff::Timestamp;
use jiff::civil::{DateTime, Time};
use jiff::tz::TimeZone;

use super::axis::{Axis, Tick, hundredths};
use crate::text::{count, short_number};
use crate::words::{marked, translate};

/// Left edge of the plot, in percent of the width: the labels of values are to its left.
pub const PLOT_LEFT_PERCENT: f64 = 13.0;
/// Width of the plot, in percent of the whole: the last label may extend beyond it.
pub const PLOT_WIDTH_PERCENT: f64 = 85.0;
/// Upper edge of the plot, in pixels: the name of the values is above it.
pub const PLOT_TOP_PX: f64 = 26.0;
/// Height of the plot, in pixels.
pub const PLOT_HEIGHT_PX: f64 = 130.0;

/// Most buckets of a chart; there are at least 24, unless the time is shorter than 24 of the shortest bucket.
const MAX_BUCKETS: i64 = 60;
/// Most steps of time between labels: five labels have room on a phone.
const MAX_TIME_STEPS: i64 = 4;
/// Most steps between values.
const MAX_VALUE_STEPS: f64 = 4.0;
/// Least height of a bar, in percent of the plot, so that small values stay visible.
const LEAST_HEIGHT_PERCENT: f64 = 1.5;

const SECOND_US: i64 = 1_000_000;
const DAY_SECONDS: i64 = 86_400;
/// Lengths of time that people count in, in seconds, each at most two and a half times the one before. Longer ones are
/// multiples of the last by powers of two.
const LENGTHS_SECONDS: [i64; 23] = [
    1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 10_800, 21_600, 43_200, 86_400, 172_800, 345_600,
    604_800, 1_209_600, 2_419_200,
];

/// A period of time, divided into buckets of the same length.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimeAxis {
    /// Length of a bucket, in microseconds.
    pub bucket_us: i64,
    /// Number of the first bucket: bucket `n` begins `n` times its length after the beginning of 1970, UTC.
    pub first: i64,
    /// How many buckets there are.
    pub buckets: i64,
}

impl TimeAxis {
    /// The period from `since` to `until`, in 24 to 60 buckets of a usual length; fewer for very short periods.
    pub fn over(since: Timestamp, until: Timestamp) -> Self {
        let (since_us, until_us) = (since.as_microsecond(), until.as_microsecond());
        let cut = |bucket_us: i64| {
            let first = since_us.div_euclid(bucket_us);
            // the end itself does not belong to the time
            let last = (until_us - 1).max(since_us).div_euclid(bucket_us);
            Self { bucket_us, first, buckets: last - first + 1 }
        };
        shortest(|length_us| cut(length_us).buckets <= MAX_BUCKETS, cut)
    }

    /// When bucket `number` begins.
    pub fn start_of(&self, number: i64) -> DateTime {
        at_utc(number.saturating_mul(self.bucket_us))
    }

    /// The length of a bucket in words, for use after "per" and "the": `30 minutes`, `hour`.
    pub fn bucket_in_words(&self) -> String {
        let seconds = self.bucket_us / SECOND_US;
        let (number, one, several) = match seconds {
            ..60 => (seconds, marked("second"), marked("{} seconds")),
            60..3_600 => (seconds / 60, marked("minute"), marked("{} minutes")),
            3_600..DAY_SECONDS => (seconds / 3_600, marked("hour"), marked("{} hours")),
            _ => (seconds / DAY_SECONDS, marked("day"), marked("{} days")),
        };
        translate(if number == 1 { one } else { several }).with(count(number)).to_string()
    }

    /// Labels of times, at places in percent of the chart's width.
    fn ticks(&self) -> Vec<Tick> {
        let (start_us, end_us) = (self.first * self.bucket_us, (self.first + self.buckets) * self.bucket_us);
        let step_us = shortest(|step_us| (end_us - start_us) / step_us <= MAX_TIME_STEPS, |step_us| step_us);
        let first = -(-start_us).div_euclid(step_us);
        (first..=end_us.div_euclid(step_us))
            .map(|number| {
                let share = ratio(number * step_us - start_us, end_us - start_us);
                Tick {
                    at: hundredths(PLOT_LEFT_PERCENT + PLOT_WIDTH_PERCENT * share),
                    label: time_label(&at_utc(number * step_us), step_us, end_us - start_us),
                }
            })
            .collect()
    }

    /// The left edge and the width of bucket `place`, counted from 0, in percent of the plot.
    fn span_percent(&self, place: usize) -> (f64, f64) {
        #[expect(clippy::cast_precision_loss, reason = "60 at most")]
        let (place, buckets) = (place as f64, self.buckets as f64);
        (100.0 * place / buckets, 100.0 / buckets)
    }
}

/// Calls `make` with the shortest of the lengths that is `long_enough`, in microseconds.
fn shortest<T>(long_enough: impl Fn(i64) -> bool, make: impl Fn(i64) -> T) -> T {
    let lengths = LENGTHS_SECONDS.map(|seconds| seconds * SECOND_US);
    let longest = lengths[lengths.len() - 1];
    let doubled = std::iter::successors(longest.checked_mul(2), |length| length.checked_mul(2));
    make(lengths.into_iter().chain(doubled).find(|length| long_enough(*length)).unwrap_or(i64::MAX))
}

fn at_utc(us: i64) -> DateTime {
    Timestamp::from_microsecond(us).unwrap_or(Timestamp::UNIX_EPOCH).to_zoned_datetime(TimeZone::UTC).datetime()
}

/// The label of a time: clock times for steps of less than a day, with the date at midnight.
fn time_label(time: &DateTime, step_us: i64, span_us: i64) -> String {
    let is_midnight = time.time() == Time::midnight();
    let format = match (step_us / SECOND_US, span_us / SECOND_US / DAY_SECONDS) {
        (..60, _) => "%H:%M:%S",
        (..DAY_SECONDS, _) if !is_midnight => "%H:%M",
        (_, 300..) => "%b %Y",
        _ => "%-d %b",
    };
    time.strftime(format).to_string()
}

/// The content of one bucket.
pub struct Bucket {
    /// Where it begins, in percent of the plot.
    pub x: f64,
    /// How wide it is, in percent of the plot.
    pub width: f64,
    /// Its tooltip.
    pub words: String,
    /// Parts of the bar, from the bottom up.
    pub bars: Vec<Bar>,
}

/// Part of a bar, in percent of the plot.
pub struct Bar {
    /// The class that gives it its colour.
    pub class: &'static str,
    /// Its upper edge.
    pub y: f64,
    /// Its height.
    pub height: f64,
}

/// A line through buckets, interrupted where there is no value.
pub struct Line {
    /// The class that gives it its colour.
    pub class: &'static str,
    /// SVG path data, in percent of the plot, for values in neighbouring buckets.
    pub path: String,
    /// The same for single values: lines of no length, which round line ends make a dot.
    pub dots: String,
}

/// An entry of the legend.
pub struct Key {
    /// The class that gives the colour.
    pub class: &'static str,
    /// Its meaning.
    pub label: &'static str,
}

/// The texts of a chart.
pub struct Words {
    /// The part of element ids that is unique to the chart.
    pub id: &'static str,
    /// Its title.
    pub title: &'static str,
    /// How it is drawn.
    pub description: String,
    /// A summary in one sentence.
    pub summary: String,
    /// The name of the values.
    pub value_name: String,
    /// The tooltip of each bucket.
    pub buckets: Vec<String>,
}

/// One series of values, one for each bucket.
pub struct Series {
    /// Its class and its meaning.
    pub key: Key,
    /// Its values; `None` where there is none.
    pub values: Vec<Option<f64>>,
}

/// A chart over time.
pub struct Chart {
    /// Its texts.
    pub words: Words,
    /// Labels of times, with positions in percent of the width.
    pub time_ticks: Vec<Tick>,
    /// Labels of values, with positions in pixels.
    pub value_ticks: Vec<Tick>,
    /// The content of each bucket.
    pub buckets: Vec<Bucket>,
    /// The lines.
    pub lines: Vec<Line>,
    /// The legend.
    pub keys: Vec<Key>,
}

impl Chart {
    /// `series` as bars, one on top of the other, the first at the bottom.
    pub fn stacked(axis: &TimeAxis, words: Words, series: Vec<Series>) -> Self {
        let height_of = |place: usize| series.iter().filter_map(|one| one.values[place]).sum::<f64>();
        let values = value_axis((0..words.buckets.len()).map(height_of).fold(0.0, f64::max), 1.0);
        let mut chart = Self::empty(axis, words, &values);
        for (place, bucket) in chart.buckets.iter_mut().enumerate() {
            let mut y: f64 = 100.0;
            for one in &series {
                let value = one.values[place].filter(|value| *value > 0.0);
                let Some(height) = value.map(|value| (100.0 * values.share(value)).max(LEAST_HEIGHT_PERCENT)) else {
                    continue;
                };
                // bars below that are drawn higher than their value push this one up: it must not leave the plot
                let height = height.min(y);
                y -= height;
                bucket.bars.push(Bar { class: one.key.class, y: hundredths(y), height: hundredths(height) });
            }
        }
        chart.keys = series.into_iter().map(|one| one.key).collect();
        chart
    }

    /// `series` as lines.
    pub fn lines(axis: &TimeAxis, words: Words, series: Vec<Series>) -> Self {
        let highest = series.iter().flat_map(|one| &one.values).flatten().copied().fold(0.0, f64::max);
        let values = value_axis(highest, 0.0);
        let mut chart = Self::empty(axis, words, &values);
        for one in &series {
            let place_of = |(place, value): (usize, &Option<f64>)| {
                let (x, width) = axis.span_percent(place);
                value.map(|value| (hundredths(x + width / 2.0), hundredths(100.0 * (1.0 - values.share(value)))))
            };
            let points: Vec<_> = one.values.iter().enumerate().map(place_of).collect();
            let (path, dots) = paths_through(&points);
            chart.lines.push(Line { class: one.key.class, path, dots });
        }
        chart.keys = series.into_iter().map(|one| one.key).collect();
        chart
    }

    fn empty(axis: &TimeAxis, mut words: Words, values: &Axis) -> Self {
        let buckets = std::mem::take(&mut words.buckets).into_iter().enumerate().map(|(place, words)| {
            let (x, width) = axis.span_percent(place);
            Bucket { x: hundredths(x), width: hundredths(width), words, bars: Vec::new() }
        });
        Self {
            buckets: buckets.collect(),
            words,
            time_ticks: axis.ticks(),
            value_ticks: values.ticks(short_number),
            lines: Vec::new(),
            keys: Vec::new(),
        }
    }
}

/// The vertical axis of values from 0 to `highest`, beside the plot.
fn value_axis(highest: f64, least_step: f64) -> Axis {
    Axis::from_zero(highest, MAX_VALUE_STEPS, least_step, (PLOT_TOP_PX + PLOT_HEIGHT_PX, PLOT_TOP_PX))
}

/// SVG paths through the points: one for those with a neighbour, one for single ones.
fn paths_through(points: &[Option<(f64, f64)>]) -> (String, String) {
    let (mut path, mut dots) = (String::new(), String::new());
    for run in points.split(Option::is_none) {
        // writing to a string cannot fail
        for (place, (x, y)) in run.iter().flatten().enumerate() {
            let _ = match (run.len(), place) {
                (1, _) => write!(dots, "M{x} {y}h0"),
                (_, 0) => write!(path, "M{x} {y}"),
                _ => write!(path, "L{x} {y}"),
            };
        }
    }
    (path, dots)
}

fn ratio(part: i64, whole: i64) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "for a place in a picture")]
    let ratio = part as f64 / whole as f64;
    ratio
}

#[cfg(test)]
mod tests {
    use super::*;

    fn time(text: &str) -> Timestamp {
        text.parse().expect("a time")
    }

    #[test]
    fn any_time_is_cut_into_24_to_60_buckets() {
        let mut seconds = 24_i64;
        while seconds < 8_000 * 365 * DAY_SECONDS {
            for start in [0_i64, 1, 59, 3_599, 1_000_003] {
                let since = Timestamp::from_second(start).expect("a time");
                let until = Timestamp::from_second(start + seconds).expect("a time");
                let axis = TimeAxis::over(since, until);
                assert!((24..=60).contains(&axis.buckets), "{seconds} s from {start}: {axis:?}");
                assert!(axis.ticks().len() <= 5, "{seconds} s from {start}");
            }
            seconds += seconds / 7 + 1;
        }
        let moment = time("2026-03-01T12:00:00Z");
        assert_eq!(TimeAxis::over(moment, moment).buckets, 1);
    }

    #[test]
    fn a_day_is_cut_into_half_hours_and_labelled_by_the_clock() {
        let axis = TimeAxis::over(time("2026-03-01T12:00:00Z"), time("2026-03-02T12:00:00Z"));
        assert_eq!((axis.buckets, axis.bucket_in_words().as_str()), (48, "30 minutes"));
        let ticks = axis.ticks();
        let labels: Vec<&str> = ticks.iter().map(|tick| tick.label.as_str()).collect();
        assert_eq!(labels, ["12:00", "18:00", "2 Mar", "06:00", "12:00"]);
        assert!((ticks[0].at - PLOT_LEFT_PERCENT).abs() < 1e-9);
        assert!((ticks[2].at - PLOT_LEFT_PERCENT - PLOT_WIDTH_PERCENT / 2.0).abs() < 1e-9);
    }

    #[test]
    fn a_line_breaks_where_there_is_nothing() {
        let points = [Some((0.0, 1.0)), Some((2.0, 3.0)), None, Some((6.0, 5.0))];
        assert_eq!(paths_through(&points), ("M0 1L2 3".to_owned(), "M6 5h0".to_owned()));
    }

    #[test]
    fn errors_are_drawn_however_few_they_are_and_nothing_leaves_the_plot() {
        let axis = TimeAxis { bucket_us: SECOND_US, first: 0, buckets: 1 };
        let words = Words {
            id: "test",
            title: "",
            description: String::new(),
            summary: String::new(),
            value_name: String::new(),
            buckets: vec![String::new()],
        };
        let series = |class, value| Series { key: Key { class, label: class }, values: vec![Some(value)] };
        let chart = Chart::stacked(&axis, words, vec![series("failed", 1.0), series("answered", 9_999.0)]);
        let bars = &chart.buckets[0].bars;
        assert_eq!((bars[0].class, bars[0].height), ("failed", LEAST_HEIGHT_PERCENT));
        assert!(bars[1].y >= 0.0 && bars[1].height > 98.0);
    }
}
