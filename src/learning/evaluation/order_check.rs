//! How often a price falls where a stone gets better.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::text::to_the_cent;

/// A change for the better, and what it did to the prices of some stones.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct OrderCheck {
    /// The change, in words.
    pub change: String,
    /// Number of stones.
    pub asked: i64,
    /// For how many of them the price fell by a cent or more.
    pub fell: i64,
    /// The largest fall, as a share of the price.
    pub worst_share: f64,
}

impl OrderCheck {
    /// Compares prices in US dollars before and after the change.
    #[must_use]
    pub fn of(change: &str, before_and_after: impl IntoIterator<Item = (f64, f64)>) -> Self {
        let mut check = Self { change: change.to_owned(), asked: 0, fell: 0, worst_share: 0.0 };
        for (before, after) in before_and_after {
            let (before, after) = (to_the_cent(before), to_the_cent(after));
            check.asked += 1;
            if after < before {
                check.fell += 1;
                check.worst_share = check.worst_share.max(1.0 - after / before);
            }
        }
        check
    }

    /// How many of the stones, as a share.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "counts of stones")]
    pub fn share(&self) -> f64 {
        if self.asked == 0 { 0.0 } else { self.fell as f64 / self.asked as f64 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn falls_are_counted_and_the_worst_is_kept() {
        let check = OrderCheck::of("better", [(100.0, 90.0), (100.0, 99.999), (50.0, 60.0), (200.0, 150.0)]);
        assert_eq!((check.asked, check.fell), (4, 2));
        assert!((check.worst_share - 0.25).abs() < 1e-12 && (check.share() - 0.5).abs() < 1e-12);
    }
}
