//! What every operation has in common, and how it crosses the socket.

use std::sync::Arc;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::operations::Listed;
use crate::pricing::{PricingError, PricingService, ServedModel, Snapshot};
use crate::store::Store;

/// What an operation does with the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Reads it.
    Read,
    /// Writes what answers are not made from.
    Write,
    /// Changes what answers are made from: a server reads it again before it answers the next request.
    Change,
    /// As [`Access::Change`], and makes the file if there is none.
    Create,
    /// Needs the file for itself for a moment, with the whole log in it.
    Exclusive,
}

/// Something that a command asks of the file's owner. Only the operations in the list of `operations.rs` can be one, and each
/// of the list is known to the server.
pub trait Operation: Listed + Serialize + DeserializeOwned + Send + 'static {
    /// What it gives.
    type Answer: Serialize + DeserializeOwned + Send + 'static;
    /// What it is called on the way to the owner.
    const NAME: &'static str;
    /// What it does with the file.
    const ACCESS: Access;

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
    /// What a server answers from, if the owner is one.
    pub pricing: Option<&'a PricingService>,
}

impl FileOwner<'_> {
    /// All that answers need: that of the server, or one read for the occasion.
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
