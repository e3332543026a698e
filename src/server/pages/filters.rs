//! What templates do to values.

#![expect(
    clippy::inline_always,
    clippy::unnecessary_wraps,
    clippy::unused_self,
    reason = "the macro that makes filters of functions writes such code"
)]

use std::fmt::Display;

use askama::{Result, Values};
use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::{day_in_words, local};

use crate::words::{self, Sentence};

/// A text in the language of the reader.
#[askama::filter_fn]
pub fn say<T: Display>(english: T, _: &dyn Values) -> Result<Sentence> {
    Ok(words::translate(&english.to_string()))
}

/// The next value of a text.
#[askama::filter_fn]
pub fn with<T: Display>(sentence: Sentence, _: &dyn Values, value: T) -> Result<Sentence> {
    Ok(sentence.with(value))
}

/// The day of a time, in UTC: `1 March 2026`.
#[askama::filter_fn]
pub fn day(time: &Timestamp, _: &dyn Values) -> Result<String> {
    Ok(day_in_words(time.to_zoned_datetime(TimeZone::UTC).date()))
}

/// A time in UTC: `1 March 2026, 13:05`.
#[askama::filter_fn]
pub fn moment(time: &Timestamp, _: &dyn Values) -> Result<String> {
    Ok(local(*time, &TimeZone::UTC))
}

/// A number with the decimal sign of the reader.
#[askama::filter_fn]
pub fn number<T: Display>(value: T, _: &dyn Values) -> Result<String> {
    Ok(crate::text::in_figures_of_reader(&value.to_string()))
}
