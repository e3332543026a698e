//! The automated pipeline: files that arrive in a folder are ingested, and once enough new sales are in, models are
//! trained. It needs nobody, and does not use the threads that serve.

use std::collections::HashMap;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use super::file_guard::FileState;
use super::training::{NotStarted, TrainingWanted, Trainings};
use crate::files::{FileIdentity, beside, folder_of, open_regular};
use crate::pricing::PricingService;
use crate::store::{StoreError, Upload};
use crate::text::with_causes;

/// Pause between two scans of the folder.
const INTERVAL: Duration = Duration::from_secs(1);
/// A file whose last line is not ended must have been still for so many times as long.
const UNENDED_FACTOR: u32 = 6;
/// Endings of the names of files of lines.
const TEXT: [&str; 5] = ["csv", "tsv", "txt", "jsonl", "ndjson"];
/// How often a file that is written to at the wrong moment is ingested again.
const MAX_AGAIN: usize = 5;
/// Endings of file names by which programs mark files that are still being written.
const UNFINISHED: [&str; 4] = ["part", "tmp", "crdownload", "filepart"];

/// What the pipeline does.
#[derive(Debug, Clone, Default)]
pub struct Pipeline {
    /// Ingests the files that arrive in this folder.
    pub watch: Option<PathBuf>,
    /// How long a file in it must not have changed before it is ingested.
    pub settle: Duration,
    /// Trains when this many sales have come since the newest model was trained.
    pub retrain_after: Option<u64>,
}

impl Pipeline {
    /// Creates the folders that processed files are moved to.
    ///
    /// # Errors
    /// If it is not a folder, is that of the file at `database`, or cannot be written to.
    pub fn prepare(&self, database: &Path) -> io::Result<()> {
        let Some(folder) = &self.watch else { return Ok(()) };
        if !folder.is_dir() {
            return Err(io::Error::new(io::ErrorKind::NotADirectory, "it is not a folder: make it first"));
        }
        let own = folder_of(database);
        if FileIdentity::of(own).is_some_and(|own| FileIdentity::of(folder) == Some(own)) {
            let reason = "the database itself is in it and would be moved away: choose a folder of its own";
            return Err(io::Error::new(io::ErrorKind::InvalidInput, reason));
        }
        std::fs::create_dir_all(folder.join("done"))?;
        std::fs::create_dir_all(folder.join("failed"))
    }

    /// Runs the pipeline until `stop` is cancelled.
    pub(super) async fn run(
        self,
        pricing: Arc<PricingService>,
        file: Arc<FileState>,
        trainings: Arc<Trainings>,
        stop: CancellationToken,
    ) {
        let watched = Arc::new(Mutex::new(WatchedFiles::default()));
        let mut training = TrainingWhenDue { trainings, tried_with: None };
        loop {
            tokio::select! {
                () = tokio::time::sleep(INTERVAL) => {}
                () = stop.cancelled() => return,
            }
            if file.problem().is_some() {
                // what went into a file that is not in its place would be lost
                continue;
            }
            if let Some(folder) = self.watch.clone() {
                let (watched, pricing, settle) = (watched.clone(), pricing.clone(), self.settle);
                let scan = tokio::task::spawn_blocking(move || {
                    // what is known of the files holds after a panic too
                    watched.lock().unwrap_or_else(PoisonError::into_inner).take_in(&folder, &pricing, settle);
                });
                if let Err(error) = scan.await {
                    tracing::error!("the scan of the folder failed: {error}");
                }
            }
            if let Some(enough) = self.retrain_after {
                training.start_if_due(&pricing, enough);
            }
        }
    }
}

/// Size and time of the last change of a file.
type SizeAndTime = (u64, SystemTime);

/// What is known about the files in the folder.
#[derive(Debug, Default)]
struct WatchedFiles {
    /// Files that were there at the last scan, and since when each has not changed.
    seen: HashMap<PathBuf, (SizeAndTime, Instant)>,
    /// Files that were ingested and could not be moved: they are not ingested again, only moved.
    stuck: HashMap<PathBuf, (SizeAndTime, PutAway)>,
}

/// Where an ingested file is moved to, and the report that is put beside it.
#[derive(Debug, Clone)]
struct PutAway {
    folder: &'static str,
    report: Value,
}

impl WatchedFiles {
    fn take_in(&mut self, folder: &Path, pricing: &PricingService, settle: Duration) {
        // a hard link to the database is not to be opened: closing it would take the lock away
        let own = pricing.reader().ok().and_then(|store| FileIdentity::of(store.path()));
        let files = match files_in(folder, own) {
            Ok(files) => files,
            Err(error) => {
                tracing::warn!("the folder {} cannot be read: {error}", folder.display());
                return;
            }
        };
        let mut now = HashMap::new();
        let mut stuck = HashMap::new();
        for path in files {
            let Some(state) = state_of(&path) else { continue };
            let known = self.stuck.get(&path).filter(|(then, _)| *then == state).cloned();
            let since =
                self.seen.get(&path).filter(|(then, _)| *then == state).map_or_else(Instant::now, |(_, since)| *since);
            if known.is_none() && !is_complete(&path, since.elapsed(), settle) {
                now.insert(path, (state, since));
                continue;
            }
            let is_first_try = known.is_none();
            let (put_away, identity) = known
                .map_or_else(|| take_in_file(&path, pricing), |(_, put_away)| (put_away, FileIdentity::of_link(&path)));
            match move_to(&path, identity, &folder.join(put_away.folder), &put_away.report) {
                Ok(to) => {
                    tracing::info!("{} is now {}", path.display(), to.display());
                    take_in_the_rest(&to, state, pricing);
                }
                Err(error) => {
                    if is_first_try {
                        tracing::error!(
                            "{} was read but cannot be moved to {}: {error}; it is not read again",
                            path.display(),
                            put_away.folder
                        );
                    }
                    now.insert(path.clone(), (state, since));
                    stuck.insert(path, (state, put_away));
                }
            }
        }
        self.seen = now;
        self.stuck = stuck;
    }
}

/// Size and time of the last change of the file at `path`.
fn state_of(path: &Path) -> Option<SizeAndTime> {
    let about = std::fs::symlink_metadata(path).ok()?;
    Some((about.len(), about.modified().unwrap_or(SystemTime::UNIX_EPOCH)))
}

/// Whether a file that has been `still` for so long is complete. One whose last line is not ended is probably still being written:
/// it gets more time.
fn is_complete(path: &Path, still: Duration, settle: Duration) -> bool {
    still >= settle && (still >= settle * UNENDED_FACTOR || ends_whole(path))
}

/// Whether a file of text ends with the end of a line; other files always do.
fn ends_whole(path: &Path) -> bool {
    let ending = path.extension().unwrap_or_default().to_string_lossy().to_ascii_lowercase();
    if !TEXT.contains(&ending.as_str()) {
        return true;
    }
    let last_byte = || {
        let mut file = open_regular(path)?;
        let mut last = [0];
        file.seek(SeekFrom::End(-1))?;
        file.read_exact(&mut last)?;
        io::Result::Ok(last[0])
    };
    last_byte().is_ok_and(|last| last == b'\n')
}

/// Ingests a file again that has changed while it was ingested and moved: whoever wrote it has it open still. Rows that are known
/// change nothing.
fn take_in_the_rest(path: &Path, mut before: SizeAndTime, pricing: &PricingService) {
    for _ in 0..MAX_AGAIN {
        let Some(state) = state_of(path).filter(|state| *state != before) else { return };
        tracing::warn!("{} was written to after it was ingested: it is ingested again", path.display());
        before = state;
        write_report(path, &take_in_file(path, pricing).0.report);
    }
}

/// Ingests one file: what it was when it was opened, whatever happens to its name. Returns which file that was.
fn take_in_file(path: &Path, pricing: &PricingService) -> (PutAway, Option<FileIdentity>) {
    let mut identity = None;
    let mut ingest = || {
        let name = path.display().to_string();
        let read = |source| StoreError::Read { name: name.clone(), source };
        let mut file = open_regular(path).map_err(read)?;
        identity = FileIdentity::from_metadata(&file.metadata().map_err(read)?);
        let upload = Upload::copy_of(&name, &mut file, pricing.reader()?.work_folder())?;
        pricing.change(|store| Ok(store.ingest(&upload, false)?))
    };
    let put_away = match ingest() {
        // a file of which nothing went in needs somebody to look at it
        Ok(report) => PutAway {
            folder: if report.rejected == report.rows { "failed" } else { "done" },
            report: json!({ "files": [report] }),
        },
        Err(error) => PutAway { folder: "failed", report: json!({ "file": path, "error": with_causes(&error) }) },
    };
    (put_away, identity.or_else(|| FileIdentity::of_link(path)))
}

/// Files in `folder` that are not hidden, not being written and not the `database`, sorted by name.
fn files_in(folder: &Path, database: Option<FileIdentity>) -> io::Result<Vec<PathBuf>> {
    let entries = std::fs::read_dir(folder)?;
    let is_file = |path: &PathBuf| {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let ending = path.extension().unwrap_or_default().to_string_lossy().to_ascii_lowercase();
        // what a link leads to may be the database itself, or anything else that is not to be moved
        let is_regular = std::fs::symlink_metadata(path).is_ok_and(|about| about.is_file());
        let is_database = database.is_some_and(|database| FileIdentity::of(path) == Some(database));
        is_regular && !is_database && !name.starts_with('.') && !UNFINISHED.contains(&ending.as_str())
    };
    let mut files: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).filter(is_file).collect();
    files.sort();
    Ok(files)
}

/// Moves a file to `folder` and writes the report beside it, if it is still the one of this `identity`. If the name is taken, a number
/// is added.
fn move_to(file: &Path, identity: Option<FileIdentity>, folder: &Path, report: &Value) -> io::Result<PathBuf> {
    if FileIdentity::of_link(file) != identity {
        return Err(io::Error::other("there is another file of that name now"));
    }
    let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let mut to = folder.join(&name);
    let mut number = 2;
    while to.exists() {
        to = folder.join(format!("{number}-{name}"));
        number += 1;
    }
    std::fs::rename(file, &to)?;
    write_report(&to, report);
    Ok(to)
}

/// Writes the report beside a file.
fn write_report(file: &Path, report: &Value) {
    let report_file = beside(file, ".report.json");
    if let Err(error) = std::fs::write(&report_file, format!("{report:#}\n")) {
        tracing::error!("cannot write {}: {error}; it says {report}", report_file.display());
    }
}

/// Starts a training when enough new sales have come.
struct TrainingWhenDue {
    trainings: Arc<Trainings>,
    /// How many sales there were, and how many of them were new, when the last training was started: the same sales are not
    /// trained on twice.
    tried_with: Option<(i64, i64)>,
}

impl TrainingWhenDue {
    fn start_if_due(&mut self, pricing: &PricingService, enough: u64) {
        let snapshot = pricing.snapshot();
        let new_sales = snapshot.new_sales();
        let is_due = u64::try_from(new_sales).is_ok_and(|new_sales| new_sales >= enough.max(1));
        if !is_due || self.tried_with == Some((snapshot.sales(), new_sales)) {
            return;
        }
        match self.trainings.start(&TrainingWanted::default()) {
            Ok(()) => tracing::info!("training starts with {new_sales} new sales"),
            Err(NotStarted::Running) => return,
            Err(NotStarted::Failed(error)) => tracing::error!("training cannot be started: {error}"),
        }
        self.tried_with = Some((snapshot.sales(), new_sales));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Store;

    #[test]
    fn a_folder_that_cannot_be_read_keeps_what_is_known_of_its_files() {
        let folder = tempfile::tempdir().expect("a folder");
        let store = Store::open(&folder.path().join("a.duckdb")).expect("a file");
        let pricing = PricingService::new(store).expect("prices");
        let state = (1, SystemTime::UNIX_EPOCH);
        let put_away = PutAway { folder: "done", report: json!({}) };
        let mut watched = WatchedFiles::default();
        watched.seen.insert("sales.csv".into(), (state, Instant::now()));
        watched.stuck.insert("sales.csv".into(), (state, put_away));
        watched.take_in(&folder.path().join("absent"), &pricing, Duration::ZERO);
        assert_eq!((watched.seen.len(), watched.stuck.len()), (1, 1));
        std::fs::create_dir(folder.path().join("absent")).expect("a folder");
        watched.take_in(&folder.path().join("absent"), &pricing, Duration::ZERO);
        assert_eq!((watched.seen.len(), watched.stuck.len()), (0, 0), "the file is gone");
    }
}
