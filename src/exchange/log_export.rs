//! The log as a folder of days, to which each export adds what is new.

use std::path::{Path, PathBuf};

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::manifest::{read_document, write_document};
use super::{ExchangeError, FORMAT};
use crate::control::{Access, ExportLog, FileAccess, ListDaysOfLog};
use crate::files::{folder_of, move_file, path_of_day};
use crate::store::LogTable;

/// What is younger is left for the next time: a request is logged under the time at which it began to arrive, and a long body may take
/// ten minutes.
const SETTLED_AFTER: SignedDuration = SignedDuration::from_mins(15);

/// What was exported.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LogExportReport {
    /// The table.
    pub table: &'static str,
    /// The name of this machine.
    pub node: String,
    /// Everything before this time is in the folder.
    pub until: Timestamp,
    /// Number of rows that were added.
    pub rows: i64,
    /// The files that were written.
    pub files: Vec<PathBuf>,
}

/// How far an export has come, in a file of the folder whose name other engines pass over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Progress {
    format: u32,
    table: String,
    node: String,
    /// Everything before this time is there.
    until: Timestamp,
}

/// Adds the rows of `table` in the file at `database` that came since the last time to `folder`: a Parquet file
/// `day=YYYY-MM-DD/NODE-….parquet` for each day. What came in the last quarter of an hour before `now` is left for the next time. If it breaks off, the next time goes on
/// after the last whole day.
///
/// # Errors
/// If the file cannot be read or the folder cannot be written to; or the folder is that of another table.
pub fn export_log(
    database: &Path,
    table: LogTable,
    folder: &Path,
    node: &str,
    now: Timestamp,
) -> Result<LogExportReport, ExchangeError> {
    std::fs::create_dir_all(folder).map_err(ExchangeError::file("create the folder", folder))?;
    let progress_path = folder.join(format!("_progress-{node}.json"));
    let from = if progress_path.exists() {
        let progress: Progress = read_document(&progress_path)?;
        if progress.table != table.name() {
            let problem = format!("this folder has {}: name another for {}", progress.table, table.name());
            return Err(ExchangeError::document(&progress_path, problem));
        }
        progress.until
    } else {
        Timestamp::UNIX_EPOCH
    };
    let until = (now - SETTLED_AFTER).max(from);
    let remember = |until: Timestamp| {
        let progress = Progress { format: FORMAT, table: table.name().to_owned(), node: node.to_owned(), until };
        let unfinished = folder.join(format!("_progress-{node}.json.new"));
        write_document(&progress, &unfinished)?;
        std::fs::rename(&unfinished, &progress_path).map_err(ExchangeError::file("write", &progress_path))
    };
    let mut file = FileAccess::open(database, Access::Exclusive)?;
    let days = file.run(ListDaysOfLog { table, from, until })?;
    let mut report = LogExportReport { table: table.name(), node: node.to_owned(), until, rows: 0, files: Vec::new() };
    for period in days {
        let written = file.run(ExportLog { table, period, node: node.to_owned() })?;
        let path = path_of_day(folder, node, period.from);
        std::fs::create_dir_all(folder_of(&path))
            .and_then(|()| move_file(&written, &path))
            .map_err(ExchangeError::file("write", &path))?;
        remember(period.until)?;
        report.rows += period.rows;
        report.files.push(path);
    }
    remember(until)?;
    Ok(report)
}

/// Longest name of a machine.
const LONGEST_NODE: usize = 64;

/// Whether the name of a machine may have this letter: it is part of names of files.
fn is_plain(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || "-_.".contains(letter)
}

/// Reads the name of a machine.
///
/// # Errors
/// If it cannot be part of names of files, as what to write instead.
pub fn read_node(text: &str) -> Result<String, String> {
    if (1..=LONGEST_NODE).contains(&text.len()) && text.chars().all(is_plain) && !text.starts_with('.') {
        return Ok(text.to_owned());
    }
    Err(format!("write up to {LONGEST_NODE} letters, digits, points, hyphens and underscores"))
}

/// The name of this machine, as far as it can be part of names of files.
#[must_use]
pub fn this_node() -> String {
    let name = crate::system::host_name().unwrap_or_default();
    let plain: String = name.chars().filter(|letter| is_plain(*letter)).take(LONGEST_NODE).collect();
    read_node(plain.trim_start_matches('.')).unwrap_or_else(|_| "node".to_owned())
}
