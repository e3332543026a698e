//! Errors of the file, with what to do about them.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};

use super::LockHolder;

/// An error of the store.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// A folder cannot be created or written to.
    #[error("cannot use the folder {}", path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
        /// What the system reports.
        source: std::io::Error,
    },
    /// There is no file to read.
    #[error("there is no file {}: start one with `diamonds ingest FILE.csv`", path.display())]
    NoFile {
        /// The path of the file.
        path: PathBuf,
    },
    /// Another process has the file open.
    #[error("the file {} is in use by {holder}", path.display())]
    Held {
        /// The file.
        path: PathBuf,
        /// The process that holds it, and what to do.
        holder: LockHolder,
    },
    /// The file is not a database.
    #[error("{} is not a diamonds file: name another with --db, or move it away", path.display())]
    NotADatabase {
        /// The file.
        path: PathBuf,
    },
    /// The file is a DuckDB database of another program.
    #[error("{} is a DuckDB database, but diamonds did not make it: name another file with --db", path.display())]
    NotOurs {
        /// The file.
        path: PathBuf,
    },
    /// The file was made by a later version.
    #[error(
        "{} was written by a newer diamonds (layout {found}, this one knows {known}): install that version to read it",
        path.display()
    )]
    TooNew {
        /// The file.
        path: PathBuf,
        /// The file's layout.
        found: i64,
        /// The newest layout that this version knows.
        known: i64,
    },
    /// The file cannot be opened for another reason.
    #[error("cannot open {}", path.display())]
    Open {
        /// The file.
        path: PathBuf,
        /// What DuckDB reports.
        source: DatabaseMessage,
    },
    /// DuckDB reports an error.
    #[error("cannot {action}")]
    Database {
        /// The action that failed.
        action: &'static str,
        /// What DuckDB reports.
        source: DatabaseMessage,
    },
    /// A journal cannot be read or written.
    #[error("cannot use the journal {}: is there space on the disk, and may this user write the folder?", path.display())]
    Journal {
        /// The journal.
        path: PathBuf,
        /// What the system reports.
        source: std::io::Error,
    },
    /// The database is so far behind that the journal is as long as it may be.
    #[error("the journal {} is full, because the database cannot keep up: try again in a moment", path.display())]
    JournalFull {
        /// The journal.
        path: PathBuf,
    },
    /// The system refuses a thread for the log.
    #[error("cannot start the request log")]
    Thread {
        /// What the system reports.
        source: std::io::Error,
    },
    /// The threads that write the log have ended.
    #[error("the request log has ended: start the server again")]
    LogEnded,
    /// Others use the file at this moment.
    #[error("{} is in use at this moment: try again when long operations have ended", path.display())]
    Busy {
        /// The file.
        path: PathBuf,
    },
    /// The file at the path is not the one that is open.
    #[error(
        "{} was moved, deleted or replaced while it was in use: put it back, or start the server again",
        path.display()
    )]
    OutOfPlace {
        /// The path.
        path: PathBuf,
    },
    /// A copy of the file cannot be written.
    #[error("cannot write a backup to {}", path.display())]
    Backup {
        /// The path of the copy.
        path: PathBuf,
        /// What the system reports.
        source: std::io::Error,
    },
    /// A file that is to be ingested cannot be read.
    #[error("cannot read {name}")]
    Read {
        /// Name of the file, or `-`.
        name: String,
        /// What the system reports.
        source: std::io::Error,
    },
    /// A file that is to be ingested has a mistake. Nothing was changed.
    #[error("{name}: {problem}")]
    BadFile {
        /// Name of the file, or `-`.
        name: String,
        /// What is wrong, where, and what to do.
        problem: String,
    },
    /// No row has this id.
    #[error("there is no {what} {id}: `diamonds {list}` lists them")]
    NotFound {
        /// Its kind.
        what: &'static str,
        /// Its id.
        id: String,
        /// The command that lists the existing ones.
        list: &'static str,
    },
    /// Nothing was saved under a name.
    #[error("there is no reading {name:?}: {}", known_readings(known))]
    UnknownReading {
        /// The name.
        name: String,
        /// The names that there are.
        known: Vec<String>,
    },
    /// The file cannot be used at this moment.
    #[error("{reason}")]
    Unavailable {
        /// Why, and what to do.
        reason: String,
    },
    /// There is or was a key of this name.
    #[error("there is or was a key {name}, and the log names it: choose another name")]
    KeyExists {
        /// Its name.
        name: String,
    },
    /// The model to be promoted is already the champion.
    #[error("model {id} is the champion already")]
    IsChampion {
        /// Number of the model.
        id: i64,
    },
    /// The sales of a batch have been removed already.
    #[error("batch {id} was undone already: ingest its file again to bring its sales back")]
    IsUndone {
        /// Number of the batch.
        id: i64,
    },
    /// The bytes of a model are deleted.
    #[error("model {id} was pruned: its history is kept, but it cannot answer; `diamonds retrain` trains a new one")]
    Pruned {
        /// Number of the model.
        id: i64,
    },
    /// There is nothing to roll back to.
    #[error(
        "there was no champion before this one: `diamonds models list` shows the history, `models promote ID` makes any the champion"
    )]
    NoEarlierChampion,
    /// The file is a replica, which only its copies change.
    #[error(
        "this is a replica of {source_of_copies}, and a change would be lost with the next copy: make it there, or make this a file of its \
         own with `diamonds serve --replica-of none`"
    )]
    IsReplica {
        /// Where its copies come from.
        source_of_copies: String,
    },
    /// A file that is to become a replica has content of its own.
    #[error(
        "{} has content of its own ({batches} batches of sales, {models} models, {keys} keys), which copies would replace: name another file \
         with --db",
        path.display()
    )]
    HasOwnContent {
        /// The file.
        path: PathBuf,
        /// Its batches of sales.
        batches: usize,
        /// Its models.
        models: usize,
        /// Its keys.
        keys: usize,
    },
    /// DuckDB refuses the user's query.
    #[error("the query failed: {message}")]
    Query {
        /// What DuckDB reports.
        message: String,
    },
    /// The file has something that this program does not write.
    #[error("the file has something unexpected: {what}")]
    Unexpected {
        /// The value and where it is.
        what: String,
    },
}

fn known_readings(known: &[String]) -> String {
    match known {
        [] => "none is saved yet; `diamonds ingest FILE --map … --save-reading NAME` saves the first".to_owned(),
        _ => format!("there are {}", known.join(", ")),
    }
}

impl StoreError {
    /// Whether DuckDB has given the file up, so that it must be opened again.
    #[must_use]
    pub fn is_fatal(&self) -> bool {
        let message = match self {
            Self::Database { source, .. } | Self::Open { source, .. } => &source.0,
            Self::Query { message } => message,
            _ => return false,
        };
        message.contains("database has been invalidated") || message.starts_with("FATAL Error")
    }

    /// Whether the file is damaged.
    pub(super) fn is_damage(&self) -> bool {
        matches!(self, Self::Database { source, .. } | Self::Open { source, .. } if DAMAGE.iter().any(|words| source.0.contains(words)))
    }

    /// Whether DuckDB refuses a checkpoint because another transaction is about to end.
    pub(super) fn is_conflict(&self) -> bool {
        matches!(self, Self::Database { source, .. } if source.0.contains("other write transactions active"))
    }

    /// There is no model of that number.
    pub(super) fn no_model(id: i64) -> Self {
        Self::NotFound { what: "model", id: id.to_string(), list: "models list" }
    }

    /// For `map_err`: an error of the database while doing `action`.
    pub(super) fn database(action: &'static str) -> impl FnOnce(duckdb::Error) -> Self {
        move |source| {
            ENGINE_ERRORS.fetch_add(1, Ordering::Relaxed);
            Self::Database { action, source: source.into() }
        }
    }
}

/// How many errors DuckDB has reported to this process.
static ENGINE_ERRORS: AtomicU64 = AtomicU64::new(0);

/// How many errors DuckDB has reported to this process, without those in the queries of users.
#[must_use]
pub fn count_engine_errors() -> u64 {
    ENGINE_ERRORS.load(Ordering::Relaxed)
}

/// What DuckDB reports, without its advice for programmers.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct DatabaseMessage(String);

impl From<duckdb::Error> for DatabaseMessage {
    fn from(error: duckdb::Error) -> Self {
        let message = match error {
            duckdb::Error::DuckDBFailure(_, Some(message)) => message.trim_end().to_owned(),
            other => other.to_string(),
        };
        Self(name_damage(message))
    }
}

/// What DuckDB says of checksums that are wrong, in the words of people, and what to do. Any other message stays as it is.
pub(super) fn name_damage(message: String) -> String {
    if message.contains("Corrupt WAL file") {
        format!(
            "the write-ahead log beside the file (.wal) is damaged: `diamonds restore BACKUP` brings a backup back; without one, move \
             the log away to go on without the last changes ({message})"
        )
    } else if DAMAGE.iter().any(|words| message.contains(words)) {
        format!("the file is damaged: `diamonds restore BACKUP` brings a backup back ({message})")
    } else {
        message
    }
}

/// What DuckDB says when what it has read from the file is not what it once wrote there.
const DAMAGE: [&str; 3] = ["Corrupt database file", "Data Corruption Error", "Serialization Error"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn damage_is_named_with_its_remedy() {
        let block =
            "Data Corruption Error: Corrupt database file: computed checksum 1 does not match stored checksum 2";
        let log = "Data Corruption Error: Failure while replaying WAL file \"a.wal\": Corrupt WAL file: entry at byte position 812";
        assert!(name_damage(block.to_owned()).starts_with("the file is damaged: `diamonds restore BACKUP`"));
        assert!(name_damage(log.to_owned()).starts_with("the write-ahead log beside the file (.wal) is damaged"));
        assert_eq!(name_damage("Out of Memory Error".to_owned()), "Out of Memory Error");
    }
}
