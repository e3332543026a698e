//! A server that follows another one: it takes the backups of that one in, one after the other, and refuses changes.
//!
//! Its answers come from memory, as those of any server; a new copy takes the place of the one before within one transaction, and the
//! snapshot of prices after it. What it logs is its own.

mod copy_source;
mod http_copies;
mod state;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
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
    /// Where its copies come from, as whoever started the server wrote it.
    pub name: String,
    /// The same, to be read.
    pub source: CopySource,
    /// The time between two looks.
    pub every: Duration,
}

/// Why a copy was not taken in.
#[derive(Debug, thiserror::Error)]
pub enum FollowError {
    /// None came.
    #[error(transparent)]
    Fetch(#[from] FetchError),
    /// One that came is no whole file of this program, or cannot be taken in.
    #[error("the copy cannot be taken in")]
    Store(#[from] StoreError),
    /// The server cannot answer from it.
    #[error("the copy cannot be served")]
    Pricing(#[from] PricingError),
}

/// Keeps a file as new as the copies that it follows.
pub struct Replication {
    following: Following,
    /// How far it is.
    pub progress: Arc<ReplicaProgress>,
    /// The version of the copy that came last, and what is wrong with it, if something is: it is not fetched again.
    last: Mutex<(String, Option<String>)>,
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
        store.become_replica(&self.name)?;
        let mut told = String::new();
        loop {
            // one that is there already is served at once: its source may be away
            if let Some(copy) = store.replica()?.and_then(|replica| replica.copy) {
                let last = Mutex::new((copy.version.clone(), None));
                return Ok(Replication { following: self, progress: Arc::new(ReplicaProgress::new(copy)), last });
            }
            let folder = store.work_folder().to_owned();
            let taken = self.fetch(None, &folder).map_err(FollowError::from).and_then(|fetched| match fetched {
                Some((incoming, replica)) => {
                    Store::prove_backup(&incoming.0)?;
                    let _memory = store.large_operation()?;
                    Ok(store.take_copy(&incoming.0, &replica)?)
                }
                None => Ok(()),
            });
            if let Err(error) = taken {
                let reason = with_causes(&error);
                if reason != told {
                    tracing::warn!("waiting for a first copy of {}: {reason}", self.name);
                    told = reason;
                }
                std::thread::sleep(FIRST_PAUSE);
            }
        }
    }

    /// Gets the newest copy into `folder`; `None` if it is the one of that version.
    fn fetch(&self, known: Option<&str>, folder: &Path) -> Result<Option<(IncomingCopy, Replica)>, FetchError> {
        // always the same name: one comes at a time, and what is said of it twice is the same
        let incoming = IncomingCopy(folder.join("incoming-copy.duckdb"));
        let Some(FetchedCopy { version, made }) = self.source.fetch(known, &incoming.0)? else { return Ok(None) };
        let copy = ReplicaCopy { version, made, taken: Timestamp::now() };
        Ok(Some((incoming, Replica { source: self.name.clone(), copy: Some(copy) })))
    }
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
        let problem = self.take_newest(app).unwrap_or_else(|error| Some(with_causes(&error)));
        if self.progress.note_problem(problem.clone())
            && let Some(problem) = problem
        {
            tracing::warn!("the copy of {} is served still: {problem}", self.progress.now().copy.made);
        }
    }

    /// Takes the newest copy in, if it has not come before. Returns what is wrong with the one that came last, if something is.
    fn take_newest(&self, app: &App) -> Result<Option<String>, FollowError> {
        let (known, its_problem) = lock(&self.last).clone();
        let folder = app.pricing.reader()?.work_folder().to_owned();
        let Some((incoming, replica)) = self.following.fetch(Some(&known), &folder)? else { return Ok(its_problem) };
        let Some(copy) = replica.copy.clone() else { return Ok(None) };
        // it also gets the layout of this program
        if let Err(error) = Store::prove_backup(&incoming.0) {
            let problem = Some(with_causes(&error));
            *lock(&self.last) = (copy.version, problem.clone());
            return Ok(problem);
        }
        app.pricing.replace(|store| {
            let _memory = store.large_operation()?;
            Ok(store.take_copy(&incoming.0, &replica)?)
        })?;
        app.access.reload(&app.pricing.reader()?)?;
        tracing::info!("the copy of {} is served", copy.made);
        *lock(&self.last) = (copy.version.clone(), None);
        self.progress.note_copy(copy);
        Ok(None)
    }
}

/// What is known holds after a panic too.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
