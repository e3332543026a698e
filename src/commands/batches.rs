//! `diamonds batches`: the history of ingested files.

use std::fmt::Write;
use std::path::Path;

use serde_json::json;

use super::CommandError;
use super::console::{Console, table};
use super::ingest::{describe_reading, describe_rejected_rows};
use crate::control::{ListBatches, ShowBatch, UndoBatch, run as run_operation};
use crate::store::{Batch, BatchDetail, UndoneBatch};
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
    /// Remove the sales of one file again; the file stays in the history
    Undo {
        /// Number of the batch
        id: i64,
    },
}

pub fn run(arguments: &Arguments, database: &Path, console: &Console) -> Result<(), CommandError> {
    match arguments {
        Arguments::List => {
            let batches = run_operation(database, ListBatches {})?;
            console.print(&json!({ "batches": batches }), |_| list(&batches))?;
        }
        Arguments::Show { id } => console.print(&run_operation(database, ShowBatch { id: *id })?, show)?,
        Arguments::Undo { id } => {
            let undone = run_operation(database, UndoBatch { id: *id })?;
            console.print(&undone, describe_undone)?;
            if !undone.models.is_empty() {
                console.hint("Next: `diamonds retrain` trains models that have not seen those sales.");
            }
        }
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
            if batch.undone.is_some() { format!("{} (undone)", batch.file) } else { batch.file.clone() },
        ]
    });
    table(&["batch", "time (UTC)", "rows", "accepted", "known", "rejected", "file"], rows, &[0, 2, 3, 4, 5])
}

fn describe_undone(undone: &UndoneBatch) -> String {
    let list = |ids: &[i64]| ids.iter().map(i64::to_string).collect::<Vec<_>>().join(", ");
    let mut text = format!("Batch {} is undone: {} sales are removed.\n", undone.batch, count(undone.sales));
    // writing to a string cannot fail
    if !undone.models.is_empty() {
        let _ = writeln!(text, "Trained with them, and marked: model {}.", list(&undone.models));
    }
    if !undone.later_batches.is_empty() {
        let _ = writeln!(
            text,
            "Later files had rows that were known already, perhaps from this one; those are removed with it: batch {}. Ingest \
             those files again; known rows change nothing.",
            list(&undone.later_batches)
        );
    }
    text
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
    if let Some(undone) = batch.undone {
        let _ = writeln!(text, "  undone    {} UTC: its sales have left", undone.strftime("%Y-%m-%d %H:%M:%S"));
    }
    if let Some(reading) = &detail.reading {
        text.push_str(&describe_reading(reading, true));
    }
    for warning in &detail.warnings {
        let _ = writeln!(text, "  warning   {} rows: {}", count(warning.count), warning.warning);
    }
    if !detail.rejected_rows.is_empty() {
        let _ = write!(text, "\n{}\n", describe_rejected_rows(&detail.rejected_rows));
    }
    text
}
