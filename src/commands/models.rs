//! `diamonds models`: the history of models.

use std::fmt::Write;
use std::path::Path;

use serde::Serialize;
use serde_json::{Value, json};

use super::CommandError;
use super::console::{Console, metrics_cells, table};
use crate::control::{Access, Desk, ListModels, Promote, ReadArtifact, ReadDataset, RollBack, ShowModel};
use crate::families::find_family;
use crate::metrics::Metrics;
use crate::store::{ModelDetail, ModelRecord};
use crate::text::{count, dollars_and_cents};
use crate::training::{Comparison, Partition};

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
    /// Two models on today's holdout: which errs less, and whether that is more than luck
    Compare {
        /// Number of the first model
        first: i64,
        /// Number of the second model
        second: i64,
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
        Arguments::List | Arguments::Show { .. } | Arguments::Compare { .. } => Access::Read,
        Arguments::Promote { .. } | Arguments::Rollback => Access::Change,
    };
    let mut desk = Desk::open(database, access)?;
    match arguments {
        Arguments::List => {
            let models = desk.run(ListModels {})?;
            console.print(&json!({ "models": models }), |_| list(&models))?;
        }
        Arguments::Show { id } => console.print(&desk.run(ShowModel { id: *id })?, card)?,
        Arguments::Compare { first, second } => {
            let report = compare(&mut desk, [*first, *second])?;
            console.print(&report, describe_comparison)?;
        }
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

/// Two models, judged on the same stones.
#[derive(Serialize)]
struct ComparisonReport {
    holdout: usize,
    models: [Judged; 2],
    #[serde(flatten)]
    comparison: Comparison,
}

#[derive(Serialize)]
struct Judged {
    id: i64,
    family: String,
    metrics: Metrics,
}

/// Judges both on the holdout as it is today, which may hold sales that came after them.
fn compare(desk: &mut Desk, ids: [i64; 2]) -> Result<ComparisonReport, CommandError> {
    let dataset = desk.run(ReadDataset {})?;
    let sales: Vec<_> = dataset.sales.iter().map(|stored| stored.sale).collect();
    let partition = Partition::new(&sales, &dataset.holdout_salt)?;
    let mut judge = |id| -> Result<(Judged, Vec<f64>), CommandError> {
        let (family, artifact) = desk.run(ReadArtifact { id })?;
        let predicted = find_family(&family)?.load(&artifact)?.prices_usd(&partition.holdout);
        Ok((Judged { id, family, metrics: Metrics::of(&partition.truth, &predicted) }, predicted))
    };
    let ((first, predicted_first), (second, predicted_second)) = (judge(ids[0])?, judge(ids[1])?);
    Ok(ComparisonReport {
        holdout: partition.truth.len(),
        models: [first, second],
        comparison: Comparison::of(&partition.truth, &predicted_first, &predicted_second),
    })
}

fn describe_comparison(report: &ComparisonReport) -> String {
    let rows = report.models.iter().map(|model| {
        let mut row = vec![model.id.to_string(), model.family.clone()];
        row.extend(metrics_cells(&model.metrics));
        row
    });
    let Comparison { mae_difference_usd, low_usd, high_usd, confidence } = report.comparison;
    let [first, second] = &report.models;
    let verdict = match (report.comparison.is_certain(), mae_difference_usd < 0.0) {
        (false, _) => "That may be luck: promote for other reasons, or wait for more sales.".to_owned(),
        (true, true) => format!("Model {} is better, by more than luck.", first.id),
        (true, false) => format!("Model {} is better, by more than luck.", second.id),
    };
    format!(
        "{}\n\nOn {} sales that neither was fitted to, the mean absolute error of model {} is ${:.2} {} than that of model {}\n\
         ({:.0} % interval of the difference: {} to {}). {verdict}",
        table(&["model", "family", "MAE", "R²", "RMSE", "MAPE"], rows, &[0, 2, 3, 4, 5]),
        count(i64::try_from(report.holdout).unwrap_or(i64::MAX)),
        first.id,
        mae_difference_usd.abs(),
        if mae_difference_usd < 0.0 { "less" } else { "more" },
        second.id,
        confidence * 100.0,
        dollars_and_cents(low_usd),
        dollars_and_cents(high_usd),
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
        row.extend(metrics_cells(&model.metrics));
        row.extend([count(model.dataset.rows), if model.champion { "champion" } else { "" }.to_owned()]);
        row
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
