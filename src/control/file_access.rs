//! Where a command hands in its operations.

use std::path::Path;
use std::time::{Duration, Instant};

use super::{DeskError, Operation, Owner};
use crate::store::{Holder, Store, StoreError};

/// How long to wait for another command that has the file.
const PATIENCE: Duration = Duration::from_secs(30);
/// Pause between two tries.
const PAUSE: Duration = Duration::from_millis(50);

/// Becomes the owner of the file at `database`, to serve it. Waits for commands that are at it, but not for a server.
///
/// # Errors
/// If the file cannot be opened.
pub fn own(database: &Path) -> Result<Store, StoreError> {
    let started = Instant::now();
    loop {
        match Store::open_to_stay(database) {
            Err(StoreError::Held { holder: Holder::Diamonds(_), .. }) if started.elapsed() < PATIENCE => {
                std::thread::sleep(PAUSE);
            }
            opened => return opened,
        }
    }
}

/// What a command means to do with the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Read what is there.
    Read,
    /// Change what is there.
    Change,
    /// Change it, making it if need be.
    Write,
}

/// The way to the file: its own, or that of the server that has it.
pub enum Desk {
    /// This process has the file.
    Own(Box<Store>),
    /// A server has it.
    #[cfg(unix)]
    Server(super::client::Client),
}

impl Desk {
    /// Finds the owner of the file at `database`, or becomes it. Waits for other commands that are at it.
    ///
    /// # Errors
    /// If the file cannot be opened, or belongs to a program that is not `diamonds`.
    pub fn open(database: &Path, access: Access) -> Result<Self, DeskError> {
        let started = Instant::now();
        loop {
            #[cfg(unix)]
            if let Some(client) = super::client::Client::find(database) {
                return Ok(Self::Server(client));
            }
            let opened = match access {
                Access::Read => Store::open_read_only(database),
                Access::Change if !database.exists() => Err(StoreError::NoFile { path: database.to_owned() }),
                Access::Change | Access::Write => Store::open(database),
            };
            match opened {
                Ok(store) => return Ok(Self::Own(Box::new(store))),
                // a command is soon done; a server is about to listen, or to end
                Err(StoreError::Held { holder: Holder::Diamonds(_) | Holder::Server(_), .. })
                    if started.elapsed() < PATIENCE =>
                {
                    std::thread::sleep(PAUSE);
                }
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Whether a server has the file.
    #[must_use]
    pub fn is_server(&self) -> bool {
        !matches!(self, Self::Own(_))
    }

    /// Has `operation` done.
    ///
    /// # Errors
    /// What keeps it from being done.
    pub fn run<O: Operation>(&mut self, operation: O) -> Result<O::Answer, DeskError> {
        match self {
            Self::Own(store) => Ok(operation.run(&mut Owner { store, engine: None })?),
            #[cfg(unix)]
            Self::Server(client) => client.run(&operation),
        }
    }
}
