//! A range around the price of one stone that holds with a given confidence.
//!
//! Split conformal prediction (Papadopoulos et al., "Inductive confidence machines for regression", 2002; Lei et al.,
//! "Distribution-free predictive inference for regression", 2018) on stones that the model has not seen: if a new stone is
//! like these, its price is within the quantile of their errors with the quantile's probability, whatever the model. Errors
//! are logarithms of price over prediction, taken separately for each class of weight, because large stones are harder to price
//! (Vovk et al., "Mondrian confidence machine", 2003).

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::quantile::quantile;
use crate::diamond::Stone;
use crate::text::to_the_cent;

/// Confidence of a range.
pub const CONFIDENCE: f64 = 0.9;
/// Weights at which a class may begin, in carats: where the trade's prices jump.
const CLASS_BOUNDS_CARAT: [f64; 4] = [0.5, 1.0, 1.5, 2.0];
/// Fewest stones in a class; smaller classes are joined to the next lighter one.
const MIN_CLASS_ROWS: usize = 30;

/// The ranges of a model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Calibration {
    /// Classes of weight, the lightest first.
    pub classes: Vec<WeightClass>,
}

/// The range for stones of some weights.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct WeightClass {
    /// The least weight in the class, in carats.
    pub from_carat: f64,
    /// Number of stones that it was computed from.
    pub rows: i64,
    /// Half the width of the range as a logarithm: 0.1 is about 10 % up and down.
    pub log_half_width: f64,
}

/// A range of prices.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct PriceRange {
    /// Its lower end in US dollars, to the cent.
    pub low: f64,
    /// Its upper end in US dollars, to the cent.
    pub high: f64,
    /// Confidence of the range, as a share.
    pub confidence: f64,
}

impl WeightClass {
    /// How far the range goes above the price, as a share of it.
    #[must_use]
    pub fn share_above(&self) -> f64 {
        self.log_half_width.exp() - 1.0
    }
}

impl Calibration {
    /// Computes the ranges from `truth` and `predicted`, both in US dollars, on `stones` that the model has not seen; all of
    /// shape `(n_rows,)`. `None` if there are too few stones, or a prediction is not a price.
    ///
    /// # Panics
    /// If the three differ in length.
    #[must_use]
    pub fn of(stones: &[Stone], truth: &[f64], predicted: &[f64]) -> Option<Self> {
        assert!(
            stones.len() == truth.len() && truth.len() == predicted.len(),
            "a truth and a prediction for each stone"
        );
        let mut classes: Vec<(f64, Vec<f64>)> = vec![(0.0, Vec::new())];
        classes.extend(CLASS_BOUNDS_CARAT.map(|bound| (bound, Vec::new())));
        for ((stone, truth), predicted) in stones.iter().zip(truth).zip(predicted) {
            let class = CLASS_BOUNDS_CARAT.partition_point(|bound| *bound <= stone.weight_carat);
            classes[class].1.push((truth / predicted).ln().abs());
        }
        let mut joined: Vec<(f64, Vec<f64>)> = Vec::new();
        for (from_carat, errors) in classes {
            match joined.last_mut() {
                // the class before, or this one, is too small to be a class of its own
                Some(last) if last.1.len() < MIN_CLASS_ROWS || errors.len() < MIN_CLASS_ROWS => last.1.extend(errors),
                _ => joined.push((from_carat, errors)),
            }
        }
        let classes = joined
            .into_iter()
            .map(|(from_carat, errors)| {
                let rows = i64::try_from(errors.len()).ok()?;
                Some(WeightClass { from_carat, rows, log_half_width: conformal_quantile(errors)? })
            })
            .collect::<Option<_>>()?;
        Some(Self { classes })
    }

    /// The range around `price_usd` for a stone of `weight_carat`.
    #[must_use]
    pub fn range(&self, weight_carat: f64, price_usd: f64) -> Option<PriceRange> {
        let class = self.classes.iter().rev().find(|class| class.from_carat <= weight_carat)?;
        let factor = class.log_half_width.exp();
        Some(PriceRange {
            low: to_the_cent(price_usd / factor),
            high: to_the_cent(price_usd * factor),
            confidence: CONFIDENCE,
        })
    }
}

/// The bound that a new error stays below with probability [`CONFIDENCE`]: the ⌈(n + 1) · confidence⌉-th smallest of `n`.
/// `None` if there are too few, or one is not finite.
#[expect(clippy::cast_precision_loss, reason = "counts of rows")]
fn conformal_quantile(mut errors: Vec<f64>) -> Option<f64> {
    let count = errors.len() as f64;
    let rank = ((count + 1.0) * CONFIDENCE).ceil();
    if rank > count || errors.iter().any(|error| !error.is_finite()) {
        return None;
    }
    quantile(&mut errors, (rank - 1.0) / count)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diamond::Sale;
    use crate::generator::Generator;

    /// Stones, their prices, and a rule that uses only their weight.
    fn judged(seed: u64, count: usize) -> (Vec<Stone>, Vec<f64>, Vec<f64>) {
        let sales: Vec<Sale> = Generator::new(seed).take(count).collect();
        let predicted = sales.iter().map(|sale| 4_500.0 * sale.stone.weight_carat.powf(1.7)).collect();
        (sales.iter().map(|sale| sale.stone).collect(), sales.iter().map(|sale| sale.price_usd).collect(), predicted)
    }

    #[test]
    fn a_range_holds_on_fresh_stones_as_often_as_it_says_in_every_class() {
        let (stones, truth, predicted) = judged(1, 8_000);
        let calibration = Calibration::of(&stones, &truth, &predicted).expect("enough stones");
        assert!(calibration.classes.len() >= 3, "{calibration:?}");
        let (stones, truth, predicted) = judged(2, 20_000);
        let mut held = vec![(0.0, 0.0); calibration.classes.len()];
        for ((stone, truth), predicted) in stones.iter().zip(&truth).zip(&predicted) {
            let range = calibration.range(stone.weight_carat, *predicted).expect("a range");
            let class = calibration.classes.iter().rposition(|class| class.from_carat <= stone.weight_carat);
            let (hits, rows) = &mut held[class.expect("a class")];
            *hits += f64::from(u8::from((range.low..=range.high).contains(truth)));
            *rows += 1.0;
        }
        for (hits, rows) in &held {
            assert!((0.87..0.93).contains(&(hits / rows)), "{held:?}");
        }
    }

    #[test]
    fn the_quantile_is_that_worked_out_by_hand() {
        let errors = |count: u32| (1..=count).rev().map(f64::from).collect::<Vec<f64>>();
        assert_eq!(conformal_quantile(errors(9)), Some(9.0), "⌈10 · 0.9⌉ = 9");
        assert_eq!(conformal_quantile(errors(8)), None, "⌈9 · 0.9⌉ = 9 of 8");
        assert_eq!(conformal_quantile(errors(100)), Some(91.0), "⌈101 · 0.9⌉ = 91");
        assert_eq!(conformal_quantile(vec![f64::NAN; 50]), None);
    }

    #[test]
    fn small_classes_are_joined_to_lighter_ones() {
        let (stones, truth, predicted) = judged(3, 60);
        let calibration = Calibration::of(&stones, &truth, &predicted).expect("enough stones");
        assert_eq!((calibration.classes.len(), calibration.classes[0].rows), (1, 60));
        assert!(Calibration::of(&stones[..5], &truth[..5], &predicted[..5]).is_none());
    }
}
