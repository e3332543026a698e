//! Why an operation is not done, wherever it was tried.

use std::error::Error;
use std::fmt;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::pricing::EngineError;
use crate::store::StoreError;

/// An error of an operation.
#[derive(Debug, thiserror::Error)]
pub enum DeskError {
    /// Here.
    #[error(transparent)]
    Here(#[from] EngineError),
    /// At the owner's, who told why.
    #[error(transparent)]
    There(#[from] Told),
    /// The owner does not answer as an owner does.
    #[error("the server at {} does not answer: {reason}; stop it and try again", socket.display())]
    Unreachable {
        /// Where it was asked.
        socket: PathBuf,
        /// What went wrong.
        reason: String,
    },
}

impl From<StoreError> for DeskError {
    fn from(error: StoreError) -> Self {
        Self::Here(error.into())
    }
}

/// An error in words, with what caused it: what is left of an error that crossed a socket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Told {
    message: String,
    because: Option<Box<Told>>,
}

impl Told {
    /// The words of `error` and of all that caused it.
    #[must_use]
    pub fn of(error: &dyn Error) -> Self {
        Self { message: error.to_string(), because: error.source().map(|cause| Box::new(Self::of(cause))) }
    }
}

impl fmt::Display for Told {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl Error for Told {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.because.as_deref().map(|cause| cause as &(dyn Error + 'static))
    }
}
