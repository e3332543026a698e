//! Times as people write and read them, always in UTC.

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, SpanRelativeTo, Timestamp};

/// The time in `text`: a time in UTC (`2026-03-01`, `2026-03-01T12:00`), one with its offset, or an age (`2h`,
/// `30m`, `7d`).
///
/// # Errors
/// What is wrong with it and how to write it, as the second half of a sentence that begins with the name of the field.
pub fn parse_time(text: &str) -> Result<Timestamp, String> {
    // a + that was not encoded in an address arrives as a space
    let plus = text.rsplit_once(' ').filter(|(_, offset)| offset.len() == 5 && offset.as_bytes()[2] == b':');
    let with_plus = plus.map(|(time, offset)| format!("{time}+{offset}"));
    let as_time = || text.parse::<Timestamp>().ok().or_else(|| with_plus.as_ref()?.parse().ok());
    let as_utc = || text.parse::<DateTime>().ok()?.to_zoned_datetime(TimeZone::UTC).ok().map(|zoned| zoned.timestamp());
    let as_ago = || {
        let span: jiff::Span = text.parse().ok()?;
        Timestamp::now().to_zoned_datetime(TimeZone::UTC).checked_sub(span).ok().map(|zoned| zoned.timestamp())
    };
    as_time().or_else(as_utc).or_else(as_ago).ok_or_else(|| {
        format!("{text:?} is not a time: write it like 2026-03-01, 2026-03-01T12:00, or 2h for two hours ago")
    })
}

/// The age in `text`: `90d`, `36h`, `2w`.
///
/// # Errors
/// What is wrong with it and how to write it.
pub fn parse_age(text: &str) -> Result<SignedDuration, String> {
    let as_age = || {
        let span: jiff::Span = text.parse().ok()?;
        span.to_duration(SpanRelativeTo::days_are_24_hours()).ok().filter(SignedDuration::is_positive)
    };
    as_age().ok_or_else(|| format!("{text:?} is not an age: write it like 90d, 2w or 36h"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_in_utc_or_as_a_while_ago() {
        let expected: Timestamp = "2026-03-01T12:00:00Z".parse().expect("a time");
        assert_eq!(parse_time("2026-03-01T12:00"), Ok(expected));
        assert_eq!(parse_time("2026-03-01T13:00:00+01:00"), Ok(expected));
        assert_eq!(parse_time("2026-03-01T13:00:00 01:00"), Ok(expected), "as it arrives if + is not encoded");
        assert!(parse_time("2026-03-01").is_ok());
        let ago = Timestamp::now().as_second() - parse_time("2h").expect("a while").as_second();
        assert!((7_199..=7_201).contains(&ago), "{ago}");
        assert_eq!(parse_age("90d"), Ok(SignedDuration::from_hours(90 * 24)));
        assert_eq!(parse_age("2w"), Ok(SignedDuration::from_hours(14 * 24)));
        for wrong in ["0d", "-5d", "long", "5"] {
            assert!(parse_age(wrong).is_err(), "{wrong}");
        }
        assert!(parse_time("yesterday").expect_err("no time").contains("write it like"));
    }
}
