//! The folder beside the file for what an operation cannot keep in memory.

use std::path::{Path, PathBuf};

use super::StoreError;

/// What the names of these folders have after that of the file.
const INFIX: &str = ".work-";

/// A folder that only its owner can read. It is the only one that DuckDB may use: for what it writes to the disk when its
/// memory is full, and for files that it reads or writes on the program's behalf. It is removed with this value.
pub(super) struct WorkFolder(tempfile::TempDir);

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
            .map(Self)
            .map_err(|source| StoreError::Folder { path: folder, source })
    }

    pub fn path(&self) -> &Path {
        self.0.path()
    }

    /// Removes the folders that killed processes left beside the file at `database`. The process must be the only one that
    /// has the file open; `self` stays.
    pub fn remove_left_over(&self, database: &Path) {
        let (folder, name) = place_of(database);
        let Ok(entries) = std::fs::read_dir(folder) else { return };
        for entry in entries.flatten() {
            let is_left_over = entry.file_name().to_string_lossy().starts_with(&name) && entry.path() != self.path();
            if is_left_over && let Err(error) = std::fs::remove_dir_all(entry.path()) {
                tracing::warn!("{} is not needed any more and cannot be removed: {error}", entry.path().display());
            }
        }
    }
}

/// The folder of the file, and how names of its work folders begin.
fn place_of(database: &Path) -> (PathBuf, String) {
    let folder = database.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let name = database.file_name().unwrap_or_default().to_string_lossy();
    (folder.to_owned(), format!("{name}{INFIX}"))
}

#[cfg(test)]
mod tests {
    use super::super::Store;

    #[test]
    fn the_folder_is_private_goes_with_the_store_and_takes_those_of_the_dead_along() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("a.duckdb");
        let dead = folder.path().join("a.duckdb.work-dead");
        std::fs::create_dir(&dead).expect("a folder");
        std::fs::write(dead.join("sales"), b"secret").expect("a file");
        let store = Store::open(&path).expect("a store");
        assert!(!dead.exists());
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
