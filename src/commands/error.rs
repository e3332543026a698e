//! Why a command fails, and with which exit code.

use std::io;
use std::path::PathBuf;

use crate::control::FileAccessError;
use crate::diamond::FieldError;
use crate::exchange::ExchangeError;
use crate::pricing::PricingError;
use crate::retraining::{RetrainingError, TrainingError};
use crate::server::ServerError;
use crate::store::StoreError;

/// An error of a command.
#[derive(Debug, thiserror::Error)]
pub enum CommandError {
    /// The database fails.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A stone cannot be priced.
    #[error(transparent)]
    PricingService(#[from] PricingError),
    /// An operation on the file failed.
    #[error(transparent)]
    FileAccess(#[from] FileAccessError),
    /// No model can be trained.
    #[error(transparent)]
    Training(#[from] TrainingError),
    /// A retraining fails.
    #[error(transparent)]
    Retraining(#[from] RetrainingError),
    /// Something cannot leave or come in.
    #[error(transparent)]
    Exchange(#[from] ExchangeError),
    /// The server fails.
    #[error(transparent)]
    Server(#[from] ServerError),
    /// A stone is described wrongly.
    #[error("{}", list(errors))]
    Stone {
        /// Every mistake.
        errors: Vec<FieldError>,
    },
    /// A file of outcomes has mistakes.
    #[error("{name}: {problem}")]
    BadOutcomes {
        /// Name of the file.
        name: String,
        /// What is wrong, where, and what to do.
        problem: String,
    },
    /// Not a single row of a file went in.
    #[error("nothing of {files} went in: every row was rejected, for the reasons above")]
    NothingIngested {
        /// Names of the files.
        files: String,
    },
    /// The server to follow is named wrongly.
    #[error("no server can be followed so: {problem}")]
    ReplicaOf {
        /// What is wrong, and what to do.
        problem: String,
    },
    /// A stone is described, and a file of stones is named.
    #[error("there is a stone and a file: name one of them")]
    StoneAndFile,
    /// The name of a file for priced rows does not tell its form.
    #[error("{}: its name must end in .csv, .xlsx, .jsonl or .parquet, so that its form is known", path.display())]
    TableName {
        /// The file.
        path: PathBuf,
    },
    /// The name of a file for a price list does not tell its form.
    #[error("{}: its name must end in .csv or .xlsx, so that its form is known", path.display())]
    PriceListName {
        /// The file.
        path: PathBuf,
    },
    /// The name of a file does not tell its form.
    #[error("{}: its name must end in .parquet, .csv or .jsonl, so that its form is known", path.display())]
    ExportName {
        /// The file.
        path: PathBuf,
    },
    /// Something is where a file is to be written.
    #[error("{} exists already: name another file, or move it away", path.display())]
    FileExists {
        /// The file.
        path: PathBuf,
    },
    /// A picture for quotes cannot be taken.
    #[error("{}: {problem}", path.display())]
    BadPicture {
        /// The file.
        path: PathBuf,
        /// What is wrong with it, and what to do.
        problem: String,
    },
    /// The platform has no folder for data.
    #[error("this system has no folder for data: name the file with --db")]
    NoDataFolder,
    /// The output cannot be written.
    #[error("cannot write the output")]
    Output(#[from] io::Error),
    /// The name of a file has a special meaning for DuckDB.
    #[error("{} cannot be the name of the file: {reason}", path.display())]
    BadLocation {
        /// The name.
        path: PathBuf,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// Something is wrong with the file or what is around it.
    #[error("{wrong} of these {} not well", if *wrong == 1 { "is" } else { "are" })]
    Unwell {
        /// How many things.
        wrong: usize,
    },
    /// The program cannot listen for Ctrl-C.
    #[error("cannot listen for Ctrl-C")]
    Signal(#[from] ctrlc::Error),
}

impl CommandError {
    /// 2 if the command was used wrongly, 1 if it failed, 0 if its output was closed by the reader.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Stone { .. } | Self::StoneAndFile | Self::BadLocation { .. } => 2,
            Self::Output(error) if error.kind() == io::ErrorKind::BrokenPipe => 0,
            _ => 1,
        }
    }
}

fn list(errors: &[FieldError]) -> String {
    let lines: Vec<String> = errors
        .iter()
        .map(|error| match &error.value {
            serde_json::Value::Null => format!("--{} {}", error.field, error.message),
            value => format!("--{} {value}: {}", error.field, error.message),
        })
        .collect();
    lines.join("\n       ")
}
