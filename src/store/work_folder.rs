//! The folder beside the file for what an operation cannot keep in memory.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::StoreError;
use crate::files::folder_of;

/// What the names of these folders have after that of the file.
const INFIX: &str = ".work-";
/// A file in the folder that its process holds locked for as long as it needs the folder.
const LOCK: &str = "lock";
/// A folder without that file is left alone for so long: it may just be being made.
const BEING_MADE: Duration = Duration::from_secs(10);

/// A folder that only its owner can read. It is the only one that DuckDB may use: for what it writes to the disk when its
/// memory is full, and for files that it reads or writes on the program's behalf. It is removed with this value.
pub(super) struct WorkFolder {
    folder: tempfile::TempDir,
    /// Tells other processes that the folder is in use: the system drops the lock with the process.
    _lock: File,
}

impl WorkFolder {
    /// Creates the folder of this process for the file at `database`; beside it, or, if this user may not write there, in the
    /// folder for temporary files.
    pub fn create(database: &Path) -> Result<Self, StoreError> {
        let (folder, name) = place_of(database);
        let mut builder = tempfile::Builder::new();
        builder.prefix(&name);
        #[cfg(unix)]
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o700));
        builder
            .tempdir_in(&folder)
            .or_else(|_| builder.tempdir())
            .and_then(|folder| {
                let lock = File::create(folder.path().join(LOCK))?;
                lock.lock()?;
                Ok(Self { folder, _lock: lock })
            })
            .map_err(|source| StoreError::Folder { path: folder, source })
    }

    /// Some open file that is not the database.
    pub fn any_file(&self) -> io::Result<File> {
        File::open(self.path().join(LOCK))
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Removes the folders that killed processes left beside the file at `database`. Those of living ones stay: a training
    /// reads its sales from one without having the database open.
    pub fn remove_left_over(database: &Path) {
        let (folder, name) = place_of(database);
        let Ok(entries) = std::fs::read_dir(folder) else { return };
        for entry in entries.flatten() {
            let is_left_over = entry.file_name().to_string_lossy().starts_with(&name) && !is_in_use(&entry.path());
            if is_left_over && let Err(error) = std::fs::remove_dir_all(entry.path()) {
                tracing::warn!("{} is not needed any more and cannot be removed: {error}", entry.path().display());
            }
        }
    }
}

/// Whether a process needs the work folder at `path`; also if that cannot be told.
fn is_in_use(path: &Path) -> bool {
    match File::open(path.join(LOCK)) {
        Ok(lock) => lock.try_lock().is_err(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let made = path.metadata().and_then(|about| about.modified()).ok();
            made.and_then(|made| made.elapsed().ok()).is_none_or(|age| age < BEING_MADE)
        }
        Err(_) => true,
    }
}

/// The folder of the file, and how names of its work folders begin.
fn place_of(database: &Path) -> (PathBuf, String) {
    let folder = folder_of(database);
    let name = database.file_name().unwrap_or_default().to_string_lossy();
    (folder.to_owned(), format!("{name}{INFIX}"))
}

#[cfg(test)]
mod tests {
    use super::super::Store;
    use super::*;

    #[test]
    fn the_folder_is_private_goes_with_the_store_and_takes_those_of_the_dead_along_and_no_others() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("a.duckdb");
        let dead = folder.path().join("a.duckdb.work-dead");
        std::fs::create_dir(&dead).expect("a folder");
        std::fs::write(dead.join("sales"), b"secret").expect("a file");
        std::fs::write(dead.join(LOCK), b"").expect("a file");
        let being_made = folder.path().join("a.duckdb.work-new");
        std::fs::create_dir(&being_made).expect("a folder");
        let training = WorkFolder::create(&path).expect("a folder");
        let store = Store::open(&path).expect("a store");
        assert!(!dead.exists() && being_made.exists() && training.path().exists());
        let own = store.work_folder().to_owned();
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = std::fs::metadata(&own).expect("a folder").permissions().mode();
            assert_eq!(mode & 0o777, 0o700);
        }
        let second = store.try_clone().expect("a connection");
        drop(store);
        assert!(own.exists());
        drop(second);
        assert!(!own.exists());
    }
}
