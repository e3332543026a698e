//! Numbers and errors as people write them, for pages, tables and logs; in the language of the reader, which is English but on pages.

use std::error::Error;

use serde_json::{Map, Value};

use crate::words::Language;

/// The text with control characters escaped: input from strangers must not control the terminal.
#[must_use]
pub fn escape_control_chars(text: &str) -> String {
    text.chars().fold(String::with_capacity(text.len()), |mut shown, character| {
        if character.is_control() && character != '\n' && character != '\t' {
            shown.extend(character.escape_default());
        } else {
            shown.push(character);
        }
        shown
    })
}

/// A sum in dollars, rounded to the cent.
#[must_use]
pub fn to_the_cent(amount_usd: f64) -> f64 {
    (amount_usd * 100.0).round() / 100.0
}

/// A sum in dollars with thousands parted, to the dollar: `$4,733`.
#[must_use]
pub fn dollars(amount_usd: f64) -> String {
    dollars_to(amount_usd, 0)
}

/// A difference in dollars with its sign, to the dollar: `+$1,204`, `−$212`, `$0`.
#[must_use]
pub fn signed_dollars(amount_usd: f64) -> String {
    let text = dollars(amount_usd);
    if amount_usd > 0.0 && text != dollars(0.0) { format!("+{text}") } else { text }
}

/// The text, in which no line ends between a minus and its dollars.
#[must_use]
pub fn unbroken(text: &str) -> String {
    text.replace("−$", "−\u{2060}$")
}

/// A sum in dollars with thousands parted, to the cent: `$1,268.85`, `−$268.85`.
#[must_use]
pub fn dollars_and_cents(amount_usd: f64) -> String {
    dollars_to(amount_usd, 2)
}

/// A sum in dollars with thousands parted and so many decimals.
#[must_use]
pub fn dollars_to(amount_usd: f64, decimals: usize) -> String {
    let (sign, digits) = sign_and_digits(amount_usd, decimals);
    match Language::of_reader() {
        Language::English => format!("{sign}${digits}"),
        Language::Italian => format!("{sign}{digits}\u{a0}$"),
    }
}

/// A share as percent: 0.0812 to one decimal is `8.1 %`.
#[must_use]
pub fn percent(share: f64, decimals: usize) -> String {
    let (sign, digits) = sign_and_digits(share * 100.0, decimals);
    format!("{sign}{digits} %")
}

/// A change as percent with its sign, to one decimal: `+8.1 %`, `−0.4 %`, `0.0 %`.
#[must_use]
pub fn signed_percent(share: f64) -> String {
    let text = percent(share, 1);
    if share > 0.0 && text != percent(0.0, 1) { format!("+{text}") } else { text }
}

/// A number for places with little room: `0.25`, `9,000`, `20k`, `1.5M`.
#[must_use]
pub fn short_number(value: f64, decimals: usize) -> String {
    let is_multiple_of = |unit: f64| value % unit == 0.0;
    if value.abs() >= 1e6 && is_multiple_of(1e5) {
        in_figures_of_reader(&format!("{}M", value / 1e6))
    } else if value.abs() >= 1e4 && is_multiple_of(1e3) {
        in_figures_of_reader(&format!("{}k", value / 1e3))
    } else {
        let (sign, digits) = sign_and_digits(value, decimals);
        format!("{sign}{digits}")
    }
}

/// A number as it is, such as `1.02`, with the decimal sign of the reader.
#[must_use]
pub fn plain(number: f64) -> String {
    in_figures_of_reader(&number.to_string())
}

/// A number with so many decimals, such as `1.10`, with the decimal sign of the reader.
#[must_use]
pub fn decimals(number: f64, decimals: usize) -> String {
    in_figures_of_reader(&format!("{number:.decimals$}"))
}

/// What stands for a measure of a stone: `write` of it, or a dash if it was not told.
fn told(measure: f64, write: impl Fn(f64) -> String) -> String {
    if measure.is_nan() { "–".to_owned() } else { write(measure) }
}

/// A measure of a stone with so many decimals and its unit, such as `61.5 %`; a dash if it was not told.
#[must_use]
pub fn measure(measure: f64, places: usize, unit: &str) -> String {
    told(measure, |measure| format!("{} {unit}", decimals(measure, places)))
}

/// A measure of a stone as it is and its unit, such as `57 %` or `57.5 %`; a dash if it was not told.
#[must_use]
pub fn plain_measure(measure: f64, unit: &str) -> String {
    told(measure, |measure| format!("{} {unit}", plain(measure)))
}

/// Length, width and height in millimetres, such as `6.45 × 6.51 × 4.01 mm`, as far as they were told; a dash if none was.
#[must_use]
pub fn sizes(sizes_mm: &[f64; 3]) -> String {
    if sizes_mm.iter().all(|size| size.is_nan()) {
        return told(f64::NAN, plain);
    }
    format!("{} mm", sizes_mm.map(|size| told(size, |size| decimals(size, 2))).join(" × "))
}

/// A number that is written already, such as `1.02`, with the decimal sign of the reader.
#[must_use]
pub fn in_figures_of_reader(number: &str) -> String {
    let (_, decimal) = Language::of_reader().number_signs();
    if decimal == '.' { number.to_owned() } else { number.replace('.', &decimal.to_string()) }
}

/// A count with thousands parted: `54,000`.
#[must_use]
pub fn count(number: i64) -> String {
    let sign = if number < 0 { MINUS } else { "" };
    format!("{sign}{}", part_thousands(&number.unsigned_abs().to_string()))
}

/// A duration, in a unit that keeps the number short: `320 µs`, `4.7 ms`, `2.50 s`.
#[must_use]
pub fn elapsed(elapsed_us: i64) -> String {
    // exact up to 285 years
    #[expect(clippy::cast_precision_loss, reason = "for reading")]
    let us = elapsed_us as f64;
    if us < 1e3 {
        format!("{us:.0} µs")
    } else if us < 1e6 {
        in_figures_of_reader(&format!("{:.1} ms", us / 1e3))
    } else {
        in_figures_of_reader(&format!("{:.2} s", us / 1e6))
    }
}

/// An error and its causes, in one line.
#[must_use]
pub fn with_causes(error: &dyn Error) -> String {
    let causes = std::iter::successors(error.source(), |cause| (*cause).source());
    causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}

/// Settings as lines of name and value; nested ones are flattened.
#[must_use]
pub fn settings(map: &Map<String, Value>) -> Vec<(String, String)> {
    map.iter()
        .flat_map(|(name, value)| match value {
            Value::Object(inner) => settings(inner),
            Value::String(text) => vec![(name.clone(), text.clone())],
            value => vec![(name.clone(), value.to_string())],
        })
        .collect()
}

/// A minus as printers set it.
const MINUS: &str = "−";

/// The sign of a number at so many decimals, and its digits with thousands parted. A number that is shown as zero has no sign.
fn sign_and_digits(number: f64, decimals: usize) -> (&'static str, String) {
    let digits = format!("{:.decimals$}", number.abs());
    let is_zero = digits.bytes().all(|byte| matches!(byte, b'0' | b'.'));
    let sign = if number < 0.0 && !is_zero { MINUS } else { "" };
    let (whole, fraction) = digits.split_at(digits.find('.').unwrap_or(digits.len()));
    (sign, part_thousands(whole) + &in_figures_of_reader(fraction))
}

fn part_thousands(digits: &str) -> String {
    let (thousands, _) = Language::of_reader().number_signs();
    let mut parted = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            parted.push(thousands);
        }
        parted.push(digit);
    }
    parted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_not_told_is_a_dash() {
        assert_eq!((measure(61.46, 1, "%"), measure(f64::NAN, 1, "%")), ("61.5 %".to_owned(), "–".to_owned()));
        assert_eq!([57.0, 57.5, f64::NAN].map(|table| plain_measure(table, "%")), ["57 %", "57.5 %", "–"]);
        assert_eq!(sizes(&[6.45, 6.5, f64::NAN]), "6.45 × 6.50 × – mm");
        assert_eq!(sizes(&[f64::NAN; 3]), "–");
    }

    #[test]
    fn thousands_are_parted() {
        assert_eq!(dollars(0.4), "$0");
        assert_eq!(dollars(999.5), "$1,000");
        assert_eq!(dollars(1_234_567.0), "$1,234,567");
        assert_eq!(dollars(-212.3), "−$212");
        assert_eq!([1_204.3, -212.3, 0.2, -0.2].map(signed_dollars), ["+$1,204", "−$212", "$0", "$0"]);
        assert_eq!(count(54_000), "54,000");
        assert_eq!(
            [-268.849, -0.001, 0.001, 1_268.5].map(dollars_and_cents),
            ["−$268.85", "$0.00", "$0.00", "$1,268.50"]
        );
    }

    #[test]
    fn shares_are_shown_as_percent_without_a_signed_zero() {
        assert_eq!([percent(0.081_2, 1), percent(0.9, 0), percent(-0.000_1, 1)], ["8.1 %", "90 %", "0.0 %"]);
        assert_eq!([0.081_2, -0.004, -0.000_1, 0.000_1].map(signed_percent), ["+8.1 %", "−0.4 %", "0.0 %", "0.0 %"]);
    }

    #[test]
    fn numbers_are_short_where_there_is_little_room() {
        let short = [(0.2, 1), (4.0, 0), (9_000.0, 0), (20_000.0, 0), (12_500.0, 0), (1_500_000.0, 0)]
            .map(|(value, decimals)| short_number(value, decimals));
        assert_eq!(short, ["0.2", "4", "9,000", "20k", "12,500", "1.5M"]);
    }

    #[test]
    fn times_taken_are_short_numbers() {
        assert_eq!([0, 999, 1_000, 4_730, 2_500_000].map(elapsed), ["0 µs", "999 µs", "1.0 ms", "4.7 ms", "2.50 s"]);
    }

    #[test]
    fn numbers_are_written_as_their_reader_writes_them() {
        let written = Language::Italian.write(|| {
            [dollars(4_733.4), signed_dollars(-212.0), percent(0.0812, 1), count(54_000), dollars_and_cents(1_268.85)]
        });
        assert_eq!(written, ["4.733\u{a0}$", "−212\u{a0}$", "8,1 %", "54.000", "1.268,85\u{a0}$"]);
        assert_eq!(Language::Italian.write(|| signed_dollars(0.2)), "0\u{a0}$");
    }
}
