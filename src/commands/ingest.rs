//! `diamonds ingest`: adds sales.

use std::fmt::Write;
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::CommandError;
use super::console::{Console, table};
use crate::control::{self, ReadSavedReading, SaveReading};
use crate::diamond::number::Decimal;
use crate::reading::{ReadingOptions, ReadingReport};
use crate::store::{FileReport, RejectedRow, StoreError, Upload};
use crate::text::count;

#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// Files of sales: CSV in any dress, xlsx, xls, ods, Parquet, JSON, also packed, recognized by their content; - is standard input
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Only report how each file would be read and what would happen
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    reading: ReadingArguments,
}

/// How a file is read, where it does not say enough itself.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Reading")]
pub struct ReadingArguments {
    /// The header of a column, such as price="Total Price"; as often as needed
    #[arg(long, value_name = "COLUMN=HEADER", value_parser = ReadingOptions::read_pair)]
    map: Vec<(String, String)>,
    /// The decimal sign, where numbers can be read in two ways: . or ,
    #[arg(long, value_name = "SIGN")]
    decimal: Option<Decimal>,
    /// Another unit: carat=points, size=cm, price=cents, price=hundreds or price=thousands
    #[arg(long, value_name = "COLUMN=UNIT", value_parser = ReadingOptions::read_pair)]
    unit: Vec<(String, String)>,
    /// US dollars for one unit of the currency of the prices
    #[arg(long, value_name = "DOLLARS")]
    rate: Option<f64>,
    /// Take stones of every shape; models are of round ones
    #[arg(long)]
    any_shape: bool,
    /// Take rows that look odd beside the others, and files that look as if they were in another unit
    #[arg(long)]
    accept_odd: bool,
    /// Read the file as it was saved under this name; what else is given here counts more
    #[arg(long, value_name = "NAME")]
    reading: Option<String>,
    /// Save what is given here under this name, for other files
    #[arg(long, value_name = "NAME")]
    save_reading: Option<String>,
}

impl ReadingArguments {
    /// What they say, together with what was saved in the file `database` under the name that they give.
    ///
    /// # Errors
    /// If nothing was saved under that name, or the file cannot be read.
    pub fn options(&self, database: &Path) -> Result<ReadingOptions, CommandError> {
        let given = ReadingOptions {
            map: self.map.clone(),
            decimal: self.decimal,
            any_shape: self.any_shape,
            accept_odd: self.accept_odd,
            units: self.unit.clone(),
            rate: self.rate,
        };
        Ok(match self.reading.clone() {
            Some(name) => control::run(database, ReadSavedReading { name })?.and(given),
            None => given,
        })
    }

    /// Saves `options` if that is wanted, after a file could be read so.
    ///
    /// # Errors
    /// If the file `database` cannot be changed.
    pub fn save(&self, options: &ReadingOptions, database: &Path) -> Result<(), CommandError> {
        if let Some(name) = self.save_reading.clone() {
            control::run(database, SaveReading { name, options: options.clone() })?;
        }
        Ok(())
    }
}

#[derive(Serialize)]
struct Report {
    files: Vec<FileReport>,
}

pub fn run(arguments: &Arguments, database: &Path, console: &Console) -> Result<(), CommandError> {
    let options = arguments.reading.options(database)?;
    let mut report = Report { files: Vec::new() };
    let mut failure = None;
    for path in &arguments.files {
        match take_in(path, database, &options, arguments.dry_run) {
            Ok(file) => report.files.push(file),
            Err(error) => {
                failure = Some(error);
                break;
            }
        }
    }
    // files before the one that fails are stored, so they are reported
    if failure.is_none() || !report.files.is_empty() {
        console.print(&report, |report| report.files.iter().map(|file| describe(file, arguments.dry_run)).collect())?;
    }
    if failure.is_none() && !arguments.dry_run {
        arguments.reading.save(&options, database)?;
    }
    if let Some(error) = failure {
        return Err(error);
    }
    if !arguments.dry_run && report.files.iter().any(|file| file.accepted > 0) {
        console.hint("Next: `diamonds retrain` trains the models on the new sales.");
    }
    let empty: Vec<String> =
        report.files.iter().filter(|file| file.rejected == file.rows).map(|file| file.file.clone()).collect();
    if empty.is_empty() { Ok(()) } else { Err(CommandError::NothingIngested { files: empty.join(", ") }) }
}

/// Stores the sales of one file. The database is opened only when the file is found: a wrong name creates no database, and
/// neither does a dry run.
fn take_in(path: &Path, database: &Path, options: &ReadingOptions, dry_run: bool) -> Result<FileReport, CommandError> {
    let mut upload = Upload::read(path)?;
    upload.options = options.clone();
    if dry_run && !database.exists() {
        let folder = tempfile::tempdir().map_err(|source| StoreError::Folder { path: std::env::temp_dir(), source })?;
        return Ok(control::ingest(&folder.path().join("dry-run.duckdb"), upload, dry_run)?);
    }
    Ok(control::ingest(database, upload, dry_run)?)
}

fn describe(report: &FileReport, with_columns: bool) -> String {
    let head = match report.batch {
        Some(batch) => format!("{} (batch {batch})", report.file),
        None => format!("{} (dry run, nothing stored)", report.file),
    };
    let mut text = format!(
        "{head}: {} rows: {} accepted, {} known, {} rejected\n",
        count(report.rows),
        count(report.accepted),
        count(report.known),
        count(report.rejected)
    );
    if let Some(reading) = &report.reading {
        text.push_str(&describe_reading(reading, with_columns));
    }
    // writing to a string cannot fail
    for rejection in &report.rejections {
        let _ = writeln!(text, "  rejected: {:>7}  {}", count(rejection.count), rejection.reason);
    }
    for warning in &report.warnings {
        let _ = writeln!(text, "  warning:  {:>7}  {}", count(warning.count), warning.warning);
    }
    if !report.rejected_rows.is_empty() {
        let _ = writeln!(text, "\n{}", describe_rejected_rows(&report.rejected_rows));
    }
    if let Some(batch) = report.batch.filter(|_| report.rejected > 0) {
        let _ = writeln!(text, "  each rejected row: diamonds batches show {batch}");
    }
    text
}

/// Rows that cannot be sales, as a table.
pub fn describe_rejected_rows(rows: &[RejectedRow]) -> String {
    let rows = rows.iter().map(|row| {
        vec![row.line.to_string(), row.column.clone().unwrap_or_default(), row.reason.clone(), row.raw.clone()]
    });
    table(&["line", "column", "reason", "row"], rows, &[0])
}

/// How a file was read: what is not as it seems, and with `with_columns` every column.
pub fn describe_reading(reading: &ReadingReport, with_columns: bool) -> String {
    let mut text = String::new();
    // writing to a string cannot fail
    for note in &reading.notes {
        let _ = writeln!(text, "  read:     {note}");
    }
    if with_columns {
        let rows = reading.columns.iter().map(|column| {
            vec![
                column.header.clone(),
                column.read_as.clone(),
                column.rule.clone(),
                i64::try_from(column.filled).map_or_else(|_| String::new(), count),
                column.examples.join(" · "),
            ]
        });
        let columns = table(&["column", "read as", "how", "filled", "such as"], rows, &[3]);
        let _ = writeln!(text, "{columns}");
        if !reading.ignored.is_empty() {
            let _ = writeln!(text, "  left out: {}", reading.ignored.join(", "));
        }
    } else {
        // columns that are read in the same way are told together
        let mut told: Vec<(&str, Vec<String>)> = Vec::new();
        for column in reading.columns.iter().filter(|column| column.is_remarkable()) {
            let name = match &column.header {
                header if *header == column.read_as => header.clone(),
                header => format!("{header} as {}", column.read_as),
            };
            match told.iter_mut().find(|(rule, _)| *rule == column.rule) {
                Some((_, names)) => names.push(name),
                None => told.push((&column.rule, vec![name])),
            }
        }
        for (rule, names) in told {
            let _ = writeln!(text, "  read:     {}: {rule}", names.join(", "));
        }
    }
    for grade in reading.grades.iter().filter(|grade| grade.read_as.is_some() || with_columns) {
        let as_what = grade.read_as.as_deref().unwrap_or("no grade");
        let times = i64::try_from(grade.count).map_or_else(|_| String::new(), count);
        let _ = writeln!(
            text,
            "  grade:    {times:>7}  {} {:?} is {as_what}: {}",
            grade.field, grade.written, grade.reason
        );
    }
    text
}
