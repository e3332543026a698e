//! A copy of the file while it is in use.

use std::io::{Seek, SeekFrom};
use std::path::Path;

use super::{Store, StoreError};

impl Store {
    /// Writes everything that is committed into the file itself, so that the file is complete without the write-ahead log
    /// beside it.
    ///
    /// # Errors
    /// If another transaction is writing.
    pub fn checkpoint(&self) -> Result<(), StoreError> {
        self.connection.execute_batch("CHECKPOINT").map_err(StoreError::database("write a checkpoint"))
    }

    /// Copies the file to `to`, complete and consistent, and returns the number of bytes. Nobody may write a checkpoint
    /// meanwhile: between two checkpoints DuckDB changes nothing that the first one wrote.
    ///
    /// # Errors
    /// If there is something at `to` already, or it cannot be written; then nothing is left there.
    pub fn backup(&self, to: &Path) -> Result<u64, StoreError> {
        let failed = |source| StoreError::Backup { path: to.to_owned(), source };
        self.checkpoint()?;
        // not a new descriptor: see the field
        let mut from = &*self.file;
        from.seek(SeekFrom::Start(0)).map_err(failed)?;
        let mut copy = std::fs::File::create_new(to).map_err(failed)?;
        let copied = std::io::copy(&mut from, &mut copy).and_then(|bytes| copy.sync_all().map(|()| bytes));
        copied.map_err(|source| {
            // a partial copy is removed
            let _ = std::fs::remove_file(to);
            failed(source)
        })
    }
}
