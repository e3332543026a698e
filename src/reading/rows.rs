//! A record becomes the values of a sale.

use super::columns::{PlannedColumn, Reading};
use super::plan::ReadingPlan;
use super::target::Target;
use crate::diamond::number::is_missing;
use crate::diamond::{FIELD_COUNT, FIELDS, FieldValues, GradeReading, depth_percent_of};

/// Texts that are kept beside a sale: certificate, laboratory, stock number, day of the sale.
pub const TEXT_COUNT: usize = 4;
/// Longest text that is kept, in characters.
const LONGEST_TEXT: usize = 200;
/// Words for a round shape, in capitals and without spaces.
const ROUND: [&str; 11] =
    ["ROUND", "RD", "RB", "BR", "RBC", "RND", "R", "BRILLIANT", "ROUNDBRILLIANT", "ROUNDCUT", "ROUNDMODIFIEDBRILLIANT"];

/// Why a record cannot be a sale.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowProblem {
    /// Name of the column; `None` if it is the record as a whole.
    pub column: Option<&'static str>,
    /// What is wrong.
    pub reason: String,
}

/// A record that was read.
#[derive(Debug, Clone, PartialEq)]
pub struct ReadRow {
    /// The line at which it begins, from 1.
    pub line: u64,
    /// The values of the stone, in the order of [`FIELDS`].
    pub values: FieldValues,
    /// Its price, in US dollars.
    pub price_usd: Option<f64>,
    /// What is kept beside: see [`TEXT_COUNT`].
    pub texts: [Option<String>; TEXT_COUNT],
    /// Why it cannot be a sale; then the values are incomplete.
    pub problem: Option<RowProblem>,
}

/// A number in another unit, without the digits that come of binary fractions: 0.57 is 57 %.
fn scaled(number: f64, factor: f64) -> f64 {
    #[expect(clippy::float_cmp, reason = "no other unit")]
    if factor == 1.0 {
        return number;
    }
    (number * factor * 1e9).round() / 1e9
}

/// Whether `text` names a round shape.
#[must_use]
pub fn is_round(text: &str) -> bool {
    let plain: String =
        text.chars().filter(char::is_ascii_alphabetic).map(|letter| letter.to_ascii_uppercase()).collect();
    ROUND.contains(&plain.as_str())
}

/// Length, width and height in `text`, in millimetres: `6.45-6.51x4.01`, `6.45 * 6.51 * 4.01`, `6,45 x 6,51 x 4,01`.
#[must_use]
pub fn read_measurements(text: &str) -> Option<[f64; 3]> {
    let text = text.to_lowercase().replace("mm", "").replace(',', ".");
    let parts: Vec<f64> = text
        .split(['x', '*', '-', '–', '×', '/'])
        .map(str::trim)
        .filter(|part| !part.is_empty())
        .map(|part| part.parse().ok())
        .collect::<Option<_>>()?;
    match parts[..] {
        [x, y, z] if [x, y, z].iter().all(|length| *length > 0.0) => Some([x, y, z]),
        _ => None,
    }
}

impl ReadingPlan {
    /// Reads the record at `line`.
    #[must_use]
    pub fn read(&self, line: u64, cells: &[&str]) -> ReadRow {
        let mut row =
            ReadRow { line, values: [None; FIELD_COUNT], price_usd: None, texts: Default::default(), problem: None };
        for column in &self.columns {
            let cell = cells.get(column.place).map_or("", |cell| cell.trim());
            if is_missing(cell) {
                continue;
            }
            if let Err(problem) = Self::read_cell(column, cell, &mut row) {
                row.problem.get_or_insert(problem);
            }
        }
        if let (Some(per_carat), Some(carat)) = (self.per_carat(cells), row.values[0]) {
            // a price to the cent, as it would be written
            row.price_usd = Some((per_carat * carat * 100.0).round() / 100.0);
        }
        complete(&mut row.values);
        row
    }

    fn read_cell(column: &PlannedColumn, cell: &str, row: &mut ReadRow) -> Result<(), RowProblem> {
        let problem = |column, reason| RowProblem { column: Some(column), reason };
        match column.reading {
            Reading::Number { marks, factor } => {
                let name = column.target.name();
                let number = marks
                    .read(cell)
                    .map(|number| scaled(number, factor))
                    .ok_or_else(|| problem(name, format!("{name} is not a number")))?;
                match column.target {
                    Target::Field(place) => row.values[place] = Some(number),
                    Target::Price => row.price_usd = Some(number),
                    _ => {}
                }
            }
            Reading::Grade => {
                let Target::Field(place) = column.target else { return Ok(()) };
                let field = &FIELDS[place];
                match field.read_grade(cell) {
                    GradeReading::Grade(rank) | GradeReading::OtherName(rank, _) => {
                        row.values[place] = Some(rank.into());
                    }
                    GradeReading::NoCounterpart(why) => {
                        return Err(problem(
                            field.name,
                            format!("{} {cell:?} has no counterpart here: {why}", field.name),
                        ));
                    }
                    GradeReading::Unknown => {
                        let reason = format!("{} {cell:?} is no grade: write {}", field.name, field.choices());
                        return Err(problem(field.name, reason));
                    }
                }
            }
            Reading::Measurements { factor } => match read_measurements(cell) {
                Some(sizes) => {
                    for (value, size) in row.values[FIELD_COUNT - 3..].iter_mut().zip(sizes) {
                        *value = value.or(Some(scaled(size, factor)));
                    }
                }
                None => {
                    return Err(problem(
                        "x",
                        format!("measurements {cell:?} are not three lengths such as 6.45-6.51x4.01"),
                    ));
                }
            },
            Reading::Shape { any } => {
                if !any && !is_round(cell) {
                    let reason = format!("its shape is {cell}: models are of round stones (--any-shape takes it)");
                    return Err(RowProblem { column: None, reason });
                }
            }
            Reading::Text(place) => row.texts[place] = Some(cell.chars().take(LONGEST_TEXT).collect()),
            Reading::Day(place, order) => row.texts[place] = order.read(cell).map(|day| day.to_string()),
            Reading::PricePerCarat { .. } => {}
        }
        Ok(())
    }

    /// The price of a carat in a record, if that is what the file has.
    fn per_carat(&self, cells: &[&str]) -> Option<f64> {
        self.columns.iter().find_map(|column| {
            let Reading::PricePerCarat { marks, factor } = column.reading else { return None };
            marks.read(cells.get(column.place)?.trim()).map(|price| scaled(price, factor))
        })
    }
}

/// Fills in what follows from the others: depth from length, width and height, and height from depth.
pub fn complete(values: &mut FieldValues) {
    let [.., depth, _, x, y, z] = *values;
    match (depth, x, y, z) {
        (None, Some(x), Some(y), Some(z)) => {
            let found = (depth_percent_of(x, y, z) * 10.0).round() / 10.0;
            values[4] = (found > 0.0 && found <= 100.0).then_some(found);
        }
        (Some(depth), Some(x), Some(y), None) => values[8] = Some((depth * (x + y) / 2.0).round() / 100.0),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn measurements_come_in_one_cell() {
        for text in ["6.45-6.51x4.01", " 6.45* 6.51* 4.01", "6,45 x 6,51 x 4,01 mm", "6.45×6.51×4.01"] {
            assert_eq!(read_measurements(text), Some([6.45, 6.51, 4.01]), "{text}");
        }
        for text in ["6.45", "6.45x6.51", "a x b x c", "", "6.45x6.51x0"] {
            assert_eq!(read_measurements(text), None, "{text}");
        }
    }

    #[test]
    fn what_follows_from_others_is_filled_in_and_nothing_else() {
        let mut values = [None; FIELD_COUNT];
        (values[6], values[7], values[8]) = (Some(6.45), Some(6.51), Some(4.01));
        complete(&mut values);
        assert_eq!((values[4], values[5]), (Some(61.9), None));
        (values[4], values[8]) = (Some(61.9), None);
        complete(&mut values);
        assert_eq!(values[8], Some(4.01));
    }

    #[test]
    fn shapes_that_are_round() {
        assert!(["Round", "RB", "BR   ", "round brilliant"].iter().all(|text| is_round(text)));
        assert!(!["Pear", "Oval", "Princess", "cushion"].iter().any(|text| is_round(text)));
    }
}
