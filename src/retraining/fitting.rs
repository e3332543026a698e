//! Fits a model and evaluates it on the holdout.

use std::time::{Duration, Instant};

use super::{HoldoutSplit, TrainingError};
use crate::learning::evaluation::{Calibration, Metrics, SegmentMetrics, segments};
use crate::learning::families::{Family, FamilyError, FitPlan, Fitted, SalesSource, compress_artifact, fit_model};

/// A fitted and evaluated model.
pub struct EvaluatedModel {
    /// Name of its family.
    pub family: &'static str,
    /// The model and what belongs to it; its bytes are taken out.
    pub fitted: Fitted,
    /// The model as it is stored.
    pub artifact: Vec<u8>,
    /// Its predictions for the holdout, in US dollars.
    pub predicted: Vec<f64>,
    /// Their errors.
    pub metrics: Metrics,
    /// The errors on segments of the holdout.
    pub segments: Vec<SegmentMetrics>,
    /// The range around its prices, from the holdout, which neither fit nor tuning has seen; `None` if that is too small.
    pub calibration: Option<Calibration>,
    /// Time of tuning and fitting.
    pub fit_time: Duration,
    /// Time of pricing the holdout.
    pub evaluate_time: Duration,
}

/// Fits a model of `family` to the training side and evaluates it on the holdout.
///
/// # Errors
/// If the family cannot be fitted.
pub fn train(
    family: &dyn Family,
    partition: &HoldoutSplit,
    plan: &FitPlan<'_>,
) -> Result<EvaluatedModel, TrainingError> {
    let started = Instant::now();
    let mut fitted = fit_model(family, &partition.train, plan)?;
    let fit_time = started.elapsed();
    let artifact = compress_artifact(&std::mem::take(&mut fitted.bytes)).map_err(|error| FamilyError::Unfit {
        family: family.name(),
        sales: partition.train.count(),
        reason: format!("the model cannot be compressed: {error}"),
    })?;
    let started = Instant::now();
    let predicted = fitted.model.prices_usd(&partition.holdout);
    let metrics = Metrics::of(&partition.truth, &predicted);
    let evaluate_time = started.elapsed();
    Ok(EvaluatedModel {
        family: family.name(),
        metrics,
        segments: segments(&partition.holdout, &partition.truth, &predicted),
        calibration: Calibration::of(&partition.holdout, &partition.truth, &predicted),
        fitted,
        artifact,
        predicted,
        fit_time,
        evaluate_time,
    })
}
