//! Numbers as people write them: `1.02`, `1,02`, `$6,651.00`, `6.651 €`, `61.8 %`, `1.02 ct`, `6'651`, `(12.50)`.
//!
//! One text can stand for two numbers: `6.651` is six thousand in Milan and six and a half in London. So the marks are decided for a
//! column as a whole, from all its values ([`MarkCounts`]), and only then are values read ([`Marks::read`]).

use std::borrow::Cow;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// What people write where they have no value.
const MISSING: [&str; 12] = ["", "-", "–", "—", "?", "na", "n/a", "#n/a", "null", "none", "nan", "nil"];
/// What may stand before or after a number and is no part of it. The longer ones come first.
const DRESS: [&str; 32] = [
    "us dollars",
    "us dollar",
    "dollars",
    "carats",
    "carat",
    "us$",
    "usd",
    "eur",
    "gbp",
    "chf",
    "inr",
    "jpy",
    "cad",
    "aud",
    "cts.",
    "cts",
    "ct.",
    "ct",
    "mm.",
    "mm",
    "deg",
    "rs.",
    "rs",
    "$",
    "€",
    "£",
    "¥",
    "₹",
    "%",
    "°",
    "≈",
    "~",
];

/// The sign that parts whole numbers from fractions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Decimal {
    /// `1.02`, and `6,651.00`.
    Point,
    /// `1,02`, and `6.651,00`.
    Comma,
}

impl FromStr for Decimal {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.trim() {
            "." | "point" => Ok(Self::Point),
            "," | "comma" => Ok(Self::Comma),
            _ => Err("write . or ,".to_owned()),
        }
    }
}

impl Decimal {
    /// The sign itself.
    #[must_use]
    pub fn sign(self) -> char {
        match self {
            Self::Point => '.',
            Self::Comma => ',',
        }
    }

    /// The sign that may part thousands.
    #[must_use]
    pub fn thousands_sign(self) -> char {
        match self {
            Self::Point => ',',
            Self::Comma => '.',
        }
    }
}

/// Whether there is no value in `text`.
#[must_use]
pub fn is_missing(text: &str) -> bool {
    let text = text.trim();
    text.len() <= 4 && MISSING.iter().any(|word| word.eq_ignore_ascii_case(text))
}

/// The currency that `text` names, if it is another than the US dollar.
#[must_use]
pub fn foreign_currency(text: &str) -> Option<&'static str> {
    let signs = [('€', "EUR"), ('£', "GBP"), ('¥', "JPY"), ('₹', "INR")];
    let by_sign = signs.into_iter().find_map(|(sign, code)| text.contains(sign).then_some(code));
    by_sign.or_else(|| {
        // as words: `valeur` is no euro
        let lower = text.to_lowercase();
        lower.split(|sign: char| !sign.is_alphabetic()).find_map(|word| match word {
            "eur" | "euro" | "euros" => Some("EUR"),
            "gbp" => Some("GBP"),
            "chf" => Some("CHF"),
            "jpy" => Some("JPY"),
            "inr" | "rs" => Some("INR"),
            "cad" => Some("CAD"),
            "aud" => Some("AUD"),
            _ => None,
        })
    })
}

/// Digits, signs and marks of `text`, without currency, unit, spaces and apostrophes; `None` if there is anything else.
fn bare(text: &str) -> Option<Cow<'_, str>> {
    let text = text.trim();
    let is_of_number = |byte: &u8| byte.is_ascii_digit() || matches!(byte, b'.' | b',' | b'-' | b'+' | b'e' | b'E');
    if !text.is_empty() && text.as_bytes().iter().all(is_of_number) {
        return Some(Cow::Borrowed(text));
    }
    let lower = text.to_lowercase().replace('−', "-");
    let mut rest = lower.trim();
    let mut is_negative = false;
    if let Some(inside) = rest.strip_prefix('(').and_then(|rest| rest.strip_suffix(')')) {
        // as accountants write what is owed
        (rest, is_negative) = (inside.trim(), true);
    }
    loop {
        let before = rest;
        for dress in DRESS {
            rest = rest.strip_prefix(dress).unwrap_or(rest).trim_start();
            rest = rest.strip_suffix(dress).unwrap_or(rest).trim_end();
        }
        if rest == before {
            break;
        }
    }
    let digits: String =
        rest.chars().filter(|sign| !matches!(sign, ' ' | '\u{a0}' | '\u{202f}' | '\u{2009}' | '\'' | '’')).collect();
    let is_number = !digits.is_empty() && digits.bytes().all(|byte| is_of_number(&byte));
    is_number.then(|| Cow::Owned(if is_negative { format!("-{digits}") } else { digits }))
}

/// What the values of a column say about its marks.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct MarkCounts {
    /// Values that are numbers whatever the marks are.
    pub plain: u64,
    /// Values whose point can only be decimal, such as `1.02`.
    pub decimal_point: u64,
    /// Values whose comma can only be decimal, such as `1,02`.
    pub decimal_comma: u64,
    /// Values whose point may be either, such as `6.651`.
    pub either_point: u64,
    /// Values whose comma may be either, such as `6,651`.
    pub either_comma: u64,
    /// Values that are no numbers.
    pub others: u64,
}

impl MarkCounts {
    /// Counts a value that is not missing.
    pub fn count(&mut self, text: &str) {
        let Some(bare) = bare(text) else {
            self.others += 1;
            return;
        };
        let digits = bare.trim_start_matches(['-', '+']);
        let (points, commas) = (digits.matches('.').count(), digits.matches(',').count());
        let counter = match (points, commas) {
            (0, 0) => &mut self.plain,
            // both: the last one is decimal; several of one kind part thousands, so that the other one would be decimal
            (1.., 1..) if digits.rfind('.') > digits.rfind(',') => &mut self.decimal_point,
            (1.., 1..) | (2.., 0) => &mut self.decimal_comma,
            (1, 0) if parts_groups(digits, '.') => &mut self.either_point,
            (0, 1) if parts_groups(digits, ',') => &mut self.either_comma,
            (_, 0) | (0, 2..) => &mut self.decimal_point,
            (0, _) => &mut self.decimal_comma,
        };
        *counter += 1;
    }

    /// Number of values that are numbers.
    #[must_use]
    pub fn numbers(&self) -> u64 {
        self.plain + self.decimal_point + self.decimal_comma + self.either_point + self.either_comma
    }

    /// The decimal sign that the values prove; `None` if none of them proves any. Both are proved by a column that is mixed.
    #[must_use]
    pub fn proved(&self) -> (bool, bool) {
        (self.decimal_point > 0, self.decimal_comma > 0)
    }
}

/// Whether the only mark of `digits` may part thousands: three digits after it, one to three before, and no leading zero.
fn parts_groups(digits: &str, mark: char) -> bool {
    digits.split_once(mark).is_some_and(|(before, after)| {
        after.len() == 3
            && (1..=3).contains(&before.len())
            && !before.starts_with('0')
            && after.bytes().all(|byte| byte.is_ascii_digit())
    })
}

/// How the numbers of a column are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Marks {
    /// The decimal sign.
    pub decimal: Decimal,
    /// Whether a single mark with three digits after it parts thousands, also if it is the decimal sign.
    pub parts_thousands: bool,
}

impl Default for Marks {
    fn default() -> Self {
        Self { decimal: Decimal::Point, parts_thousands: false }
    }
}

impl Marks {
    /// The marks of a column with these counts. `decimal` is that of the file's other columns, or what the user says. `is_money` is
    /// for amounts: they have no three decimals, so that `6.651` and `6,651` are thousands, while a weight of `1,020` is not a ton.
    ///
    /// # Errors
    /// If the values prove both signs.
    pub fn decide(counts: &MarkCounts, decimal: Option<Decimal>, is_money: bool) -> Result<Self, BothMarks> {
        let found = match counts.proved() {
            (true, true) => return Err(BothMarks),
            (true, false) => Some(Decimal::Point),
            (false, true) => Some(Decimal::Comma),
            (false, false) => None,
        };
        if is_money {
            let of_thousands = match (counts.either_point > 0, counts.either_comma > 0) {
                (true, false) => Some(Decimal::Comma),
                (false, true) => Some(Decimal::Point),
                _ => None,
            };
            let decimal = found.or(of_thousands).or(decimal).unwrap_or(Decimal::Point);
            return Ok(Self { decimal, parts_thousands: true });
        }
        let by_values = match (counts.either_point > 0, counts.either_comma > 0) {
            (false, true) => Some(Decimal::Comma),
            (true, false) => Some(Decimal::Point),
            _ => None,
        };
        let decimal = found.or(by_values).or(decimal).unwrap_or(Decimal::Point);
        Ok(Self { decimal, parts_thousands: false })
    }

    /// The number that `text` stands for; `None` if it is none.
    #[must_use]
    pub fn read(&self, text: &str) -> Option<f64> {
        let bare = bare(text)?;
        if !bare.contains([',', '.']) {
            return bare.parse().ok().filter(|number: &f64| number.is_finite());
        }
        let digits = bare.trim_start_matches(['-', '+']);
        let mark =
            if digits.contains(self.decimal.sign()) { self.decimal.sign() } else { self.decimal.thousands_sign() };
        let is_single = digits.matches(['.', ',']).count() == 1;
        let is_of_thousands = is_single && self.parts_thousands && parts_groups(digits, mark);
        let thousands = self.decimal.thousands_sign();
        let plain: String = if is_of_thousands {
            bare.replace(mark, "")
        } else if is_single && mark == thousands {
            // a comma of decimals in a column of points is not thousands: `1,5`
            return None;
        } else {
            let (whole, fraction) = bare.rsplit_once(self.decimal.sign()).unwrap_or((&bare, ""));
            if fraction.contains(thousands) || !are_groups(whole.trim_start_matches(['-', '+']), thousands) {
                return None;
            }
            format!("{}.{fraction}", whole.replace(thousands, ""))
        };
        plain.parse().ok().filter(|number: &f64| number.is_finite())
    }
}

/// Whether the `mark`s in `whole` part groups of three digits, or of two as in India.
fn are_groups(whole: &str, mark: char) -> bool {
    let mut groups = whole.split(mark);
    let first = groups.next().unwrap_or_default();
    let rest: Vec<&str> = groups.collect();
    match rest.split_last() {
        None => true,
        Some((last, between)) => {
            (1..=3).contains(&first.len())
                && last.len() == 3
                && between.iter().all(|group| matches!(group.len(), 2 | 3))
        }
    }
}

/// The values of a column prove a decimal point and a decimal comma.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "some of its numbers have a decimal point and others a decimal comma: say which counts with --decimal . or --decimal ,"
)]
pub struct BothMarks;

/// A number that stands alone, without a column that tells its marks: `1.02`, `1,02`, `1.02 ct`, `$4,800`. Where it can be read in two
/// ways, an amount of money has no three decimals, and anything else no thousands.
///
/// # Errors
/// `None` if it is none.
#[must_use]
pub fn read_alone(text: &str, is_money: bool) -> Option<f64> {
    let mut counts = MarkCounts::default();
    counts.count(text);
    Marks::decide(&counts, None, is_money).ok()?.read(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn marks_of(values: &[&str], is_money: bool) -> Result<Marks, BothMarks> {
        let mut counts = MarkCounts::default();
        for value in values {
            counts.count(value);
        }
        Marks::decide(&counts, None, is_money)
    }

    #[test]
    fn one_number_in_every_dress() {
        for text in ["1.02", " 1.02 ", "1,02", "1.02 ct", "1.02ct", "1,02 Carat", "+1.02", "~1.02"] {
            assert_eq!(read_alone(text, false), Some(1.02), "{text}");
        }
        for text in [
            "6651",
            "$6,651",
            "$6,651.00 ",
            "6.651,00",
            "6.651 €",
            "USD 6651",
            "6 651",
            "6'651",
            "6\u{202f}651,00",
            "6,651",
        ] {
            assert_eq!(read_alone(text, true), Some(6_651.0), "{text}");
        }
        assert_eq!(read_alone("12,34,567", true), Some(1_234_567.0));
        assert_eq!(read_alone("(12.50)", true), Some(-12.5));
        assert_eq!(read_alone("61.8%", false), Some(61.8));
        assert_eq!(read_alone("1,020", false), Some(1.02), "no stone weighs a thousand carats");
        for text in ["", "Ideal", "1.2.3", "1,2,3", "6.5-6.6", "1e999", "VS2"] {
            assert_eq!(read_alone(text, false), None, "{text}");
        }
    }

    #[test]
    fn marks_are_decided_by_the_whole_column() {
        let european = marks_of(&["6.651", "784", "5.228"], true).expect("thousands");
        assert_eq!(
            (european.read("6.651"), european.read("784"), european.read("12,50")),
            (Some(6_651.0), Some(784.0), Some(12.5))
        );
        let american = marks_of(&["6,651", "784.50"], true).expect("thousands");
        assert_eq!((american.read("6,651"), american.read("784.50")), (Some(6_651.0), Some(784.5)));
        let weights = marks_of(&["1,02", "0,33", "1,020"], false).expect("decimals");
        assert_eq!((weights.read("1,020"), weights.read("1.5")), (Some(1.02), None));
        assert_eq!(marks_of(&["1.02", "1,03"], false), Err(BothMarks));
    }

    #[test]
    fn what_stands_for_nothing_is_missing() {
        for text in ["", "  ", "NA", "n/a", "NULL", "-", "–", "#N/A", "NaN"] {
            assert!(is_missing(text), "{text}");
        }
        assert!(!is_missing("0") && !is_missing("Ideal"));
        assert_eq!(["price (dollars)", "valeur", "US$ 5"].map(foreign_currency), [None; 3]);
        assert_eq!((foreign_currency("Rs. 5,70,000"), read_alone("₹ 5,70,000", true)), (Some("INR"), Some(570_000.0)));
        assert_eq!(
            (foreign_currency("6.651 €"), foreign_currency("price (EUR)"), foreign_currency("$5")),
            (Some("EUR"), Some("EUR"), None)
        );
    }
}
