//! How commands reach the file, whoever owns it.
//!
//! The process that opens the file first owns it. While that is a server, every other command sends its operations to it
//! over a Unix socket beside the file; else the command opens the file itself. An [`Operation`] is the same in both cases,
//! and so is what the user sees.

#[cfg(unix)]
mod client;
mod error;
mod file_access;
mod operations;
#[cfg(unix)]
mod socket;

use serde::Serialize;
use serde::de::DeserializeOwned;

pub use error::{FileAccessError, RemoteError};
pub use file_access::{Access, FileAccess, open_to_serve};
pub use operations::{
    AddModels, AddModelsAnswer, Backup, FindSimilar, ImportOutcomes, Ingest, IngestOutcomes, IngestOutcomesAnswer,
    ListBatches, ListModels, ListOutcomes, ListRequests, OutcomeRow, Predict, PromoteModel, PruneModels, ReadArtifact,
    ReadChampion, ReadDataset, ReadStatus, ReplayRequests, RollBackChampion, RunQuery, ShowBatch, ShowModel,
    ShowRequest, UndoBatch,
};
#[cfg(unix)]
pub use socket::path_of as socket_path;

use crate::pricing::{PricingError, PricingService, ServedModel, Snapshot};
use crate::store::Store;

use std::sync::Arc;

/// Something that a command asks of the file's owner.
pub trait Operation: Serialize + DeserializeOwned + Send + 'static {
    /// What it gives.
    type Answer: Serialize + DeserializeOwned + Send + 'static;
    /// What it is called on the way to the owner.
    const NAME: &'static str;
    /// Whether it changes what answers are made from.
    const CHANGES: bool = false;

    /// Does it.
    ///
    /// # Errors
    /// What keeps it from being done; then nothing is changed.
    fn run(self, owner: &mut FileOwner<'_>) -> Result<Self::Answer, PricingError>;
}

/// The owner's side of an operation.
pub struct FileOwner<'a> {
    /// The file.
    pub store: &'a mut Store,
    /// The engine that serves, if one does.
    pub pricing: Option<&'a PricingService>,
}

impl FileOwner<'_> {
    /// All that answers need: the one that is served, or one read for the occasion.
    ///
    /// # Errors
    /// If the file cannot be read.
    pub fn snapshot(&self) -> Result<Arc<Snapshot>, PricingError> {
        match self.pricing {
            Some(pricing) => Ok(pricing.snapshot()),
            None => Ok(Arc::new(Snapshot::load(self.store, None)?)),
        }
    }

    /// The model that `wanted` names; the champion if nothing is wanted.
    ///
    /// # Errors
    /// If there is none.
    pub fn model(&self, snapshot: &Snapshot, wanted: Option<&str>) -> Result<Arc<ServedModel>, PricingError> {
        match self.pricing {
            Some(pricing) => pricing.model(snapshot, wanted),
            None => snapshot.model(self.store, wanted),
        }
    }
}

/// The bytes of a value on the socket.
///
/// # Errors
/// If the value cannot be written.
pub fn encode<T: Serialize>(value: &T) -> Result<Vec<u8>, rmp_serde::encode::Error> {
    rmp_serde::to_vec_named(value)
}

/// The value of bytes from the socket.
///
/// # Errors
/// If they are not of such a value.
pub fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, rmp_serde::decode::Error> {
    rmp_serde::from_slice(bytes)
}
