//! The automated pipeline: files that arrive in a folder are ingested, and once enough new sales are in, models are
//! trained. All without anybody's doing, and without the server's threads.

use std::collections::HashMap;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use serde_json::{Value, json};
use tokio::process::{Child, Command};
use tokio::sync::watch;

use crate::files::beside;
use crate::pricing::{PricingError, PricingService};
use crate::store::Upload;
use crate::text::with_causes;

/// Time between two looks.
const INTERVAL: Duration = Duration::from_secs(1);
/// Endings of names of files that somebody is still writing.
const UNFINISHED: [&str; 4] = ["part", "tmp", "crdownload", "filepart"];

/// What the pipeline is to do.
#[derive(Debug, Clone, Default)]
pub struct Pipeline {
    /// Ingest what arrives in this folder.
    pub watch: Option<PathBuf>,
    /// Train once this many sales have come since the newest model was trained.
    pub retrain_after: Option<u64>,
}

impl Pipeline {
    /// Makes the folders that files are moved to.
    ///
    /// # Errors
    /// If the folder is none, or cannot be written.
    pub fn prepare(&self) -> io::Result<()> {
        let Some(folder) = &self.watch else { return Ok(()) };
        if !folder.is_dir() {
            return Err(io::Error::new(io::ErrorKind::NotADirectory, "it is not a folder: make it first"));
        }
        std::fs::create_dir_all(folder.join("done"))?;
        std::fs::create_dir_all(folder.join("failed"))
    }

    /// Does it until `stopped` says so.
    pub(super) async fn run(self, pricing: Arc<PricingService>, database: PathBuf, mut stopped: watch::Receiver<bool>) {
        let mut watched = WatchedFiles::default();
        let mut training = Training { database, child: None, tried_with: None };
        loop {
            tokio::select! {
                () = tokio::time::sleep(INTERVAL) => {}
                () = async { drop(stopped.wait_for(|stop| *stop).await) } => return,
            }
            if let Some(folder) = self.watch.clone() {
                let pricing = pricing.clone();
                let looked = tokio::task::spawn_blocking(move || {
                    watched.take_in(&folder, &pricing);
                    watched
                });
                match looked.await {
                    Ok(same) => watched = same,
                    Err(error) => {
                        tracing::error!("the folder could not be looked through: {error}");
                        watched = WatchedFiles::default();
                    }
                }
            }
            if let Some(enough) = self.retrain_after {
                training.start_if_due(&pricing, enough);
            }
        }
    }
}

/// Files seen in the folder, with size and time of their last change: one that has not changed since the last look is
/// whole.
#[derive(Debug, Default)]
struct WatchedFiles {
    seen: HashMap<PathBuf, (u64, SystemTime)>,
}

impl WatchedFiles {
    fn take_in(&mut self, folder: &Path, pricing: &PricingService) {
        let mut now = HashMap::new();
        for path in files_in(folder) {
            let Ok(about) = std::fs::metadata(&path) else { continue };
            let state = (about.len(), about.modified().unwrap_or(SystemTime::UNIX_EPOCH));
            if self.seen.get(&path) != Some(&state) {
                now.insert(path, state);
                continue;
            }
            let ingested = Upload::read(&path)
                .map_err(PricingError::from)
                .and_then(|upload| pricing.change(|store| Ok(store.ingest(&upload, false)?)));
            let (place, report) = match ingested {
                Ok(report) => ("done", json!({ "files": [report] })),
                Err(error) => ("failed", json!({ "file": path, "error": with_causes(&error) })),
            };
            match put_away(&path, &folder.join(place), &report) {
                Ok(to) => tracing::info!("{} is now {}", path.display(), to.display()),
                Err(error) => tracing::error!("{} cannot be moved to {place}: {error}", path.display()),
            }
        }
        self.seen = now;
    }
}

/// Files in `folder` that are not hidden and not being written, in the order of their names.
fn files_in(folder: &Path) -> Vec<PathBuf> {
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) => {
            tracing::warn!("{} cannot be looked through: {error}", folder.display());
            return Vec::new();
        }
    };
    let is_file = |path: &PathBuf| {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let ending = path.extension().unwrap_or_default().to_string_lossy().to_ascii_lowercase();
        path.is_file() && !name.starts_with('.') && !UNFINISHED.contains(&ending.as_str())
    };
    let mut files: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).filter(is_file).collect();
    files.sort();
    files
}

/// Moves a file to `folder`, with the report beside it. A name that is taken gets a number.
fn put_away(file: &Path, folder: &Path, report: &Value) -> io::Result<PathBuf> {
    let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let mut to = folder.join(&name);
    let mut number = 2;
    while to.exists() {
        to = folder.join(format!("{number}-{name}"));
        number += 1;
    }
    std::fs::write(beside(&to, ".report.json"), format!("{report:#}\n"))?;
    std::fs::rename(file, &to)?;
    Ok(to)
}

/// A training in a process of its own, which steps back for the server.
struct Training {
    database: PathBuf,
    child: Option<Child>,
    /// How many sales there were when the last training was started: the same sales need not be tried twice.
    tried_with: Option<i64>,
}

impl Training {
    fn start_if_due(&mut self, pricing: &PricingService, enough: u64) {
        if let Some(child) = &mut self.child {
            match child.try_wait() {
                Ok(None) => return,
                Ok(Some(status)) if status.success() => tracing::info!("training is done"),
                Ok(Some(status)) => tracing::error!("training failed: {status}"),
                Err(error) => tracing::error!("training cannot be watched: {error}"),
            }
            self.child = None;
        }
        let snapshot = pricing.snapshot();
        let new_sales = snapshot.sales() - snapshot.newest_dataset_rows();
        let is_due = u64::try_from(new_sales).is_ok_and(|new_sales| new_sales >= enough.max(1));
        if !is_due || self.tried_with == Some(snapshot.sales()) {
            return;
        }
        self.tried_with = Some(snapshot.sales());
        match self.start() {
            Ok(child) => {
                tracing::info!("training starts with {new_sales} new sales");
                self.child = Some(child);
            }
            Err(error) => tracing::error!("training cannot be started: {error}"),
        }
    }

    fn start(&self) -> io::Result<Child> {
        Command::new(std::env::current_exe()?)
            .arg("--db")
            .arg(&self.database)
            .args(["--quiet", "retrain"])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            // a server that stops does not leave its training behind
            .kill_on_drop(true)
            .spawn()
    }
}
