//! Moves the content of the journal into the database.

use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};

use crate::store::{Journal, JournalSegment, RequestPruning, Store, StoreError};
use crate::system;
use crate::text::with_causes;

/// How long requests collect in the journal: a transaction costs the same for one request as for many.
const GATHERING: Duration = Duration::from_millis(250);
/// Pause after the database failed.
const PAUSE: Duration = Duration::from_secs(5);
/// How long no request must have come before a checkpoint is written.
const QUIET: Duration = Duration::from_secs(1);

/// Pause between two rollups of the log.
const ROLLUP_INTERVAL: Duration = Duration::from_secs(60);

/// Pause between two deletions of old requests.
const PRUNING_INTERVAL: Duration = Duration::from_secs(600);

/// How long requests stay in the log.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Retention {
    /// Until they are so old; `None` for ever.
    pub keep: Option<SignedDuration>,
    /// Until the content of the file is larger, in bytes: then the oldest go. `None` for any size.
    pub max_bytes: Option<u64>,
}

/// Work on the file; it gets an error if the journal cannot be imported first.
type WithFlushedStore = Box<dyn FnOnce(Result<&mut Store, StoreError>) + Send>;

/// Work on the file, whatever its state.
type WithStore = Box<dyn FnOnce(&mut Store) + Send>;

/// Messages to the archiver.
pub(super) enum Task {
    /// The journal has new requests.
    Appended,
    /// Run this when the whole journal is in the database.
    WithFlushedStore(WithFlushedStore),
    /// Run this, whatever the journal has.
    WithStore(WithStore),
    /// Import the rest, and end.
    Finish,
}

/// What to do when no message comes for a while.
enum Next {
    Nothing,
    Import(Instant),
    Checkpoint(Instant),
}

pub(super) struct Archiver {
    store: Store,
    journal: Arc<Mutex<Journal>>,
    /// A segment that is rotated out and not imported yet.
    pending: Option<JournalSegment>,
    /// When the log was added up last.
    rolled_up: Option<Instant>,
    retention: Retention,
    /// When old requests were deleted last.
    pruned: Option<Instant>,
}

impl Archiver {
    pub(super) fn new(store: Store, journal: Arc<Mutex<Journal>>, retention: Retention) -> Self {
        Self { store, journal, pending: None, rolled_up: None, retention, pruned: None }
    }

    /// Handles messages until it gets [`Task::Finish`].
    pub(super) fn run(mut self, tasks: &Receiver<Task>) {
        // on systems where a lower priority would slow answers down as well, it is left as it is
        if cfg!(target_os = "linux") {
            system::lower_priority();
        }
        // import what a killed server left
        let mut next = Next::Checkpoint(Instant::now() + QUIET);
        loop {
            let task = match next {
                Next::Nothing => tasks.recv().map_err(RecvTimeoutError::from),
                Next::Import(due) | Next::Checkpoint(due) => {
                    tasks.recv_timeout(due.saturating_duration_since(Instant::now()))
                }
            };
            match (task, &next) {
                (Ok(Task::Appended), Next::Import(_)) => {}
                (Ok(Task::Appended), _) => next = Next::Import(Instant::now() + GATHERING),
                (Ok(Task::WithFlushedStore(work)), _) => {
                    let absorbed = self.import();
                    work(absorbed.map(|()| &mut self.store));
                }
                (Ok(Task::WithStore(work)), _) => work(&mut self.store),
                (Err(RecvTimeoutError::Timeout), Next::Import(_)) => {
                    next = match log_error(self.import()) {
                        Some(()) => Next::Checkpoint(Instant::now() + QUIET),
                        None => Next::Import(Instant::now() + PAUSE),
                    };
                    self.roll_up_if_due();
                }
                (Err(RecvTimeoutError::Timeout), _) => {
                    self.roll_up_if_due();
                    // beside a long change of the file there is none: it is written after the next requests, or at the end
                    if let Err(error) = self.store.checkpoint() {
                        tracing::debug!("{}", with_causes(&error));
                    }
                    next = Next::Nothing;
                }
                (Ok(Task::Finish) | Err(RecvTimeoutError::Disconnected), _) => break,
            }
        }
        if log_error(self.import()).is_some() && self.journal().is_empty() {
            self.store.remove_journals();
        }
        log_error(self.store.checkpoint());
    }

    /// Imports everything that has been written so far. If it fails, nothing is lost.
    fn import(&mut self) -> Result<(), StoreError> {
        self.import_pending()?;
        let pending = self.journal().rotate()?;
        self.pending = pending;
        self.import_pending()
    }

    fn require_file_in_place(&self) -> Result<(), StoreError> {
        if self.store.is_in_place() {
            return Ok(());
        }
        Err(StoreError::OutOfPlace { path: self.store.path().to_owned() })
    }

    fn import_pending(&mut self) -> Result<(), StoreError> {
        let Some(segment) = &self.pending else { return Ok(()) };
        self.require_file_in_place()?;
        self.store.import(segment)?;
        // if it went into a file that is not there any more, the journal keeps it
        self.require_file_in_place()?;
        if let Some(segment) = self.pending.take() {
            self.journal().recycle(segment);
        }
        Ok(())
    }

    /// Adds the requests of the last minutes up; if it fails, they are added up the next time.
    fn roll_up_if_due(&mut self) {
        if self.rolled_up.is_none_or(|last| last.elapsed() >= ROLLUP_INTERVAL) {
            self.rolled_up = Some(Instant::now());
            log_error(self.store.roll_up(Timestamp::now()));
            self.prune_if_due();
        }
    }

    /// Deletes the requests that are not kept any longer; if it fails, they are deleted the next time.
    fn prune_if_due(&mut self) {
        if self.retention == Retention::default() || self.pruned.is_some_and(|last| last.elapsed() < PRUNING_INTERVAL) {
            return;
        }
        self.pruned = Some(Instant::now());
        let now = Timestamp::now();
        let mut deleted = 0;
        if let Some(before) = self.retention.keep.and_then(|keep| now.checked_sub(keep).ok()) {
            let pruning = RequestPruning { before, with_predictions: false, export_to: None, dry_run: false };
            deleted += log_error(self.store.prune_requests(&pruning, now)).map_or(0, |pruned| pruned.requests);
        }
        if let Some(most) = self.retention.max_bytes {
            deleted += log_error(self.store.prune_to_size(most, now)).unwrap_or(0);
        }
        if deleted > 0 {
            tracing::info!("{deleted} old requests are deleted from the log");
        }
    }

    fn journal(&self) -> MutexGuard<'_, Journal> {
        self.journal.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Logs a failure.
fn log_error<T>(result: Result<T, StoreError>) -> Option<T> {
    result.map_err(|error| tracing::warn!("{}", with_causes(&error))).ok()
}
