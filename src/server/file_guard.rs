//! Looks after the file while it is served: whether it is still where it was, and whether DuckDB still works with it.

use std::io::{self, Write};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use arc_swap::ArcSwapOption;
use tokio_util::sync::CancellationToken;

use super::RequestLog;
use super::blocking_work::in_background;
use crate::files::folder_of;
use crate::pricing::{PricingError, PricingService};
use crate::store::StoreError;
use crate::text::with_causes;

/// Pause between two looks.
const INTERVAL: Duration = Duration::from_secs(1);
/// Pause between two attempts to open the file again.
const REOPEN_INTERVAL: Duration = Duration::from_secs(5);
/// Bytes that must fit on the disk before it counts as having space.
const PROBE_BYTES: usize = 1024 * 1024;

/// Why the file cannot be used, if it cannot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FileProblem {
    /// Another file, or none, is at its path: nothing may be answered, because nothing would be kept.
    OutOfPlace(String),
    /// DuckDB has given it up: prices go on, and their requests wait in the journal.
    Closed(String),
}

impl FileProblem {
    /// The reason, for people.
    #[must_use]
    pub fn reason(&self) -> &str {
        match self {
            Self::OutOfPlace(reason) | Self::Closed(reason) => reason,
        }
    }
}

/// The state of the file, for handlers.
#[derive(Debug, Default)]
pub struct FileState(ArcSwapOption<FileProblem>);

impl FileState {
    /// Why the file cannot be used; `None` if it can.
    #[must_use]
    pub fn problem(&self) -> Option<Arc<FileProblem>> {
        self.0.load_full()
    }

    /// Sets the state, and says in the log what has changed.
    fn set(&self, problem: Option<FileProblem>) {
        let before = self.problem();
        if before.as_deref() == problem.as_ref() {
            return;
        }
        let problem = problem.map(Arc::new);
        self.0.store(problem.clone());
        if let Some(problem) = problem {
            tracing::error!("{}", problem.reason());
        } else {
            tracing::warn!("the file can be used again");
        }
    }
}

/// Looks after the file.
#[derive(Clone)]
pub struct FileGuard {
    pricing: Arc<PricingService>,
    log: RequestLog,
    state: Arc<FileState>,
    /// When it was tried last to open the file again.
    tried: Arc<Mutex<Option<Instant>>>,
}

impl FileGuard {
    /// The guard of the file of `pricing` and `log`, which keeps `state` true.
    pub fn new(pricing: Arc<PricingService>, log: RequestLog, state: Arc<FileState>) -> Self {
        Self { pricing, log, state, tried: Arc::default() }
    }

    /// Looks every second until `stop` is cancelled.
    pub async fn run(self, stop: CancellationToken) {
        loop {
            tokio::select! {
                () = tokio::time::sleep(INTERVAL) => {}
                () = stop.cancelled() => return,
            }
            let guard = self.clone();
            if in_background(move || guard.look()).await.is_err() {
                tracing::error!("a look after the file panicked");
            }
        }
    }

    fn look(&self) {
        if self.log.is_failing() && self.has_space() {
            self.log.expect_space();
        }
        let probed = self.pricing.reader().and_then(|store| {
            if store.is_in_place() {
                store.probe()
            } else {
                Err(StoreError::OutOfPlace { path: store.path().to_owned() })
            }
        });
        let is_closed = matches!(self.state.problem().as_deref(), Some(FileProblem::Closed(_)));
        match probed {
            Ok(()) => self.state.set(None),
            Err(error @ StoreError::OutOfPlace { .. }) => {
                self.state.set(Some(FileProblem::OutOfPlace(error.to_string())));
            }
            Err(error) if is_closed || error.is_fatal() => {
                if !is_closed {
                    let reason =
                        format!("the database is closed until it can be opened again: {}", with_causes(&error));
                    self.state.set(Some(FileProblem::Closed(reason)));
                }
                self.reopen_if_due();
            }
            Err(error) => tracing::warn!("{}", with_causes(&error)),
        }
    }

    /// Whether a file of some length can be written beside the database.
    fn has_space(&self) -> bool {
        let written = self.pricing.reader().map_err(io::Error::other).and_then(|store| {
            let mut file = tempfile::tempfile_in(folder_of(store.path()))?;
            file.write_all(&vec![0; PROBE_BYTES])?;
            file.sync_data()
        });
        written.is_ok()
    }

    fn reopen_if_due(&self) {
        let mut tried = self.tried.lock().unwrap_or_else(PoisonError::into_inner);
        if tried.is_some_and(|last| last.elapsed() < REOPEN_INTERVAL) {
            return;
        }
        *tried = Some(Instant::now());
        let pricing = self.pricing.clone();
        let reopened = self.log.with_store(move |archive| Ok::<_, PricingError>(pricing.reopen(archive)?));
        match reopened {
            Ok(()) => self.state.set(None),
            Err(error) => tracing::warn!("the database stays closed: {}", with_causes(&error)),
        }
    }
}
