//! Where the file lies.

use std::path::{Path, PathBuf};

use super::CommandError;

/// The file that was named, or the default one in the platform's data folder.
pub fn database(named: Option<&Path>) -> Result<PathBuf, CommandError> {
    match named {
        Some(path) => Ok(path.to_owned()),
        None => directories::ProjectDirs::from("", "", "diamonds")
            .map(|folders| folders.data_dir().join("diamonds.duckdb"))
            .ok_or(CommandError::NoDataFolder),
    }
}
