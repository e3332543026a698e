//! The effect of weight and grades on the price: a smooth curve, which trees approximate only in steps.
//!
//! The logarithm of the price is a cubic in the logarithm of the weight, with level, slope and curvature by grade.
//! The trees then learn the residuals.

use linfa_linalg::cholesky::SolveC;
use ndarray::{Array1, Array2};
use serde::{Deserialize, Serialize};

use super::{FamilyError, unfit, unreadable};
use crate::diamond::{Grade, Sale, Stone};
use crate::learning::families::contributions::shapley;
use crate::learning::features::KnownGrades;

/// Weight of the ridge penalty: enough for a unique solution whatever the sales are, and no more.
const RIDGE: f64 = 1e-4;

/// The curve, fitted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Trend {
    /// Other grades are treated as the nearest of these.
    grades: KnownGrades,
    /// The lightest and the heaviest stone that it was fitted to, in carats. Outside, the price per carat is that at the end.
    carat: [f64; 2],
    /// One for each term, in the order of [`terms`].
    coefficients: Vec<f64>,
}

impl Trend {
    /// Solves min ‖ln(price) − X·w‖² + λ‖w‖² for the coefficients `w`, X of shape `(n_sales, n_terms)`, by the normal
    /// equations (ridge regression: Hoerl and Kennard, 1970).
    pub fn fit(sales: &[Sale]) -> Result<Self, FamilyError> {
        let stones: Vec<Stone> = sales.iter().map(|sale| sale.stone).collect();
        let carat = stones.iter().fold([f64::INFINITY, 0.0_f64], |[least, most], stone| {
            [least.min(stone.weight_carat), most.max(stone.weight_carat)]
        });
        let rows: Vec<f64> = stones.iter().flat_map(terms).collect();
        let x = Array2::from_shape_vec((stones.len(), N_TERMS), rows).map_err(|error| unfit(sales.len(), &error))?;
        let truth: Array1<f64> = sales.iter().map(|sale| sale.price_usd.ln()).collect();
        let mut gram = x.t().dot(&x) + Array2::<f64>::eye(N_TERMS) * RIDGE;
        let right = x.t().dot(&truth).insert_axis(ndarray::Axis(1));
        let solved = gram.solvec(&right).map_err(|error| unfit(sales.len(), &error))?;
        let coefficients: Vec<f64> = solved.iter().copied().collect();
        if !coefficients.iter().all(|coefficient| coefficient.is_finite()) {
            return Err(unfit(sales.len(), &"weight and grades do not vary enough: ingest more varied sales"));
        }
        Ok(Self { grades: KnownGrades::of(&stones), carat, coefficients })
    }

    /// The logarithm of the price of `stone` in US dollars by the curve.
    pub fn log_price(&self, stone: &Stone) -> f64 {
        let known = self.grades.nearest(stone);
        let weight_carat = stone.weight_carat.clamp(self.carat[0], self.carat[1]);
        let sum: f64 = terms(&Stone { weight_carat, ..known })
            .iter()
            .zip(&self.coefficients)
            .map(|(term, coefficient)| term * coefficient)
            .sum();
        sum + (stone.weight_carat / weight_carat).ln()
    }

    /// The value for the `typical` stone, and the contributions of weight, cut, colour and clarity of `stone` to its own: exact
    /// Shapley values.
    pub fn contributions(&self, stone: &Stone, typical: &Stone) -> (f64, [f64; 4]) {
        let shares = shapley(|known| {
            let pick = |place: usize| if known >> place & 1 == 1 { stone } else { typical };
            self.log_price(&Stone {
                weight_carat: pick(0).weight_carat,
                cut: pick(1).cut,
                color: pick(2).color,
                clarity: pick(3).clarity,
                ..*stone
            })
        });
        (self.log_price(typical), shares)
    }

    /// The curve that was stored as `json`.
    pub fn from_json(json: &str) -> Result<Self, FamilyError> {
        let trend: Self = serde_json::from_str(json).map_err(|error| unreadable(error.to_string()))?;
        let is_whole =
            trend.coefficients.len() == N_TERMS && !trend.grades.lacks_a_scale() && trend.carat[0] <= trend.carat[1];
        if is_whole { Ok(trend) } else { Err(unreadable("its trend is not whole")) }
    }
}

/// Grades of all three scales except the worst of each.
const N_GRADES: usize = 4 + 6 + 7;
const N_TERMS: usize = 5 + N_GRADES + 7;

/// The terms of a stone: powers of the logarithm of its weight, its grades, and their effects on slope and curvature.
#[expect(clippy::cast_precision_loss, reason = "ranks are below 8")]
fn terms(stone: &Stone) -> [f64; N_TERMS] {
    let log = stone.weight_carat.ln();
    let [cut, color, clarity] = [stone.cut.rank(), stone.color.rank(), stone.clarity.rank()];
    let mut terms = [0.0; N_TERMS];
    terms[..5].copy_from_slice(&[1.0, log, log.powi(2), log.powi(3), stone.weight_carat]);
    for (first, rank) in [(5, cut), (9, color), (15, clarity)] {
        if rank > 0 {
            terms[first + rank - 1] = 1.0;
        }
    }
    let [cut, color, clarity] = [cut as f64, color as f64, clarity as f64];
    terms[5 + N_GRADES..].copy_from_slice(&[
        log * cut,
        log * color,
        log * clarity,
        log.powi(2) * color,
        log.powi(2) * clarity,
        color * clarity,
        log * color * clarity,
    ]);
    terms
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diamond::Color;
    use crate::generator::Generator;

    #[test]
    fn a_price_of_its_own_form_is_found_again() {
        let mut sales: Vec<Sale> = Generator::new(3).take(2_000).collect();
        for sale in &mut sales {
            let log = sale.stone.weight_carat.ln();
            sale.price_usd = (8.0 + 1.8 * log + 0.1 * f64::from(sale.stone.color == Color::D) * 1.0).exp();
        }
        let trend = Trend::fit(&sales).expect("a fit");
        let worst =
            sales.iter().map(|sale| (trend.log_price(&sale.stone) - sale.price_usd.ln()).abs()).fold(0.0, f64::max);
        assert!(worst < 1e-2, "off by {worst}");
    }

    #[test]
    fn outside_of_the_weights_seen_the_price_per_carat_stays() {
        let sales: Vec<Sale> = Generator::new(3).take(500).collect();
        let trend = Trend::fit(&sales).expect("a fit");
        let heavy = Stone { weight_carat: trend.carat[1], ..sales[0].stone };
        let twice = Stone { weight_carat: 2.0 * trend.carat[1], ..heavy };
        assert!((trend.log_price(&twice) - trend.log_price(&heavy) - 2.0_f64.ln()).abs() < 1e-9);
    }
}
