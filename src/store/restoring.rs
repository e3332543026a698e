//! Brings a copy of the file back.

use std::path::{Path, PathBuf};

use jiff::Timestamp;

use super::compaction::WRITE_AHEAD_LOG;
use super::{Store, StoreError};
use crate::files::beside;

/// A file that was brought back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Restored {
    /// Where the file is that was there before, if there was one.
    pub kept: Option<PathBuf>,
    /// Sales in the file now.
    pub sales: i64,
    /// Models in it.
    pub models: usize,
}

impl Store {
    /// Proves a copy: opens it, and reads what answers depend on.
    ///
    /// # Errors
    /// If it is not a whole file of this program.
    pub fn prove_backup(copy: &Path) -> Result<(i64, usize), StoreError> {
        let store = Self::open_read_only(copy)?;
        for model in store.models()?.iter().filter(|model| !model.pruned) {
            store.model_artifact(model.id)?;
        }
        Ok((store.count_sales(None)?, store.models()?.len()))
    }

    /// Puts a copy of `backup` in the place of the file at `database`, which nobody may have open. The file that is there is kept
    /// beside it, complete with the requests that wait in its journal.
    ///
    /// # Errors
    /// If the copy is not a whole file of this program, or cannot be written: then nothing is changed.
    pub fn restore(database: &Path, backup: &Path) -> Result<Restored, StoreError> {
        let failed = |source| StoreError::Backup { path: database.to_owned(), source };
        if database.exists() {
            // imports what waits in the journal, so that the file that is kept is complete and no journal is left for the other
            match Self::open(database).and_then(|store| store.checkpoint()) {
                // one that is damaged is what backups are for, also if it is not even recognized: it is kept as it is
                Ok(()) | Err(StoreError::Open { .. } | StoreError::Database { .. } | StoreError::NotOurs { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        if !backup.exists() {
            return Err(StoreError::NoFile { path: backup.to_owned() });
        }
        // the copy is proved, not the backup: opening a file may bring it to a newer layout
        let fresh = beside(database, ".restoring");
        let copied = std::fs::copy(backup, &fresh).map_err(failed).and_then(|_| Self::prove_backup(&fresh));
        let (sales, models) = copied.inspect_err(|_| {
            // a partial copy is removed
            let _ = std::fs::remove_file(&fresh);
        })?;
        let kept = if database.exists() {
            let kept = beside(database, &format!(".before-restore-{}", Timestamp::now().strftime("%Y%m%dT%H%M%S")));
            std::fs::rename(database, &kept).map_err(failed)?;
            let log = beside(database, WRITE_AHEAD_LOG);
            if log.exists() {
                std::fs::rename(log, beside(&kept, WRITE_AHEAD_LOG)).map_err(failed)?;
            }
            Some(kept)
        } else {
            None
        };
        std::fs::rename(&fresh, database).map_err(|source| {
            if let Some(kept) = &kept {
                // it was there a moment ago
                let _ = std::fs::rename(kept, database);
            }
            failed(source)
        })?;
        Ok(Restored { kept, sales, models })
    }
}

#[cfg(test)]
mod tests {
    use super::super::Upload;
    use super::*;
    use crate::generator::Generator;

    #[test]
    fn a_copy_comes_back_and_what_was_there_is_kept() {
        let folder = tempfile::tempdir().expect("a folder");
        let (path, backup) = (folder.path().join("a.duckdb"), folder.path().join("copy.duckdb"));
        let ingest = |seed| {
            let mut csv = Vec::new();
            Generator::new(seed).write_csv(&mut csv, 100, 0.0).expect("memory takes all");
            let mut store = Store::open(&path).expect("a store");
            store.ingest(&Upload::from_bytes("sales.csv", csv), false).expect("sales");
            store
        };
        ingest(1).backup(&backup).expect("a copy");
        drop(ingest(2));
        let restored = Store::restore(&path, &backup).expect("restored");
        assert_eq!((restored.sales, restored.models), (100, 0));
        assert_eq!(Store::open(&path).expect("the file").count_sales(None).expect("a count"), 100);
        let kept = restored.kept.expect("what was there");
        assert_eq!(Store::prove_backup(&kept).expect("whole").0, 200);
        // a file that is no copy changes nothing
        let mut torn = std::fs::read(&backup).expect("the copy");
        torn.truncate(torn.len() / 2);
        std::fs::write(&backup, torn).expect("written");
        assert!(Store::restore(&path, &backup).is_err());
        assert_eq!(Store::open(&path).expect("the file").count_sales(None).expect("a count"), 100);
        assert!(!beside(&path, ".restoring").exists());
        // a damaged file is no reason against a whole one
        std::fs::copy(&path, &backup).expect("a copy");
        let mut damaged = std::fs::read(&path).expect("the file");
        damaged.truncate(damaged.len() / 2);
        std::fs::write(&path, &damaged).expect("damaged");
        let restored = Store::restore(&path, &backup).expect("restored");
        assert_eq!(std::fs::read(restored.kept.expect("what was there")).expect("kept"), damaged);
        assert_eq!(Store::open(&path).expect("the file").count_sales(None).expect("a count"), 100);
    }
}
