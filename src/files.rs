//! Names of files.

use std::path::{Path, PathBuf};

/// The path beside `path` whose name is longer by `suffix`.
#[must_use]
pub fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}
