//! `diamonds models`: the history of models.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap_complete::engine::ArgValueCompleter;
use serde_json::json;

use super::console::{Console, table};
use super::model_card::describe as card;
use super::retrain::{PromoteChoice, describe as describe_report};
use super::{CommandError, parse_within};
use crate::control::{
    Access, CorrectModel, ExportSales, FileAccess, ListModels, PromoteModel, PruneModels, ReadArtifact,
    RollBackChampion, ShowModel, run as run_operation,
};
use crate::exchange::{ImportSettings, export_model, import_model};
use crate::retraining::{HoldoutSplit, ModelComparison, StoredModel};
use crate::store::{ModelRecord, PrunedModel, SalesFile};
use crate::text::{count, signed_percent};

#[derive(Debug, clap::Subcommand)]
pub enum Arguments {
    /// Every model with its metrics, newest first
    List,
    /// One model: data, settings, metrics, trials
    Show {
        /// Number of the model
        #[arg(add = ArgValueCompleter::new(super::completions::models))]
        id: i64,
    },
    /// Compare two models on today's holdout: which has the smaller error, and whether the difference is more than luck
    Compare {
        /// Number of the first model
        #[arg(add = ArgValueCompleter::new(super::completions::models))]
        first: i64,
        /// Number of the second model
        #[arg(add = ArgValueCompleter::new(super::completions::models))]
        second: i64,
    },
    /// Make this model the champion, which answers from now on
    Promote {
        /// Number of the model
        #[arg(add = ArgValueCompleter::new(super::completions::models))]
        id: i64,
        /// The reason, for the history
        #[arg(long, value_name = "TEXT", default_value = "by hand")]
        reason: String,
    },
    /// Correct every price of a model, because prices have moved since its training; `diamonds status` says by how much
    Correct {
        /// Number of the model
        #[arg(add = ArgValueCompleter::new(super::completions::models))]
        id: i64,
        /// By what share its prices become higher than it was trained to say: 0.04 is 4 % more, 0 ends a correction
        #[arg(value_name = "SHARE", value_parser = parse_correction, allow_negative_numbers = true)]
        share: f64,
    },
    /// Take in a model that was trained elsewhere: judge it on today's holdout, and store it
    #[command(after_help = "Example: diamonds models import from-the-cluster")]
    Import {
        /// The folder that a job wrote, or one with a booster and a recipe.json
        folder: PathBuf,
        /// Whether it becomes the champion
        #[arg(long, value_enum, default_value_t = PromoteChoice::Auto)]
        promote: PromoteChoice,
    },
    /// Write a model into a new folder, as Python's XGBoost reads it
    #[command(after_help = "Example: diamonds models export 3 for-the-notebook")]
    Export {
        /// Number of the model
        #[arg(add = ArgValueCompleter::new(super::completions::models))]
        id: i64,
        /// The folder, which is made
        folder: PathBuf,
    },
    /// Make the previous champion the champion again
    Rollback,
    /// Delete the bytes of old models, and keep their history: never of the champion, of the one before it, or of the newest
    /// of a family
    Prune {
        /// How many of the newest models to keep
        #[arg(long, value_name = "N", default_value_t = 10)]
        keep: u32,
        /// Only report which
        #[arg(long)]
        dry_run: bool,
    },
}

fn parse_correction(text: &str) -> Result<f64, String> {
    parse_within(text, &(-0.5..=1.0), "is not a correction: write a share from -0.5 to 1, such as 0.04 for 4 % more")
}

pub fn run(arguments: &Arguments, database: &Path, console: &Console) -> Result<(), CommandError> {
    match arguments {
        Arguments::List => {
            let models = run_operation(database, ListModels {})?;
            console.print(&json!({ "models": models }), |_| list(&models))?;
        }
        Arguments::Show { id } => console.print(&run_operation(database, ShowModel { id: *id })?, card)?,
        Arguments::Compare { first, second } => {
            console.print(&compare(database, [*first, *second])?, describe_contest)?;
        }
        Arguments::Promote { id, reason } => {
            run_operation(database, PromoteModel { id: *id, reason: reason.clone() })?;
            console.print(&json!({ "champion": id }), |_| champion_is(*id))?;
        }
        Arguments::Correct { id, share } => {
            run_operation(database, CorrectModel { id: *id, share: *share })?;
            console.print(&json!({ "model": id, "corrected_by": share }), |_| {
                let by = signed_percent(*share);
                format!("The prices of model {id} are corrected by {by} from now on: see `diamonds status`.")
            })?;
        }
        Arguments::Import { folder, promote } => {
            let settings = ImportSettings { promotion: (*promote).into() };
            console.print(&import_model(database, folder, &settings)?, describe_report)?;
        }
        Arguments::Export { id, folder } => {
            console.print(&export_model(database, *id, folder)?, |report| {
                format!("Model {} ({}) is in {}.", report.model, report.family, report.folder.display())
            })?;
        }
        Arguments::Rollback => {
            let id = run_operation(database, RollBackChampion {})?;
            console.print(&json!({ "champion": id }), |_| champion_is(id))?;
        }
        Arguments::Prune { keep, dry_run } => {
            let pruned = run_operation(database, PruneModels { keep: *keep, dry_run: *dry_run })?;
            console.print(&json!({ "pruned": pruned, "dry_run": dry_run }), |_| describe_pruned(&pruned, *dry_run))?;
        }
    }
    Ok(())
}

/// Evaluates both on the holdout of today, which may have sales that came after them.
fn compare(database: &Path, ids: [i64; 2]) -> Result<ModelComparison, CommandError> {
    let mut file = FileAccess::open(database, Access::Read)?;
    let exported = file.run(ExportSales {})?;
    let sales = Arc::new(SalesFile::take_over(&exported, database)?);
    let [first, second] = ids.map(|id| file.run(ReadArtifact { id }).map(|stored| StoredModel { id, stored }));
    let contestants = [first?, second?];
    drop(file);
    let split = HoldoutSplit::read(sales, exported.rows, &exported.holdout_salt)?;
    Ok(ModelComparison::of(&split, contestants)?)
}

fn describe_contest(contest: &ModelComparison) -> String {
    let rows = contest.models.iter().map(|model| {
        let mut row = vec![model.id.to_string(), model.family.clone()];
        row.extend(model.metrics.cells());
        row
    });
    format!(
        "{}\n\n{}\n({}). {}",
        table(&["model", "family", "MAE", "R²", "RMSE", "MAPE"], rows, &[0, 2, 3, 4, 5]),
        contest.difference(),
        contest.interval(),
        contest.verdict()
    )
}

fn describe_pruned(pruned: &[PrunedModel], dry_run: bool) -> String {
    if pruned.is_empty() {
        return "No model is old enough to be pruned.".to_owned();
    }
    let ids: Vec<String> = pruned.iter().map(|model| model.id.to_string()).collect();
    let bytes: i64 = pruned.iter().map(|model| model.bytes).sum();
    let verb = if dry_run { "Would let" } else { "Let" };
    format!(
        "{verb} go of {} ({} bytes), whose history stays: model {}.\nThe file does not shrink: the space is used for what comes.",
        if pruned.len() == 1 { "one model".to_owned() } else { format!("{} models", pruned.len()) },
        count(bytes),
        ids.join(", ")
    )
}

fn champion_is(id: i64) -> String {
    format!("Model {id} is the champion: it answers from the next request on.")
}

fn list(models: &[ModelRecord]) -> String {
    if models.is_empty() {
        return "No model is trained yet: `diamonds retrain` trains the first.".to_owned();
    }
    let rows = models.iter().map(|model| {
        let mut row =
            vec![model.id.to_string(), model.family.clone(), model.time.strftime("%Y-%m-%d %H:%M").to_string()];
        row.extend(model.metrics.cells());
        row.extend([count(model.dataset.rows), model.marks().join(", ")]);
        row
    });
    table(&["model", "family", "trained (UTC)", "MAE", "R²", "RMSE", "MAPE", "sales", ""], rows, &[0, 3, 4, 5, 6, 7])
}
