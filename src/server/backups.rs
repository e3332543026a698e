//! Backups that the server makes by itself.

use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use jiff::Timestamp;
use tokio_util::sync::CancellationToken;

use super::app::{App, SERVER};
use super::blocking_work::in_background_of_low_priority;
use crate::control::Backup;
use crate::store::Store;
use crate::text::with_causes;

/// How the names of backups begin and end; between them is the time.
const PREFIX: &str = "diamonds-";
const SUFFIX: &str = ".duckdb";
/// Pause between two looks whether it is time.
const INTERVAL: Duration = Duration::from_secs(10);

/// Where backups go, and how many.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Backups {
    /// The folder.
    pub folder: PathBuf,
    /// The time between two of them.
    pub every: Duration,
    /// How many are kept.
    pub keep: usize,
}

impl Backups {
    /// Creates the folder.
    ///
    /// # Errors
    /// If it cannot be written to.
    pub fn prepare(&self) -> io::Result<()> {
        std::fs::create_dir_all(&self.folder)?;
        tempfile::tempfile_in(&self.folder).map(drop)
    }

    /// Makes backups until `stop` is cancelled.
    pub async fn run(self, app: App, stop: CancellationToken) {
        loop {
            let (backups, owner) = (self.clone(), app.clone());
            let made = in_background_of_low_priority(move || backups.make_if_due(&owner)).await;
            if made.is_err() {
                tracing::error!("a backup panicked");
            }
            tokio::select! {
                () = tokio::time::sleep(INTERVAL.min(self.every)) => {}
                () = stop.cancelled() => return,
            }
        }
    }

    fn make_if_due(&self, app: &App) {
        let now = SystemTime::now();
        // also of one that a clock ahead of today's has made
        let age = |made| now.duration_since(made).unwrap_or_else(|ahead| ahead.duration());
        let made = self.existing().into_iter().filter_map(|path| path.metadata().ok()?.modified().ok());
        if app.file.problem().is_some() || made.map(age).any(|age| age < self.every) {
            return;
        }
        match self.make(app) {
            Ok(path) => tracing::info!("backup {}", path.display()),
            Err(error) => tracing::error!("no backup was made: {error}"),
        }
    }

    /// Makes a backup, proves it by opening it, and removes those that are too many.
    fn make(&self, app: &App) -> Result<PathBuf, String> {
        let name = format!("{PREFIX}{}{SUFFIX}", Timestamp::now().strftime("%Y%m%dT%H%M%S"));
        let to = std::path::absolute(self.folder.join(name)).map_err(|error| error.to_string())?;
        let part = to.with_extension("part");
        // left by a server that was killed
        let _ = std::fs::remove_file(&part);
        app.run_operation(Backup { to: part.clone() }, SERVER).map_err(|error| with_causes(&error))?;
        let proved = Store::prove_backup(&part).map_err(|error| with_causes(&error));
        proved.inspect_err(|_| {
            // it is no backup
            let _ = std::fs::remove_file(&part);
        })?;
        std::fs::rename(&part, &to).map_err(|error| error.to_string())?;
        let existing = self.existing();
        for old in existing.iter().take(existing.len().saturating_sub(self.keep.max(1))) {
            if let Err(error) = std::fs::remove_file(old) {
                tracing::warn!("{} cannot be removed: {error}", old.display());
            }
        }
        Ok(to)
    }

    /// The backups, the oldest first.
    fn existing(&self) -> Vec<PathBuf> {
        backups_in(&self.folder)
    }
}

/// The backups in `folder` that a server has made, the oldest first.
fn backups_in(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    let mut backups: Vec<PathBuf> = entries.filter(|path| is_backup(path)).collect();
    backups.sort();
    backups
}

/// The newest backup in `folder` that a server has made, if there is one.
pub fn newest_backup(folder: &Path) -> Option<PathBuf> {
    backups_in(folder).pop()
}

fn is_backup(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let time = name.strip_prefix(PREFIX).and_then(|rest| rest.strip_suffix(SUFFIX));
    time.is_some_and(|time| time.len() == 15 && time.bytes().all(|byte| byte.is_ascii_digit() || byte == b'T'))
}
