//! The process that has the file open while it cannot be opened here.

use std::fmt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::files::beside;

/// The process that has the file open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LockHolder {
    /// A `diamonds serve`.
    Server(ServerNote),
    /// A command of `diamonds` with this process number.
    Diamonds(u32),
    /// Another process with this number.
    Process(u32),
    /// DuckDB does not name the process.
    Unknown,
}

impl LockHolder {
    /// The process that has the file at `database`, if DuckDB's `message` is about that.
    pub(super) fn named_by(message: &str, database: &Path) -> Option<Self> {
        if !message.contains("Could not set lock") {
            return None;
        }
        let pid = message.split("PID ").nth(1).and_then(|rest| {
            let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
            digits.parse().ok()
        });
        Some(match (pid, ServerNote::read(database)) {
            (Some(pid), Some(note)) if note.pid == pid => Self::Server(note),
            (Some(pid), _) if is_diamonds(message) => Self::Diamonds(pid),
            (Some(pid), _) => Self::Process(pid),
            (None, _) => Self::Unknown,
        })
    }
}

/// Whether DuckDB's `message` names a program called `diamonds` as the holder.
fn is_diamonds(message: &str) -> bool {
    message
        .split("lock is held in ")
        .nth(1)
        .and_then(|rest| rest.split(" (PID").next())
        .is_some_and(|program| Path::new(program).file_name().is_some_and(|name| name == "diamonds"))
}

impl fmt::Display for LockHolder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Server(note) => write!(
                f,
                "`diamonds serve` at http://{} (process {}): use that address, or stop it with `kill {}` and try again",
                note.address, note.pid, note.pid
            ),
            Self::Diamonds(pid) => {
                write!(f, "another `diamonds` command (process {pid}): wait for it to end and try again")
            }
            Self::Process(pid) => {
                write!(f, "process {pid}: wait for it to end, or stop it with `kill {pid}`, and try again")
            }
            Self::Unknown => write!(f, "another process: wait for it to end and try again"),
        }
    }
}

/// A note that a server writes beside the file, so that others can name it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServerNote {
    /// Process id of the server.
    pub pid: u32,
    /// Host and port that it listens on.
    pub address: String,
}

impl ServerNote {
    /// The path of the note for the file at `database`.
    #[must_use]
    pub fn path(database: &Path) -> PathBuf {
        beside(database, ".server")
    }

    /// Writes this note beside `database`.
    ///
    /// # Errors
    /// What the system reports.
    pub fn leave(&self, database: &Path) -> std::io::Result<()> {
        std::fs::write(Self::path(database), serde_json::to_vec(self)?)
    }

    /// Removes the note beside `database`.
    pub fn remove(database: &Path) {
        // a note that stays does no harm: it counts only for the process that holds the file
        let _ = std::fs::remove_file(Self::path(database));
    }

    /// The note beside `database`; `None` if there is none that can be read. Its server may have ended.
    #[must_use]
    pub fn read(database: &Path) -> Option<Self> {
        serde_json::from_slice(&std::fs::read(Self::path(database)).ok()?).ok()
    }
}
