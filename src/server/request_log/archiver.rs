//! Takes what is in the journal into the database.

use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::store::{Journal, Segment, Store, StoreError};
use crate::system;
use crate::text::with_causes;

/// How long requests gather in the journal: each transaction of the engine has its price, whatever is in it.
const GATHERING: Duration = Duration::from_millis(250);
/// How long to wait after the engine failed.
const PAUSE: Duration = Duration::from_secs(5);
/// How long nobody must have asked anything before a checkpoint is written.
const QUIET: Duration = Duration::from_secs(1);

/// Something to be done with the file, or told that it cannot be.
type Between = Box<dyn FnOnce(Result<&mut Store, StoreError>) + Send>;

/// What the archiver is sent.
pub(super) enum Task {
    /// There is something in the journal.
    Appended,
    /// Do this when all that is in the journal is in the database.
    Between(Between),
    /// Take in what is there, and end.
    Finish,
}

/// What is to be done when nothing is sent for a while.
enum Next {
    Nothing,
    Absorb(Instant),
    Checkpoint(Instant),
}

pub(super) struct Archiver {
    store: Store,
    journal: Arc<Mutex<Journal>>,
    /// Had its turn and could not be taken in yet.
    turned: Option<Segment>,
}

impl Archiver {
    pub(super) fn new(store: Store, journal: Arc<Mutex<Journal>>) -> Self {
        Self { store, journal, turned: None }
    }

    /// Does what it is sent until told to finish.
    pub(super) fn run(mut self, tasks: &Receiver<Task>) {
        // on systems where this would slow answers down as well, it is left out
        if cfg!(target_os = "linux") {
            system::step_back();
        }
        // what a server left that was killed
        let mut next = Next::Checkpoint(Instant::now() + QUIET);
        loop {
            let task = match next {
                Next::Nothing => tasks.recv().map_err(RecvTimeoutError::from),
                Next::Absorb(due) | Next::Checkpoint(due) => {
                    tasks.recv_timeout(due.saturating_duration_since(Instant::now()))
                }
            };
            match (task, &next) {
                (Ok(Task::Appended), Next::Absorb(_)) => {}
                (Ok(Task::Appended), _) => next = Next::Absorb(Instant::now() + GATHERING),
                (Ok(Task::Between(work)), _) => {
                    let absorbed = self.absorb();
                    work(absorbed.map(|()| &mut self.store));
                }
                (Err(RecvTimeoutError::Timeout), Next::Absorb(_)) => {
                    next = match tell(self.absorb()) {
                        Some(()) => Next::Checkpoint(Instant::now() + QUIET),
                        None => Next::Absorb(Instant::now() + PAUSE),
                    };
                }
                (Err(RecvTimeoutError::Timeout), _) => {
                    // one that fails is written after the next requests, or when the server ends
                    tell(self.store.checkpoint());
                    next = Next::Nothing;
                }
                (Ok(Task::Finish) | Err(RecvTimeoutError::Disconnected), _) => break,
            }
        }
        if tell(self.absorb()).is_some() && self.journal().is_empty() {
            self.store.remove_journals();
        }
        tell(self.store.checkpoint());
    }

    /// Takes all that was written by now into the database. If it fails, nothing is lost.
    fn absorb(&mut self) -> Result<(), StoreError> {
        self.absorb_turned()?;
        let turned = self.journal().turn()?;
        self.turned = turned;
        self.absorb_turned()
    }

    fn absorb_turned(&mut self) -> Result<(), StoreError> {
        let Some(segment) = &self.turned else { return Ok(()) };
        self.store.absorb(segment)?;
        if let Some(segment) = self.turned.take() {
            self.journal().give_back(segment);
        }
        Ok(())
    }

    fn journal(&self) -> MutexGuard<'_, Journal> {
        self.journal.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Leaves word of a failure.
fn tell<T>(result: Result<T, StoreError>) -> Option<T> {
    result.map_err(|error| tracing::warn!("{}", with_causes(&error))).ok()
}
