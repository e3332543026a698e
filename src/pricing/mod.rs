//! Answers questions about stones: what one is worth, and which like it were sold.
//!
//! All that an answer needs lies ready in memory in a [`Snapshot`], which is replaced as a whole when the file has
//! changed. The file itself is asked only for models that are seldom wanted.

mod error;
mod explanation;
mod imputation;
mod prediction;
mod proportions;
mod quote;
mod served_model;
mod similar;
mod snapshot;
mod steps;
mod warnings;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use arc_swap::ArcSwap;

pub use error::PricingError;
pub use explanation::{Effect, Explanation, Reason};
pub use prediction::{Prediction, PredictionOrigin};
pub use quote::{MAX_PRICE_USD, MIN_PRICE_USD, ModelName, Quote};
pub use served_model::ServedModel;
pub use similar::{MAX_SIMILAR, SimilarIndex, SimilarStone, SimilarStones};
pub use snapshot::Snapshot;
pub use steps::{Step, StepValue};

use crate::store::{Store, StoreError};

/// Prices stones and finds similar ones, and lets others change the file that it does so from.
pub struct PricingService {
    snapshot: ArcSwap<Snapshot>,
    /// For changes, one at a time.
    writer: Mutex<Store>,
    /// For what readers need of the file; each takes a connection of its own.
    reader: Mutex<Store>,
    /// Models besides those of the snapshot that were asked for by number.
    loaded: Mutex<HashMap<i64, Arc<ServedModel>>>,
}

impl PricingService {
    /// The pricing of the file as it is now.
    ///
    /// # Errors
    /// If the file cannot be read or its champion cannot be loaded.
    pub fn new(store: Store) -> Result<Self, PricingError> {
        let snapshot = Snapshot::load(&store, None)?;
        Ok(Self {
            snapshot: ArcSwap::from_pointee(snapshot),
            reader: Mutex::new(store.try_clone()?),
            writer: Mutex::new(store),
            loaded: Mutex::new(HashMap::new()),
        })
    }

    /// What is in memory now. Later changes do not touch it.
    #[must_use]
    pub fn snapshot(&self) -> Arc<Snapshot> {
        self.snapshot.load_full()
    }

    /// A connection to ask the file for its history. It is slow: keep it away from threads that serve.
    ///
    /// # Errors
    /// If the file denies another connection.
    pub fn reader(&self) -> Result<Store, StoreError> {
        lock(&self.reader).try_clone()
    }

    /// Lets `change` change the file, and answers from what is in it then. The next request sees the change.
    ///
    /// # Errors
    /// What `change` says; or that the file, once changed, cannot be read.
    pub fn change<T>(&self, change: impl FnOnce(&mut Store) -> Result<T, PricingError>) -> Result<T, PricingError> {
        let mut store = lock(&self.writer);
        let changed = change(&mut store)?;
        let now = Snapshot::load(&store, Some(&self.snapshot()))?;
        self.snapshot.store(Arc::new(now));
        // they may have been pruned
        lock(&self.loaded).clear();
        Ok(changed)
    }

    /// Lets `write` write what answers are not made from.
    ///
    /// # Errors
    /// What `write` says.
    pub fn write<T, E>(&self, write: impl FnOnce(&mut Store) -> Result<T, E>) -> Result<T, E> {
        write(&mut lock(&self.writer))
    }

    /// Does `work` while nothing changes the file.
    pub fn hold<T>(&self, work: impl FnOnce() -> T) -> T {
        let _held = lock(&self.writer);
        work()
    }

    /// The model to answer with, if it lies ready: the champion, or the one that `wanted` names by its number or its
    /// family.
    #[must_use]
    pub fn ready_model(&self, snapshot: &Snapshot, wanted: Option<&str>) -> Option<Arc<ServedModel>> {
        let ready = match wanted {
            None => snapshot.champion(),
            Some(wanted) => snapshot.find(wanted),
        };
        let number = || wanted.and_then(|wanted| wanted.parse::<i64>().ok());
        ready.cloned().or_else(|| lock(&self.loaded).get(&number()?).cloned())
    }

    /// The model to answer with, as [`Snapshot::model`] finds it. Reads the file only for a number that was never asked
    /// for before.
    ///
    /// # Errors
    /// If there is none.
    pub fn model(&self, snapshot: &Snapshot, wanted: Option<&str>) -> Result<Arc<ServedModel>, PricingError> {
        if let Some(model) = self.ready_model(snapshot, wanted) {
            return Ok(model);
        }
        let model = snapshot.model(&self.reader()?, wanted)?;
        lock(&self.loaded).insert(model.id, model.clone());
        Ok(model)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
