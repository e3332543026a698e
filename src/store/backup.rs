//! A copy of the file while it is in use.

use std::io::{Seek, SeekFrom};
use std::path::Path;
use std::time::Instant;

use super::reopening::{PATIENCE, PAUSE};
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

    /// As [`Store::checkpoint`], but waits for transactions that are about to end.
    ///
    /// # Errors
    /// If one takes too long.
    pub(super) fn checkpoint_in_turn(&self) -> Result<(), StoreError> {
        let started = Instant::now();
        loop {
            match self.checkpoint() {
                Err(error) if error.is_conflict() && started.elapsed() < PATIENCE => std::thread::sleep(PAUSE),
                outcome => return outcome,
            }
        }
    }

    /// Copies the file to `to`, complete and consistent, and returns the number of bytes. Nobody may write a checkpoint
    /// meanwhile: between two checkpoints DuckDB changes nothing that the first one wrote.
    ///
    /// # Errors
    /// If there is something at `to` already, or it cannot be written; then nothing is left there.
    pub fn backup(&self, to: &Path) -> Result<u64, StoreError> {
        let failed = |source| StoreError::Backup { path: to.to_owned(), source };
        self.checkpoint_in_turn()?;
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_backup_waits_for_a_transaction_that_is_about_to_end_and_not_for_ever() {
        let folder = tempfile::tempdir().expect("a folder");
        let store = Store::open(&folder.path().join("a.duckdb")).expect("a store");
        let other = store.try_clone().expect("a connection");
        let begin = "BEGIN; UPDATE setting SET value = value WHERE name = 'journal_number'";
        other.connection.execute_batch(begin).expect("a change");
        let refused = store.backup(&folder.path().join("never.duckdb")).expect_err("it takes too long");
        assert!(refused.is_conflict(), "{refused:?}");
        let ending = std::thread::spawn(move || {
            std::thread::sleep(PATIENCE / 4);
            other.connection.execute_batch("COMMIT").expect("its end");
        });
        assert!(store.backup(&folder.path().join("copy.duckdb")).is_ok());
        ending.join().expect("no panic");
    }
}
