//! The documents beside exported sales and models.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use data_encoding::HEXLOWER;
use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::ExchangeError;
use crate::learning::families::{ForestsPlan, Recipe};
use crate::store::Lineage;

/// Version of the form of these documents.
pub const FORMAT: u32 = 1;
/// Name of the manifest of exported sales.
pub const MANIFEST: &str = "manifest.json";
/// Name of the report that a job writes beside the forests that it trained.
pub const RESULT: &str = "result.json";
/// Name of the document that says how the columns of a booster are to be read.
pub const RECIPE: &str = "recipe.json";
/// Name of the file with the stones by which a model is tried.
pub const PROBES: &str = "probes.parquet";
/// Name of the file with what a model said of them where it was trained.
pub const PROBE_PRICES: &str = "probe_prices.parquet";
/// Name of the column with the price of a probe, in US dollars.
pub const PRICE_COLUMN: &str = "price_usd";

/// What a job needs to know of exported sales.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    /// Version of its form.
    pub format: u32,
    /// Id of the export.
    pub export: Uuid,
    /// When it was made.
    pub time: Timestamp,
    /// Version of the program that made it.
    pub program_version: String,
    /// Number of sales; each is in the files as several copies.
    pub sales: i64,
    /// Number of rows in the files.
    pub rows: i64,
    /// Name of the column that the trees learn.
    pub label: String,
    /// Number of folds: a column says in which each sale is, for whoever wants to validate.
    pub folds: i64,
    /// What is to be trained.
    pub plan: ForestsPlan,
    /// The batches that the sales came from, with the holdout.
    pub lineage: Vec<Lineage>,
    /// The files of rows.
    pub files: Vec<ExportedFile>,
    /// Which stones those are by which a model is tried.
    pub probe_set: u32,
    /// The file of these stones.
    pub probes: ExportedFile,
}

/// A file of an export.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExportedFile {
    /// Its path in the folder of the export.
    pub path: String,
    /// Number of its rows.
    pub rows: i64,
    /// Its size.
    pub bytes: u64,
    /// Its SHA-256, in hexadecimal digits.
    pub sha256: String,
}

/// What a job says of the forests that it has trained.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TrainingResult {
    /// Version of its form.
    pub format: u32,
    /// The export that they were trained on.
    pub export: Uuid,
    /// What trained them, such as `dask` or `spark`.
    pub engine: String,
    /// Versions of what trained them, by name.
    pub versions: BTreeMap<String, String>,
    /// Number of rows in the export.
    pub rows: i64,
    /// Time of the training, in seconds.
    pub seconds: f64,
    /// The forests.
    pub forests: Vec<TrainedForest>,
    /// The place, from 0, of the trial whose settings were trained; absent if none was run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trial: Option<usize>,
    /// What the trials of the plan came to, in its order; empty if none was run.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub trials: Vec<TriedTrial>,
}

/// What came of a trial.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct TriedTrial {
    /// Mean absolute error in US dollars on sales that were held back.
    pub mae_usd: f64,
    /// How long it took, in seconds.
    pub seconds: f64,
}

/// A forest that a job has trained.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TrainedForest {
    /// Its name in the plan.
    pub name: String,
    /// Its file, in the folder of the result.
    pub file: String,
    /// SHA-256 of the file, in hexadecimal digits.
    pub sha256: String,
    /// Number of its trees.
    pub rounds: u32,
    /// The parameters of the library.
    pub parameters: serde_json::Map<String, serde_json::Value>,
}

/// The recipe for a booster that somebody trained alone.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RecipeFile {
    /// Version of its form.
    pub format: u32,
    /// The file of the booster, in the same folder.
    pub model: String,
    /// What trained it; the library that wrote the file if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub engine: Option<String>,
    /// Versions of what trained it, by name.
    #[serde(default)]
    pub versions: BTreeMap<String, String>,
    /// What there is to say of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// Seed of its random choices, for the history.
    #[serde(default)]
    pub seed: u64,
    /// Its settings, for the history.
    #[serde(default)]
    pub settings: serde_json::Map<String, serde_json::Value>,
    /// How its columns are to be read.
    #[serde(flatten)]
    pub recipe: Recipe,
}

/// Reads the document at `path`, whose form has a version.
///
/// # Errors
/// If it cannot be read, is of a later form, or lacks something.
pub(super) fn read_document<T: DeserializeOwned>(path: &Path) -> Result<T, ExchangeError> {
    #[derive(Deserialize)]
    struct Versioned {
        format: u32,
    }

    let text = std::fs::read(path).map_err(ExchangeError::file("read", path))?;
    let wrong = |error: serde_json::Error| ExchangeError::document(path, error.to_string());
    let Versioned { format } = serde_json::from_slice(&text).map_err(wrong)?;
    if format != FORMAT {
        return Err(ExchangeError::document(
            path,
            format!("it is of form {format}, and this program knows form {FORMAT}: use the same version on both sides"),
        ));
    }
    serde_json::from_slice(&text).map_err(wrong)
}

/// Writes `document` to `path`.
///
/// # Errors
/// If that fails.
pub(super) fn write_document(document: &impl Serialize, path: &Path) -> Result<(), ExchangeError> {
    let written = serde_json::to_string_pretty(document).map_err(io::Error::from);
    written.and_then(|text| std::fs::write(path, text + "\n")).map_err(ExchangeError::file("write", path))
}

/// Size and SHA-256 of the file at `path`.
///
/// # Errors
/// If it cannot be read.
pub(super) fn measure(path: &Path) -> Result<(u64, String), ExchangeError> {
    let mut hash = Sha256::new();
    let mut bytes = 0;
    let read = File::open(path).and_then(|mut file| {
        let mut block = vec![0; 1 << 16];
        loop {
            match file.read(&mut block)? {
                0 => return Ok(()),
                read => {
                    hash.update(&block[..read]);
                    bytes += read as u64;
                }
            }
        }
    });
    read.map_err(ExchangeError::file("read", path))?;
    Ok((bytes, HEXLOWER.encode(&hash.finalize())))
}
