//! Answers questions about stones: what one is worth, and which like it were sold.
//!
//! All that an answer needs lies ready in memory in a [`Snapshot`] of the file, read when the engine starts. The file
//! itself is asked only for models that are seldom wanted.

mod assumption;
mod error;
mod proportions;
mod quote;
mod served_model;
mod similar;
mod snapshot;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use arc_swap::ArcSwap;

pub use assumption::Assumed;
pub use error::EngineError;
pub use quote::{ModelName, Quote};
pub use served_model::ServedModel;
pub use similar::{MAX_SIMILAR, SimilarIndex, SimilarStone, SimilarStones};
pub use snapshot::Snapshot;

use crate::diamond::StoneDescription;
use crate::store::{Store, StoreError};

/// Prices stones and finds similar ones.
pub struct Engine {
    snapshot: ArcSwap<Snapshot>,
    store: Mutex<Store>,
    /// Models besides those of the snapshot that were asked for by number.
    loaded: Mutex<HashMap<i64, Arc<ServedModel>>>,
}

impl Engine {
    /// An engine over the file as it is now.
    ///
    /// # Errors
    /// If the file cannot be read or its champion cannot be loaded.
    pub fn new(store: Store) -> Result<Self, EngineError> {
        let snapshot = Snapshot::load(&store)?;
        Ok(Self {
            snapshot: ArcSwap::from_pointee(snapshot),
            store: Mutex::new(store),
            loaded: Mutex::new(HashMap::new()),
        })
    }

    /// What is in memory now. Later changes do not touch it.
    #[must_use]
    pub fn snapshot(&self) -> Arc<Snapshot> {
        self.snapshot.load_full()
    }

    /// The file, for questions about its history. It is slow: keep it away from threads that serve.
    pub fn store(&self) -> MutexGuard<'_, Store> {
        self.store.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The model to answer with: the champion, or the one that `wanted` names by its number or its family (then the
    /// newest of it). Reads the file only for a number that was never asked for before.
    ///
    /// # Errors
    /// If there is none.
    pub fn model(&self, snapshot: &Snapshot, wanted: Option<&str>) -> Result<Arc<ServedModel>, EngineError> {
        let Some(wanted) = wanted else { return snapshot.champion().cloned().ok_or(EngineError::NoModel) };
        if let Some(model) = snapshot.find(wanted) {
            return Ok(model.clone());
        }
        if !snapshot.has_models() {
            return Err(EngineError::NoModel);
        }
        let unknown = || EngineError::UnknownModel { wanted: wanted.to_owned(), families: snapshot.family_names() };
        let id: i64 = wanted.parse().map_err(|_| unknown())?;
        let mut loaded = self.loaded.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(model) = loaded.get(&id) {
            return Ok(model.clone());
        }
        let model = match ServedModel::load(&self.store(), id) {
            Err(EngineError::Store(StoreError::NotFound { .. })) => return Err(unknown()),
            other => Arc::new(other?),
        };
        loaded.insert(id, model.clone());
        Ok(model)
    }

    /// Prices `description`, measurements that it lacks filled in from similar stones.
    ///
    /// # Errors
    /// If there is no model to do it with.
    pub fn quote(&self, description: &StoneDescription, wanted: Option<&str>) -> Result<Quote, EngineError> {
        let snapshot = self.snapshot();
        let model = self.model(&snapshot, wanted)?;
        snapshot.quote(description, &model)
    }
}
