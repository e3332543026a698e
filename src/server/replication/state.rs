//! How far a replica is, for handlers.

use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::store::ReplicaCopy;

/// How far a replica is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReplicaState {
    /// The copy that it has.
    pub copy: ReplicaCopy,
    /// Why no newer one came at the last look; `None` if there was none, or it came.
    pub problem: Option<String>,
}

/// The state of a replica, which changes while it is read.
#[derive(Debug)]
pub struct ReplicaProgress(Mutex<ReplicaState>);

impl ReplicaProgress {
    /// A replica with this copy.
    pub fn new(copy: ReplicaCopy) -> Self {
        Self(Mutex::new(ReplicaState { copy, problem: None }))
    }

    /// The state now.
    pub fn now(&self) -> ReplicaState {
        self.lock().clone()
    }

    /// Notes that a newer copy is served.
    pub fn note_copy(&self, copy: ReplicaCopy) {
        self.lock().copy = copy;
    }

    /// Notes why no newer copy came, or that nothing is wrong. Returns whether that is another problem than before.
    pub fn note_problem(&self, problem: Option<String>) -> bool {
        let mut state = self.lock();
        let is_new = problem.is_some() && problem != state.problem;
        state.problem = problem;
        is_new
    }

    fn lock(&self) -> MutexGuard<'_, ReplicaState> {
        // what is known holds after a panic too
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
