//! Why something cannot leave or come in.

use std::path::PathBuf;

use uuid::Uuid;

use crate::control::FileAccessError;
use crate::learning::families::{FAMILIES, FamilyError};
use crate::retraining::{RetrainingError, TrainingError};
use crate::store::StoreError;

/// Why something cannot leave or come in.
#[derive(Debug, thiserror::Error)]
pub enum ExchangeError {
    /// The folder has something in it.
    #[error("{} exists already and is not empty: name a new folder", path.display())]
    FolderInUse {
        /// The folder.
        path: PathBuf,
    },
    /// A file or folder cannot be read or written.
    #[error("cannot {action} {}", path.display())]
    File {
        /// What was tried.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// What the system reports.
        source: std::io::Error,
    },
    /// A document is not what it should be.
    #[error("{}: {problem}", path.display())]
    Document {
        /// The document.
        path: PathBuf,
        /// What is wrong with it, and what to do.
        problem: String,
    },
    /// A folder has neither the result of a job nor a recipe.
    #[error(
        "{} has no result.json, which a job writes beside its forests, and no recipe.json, which says how the columns of a \
         booster of your own are to be read",
        path.display()
    )]
    NoModel {
        /// The folder.
        path: PathBuf,
    },
    /// The file at hand has not made an export.
    #[error("this file knows no export {id}: import the model where `diamonds export sales` was run")]
    UnknownExport {
        /// The export.
        id: Uuid,
    },
    /// A family's models cannot be trained elsewhere.
    #[error("models of {family} cannot be trained elsewhere, and cannot leave: choose one of {choices}")]
    StaysHere {
        /// The family.
        family: String,
        /// Those that can.
        choices: String,
    },
    /// No Python at hand has what a job needs.
    #[error(
        "{program} has not what a training on {engine} needs: install uv, or name a Python by DIAMONDS_PYTHON in which you have \
         run `pip install {needs}`"
    )]
    NoPython {
        /// The Python that was tried.
        program: String,
        /// What is to train.
        engine: &'static str,
        /// The packages.
        needs: String,
    },
    /// A job fails.
    #[error("the training on {engine} failed, and nothing was changed:\n  {said}")]
    Job {
        /// What was to train.
        engine: &'static str,
        /// What it said last.
        said: String,
    },
    /// A model says something else here than where it was trained.
    #[error(
        "the model says something else here than where it was trained: of probe {probe} ({stone}), {what} is {here} here and {there} \
         there. Train it again with the versions that the job pins"
    )]
    Probe {
        /// Number of the probe.
        probe: usize,
        /// The probe in words.
        stone: String,
        /// What was compared.
        what: String,
        /// The value here.
        here: f64,
        /// The value there.
        there: f64,
    },
    /// The file cannot be read or written.
    #[error(transparent)]
    FileAccess(#[from] FileAccessError),
    /// No model can be trained on these sales.
    #[error(transparent)]
    Training(#[from] TrainingError),
    /// The model cannot be stored or compared.
    #[error(transparent)]
    Retraining(#[from] RetrainingError),
    /// The model cannot be read.
    #[error(transparent)]
    Family(#[from] FamilyError),
    /// A file of rows cannot be read or written.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl ExchangeError {
    /// The error of a file or folder at `path` with which `action` failed.
    pub(super) fn file(action: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.into();
        move |source| Self::File { action, path, source }
    }

    /// The error of a family whose models cannot be trained elsewhere.
    pub(super) fn stays_here(family: &str) -> Self {
        let names = FAMILIES.iter().filter(|family| family.elsewhere().is_some()).map(|family| family.name());
        Self::StaysHere { family: family.to_owned(), choices: names.collect::<Vec<_>>().join(", ") }
    }

    /// A mistake in the document at `path`.
    pub(super) fn document(path: impl Into<PathBuf>, problem: impl Into<String>) -> Self {
        Self::Document { path: path.into(), problem: problem.into() }
    }
}
