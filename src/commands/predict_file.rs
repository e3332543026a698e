//! `diamonds predict FILE`: the price of every stone in a file.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;
use std::time::Duration;

use indicatif::ProgressBar;
use serde_json::{Map, Value, json};
use tempfile::NamedTempFile;

use super::CommandError;
use super::console::Console;
use crate::control::{Access, FileAccess, PredictMany};
use crate::files::folder_of;
use crate::learning::evaluation::Confidence;
use crate::pricing::stone_files::{
    ADDED, CsvAnswer, PricedCount, StoneAnswer, WorkbookAnswer, added_values, answer_header, price_rows,
};
use crate::reading::{Purpose, ReadingError, ReadingOptions, ReadingPlan};
use crate::store::{PredictionSource, StoreError, Upload, csv_to_parquet};
use crate::text::count;

/// Stones that are priced at a time.
const AT_A_TIME: usize = 20_000;

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
    pub options: &'a ReadingOptions,
    /// How often the ranges hold.
    pub confidence: Confidence,
}

/// Prices every stone of a file: the same order, the same columns, and [`ADDED`].
///
/// # Errors
/// If the file cannot be read or there is no model; then nothing is written.
pub fn run(task: &Task<'_>, database: &Path, console: &Console) -> Result<(), CommandError> {
    let bad = |error: &ReadingError| StoreError::BadFile {
        name: task.file.display().to_string(),
        problem: error.to_string(),
    };
    let form = match task.out {
        None => Form::Csv,
        Some(out) if out.exists() => return Err(CommandError::FileExists { path: out.to_owned() }),
        Some(out) => Form::of(out).ok_or_else(|| CommandError::TableName { path: out.to_owned() })?,
    };
    let folder = tempfile::tempdir()?;
    let table = Upload::read(task.file)?.table(folder.path())?;
    let plan = ReadingPlan::new(&table, task.options, Purpose::Stones).map_err(|error| bad(&error))?;
    for note in &plan.report.notes {
        console.hint(&format!("read: {note}"));
    }
    let mut access = FileAccess::open(database, Access::Log)?;
    let part = match task.out {
        Some(out) => Some(NamedTempFile::new_in(folder_of(out))?),
        None => None,
    };
    let mut writer = Writer::new(form, plan.header(), part.as_ref())?;
    let progress =
        if console.shows_progress() && task.out.is_some() { ProgressBar::new_spinner() } else { ProgressBar::hidden() };
    progress.enable_steady_tick(Duration::from_millis(200));
    let mut seen = 0;
    let PricedCount { priced, left } = price_rows(
        &table,
        &plan,
        AT_A_TIME,
        |error| bad(error).into(),
        |stones| {
            let source = PredictionSource::BatchFile;
            let (model, confidence) = (task.model.map(str::to_owned), task.confidence);
            let wanted = PredictMany { stones, model, request: None, first: seen, source, confidence };
            let answers = access.run(wanted)?;
            seen += i64::try_from(answers.len()).unwrap_or_default();
            progress.set_message(format!("{} stones", count(seen)));
            Ok(answers)
        },
        |cells, answer| writer.write(cells, answer),
    )?;
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

/// Writes the rows of the answer.
enum Writer {
    Lines(Box<CsvAnswer<Box<dyn Write>>>),
    Objects(BufWriter<File>, Vec<String>),
    Sheet(WorkbookAnswer, File),
}

impl Writer {
    fn new(form: Form, given: &[String], part: Option<&NamedTempFile>) -> Result<Self, CommandError> {
        let file = part.map(NamedTempFile::reopen).transpose()?;
        Ok(match (form, file) {
            (Form::JsonLines, Some(file)) => Self::Objects(BufWriter::new(file), answer_header(given)),
            (Form::Workbook, Some(file)) => Self::Sheet(WorkbookAnswer::new(given)?, file),
            (_, file) => {
                let output: Box<dyn Write> = match file {
                    Some(file) => Box::new(file),
                    None => Box::new(io::stdout()),
                };
                Self::Lines(Box::new(CsvAnswer::new(output, given)?))
            }
        })
    }

    fn write(&mut self, cells: &[String], answer: &StoneAnswer) -> Result<(), CommandError> {
        match self {
            Self::Lines(writer) => writer.write(cells, answer)?,
            Self::Objects(writer, header) => {
                let columns = header.len() - ADDED.len();
                let own = (0..columns).map(|column| json!(cells.get(column).cloned().unwrap_or_default()));
                let object: Map<String, Value> = header.iter().cloned().zip(own.chain(added_values(answer))).collect();
                serde_json::to_writer(&mut *writer, &object).map_err(io::Error::from)?;
                writer.write_all(b"\n")?;
            }
            Self::Sheet(sheet, _) => sheet.write_values(cells, &added_values(answer))?,
        }
        Ok(())
    }

    fn finish(self) -> Result<(), CommandError> {
        match self {
            Self::Lines(writer) => writer.finish()?,
            Self::Objects(mut writer, _) => writer.flush()?,
            Self::Sheet(sheet, file) => sheet.save(file)?,
        }
        Ok(())
    }
}
