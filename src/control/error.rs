//! Why an operation failed, in this process or at the owner.

use std::error::Error;
use std::fmt;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::pricing::PricingError;
use crate::store::StoreError;

/// An error of an operation.
#[derive(Debug, thiserror::Error)]
pub enum FileAccessError {
    /// It failed in this process.
    #[error(transparent)]
    Here(#[from] PricingError),
    /// It failed at the owner, which sent the reason.
    #[error(transparent)]
    There(#[from] RemoteError),
    /// The answer does not come from an owner of the file.
    #[error("the server at {} does not answer: {reason}; stop it and try again", socket.display())]
    Unreachable {
        /// The address of the owner.
        socket: PathBuf,
        /// What went wrong.
        reason: String,
    },
}

impl From<StoreError> for FileAccessError {
    fn from(error: StoreError) -> Self {
        Self::Here(error.into())
    }
}

/// An error as text, with its causes: the form in which errors are sent over the socket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RemoteError {
    message: String,
    because: Option<Box<RemoteError>>,
}

impl RemoteError {
    /// The texts of `error` and of all its causes.
    #[must_use]
    pub fn of(error: &dyn Error) -> Self {
        Self { message: error.to_string(), because: error.source().map(|cause| Box::new(Self::of(cause))) }
    }
}

impl fmt::Display for RemoteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl Error for RemoteError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.because.as_deref().map(|cause| cause as &(dyn Error + 'static))
    }
}
