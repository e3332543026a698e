//! Which model becomes the champion.

use crate::metrics::Metrics;

/// Whether the best of the new models becomes the champion.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Promote {
    /// If its mean absolute error is less than the champion's on the same sales.
    Auto,
    /// In any case.
    Always,
    /// In no case.
    Never,
}

/// The champion so far.
#[derive(Debug, Clone, PartialEq)]
pub struct Incumbent {
    /// Its number.
    pub id: i64,
    /// Its family.
    pub family: String,
    /// How far it is off on today's holdout; `None` if it can no longer be loaded.
    pub metrics: Option<Metrics>,
}

/// What was decided.
#[derive(Debug, Clone, PartialEq)]
pub struct Verdict {
    /// Index of the best of the new models.
    pub winner: usize,
    /// Whether it becomes the champion.
    pub promoted: bool,
    /// Why, or why not.
    pub reason: String,
}

/// Compares the new models with the champion, all judged on the same holdout. The least mean absolute error wins.
///
/// # Panics
/// If there is no new model.
#[must_use]
pub fn decide(promote: Promote, challengers: &[Metrics], incumbent: Option<&Incumbent>) -> Verdict {
    let winner = (0..challengers.len())
        .min_by(|a, b| challengers[*a].mae_usd.total_cmp(&challengers[*b].mae_usd))
        .unwrap_or_default();
    let ours = challengers[winner].mae_usd;
    let (promoted, reason) = match (promote, incumbent) {
        (Promote::Never, _) => (false, "promotion was not wanted".to_owned()),
        (Promote::Always, _) => (true, "promotion was wanted in any case".to_owned()),
        (Promote::Auto, None) => (true, "the first champion".to_owned()),
        (Promote::Auto, Some(Incumbent { id, metrics: None, .. })) => {
            (true, format!("model {id}, the champion until now, can no longer be loaded"))
        }
        (Promote::Auto, Some(Incumbent { id, metrics: Some(metrics), .. })) => {
            let promoted = ours < metrics.mae_usd;
            let word = if promoted { "less" } else { "not less" };
            let theirs = metrics.mae_usd;
            (promoted, format!("MAE ${ours:.2} is {word} than ${theirs:.2} of model {id} on the same holdout"))
        }
    };
    Verdict { winner, promoted, reason }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn metrics(mae_usd: f64) -> Metrics {
        Metrics { r2: 0.9, mae_usd, rmse_usd: 2.0 * mae_usd, mape: 0.1 }
    }

    fn incumbent(mae_usd: Option<f64>) -> Incumbent {
        Incumbent { id: 7, family: "linear".to_owned(), metrics: mae_usd.map(metrics) }
    }

    #[test]
    fn the_least_error_wins_and_must_beat_the_champion() {
        let challengers = [metrics(300.0), metrics(280.0), metrics(290.0)];
        let verdict = |promote, champion: Option<f64>| {
            let verdict = decide(promote, &challengers, champion.map(|mae| incumbent(Some(mae))).as_ref());
            assert_eq!(verdict.winner, 1);
            (verdict.promoted, verdict.reason)
        };
        assert_eq!(verdict(Promote::Auto, None), (true, "the first champion".to_owned()));
        assert_eq!(
            verdict(Promote::Auto, Some(281.0)),
            (true, "MAE $280.00 is less than $281.00 of model 7 on the same holdout".to_owned())
        );
        assert!(!verdict(Promote::Auto, Some(280.0)).0, "as good is not better");
        assert!(verdict(Promote::Always, Some(1.0)).0);
        assert!(!verdict(Promote::Never, None).0);
    }

    #[test]
    fn a_champion_that_cannot_be_loaded_is_replaced() {
        let verdict = decide(Promote::Auto, &[metrics(500.0)], Some(&incumbent(None)));
        assert!(verdict.promoted && verdict.reason.contains("can no longer be loaded"));
    }
}
