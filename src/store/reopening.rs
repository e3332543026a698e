//! Closes every connection to the file and opens it again: to replace it, or after an error from which DuckDB does not recover in
//! the same process, such as a disk that is full during a checkpoint.

use std::sync::Arc;
use std::time::{Duration, Instant};

use duckdb::{AccessMode, Connection};

use super::{Store, StoreError};
use crate::files::FileIdentity;

/// How long to wait for statements that are running.
pub(super) const PATIENCE: Duration = if cfg!(test) { Duration::from_millis(200) } else { Duration::from_secs(10) };
/// Pause between two looks.
pub(super) const PAUSE: Duration = Duration::from_millis(10);

impl Store {
    /// Whether the file is still the one at its path: not moved, deleted or replaced.
    #[must_use]
    pub fn is_in_place(&self) -> bool {
        let own = self.file.metadata().ok().and_then(|about| FileIdentity::from_metadata(&about));
        own.is_none() || FileIdentity::of(&self.path) == own
    }

    /// Asks the database for an answer, whatever it is.
    ///
    /// # Errors
    /// If it gives none.
    pub fn probe(&self) -> Result<(), StoreError> {
        self.connection.execute_batch("SELECT 1 FROM setting LIMIT 1").map_err(StoreError::database("ask the database"))
    }

    /// A store that stands in for a closed one: an empty database in memory. It must not open the file itself: the system drops the
    /// lock on a file as soon as a process closes any descriptor of it.
    fn placeholder(&self) -> Result<Self, StoreError> {
        let stand_in = self.work_folder.path();
        let opening = |source| StoreError::Folder { path: stand_in.to_owned(), source };
        Ok(Self {
            connection: Connection::open_in_memory().map_err(StoreError::database("open a database in memory"))?,
            path: self.path.clone(),
            work_folder: self.work_folder.clone(),
            memory: self.memory.clone(),
            actor: self.actor.clone(),
            file: Arc::new(self.work_folder.any_file().map_err(opening)?),
        })
    }

    /// Opens the file, with the work folder and the bounds of this store.
    pub(super) fn reopened(&self) -> Result<Self, StoreError> {
        Self::connect_with(&self.path, AccessMode::ReadWrite, self.memory.clone(), self.work_folder.clone())
    }
}

/// Closes the file, which `stores` have open: these must be all its connections, at the latest when the statements that are running
/// now have ended. The stores are of no use until [`open()`] has opened them again.
///
/// # Errors
/// If others still have it open after some seconds; then it is as it was.
pub(super) fn close(stores: &mut [&mut Store]) -> Result<(), StoreError> {
    let Some(first) = stores.first() else { return Ok(()) };
    let started = Instant::now();
    while Arc::strong_count(&first.file) > stores.len() {
        if started.elapsed() > PATIENCE {
            return Err(StoreError::Busy { path: first.path.clone() });
        }
        std::thread::sleep(PAUSE);
    }
    for store in stores.iter_mut() {
        **store = store.placeholder()?;
    }
    Ok(())
}

/// Opens the file through `stores`, which are closed.
///
/// # Errors
/// If it cannot be opened; then they stay closed.
pub(super) fn open(stores: &mut [&mut Store]) -> Result<(), StoreError> {
    let Some(first) = stores.first() else { return Ok(()) };
    let opened = first.reopened()?;
    for store in stores.iter_mut() {
        let actor = std::mem::take(&mut store.actor);
        **store = Store { actor, ..opened.try_clone()? };
    }
    Ok(())
}

/// Closes the file, which `stores` have open, and opens it again. They may be closed already.
///
/// # Errors
/// If others have it open after some seconds: then it is as it was; or if it cannot be opened: then the stores stay closed.
pub fn reopen_file(stores: &mut [&mut Store]) -> Result<(), StoreError> {
    close(stores)?;
    open(stores)
}

#[cfg(test)]
mod tests {
    use std::fs::File;

    use super::*;

    #[test]
    fn a_file_that_is_moved_or_replaced_is_noticed_and_one_that_is_back_is_too() {
        let folder = tempfile::tempdir().expect("a folder");
        let (path, aside) = (folder.path().join("a.duckdb"), folder.path().join("b.duckdb"));
        let store = Store::open(&path).expect("a store");
        assert!(store.is_in_place());
        std::fs::rename(&path, &aside).expect("moved");
        assert!(!store.is_in_place(), "moved");
        File::create(&path).expect("another file");
        assert!(!store.is_in_place(), "replaced");
        std::fs::rename(&aside, &path).expect("moved back");
        assert!(store.is_in_place());
    }

    #[test]
    fn a_file_is_opened_again_when_nobody_else_has_it() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("a.duckdb");
        let mut store = Store::open(&path).expect("a store");
        let mut second = store.try_clone().expect("a connection");
        let third = store.try_clone().expect("a connection");
        assert!(matches!(reopen_file(&mut [&mut store, &mut second]), Err(StoreError::Busy { .. })));
        assert!(store.probe().is_ok());
        drop(third);
        close(&mut [&mut store, &mut second]).expect("closed");
        assert!(store.probe().is_err() && second.probe().is_err());
        reopen_file(&mut [&mut store, &mut second]).expect("open again");
        assert!(store.probe().is_ok() && second.probe().is_ok());
    }
}
