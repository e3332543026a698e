//! `diamonds models`: the history of models.

use std::fmt::Write;
use std::path::Path;

use serde_json::{Value, json};

use super::CommandError;
use super::console::{Console, table};
use crate::control::{Access, Desk, ListModels, Promote, RollBack, ShowModel};
use crate::store::{ModelDetail, ModelRecord};
use crate::text::{count, dollars};

/// Trials that the card of a model shows.
const TRIALS_SHOWN: usize = 5;

#[derive(Debug, clap::Subcommand)]
pub enum Arguments {
    /// Every model with its metrics, newest first
    List,
    /// One model: data, settings, metrics, trials
    Show {
        /// Number of the model
        id: i64,
    },
    /// Let this model answer from now on
    Promote {
        /// Number of the model
        id: i64,
        /// Why, for the history
        #[arg(long, value_name = "TEXT", default_value = "by hand")]
        reason: String,
    },
    /// Let the champion before the present one answer again
    Rollback,
}

pub fn run(arguments: &Arguments, database: &Path, console: &Console) -> Result<(), CommandError> {
    let access = match arguments {
        Arguments::List | Arguments::Show { .. } => Access::Read,
        Arguments::Promote { .. } | Arguments::Rollback => Access::Change,
    };
    let mut desk = Desk::open(database, access)?;
    match arguments {
        Arguments::List => {
            let models = desk.run(ListModels {})?;
            console.print(&json!({ "models": models }), |_| list(&models))?;
        }
        Arguments::Show { id } => console.print(&desk.run(ShowModel { id: *id })?, card)?,
        Arguments::Promote { id, reason } => {
            desk.run(Promote { id: *id, reason: reason.clone() })?;
            console.print(&json!({ "champion": id }), |_| champion_is(*id))?;
        }
        Arguments::Rollback => {
            let id = desk.run(RollBack {})?;
            console.print(&json!({ "champion": id }), |_| champion_is(id))?;
        }
    }
    Ok(())
}

fn champion_is(id: i64) -> String {
    format!("Model {id} is the champion: it answers from the next request on.")
}

fn list(models: &[ModelRecord]) -> String {
    if models.is_empty() {
        return "No model is trained yet: `diamonds retrain` trains the first.".to_owned();
    }
    let rows = models.iter().map(|model| {
        vec![
            model.id.to_string(),
            model.family.clone(),
            model.time.strftime("%Y-%m-%d %H:%M").to_string(),
            dollars(model.metrics.mae_usd),
            format!("{:.4}", model.metrics.r2),
            dollars(model.metrics.rmse_usd),
            format!("{:.1} %", model.metrics.mape * 100.0),
            count(model.dataset.rows),
            if model.champion { "champion" } else { "" }.to_owned(),
        ]
    });
    table(&["model", "family", "trained (UTC)", "MAE", "R²", "RMSE", "MAPE", "sales", ""], rows, &[0, 3, 4, 5, 6, 7])
}

fn card(model: &ModelDetail) -> String {
    let ModelDetail { record, calibration, lineage, promotions, tuning } = model;
    let mut text =
        format!("Model {}, {}{}\n", record.id, record.family, if record.champion { ", the champion" } else { "" });
    let batches: Vec<String> =
        lineage.iter().map(|part| format!("{} ({} sales)", part.batch, count(part.rows))).collect();
    let metrics = &record.metrics;
    let lines = [
        (
            "trained",
            format!(
                "{} UTC by diamonds {}, in {:.1} s, seed {}",
                record.time.strftime("%Y-%m-%d %H:%M:%S"),
                record.program_version,
                record.fit_seconds,
                record.seed
            ),
        ),
        (
            "data",
            format!(
                "{} sales: {} to learn from, {} to judge by",
                count(record.dataset.rows),
                count(record.dataset.train),
                count(record.dataset.holdout)
            ),
        ),
        ("batches", batches.join(", ")),
        (
            "metrics",
            format!(
                "MAE ${:.2}, R² {:.4}, RMSE ${:.2}, MAPE {:.2} %",
                metrics.mae_usd,
                metrics.r2,
                metrics.rmse_usd,
                metrics.mape * 100.0
            ),
        ),
        ("learns", record.target.clone()),
        ("from", record.features.join(", ")),
    ];
    // writing to a string cannot fail
    for (name, value) in lines {
        let _ = writeln!(text, "  {name:9} {value}");
    }
    for class in calibration.iter().flat_map(|calibration| &calibration.classes) {
        let percent = (class.log_half_width.exp() - 1.0) * 100.0;
        let _ = writeln!(
            text,
            "  range     ±{percent:.1} % from {} ct on, by {} stones",
            class.from_carat,
            count(class.rows)
        );
    }
    for promotion in promotions {
        let _ =
            writeln!(text, "  promoted  {} UTC: {}", promotion.time.strftime("%Y-%m-%d %H:%M:%S"), promotion.reason);
    }
    let _ = writeln!(text, "  settings");
    for (name, value) in settings(&record.hyperparameters) {
        let _ = writeln!(text, "    {name:24} {value}");
    }
    if !tuning.is_empty() {
        let mut best: Vec<_> = tuning.iter().zip(1..).collect();
        best.sort_by(|(a, _), (b, _)| a.mae_usd.total_cmp(&b.mae_usd));
        let pruned = tuning.iter().filter(|trial| trial.pruned).count();
        let _ = writeln!(
            text,
            "  trials    {}, of which {pruned} were given up early; the best on the tuning split:",
            tuning.len()
        );
        for (trial, number) in best.into_iter().take(TRIALS_SHOWN) {
            let _ = writeln!(
                text,
                "    {number:>4}  MAE ${:.2}  {}",
                trial.mae_usd,
                Value::Object(trial.hyperparameters.clone())
            );
        }
    }
    text
}

/// Settings in lines of name and value, nested ones flattened.
fn settings(map: &serde_json::Map<String, Value>) -> Vec<(String, String)> {
    map.iter()
        .flat_map(|(name, value)| match value {
            Value::Object(inner) => settings(inner),
            Value::String(text) => vec![(name.clone(), text.clone())],
            value => vec![(name.clone(), value.to_string())],
        })
        .collect()
}
