//! Models that were trained and could not be stored: kept beside the file until `retrain --resume` hands them over.

use std::path::{Path, PathBuf};

use uuid::Uuid;

use super::RetrainingError;
use super::submit::store_model;
use crate::control::{decode, encode};
use crate::files::{beside, folder_of};
use crate::store::{NewModel, StoreError};
use crate::text::with_causes;

/// What the names of the files have after that of the database.
const INFIX: &str = ".unstored-";

/// Stores `model`, and returns its number. If that fails, the model is kept beside the file.
pub(super) fn store_or_keep(model: NewModel, database: &Path) -> Result<i64, RetrainingError> {
    let kept = encode(&model).map_err(|error| StoreError::Unexpected { what: format!("a model: {error}") });
    store_model(model, database).map_err(|error| {
        let path = beside(database, &format!("{INFIX}{}", Uuid::now_v7()));
        match kept.map_err(|error| with_causes(&error)).and_then(|bytes| write_private(&path, &bytes)) {
            Ok(()) => RetrainingError::Unstored { path, source: Box::new(error) },
            Err(reason) => {
                tracing::error!("the model is lost, because it cannot be kept at {} either: {reason}", path.display());
                error
            }
        }
    })
}

/// Writes a file that only its owner can read.
fn write_private(path: &Path, bytes: &[u8]) -> Result<(), String> {
    use std::io::Write;

    let mut options = std::fs::OpenOptions::new();
    options.create_new(true).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).and_then(|mut file| file.write_all(bytes).and_then(|()| file.sync_all())).map_err(|error| {
        // a part of a model is none
        let _ = std::fs::remove_file(path);
        error.to_string()
    })
}

/// Stores the models that are kept beside the file at `database`, and returns the family and the number of each, the oldest
/// first.
///
/// # Errors
/// If one cannot be read or stored; it stays, and those before it are stored.
pub fn resume(database: &Path) -> Result<Vec<(String, i64)>, RetrainingError> {
    let folder = folder_of(database);
    let failed = |source| StoreError::Folder { path: folder.to_owned(), source };
    let name = format!("{}{INFIX}", database.file_name().unwrap_or_default().to_string_lossy());
    let mut kept: Vec<PathBuf> = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(failed).map_err(RetrainingError::store)? {
        let entry = entry.map_err(failed).map_err(RetrainingError::store)?;
        if entry.file_name().to_string_lossy().starts_with(&name) {
            kept.push(entry.path());
        }
    }
    // the names end with the time
    kept.sort();
    let mut stored = Vec::new();
    for path in kept {
        let bytes = std::fs::read(&path).map_err(failed).map_err(RetrainingError::store)?;
        let model: NewModel = decode(&bytes).map_err(|error| {
            RetrainingError::store(StoreError::Unexpected { what: format!("{} is no model: {error}", path.display()) })
        })?;
        let family = model.family.clone();
        stored.push((family, store_model(model, database)?));
        // if it stays, it is stored once more the next time: nothing is lost
        if let Err(error) = std::fs::remove_file(&path) {
            tracing::warn!("{} is stored and cannot be removed: {error}", path.display());
        }
    }
    Ok(stored)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diamond::Sale;
    use crate::generator::Generator;
    use crate::learning::families::{FitPlan, SilentObserver, find_family};
    use crate::retraining::submit::model_to_store;
    use crate::retraining::{HoldoutSplit, train};
    use crate::store::{Store, StoredArtifact};

    #[test]
    fn a_model_that_cannot_be_stored_is_kept_and_stored_later() {
        let folder = tempfile::tempdir().expect("a folder");
        let database = folder.path().join("a.duckdb");
        std::fs::write(&database, "not a database at all").expect("a file");
        let sales: Vec<Sale> = Generator::new(4).take(400).collect();
        let split = HoldoutSplit::new(&sales, "salt").expect("enough sales");
        let plan = FitPlan { seed: 1, trials: 1, threads: 2, budget: None, start: None, observer: &SilentObserver };
        let mut model = train(find_family("linear").expect("a family"), &split, &plan).expect("a model");
        let [artifact, four_cs_table] = [model.artifact.clone(), model.fitted.four_cs_table.clone()];
        let error = store_or_keep(model_to_store(&mut model, 1, &[], &split), &database).expect_err("no database");
        let RetrainingError::Unstored { path, .. } = error else { panic!("{error}") };
        assert!(path.exists());
        assert!(resume(&database).is_err() && path.exists(), "still no database");
        std::fs::remove_file(&database).expect("removed");
        drop(Store::open(&database).expect("a database"));
        assert_eq!(resume(&database).expect("stored"), [("linear".to_owned(), 1)]);
        assert!(!path.exists());
        let store = Store::open(&database).expect("the database");
        let stored = store.model_artifact(1).expect("the model");
        let expected = StoredArtifact { family: "linear".to_owned(), artifact, four_cs_table: Some(four_cs_table) };
        assert_eq!(stored, expected);
        assert!(resume(&database).expect("nothing").is_empty());
    }
}
