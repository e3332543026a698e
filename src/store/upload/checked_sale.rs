//! Reads the fields of a row as numbers and grades, and finds the first mistake in it.
//!
//! Grades match whatever their case and surrounding space. Values that no diamond has are refused: they are mistakes of typing
//! or of units, and would spoil every model.

use super::{COLUMN_COUNT, PRICE};
use crate::diamond::{FIELDS, Field, FieldKind, FieldValues};
use crate::reading::complete;

const MISSING: &str = "is missing";
const NOT_A_NUMBER: &str = "is not a number";
const NOT_A_GRADE: &str = "is not a known grade";
/// Greatest price that is accepted, in US dollars.
const MAX_PRICE_USD: f64 = 1e9;

/// A row that can be a sale.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(in crate::store) struct CheckedSale {
    /// The stone's values, in the order of [`FIELDS`].
    pub values: FieldValues,
    /// The price it fetched, in US dollars.
    pub price_usd: f64,
}

/// The first mistake in a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::store) struct RowDefect {
    /// Name of the column.
    pub column: &'static str,
    /// What is wrong, including the name of the column.
    pub reason: String,
    /// Whether no number or grade can be read from the text: it may be written in another way.
    pub is_unreadable: bool,
}

impl CheckedSale {
    /// Reads `fields`, which are in the order of [`column_names`](super::column_names).
    ///
    /// # Errors
    /// The first mistake.
    pub fn read(fields: &[Option<&str>; COLUMN_COUNT]) -> Result<Self, RowDefect> {
        let mut values = FieldValues::default();
        for ((value, field), text) in values.iter_mut().zip(&FIELDS).zip(fields) {
            let text = text.filter(|text| !text.trim().is_empty());
            if text.is_some() || field.required {
                *value = Some(read_value(field, text).map_err(|problem| defect(field.name, &problem))?);
            }
        }
        let price = read_number(fields[COLUMN_COUNT - 1], MAX_PRICE_USD).map_err(|problem| defect(PRICE, &problem))?;
        complete(&mut values);
        Ok(Self { values, price_usd: price })
    }

    /// The sale of values that are read already.
    ///
    /// # Errors
    /// The first mistake.
    pub fn of_values(values: FieldValues, price_usd: Option<f64>) -> Result<Self, RowDefect> {
        for (value, field) in values.iter().zip(&FIELDS) {
            match (value, &field.kind) {
                (None, _) if field.required => return Err(defect(field.name, MISSING)),
                (Some(number), FieldKind::Number { legal, .. }) => {
                    check_number(*number, legal.1).map_err(|problem| defect(field.name, &problem))?;
                }
                _ => {}
            }
        }
        let price_usd = price_usd.ok_or_else(|| defect(PRICE, MISSING))?;
        check_number(price_usd, MAX_PRICE_USD).map_err(|problem| defect(PRICE, &problem))?;
        Ok(Self { values, price_usd })
    }
}

fn defect(column: &'static str, problem: &str) -> RowDefect {
    let is_unreadable = matches!(problem, NOT_A_NUMBER | NOT_A_GRADE);
    RowDefect { column, reason: format!("{column} {problem}"), is_unreadable }
}

fn read_value(field: &Field, text: Option<&str>) -> Result<f64, String> {
    match field.kind {
        FieldKind::Number { legal, .. } => read_number(text, legal.1),
        FieldKind::Grade { .. } => match text {
            None => Err(MISSING.to_owned()),
            Some(text) => field.rank_of(text).map(f64::from).ok_or_else(|| NOT_A_GRADE.to_owned()),
        },
    }
}

/// A number above 0 and up to `most`.
fn read_number(text: Option<&str>, most: f64) -> Result<f64, String> {
    let text = text.map(str::trim).unwrap_or_default();
    match text.parse::<f64>() {
        _ if text.is_empty() => Err(MISSING.to_owned()),
        Err(_) => Err(NOT_A_NUMBER.to_owned()),
        Ok(number) => check_number(number, most).map(|()| number),
    }
}

fn check_number(number: f64, most: f64) -> Result<(), String> {
    if !number.is_finite() {
        Err("is not a finite number".to_owned())
    } else if number <= 0.0 {
        Err("is not above 0".to_owned())
    } else if number > most {
        Err(format!("is far out: beyond {most}"))
    } else {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_thing_that_is_wrong_is_named_with_its_column() {
        const PRICE_PLACE: usize = COLUMN_COUNT - 1;
        let good = ["1.1", " ideal ", "h", "SI2", "62", "55", "6.61", "6.65", "4.11"].map(Some);
        let read = |place: usize, text: &'static str| {
            let mut fields = [None; COLUMN_COUNT];
            fields[..good.len()].copy_from_slice(&good);
            fields[PRICE_PLACE] = Some("4733");
            fields[place] = Some(text);
            CheckedSale::read(&fields).map_err(|defect| defect.reason)
        };
        let sale = read(0, "1.2").expect("a sale");
        assert_eq!((sale.values[0], sale.values[1], sale.price_usd), (Some(1.2), Some(4.0), 4_733.0));
        for (place, text, reason) in [
            (0, "", "carat is missing"),
            (1, "Great", "cut is not a known grade"),
            (4, "0", "depth is not above 0"),
            (5, "inf", "table is not a finite number"),
            (6, "6,61", "x is not a number"),
            (8, "1e300", "z is far out: beyond 200"),
            (PRICE_PLACE, "-1", "price is not above 0"),
        ] {
            assert_eq!(read(place, text), Err(reason.to_owned()));
        }
    }
}
