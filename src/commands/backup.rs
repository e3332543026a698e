//! `diamonds backup`: a copy of the file, also while it is served.

use std::path::{Path, PathBuf};

use serde::Serialize;

use super::CommandError;
use super::console::Console;
use crate::control::{self, Backup};
use crate::text::count;

#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// Path of the copy; nothing may exist there yet
    file: PathBuf,
}

#[derive(Serialize)]
struct Report<'a> {
    file: &'a Path,
    bytes: u64,
}

pub fn run(arguments: &Arguments, database: &Path, console: &Console) -> Result<(), CommandError> {
    if !database.exists() {
        return Err(crate::store::StoreError::NoFile { path: database.to_owned() }.into());
    }
    // the server may run in another folder
    let to = std::path::absolute(&arguments.file)?;
    let bytes = control::run(database, Backup { to: to.clone() })?;
    console.print(&Report { file: &to, bytes }, |report| {
        format!("{}: {} bytes", report.file.display(), count(i64::try_from(report.bytes).unwrap_or(i64::MAX)))
    })?;
    Ok(())
}
