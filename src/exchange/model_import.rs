//! Models that were trained by other programs.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::manifest::{PRICE_COLUMN, PROBE_PRICES, measure, read_document};
use super::probes::{PROBE_SET, probes};
use super::sales_export::trained_elsewhere;
use super::{ExchangeError, Manifest, RECIPE, RESULT, RecipeFile, TrainingResult};
use crate::control::{Access, ExportSales, FileAccess, FileAccessError, ReadSalesExport};
use crate::diamond::Stone;
use crate::learning::families::{Assembled, Family, FamilyError, Fitted, ForestsPlan, Trial, find_family};
use crate::learning::promises::promise;
use crate::retraining::{
    HoldoutSplit, PromotionPolicy, RetrainingReport, TrainingError, evaluate, take_in, threads_of_training,
};
use crate::store::{ModelOrigin, SalesFile, read_probe_prices};
use crate::text::with_causes;

/// How far what a forest says of a probe may differ, on the logarithm of the price: both sides add the same numbers in the same order.
const TOLERANCE: f64 = 1e-6;

/// How a model is taken in.
#[derive(Debug, Clone, Copy)]
pub struct ImportSettings {
    /// Whether it becomes the champion.
    pub promotion: PromotionPolicy,
}

/// A model that has come, before it is judged.
struct Arrived {
    family: &'static dyn Family,
    fitted: Fitted,
    origin: ModelOrigin,
    fit_time: Duration,
    seed: u64,
}

/// Takes in the model in `folder`: forests that a job trained on exported sales, or a booster with a recipe. It is judged on today's
/// holdout, stored with where it comes from, and promoted as any other.
///
/// # Errors
/// If it is not what it says, with what is wrong; then nothing is stored.
pub fn import_model(
    database: &Path,
    folder: &Path,
    settings: &ImportSettings,
) -> Result<RetrainingReport, ExchangeError> {
    let mut file = FileAccess::open(database, Access::Change)?;
    let arrived = if folder.join(RESULT).exists() {
        read_forests(folder, |id| {
            let manifest = file.run(ReadSalesExport { id })?.ok_or(ExchangeError::UnknownExport { id })?;
            serde_json::from_str(&manifest).map_err(|error| ExchangeError::document(folder, error.to_string()))
        })?
    } else if folder.join(RECIPE).exists() {
        read_booster(folder)?
    } else {
        return Err(ExchangeError::NoModel { path: folder.to_owned() });
    };
    let exported = file.run(ExportSales {})?;
    let sales = SalesFile::take_over(&exported, database).map_err(FileAccessError::from)?;
    let threads = threads_of_training(file.is_server());
    // it is judged while others use the file
    drop(file);
    let split = HoldoutSplit::read(Arc::new(sales), exported.rows, &exported.holdout_salt)?;
    let Arrived { family, fitted, origin, fit_time, seed } = arrived;
    let promised = promise(family, fitted, &split.train).map_err(TrainingError::from)?;
    let mut model = evaluate(family, &split, promised, fit_time, threads)?;
    model.origin = Some(origin);
    Ok(take_in(database, &split, &exported, model, seed, settings.promotion)?)
}

/// Reads the forests of a job. `manifest_of` gives the manifest of an export.
fn read_forests(
    folder: &Path,
    manifest_of: impl FnOnce(uuid::Uuid) -> Result<Manifest, ExchangeError>,
) -> Result<Arrived, ExchangeError> {
    let path = folder.join(RESULT);
    let result: TrainingResult = read_document(&path)?;
    let manifest = manifest_of(result.export)?;
    if manifest.probe_set != PROBE_SET {
        let problem =
            "the export was made by another version of this program, which tries models on other stones: export again";
        return Err(ExchangeError::document(&path, problem));
    }
    let (plan, trials) = tried(&manifest.plan, &result).map_err(|problem| ExchangeError::document(&path, problem))?;
    let plan = &plan;
    let family = find_family(&plan.family)?;
    let elsewhere = family.elsewhere().ok_or_else(|| ExchangeError::stays_here(&plan.family))?;
    let mut forests = Vec::with_capacity(plan.forests.len());
    let mut hyperparameters = plan.settings.clone();
    for wanted in &plan.forests {
        let problem = |problem: String| ExchangeError::document(&path, problem);
        let trained = result.forests.iter().find(|forest| forest.name == wanted.name);
        let trained = trained.ok_or_else(|| {
            problem(format!("it has no forest {}: the export asks for {}", wanted.name, names_of(plan)))
        })?;
        let of_forest = in_folder(folder, &trained.file).ok_or_else(|| {
            problem(format!("its file {:?} is not one of this folder: name it without folders", trained.file))
        })?;
        let (_, sha256) = measure(&of_forest)?;
        if sha256 != trained.sha256 {
            return Err(ExchangeError::document(
                &of_forest,
                format!("it is not the file that the job wrote: {RESULT} has another SHA-256. Copy the folder again"),
            ));
        }
        forests.push(std::fs::read(&of_forest).map_err(ExchangeError::file("read", &of_forest))?);
        hyperparameters.insert(format!("rounds of {}", wanted.name), trained.rounds.into());
    }
    let started = Instant::now();
    let probes = probes();
    let Assembled { bytes, sums } = elsewhere.assemble(plan, &forests, &probes)?;
    check_probes(&folder.join(PROBE_PRICES), plan, &probes, &sums)?;
    let model = family.load(&bytes)?;
    tracing::info!("the forests were checked in {:.1} s", started.elapsed().as_secs_f64());
    hyperparameters.insert("seed".to_owned(), plan.seed.into());
    Ok(Arrived {
        family,
        fitted: Fitted { model, bytes, features: plan.features.clone(), target: plan.target, hyperparameters, trials },
        origin: ModelOrigin {
            engine: result.engine,
            versions: result.versions,
            export: Some(result.export),
            note: Some(format!("{} rows", crate::text::count(result.rows))),
        },
        fit_time: Duration::try_from_secs_f64(result.seconds).unwrap_or_default(),
        seed: plan.seed,
    })
}

/// What was trained of `plan`, and the trials before.
///
/// # Errors
/// What is wrong, if the result tells of other trials than those of the plan.
fn tried(plan: &ForestsPlan, result: &TrainingResult) -> Result<(ForestsPlan, Vec<Trial>), String> {
    let Some(number) = result.trial else { return Ok((plan.clone(), Vec::new())) };
    let chosen = plan.with_trial(number).filter(|_| result.trials.len() == plan.trials.len()).ok_or_else(|| {
        format!(
            "it tells of trial {number} of {}, and the export has {}: name every trial of the manifest, in its order",
            result.trials.len(),
            plan.trials.len()
        )
    })?;
    let trials = plan.trials.iter().zip(&result.trials).map(|(planned, tried)| Trial {
        hyperparameters: planned.settings.clone(),
        mae_usd: tried.mae_usd,
        pruned: false,
        elapsed: Duration::try_from_secs_f64(tried.seconds).unwrap_or_default(),
    });
    Ok((chosen, trials.collect()))
}

/// Reads a booster with a recipe.
fn read_booster(folder: &Path) -> Result<Arrived, ExchangeError> {
    let path = folder.join(RECIPE);
    let RecipeFile { model, engine, versions, note, seed, settings, recipe, .. } = read_document(&path)?;
    let (family, elsewhere) = trained_elsewhere()?;
    let booster = in_folder(folder, &model).ok_or_else(|| {
        ExchangeError::document(
            &path,
            format!("its model {model:?} is not a file of this folder: name it without folders"),
        )
    })?;
    let bytes = std::fs::read(&booster).map_err(ExchangeError::file("read", &booster))?;
    let of_booster = |error: FamilyError| ExchangeError::document(&booster, with_causes(&error));
    let engine = engine.unwrap_or_else(|| elsewhere.writer_of(&bytes).to_owned());
    let bytes = elsewhere.adopt(&bytes, &recipe).map_err(of_booster)?;
    Ok(Arrived {
        family,
        fitted: Fitted {
            model: family.load(&bytes)?,
            bytes,
            features: recipe.features,
            target: recipe.target,
            hyperparameters: settings,
            trials: Vec::new(),
        },
        origin: ModelOrigin { engine, versions, export: None, note },
        fit_time: Duration::ZERO,
        seed,
    })
}

/// Whether the forests say the same here as where they were trained, which is in the file at `path`.
fn check_probes(path: &Path, plan: &ForestsPlan, probes: &[Stone], sums: &[Vec<f32>]) -> Result<(), ExchangeError> {
    let mut names: Vec<String> = plan.forests.iter().map(|forest| forest.name.clone()).collect();
    names.push(PRICE_COLUMN.to_owned());
    if !path.exists() {
        return Err(ExchangeError::document(
            path,
            "it is missing: a job writes into it what its forests say of the probes",
        ));
    }
    let there = read_probe_prices(path, &names)?;
    if there[0].len() != probes.len() {
        let problem = format!("it has {} probes, and the export has {}", there[0].len(), probes.len());
        return Err(ExchangeError::document(path, problem));
    }
    let mut prices = vec![0.0; probes.len()];
    for (forest, sums) in plan.forests.iter().zip(sums) {
        for ((price, stone), sum) in prices.iter_mut().zip(probes).zip(sums) {
            *price += plan.margin(forest, stone) + f64::from(*sum);
        }
    }
    #[expect(clippy::cast_precision_loss, reason = "a few forests")]
    let count = plan.forests.len() as f64;
    let here: Vec<Vec<f64>> = sums
        .iter()
        .map(|sums| sums.iter().map(|sum| f64::from(*sum)).collect())
        .chain([prices.iter().map(|sum| plan.target.to_price(sum / count)).collect()])
        .collect();
    let mut worst: Option<(f64, usize, usize)> = None;
    for (column, (here, there)) in here.iter().zip(&there).enumerate() {
        for (probe, (here, there)) in here.iter().zip(there).enumerate() {
            // sums are logarithms of prices; prices are compared by their share
            let scale = if column == sums.len() { here.abs() } else { 1.0 };
            let off = (here - there).abs() / scale;
            let off = if off.is_nan() { f64::INFINITY } else { off };
            if off > TOLERANCE && worst.is_none_or(|(most, ..)| off > most) {
                worst = Some((off, column, probe));
            }
        }
    }
    match worst {
        None => Ok(()),
        Some((_, column, probe)) => Err(ExchangeError::Probe {
            probe,
            stone: in_words(&probes[probe]),
            what: if column == sums.len() {
                "the price".to_owned()
            } else {
                format!("the sum of forest {}", names[column])
            },
            here: here[column][probe],
            there: there[column][probe],
        }),
    }
}

fn in_words(Stone { weight_carat, cut, color, clarity, .. }: &Stone) -> String {
    format!("{weight_carat:.2} ct {cut} {color} {clarity}")
}

/// The path of a file of `folder`; `None` if its name leads elsewhere.
fn in_folder(folder: &Path, name: &str) -> Option<std::path::PathBuf> {
    let is_plain = Path::new(name).file_name().is_some_and(|file| file == name);
    is_plain.then(|| folder.join(name))
}

fn names_of(plan: &ForestsPlan) -> String {
    plan.forests.iter().map(|forest| forest.name.as_str()).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diamond::Sale;
    use crate::exchange::manifest::{FORMAT, TriedTrial};
    use crate::generator::Generator;

    #[test]
    fn what_was_trained_is_the_trial_that_the_result_names() {
        let sales: Vec<Sale> = Generator::new(3).take(300).collect();
        let (_, family) = trained_elsewhere().expect("a family");
        let plan = family.plan(&sales, 7, 3).expect("a plan");
        let result = |trial, trials: usize| TrainingResult {
            format: FORMAT,
            export: uuid::Uuid::nil(),
            engine: "a test".to_owned(),
            versions: std::collections::BTreeMap::new(),
            rows: 900,
            seconds: 1.0,
            forests: Vec::new(),
            trial,
            trials: vec![TriedTrial { mae_usd: 300.0, seconds: 2.0 }; trials],
        };
        let (chosen, trials) = tried(&plan, &result(Some(2), 3)).expect("a trial");
        assert_eq!((&chosen.settings, &chosen.forests), (&plan.trials[2].settings, &plan.trials[2].forests));
        assert_eq!((trials.len(), &trials[1].hyperparameters), (3, &plan.trials[1].settings));
        let (unsearched, trials) = tried(&plan, &result(None, 0)).expect("no trial");
        assert_eq!((&unsearched.forests, trials.len()), (&plan.forests, 0));
        for (trial, count) in [(3, 3), (0, 2)] {
            let problem = tried(&plan, &result(Some(trial), count)).expect_err("no such trials");
            assert!(problem.contains("the export has 3"), "{problem}");
        }
    }
}
