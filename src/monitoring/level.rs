//! Whether the level of prices has moved since a model was trained.

use serde::{Deserialize, Serialize};

use crate::diamond::Stone;
use crate::learning::evaluation::quantile;
use crate::pricing::ServedModel;
use crate::store::{Store, StoreError};

/// Fewest prices from which the level is told.
const MIN_PRICES: usize = 30;
/// Most new sales, and most outcomes, that are looked at; the newest count.
const MAX_PRICES: u32 = 5_000;
/// The 97.5 % quantile of the normal distribution.
const NORMAL_QUANTILE: f64 = 1.96;

/// By how much prices differ from what the champion answers.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct LevelDrift {
    /// How many prices tell it: sales since its training, and outcomes of stones that it priced.
    pub prices: usize,
    /// How much more stones fetched than it says: the median, as a share.
    pub median: f64,
    /// The lower end of its interval of 95 %.
    pub low: f64,
    /// The upper end.
    pub high: f64,
    /// By what share the model is corrected already.
    pub corrected_by: f64,
    /// The correction that would bring it to the level, as a share.
    pub correction: f64,
}

impl LevelDrift {
    /// Whether the level has moved by more than luck.
    #[must_use]
    pub fn is_certain(&self) -> bool {
        self.low > 0.0 || self.high < 0.0
    }

    /// The drift of `model`; `None` if there are too few prices since its training.
    ///
    /// # Errors
    /// If the file cannot be read.
    pub fn of(store: &Store, model: &ServedModel) -> Result<Option<Self>, StoreError> {
        let mut ratios = Vec::new();
        let mut compare = |stone: &Stone, price_usd: f64| ratios.push(price_usd / model.prices.price_usd(stone));
        store.for_each_sale_after_model(model.id, MAX_PRICES, &mut |sale| compare(&sale.stone, sale.price_usd))?;
        // priced again: it may have been corrected since
        for (stone, price_usd) in store.outcomes_of_model(model.id, MAX_PRICES)? {
            compare(&stone.stone(), price_usd);
        }
        Ok(Self::of_ratios(&mut ratios, model.corrected_by))
    }

    /// The interval is that of the order statistics around the median (Conover, "Practical Nonparametric Statistics", 1999, 3.2).
    #[expect(clippy::cast_precision_loss, reason = "counts of rows")]
    fn of_ratios(ratios: &mut [f64], corrected_by: f64) -> Option<Self> {
        let count = ratios.len() as f64;
        if ratios.len() < MIN_PRICES || ratios.iter().any(|ratio| !ratio.is_finite()) {
            return None;
        }
        let reach = NORMAL_QUANTILE * count.sqrt() / 2.0 / (count - 1.0);
        let mut at = |share: f64| quantile(ratios, share.clamp(0.0, 1.0)).map(|ratio| ratio - 1.0);
        let (median, low, high) = (at(0.5)?, at(0.5 - reach)?, at(0.5 + reach)?);
        let correction = (1.0 + corrected_by) * (1.0 + median) - 1.0;
        Some(Self { prices: ratios.len(), median, low, high, corrected_by, correction })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_and_its_interval_are_those_worked_out_by_hand() {
        let mut ratios: Vec<f64> = (0..101).rev().map(|place| 1.0 + f64::from(place) / 1_000.0).collect();
        let drift = LevelDrift::of_ratios(&mut ratios, 0.1).expect("enough");
        assert!((drift.median - 0.05).abs() < 1e-12);
        // 1.96 · √101 / 2 = 9.85 places on each side
        assert!((drift.low - 0.040).abs() < 1e-9 && (drift.high - 0.060).abs() < 1e-9, "{drift:?}");
        assert!((drift.correction - 0.155).abs() < 1e-12 && drift.is_certain());
        assert_eq!(LevelDrift::of_ratios(&mut [1.0; 29], 0.0), None);
        assert!(!LevelDrift::of_ratios(&mut [1.0; 30], 0.0).expect("enough").is_certain());
    }
}
