//! Answers questions about stones: the price of one, and similar ones that were sold.
//!
//! All the data of an answer is in memory in a [`Snapshot`], which is replaced as a whole when the file has
//! changed. The file itself is read only for models that are seldom used.

mod dataset_summary;
mod error;
mod explanation;
mod kept_list;
mod parcel;
mod prediction;
mod price_list;
mod proportions;
mod quote;
mod reliability;
mod served_model;
mod shapley;
mod similar;
mod snapshot;
mod steps;
pub mod stone_files;
mod warnings;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use arc_swap::ArcSwap;

pub use dataset_summary::{DatasetSummary, DatasetSummaryBuilder};
pub use error::PricingError;
pub use explanation::{Effect, Explanation, Reason, property_in_words};
pub use parcel::ParcelTotal;
pub use prediction::{Prediction, PredictionOrigin};
pub use price_list::{
    Compared, KeptList, KeptListName, LAST_LIST, MAX_BANDS, PriceBand, PriceCell, PriceList, PriceListWanted, PriceRow,
};
pub use quote::{MAX_PRICE_USD, MIN_PRICE_USD, ModelName, Quote};
pub use served_model::ServedModel;
pub use similar::{MAX_SIMILAR, SimilarIndex, SimilarStone, SimilarStones};
pub use snapshot::Snapshot;
pub use steps::{Step, StepValue};

use crate::store::{Compaction, Store, StoreError, reopen_file, replace_file};
use crate::system;
use crate::text::with_causes;

/// Most models in memory besides those of the snapshot.
const MAX_LOADED: usize = 8;

/// Prices stones and finds similar ones, and coordinates changes of the file with that.
pub struct PricingService {
    snapshot: ArcSwap<Snapshot>,
    /// For changes, one at a time.
    writer: Mutex<Store>,
    /// For reading the file; each reader clones a connection of its own.
    reader: Mutex<Store>,
    /// Models besides those of the snapshot that have been used, by number.
    loaded: Mutex<HashMap<i64, Arc<ServedModel>>>,
    /// Reads similar stones into memory, aside.
    loading: Mutex<Option<JoinHandle<()>>>,
}

impl PricingService {
    /// The pricing of the file as it is now.
    ///
    /// # Errors
    /// If the file cannot be read or its champion cannot be loaded.
    pub fn new(store: Store) -> Result<Self, PricingError> {
        let snapshot = Snapshot::load(&store, None)?;
        Ok(Self {
            loading: Mutex::new(load_similar(snapshot.similar())),
            snapshot: ArcSwap::from_pointee(snapshot),
            reader: Mutex::new(store.try_clone()?),
            writer: Mutex::new(store),
            loaded: Mutex::new(HashMap::new()),
        })
    }

    /// Waits until nothing is read from the file aside any more.
    pub fn finish(&self) {
        let loading = lock(&self.loading).take();
        if let Some(thread) = loading
            && thread.join().is_err()
        {
            tracing::error!("the thread that reads similar stones panicked");
        }
    }

    /// The current snapshot. Later changes do not affect it.
    #[must_use]
    pub fn snapshot(&self) -> Arc<Snapshot> {
        self.snapshot.load_full()
    }

    /// A connection for reading the history. It is slow: use it on a thread for blocking work.
    ///
    /// # Errors
    /// If the database refuses another connection.
    pub fn reader(&self) -> Result<Store, StoreError> {
        lock(&self.reader).try_clone()
    }

    /// Runs `change`, which changes the file, and then reads a new snapshot. The next request sees the change.
    ///
    /// # Errors
    /// What `change` returns; or that the file, once changed, cannot be read.
    pub fn change<T>(&self, change: impl FnOnce(&mut Store) -> Result<T, PricingError>) -> Result<T, PricingError> {
        self.change_and_load(true, change)
    }

    /// As [`PricingService::change`], where models and batches may be others under the same numbers: nothing is reused.
    ///
    /// # Errors
    /// As [`PricingService::change`].
    pub fn replace<T>(&self, change: impl FnOnce(&mut Store) -> Result<T, PricingError>) -> Result<T, PricingError> {
        self.change_and_load(false, change)
    }

    fn change_and_load<T>(
        &self,
        reuses: bool,
        change: impl FnOnce(&mut Store) -> Result<T, PricingError>,
    ) -> Result<T, PricingError> {
        let mut store = lock(&self.writer);
        let changed = change(&mut store)?;
        let before = self.snapshot();
        let now = Snapshot::load(&store, reuses.then_some(&*before))?;
        if !Arc::ptr_eq(now.similar(), before.similar()) {
            // one that still loads the earlier ones ends by itself
            *lock(&self.loading) = load_similar(now.similar());
        }
        self.snapshot.store(Arc::new(now));
        // cached models may have been pruned
        lock(&self.loaded).clear();
        Ok(changed)
    }

    /// Runs `write`, which writes something that answers do not depend on.
    ///
    /// # Errors
    /// What `write` returns.
    pub fn write<T, E>(&self, write: impl FnOnce(&mut Store) -> Result<T, E>) -> Result<T, E> {
        write(&mut lock(&self.writer))
    }

    /// Runs `work` while nothing changes the file.
    pub fn hold<T>(&self, work: impl FnOnce() -> T) -> T {
        let _held = lock(&self.writer);
        work()
    }

    /// Makes the file as small as its content. `archive` is the connection through which the log is written, which must not be
    /// used meanwhile. Prices are answered all the time; for a moment nobody can read the file.
    ///
    /// # Errors
    /// If the database fails, or a statement takes too long to end; then nothing is changed.
    pub fn compact(&self, archive: &mut Store) -> Result<Compaction, PricingError> {
        let mut writer = lock(&self.writer);
        let copy = {
            let _memory = archive.large_operation()?;
            archive.write_compacted()?
        };
        // those that read now come to their end, no others begin
        Ok(self.with_every_store(archive, &mut writer, |stores| replace_file(&copy, stores))?)
    }

    /// Closes the file and opens it again, after DuckDB has given it up. `archive` is the connection through which the log is
    /// written, which must not be used meanwhile. Prices are answered all the time.
    ///
    /// # Errors
    /// If it cannot be opened, or a statement takes too long to end; then this can be called again.
    pub fn reopen(&self, archive: &mut Store) -> Result<(), StoreError> {
        self.with_every_store(archive, &mut lock(&self.writer), reopen_file)
    }

    /// Runs `work` on every connection to the file; meanwhile nobody gets another one.
    fn with_every_store<T>(
        &self,
        archive: &mut Store,
        writer: &mut Store,
        work: impl FnOnce(&mut [&mut Store]) -> T,
    ) -> T {
        let mut reader = lock(&self.reader);
        self.snapshot().similar().with_store(|similar| {
            let mut stores = vec![archive, writer, &mut *reader];
            stores.extend(similar);
            work(&mut stores)
        })
    }

    /// The model to answer with, if it is in memory: the champion, or the model named `wanted`, by its number or its
    /// family.
    #[must_use]
    pub fn ready_model(&self, snapshot: &Snapshot, wanted: Option<&str>) -> Option<Arc<ServedModel>> {
        let Some(wanted) = wanted else { return snapshot.champion().cloned() };
        let id = *snapshot.ids_of(wanted).first()?;
        snapshot.find_id(id).cloned().or_else(|| lock(&self.loaded).get(&id).cloned())
    }

    /// The model to answer with, as [`Snapshot::model`] finds it. Reads the file only for a model that is
    /// not in memory.
    ///
    /// # Errors
    /// If there is none.
    pub fn model(&self, snapshot: &Snapshot, wanted: Option<&str>) -> Result<Arc<ServedModel>, PricingError> {
        if let Some(model) = self.ready_model(snapshot, wanted) {
            return Ok(model);
        }
        let model = snapshot.model(&self.reader()?, wanted)?;
        let mut loaded = lock(&self.loaded);
        if loaded.len() >= MAX_LOADED {
            loaded.clear();
        }
        loaded.insert(model.id, model.clone());
        Ok(model)
    }
}

/// Reads the similar stones into memory, aside: until they are there, questions read what they need themselves.
fn load_similar(similar: &Arc<SimilarIndex>) -> Option<JoinHandle<()>> {
    let similar = similar.clone();
    let load = move || {
        if cfg!(target_os = "linux") {
            system::lower_priority();
        }
        if let Err(error) = similar.load_all() {
            tracing::warn!("similar stones stay in the file: {}", with_causes(&error));
        }
    };
    let thread = std::thread::Builder::new().name("similar-stones".to_owned()).spawn(load);
    thread.map_err(|error| tracing::warn!("similar stones stay in the file: {error}")).ok()
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
