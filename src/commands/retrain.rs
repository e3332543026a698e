//! `diamonds retrain`: trains every family, judges the models beside the champion, and promotes the best.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use clap::ValueEnum;
use clap::builder::PossibleValuesParser;
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;
use serde_json::{Map, Value};

use super::CommandError;
use super::console::{Console, table};
use crate::control::{Access, AddModels, AddModelsAnswer, Desk, ListModels, ReadArtifact, ReadChampion, ReadDataset};
use crate::diamond::Sale;
use crate::learning::evaluation::Metrics;
use crate::learning::evaluation::furthest_off;
use crate::learning::families::{FAMILIES, Family, FitPlan, Observer, find_family};
use crate::retraining::{Incumbent, Partition, Promote, Trained, TrainingError, Verdict, decide, train};
use crate::store::{Dataset, Lineage, ModelRecord, NewModel, NewPromotion, TrialRecord, WrongSale};
use crate::system;
use crate::text::{count, dollars, to_the_cent};

/// Settings that are tried unless told otherwise: first, and where the settings of an earlier model are known to do well.
const TRIALS: usize = 60;
const TRIALS_AGAIN: usize = 15;
/// Sales that are kept with a model because it is far off on them.
const MOST_WRONG: usize = 10;

#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// Train this family only; may be given more than once [default: all]
    #[arg(long, value_name = "NAME", value_parser = PossibleValuesParser::new(FAMILIES.iter().map(|family| family.name())))]
    family: Vec<String>,
    /// Settings to try at most, for families that tune [default: 60; 15 where an earlier model saw nearly the same sales]
    #[arg(long, value_name = "N")]
    trials: Option<usize>,
    /// Do not start from the settings of earlier models
    #[arg(long)]
    fresh: bool,
    /// Time to tune at most, such as 60s or 5m; the final fit comes on top [default: until all trials are done]
    #[arg(long, value_name = "TIME", value_parser = parse_budget)]
    budget: Option<Duration>,
    /// Decides every random choice: the same sales, seed and trials give the same models (with --fresh, whatever was trained before)
    #[arg(long, value_name = "N", default_value_t = 42)]
    seed: u64,
    /// Whether the best new model becomes the champion
    #[arg(long, value_enum, default_value_t = PromoteChoice::Auto)]
    promote: PromoteChoice,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum PromoteChoice {
    /// If it errs less than the champion on the same sales, by more than luck: the 95 % paired bootstrap interval of the
    /// difference of the mean absolute errors lies below zero
    Auto,
    /// In any case
    Always,
    /// In no case
    Never,
}

impl From<PromoteChoice> for Promote {
    fn from(choice: PromoteChoice) -> Self {
        match choice {
            PromoteChoice::Auto => Self::Auto,
            PromoteChoice::Always => Self::Always,
            PromoteChoice::Never => Self::Never,
        }
    }
}

#[derive(Serialize)]
struct Report {
    dataset: DatasetReport,
    champion: Option<i64>,
    promoted: bool,
    models: Vec<ModelReport>,
}

#[derive(Serialize)]
struct DatasetReport {
    rows: usize,
    train: usize,
    holdout: usize,
}

#[derive(Serialize)]
struct ModelReport {
    id: i64,
    family: &'static str,
    metrics: Metrics,
    hyperparameters: Map<String, Value>,
    fit_seconds: f64,
    trials: usize,
}

pub fn run(arguments: &Arguments, database: &Path, console: &Console) -> Result<(), CommandError> {
    let families = chosen_families(&arguments.family)?;
    if !database.exists() {
        return Err(TrainingError::NoSales.into());
    }
    // the file is left to others while the models are trained
    let mut desk = Desk::open(database, Access::Write)?;
    if desk.is_server() {
        // customers wait for the server, nobody for this
        system::step_back();
    }
    let earlier = desk.run(ListModels {})?;
    let dataset = desk.run(ReadDataset {})?;
    drop(desk);
    let sales: Vec<_> = dataset.sales.iter().map(|stored| stored.sale).collect();
    let partition = Partition::new(&sales, &dataset.holdout_salt)?;

    let plans: Vec<Plan> = families.iter().map(|family| Plan::new(*family, arguments, &earlier, sales.len())).collect();
    let trained = train_all(&plans, &partition, arguments, console)?;
    let predicted: Vec<&[f64]> = trained.iter().map(|one| one.predicted.as_slice()).collect();
    let models: Vec<NewModel> = trained.iter().map(|one| to_store(one, arguments.seed, &dataset, &partition)).collect();
    let outcome = hand_in(&models, database, &partition, |incumbent| {
        decide(arguments.promote.into(), &partition.truth, &predicted, incumbent)
    })?;

    let Outcome { ids, verdict, incumbent } = outcome;
    let incumbent_metrics = incumbent
        .as_ref()
        .and_then(|one| one.predicted.as_ref())
        .map(|predicted| Metrics::of(&partition.truth, predicted));
    let champion = if verdict.promoted { Some(ids[verdict.winner]) } else { incumbent.as_ref().map(|one| one.id) };
    let report = Report {
        dataset: DatasetReport { rows: sales.len(), train: partition.train.len(), holdout: partition.truth.len() },
        champion,
        promoted: verdict.promoted,
        models: trained.into_iter().zip(&ids).map(|(one, id)| ModelReport::new(one, *id)).collect(),
    };
    console
        .print(&report, |report| describe(report, incumbent.as_ref(), incumbent_metrics.as_ref(), &verdict.reason))?;
    if verdict.promoted {
        console.hint("Next: `diamonds serve` answers with the new champion; `diamonds models list` shows the history.");
    }
    Ok(())
}

impl ModelReport {
    fn new(trained: Trained, id: i64) -> Self {
        Self {
            id,
            family: trained.family,
            metrics: trained.metrics,
            hyperparameters: trained.fitted.hyperparameters,
            fit_seconds: trained.fit_time.as_secs_f64(),
            trials: trained.fitted.trials.len(),
        }
    }
}

/// How one family is trained.
struct Plan {
    family: &'static dyn Family,
    trials: usize,
    /// The settings of its newest model.
    start: Option<Map<String, Value>>,
}

impl Plan {
    /// Starts from what `earlier` models, newest first, have found; where the newest has seen nearly all of the `sales`
    /// sales, there is little left to look for.
    fn new(family: &'static dyn Family, arguments: &Arguments, earlier: &[ModelRecord], sales: usize) -> Self {
        let newest = earlier.iter().find(|model| !arguments.fresh && model.family == family.name());
        let sales = i64::try_from(sales).unwrap_or(i64::MAX);
        let saw_nearly_all = newest.is_some_and(|model| model.trials > 0 && sales / 10 * 9 <= model.dataset.rows);
        let usual = if saw_nearly_all { TRIALS_AGAIN } else { TRIALS };
        Self {
            family,
            trials: arguments.trials.unwrap_or(usual),
            start: newest.map(|model| model.hyperparameters.clone()),
        }
    }
}

/// Trains a model of each family. One that cannot be fitted does not keep the others from it.
fn train_all(
    plans: &[Plan],
    partition: &Partition,
    arguments: &Arguments,
    console: &Console,
) -> Result<Vec<Trained>, CommandError> {
    let stop: &'static AtomicBool = listen_for_stop()?;
    let mut trained = Vec::new();
    let mut failures = Vec::new();
    for Plan { family, trials, start } in plans {
        let progress = Progress::new(family.name(), *trials, stop, console);
        let plan = FitPlan {
            seed: arguments.seed,
            trials: *trials,
            budget: arguments.budget,
            start: start.as_ref(),
            observer: &progress,
        };
        let result = train(*family, partition, &plan);
        progress.bar.finish_and_clear();
        match result {
            Ok(one) => trained.push(one),
            Err(error) => {
                tracing::warn!("{error}");
                failures.push(error);
            }
        }
    }
    if trained.is_empty()
        && let Some(first) = failures.into_iter().next()
    {
        return Err(first.into());
    }
    Ok(trained)
}

fn chosen_families(names: &[String]) -> Result<Vec<&'static dyn Family>, CommandError> {
    if names.is_empty() {
        return Ok(FAMILIES.to_vec());
    }
    let mut families = Vec::new();
    for name in names {
        families.push(find_family(name)?);
    }
    Ok(families)
}

/// What became of the models of one run.
struct Outcome {
    ids: Vec<i64>,
    verdict: Verdict,
    incumbent: Option<Incumbent>,
}

/// Stores `models`, having compared them with the champion as it is then. If another run is quicker and makes a new
/// champion meanwhile, they are compared with that one.
fn hand_in(
    models: &[NewModel],
    database: &Path,
    partition: &Partition,
    decide: impl Fn(Option<&Incumbent>) -> Verdict,
) -> Result<Outcome, CommandError> {
    let mut desk = Desk::open(database, Access::Write)?;
    let mut champion = desk.run(ReadChampion {})?;
    loop {
        let incumbent = judge_incumbent(&mut desk, champion, partition)?;
        let verdict = decide(incumbent.as_ref());
        let promotion =
            verdict.promoted.then(|| NewPromotion { index: verdict.winner, reason: verdict.reason.clone() });
        match desk.run(AddModels { models: models.to_vec(), promotion, compared_with: champion })? {
            AddModelsAnswer::Stored(ids) => return Ok(Outcome { ids, verdict, incumbent }),
            AddModelsAnswer::ChampionIsNow(now) => champion = now,
        }
    }
}

fn judge_incumbent(
    desk: &mut Desk,
    champion: Option<i64>,
    partition: &Partition,
) -> Result<Option<Incumbent>, CommandError> {
    let Some(id) = champion else { return Ok(None) };
    let (family, artifact) = desk.run(ReadArtifact { id })?;
    let predicted = match find_family(&family).and_then(|known| known.load(&artifact)) {
        Ok(model) => Some(model.prices_usd(&partition.holdout)),
        Err(error) => {
            tracing::warn!("{error}");
            None
        }
    };
    Ok(Some(Incumbent { id, family, predicted }))
}

fn to_store(trained: &Trained, seed: u64, dataset: &Dataset, partition: &Partition) -> NewModel {
    let mut rows_of_batch = BTreeMap::<i64, i64>::new();
    for sale in &dataset.sales {
        *rows_of_batch.entry(sale.batch).or_default() += 1;
    }
    let as_count = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
    NewModel {
        family: trained.family.to_owned(),
        artifact: trained.fitted.bytes.clone(),
        features: trained.fitted.features.clone(),
        target: trained.fitted.target.to_owned(),
        hyperparameters: trained.fitted.hyperparameters.clone(),
        seed,
        train_rows: as_count(partition.train.len()),
        holdout_rows: as_count(partition.truth.len()),
        metrics: trained.metrics,
        fit_seconds: trained.fit_time.as_secs_f64(),
        evaluate_seconds: trained.evaluate_time.as_secs_f64(),
        calibration: trained.calibration.clone(),
        segments: trained.segments.clone(),
        most_wrong: most_wrong(trained, dataset, partition),
        lineage: rows_of_batch.into_iter().map(|(batch, rows)| Lineage { batch, rows, undone: false }).collect(),
        trials: trained
            .fitted
            .trials
            .iter()
            .map(|trial| TrialRecord {
                hyperparameters: trial.hyperparameters.clone(),
                mae_usd: trial.mae_usd,
                pruned: trial.pruned,
                elapsed_ms: trial.elapsed.as_secs_f64() * 1e3,
            })
            .collect(),
    }
}

/// The sales that a model is furthest off on. Those that it was fitted to are among them: a typing error stands out there too.
fn most_wrong(trained: &Trained, dataset: &Dataset, partition: &Partition) -> Vec<WrongSale> {
    let sales: Vec<Sale> = dataset.sales.iter().map(|stored| stored.sale).collect();
    let stones: Vec<_> = sales.iter().map(|sale| sale.stone).collect();
    let predicted = trained.fitted.model.prices_usd(&stones);
    furthest_off(&sales, &predicted, MOST_WRONG)
        .into_iter()
        .map(|row| WrongSale {
            batch: dataset.sales[row].batch,
            line: dataset.sales[row].line,
            price_usd: sales[row].price_usd,
            predicted_usd: to_the_cent(predicted[row]),
            held_out: partition.holds_out(&sales[row]),
            stone: None,
        })
        .collect()
}

fn describe(
    report: &Report,
    incumbent: Option<&Incumbent>,
    incumbent_metrics: Option<&Metrics>,
    reason: &str,
) -> String {
    let mut rows = Vec::new();
    for model in &report.models {
        let mut row = vec![model.id.to_string(), model.family.to_owned()];
        row.extend(model.metrics.cells());
        row.extend([
            format!("{:.1} s", model.fit_seconds),
            if model.trials == 0 { String::new() } else { model.trials.to_string() },
            if report.promoted && report.champion == Some(model.id) { "new champion" } else { "" }.to_owned(),
        ]);
        rows.push(row);
    }
    if let Some(champion) = incumbent {
        let mut row = vec![champion.id.to_string(), champion.family.clone()];
        row.extend(incumbent_metrics.map_or_else(|| [const { String::new() }; 4], Metrics::cells));
        let word = if report.promoted { "champion until now" } else { "stays champion" };
        row.extend([String::new(), String::new(), word.to_owned()]);
        rows.push(row);
    }
    let as_count = |number: usize| count(i64::try_from(number).unwrap_or(i64::MAX));
    format!(
        "{} sales: {} to learn from, {} to judge by\n\n{}\n\n{}: {reason}",
        as_count(report.dataset.rows),
        as_count(report.dataset.train),
        as_count(report.dataset.holdout),
        table(&["model", "family", "MAE", "R²", "RMSE", "MAPE", "time", "trials", ""], rows, &[0, 2, 3, 4, 5, 6, 7]),
        if report.promoted { "Promoted" } else { "Not promoted" },
    )
}

/// A bar with the best error so far.
struct Progress {
    bar: ProgressBar,
    stop: &'static AtomicBool,
}

impl Progress {
    fn new(family: &'static str, trials: usize, stop: &'static AtomicBool, console: &Console) -> Self {
        let bar = if console.shows_progress() {
            ProgressBar::new(u64::try_from(trials).unwrap_or(u64::MAX))
        } else {
            ProgressBar::hidden()
        };
        let template = "{prefix:9} {bar:30} {pos:>4}/{len} trials  {elapsed}  {msg}";
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        bar.set_prefix(family);
        Self { bar, stop }
    }
}

impl Observer for Progress {
    fn trial_done(&self, done: usize, planned: usize, best_mae_usd: f64) {
        tracing::info!("trial {done} of {planned}: best MAE ${best_mae_usd:.2}");
        self.bar.set_position(u64::try_from(done).unwrap_or(u64::MAX));
        self.bar.set_message(format!("best MAE {}", dollars(best_mae_usd)));
    }

    fn should_stop(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }
}

/// Lets the first Ctrl-C end the tuning with the best so far, and the second end the program.
fn listen_for_stop() -> Result<&'static AtomicBool, CommandError> {
    static STOP: AtomicBool = AtomicBool::new(false);
    /// What shells report of a program that Ctrl-C ended.
    const INTERRUPTED: i32 = 130;
    ctrlc::set_handler(|| {
        if STOP.swap(true, Ordering::Relaxed) {
            std::process::exit(INTERRUPTED);
        }
        // nobody listening to standard error is no reason to fail
        let _ =
            writeln!(std::io::stderr(), "\nStopping: the best settings so far are kept. Ctrl-C again quits at once.");
    })?;
    Ok(&STOP)
}

fn parse_budget(text: &str) -> Result<Duration, String> {
    let advice = || format!("{text:?} is not a time: write it like 60s, 5m or 1h30m");
    let span: jiff::SignedDuration = text.parse().map_err(|_| advice())?;
    Duration::try_from(span).map_err(|_| advice())
}
