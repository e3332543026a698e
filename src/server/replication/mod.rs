//! A server that follows another one: it takes the backups of that one in, one after the other, and refuses changes.
//!
//! Its answers come from memory, as those of any server; a new copy takes the place of the one before within one transaction, and the
//! snapshot of prices after it. What it logs is its own.

mod copy_source;
mod http_copies;
mod state;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use tokio_util::sync::CancellationToken;

use super::app::App;
use super::blocking_work::in_background_of_low_priority;
use crate::pricing::PricingError;
use crate::store::{Replica, ReplicaCopy, Store, StoreError};
use crate::text::with_causes;

pub use copy_source::{CopySource, FetchError, FetchedCopy, describe};
pub use state::{ReplicaProgress, ReplicaState};

/// Pause between two attempts to get a first copy.
const FIRST_PAUSE: Duration = Duration::from_secs(1);

/// Least pause between two looks, whatever was asked for.
const LEAST_PAUSE: Duration = Duration::from_millis(100);

/// How to follow another server.
pub struct Following {
    /// Where its copies come from.
    pub source: CopySource,
    /// The time between two looks.
    pub every: Duration,
}

/// Why a copy was not taken in.
#[derive(Debug, thiserror::Error)]
enum FollowError {
    /// None came.
    #[error(transparent)]
    Fetch(#[from] FetchError),
    /// The one that came is no whole file of this program.
    #[error("{reason}")]
    Damaged { reason: String },
    /// It cannot be taken in.
    #[error("the copy cannot be taken in")]
    Store(#[from] StoreError),
    /// The server cannot answer from it.
    #[error("the copy cannot be served")]
    Pricing(#[from] PricingError),
}

/// The copy that came last: it is not fetched again.
#[derive(Debug, Default)]
struct LastCopy {
    version: String,
    /// What is wrong with it, if something is.
    damage: Option<String>,
}

/// Keeps a file as new as the copies that it follows.
pub struct Replication {
    following: Following,
    /// How far it is.
    pub progress: Arc<ReplicaProgress>,
    last: Mutex<LastCopy>,
}

/// A copy on its way, which goes with this value.
struct IncomingCopy(PathBuf);

impl Drop for IncomingCopy {
    fn drop(&mut self) {
        // the work folder goes as well
        let _ = std::fs::remove_file(&self.0);
    }
}

impl Following {
    /// Makes the file of `store` a replica, if it is none yet, and waits until it has a first copy.
    ///
    /// # Errors
    /// If the file has content of its own, or the database fails.
    pub fn begin(self, store: &mut Store) -> Result<Replication, StoreError> {
        let name = self.source.to_string();
        store.become_replica(&name)?;
        let (mut last, mut told) = (LastCopy::default(), String::new());
        loop {
            // one that is there already is served at once: its source may be away
            if let Some(copy) = store.replica()?.and_then(|replica| replica.copy) {
                let last = Mutex::new(LastCopy { version: copy.version.clone(), damage: None });
                return Ok(Replication { following: self, progress: Arc::new(ReplicaProgress::new(copy)), last });
            }
            let folder = store.work_folder().to_owned();
            let taken = self.take_newest(&mut last, &folder, |copy, replica| Ok(take_into(store, copy, replica)?));
            if let Err(error) = taken {
                let reason = with_causes(&error);
                if reason != told {
                    tracing::warn!("waiting for a first copy of {name}: {reason}");
                    told = reason;
                }
                std::thread::sleep(FIRST_PAUSE);
            }
        }
    }

    /// Gets the newest copy into `folder`, proves it and has it taken in by `take`; `None` if it is the `last` one, which was taken in.
    fn take_newest(
        &self,
        last: &mut LastCopy,
        folder: &Path,
        take: impl FnOnce(&Path, &Replica) -> Result<(), FollowError>,
    ) -> Result<Option<ReplicaCopy>, FollowError> {
        // always the same name: one comes at a time, and what is said of it twice is the same
        let incoming = IncomingCopy(folder.join("incoming-copy.duckdb"));
        let Some(FetchedCopy { version, made }) = self.source.fetch(Some(&last.version), &incoming.0)? else {
            return last.damage.clone().map_or(Ok(None), |reason| Err(FollowError::Damaged { reason }));
        };
        // it also gets the layout of this program
        if let Err(error) = Store::prove_backup(&incoming.0) {
            let reason = with_causes(&error);
            *last = LastCopy { version, damage: Some(reason.clone()) };
            return Err(FollowError::Damaged { reason });
        }
        let copy = ReplicaCopy { version: version.clone(), made, taken: Timestamp::now() };
        take(&incoming.0, &Replica { source: self.source.to_string(), copy: Some(copy.clone()) })?;
        *last = LastCopy { version, damage: None };
        Ok(Some(copy))
    }
}

/// Takes `copy` into the file of `store`.
fn take_into(store: &mut Store, copy: &Path, replica: &Replica) -> Result<(), StoreError> {
    let _memory = store.large_operation()?;
    store.take_copy(copy, replica)
}

impl Replication {
    /// Looks for new copies until `stop` is cancelled.
    pub async fn run(self, app: App, stop: CancellationToken) {
        let replication = Arc::new(self);
        loop {
            let (looking, app) = (replication.clone(), app.clone());
            tokio::select! {
                looked = in_background_of_low_priority(move || looking.look(&app)) => {
                    if looked.is_err() {
                        tracing::error!("taking a copy panicked");
                    }
                }
                // a copy that is on its way is left: it may take an hour, and what is not taken in whole changes nothing
                () = stop.cancelled() => return,
            }
            tokio::select! {
                () = tokio::time::sleep(replication.following.every.max(LEAST_PAUSE)) => {}
                () = stop.cancelled() => return,
            }
        }
    }

    fn look(&self, app: &App) {
        if app.file.problem().is_some() {
            return;
        }
        let problem = self.follow(app).err().map(|error| with_causes(&error));
        if self.progress.note_problem(problem.clone())
            && let Some(problem) = problem
        {
            tracing::warn!("the copy of {} is served still: {problem}", self.progress.now().copy.made);
        }
    }

    fn follow(&self, app: &App) -> Result<(), FollowError> {
        // what is known holds after a panic too
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let folder = app.pricing.reader()?.work_folder().to_owned();
        let taken = self.following.take_newest(&mut last, &folder, |copy, replica| {
            app.pricing.replace(|store| Ok(take_into(store, copy, replica)?))?;
            Ok(app.access.reload(&app.pricing.reader()?)?)
        })?;
        if let Some(copy) = taken {
            tracing::info!("the copy of {} is served", copy.made);
            self.progress.note_copy(copy);
        }
        Ok(())
    }
}
