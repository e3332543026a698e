//! Names of files, and what tells one file from another.

use std::fs::{File, Metadata};
use std::io;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// The path beside `path` with `suffix` added to its name.
#[must_use]
pub fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

/// The folder of the file at `path`.
#[must_use]
pub fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Moves a file; to another file system it is copied first. At `to` there is either the whole file or none.
///
/// # Errors
/// What the system reports; then the file is still at `from`.
pub fn move_file(from: &Path, to: &Path) -> io::Result<()> {
    if std::fs::rename(from, to).is_ok() {
        return Ok(());
    }
    let part = beside(to, ".part");
    std::fs::copy(from, &part)?;
    File::open(&part)?.sync_all()?;
    std::fs::rename(&part, to)?;
    std::fs::remove_file(from)
}

/// Where a file of rows of the day of `time` belongs in `folder`: `day=YYYY-MM-DD/NAME-….parquet`, a partition as engines read them. The name
/// ends with the time of day, so that a day may have several files, and who begins again at the same time writes the same one.
#[must_use]
pub fn path_of_day(folder: &Path, name: &str, time: Timestamp) -> PathBuf {
    let day = folder.join(time.strftime("day=%Y-%m-%d").to_string());
    day.join(format!("{name}-{}.parquet", time.strftime("%H%M%S%6f")))
}

/// Opens the regular file at `path` for reading, and nothing else: no link is followed, and nobody waits for the other end of a
/// pipe.
///
/// # Errors
/// What the system reports, or that it is no regular file.
pub fn open_regular(path: &Path) -> io::Result<File> {
    #[cfg(unix)]
    let file: File = {
        use rustix::fs::{Mode, OFlags, open};

        open(path, OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC, Mode::empty())?.into()
    };
    #[cfg(not(unix))]
    let file = File::open(path)?;
    if !file.metadata()?.is_file() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is not a regular file"));
    }
    Ok(file)
}

/// What a file is, whatever its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileIdentity {
    device: u64,
    inode: u64,
}

impl FileIdentity {
    /// The identity of the file at `path`, through links; `None` if there is none, or this system does not tell. The file is not
    /// opened: closing it would take the lock of a database away that this process has open.
    #[must_use]
    pub fn of(path: &Path) -> Option<Self> {
        Self::from_metadata(&std::fs::metadata(path).ok()?)
    }

    /// As [`FileIdentity::of`], of a link itself.
    #[must_use]
    pub fn of_link(path: &Path) -> Option<Self> {
        Self::from_metadata(&std::fs::symlink_metadata(path).ok()?)
    }

    /// The identity in `about`.
    #[cfg(unix)]
    #[must_use]
    pub fn from_metadata(about: &Metadata) -> Option<Self> {
        use std::os::unix::fs::MetadataExt;

        Some(Self { device: about.dev(), inode: about.ino() })
    }

    /// The identity in `about`: this system does not tell.
    #[cfg(not(unix))]
    #[must_use]
    pub fn from_metadata(_about: &Metadata) -> Option<Self> {
        None
    }
}
