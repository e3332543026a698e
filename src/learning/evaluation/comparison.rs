//! Compares two models on the same stones: is the difference more than luck?

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde::Serialize;

use super::quantile::quantile;

/// Number of resamples.
const RESAMPLES: usize = 2_000;
/// Most differences that resamples are drawn from.
const MAX_DRAWN: usize = 20_000;
/// Confidence of the interval.
const CONFIDENCE: f64 = 0.95;

/// The difference of two mean absolute errors.
///
/// The interval is a paired percentile bootstrap (Efron and Tibshirani, "An Introduction to the Bootstrap", 1993, chapter 13):
/// the same stones are drawn for both models, with replacement, many times.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Comparison {
    /// By how much the first model's error is larger than the second's, in US dollars; negative if it is smaller.
    pub mae_difference_usd: f64,
    /// The lower end of the interval.
    pub low_usd: f64,
    /// The upper end of the interval.
    pub high_usd: f64,
    /// Confidence of the interval, as a share.
    pub confidence: f64,
}

impl Comparison {
    /// Compares `first` and `second` with `truth`, all in US dollars and of shape `(n_rows,)`. The same input gives the
    /// same interval.
    ///
    /// # Panics
    /// If the three differ in length or are empty.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "counts of rows and of draws")]
    pub fn of(truth: &[f64], first: &[f64], second: &[f64]) -> Self {
        assert!(!truth.is_empty() && truth.len() == first.len() && truth.len() == second.len(), "the same stones");
        let differences: Vec<f64> =
            truth.iter().zip(first).zip(second).map(|((truth, a), b)| (truth - a).abs() - (truth - b).abs()).collect();
        let mean_usd = differences.iter().sum::<f64>() / differences.len() as f64;
        // of very many stones, the means of groups are drawn: they vary as much, and the time is bounded
        let differences = if differences.len() > MAX_DRAWN { means_of_groups(&differences) } else { differences };
        let count = differences.len();
        let mut random = ChaCha8Rng::seed_from_u64(0);
        let mut means: Vec<f64> = (0..RESAMPLES)
            .map(|_| (0..count).map(|_| differences[random.random_range(0..count)]).sum::<f64>() / count as f64)
            .collect();
        let mut at = |share: f64| quantile(&mut means, share).unwrap_or(f64::NAN);
        let tail = (1.0 - CONFIDENCE) / 2.0;
        Self { mae_difference_usd: mean_usd, low_usd: at(tail), high_usd: at(1.0 - tail), confidence: CONFIDENCE }
    }

    /// Whether the difference is more than luck: the interval does not contain zero.
    #[must_use]
    pub fn is_certain(&self) -> bool {
        self.low_usd > 0.0 || self.high_usd < 0.0
    }
}

/// The means of [`MAX_DRAWN`] groups of `values`, of sizes that differ by one at most.
#[expect(clippy::cast_precision_loss, reason = "counts of rows")]
fn means_of_groups(values: &[f64]) -> Vec<f64> {
    let group = |place: usize| values.iter().skip(place).step_by(MAX_DRAWN);
    (0..MAX_DRAWN).map(|place| group(place).sum::<f64>() / group(place).count() as f64).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Truths of 1,000 and errors that alternate in size.
    fn predicted(errors: [f64; 2]) -> Vec<f64> {
        (0..400).map(|row| 1_000.0 + errors[row % 2]).collect()
    }

    #[test]
    fn the_interval_is_that_of_the_normal_approximation() {
        let truth = vec![1_000.0; 400];
        // differences 30 and 10 in turn: mean 20, standard deviation 10, of the mean 0.5
        let comparison = Comparison::of(&truth, &predicted([50.0, 30.0]), &predicted([20.0, 20.0]));
        assert!((comparison.mae_difference_usd - 20.0).abs() < 1e-9);
        assert!((comparison.low_usd - (20.0 - 1.96 * 0.5)).abs() < 0.15, "{comparison:?}");
        assert!((comparison.high_usd - (20.0 + 1.96 * 0.5)).abs() < 0.15, "{comparison:?}");
        assert!(comparison.is_certain());
    }

    #[test]
    fn the_interval_of_very_many_stones_is_that_of_the_normal_approximation_too() {
        let repeated = |values: Vec<f64>| values.into_iter().cycle().take(100_001).collect::<Vec<f64>>();
        let truth = vec![1_000.0; 100_001];
        // differences 30 and 10 in turn, as above
        let first = repeated(predicted([50.0, 30.0]));
        let second = repeated(predicted([20.0, 20.0]));
        let comparison = Comparison::of(&truth, &first, &second);
        assert!((comparison.mae_difference_usd - 20.0).abs() < 1e-3);
        assert!(comparison.low_usd > 19.8 && comparison.high_usd < 20.2, "{comparison:?}");
    }

    #[test]
    fn as_good_is_not_better() {
        let truth = vec![1_000.0; 400];
        let comparison = Comparison::of(&truth, &predicted([50.0, 20.0]), &predicted([20.0, 50.0]));
        assert!(comparison.mae_difference_usd.abs() < 1e-9 && !comparison.is_certain());
        let same = Comparison::of(&truth, &predicted([50.0, 20.0]), &predicted([50.0, 20.0]));
        assert!(!same.is_certain());
    }
}
