//! Models for other programs.

use std::path::{Path, PathBuf};

use serde::Serialize;

use super::manifest::{PRICE_COLUMN, PROBES, write_document};
use super::new_folder::{new_folder_beside, put_in_place};
use super::probes::probes;
use super::{ExchangeError, FORMAT, RECIPE, RecipeFile};
use crate::control::{Access, FileAccess, ReadArtifact, ShowModel};
use crate::learning::families::{FamilyError, decompress_artifact, find_family};
use crate::store::{NumberColumns, StoredArtifact, write_probes};

/// Name of the file of the booster.
const MODEL: &str = "model.json";
/// Name of the column with what the trees are added to.
const MARGIN_COLUMN: &str = "margin";

/// What was exported.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ModelExportReport {
    /// Number of the model.
    pub model: i64,
    /// Its family.
    pub family: String,
    /// The folder.
    pub folder: PathBuf,
}

/// Writes the model numbered `id` of the file at `database` into the new folder `folder`: the booster as its library reads it, the recipe
/// for its columns, and probes with what it says of them.
///
/// # Errors
/// If there is no such model, its bytes have been deleted, its family has no such form, or the folder has something in it.
pub fn export_model(database: &Path, id: i64, folder: &Path) -> Result<ModelExportReport, ExchangeError> {
    let unfinished = new_folder_beside(folder)?;
    let mut file = FileAccess::open(database, Access::Read)?;
    let detail = file.run(ShowModel { id })?;
    let StoredArtifact { family: name, artifact, .. } = file.run(ReadArtifact { id })?;
    drop(file);
    let family = find_family(&name)?;
    let elsewhere = family.elsewhere().ok_or_else(|| ExchangeError::stays_here(&name))?;
    let bytes = decompress_artifact(&artifact)
        .map_err(|error| FamilyError::Unreadable { family: family.name(), reason: error.to_string() })?;
    let model = family.load(&bytes)?;
    let recipe = elsewhere.release(&bytes)?;
    let path = unfinished.path().join(MODEL);
    std::fs::write(&path, &bytes).map_err(ExchangeError::file("write", &path))?;

    let probes = probes();
    let rows: Vec<Vec<f32>> = probes.iter().map(|stone| recipe.row(stone)).collect();
    let mut names = recipe.columns();
    let mut values: Vec<Vec<f32>> =
        (0..names.len()).map(|column| rows.iter().map(|row| row[column]).collect()).collect();
    #[expect(clippy::cast_possible_truncation, reason = "for a comparison, single precision is enough")]
    let singles =
        |number: &dyn Fn(&crate::diamond::Stone) -> f64| probes.iter().map(|stone| number(stone) as f32).collect();
    values.push(singles(&|stone| recipe.margin(stone)));
    names.push(MARGIN_COLUMN.to_owned());
    values.push(singles(&|stone| model.price_usd(stone)));
    names.push(PRICE_COLUMN.to_owned());
    write_probes(NumberColumns { names, values }, &unfinished.path().join(PROBES))?;

    let origin = detail.origin.unwrap_or_else(|| crate::store::ModelOrigin {
        engine: "diamonds".to_owned(),
        versions: [("diamonds".to_owned(), detail.record.program_version.clone())].into(),
        export: None,
        note: None,
    });
    let document = RecipeFile {
        format: FORMAT,
        model: MODEL.to_owned(),
        engine: Some(origin.engine),
        versions: origin.versions,
        note: Some(format!("model {id} of {}", detail.record.time.strftime("%Y-%m-%d"))),
        seed: detail.record.seed,
        settings: detail.record.hyperparameters,
        recipe,
    };
    write_document(&document, &unfinished.path().join(RECIPE))?;
    put_in_place(unfinished, folder)?;
    Ok(ModelExportReport { model: id, family: name, folder: folder.to_owned() })
}
