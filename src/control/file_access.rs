//! How a command reaches the file.

use std::path::Path;
use std::time::{Duration, Instant};

use super::{Access, FileAccessError, FileOwner, Ingest, Operation, ReadReplica, SeesFile};
use crate::files::{FileIdentity, folder_of};
use crate::store::{FileReport, LockHolder, Store, StoreError, Upload};

/// How long to wait for another command that holds the file.
const PATIENCE: Duration = Duration::from_secs(30);
/// Pause between two attempts.
const PAUSE: Duration = Duration::from_millis(50);

/// Becomes the owner of the file at `database`, to serve it. Waits for commands that hold it, but not for a server.
///
/// # Errors
/// If the file cannot be opened.
pub fn open_to_serve(database: &Path) -> Result<Store, StoreError> {
    let started = Instant::now();
    loop {
        match Store::open_to_serve(database) {
            Err(StoreError::Held { holder: LockHolder::Diamonds(_), .. }) if started.elapsed() < PATIENCE => {
                std::thread::sleep(PAUSE);
            }
            opened => return opened,
        }
    }
}

/// Runs `operation` where the file at `database` is open.
///
/// # Errors
/// Why the operation failed.
pub fn run<O: Operation>(database: &Path, operation: O) -> Result<O::Answer, FileAccessError> {
    FileAccess::open(database, O::ACCESS)?.run(operation)
}

/// Whether a server answers for the file at `database`.
#[must_use]
pub fn is_served(database: &Path) -> bool {
    #[cfg(unix)]
    return super::client::Client::find(database).is_some();
    #[cfg(not(unix))]
    false
}

/// Adds the sales of `upload` to the file at `database`. A server reads the upload itself where it can, so that its size does
/// not matter; where it sees other files than this process, it gets a copy beside the database.
///
/// # Errors
/// Why the file cannot be ingested.
pub fn ingest(database: &Path, upload: Upload, dry_run: bool) -> Result<FileReport, FileAccessError> {
    let mut access = FileAccess::open(database, Ingest::ACCESS)?;
    let copy = match upload.path() {
        Some(path) if access.is_server() => {
            let identity = FileIdentity::of(path);
            let is_seen = access.run(SeesFile { path: path.to_owned(), identity })?;
            let folder = folder_of(database);
            (!is_seen).then(|| upload.copied_to(&std::path::absolute(folder).unwrap_or_else(|_| folder.to_owned())))
        }
        _ => None,
    };
    let upload = copy.transpose()?.unwrap_or(upload);
    // the copy must be there until the answer has come
    access.run(Ingest { upload: upload.clone(), dry_run })
}

/// Access to the file: directly, or through the server that has it open.
pub enum FileAccess {
    /// This process has the file.
    Direct(Box<Store>),
    /// A server has it.
    #[cfg(unix)]
    Server(super::client::Client),
}

impl FileAccess {
    /// Finds the owner of the file at `database`, or becomes it. Waits for other commands that hold it.
    ///
    /// # Errors
    /// If the file cannot be opened, or belongs to a program that is not `diamonds`; or if it is a replica, which `access` is not for.
    pub fn open(database: &Path, access: Access) -> Result<Self, FileAccessError> {
        let mut file = Self::find(database, access)?;
        if access.is_for_own_files()
            && let Some(replica) = file.run(ReadReplica {})?
        {
            // before somebody trains for an hour, say
            return Err(StoreError::IsReplica { source_of_copies: replica.source }.into());
        }
        Ok(file)
    }

    fn find(database: &Path, access: Access) -> Result<Self, FileAccessError> {
        let started = Instant::now();
        loop {
            #[cfg(unix)]
            if let Some(client) = super::client::Client::find(database) {
                return Ok(Self::Server(client));
            }
            let opened = match access {
                Access::Read => Store::open_read_only(database),
                Access::Create => Store::open(database),
                _ if !database.exists() => Err(StoreError::NoFile { path: database.to_owned() }),
                _ => Store::open(database),
            };
            match opened {
                Ok(store) => return Ok(Self::Direct(Box::new(store))),
                // a command ends soon; a server is about to listen, or to end
                Err(StoreError::Held { holder: LockHolder::Diamonds(_) | LockHolder::Server(_), .. })
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
        !matches!(self, Self::Direct(_))
    }

    /// Runs `operation`.
    ///
    /// # Errors
    /// Why the operation failed.
    pub fn run<O: Operation>(&mut self, operation: O) -> Result<O::Answer, FileAccessError> {
        match self {
            Self::Direct(store) => Ok(operation.run(&mut FileOwner { store, pricing: None })?),
            #[cfg(unix)]
            Self::Server(client) => client.run(&operation),
        }
    }
}
