//! `diamonds ingest`: adds sales.

use std::fmt::Write;
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::CommandError;
use super::console::Console;
use crate::control;
use crate::store::{FileReport, StoreError, Upload};
use crate::text::count;

#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// Files of sales: CSV, Parquet or JSON lines, recognized by their content; - is standard input
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Only report what would happen
    #[arg(long)]
    dry_run: bool,
}

#[derive(Serialize)]
struct Report {
    files: Vec<FileReport>,
}

pub fn run(arguments: &Arguments, database: &Path, console: &Console) -> Result<(), CommandError> {
    let mut report = Report { files: Vec::new() };
    let mut failure = None;
    for path in &arguments.files {
        match take_in(path, database, arguments.dry_run) {
            Ok(file) => report.files.push(file),
            Err(error) => {
                failure = Some(error);
                break;
            }
        }
    }
    // files before the one that fails are stored, so they are reported
    if failure.is_none() || !report.files.is_empty() {
        console.print(&report, |report| report.files.iter().map(describe).collect())?;
    }
    if let Some(error) = failure {
        return Err(error);
    }
    if !arguments.dry_run && report.files.iter().any(|file| file.accepted > 0) {
        console.hint("Next: `diamonds retrain` trains the models on the new sales.");
    }
    Ok(())
}

/// Stores the sales of one file. The database is opened only when the file is found: a wrong name creates no database, and
/// neither does a dry run.
fn take_in(path: &Path, database: &Path, dry_run: bool) -> Result<FileReport, CommandError> {
    let upload = Upload::read(path)?;
    if dry_run && !database.exists() {
        let folder = tempfile::tempdir().map_err(|source| StoreError::Folder { path: std::env::temp_dir(), source })?;
        return Ok(control::ingest(&folder.path().join("dry-run.duckdb"), upload, dry_run)?);
    }
    Ok(control::ingest(database, upload, dry_run)?)
}

fn describe(report: &FileReport) -> String {
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
    // writing to a string cannot fail
    for rejection in &report.rejections {
        let _ = writeln!(text, "  rejected: {:>7}  {}", count(rejection.count), rejection.reason);
    }
    for warning in &report.warnings {
        let _ = writeln!(text, "  warning:  {:>7}  {}", count(warning.count), warning.warning);
    }
    if report.rejected == report.rows {
        text.push_str("  nothing was added: is this a file of sales, with numbers written as 1.1?\n");
    }
    if let Some(batch) = report.batch.filter(|_| report.rejected > 0) {
        let _ = writeln!(text, "  each rejected row: diamonds batches show {batch}");
    }
    text
}
