//! A new folder that is there as a whole or not at all.

use std::path::Path;

use tempfile::TempDir;

use super::ExchangeError;
use crate::files::folder_of;

/// A folder beside `folder` that takes its place when it is complete, and goes if that does not come.
///
/// # Errors
/// If there is something in `folder`, or none can be made beside it.
pub fn new_folder_beside(folder: &Path) -> Result<TempDir, ExchangeError> {
    if folder.exists() {
        let mut entries = std::fs::read_dir(folder).map_err(ExchangeError::file("use the folder", folder))?;
        if entries.next().is_some() {
            return Err(ExchangeError::FolderInUse { path: folder.to_owned() });
        }
    }
    let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let beside = folder_of(folder);
    std::fs::create_dir_all(beside).map_err(ExchangeError::file("create the folder", beside))?;
    tempfile::Builder::new()
        .prefix(&format!(".{name}-"))
        .tempdir_in(beside)
        .map_err(ExchangeError::file("create a folder in", beside))
}

/// Gives the finished folder its place.
///
/// # Errors
/// If that fails; then it is gone.
pub fn put_in_place(finished: TempDir, folder: &Path) -> Result<(), ExchangeError> {
    std::fs::rename(finished.path(), folder).map_err(ExchangeError::file("write", folder))?;
    // it has moved: there is nothing left to remove
    let _ = finished.keep();
    Ok(())
}
