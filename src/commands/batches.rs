//! `diamonds batches`: the history of ingested files.

use std::fmt::Write;
use std::path::Path;

use serde_json::json;

use super::CommandError;
use super::console::{Console, table};
use crate::control::{Access, Desk, ListBatches, ShowBatch};
use crate::store::{Batch, BatchDetail};
use crate::text::count;

#[derive(Debug, clap::Subcommand)]
pub enum Arguments {
    /// Every ingested file, newest first
    List,
    /// One file with its rejected rows
    Show {
        /// Number of the batch
        id: i64,
    },
}

pub fn run(arguments: &Arguments, database: &Path, console: &Console) -> Result<(), CommandError> {
    let mut desk = Desk::open(database, Access::Read)?;
    match arguments {
        Arguments::List => {
            let batches = desk.run(ListBatches {})?;
            console.print(&json!({ "batches": batches }), |_| list(&batches))?;
        }
        Arguments::Show { id } => console.print(&desk.run(ShowBatch { id: *id })?, show)?,
    }
    Ok(())
}

fn list(batches: &[Batch]) -> String {
    if batches.is_empty() {
        return "No file is ingested yet: `diamonds ingest FILE.csv` adds the first.".to_owned();
    }
    let rows = batches.iter().map(|batch| {
        vec![
            batch.id.to_string(),
            batch.time.strftime("%Y-%m-%d %H:%M").to_string(),
            count(batch.rows),
            count(batch.accepted),
            count(batch.known),
            count(batch.rejected),
            batch.file.clone(),
        ]
    });
    table(&["batch", "time (UTC)", "rows", "accepted", "known", "rejected", "file"], rows, &[0, 2, 3, 4, 5])
}

fn show(detail: &BatchDetail) -> String {
    let batch = &detail.batch;
    let mut text = format!(
        "Batch {}: {}\n  ingested  {} UTC\n  sha256    {}\n  rows      {}: {} accepted, {} known, {} rejected\n",
        batch.id,
        batch.file,
        batch.time.strftime("%Y-%m-%d %H:%M:%S"),
        batch.sha256,
        count(batch.rows),
        count(batch.accepted),
        count(batch.known),
        count(batch.rejected)
    );
    // writing to a string cannot fail
    for warning in &detail.warnings {
        let _ = writeln!(text, "  warning   {} rows: {}", count(warning.count), warning.warning);
    }
    if !detail.rejected_rows.is_empty() {
        let rows = detail.rejected_rows.iter().map(|row| {
            vec![row.line.to_string(), row.column.clone().unwrap_or_default(), row.reason.clone(), row.raw.clone()]
        });
        let _ = write!(text, "\n{}\n", table(&["line", "column", "reason", "row"], rows, &[0]));
    }
    text
}
