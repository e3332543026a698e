//! One retraining from the sales to the report.
//!
//! The database is free while models are trained: the sales are read in one step, and the models are stored when all are
//! evaluated. So a training works beside a server, and two trainings may run at the same time.

use std::path::Path;

use serde::Serialize;
use serde_json::{Map, Value};

use super::plan::{FamilyPlan, RetrainingSettings};
use super::submit::{SubmittedModels, model_to_store, submit};
use super::{EvaluatedModel, HoldoutSplit, Incumbent, RetrainingError, TrainingError, decide, train};
use crate::control::{Access, FileAccess, ListModels, ReadDataset};
use crate::diamond::Sale;
use crate::learning::evaluation::Metrics;
use crate::learning::families::{FitPlan, Observer};
use crate::system;

/// The report of a retraining, which `diamonds --json retrain` prints.
#[derive(Debug, Serialize)]
pub struct RetrainingReport {
    /// The numbers of sales.
    pub dataset: DatasetReport,
    /// The champion now; `None` if there is none.
    pub champion: Option<i64>,
    /// Whether one of the new models became the champion.
    pub promoted: bool,
    /// The new models, in the order in which they were trained.
    pub models: Vec<ModelReport>,
    /// The previous champion, and its metrics on today's holdout if it can still be loaded.
    #[serde(skip)]
    pub incumbent: Option<(Incumbent, Option<Metrics>)>,
    /// Why a model was promoted, or why none was.
    #[serde(skip)]
    pub reason: String,
}

/// The numbers of sales in a retraining.
#[derive(Debug, Serialize)]
pub struct DatasetReport {
    /// All of them.
    pub rows: usize,
    /// Those in training.
    pub train: usize,
    /// Those in the holdout.
    pub holdout: usize,
}

/// A new model.
#[derive(Debug, Serialize)]
pub struct ModelReport {
    /// Number under which it is stored.
    pub id: i64,
    /// Name of its family.
    pub family: &'static str,
    /// Its errors on the holdout.
    pub metrics: Metrics,
    /// Its settings.
    pub hyperparameters: Map<String, Value>,
    /// Time of tuning and fitting together, in seconds.
    pub fit_seconds: f64,
    /// Number of trials.
    pub trials: usize,
}

/// Makes the observer of each family's fit, from the family's name and the planned number of trials.
pub type ObserverFactory<'a> = dyn Fn(&'static str, usize) -> Box<dyn Observer> + 'a;

/// Trains the chosen families on the sales of `database`, stores the models, and promotes the best as
/// [`RetrainingSettings::promotion`] says. A family that cannot be fitted is skipped with a warning.
///
/// # Errors
/// If there are too few sales, if every family fails, or if the file cannot be read or written.
pub fn retrain(
    database: &Path,
    settings: &RetrainingSettings,
    observers: &ObserverFactory<'_>,
) -> Result<RetrainingReport, RetrainingError> {
    let families = settings.chosen_families()?;
    if !database.exists() {
        return Err(TrainingError::NoSales.into());
    }
    let mut file = FileAccess::open(database, Access::Change)?;
    if file.is_server() {
        // customers wait for the server, nobody waits for this
        system::lower_priority();
    }
    let earlier = file.run(ListModels {})?;
    let dataset = file.run(ReadDataset {})?;
    drop(file);
    let sales: Vec<Sale> = dataset.sales.iter().map(|stored| stored.sale).collect();
    let split = HoldoutSplit::new(&sales, &dataset.holdout_salt)?;

    let plans: Vec<FamilyPlan> =
        families.iter().map(|family| FamilyPlan::new(*family, settings, &earlier, sales.len())).collect();
    let evaluated = train_families(&plans, &split, settings, observers)?;
    let predicted: Vec<&[f64]> = evaluated.iter().map(|model| model.predicted.as_slice()).collect();
    let models: Vec<_> = evaluated.iter().map(|model| model_to_store(model, settings.seed, &dataset, &split)).collect();
    let SubmittedModels { ids, decision, incumbent } =
        submit(&models, database, &split, |incumbent| decide(settings.promotion, &split.truth, &predicted, incumbent))?;

    let champion = if decision.promoted { Some(ids[decision.winner]) } else { incumbent.as_ref().map(|one| one.id) };
    let incumbent = incumbent.map(|one| {
        let metrics = one.predicted.as_ref().map(|predicted| Metrics::of(&split.truth, predicted));
        (one, metrics)
    });
    Ok(RetrainingReport {
        dataset: DatasetReport { rows: sales.len(), train: split.train.len(), holdout: split.truth.len() },
        champion,
        promoted: decision.promoted,
        models: evaluated.into_iter().zip(&ids).map(|(model, id)| ModelReport::new(model, *id)).collect(),
        incumbent,
        reason: decision.reason,
    })
}

impl ModelReport {
    fn new(model: EvaluatedModel, id: i64) -> Self {
        Self {
            id,
            family: model.family,
            metrics: model.metrics,
            hyperparameters: model.fitted.hyperparameters,
            fit_seconds: model.fit_time.as_secs_f64(),
            trials: model.fitted.trials.len(),
        }
    }
}

/// Trains a model of each family. If one fails, the others are still trained.
fn train_families(
    plans: &[FamilyPlan],
    split: &HoldoutSplit,
    settings: &RetrainingSettings,
    observers: &ObserverFactory<'_>,
) -> Result<Vec<EvaluatedModel>, TrainingError> {
    let mut evaluated = Vec::new();
    let mut first_failure = None;
    for FamilyPlan { family, trials, start } in plans {
        let observer = observers(family.name(), *trials);
        let plan = FitPlan {
            seed: settings.seed,
            trials: *trials,
            budget: settings.budget,
            start: start.as_ref(),
            observer: observer.as_ref(),
        };
        match train(*family, split, &plan) {
            Ok(model) => evaluated.push(model),
            Err(error) => {
                tracing::warn!("{error}");
                first_failure.get_or_insert(error);
            }
        }
    }
    match first_failure {
        Some(error) if evaluated.is_empty() => Err(error),
        _ => Ok(evaluated),
    }
}
