//! Makes the file as small as its content: what was deleted leaves free space in it, which only new rows use. A file of an earlier version
//! of the program comes into the form that more programs can open.
//!
//! The content is copied into a new file, which then takes the place of the old one. For that moment the database is closed.

use std::path::PathBuf;
use std::time::Instant;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::rows::{query_row, sql_path};
use super::{STORAGE_VERSION, Store, StoreError, reopening};
use crate::files::beside;

/// What the name of the old file has after that of the file, while the new one is tried.
const OLD: &str = ".before-compaction";

/// What the name of DuckDB's write-ahead log has after that of the file.
pub(super) const WRITE_AHEAD_LOG: &str = ".wal";

/// The result of a compaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Compaction {
    /// Size of the file before, in bytes.
    pub bytes_before: u64,
    /// Its size now.
    pub bytes_now: u64,
    /// How long the database was closed, in milliseconds.
    pub closed_ms: u64,
}

/// A copy of a file without free space, which waits to take its place.
pub struct CompactedCopy(PathBuf);

impl Drop for CompactedCopy {
    fn drop(&mut self) {
        // if it took the place of the file, there is none any more
        let _ = std::fs::remove_file(&self.0);
    }
}

impl Store {
    /// Copies the content of the file into a new one. Nobody may change the file until the copy takes its place.
    ///
    /// # Errors
    /// If the database fails, or there is no space.
    pub fn write_compacted(&self) -> Result<CompactedCopy, StoreError> {
        const ACTION: &str = "copy the content of the file";
        self.checkpoint_in_turn()?;
        // in the folder of the file, so that it can be renamed; DuckDB may write in the work folder only
        let copy = CompactedCopy(self.work_folder().join(format!("compacted-{}.duckdb", Uuid::now_v7())));
        let sql = "SELECT current_database() AS name";
        let name: String = query_row(&self.connection, ACTION, sql, [], |row| row.get("name"))?;
        let sql = include_str!("../../sql/queries/compaction/copy_database.sql")
            .replace("{path}", &sql_path(&copy.0))
            .replace("{storage_version}", STORAGE_VERSION)
            .replace("{name}", &name.replace('"', "\"\""));
        self.connection.execute_batch(&sql).map_err(StoreError::database(ACTION))?;
        Ok(copy)
    }

    /// Makes the file as small as its content. This must be the only connection.
    ///
    /// # Errors
    /// As [`Store::write_compacted`] and [`replace_file`].
    pub fn compact(&mut self) -> Result<Compaction, StoreError> {
        let copy = self.write_compacted()?;
        replace_file(&copy, &mut [self])
    }
}

/// Puts `copy` in the place of the file that `stores` have open: these must be all its connections, at the latest when the
/// statements that are running now have ended.
///
/// # Errors
/// If others still have it open after some seconds, or the file cannot be replaced; then it is as it was.
pub fn replace_file(copy: &CompactedCopy, stores: &mut [&mut Store]) -> Result<Compaction, StoreError> {
    let Some(first) = stores.first() else { unreachable!("at least one connection") };
    let path = first.path.clone();
    let failed = |source| StoreError::Folder { path: path.clone(), source };
    let bytes_before = first.size_bytes();
    reopening::close(stores)?;
    let started = Instant::now();
    // the last connection writes a checkpoint when it is closed; if it could not, the log beside the file is not for the copy
    if beside(&path, WRITE_AHEAD_LOG).exists() {
        reopening::open(stores)?;
        return Err(StoreError::Unexpected { what: "it has changes that cannot be written into it".to_owned() });
    }
    let old = beside(&path, OLD);
    let swapped = std::fs::rename(&path, &old).and_then(|()| {
        std::fs::rename(&copy.0, &path).inspect_err(|_| {
            // it was there a moment ago
            let _ = std::fs::rename(&old, &path);
        })
    });
    let opened = swapped.map_err(failed).and_then(|()| {
        reopening::open(stores).inspect_err(|_| {
            let _ = std::fs::rename(&old, &path);
        })
    });
    if let Err(error) = opened {
        // with the old file everything goes on as before
        reopening::open(stores)?;
        return Err(error);
    }
    // if it stays, it only takes space
    let _ = std::fs::remove_file(&old);
    Ok(Compaction {
        bytes_before,
        bytes_now: stores[0].size_bytes(),
        closed_ms: u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX),
    })
}

#[cfg(test)]
mod tests {
    use super::super::{RequestFilter, Upload};
    use super::*;
    use crate::generator::Generator;

    #[test]
    fn a_file_shrinks_after_much_was_deleted_and_has_the_rest() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("a.duckdb");
        let mut store = Store::open(&path).expect("a store");
        let sales = |seed: u64, count: u64| {
            let mut csv = Vec::new();
            Generator::new(seed).write_csv(&mut csv, count, 0.0).expect("memory takes all");
            Upload::from_bytes("sales.csv", csv)
        };
        store.ingest(&sales(1, 300_000), false).expect("sales");
        store.ingest(&sales(2, 500), false).expect("sales");
        store.undo_batch(1).expect("undone");
        let other = store.try_clone().expect("a connection");
        let copy = store.write_compacted().expect("a copy");
        assert!(matches!(replace_file(&copy, &mut [&mut store]), Err(StoreError::Busy { .. })), "another is open");
        assert_eq!(store.count_sales(None).expect("a count"), 500);
        drop(other);
        let compaction = store.compact().expect("compacted");
        assert!(compaction.bytes_now + 1_500_000 < compaction.bytes_before, "{compaction:?}");
        assert_eq!(std::fs::metadata(&path).expect("the file").len(), compaction.bytes_now);
        assert_eq!(store.count_sales(None).expect("a count"), 500);
        assert!(store.requests(&RequestFilter { limit: 5, ..RequestFilter::default() }).expect("a log").is_empty());
        drop(store);
        let names: Vec<_> =
            std::fs::read_dir(folder.path()).expect("a folder").flatten().map(|one| one.file_name()).collect();
        assert_eq!(names, ["a.duckdb"]);
        let store = Store::open(&path).expect("a store");
        assert_eq!((store.count_sales(None).expect("a count"), store.batches().expect("batches").len()), (500, 2));
    }

    /// The version of the storage in the head of a file: 67 is that of DuckDB 1.4; from 2.0 on there is a number that no earlier one reads.
    fn storage_version(path: &std::path::Path) -> u64 {
        let head = std::fs::read(path).expect("a file");
        u64::from_le_bytes(head[12..20].try_into().expect("eight bytes"))
    }

    #[test]
    fn a_new_file_opens_in_earlier_versions_of_the_database_and_an_old_one_after_a_compaction() {
        let folder = tempfile::tempdir().expect("a folder");
        let new = folder.path().join("new.duckdb");
        drop(Store::open(&new).expect("a store"));
        assert_eq!(storage_version(&new), 67);
        // as earlier versions of this program made files
        let old = folder.path().join("old.duckdb");
        drop(duckdb::Connection::open(&old).expect("a file"));
        assert!(storage_version(&old) > 67);
        let mut store = Store::open(&old).expect("a store");
        let mut csv = Vec::new();
        Generator::new(1).write_csv(&mut csv, 500, 0.0).expect("memory takes all");
        store.ingest(&Upload::from_bytes("sales.csv", csv), false).expect("sales");
        store.compact().expect("compacted");
        assert_eq!(store.count_sales(None).expect("a count"), 500);
        drop(store);
        assert_eq!(storage_version(&old), 67);
    }
}
