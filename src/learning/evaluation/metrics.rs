//! Errors of predicted prices. Arguments are always in the order `(truth, predicted)`.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::text::{dollars, percent};

/// The four metrics of every model.
///
/// Definitions as scikit-learn's `r2_score`, `mean_absolute_error`, `root_mean_squared_error` and
/// `mean_absolute_percentage_error`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Metrics {
    /// Share of the variance explained: 1 − Σ(t − p)² / Σ(t − t̄)². If all true prices are equal, 1 for exact predictions
    /// and 0 for others.
    pub r2: f64,
    /// Mean absolute error in US dollars.
    pub mae_usd: f64,
    /// Root of the mean squared error in US dollars.
    pub rmse_usd: f64,
    /// Mean of |t − p| / t, as a share: 0.07 is 7 %.
    pub mape: f64,
}

impl Metrics {
    /// The texts for tables: MAE, R², RMSE and MAPE.
    #[must_use]
    pub fn cells(&self) -> [String; 4] {
        self.named_cells().map(|(_, text)| text)
    }

    /// The texts for tables, each with its name.
    #[must_use]
    pub fn named_cells(&self) -> [(&'static str, String); 4] {
        [
            ("MAE", dollars(self.mae_usd)),
            ("R²", format!("{:.4}", self.r2)),
            ("RMSE", dollars(self.rmse_usd)),
            ("MAPE", percent(self.mape, 1)),
        ]
    }

    /// The metrics of `predicted` against `truth`, both in US dollars and of shape `(n_rows,)`.
    ///
    /// # Panics
    /// If the two differ in length.
    #[must_use]
    pub fn of(truth: &[f64], predicted: &[f64]) -> Self {
        assert_eq!(truth.len(), predicted.len(), "as many predictions as truths");
        #[expect(clippy::cast_precision_loss, reason = "row counts stay far below 2^52")]
        let count = truth.len() as f64;
        let mean = truth.iter().sum::<f64>() / count;
        let total: f64 = truth.iter().map(|t| (t - mean).powi(2)).sum();
        let pairs = || truth.iter().zip(predicted);
        let squared: f64 = pairs().map(|(t, p)| (t - p).powi(2)).sum();
        Self {
            r2: if total > 0.0 { 1.0 - squared / total } else { f64::from(squared == 0.0) },
            mae_usd: mean_absolute_error(truth, predicted),
            rmse_usd: (squared / count).sqrt(),
            mape: pairs().map(|(t, p)| ((t - p) / t).abs()).sum::<f64>() / count,
        }
    }
}

/// Mean absolute error of `predicted` against `truth`, both in US dollars and of shape `(n_rows,)`.
#[must_use]
pub fn mean_absolute_error(truth: &[f64], predicted: &[f64]) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "row counts stay far below 2^52")]
    let count = truth.len() as f64;
    truth.iter().zip(predicted).map(|(t, p)| (t - p).abs()).sum::<f64>() / count
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_those_worked_out_by_hand() {
        // errors 10, -20, 0; mean of the truth 200; total sum of squares 20,000
        let metrics = Metrics::of(&[100.0, 200.0, 300.0], &[90.0, 220.0, 300.0]);
        assert!((metrics.mae_usd - 10.0).abs() < 1e-12);
        assert!((metrics.rmse_usd - (500.0_f64 / 3.0).sqrt()).abs() < 1e-12);
        assert!((metrics.r2 - (1.0 - 500.0 / 20_000.0)).abs() < 1e-12);
        assert!((metrics.mape - (0.1 + 0.1) / 3.0).abs() < 1e-12);
    }
}
