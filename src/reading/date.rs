//! Days as people write them: `2026-03-01`, `01.03.2026`, `3/1/2026`.

use jiff::civil::Date;

/// What comes first in a date that does not tell by itself. A year first, or points, which stand between day, month and year wherever they
/// are used, do: `2026-03-01`, `01.03.2026`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DateOrder {
    /// It cannot be told: only dates that tell by themselves are read.
    Unknown,
    /// `01/03/2026`.
    Day,
    /// `03/01/2026`.
    Month,
}

/// The greatest number that may be a day or a month; beyond, it is a year.
const MAX_DAY: i16 = 31;
/// The numbers that are a day, and no month.
const ONLY_A_DAY: std::ops::RangeInclusive<i16> = 13..=MAX_DAY;

/// A date without what follows, such as a time.
fn date_of(text: &str) -> &str {
    text.trim().split(['T', ' ']).next().unwrap_or_default()
}

/// The three numbers of a date.
fn parts(text: &str) -> Option<[i16; 3]> {
    let mut numbers = date_of(text).split(['-', '/', '.']).map(str::parse);
    let parts = [numbers.next()?.ok()?, numbers.next()?.ok()?, numbers.next()?.ok()?];
    numbers.next().is_none().then_some(parts)
}

fn tells_by_itself(text: &str, first: i16) -> bool {
    first > MAX_DAY || date_of(text).contains('.')
}

impl DateOrder {
    /// The order of the dates among `texts`.
    pub fn decide<'a>(texts: impl IntoIterator<Item = &'a str>) -> Self {
        let (mut day, mut month) = (false, false);
        for text in texts {
            if let Some([first, second, _]) = parts(text).filter(|[first, ..]| !tells_by_itself(text, *first)) {
                day |= ONLY_A_DAY.contains(&first);
                month |= ONLY_A_DAY.contains(&second);
            }
        }
        match (day, month) {
            (true, false) => Self::Day,
            (false, true) => Self::Month,
            _ => Self::Unknown,
        }
    }

    /// The day in `text`; `None` if it is none, or if it cannot be told which.
    #[must_use]
    pub fn read(self, text: &str) -> Option<Date> {
        let [first, second, third] = parts(text)?;
        let (year, month, day) = match self {
            _ if first > MAX_DAY => (first, second, third),
            _ if tells_by_itself(text, first) => (third, second, first),
            Self::Day => (third, second, first),
            Self::Month => (third, first, second),
            Self::Unknown => return None,
        };
        let year = if (0..100).contains(&year) { 2_000 + year } else { year };
        Date::new(year, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_read_where_they_can_be_told_from_months() {
        let read = |texts: &[&str]| {
            let order = DateOrder::decide(texts.iter().copied());
            order.read(texts[0]).map(|date| date.to_string())
        };
        let first_of_march = Some("2026-03-01".to_owned());
        assert_eq!(read(&["2026-03-01", "2026-12-31"]), first_of_march);
        assert_eq!(read(&["2026-03-01T12:00:00Z"]), first_of_march);
        assert_eq!(read(&["01.03.2026"]), first_of_march);
        assert_eq!(read(&["01/03/2026", "31/12/2026"]), first_of_march);
        assert_eq!(read(&["3/1/26", "12/31/26"]), first_of_march);
        // a point in a time tells nothing of the day
        assert_eq!(read(&["3/1/2026 12:00:00.000", "12/31/2026 12:00:00.000"]), first_of_march);
        assert_eq!(read(&["3/1/2026 12:00:00.000"]), None);
        // those that tell by themselves do so beside others
        assert_eq!(read(&["01.03.2026", "2026-12-31", "12/31/2026", "spring"]), first_of_march);
        assert_eq!(read(&["2026-11-31"]), None, "no day of the calendar");
        for either in [&["3/1/2026"][..], &["spring"], &["13/1/2026", "1/13/2026"]] {
            assert_eq!(read(either), None, "{either:?}");
        }
    }
}
