//! Sends each trained model to the owner of the file, who stores it, and promotes the best at the end.

use std::path::Path;

use super::{EvaluatedModel, HoldoutSplit, Incumbent, PromotionDecision, RetrainingError};
use crate::control::{Access, AddModel, FileAccess, PromoteComparedModel, ReadArtifact, ReadChampion};
use crate::diamond::Sale;
use crate::learning::evaluation::worst_residuals;
use crate::learning::families::SalesSource;
use crate::learning::promises::load_model;
use crate::store::{ComparedPromotion, Lineage, NewModel, StoredArtifact, TrialRecord, WorstResidual};
use crate::text::to_the_cent;

/// Number of sales with large errors that are stored with a model.
const WORST_RESIDUALS_KEPT: usize = 10;

/// The end of a retraining.
pub(super) struct DecidedPromotion {
    /// The best of the new models, and whether it became the champion.
    pub decision: PromotionDecision,
    /// The champion that they were compared with.
    pub incumbent: Option<Incumbent>,
}

/// Stores `model`, and returns its number.
pub(super) fn store_model(model: NewModel, database: &Path) -> Result<i64, RetrainingError> {
    Ok(FileAccess::open(database, Access::Change)?.run(AddModel { model })?)
}

/// Compares the new models, which are stored under `ids`, with the champion, and promotes the best if it is to be. If another
/// retraining makes a new champion meanwhile, they are compared with that one.
pub(super) fn promote_best(
    ids: &[i64],
    database: &Path,
    split: &HoldoutSplit,
    decide: impl Fn(Option<&Incumbent>) -> PromotionDecision,
) -> Result<DecidedPromotion, RetrainingError> {
    let mut file = FileAccess::open(database, Access::Change)?;
    let mut champion = file.run(ReadChampion {})?;
    loop {
        let incumbent = champion.map(|id| evaluate_incumbent(&mut file, id, split)).transpose()?;
        let decision = decide(incumbent.as_ref());
        if !decision.promoted {
            return Ok(DecidedPromotion { decision, incumbent });
        }
        let promotion =
            PromoteComparedModel { id: ids[decision.winner], reason: decision.reason.clone(), compared_with: champion };
        match file.run(promotion)? {
            ComparedPromotion::Promoted => return Ok(DecidedPromotion { decision, incumbent }),
            ComparedPromotion::ChampionIsNow(now) => champion = now,
        }
    }
}

fn evaluate_incumbent(file: &mut FileAccess, id: i64, split: &HoldoutSplit) -> Result<Incumbent, RetrainingError> {
    let StoredArtifact { family, artifact, four_cs_table } = file.run(ReadArtifact { id })?;
    let predicted = match load_model(&family, &artifact, four_cs_table.as_deref()) {
        Ok(model) => Some(model.prices_usd(&split.holdout)),
        Err(error) => {
            tracing::warn!("{error}");
            None
        }
    };
    Ok(Incumbent { id, family, predicted })
}

/// `model` in the form of the store. Its artifact and its table are taken out.
pub(super) fn model_to_store(
    model: &mut EvaluatedModel,
    seed: u64,
    batches: &[(i64, i64)],
    split: &HoldoutSplit,
) -> NewModel {
    let as_count = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
    NewModel {
        family: model.family.to_owned(),
        artifact: std::mem::take(&mut model.artifact),
        four_cs_table: std::mem::take(&mut model.fitted.four_cs_table),
        dataset_summary: split.summary.to_bytes(),
        features: model.fitted.features.iter().map(|feature| feature.name()).collect(),
        target: model.fitted.target.name().to_owned(),
        hyperparameters: model.fitted.hyperparameters.clone(),
        seed,
        period: split.period.clone(),
        train_rows: as_count(split.train.count()),
        holdout_rows: as_count(split.holdout_count),
        metrics: model.metrics,
        fit_seconds: model.fit_time.as_secs_f64(),
        evaluate_seconds: model.evaluate_time.as_secs_f64(),
        calibration: model.calibration.clone(),
        segments: model.segments.clone(),
        order_checks: model.order_checks.clone(),
        worst_residuals: find_worst_residuals(model, split),
        lineage: batches.iter().map(|(batch, rows)| Lineage { batch: *batch, rows: *rows, undone: false }).collect(),
        trials: model
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
        origin: model.origin.clone(),
    }
}

/// The sales with the largest errors of a model. They include sales that it was fitted to: a typing error is visible there
/// too.
fn find_worst_residuals(model: &EvaluatedModel, split: &HoldoutSplit) -> Vec<WorstResidual> {
    let sales: Vec<Sale> = split.reviewed.iter().map(|stored| stored.sale).collect();
    let prices = &model.fitted.prices;
    // what the model would have said on the day of the sale
    let on_its_day =
        |sale: &Sale, price_usd: f64| price_usd / split.level.as_ref().map_or(1.0, |level| level.factor(sale.sold_on));
    let rough: Vec<f64> = sales.iter().map(|sale| on_its_day(sale, prices.rough_price_usd(&sale.stone))).collect();
    worst_residuals(&sales, &rough, WORST_RESIDUALS_KEPT)
        .into_iter()
        .map(|row| WorstResidual {
            batch: split.reviewed[row].batch,
            line: split.reviewed[row].line,
            price_usd: sales[row].price_usd,
            predicted_usd: to_the_cent(on_its_day(&sales[row], prices.price_usd(&sales[row].stone))),
            held_out: split.holds_out(&sales[row]),
            stone: None,
        })
        .collect()
}
