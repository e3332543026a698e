//! Answers questions about stones: what one is worth, and which like it were sold.
//!
//! All that an answer needs lies ready in memory in a [`Snapshot`], which is replaced as a whole when the file has
//! changed. The file itself is asked only for models that are seldom wanted.

mod assumption;
mod quote;
mod similar;
mod snapshot;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use arc_swap::ArcSwap;

pub use assumption::Assumed;
pub use quote::{ModelName, Quote};
pub use similar::{MAX_SIMILAR, SimilarIndex, SimilarStone, SimilarStones};
pub use snapshot::{ServedModel, Snapshot};

use crate::diamond::StoneDescription;
use crate::families::FamilyError;
use crate::store::{Store, StoreError};

/// Why a question cannot be answered.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// Nothing is trained yet.
    #[error("no model is trained yet: run `diamonds ingest FILE.csv`, then `diamonds retrain`")]
    NoModel,
    /// There is no such model.
    #[error("there is no model {wanted:?}: give the number of a model or one of {families}")]
    UnknownModel {
        /// What was asked for.
        wanted: String,
        /// The families that there are models of.
        families: String,
    },
    /// A stored model cannot be loaded.
    #[error("model {id} cannot be loaded")]
    Unloadable {
        /// Number of the model.
        id: i64,
        /// What its family says.
        source: FamilyError,
    },
    /// The file fails.
    #[error(transparent)]
    Store(#[from] StoreError),
}

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
        Ok(snapshot.quote(description, &model))
    }
}
