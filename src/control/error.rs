//! Why an operation is not done, wherever it was tried.

use std::error::Error;
use std::fmt;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::pricing::PricingError;
use crate::store::StoreError;

/// An error of an operation.
#[derive(Debug, thiserror::Error)]
pub enum FileAccessError {
    /// Here.
    #[error(transparent)]
    Here(#[from] PricingError),
    /// At the owner's, who told why.
    #[error(transparent)]
    There(#[from] RemoteError),
    /// The owner does not answer as an owner does.
    #[error("the server at {} does not answer: {reason}; stop it and try again", socket.display())]
    Unreachable {
        /// Where it was asked.
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

/// An error in words, with what caused it: what is left of an error that crossed a socket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RemoteError {
    message: String,
    because: Option<Box<RemoteError>>,
}

impl RemoteError {
    /// The words of `error` and of all that caused it.
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
