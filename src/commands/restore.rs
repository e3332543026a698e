//! `diamonds restore`: brings a backup back.

use std::path::{Path, PathBuf};

use serde_json::json;

use super::CommandError;
use super::console::Console;
use crate::store::Store;
use crate::text::count;

#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// A file that `diamonds backup` or `serve --backup-to` wrote
    file: PathBuf,
}

pub fn run(arguments: &Arguments, database: &Path, console: &Console) -> Result<(), CommandError> {
    let restored = Store::restore(database, &arguments.file)?;
    let document =
        json!({ "file": database, "kept": restored.kept, "sales": restored.sales, "models": restored.models });
    console.print(&document, |_| {
        let text = format!(
            "{} is now as in {}: {} sales, {} models.",
            database.display(),
            arguments.file.display(),
            count(restored.sales),
            restored.models
        );
        match &restored.kept {
            Some(kept) => format!("{text}\nWhat was there before is kept: {}", kept.display()),
            None => text,
        }
    })?;
    Ok(())
}
