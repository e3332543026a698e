//! One retraining from the sales to the report.
//!
//! The database is free while models are trained: the sales are read in one step, and each model is stored when it is
//! evaluated. So a training works beside a server, and two trainings may run at the same time.

use std::path::Path;
use std::sync::Arc;

use serde::Serialize;
use serde_json::{Map, Value};

use super::plan::{FamilyPlan, RetrainingSettings};
use super::submit::{DecidedPromotion, model_to_store, promote_best};
use super::unstored::store_or_keep;
use super::{EvaluatedModel, HoldoutSplit, Incumbent, PromotionPolicy, RetrainingError, TrainingError, decide, train};
use crate::control::{Access, ExportSales, FileAccess, FileAccessError, ListModels};
use crate::learning::evaluation::Metrics;
use crate::learning::families::{FitPlan, Observer, SalesSource};
use crate::store::{ExportedSales, SalesFile};
use crate::system;
use crate::text::with_causes;

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
    /// The families without a new model.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub failed: Vec<FailedFamily>,
    /// The previous champion, and its metrics on today's holdout if it can still be loaded.
    #[serde(skip)]
    pub incumbent: Option<(Incumbent, Option<Metrics>)>,
    /// Why a model was promoted, or why none was.
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

/// A family whose model could not be fitted or stored.
#[derive(Debug, Serialize)]
pub struct FailedFamily {
    /// Its name.
    pub family: &'static str,
    /// What went wrong.
    pub reason: String,
}

/// Threads of a training that has the machine to itself.
const THREADS: usize = 2;
/// Threads of one beside a server.
const THREADS_BESIDE_SERVER: usize = 1;

/// The threads of a training: customers wait for a server, nobody waits for this.
#[must_use]
pub fn threads_of_training(is_beside_server: bool) -> usize {
    if is_beside_server { THREADS_BESIDE_SERVER } else { THREADS }
}

/// Makes the observer of each family's fit, from the family's name and the planned number of trials.
pub type ObserverFactory<'a> = dyn Fn(&'static str, usize) -> Box<dyn Observer> + 'a;

/// Trains the chosen families on the sales of `database`, stores each model as soon as it is evaluated, and promotes the best
/// as [`RetrainingSettings::promotion`] says. A family that cannot be fitted or stored is named in the report, and costs no
/// other.
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
    let threads = threads_of_training(file.is_server());
    if file.is_server() {
        system::lower_priority();
    }
    let earlier = file.run(ListModels {})?;
    let exported = file.run(ExportSales {})?;
    let sales = SalesFile::take_over(&exported, database).map_err(FileAccessError::from)?;
    drop(file);
    let split = HoldoutSplit::read(Arc::new(sales), exported.rows, &exported.holdout_salt)?;

    let plans: Vec<FamilyPlan> =
        families.iter().map(|family| FamilyPlan::new(*family, settings, &earlier, exported.rows)).collect();
    let trained = train_families(&plans, &split, settings, threads, observers, &|model| {
        store_or_keep(model_to_store(model, settings.seed, &exported.batches, &split), database)
    })?;
    conclude(database, &split, exported.rows, trained, settings.promotion)
}

/// Takes in `model`, which was trained elsewhere and evaluated on `split`: stores it, and promotes it as `promotion` says. `exported`
/// are the sales of the split.
///
/// # Errors
/// If the file cannot be read or written; a model that could not be stored is kept.
pub fn take_in(
    database: &Path,
    split: &HoldoutSplit,
    exported: &ExportedSales,
    mut model: EvaluatedModel,
    seed: u64,
    promotion: PromotionPolicy,
) -> Result<RetrainingReport, RetrainingError> {
    let id = store_or_keep(model_to_store(&mut model, seed, &exported.batches, split), database)?;
    let trained = TrainedFamilies { models: vec![model], ids: vec![id], failed: Vec::new() };
    conclude(database, split, exported.rows, trained, promotion)
}

/// Promotes the best of the trained models, as `promotion` says, and reports.
fn conclude(
    database: &Path,
    split: &HoldoutSplit,
    rows: usize,
    TrainedFamilies { models, ids, failed }: TrainedFamilies,
    promotion: PromotionPolicy,
) -> Result<RetrainingReport, RetrainingError> {
    let predicted: Vec<&[f64]> = models.iter().map(|model| model.predicted.as_slice()).collect();
    let DecidedPromotion { decision, incumbent } =
        promote_best(&ids, database, split, |incumbent| decide(promotion, &split.truth, &predicted, incumbent))?;
    let champion = if decision.promoted { Some(ids[decision.winner]) } else { incumbent.as_ref().map(|one| one.id) };
    let incumbent = incumbent.map(|one| {
        let metrics = one.predicted.as_ref().map(|predicted| Metrics::of(&split.truth, predicted));
        (one, metrics)
    });
    Ok(RetrainingReport {
        dataset: DatasetReport { rows, train: split.train.count(), holdout: split.holdout_count },
        champion,
        promoted: decision.promoted,
        models: models.into_iter().zip(&ids).map(|(model, id)| ModelReport::new(model, *id)).collect(),
        failed,
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

/// What became of each family.
#[derive(Default)]
struct TrainedFamilies {
    models: Vec<EvaluatedModel>,
    /// The numbers under which the models are stored.
    ids: Vec<i64>,
    failed: Vec<FailedFamily>,
}

/// Trains and stores a model of each family. If a family fails, the others are still trained.
///
/// # Errors
/// The first failure, if every family fails.
fn train_families(
    plans: &[FamilyPlan],
    split: &HoldoutSplit,
    settings: &RetrainingSettings,
    threads: usize,
    observers: &ObserverFactory<'_>,
    store: &dyn Fn(&mut EvaluatedModel) -> Result<i64, RetrainingError>,
) -> Result<TrainedFamilies, RetrainingError> {
    let mut trained = TrainedFamilies::default();
    let mut first_failure = None;
    for FamilyPlan { family, trials, start } in plans {
        let observer = observers(family.name(), *trials);
        let plan = FitPlan {
            seed: settings.seed,
            trials: *trials,
            threads,
            budget: settings.budget,
            start: start.as_ref(),
            observer: observer.as_ref(),
        };
        let stored = train(*family, split, &plan)
            .map_err(RetrainingError::from)
            .and_then(|mut model| store(&mut model).map(|id| (id, model)));
        match stored {
            Ok((id, model)) => {
                trained.ids.push(id);
                trained.models.push(model);
            }
            Err(error) => {
                let reason = with_causes(&error);
                tracing::warn!("{}: {reason}", family.name());
                trained.failed.push(FailedFamily { family: family.name(), reason });
                first_failure.get_or_insert(error);
            }
        }
    }
    match first_failure {
        Some(error) if trained.ids.is_empty() => Err(error),
        _ => Ok(trained),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diamond::Sale;
    use crate::generator::Generator;
    use crate::learning::families::{SilentObserver, find_family};

    #[test]
    fn a_model_that_cannot_be_stored_costs_no_other_family() {
        let sales: Vec<Sale> = Generator::new(4).take(400).collect();
        let split = HoldoutSplit::new(&sales, "salt").expect("enough sales");
        let plan = |name: &str| FamilyPlan { family: find_family(name).expect("a family"), trials: 1, start: None };
        let plans = [plan("linear"), plan("perpetual")];
        let settings = RetrainingSettings {
            families: Vec::new(),
            trials: Some(1),
            fresh: true,
            budget: None,
            seed: 1,
            promotion: PromotionPolicy::Auto,
        };
        let train = |refused: &[&str]| {
            train_families(&plans, &split, &settings, 2, &|_, _| Box::new(SilentObserver), &|model| {
                if refused.contains(&model.family) { Err(TrainingError::NoSales.into()) } else { Ok(7) }
            })
        };
        let trained = train(&["linear"]).expect("the other family");
        assert_eq!((trained.ids, trained.models[0].family), (vec![7], "perpetual"));
        assert_eq!(trained.failed[0].family, "linear");
        assert!(trained.failed[0].reason.contains("no sales"), "{}", trained.failed[0].reason);
        assert!(train(&["linear", "perpetual"]).is_err());
    }
}
