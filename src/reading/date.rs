//! Days as people write them: `2026-03-01`, `01.03.2026`, `3/1/2026`.

use jiff::civil::Date;

/// What comes first in a date.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DateOrder {
    /// `2026-03-01`.
    Year,
    /// `01.03.2026`.
    Day,
    /// `03/01/2026`.
    Month,
}

/// The three numbers of a date; what follows, such as a time, is left out.
fn parts(text: &str) -> Option<[i16; 3]> {
    let date = text.trim().split(['T', ' ']).next()?;
    let mut numbers = date.split(['-', '/', '.']).map(str::parse);
    let parts = [numbers.next()?.ok()?, numbers.next()?.ok()?, numbers.next()?.ok()?];
    numbers.next().is_none().then_some(parts)
}

impl DateOrder {
    /// The order in which all of `texts` are dates; `None` if they are none, or if it can be either: `3/1/2026`.
    pub fn decide<'a>(texts: impl IntoIterator<Item = &'a str>) -> Option<Self> {
        let (mut year, mut day, mut month, mut points) = (0, 0, 0, 0);
        for text in texts {
            let [first, second, _] = parts(text)?;
            year += u32::from(first > 31);
            day += u32::from((13..=31).contains(&first));
            month += u32::from((13..=31).contains(&second) && first <= 12);
            points += u32::from(text.contains('.'));
        }
        match (year > 0, day > 0, month > 0) {
            (true, false, _) => Some(Self::Year),
            (false, true, false) => Some(Self::Day),
            (false, false, true) => Some(Self::Month),
            // with points the day is first wherever points are used
            (false, false, false) if points > 0 => Some(Self::Day),
            _ => None,
        }
    }

    /// The day in `text`.
    #[must_use]
    pub fn read(self, text: &str) -> Option<Date> {
        let [first, second, third] = parts(text)?;
        let (year, month, day) = match self {
            Self::Year => (first, second, third),
            Self::Day => (third, second, first),
            Self::Month => (third, first, second),
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
            let order = DateOrder::decide(texts.iter().copied())?;
            order.read(texts[0]).map(|date| date.to_string())
        };
        let first_of_march = Some("2026-03-01".to_owned());
        assert_eq!(read(&["2026-03-01", "2026-12-31"]), first_of_march);
        assert_eq!(read(&["2026-03-01T12:00:00Z"]), first_of_march);
        assert_eq!(read(&["01.03.2026"]), first_of_march);
        assert_eq!(read(&["01/03/2026", "31/12/2026"]), first_of_march);
        assert_eq!(read(&["3/1/26", "12/31/26"]), first_of_march);
        for either in [&["3/1/2026"][..], &["spring"], &["13/1/2026", "1/13/2026"]] {
            assert_eq!(read(either), None, "{either:?}");
        }
    }
}
