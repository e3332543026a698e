//! Names of files.

use std::path::{Path, PathBuf};

/// The path beside `path` with `suffix` added to its name.
#[must_use]
pub fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}
