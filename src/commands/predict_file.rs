//! `diamonds predict FILE`: the price of every stone in a file.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;
use std::time::Duration;

use indicatif::ProgressBar;
use rust_xlsxwriter::{Workbook, XlsxError};
use serde_json::{Map, Value, json};
use tempfile::NamedTempFile;

use super::CommandError;
use super::console::Console;
use super::tables::open_table;
use crate::control::{Access, FileAccess, PredictMany};
use crate::diamond::StoneDescription;
use crate::files::folder_of;
use crate::pricing::Prediction;
use crate::reading::{Purpose, ReadRow, ReadingError, ReadingOptions, ReadingPlan};
use crate::store::csv_to_parquet;
use crate::text::{count, to_the_cent};

/// Stones that are priced at a time.
const CHUNK: usize = 20_000;
/// Columns that are added to those of the file.
const ADDED: [&str; 6] = ["price_usd", "low_usd", "high_usd", "model", "prediction", "warnings"];
/// Most rows of a sheet, with its header.
const MAX_SHEET_ROWS: u32 = 1 << 20;

/// The form of the answer, by the ending of its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Csv,
    Workbook,
    JsonLines,
    Parquet,
}

impl Form {
    fn of(path: &Path) -> Option<Self> {
        match path.extension()?.to_str()?.to_ascii_lowercase().as_str() {
            "csv" => Some(Self::Csv),
            "xlsx" => Some(Self::Workbook),
            "jsonl" | "ndjson" | "json" => Some(Self::JsonLines),
            "parquet" => Some(Self::Parquet),
            _ => None,
        }
    }
}

/// What to price, and where the answer goes.
pub struct Task<'a> {
    pub file: &'a Path,
    /// Standard output if absent.
    pub out: Option<&'a Path>,
    pub model: Option<&'a str>,
    pub options: ReadingOptions,
}

/// Prices every stone of a file: the same order, the same columns, and [`ADDED`].
///
/// # Errors
/// If the file cannot be read or there is no model; then nothing is written.
pub fn run(task: &Task<'_>, database: &Path, console: &Console) -> Result<(), CommandError> {
    let bad = |error: &ReadingError| CommandError::BadTable {
        name: task.file.display().to_string(),
        problem: error.to_string(),
    };
    let form = match task.out {
        None => Form::Csv,
        Some(out) if out.exists() => return Err(CommandError::FileExists { path: out.to_owned() }),
        Some(out) => Form::of(out).ok_or_else(|| CommandError::TableName { path: out.to_owned() })?,
    };
    let folder = tempfile::tempdir()?;
    let table = open_table(task.file, &folder)?;
    let plan = ReadingPlan::new(&table, &task.options, Purpose::Stones).map_err(|error| bad(&error))?;
    for note in &plan.report.notes {
        console.hint(&format!("read: {note}"));
    }
    let mut access = FileAccess::open(database, Access::Write)?;
    let header = header_of(plan.header());
    let part = match task.out {
        Some(out) => Some(NamedTempFile::new_in(folder_of(out))?),
        None => None,
    };
    let mut writer = Writer::new(form, header, part.as_ref())?;
    let progress =
        if console.shows_progress() && task.out.is_some() { ProgressBar::new_spinner() } else { ProgressBar::hidden() };
    progress.enable_steady_tick(Duration::from_millis(200));
    let (mut priced, mut left) = (0_i64, 0_i64);
    let mut chunk: Vec<(Vec<String>, Result<StoneDescription, String>)> = Vec::with_capacity(CHUNK);
    let mut failure = None;
    let mut price = |chunk: &mut Vec<(Vec<String>, Result<StoneDescription, String>)>| -> Result<(), CommandError> {
        let stones: Vec<StoneDescription> =
            chunk.iter().filter_map(|(_, stone)| stone.as_ref().ok().copied()).collect();
        let mut answers = if stones.is_empty() {
            Vec::new().into_iter()
        } else {
            access.run(PredictMany { stones, model: task.model.map(str::to_owned) })?.into_iter()
        };
        for (cells, stone) in chunk.drain(..) {
            let answer = match stone {
                Ok(_) => answers.next().unwrap_or_else(|| Err("there is no answer".to_owned())),
                Err(reason) => Err(reason),
            };
            priced += i64::from(answer.is_ok());
            left += i64::from(answer.is_err());
            writer.write(&cells, &answer)?;
        }
        progress.set_message(format!("{} stones", count(priced + left)));
        Ok(())
    };
    let read = plan.for_each_row(&table, &mut |row, record| {
        let cells = record.cells.iter().map(|cell| cell.trim().to_owned()).collect();
        chunk.push((cells, stone_of(row)));
        if chunk.len() < CHUNK {
            return Ok(());
        }
        price(&mut chunk).map_err(|error| {
            failure = Some(error);
            ReadingError::interrupted()
        })
    });
    if let Some(error) = failure {
        return Err(error);
    }
    read.map_err(|error| bad(&error))?;
    price(&mut chunk)?;
    writer.finish()?;
    progress.finish_and_clear();
    let Some(out) = task.out else { return Ok(()) };
    if let Some(part) = part {
        let path = part.into_temp_path();
        if form == Form::Parquet {
            let converted = NamedTempFile::new_in(folder_of(out))?.into_temp_path();
            csv_to_parquet(&path, &converted)?;
            converted.persist_noclobber(out).map_err(|error| error.error)?;
        } else {
            path.persist_noclobber(out).map_err(|error| error.error)?;
        }
    }
    console.print(&json!({ "file": out, "priced": priced, "left": left }), |_| {
        let rest = if left > 0 { format!("; {} are not, each with its reason", count(left)) } else { String::new() };
        format!("{}: {} stones are priced{rest}", out.display(), count(priced))
    })?;
    Ok(())
}

/// The stone of a row, or why it is none.
fn stone_of(row: ReadRow) -> Result<StoneDescription, String> {
    if let Some(problem) = row.problem {
        return Err(problem.reason);
    }
    // the rules for stones that are asked for, not those for sales
    let fields: Map<String, Value> = crate::diamond::FIELDS
        .iter()
        .zip(row.values)
        .filter_map(|(field, value)| {
            let value = value?;
            let value = if field.is_number() { Value::from(value) } else { Value::from(field.grade_name(value)?) };
            Some((field.name.to_owned(), value))
        })
        .collect();
    StoneDescription::from_fields(&fields, &[]).map_err(|errors| {
        errors.iter().map(|error| format!("{} {}", error.field, error.message)).collect::<Vec<_>>().join("; ")
    })
}

/// The columns of the answer: those of the file, and those that are added, by names that the file does not have.
fn header_of(given: &[String]) -> Vec<String> {
    let mut header = given.to_vec();
    for name in ADDED {
        let taken = |name: &str| header.iter().any(|other| other.eq_ignore_ascii_case(name));
        let free = if taken(name) { format!("predicted_{name}") } else { name.to_owned() };
        header.push(free);
    }
    header
}

/// Writes the rows of the answer.
enum Writer {
    Lines(Box<csv::Writer<Box<dyn Write>>>, usize),
    Objects(BufWriter<File>, Vec<String>),
    Sheet { workbook: Box<Workbook>, columns: usize, row: u32, file: File },
}

impl Writer {
    fn new(form: Form, header: Vec<String>, part: Option<&NamedTempFile>) -> Result<Self, CommandError> {
        let file = part.map(NamedTempFile::reopen).transpose()?;
        Ok(match (form, file) {
            (Form::JsonLines, Some(file)) => Self::Objects(BufWriter::new(file), header),
            (Form::Workbook, Some(file)) => {
                let mut workbook = Box::new(Workbook::new());
                let sheet = workbook.add_worksheet();
                for (column, name) in (0..).zip(&header) {
                    sheet.write_string(0, column, name).map_err(failed)?;
                }
                Self::Sheet { workbook, columns: header.len() - ADDED.len(), row: 0, file }
            }
            (_, file) => {
                let output: Box<dyn Write> = match file {
                    Some(file) => Box::new(file),
                    None => Box::new(io::stdout()),
                };
                let mut writer = csv::Writer::from_writer(output);
                writer.write_record(&header).map_err(io::Error::from)?;
                Self::Lines(Box::new(writer), header.len() - ADDED.len())
            }
        })
    }

    fn write(&mut self, cells: &[String], answer: &Result<Prediction, String>) -> Result<(), CommandError> {
        let added = added_values(answer);
        match self {
            Self::Lines(writer, columns) => {
                let own = (0..*columns).map(|column| cells.get(column).cloned().unwrap_or_default());
                let record = own.chain(added.iter().map(|value| match value {
                    Value::Null => String::new(),
                    Value::String(text) => text.clone(),
                    other => other.to_string(),
                }));
                writer.write_record(record).map_err(io::Error::from)?;
            }
            Self::Objects(writer, header) => {
                let columns = header.len() - ADDED.len();
                let own = (0..columns).map(|column| json!(cells.get(column).cloned().unwrap_or_default()));
                let object: Map<String, Value> = header.iter().cloned().zip(own.chain(added)).collect();
                serde_json::to_writer(&mut *writer, &object).map_err(io::Error::from)?;
                writer.write_all(b"\n")?;
            }
            Self::Sheet { workbook, columns, row, .. } => {
                *row += 1;
                if *row == MAX_SHEET_ROWS {
                    return Err(io::Error::other("a sheet has 1,048,576 rows at most: write CSV or Parquet").into());
                }
                let sheet = workbook.worksheet_from_index(0).map_err(failed)?;
                for (column, cell) in (0..).zip(cells.iter().take(*columns)) {
                    match cell.parse::<f64>() {
                        Ok(number) if number.is_finite() => sheet.write_number(*row, column, number),
                        _ => sheet.write_string(*row, column, cell),
                    }
                    .map_err(failed)?;
                }
                let first = u16::try_from(*columns).unwrap_or(u16::MAX);
                for (column, value) in (first..).zip(&added) {
                    match (value.as_f64(), value.as_str()) {
                        (Some(number), _) => drop(sheet.write_number(*row, column, number).map_err(failed)?),
                        (None, Some(text)) => drop(sheet.write_string(*row, column, text).map_err(failed)?),
                        (None, None) => {}
                    }
                }
            }
        }
        Ok(())
    }

    fn finish(self) -> Result<(), CommandError> {
        match self {
            Self::Lines(mut writer, _) => writer.flush()?,
            Self::Objects(mut writer, _) => writer.flush()?,
            Self::Sheet { mut workbook, file, .. } => workbook.save_to_writer(file).map_err(failed)?,
        }
        Ok(())
    }
}

fn failed(error: XlsxError) -> CommandError {
    io::Error::other(error).into()
}

/// The values of [`ADDED`].
fn added_values(answer: &Result<Prediction, String>) -> [Value; ADDED.len()] {
    match answer {
        Ok(Prediction { id, quote }) => {
            let bound = |value: Option<f64>| value.map_or(Value::Null, |value| json!(to_the_cent(value)));
            [
                json!(quote.price_usd),
                bound(quote.range_usd.map(|range| range.low)),
                bound(quote.range_usd.map(|range| range.high)),
                json!(quote.model.id),
                json!(id.to_string()),
                json!(quote.warnings.join("; ")),
            ]
        }
        Err(reason) => {
            [Value::Null, Value::Null, Value::Null, Value::Null, Value::Null, json!(format!("not priced: {reason}"))]
        }
    }
}
