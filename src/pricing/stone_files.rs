//! Files of stones: each row is priced in its place, and the answer has the columns of the file and those that are added.

use std::io::{self, Seek, Write};

use rust_xlsxwriter::Workbook;
use serde_json::{Map, Value, json};

use super::Prediction;
use crate::diamond::{DescribedStone, FIELDS, FieldError, StoneDescription};
use crate::reading::table::Table;
use crate::reading::{ReadRow, ReadingError, ReadingPlan};
use crate::text::to_the_cent;

/// Columns that are added to those of the file.
pub const ADDED: [&str; 6] = ["price_usd", "low_usd", "high_usd", "model", "prediction", "warnings"];

/// The price of a stone, or why there is none.
pub type StoneAnswer = Result<Prediction, String>;

/// How many stones of a file have got a price.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PricedCount {
    /// Stones with a price.
    pub priced: i64,
    /// Rows without one, each with its reason.
    pub left: i64,
}

/// Bytes of a file from which on no further row is added to those that are priced together: notes in a row may be long.
pub const FULL_BYTES: usize = 8 << 20;

/// Reads the rows of `table`, has their stones priced by `price`, `at_a_time` at the most, and passes each row's cells and answer to
/// `write`, in their order.
///
/// # Errors
/// If the file cannot be read, as `unreadable` tells it; or what `price` or `write` return.
pub fn price_rows<E>(
    table: &Table,
    plan: &ReadingPlan,
    at_a_time: usize,
    unreadable: impl Fn(&ReadingError) -> E,
    mut price: impl FnMut(Vec<DescribedStone>) -> Result<Vec<StoneAnswer>, E>,
    mut write: impl FnMut(&[String], &StoneAnswer) -> Result<(), E>,
) -> Result<PricedCount, E> {
    let mut counted = PricedCount::default();
    let mut rows: Vec<(Vec<String>, Result<StoneDescription, String>)> = Vec::new();
    let mut bytes = 0;
    let mut answer = |rows: &mut Vec<(Vec<String>, Result<StoneDescription, String>)>| {
        let described = rows.iter().filter_map(|(_, stone)| Some((*stone.as_ref().ok()?, Vec::new())));
        let stones: Vec<DescribedStone> = described.collect();
        let mut answers = if stones.is_empty() { Vec::new() } else { price(stones)? }.into_iter();
        for (cells, stone) in rows.drain(..) {
            let answer = stone.and_then(|_| answers.next().unwrap_or_else(|| Err("there is no answer".to_owned())));
            counted.priced += i64::from(answer.is_ok());
            counted.left += i64::from(answer.is_err());
            write(&cells, &answer)?;
        }
        Ok(())
    };
    let mut failure = None;
    let read = plan.for_each_row(table, &mut |row, record| {
        let cells: Vec<String> = record.cells.iter().map(|cell| cell.trim().to_owned()).collect();
        bytes += cells.iter().map(String::len).sum::<usize>();
        rows.push((cells, stone_of_row(row)));
        if rows.len() < at_a_time && bytes < FULL_BYTES {
            return Ok(());
        }
        bytes = 0;
        answer(&mut rows).map_err(|error| {
            failure = Some(error);
            ReadingError::interrupted()
        })
    });
    if let Some(error) = failure {
        return Err(error);
    }
    read.map_err(|error| unreadable(&error))?;
    answer(&mut rows)?;
    Ok(counted)
}

/// The stone of a row that was read for its stones.
///
/// # Errors
/// Why it is none, in words.
pub fn stone_of_row(row: ReadRow) -> Result<StoneDescription, String> {
    if let Some(problem) = row.problem {
        return Err(problem.reason);
    }
    // the rules for stones that are asked for, not those for sales
    let fields: Map<String, Value> = FIELDS
        .iter()
        .zip(row.values)
        .filter_map(|(field, value)| {
            let value = value?;
            let value = if field.is_number() { Value::from(value) } else { Value::from(field.grade_name(value)?) };
            Some((field.name.to_owned(), value))
        })
        .collect();
    StoneDescription::from_fields(&fields, &[]).map_err(|errors| FieldError::in_words(&errors))
}

/// The columns of the answer: those of the file, and [`ADDED`], by names that the file does not have.
#[must_use]
pub fn answer_header(given: &[String]) -> Vec<String> {
    let mut header = given.to_vec();
    for name in ADDED {
        let is_taken = header.iter().any(|other| other.eq_ignore_ascii_case(name));
        header.push(if is_taken { format!("predicted_{name}") } else { name.to_owned() });
    }
    header
}

/// The values of [`ADDED`].
#[must_use]
pub fn added_values(answer: &StoneAnswer) -> [Value; ADDED.len()] {
    match answer {
        Ok(Prediction { id, quote }) => {
            let doubts = quote.unreliable_because.iter().map(|doubt| format!("not reliable: {doubt}"));
            let warnings: Vec<String> = doubts.chain(quote.warnings.iter().cloned()).collect();
            let bound = |value: Option<f64>| value.map_or(Value::Null, |value| json!(to_the_cent(value)));
            [
                json!(quote.price_usd),
                bound(quote.range_usd.map(|range| range.low)),
                bound(quote.range_usd.map(|range| range.high)),
                json!(quote.model.id),
                json!(id.to_string()),
                json!(warnings.join("; ")),
            ]
        }
        Err(reason) => {
            [Value::Null, Value::Null, Value::Null, Value::Null, Value::Null, json!(format!("not priced: {reason}"))]
        }
    }
}

/// Writes the answer to a file as CSV.
pub struct CsvAnswer<W: Write> {
    writer: csv::Writer<W>,
    /// Columns of the file.
    columns: usize,
}

impl<W: Write> CsvAnswer<W> {
    /// Writes the header of the answer to a file with the columns `given`.
    ///
    /// # Errors
    /// If `output` fails.
    pub fn new(output: W, given: &[String]) -> io::Result<Self> {
        let mut writer = csv::Writer::from_writer(output);
        writer.write_record(answer_header(given))?;
        Ok(Self { writer, columns: given.len() })
    }

    /// Writes one row: its own `cells`, and what is added.
    ///
    /// # Errors
    /// If the output fails.
    pub fn write(&mut self, cells: &[String], answer: &StoneAnswer) -> io::Result<()> {
        self.write_values(cells, added_values(answer))
    }

    /// Writes one row: its own `cells`, and the values of [`ADDED`].
    ///
    /// # Errors
    /// If the output fails.
    pub fn write_values(&mut self, cells: &[String], added: [Value; ADDED.len()]) -> io::Result<()> {
        let own = (0..self.columns).map(|column| cells.get(column).cloned().unwrap_or_default());
        let added = added.into_iter().map(|value| match value {
            Value::Null => String::new(),
            Value::String(text) => text,
            other => other.to_string(),
        });
        Ok(self.writer.write_record(own.chain(added))?)
    }

    /// Writes what waits.
    ///
    /// # Errors
    /// If the output fails.
    pub fn finish(mut self) -> io::Result<()> {
        self.writer.flush()
    }
}

/// Most rows of a sheet, with its header.
const MAX_SHEET_ROWS: u32 = 1 << 20;

/// Collects the answer to a file as a workbook.
pub struct WorkbookAnswer {
    workbook: Box<Workbook>,
    /// Columns of the file.
    columns: usize,
    /// The row that was written last; 0 is the header.
    row: u32,
}

impl WorkbookAnswer {
    /// Begins the answer to a file with the columns `given`.
    ///
    /// # Errors
    /// If there are more columns than a sheet has.
    pub fn new(given: &[String]) -> io::Result<Self> {
        let mut workbook = Box::new(Workbook::new());
        let sheet = workbook.add_worksheet();
        for (column, name) in (0..).zip(answer_header(given)) {
            sheet.write_string(0, column, name).map_err(io::Error::other)?;
        }
        Ok(Self { workbook, columns: given.len(), row: 0 })
    }

    /// Adds one row: its own `cells`, numbers as numbers, and the values of [`ADDED`].
    ///
    /// # Errors
    /// If the sheet is full.
    pub fn write_values(&mut self, cells: &[String], added: &[Value; ADDED.len()]) -> io::Result<()> {
        self.row += 1;
        if self.row == MAX_SHEET_ROWS {
            return Err(io::Error::other("a sheet has 1,048,576 rows at most: write CSV or Parquet"));
        }
        let sheet = self.workbook.worksheet_from_index(0).map_err(io::Error::other)?;
        for (column, cell) in (0..).zip(cells.iter().take(self.columns)) {
            match cell.parse::<f64>() {
                Ok(number) if number.is_finite() => sheet.write_number(self.row, column, number),
                _ => sheet.write_string(self.row, column, cell),
            }
            .map_err(io::Error::other)?;
        }
        let first = u16::try_from(self.columns).unwrap_or(u16::MAX);
        for (column, value) in (first..).zip(added) {
            match (value.as_f64(), value.as_str()) {
                (Some(number), _) => drop(sheet.write_number(self.row, column, number).map_err(io::Error::other)?),
                (None, Some(text)) => drop(sheet.write_string(self.row, column, text).map_err(io::Error::other)?),
                (None, None) => {}
            }
        }
        Ok(())
    }

    /// Writes the workbook to `output`.
    ///
    /// # Errors
    /// If that fails.
    pub fn save(mut self, output: impl Write + Seek + Send) -> io::Result<()> {
        self.workbook.save_to_writer(output).map_err(io::Error::other)
    }
}

#[cfg(test)]
mod tests {

    use super::*;
    use crate::reading::{Purpose, ReadingOptions};

    #[test]
    fn rows_with_long_notes_are_priced_few_at_a_time() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut file = tempfile::tempfile_in(folder.path()).expect("a file");
        let note = "n".repeat(1 << 20);
        writeln!(file, "carat,cut,color,clarity,note").expect("written");
        for _ in 0..20 {
            writeln!(file, "1.1,Ideal,H,SI2,{note}").expect("written");
        }
        file.rewind().expect("a file");
        let table = Table::open(file, folder.path()).expect("a table").expect("text");
        let plan = ReadingPlan::new(&table, &ReadingOptions::default(), Purpose::Stones).expect("a plan");
        let (mut sizes, mut written) = (Vec::new(), 0);
        let counted = price_rows(
            &table,
            &plan,
            1_000,
            ToString::to_string,
            |stones| {
                sizes.push(stones.len());
                Ok(stones.iter().map(|_| Err("no model".to_owned())).collect())
            },
            |cells, _| {
                written += usize::from(cells[4] == note);
                Ok(())
            },
        );
        assert_eq!(counted, Ok(PricedCount { priced: 0, left: 20 }));
        assert_eq!((sizes, written), (vec![8, 8, 4], 20));
    }
}
