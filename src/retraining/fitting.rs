//! Fits a model and evaluates it on the holdout.

use std::time::{Duration, Instant};

use super::{HoldoutSplit, TrainingError};
use crate::diamond::{Grade, Stone, Told};
use crate::learning::evaluation::{
    Calibration, JudgedStones, Metrics, OrderCheck, SegmentMetrics, segments, told_segment,
};
use crate::learning::families::{Family, FamilyError, FitPlan, SalesSource, compress_artifact};
use crate::learning::promises::{FittedPrices, PromisedModel, fit_model};
use crate::store::ModelOrigin;

/// Most stones of the holdout on which ranges are calibrated: more would make them no better.
const MAX_CALIBRATED: usize = 100_000;
/// Most stones of the holdout whose prices are compared with those of better ones.
const MAX_ORDER_CHECKED: usize = 2_000;

/// A fitted and evaluated model.
pub struct EvaluatedModel {
    /// Name of its family.
    pub family: &'static str,
    /// The model that answers, and what the family says of it; its bytes are taken out.
    pub fitted: FittedPrices,
    /// The model as it is stored.
    pub artifact: Vec<u8>,
    /// Its predictions for the holdout, in US dollars.
    pub predicted: Vec<f64>,
    /// Their errors.
    pub metrics: Metrics,
    /// The errors on segments of the holdout.
    pub segments: Vec<SegmentMetrics>,
    /// How often a price falls where a stone of the holdout gets better.
    pub order_checks: Vec<OrderCheck>,
    /// The range around its prices, from the holdout, which neither fit nor tuning has seen; `None` if that is too small.
    pub calibration: Option<Calibration>,
    /// Time of tuning and fitting.
    pub fit_time: Duration,
    /// Time of pricing the holdout.
    pub evaluate_time: Duration,
    /// Where it was trained, if not here.
    pub origin: Option<ModelOrigin>,
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
    let fitted = fit_model(family, &partition.train, plan)?;
    evaluate(family, partition, fitted, started.elapsed(), plan.threads)
}

/// Evaluates a fitted model of `family` on the holdout.
///
/// # Errors
/// If the model cannot be compressed.
pub fn evaluate(
    family: &dyn Family,
    partition: &HoldoutSplit,
    mut fitted: FittedPrices,
    fit_time: Duration,
    threads: usize,
) -> Result<EvaluatedModel, TrainingError> {
    let artifact = compress_artifact(&std::mem::take(&mut fitted.bytes)).map_err(|error| FamilyError::Unfit {
        family: family.name(),
        sales: partition.train.count(),
        reason: format!("the model cannot be compressed: {error}"),
    })?;
    let started = Instant::now();
    let prices = &fitted.prices;
    let predicted = prices_usd(prices, &partition.holdout, threads);
    let metrics = Metrics::of(&partition.truth, &predicted);
    let evaluate_time = started.elapsed();
    let judged = JudgedByTold::new(partition, prices, &predicted, threads);
    let mut segments = segments(&partition.holdout, &partition.truth, &predicted);
    segments.extend(judged.segments());
    Ok(EvaluatedModel {
        family: family.name(),
        metrics,
        segments,
        order_checks: check_order(&partition.holdout, &predicted, prices, threads),
        calibration: judged.calibration(),
        fitted,
        artifact,
        predicted,
        fit_time,
        evaluate_time,
        origin: None,
    })
}

/// Prices of many stones in US dollars, in their order, by so many threads: the same bits as by one.
fn prices_usd(prices: &PromisedModel, stones: &[Stone], threads: usize) -> Vec<f64> {
    let of_thread = stones.len().div_ceil(threads.max(1)).max(1);
    std::thread::scope(|scope| {
        let parts: Vec<_> = stones.chunks(of_thread).map(|part| scope.spawn(move || prices.prices_usd(part))).collect();
        let joined = parts.into_iter().map(|part| part.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
        joined.flatten().collect()
    })
}

/// Stones of the holdout of which so much is told, and what a model says of them.
struct JudgedByTold(Vec<OfTold>);

struct OfTold {
    told: Told,
    stones: Vec<Stone>,
    truth: Vec<f64>,
    predicted: Vec<f64>,
}

impl JudgedByTold {
    /// Judges whole stones as they are, and every stone with less told of it; `predicted` has the prices of the stones as they are.
    fn new(partition: &HoldoutSplit, prices: &PromisedModel, predicted: &[f64], threads: usize) -> Self {
        let count = partition.holdout.len().min(MAX_CALIBRATED);
        let judged = Told::ALL.map(|told| {
            let less_told = |stone: &Stone| match (told, stone.told()) {
                (Told::Whole, Told::Whole) | (Told::Partly, Told::Partly) => Some(*stone),
                // length, width and height are what most often is not told
                (Told::Partly, Told::Whole) => Some(stone.without_sizes()),
                (Told::FourCs, _) => Some(stone.with_four_cs_only()),
                _ => None,
            };
            let rows: Vec<(usize, Stone)> =
                (0..count).filter_map(|row| Some((row, less_told(&partition.holdout[row])?))).collect();
            let predicted = if told == Told::Whole {
                rows.iter().map(|(row, _)| predicted[*row]).collect()
            } else {
                prices_usd(prices, &rows.iter().map(|(_, less)| *less).collect::<Vec<Stone>>(), threads)
            };
            OfTold {
                told,
                stones: rows.iter().map(|(row, _)| partition.holdout[*row]).collect(),
                truth: rows.iter().map(|(row, _)| partition.truth[*row]).collect(),
                predicted,
            }
        });
        Self(judged.into())
    }

    /// The range around the prices, from stones that neither fit nor tuning has seen; `None` if there are too few.
    fn calibration(&self) -> Option<Calibration> {
        let judged: Vec<JudgedStones<'_>> = self
            .0
            .iter()
            .map(|of_told| JudgedStones {
                told: of_told.told,
                stones: &of_told.stones,
                truth: &of_told.truth,
                predicted: &of_told.predicted,
            })
            .collect();
        Calibration::of(&judged)
    }

    fn segments(&self) -> impl Iterator<Item = SegmentMetrics> {
        let told = self.0.iter().filter(|of_told| !of_told.stones.is_empty());
        told.map(|of_told| told_segment(of_told.told, &of_told.truth, &of_told.predicted))
    }
}

/// The stone after a change for the better, if there is one.
type Better = fn(Stone) -> Option<Stone>;

/// How often a price falls where one of `stones`, which are priced as `predicted`, gets better. Colour and clarity are promised; that of weight and cut is reported.
fn check_order(stones: &[Stone], predicted: &[f64], prices: &PromisedModel, threads: usize) -> Vec<OrderCheck> {
    let better: [(&str, Better); 5] = [
        ("one better colour", |stone| Some(Stone { color: next_better(stone.color)?, ..stone })),
        ("one better clarity", |stone| Some(Stone { clarity: next_better(stone.clarity)?, ..stone })),
        ("one better cut", |stone| Some(Stone { cut: next_better(stone.cut)?, ..stone })),
        ("0.01 ct heavier, measures as they are", |stone| {
            Some(Stone { weight_carat: stone.weight_carat + 0.01, ..stone })
        }),
        ("0.05 ct heavier, measures grown with it", |stone| {
            let weight_carat = stone.weight_carat + 0.05;
            let growth = (weight_carat / stone.weight_carat).cbrt();
            let [x_mm, y_mm, z_mm] = [stone.x_mm, stone.y_mm, stone.z_mm].map(|size| size * growth);
            Some(Stone { weight_carat, x_mm, y_mm, z_mm, ..stone })
        }),
    ];
    let asked = &stones[..stones.len().min(MAX_ORDER_CHECKED)];
    let check = |(change, better): (&str, Better)| {
        let changed = asked.iter().zip(predicted).filter_map(|(stone, before)| Some((better(*stone)?, *before)));
        let (stones, before): (Vec<Stone>, Vec<f64>) = changed.unzip();
        OrderCheck::of(change, before.into_iter().zip(prices_usd(prices, &stones, threads)))
    };
    better.into_iter().map(check).collect()
}

fn next_better<G: Grade>(grade: G) -> Option<G> {
    G::from_rank(grade.rank() + 1)
}
