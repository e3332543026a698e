//! Whether customers ask about other stones than those that the model was trained on.
//!
//! Population stability index: Σ (aᵢ − eᵢ) · ln(aᵢ / eᵢ) over classes of a feature, eᵢ the share of a class among the sales
//! that that the model was trained on, aᵢ its share among the stones that were priced (Siddiqi, "Credit Risk Scorecards",
//! 2006). Below 0.1 there is no change, above 0.25 a large one. With few stones the index is large by chance alone, about
//! (classes − 1) · (1/priced + 1/sales) (Yurdakul, "Statistical properties of population stability index", 2018), so at least
//! [`MIN_ASKED`] stones are needed.

use serde::{Deserialize, Serialize};

use crate::diamond::{FIELDS, FieldKind, Sale, StoneDescription};
use crate::learning::evaluation::quantile;

/// Fewest priced stones for an index.
pub const MIN_ASKED: usize = 300;
/// From this index on, a feature has shifted.
const SHIFTED: f64 = 0.1;
/// From this index on, it has shifted much.
const SHIFTED_MUCH: f64 = 0.25;
/// Classes of a measurement, each with the same number of sales.
const CLASSES: usize = 10;
/// Least share of a class: an empty one would make the index infinite.
const LEAST_SHARE: f64 = 1e-4;

/// How much one feature of the priced stones differs from that of the sales.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Drift {
    /// Name of the feature.
    pub feature: String,
    /// Priced stones for which it was given.
    pub asked: usize,
    /// The index; absent if there are too few stones.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub psi: Option<f64>,
    /// The meaning of the index.
    pub verdict: DriftLevel,
}

/// The meaning of an index.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DriftLevel {
    /// There are too few stones for an index.
    TooFew,
    /// As in the sales.
    Stable,
    /// Somewhat different.
    Shifted,
    /// Very different: the model has few sales to go by.
    ShiftedMuch,
}

impl DriftLevel {
    /// The meaning in plain words.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::TooFew => "too few stones",
            Self::Stable => "as the model knows them",
            Self::Shifted => "somewhat other than the model knows",
            Self::ShiftedMuch => "quite other than the model knows: ingest sales like these and retrain",
        }
    }
}

/// The drift of every field of the stones `asked` about against `sales`, in the order of [`FIELDS`]. Values that were filled in
/// do not count.
pub fn drift(sales: &[Sale], asked: &[StoneDescription]) -> Vec<Drift> {
    FIELDS
        .iter()
        .enumerate()
        .map(|(place, field)| {
            let known: Vec<f64> = sales.iter().filter_map(|sale| sale.stone.values()[place]).collect();
            let given: Vec<f64> = asked.iter().filter_map(|stone| stone.values()[place]).collect();
            // classes begin at these values: each grade is one; of a measurement, each holds the same number of sales
            let bounds = match field.kind {
                FieldKind::Grade { grades } => {
                    (1..grades.len()).zip(0_u8..).map(|(_, rank)| f64::from(rank) + 0.5).collect()
                }
                FieldKind::Number { .. } => quantile_bounds(known.clone()),
            };
            let class_of = |value: f64| bounds.partition_point(|bound| *bound <= value);
            let [known, given] = [known, given].map(|values| values.into_iter().map(class_of).collect::<Vec<_>>());
            Drift::of(field.name, bounds.len() + 1, &known, &given)
        })
        .collect()
}

/// Where [`CLASSES`] classes of equal size begin; fewer, if values repeat.
fn quantile_bounds(mut values: Vec<f64>) -> Vec<f64> {
    #[expect(clippy::cast_precision_loss, reason = "a handful of classes")]
    let mut bounds: Vec<f64> =
        (1..CLASSES).filter_map(|class| quantile(&mut values, class as f64 / CLASSES as f64)).collect();
    bounds.dedup_by(|a, b| *a <= *b);
    bounds
}

impl Drift {
    /// Compares the classes of the sales with those of the priced stones.
    fn of(feature: &str, classes: usize, known: &[usize], given: &[usize]) -> Self {
        let psi = (given.len() >= MIN_ASKED && !known.is_empty()).then(|| index(classes, known, given));
        let verdict = match psi {
            None => DriftLevel::TooFew,
            Some(psi) if psi < SHIFTED => DriftLevel::Stable,
            Some(psi) if psi < SHIFTED_MUCH => DriftLevel::Shifted,
            Some(_) => DriftLevel::ShiftedMuch,
        };
        Self { feature: feature.to_owned(), asked: given.len(), psi, verdict }
    }
}

/// The population stability index of two samples of classes.
fn index(classes: usize, expected: &[usize], actual: &[usize]) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^52")]
    let shares = |sample: &[usize]| {
        let mut counts = vec![0_usize; classes];
        for class in sample {
            counts[*class] += 1;
        }
        counts.into_iter().map(|count| (count as f64 / sample.len() as f64).max(LEAST_SHARE)).collect::<Vec<f64>>()
    };
    shares(actual).iter().zip(shares(expected)).map(|(a, e)| (a - e) * (a / e).ln()).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_index_is_that_worked_out_by_hand() {
        let sample = |first: usize| (0..1_000).map(|row| usize::from(row >= first)).collect::<Vec<_>>();
        // (0.6 − 0.5) ln(0.6 / 0.5) + (0.4 − 0.5) ln(0.4 / 0.5)
        let expected = 0.1 * 1.2_f64.ln() - 0.1 * 0.8_f64.ln();
        assert!((index(2, &sample(500), &sample(600)) - expected).abs() < 1e-12);
        assert!(index(2, &sample(500), &sample(500)).abs() < 1e-12);
        assert!(index(2, &sample(0), &sample(1_000)).is_finite(), "empty classes");
    }

    #[test]
    fn few_stones_say_nothing() {
        let drift = Drift::of("carat", 2, &[0, 1, 0, 1], &[0; MIN_ASKED - 1]);
        assert_eq!((drift.psi, drift.verdict), (None, DriftLevel::TooFew));
        assert_eq!(Drift::of("carat", 2, &[0, 1, 0, 1], &[0; MIN_ASKED]).verdict, DriftLevel::ShiftedMuch);
    }
}
