//! Tables that a command reads itself.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::CommandError;
use crate::reading::ReadingError;
use crate::reading::table::Table;
use crate::store::parquet_to_csv;

/// The table in a file, of whatever kind; `-` is standard input. What must be unpacked or converted goes to `folder`.
pub fn open_table(path: &Path, folder: &TempDir) -> Result<Table, CommandError> {
    let bad =
        |error: ReadingError| CommandError::BadTable { name: path.display().to_string(), problem: error.to_string() };
    let open =
        |path: &Path| File::open(path).map_err(|source| CommandError::Unreadable { path: path.to_owned(), source });
    let mut given: PathBuf = path.to_owned();
    if path == Path::new("-") {
        given = folder.path().join("input");
        io::copy(&mut io::stdin().lock(), &mut File::create(&given)?)?;
    }
    if let Some(table) = Table::open(open(&given)?, folder.path()).map_err(bad)? {
        return Ok(table);
    }
    let csv = folder.path().join("converted.csv");
    parquet_to_csv(&given, &csv)?;
    Table::open(open(&csv)?, folder.path()).map_err(bad)?.ok_or_else(|| bad(ReadingError::interrupted()))
}
