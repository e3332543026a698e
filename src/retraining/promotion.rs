//! Decides which model becomes the champion.

use crate::learning::evaluation::{Comparison, mean_absolute_error};
use crate::text::{dollars_and_cents, percent};

/// Whether the best of the new models becomes the champion.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum PromotionPolicy {
    /// If its error on the same sales is smaller than the champion's, by more than luck.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

impl PromotionPolicy {
    /// Its name on the command line.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Always => "always",
            Self::Never => "never",
        }
    }
}

/// The champion so far.
#[derive(Debug, Clone, PartialEq)]
pub struct Incumbent {
    /// Its number.
    pub id: i64,
    /// Its family.
    pub family: String,
    /// Its predictions for today's holdout, in US dollars; `None` if it can no longer be loaded.
    pub predicted: Option<Vec<f64>>,
}

/// The decision.
#[derive(Debug, Clone, PartialEq)]
pub struct PromotionDecision {
    /// Index of the best of the new models.
    pub winner: usize,
    /// Whether it becomes the champion.
    pub promoted: bool,
    /// The reason.
    pub reason: String,
}

/// Compares the predictions of the new models and of the champion with the true prices of the holdout; all in US dollars and
/// of shape `(n_rows,)`. The least mean absolute error wins. To replace a champion, it must be smaller by more than luck: the
/// paired bootstrap interval of the difference, [`Comparison`], must be below zero.
///
/// # Panics
/// If there is no new model, or the lengths differ.
#[must_use]
pub fn decide(
    promote: PromotionPolicy,
    truth: &[f64],
    challengers: &[&[f64]],
    incumbent: Option<&Incumbent>,
) -> PromotionDecision {
    let mae_usd = |predicted: &[f64]| mean_absolute_error(truth, predicted);
    let winner = (0..challengers.len())
        .min_by(|a, b| mae_usd(challengers[*a]).total_cmp(&mae_usd(challengers[*b])))
        .unwrap_or_default();
    let ours = challengers[winner];
    let (promoted, reason) = match (promote, incumbent) {
        (PromotionPolicy::Never, _) => (false, "promotion was not wanted".to_owned()),
        (PromotionPolicy::Always, _) => (true, "promotion was wanted in any case".to_owned()),
        (PromotionPolicy::Auto, None) => (true, "the first champion".to_owned()),
        (PromotionPolicy::Auto, Some(Incumbent { id, predicted: None, .. })) => {
            (true, format!("model {id}, the champion until now, can no longer be loaded"))
        }
        (PromotionPolicy::Auto, Some(Incumbent { id, predicted: Some(theirs), .. })) => {
            let comparison = Comparison::of(truth, ours, theirs);
            let is_less = comparison.mae_difference_usd < 0.0;
            let luck = match (is_less, comparison.is_certain()) {
                (true, true) => ", by more than luck",
                (true, false) => ", but that may be luck",
                (false, _) => "",
            };
            let reason = format!(
                "MAE {} is {} than {} of model {id} on the same holdout{luck} ({} interval of the difference: {} to {})",
                dollars_and_cents(mae_usd(ours)),
                if is_less { "less" } else { "not less" },
                dollars_and_cents(mae_usd(theirs)),
                percent(comparison.confidence, 0),
                dollars_and_cents(comparison.low_usd),
                dollars_and_cents(comparison.high_usd),
            );
            (is_less && comparison.is_certain(), reason)
        }
    };
    PromotionDecision { winner, promoted, reason }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TRUTH: [f64; 100] = [1_000.0; 100];

    /// Predictions with errors of `error_usd`, alternately larger and smaller by `spread_usd`.
    fn predicted(error_usd: f64, spread_usd: f64) -> Vec<f64> {
        (0..TRUTH.len()).map(|row| 1_000.0 + error_usd + [spread_usd, -spread_usd][row % 2]).collect()
    }

    fn incumbent(predicted: Option<Vec<f64>>) -> Incumbent {
        Incumbent { id: 7, family: "linear".to_owned(), predicted }
    }

    #[test]
    fn the_least_error_wins_and_must_beat_the_champion_by_more_than_luck() {
        let challengers = [predicted(300.0, 0.0), predicted(280.0, 0.0), predicted(290.0, 0.0)];
        let challengers: Vec<&[f64]> = challengers.iter().map(Vec::as_slice).collect();
        let verdict = |promote, champion: Option<Vec<f64>>| {
            let champion = champion.map(|predicted| incumbent(Some(predicted)));
            let verdict = decide(promote, &TRUTH, &challengers, champion.as_ref());
            assert_eq!(verdict.winner, 1);
            (verdict.promoted, verdict.reason)
        };
        assert_eq!(verdict(PromotionPolicy::Auto, None), (true, "the first champion".to_owned()));
        let (promoted, reason) = verdict(PromotionPolicy::Auto, Some(predicted(285.0, 1.0)));
        assert!(promoted, "{reason}");
        assert!(
            reason.starts_with("MAE $280.00 is less than $285.00 of model 7 on the same holdout, by more than luck"),
            "{reason}"
        );
        let (promoted, reason) = verdict(PromotionPolicy::Auto, Some(predicted(285.0, 100.0)));
        assert!(!promoted && reason.contains("but that may be luck (95 % interval"), "{reason}");
        assert!(!verdict(PromotionPolicy::Auto, Some(predicted(280.0, 0.0))).0, "as good is not better");
        assert!(verdict(PromotionPolicy::Always, Some(predicted(1.0, 0.0))).0);
        assert!(!verdict(PromotionPolicy::Never, None).0);
    }

    #[test]
    fn a_champion_that_cannot_be_loaded_is_replaced() {
        let verdict = decide(PromotionPolicy::Auto, &TRUTH, &[&predicted(500.0, 0.0)], Some(&incumbent(None)));
        assert!(verdict.promoted && verdict.reason.contains("can no longer be loaded"));
    }
}
