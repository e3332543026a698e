//! Takes what is in the journal into the database.

use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::store::{Journal, JournalSegment, Store, StoreError};
use crate::system;
use crate::text::with_causes;

/// How long requests gather in the journal: each transaction of the database costs as much, whatever is in it.
const GATHERING: Duration = Duration::from_millis(250);
/// How long to wait after the database failed.
const PAUSE: Duration = Duration::from_secs(5);
/// How long nobody must have asked anything before a checkpoint is written.
const QUIET: Duration = Duration::from_secs(1);

/// Something to be done with the file, or told that it cannot be.
type WithFlushedStore = Box<dyn FnOnce(Result<&mut Store, StoreError>) + Send>;

/// What the archiver is sent.
pub(super) enum Task {
    /// There is something in the journal.
    Appended,
    /// Do this when all that is in the journal is in the database.
    WithFlushedStore(WithFlushedStore),
    /// Take in what is there, and end.
    Finish,
}

/// What is to be done when nothing is sent for a while.
enum Next {
    Nothing,
    Import(Instant),
    Checkpoint(Instant),
}

pub(super) struct Archiver {
    store: Store,
    journal: Arc<Mutex<Journal>>,
    /// Was rotated out and is not imported yet.
    pending: Option<JournalSegment>,
}

impl Archiver {
    pub(super) fn new(store: Store, journal: Arc<Mutex<Journal>>) -> Self {
        Self { store, journal, pending: None }
    }

    /// Does what it is sent until told to finish.
    pub(super) fn run(mut self, tasks: &Receiver<Task>) {
        // on systems where this would slow answers down as well, it is left out
        if cfg!(target_os = "linux") {
            system::lower_priority();
        }
        // what a server left that was killed
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
                (Err(RecvTimeoutError::Timeout), Next::Import(_)) => {
                    next = match log_error(self.import()) {
                        Some(()) => Next::Checkpoint(Instant::now() + QUIET),
                        None => Next::Import(Instant::now() + PAUSE),
                    };
                }
                (Err(RecvTimeoutError::Timeout), _) => {
                    // one that fails is written after the next requests, or when the server ends
                    log_error(self.store.checkpoint());
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

    /// Takes all that was written by now into the database. If it fails, nothing is lost.
    fn import(&mut self) -> Result<(), StoreError> {
        self.import_pending()?;
        let pending = self.journal().rotate()?;
        self.pending = pending;
        self.import_pending()
    }

    fn import_pending(&mut self) -> Result<(), StoreError> {
        let Some(segment) = &self.pending else { return Ok(()) };
        self.store.import(segment)?;
        if let Some(segment) = self.pending.take() {
            self.journal().recycle(segment);
        }
        Ok(())
    }

    fn journal(&self) -> MutexGuard<'_, Journal> {
        self.journal.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Leaves word of a failure.
fn log_error<T>(result: Result<T, StoreError>) -> Option<T> {
    result.map_err(|error| tracing::warn!("{}", with_causes(&error))).ok()
}
