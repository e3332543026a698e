//! What all operations have in common, and how they are sent over the socket.

use std::sync::Arc;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::operations::Listed;
use crate::pricing::{PricingError, PricingService, ServedModel, Snapshot};
use crate::store::Store;

/// How an operation uses the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Reads it.
    Read,
    /// Adds to the log, as requests do.
    Log,
    /// Writes something that answers do not depend on.
    Write,
    /// Changes something that answers depend on: a server reads the file again before it answers the next request.
    Change,
    /// As [`Access::Change`], and creates the file if there is none.
    Create,
    /// Needs the file alone for a moment, with the whole log in it.
    Exclusive,
    /// Puts another file in its place, with the whole log in it.
    Replace,
}

impl Access {
    /// Whether it changes what a replica takes from its copies: anything but the log.
    #[must_use]
    pub fn is_for_own_files(self) -> bool {
        match self {
            Self::Read | Self::Log | Self::Exclusive | Self::Replace => false,
            Self::Write | Self::Change | Self::Create => true,
        }
    }
}

/// A request of a command to the file's owner. Only operations in the list of `operations.rs` implement this, and the server
/// knows every operation of the list.
pub trait Operation: Listed + Serialize + DeserializeOwned + Send + 'static {
    /// The result.
    type Answer: Serialize + DeserializeOwned + Send + 'static;
    /// The name by which it is sent.
    const NAME: &'static str;
    /// How it uses the file.
    const ACCESS: Access;

    /// Runs the operation.
    ///
    /// # Errors
    /// Why it failed; then nothing is changed.
    fn run(self, owner: &mut FileOwner<'_>) -> Result<Self::Answer, PricingError>;
}

/// What an operation can use at the owner's side.
pub struct FileOwner<'a> {
    /// The file.
    pub store: &'a mut Store,
    /// The server's pricing service, if the owner is a server.
    pub pricing: Option<&'a PricingService>,
}

impl FileOwner<'_> {
    /// The data that answers depend on: that of the server, or else read now.
    ///
    /// # Errors
    /// If the file cannot be read.
    pub fn snapshot(&self) -> Result<Arc<Snapshot>, PricingError> {
        match self.pricing {
            Some(pricing) => Ok(pricing.snapshot()),
            None => Ok(Arc::new(Snapshot::load(self.store, None)?)),
        }
    }

    /// The model named `wanted`; the champion if that is absent.
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
