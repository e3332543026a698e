//! Where the copies of a replica come from: a file, a folder of backups, or an address.

use std::fmt;
use std::fs::Metadata;
use std::io;
use std::path::{Path, PathBuf};

use jiff::Timestamp;

use super::http_copies::HttpCopies;
use crate::server::backups::newest_backup;

/// How addresses begin; anything else is a path.
const SCHEMES: [&str; 2] = ["http://", "https://"];

/// Where copies come from.
pub enum CopySource {
    /// A file, or a folder in which the newest backup counts.
    Path(PathBuf),
    /// An address that answers with a copy.
    Http(HttpCopies),
}

/// A copy that has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FetchedCopy {
    /// What tells it from other copies of the source.
    pub version: String,
    /// When it was made.
    pub made: Timestamp,
}

/// Why no copy has come.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// There is nothing at the path.
    #[error("there is no backup at {}: it must be a backup, or a folder in which `serve --backup-to` makes some", path.display())]
    None {
        /// The path.
        path: PathBuf,
    },
    /// The file was changed while it was read.
    #[error("{} was changed while it was read: put backups there under another name, and rename them", path.display())]
    Changed {
        /// The file.
        path: PathBuf,
    },
    /// A file cannot be read or written.
    #[error("cannot copy {} to {}", from.display(), to.display())]
    Copy {
        /// Where it comes from.
        from: PathBuf,
        /// Where it goes.
        to: PathBuf,
        /// What the system reports.
        source: io::Error,
    },
    /// The address gives no copy.
    #[error("{address} gives no copy: {reason}")]
    Http {
        /// The address.
        address: String,
        /// Why not, and what to do.
        reason: String,
    },
}

impl CopySource {
    /// The source that `text` names: an address, or a path. `key` opens the address.
    ///
    /// # Errors
    /// What is wrong with the address, the path or the certificates of `trusted`, a PEM file of those who vouch for it.
    pub fn new(text: &str, key: Option<&str>, trusted: Option<&Path>) -> Result<Self, String> {
        if SCHEMES.iter().any(|scheme| text.starts_with(scheme)) {
            return Ok(Self::Http(HttpCopies::new(text, key, trusted)?));
        }
        if text.contains("://") {
            return Err(format!(
                "{text:?} is no address that is read here: write one with http:// or https://, or a path"
            ));
        }
        // the server may be started in another folder the next time
        let path = std::path::absolute(text).map_err(|error| format!("{text:?} is no path: {error}"))?;
        Ok(Self::Path(path))
    }

    /// Copies the newest copy to `to`, where nothing is yet, unless it is the one with the version `known`; then there is none.
    ///
    /// # Errors
    /// If it cannot be had whole; what is at `to` then is of no use.
    pub fn fetch(&self, known: Option<&str>, to: &Path) -> Result<Option<FetchedCopy>, FetchError> {
        match self {
            Self::Http(copies) => copies.fetch(known, to),
            Self::Path(path) => fetch_from_path(path, known, to),
        }
    }
}

impl fmt::Display for CopySource {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Path(path) => path.display().fmt(formatter),
            Self::Http(copies) => copies.address.fmt(formatter),
        }
    }
}

fn fetch_from_path(path: &Path, known: Option<&str>, to: &Path) -> Result<Option<FetchedCopy>, FetchError> {
    let none = || FetchError::None { path: path.to_owned() };
    let file = if path.is_dir() { newest_backup(path).ok_or_else(none)? } else { path.to_owned() };
    let about = || file.metadata().ok().and_then(|about| describe(&file, &about)).ok_or_else(none);
    let before = about()?;
    if known == Some(&before.version) {
        return Ok(None);
    }
    std::fs::copy(&file, to).map_err(|source| FetchError::Copy { from: file.clone(), to: to.to_owned(), source })?;
    if about().ok().as_ref() != Some(&before) {
        return Err(FetchError::Changed { path: file });
    }
    Ok(Some(before))
}

/// What tells the backup at `path` from others: its name, length and time. `None` if it is no file.
pub fn describe(path: &Path, about: &Metadata) -> Option<FetchedCopy> {
    if !about.is_file() {
        return None;
    }
    let made = Timestamp::try_from(about.modified().ok()?).ok()?;
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let plain: String =
        name.chars().filter(|letter| letter.is_ascii_alphanumeric() || "-_.".contains(*letter)).collect();
    Some(FetchedCopy { version: format!("{plain}-{}-{}", about.len(), made.as_nanosecond()), made })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_is_an_address_or_a_path_from_the_root() {
        let source = |text: &str| CopySource::new(text, None, None).map(|source| source.to_string());
        assert_eq!(source("https://host/copy").as_deref(), Ok("https://host/copy"));
        let path = source("backups").expect("a path");
        assert!(Path::new(&path).is_absolute() && path.ends_with("backups"), "{path}");
        assert!(source("ftp://host/copy").is_err_and(|problem| problem.contains("http:// or https://")));
    }

    #[test]
    fn the_newest_backup_of_a_folder_comes_once() {
        let folder = tempfile::tempdir().expect("a folder");
        let backups = folder.path().join("backups");
        let source = CopySource::new(&backups.display().to_string(), None, None).expect("a path");
        let to = folder.path().join("copy");
        let none = source.fetch(None, &to).expect_err("no folder yet");
        assert!(matches!(none, FetchError::None { .. }), "{none}");
        std::fs::create_dir(&backups).expect("a folder");
        assert!(source.fetch(None, &to).is_err(), "nothing in it");
        let write = |name: &str, text: &str| std::fs::write(backups.join(name), text).expect("written");
        write("diamonds-20260101T000000.duckdb", "first");
        write("diamonds-20260301T000000.part", "not whole yet");
        write("notes.txt", "other");
        let first = source.fetch(None, &to).expect("read").expect("a copy");
        assert_eq!(std::fs::read(&to).expect("the copy"), b"first");
        assert_eq!(source.fetch(Some(&first.version), &to).expect("read"), None);
        write("diamonds-20260201T000000.duckdb", "second");
        let second = source.fetch(Some(&first.version), &to).expect("read").expect("a copy");
        assert_eq!(std::fs::read(&to).expect("the copy"), b"second");
        assert_ne!(first.version, second.version);
    }
}
