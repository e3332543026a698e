//! The card of a model, as `diamonds models show` prints it.

use std::fmt::Write;

use serde_json::Value;

use super::console::table;
use crate::learning::evaluation::SegmentMetrics;
use crate::learning::families::find_family;
use crate::store::{ModelDetail, ModelOrigin, ModelRecord, WorstResidual};
use crate::text::{count, dollars, dollars_and_cents, percent, settings, signed_percent};

/// The card of a model.
pub fn describe(model: &ModelDetail) -> String {
    let record = &model.record;
    let mut text = format!(
        "Model {}, {}{}{}\n",
        record.id,
        record.family,
        if record.champion { ", the champion" } else { "" },
        if record.pruned { ", pruned: it cannot answer" } else { "" }
    );
    // writing to a string cannot fail
    for (name, value) in facts(model) {
        let _ = writeln!(text, "  {name:9} {value}");
    }
    let _ = writeln!(text, "  settings");
    for (name, value) in settings(&record.hyperparameters) {
        let _ = writeln!(text, "    {name:24} {value}");
    }
    if !model.tuning.is_empty() {
        text.push_str(&describe_trials(model));
    }
    if !model.segments.is_empty() {
        let _ = write!(text, "\nErrors by segment, on the sales held out\n\n{}\n", segments_table(&model.segments));
    }
    if !model.worst_residuals.is_empty() {
        let rows = worst_residuals_table(&model.worst_residuals);
        let _ = write!(text, "\nThe sales with the largest errors: typing errors?\n\n{rows}\n");
    }
    text
}

/// The facts that take a line each.
fn facts(model: &ModelDetail) -> Vec<(&'static str, String)> {
    let ModelDetail {
        record, origin, corrected_by, period, calibration, order_checks, live, lineage, promotions, ..
    } = model;
    let ModelRecord { metrics, dataset, .. } = record;
    let batches: Vec<String> = lineage
        .iter()
        .map(|part| {
            let undone = if part.undone { ", undone since" } else { "" };
            format!("{} ({} sales{undone})", part.batch, count(part.rows))
        })
        .collect();
    let trained = format!(
        "{} UTC by {}, in {:.1} s, seed {}",
        record.time.strftime("%Y-%m-%d %H:%M:%S"),
        origin.as_ref().map_or_else(|| format!("diamonds {}", record.program_version), ModelOrigin::words),
        record.fit_seconds,
        record.seed
    );
    let data = format!(
        "{} sales: {} for training, {} held out",
        count(dataset.rows),
        count(dataset.train),
        count(dataset.holdout)
    );
    let measured = format!(
        "MAE {}, R² {:.4}, RMSE {}, MAPE {}",
        dollars_and_cents(metrics.mae_usd),
        metrics.r2,
        dollars_and_cents(metrics.rmse_usd),
        percent(metrics.mape, 2)
    );
    let mut facts = vec![("trained", trained)];
    facts.extend(origin.as_ref().and_then(|origin| Some(("export", origin.export?.to_string()))));
    facts.extend([("data", data), ("batches", batches.join(", "))]);
    facts.extend(period.as_ref().map(|period| ("period", period.words())));
    facts.push(("metrics", measured));
    facts.extend(corrected_by.map(|share| ("corrected", format!("every price by {}", signed_percent(share)))));
    if let Some(live) = live {
        let held = live.coverage.map(|share| format!("; {} were within their range", percent(share, 0)));
        let text = format!(
            "MAE {}, MAPE {} of {} stones that it priced and whose outcome is known{}",
            dollars(live.mae_usd),
            percent(live.mape, 1),
            count(live.outcomes),
            held.unwrap_or_default()
        );
        facts.push(("live", text));
    }
    if let Ok(family) = find_family(&record.family) {
        facts.extend([("family", family.description().to_owned()), ("gaps", family.incomplete_stones().to_owned())]);
    }
    facts.push(("target", record.target.clone()));
    facts.push(("features", record.features.join(", ")));
    facts.extend(calibration.iter().flat_map(|calibration| &calibration.classes).map(|class| {
        let (above, told) = (percent(class.share_above(), 1), class.told.words());
        let held = class.others.map(|others| format!(", held for {}", percent(others.held, 1)));
        let held = held.unwrap_or_default();
        ("range", format!("±{above} from {} ct on, {told}, by {} stones{held}", class.from_carat, count(class.rows)))
    }));
    facts.extend(order_checks.iter().map(|check| {
        let (share, worst) = (percent(check.share(), 1), percent(check.worst_share, 1));
        let text = match check.fell {
            0 => format!("{}: the price of none of {} stones falls", check.change, count(check.asked)),
            _ => format!(
                "{}: the price of {share} of {} stones falls, by {worst} at worst",
                check.change,
                count(check.asked)
            ),
        };
        ("order", text)
    }));
    facts.extend(promotions.iter().map(|promotion| {
        ("promoted", format!("{} UTC: {}", promotion.time.strftime("%Y-%m-%d %H:%M:%S"), promotion.reason))
    }));
    facts
}

fn describe_trials(model: &ModelDetail) -> String {
    let mut text = format!(
        "  trials    {}, {} of them stopped early; the best on the validation split:\n",
        model.tuning.len(),
        model.pruned_trials()
    );
    for (number, trial) in model.best_trials() {
        let settings = Value::Object(trial.hyperparameters.clone());
        // writing to a string cannot fail
        let _ = writeln!(text, "    {number:>4}  MAE {}  {settings}", dollars_and_cents(trial.mae_usd));
    }
    text
}

fn segments_table(segments: &[SegmentMetrics]) -> String {
    let rows = segments.iter().map(|one| {
        vec![
            one.feature.clone(),
            one.segment.clone(),
            count(one.rows),
            dollars(one.mae_usd),
            percent(one.mape, 1),
            signed_percent(one.bias),
        ]
    });
    table(&["", "", "sales", "MAE", "MAPE", "bias"], rows, &[2, 3, 4, 5])
}

fn worst_residuals_table(sales: &[WorstResidual]) -> String {
    let rows = sales.iter().map(|sale| {
        vec![
            sale.batch.to_string(),
            sale.line.to_string(),
            dollars(sale.price_usd),
            dollars(sale.predicted_usd),
            sale.stone.clone().unwrap_or_else(|| "its batch was undone".to_owned()),
            if sale.held_out { "held out" } else { "" }.to_owned(),
        ]
    });
    table(&["batch", "line", "fetched", "predicted", "stone", ""], rows, &[0, 1, 2, 3])
}
