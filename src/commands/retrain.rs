//! `diamonds retrain`: trains every family, compares the models with the champion, and promotes the best.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use clap::ValueEnum;
use clap::builder::PossibleValuesParser;
use indicatif::ProgressBar;
use serde_json::json;

use super::CommandError;
use super::console::{Console, table};
use crate::exchange::{Cluster, ClusterObserver, ClusterTraining, ImportSettings, train_on_cluster};
use crate::files::folder_of;
use crate::learning::evaluation::Metrics;
use crate::learning::families::{FAMILIES, Observer};
use crate::retraining::{PromotionPolicy, RetrainingReport, RetrainingSettings, resume, retrain};
use crate::text::{count, dollars, dollars_and_cents};

#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// Train this family only; may be given more than once [default: all]
    #[arg(long, value_name = "NAME", value_parser = PossibleValuesParser::new(FAMILIES.iter().map(|family| family.name())))]
    family: Vec<String>,
    /// Most trials, for families that tune [default: 12; 4 if an earlier model was trained on nearly the same sales; on a cluster 1]
    #[arg(long, value_name = "N")]
    trials: Option<usize>,
    /// Do not start the search from the settings of earlier models
    #[arg(long)]
    fresh: bool,
    /// Time limit for tuning, such as 60s or 5m, without the final fit [default: until all trials have ended]
    #[arg(long, value_name = "TIME", value_parser = parse_budget)]
    budget: Option<Duration>,
    /// Seed: the same sales, seed and trials give the same models (with --fresh, whatever was trained before)
    #[arg(long, value_name = "N", default_value_t = 42)]
    seed: u64,
    /// Whether the best new model becomes the champion
    #[arg(long, value_enum, default_value_t = PromoteChoice::Auto)]
    promote: PromoteChoice,
    /// Train on a cluster instead, such as `dask://HOST:8786` or `spark://HOST:7077`; `dask` or `spark` starts one here. Needs Python
    #[arg(long, value_name = "CLUSTER", conflicts_with_all = ["family", "fresh", "budget"])]
    on: Option<Cluster>,
    /// Workers of the cluster to train with
    #[arg(long, value_name = "N", requires = "on", default_value_t = 2, value_parser = clap::value_parser!(u32).range(1..=256))]
    workers: u32,
    /// A folder that the workers see under the same path, for the sales during the training [default: that of the file]
    #[arg(long, value_name = "FOLDER", requires = "on")]
    cluster_folder: Option<PathBuf>,
    /// Train nothing; store the models of earlier retrains that could not be stored
    #[arg(long, conflicts_with_all = ["family", "trials", "fresh", "budget", "seed", "promote", "on"])]
    resume: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum PromoteChoice {
    /// If its error on the same sales is smaller than the champion's, by more than luck: the 95 % paired bootstrap interval of
    /// the difference of the mean absolute errors is below zero
    Auto,
    /// Whatever its error
    Always,
    /// Keep the champion
    Never,
}

impl From<PromoteChoice> for PromotionPolicy {
    fn from(choice: PromoteChoice) -> Self {
        match choice {
            PromoteChoice::Auto => Self::Auto,
            PromoteChoice::Always => Self::Always,
            PromoteChoice::Never => Self::Never,
        }
    }
}

pub fn run(arguments: &Arguments, database: &Path, console: &Console) -> Result<(), CommandError> {
    if arguments.resume {
        return store_kept_models(database, console);
    }
    if let Some(cluster) = &arguments.on {
        let report = train_elsewhere(arguments, cluster, database, console)?;
        return finish(&report, console);
    }
    let settings = RetrainingSettings {
        families: arguments.family.clone(),
        trials: arguments.trials,
        fresh: arguments.fresh,
        budget: arguments.budget,
        seed: arguments.seed,
        promotion: arguments.promote.into(),
    };
    let stop = listen_for_stop()?;
    finish(&train(database, &settings, stop, console)?, console)
}

fn finish(report: &RetrainingReport, console: &Console) -> Result<(), CommandError> {
    console.print(report, describe)?;
    if report.promoted {
        console.hint("Next: `diamonds serve` answers with the new champion; `diamonds models list` shows the history.");
    }
    Ok(())
}

/// Trains, and shows how far it is; `stop` ends it with the best so far.
pub(super) fn train(
    database: &Path,
    settings: &RetrainingSettings,
    stop: &'static AtomicBool,
    console: &Console,
) -> Result<RetrainingReport, CommandError> {
    let progress = |family: &'static str, trials: usize| -> Box<dyn Observer> {
        Box::new(Progress::new(family, trials, stop, console))
    };
    Ok(retrain(database, settings, &progress)?)
}

/// Trains on a cluster, and shows how far it is.
fn train_elsewhere(
    arguments: &Arguments,
    cluster: &Cluster,
    database: &Path,
    console: &Console,
) -> Result<RetrainingReport, CommandError> {
    let training = ClusterTraining {
        cluster: cluster.clone(),
        workers: arguments.workers,
        folder: arguments.cluster_folder.clone().unwrap_or_else(|| folder_of(database).to_owned()),
        seed: arguments.seed,
        trials: arguments.trials.unwrap_or(1),
        import: ImportSettings { promotion: arguments.promote.into() },
    };
    let bar = console.bar("{prefix:12} {bar:30} {human_pos:>11} of {human_len} {msg}  {elapsed}", 0);
    let report = train_on_cluster(database, &training, &ClusterProgress(&bar));
    bar.finish_and_clear();
    Ok(report?)
}

/// A bar for what is being done.
struct ClusterProgress<'a>(&'a ProgressBar);

impl ClusterProgress<'_> {
    fn show(&self, what: &str, done: u64, all: u64, of: &'static str) {
        self.0.set_prefix(what.to_owned());
        self.0.set_message(of);
        self.0.set_length(all);
        self.0.set_position(done);
    }
}

impl ClusterObserver for ClusterProgress<'_> {
    fn exported(&self, done: usize, all: usize) {
        let [done, all] = [done, all].map(|count| u64::try_from(count).unwrap_or(u64::MAX));
        self.show("export", done, all, "sales");
    }

    fn started(&self, python: &str) {
        tracing::info!("the job runs by {python}");
        self.show("starting", 0, 1, "");
    }

    fn tried(&self, done: u64, trials: u64) {
        tracing::info!(done, trials, "{done} of {trials} trials");
        self.show("search", done, trials, "trials");
    }

    fn trained(&self, forest: &str, done: u64, rounds: u64) {
        tracing::info!(forest, done, rounds, "forest {forest}: {done} of {rounds} rounds");
        self.show(forest, done, rounds, "rounds");
    }
}

fn store_kept_models(database: &Path, console: &Console) -> Result<(), CommandError> {
    let stored = resume(database)?;
    let models: Vec<_> = stored.iter().map(|(family, id)| json!({ "id": id, "family": family })).collect();
    console.print(&json!({ "models": models }), |_| {
        let lines: Vec<String> =
            stored.iter().map(|(family, id)| format!("Model {id} ({family}) is stored.")).collect();
        if lines.is_empty() { "No model waits to be stored.".to_owned() } else { lines.join("\n") }
    })?;
    if let Some((_, id)) = stored.last() {
        console.hint(&format!("Next: `diamonds models compare` and `diamonds models promote {id}`."));
    }
    Ok(())
}

pub(super) fn describe(report: &RetrainingReport) -> String {
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
    if let Some((incumbent, metrics)) = &report.incumbent {
        let mut row = vec![incumbent.id.to_string(), incumbent.family.clone()];
        row.extend(metrics.as_ref().map_or_else(|| [const { String::new() }; 4], Metrics::cells));
        let word = if report.promoted { "champion until now" } else { "stays champion" };
        row.extend([String::new(), String::new(), word.to_owned()]);
        rows.push(row);
    }
    let as_count = |number: usize| count(i64::try_from(number).unwrap_or(i64::MAX));
    let failed: Vec<String> =
        report.failed.iter().map(|one| format!("\nNo {} model: {}", one.family, one.reason)).collect();
    format!(
        "{} sales: {} for training, {} held out\n\n{}\n\n{}: {}{}",
        as_count(report.dataset.rows),
        as_count(report.dataset.train),
        as_count(report.dataset.holdout),
        table(&["model", "family", "MAE", "R²", "RMSE", "MAPE", "time", "trials", ""], rows, &[0, 2, 3, 4, 5, 6, 7]),
        if report.promoted { "Promoted" } else { "Not promoted" },
        report.reason,
        failed.concat()
    )
}

/// A bar with the best error so far.
struct Progress {
    family: &'static str,
    bar: ProgressBar,
    stop: &'static AtomicBool,
}

impl Progress {
    fn new(family: &'static str, trials: usize, stop: &'static AtomicBool, console: &Console) -> Self {
        let template = "{prefix:9} {bar:30} {pos:>4}/{len} trials  {elapsed}  {msg}";
        let bar = console.bar(template, u64::try_from(trials).unwrap_or(u64::MAX));
        bar.set_prefix(family);
        Self { family, bar, stop }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

impl Observer for Progress {
    fn trial_done(&self, done: usize, planned: usize, best_mae_usd: f64) {
        // a server that started the training reads these fields
        tracing::info!(
            family = self.family,
            trial = done,
            trials = planned,
            best_mae_usd,
            "trial {done} of {planned}: best MAE {}",
            dollars_and_cents(best_mae_usd)
        );
        self.bar.set_position(u64::try_from(done).unwrap_or(u64::MAX));
        self.bar.set_message(format!("best MAE {}", dollars(best_mae_usd)));
    }

    fn should_stop(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }
}

/// The first Ctrl-C ends the tuning with the best so far, the second ends the program.
fn listen_for_stop() -> Result<&'static AtomicBool, CommandError> {
    static STOP: AtomicBool = AtomicBool::new(false);
    /// The exit code that shells report for Ctrl-C.
    const INTERRUPTED: i32 = 130;
    ctrlc::set_handler(|| {
        if STOP.swap(true, Ordering::Relaxed) {
            std::process::exit(INTERRUPTED);
        }
        // a closed standard error is no reason to fail
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
