//! `diamonds compact`: makes the file as small as its content.

use std::path::Path;

use super::CommandError;
use super::console::Console;
use crate::control::{self, CompactFile};
use crate::store::{Compaction, StoreError};
use crate::text::count;

pub fn run(database: &Path, console: &Console) -> Result<(), CommandError> {
    if !database.exists() {
        return Err(StoreError::NoFile { path: database.to_owned() }.into());
    }
    let compaction = control::run(database, CompactFile {})?;
    console.print(&compaction, |Compaction { bytes_before, bytes_now, closed_ms }| {
        let size = |bytes: u64| count(i64::try_from(bytes).unwrap_or(i64::MAX));
        format!(
            "{} bytes instead of {}; the database was closed for {closed_ms} ms",
            size(*bytes_now),
            size(*bytes_before)
        )
    })?;
    Ok(())
}
