//! Whether customers ask about other stones than the model learnt from.
//!
//! Population stability index: Σ (aᵢ − eᵢ) · ln(aᵢ / eᵢ) over classes of a feature, eᵢ the share of a class among the sales that
//! the model learnt from, aᵢ its share among the stones that were asked about (Siddiqi, "Credit Risk Scorecards", 2006). Below
//! 0.1 nothing has changed, above 0.25 much has. With few stones it is large by chance alone, about
//! (classes − 1) · (1/asked + 1/sales) (Yurdakul, "Statistical properties of population stability index", 2018), so it takes
//! [`MIN_ASKED`] of them.

use serde::{Deserialize, Serialize};

use crate::diamond::{FIELDS, FieldKind, Sale, StoneDescription};
use crate::learning::evaluation::quantile;

/// Fewest stones that say anything of what is asked about.
pub const MIN_ASKED: usize = 300;
/// From here on a feature has shifted.
const SHIFTED: f64 = 0.1;
/// From here on it has shifted much.
const SHIFTED_MUCH: f64 = 0.25;
/// Classes of a measure: as many sales in each.
const CLASSES: usize = 10;
/// The least share that a class is taken to have: an empty one would make the index infinite.
const LEAST_SHARE: f64 = 1e-4;

/// How far one feature of the stones asked about is from that of the sales.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Drift {
    /// Name of the feature.
    pub feature: String,
    /// Stones asked about of which it was given.
    pub asked: usize,
    /// The index; absent if too few were asked about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub psi: Option<f64>,
    /// What that means.
    pub verdict: DriftLevel,
}

/// What an index means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DriftLevel {
    /// Too few stones to say.
    TooFew,
    /// As the model knows them.
    Stable,
    /// Somewhat other.
    Shifted,
    /// Quite other: the model has little to go by.
    ShiftedMuch,
}

impl DriftLevel {
    /// The verdict in plain words.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::TooFew => "too few to say",
            Self::Stable => "as the model knows them",
            Self::Shifted => "somewhat other than the model knows",
            Self::ShiftedMuch => "quite other than the model knows: ingest sales like these and retrain",
        }
    }
}

/// The drift of every field of the stones `asked` about against `sales`, in the order of [`FIELDS`]. What was filled in does
/// not count.
pub fn drift<'a>(sales: impl Iterator<Item = &'a Sale>, asked: &[StoneDescription]) -> Vec<Drift> {
    let sales: Vec<&Sale> = sales.collect();
    FIELDS
        .iter()
        .enumerate()
        .map(|(place, field)| {
            let known: Vec<f64> = sales.iter().filter_map(|sale| sale.stone.values()[place]).collect();
            let given: Vec<f64> = asked.iter().filter_map(|stone| stone.values()[place]).collect();
            // classes begin at these values: each grade is one, and of a measure each holds as many sales
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

/// Where [`CLASSES`] classes of as many values each begin; fewer, if values repeat.
fn quantile_bounds(mut values: Vec<f64>) -> Vec<f64> {
    #[expect(clippy::cast_precision_loss, reason = "a handful of classes")]
    let mut bounds: Vec<f64> =
        (1..CLASSES).filter_map(|class| quantile(&mut values, class as f64 / CLASSES as f64)).collect();
    bounds.dedup_by(|a, b| *a <= *b);
    bounds
}

impl Drift {
    /// Compares the classes of the sales with those of the stones asked about.
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
