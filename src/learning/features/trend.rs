//! The effect of weight and grades on the price: a smooth curve, which trees approximate only in steps.
//!
//! The logarithm of the price is a cubic in the logarithm of the weight, with level, slope and curvature by grade.

use linfa_linalg::cholesky::SolveC;
use ndarray::{Array1, Array2};
use serde::{Deserialize, Serialize};

use super::KnownGrades;
use crate::diamond::{Clarity, Color, Cut, Grade, Sale, Stone};

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
    /// Solves min Σ vᵢ(ln(priceᵢ) − xᵢ·w)² + λ‖w‖² for the coefficients `w`, where row `xᵢ` of a matrix of shape `(n_sales, n_terms)` has
    /// the terms of a sale and vᵢ is its `weight`, by the normal equations (ridge regression: Hoerl and Kennard, 1970).
    ///
    /// # Errors
    /// If the sales do not allow it, as what is missing.
    pub fn fit(sales: &[Sale], weight: impl Fn(&Sale) -> f64) -> Result<Self, String> {
        let stones: Vec<Stone> = sales.iter().map(|sale| sale.stone).collect();
        let carat = stones.iter().fold([f64::INFINITY, 0.0_f64], |[least, most], stone| {
            [least.min(stone.weight_carat), most.max(stone.weight_carat)]
        });
        let roots: Vec<f64> = sales.iter().map(|sale| weight(sale).sqrt()).collect();
        let rows = stones.iter().zip(&roots).flat_map(|(stone, root)| terms(stone).map(|term| term * root));
        let x = Array2::from_shape_vec((stones.len(), N_TERMS), rows.collect()).map_err(|error| error.to_string())?;
        let truth: Array1<f64> = sales.iter().zip(&roots).map(|(sale, root)| sale.price_usd.ln() * root).collect();
        let mut gram = x.t().dot(&x) + Array2::<f64>::eye(N_TERMS) * RIDGE;
        let right = x.t().dot(&truth).insert_axis(ndarray::Axis(1));
        let solved = gram.solvec(&right).map_err(|error| error.to_string())?;
        let coefficients: Vec<f64> = solved.iter().copied().collect();
        if !coefficients.iter().all(|coefficient| coefficient.is_finite()) {
            return Err("weight and grades do not vary enough: ingest more varied sales".to_owned());
        }
        Ok(Self { grades: KnownGrades::of(&stones), carat, coefficients })
    }

    /// The logarithm of the price of `stone` in US dollars by the curve.
    #[must_use]
    pub fn log_price(&self, stone: &Stone) -> f64 {
        self.at(stone).log_price(self.of_color(stone), self.of_clarity(stone))
    }

    /// The logarithms of the prices of `stone` with each colour and clarity, the worst grades first, the clarities of a colour
    /// together: the same bits as one by one.
    #[must_use]
    pub fn log_prices_by_grade(&self, stone: &Stone) -> [f64; COLORS * CLARITIES] {
        let at = self.at(stone);
        let clarities: [_; CLARITIES] =
            std::array::from_fn(|rank| self.of_clarity(&Stone { clarity: Clarity::ALL[rank], ..*stone }));
        let mut prices = [0.0; COLORS * CLARITIES];
        for (row, color) in prices.chunks_mut(CLARITIES).zip(Color::ALL) {
            let color = self.of_color(&Stone { color: *color, ..*stone });
            for (price, clarity) in row.iter_mut().zip(clarities) {
                *price = at.log_price(color, clarity);
            }
        }
        prices
    }

    /// The curve at the weight and the cut of `stone`.
    fn at(&self, stone: &Stone) -> AtWeightAndCut {
        let weight_carat = stone.weight_carat.clamp(self.carat[0], self.carat[1]);
        let log = weight_carat.ln();
        let cut = self.grades.nearest(stone).cut.rank();
        let [of_weight, of_cut, of_color, of_clarity, of_slopes] = self.parts();
        let [w0, w1, w2, w3, w4] = [of_weight[0], of_weight[1], of_weight[2], of_weight[3], of_weight[4]];
        let level = w0 + log * (w1 + log * (w2 + log * w3)) + w4 * weight_carat;
        let [by_cut, by_color, by_clarity, bend_by_color, bend_by_clarity, both, slope_of_both] =
            std::array::from_fn(|place| of_slopes[place]);
        let after = |coefficients: &[f64], rank: usize| rank.checked_sub(1).map_or(0.0, |place| coefficients[place]);
        AtWeightAndCut {
            level: level + after(of_cut, cut) + log * by_cut * ranked(cut) + (stone.weight_carat / weight_carat).ln(),
            colors: std::array::from_fn(|rank| {
                after(of_color, rank) + log * (by_color + log * bend_by_color) * ranked(rank)
            }),
            clarities: std::array::from_fn(|rank| {
                after(of_clarity, rank) + log * (by_clarity + log * bend_by_clarity) * ranked(rank)
            }),
            both: both + log * slope_of_both,
        }
    }

    /// The coefficients of the weight, the cuts, the colours, the clarities, and of the effects on slope and curvature, in the order
    /// of [`terms`].
    fn parts(&self) -> [&[f64]; 5] {
        let (of_weight, rest) = self.coefficients.split_at(N_OF_WEIGHT);
        let (of_cut, rest) = rest.split_at(Cut::ALL.len() - 1);
        let (of_color, rest) = rest.split_at(COLORS - 1);
        let (of_clarity, of_slopes) = rest.split_at(CLARITIES - 1);
        [of_weight, of_cut, of_color, of_clarity, of_slopes]
    }

    fn of_color(&self, stone: &Stone) -> usize {
        self.grades.nearest(stone).color.rank()
    }

    fn of_clarity(&self, stone: &Stone) -> usize {
        self.grades.nearest(stone).clarity.rank()
    }

    /// The curve that was stored as `json`.
    ///
    /// # Errors
    /// If it is none, as what is wrong.
    pub fn from_json(json: &str) -> Result<Self, String> {
        let trend: Self = serde_json::from_str(json).map_err(|error| error.to_string())?;
        let is_whole =
            trend.coefficients.len() == N_TERMS && !trend.grades.lacks_a_scale() && trend.carat[0] <= trend.carat[1];
        if is_whole { Ok(trend) } else { Err("its trend is not whole".to_owned()) }
    }
}

/// The curve at one weight and one cut.
struct AtWeightAndCut {
    level: f64,
    /// What each colour adds.
    colors: [f64; COLORS],
    /// What each clarity adds.
    clarities: [f64; CLARITIES],
    /// What the product of both ranks adds.
    both: f64,
}

impl AtWeightAndCut {
    fn log_price(&self, color: usize, clarity: usize) -> f64 {
        self.level + self.colors[color] + self.clarities[clarity] + self.both * ranked(color) * ranked(clarity)
    }
}

#[expect(clippy::cast_precision_loss, reason = "ranks are below 8")]
fn ranked(rank: usize) -> f64 {
    rank as f64
}

/// Number of colours.
const COLORS: usize = Color::ALL.len();
/// Number of clarities.
const CLARITIES: usize = Clarity::ALL.len();
/// Terms of the weight alone.
const N_OF_WEIGHT: usize = 5;
/// Grades of all three scales except the worst of each.
const N_GRADES: usize = 4 + 6 + 7;
const N_TERMS: usize = N_OF_WEIGHT + N_GRADES + 7;

/// The terms of a stone: powers of the logarithm of its weight, its grades, and their effects on slope and curvature.
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
    let [cut, color, clarity] = [cut, color, clarity].map(ranked);
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
    use crate::generator::Generator;

    #[test]
    fn a_price_of_its_own_form_is_found_again() {
        let mut sales: Vec<Sale> = Generator::new(3).take(2_000).collect();
        for sale in &mut sales {
            let log = sale.stone.weight_carat.ln();
            sale.price_usd = (8.0 + 1.8 * log + 0.1 * f64::from(sale.stone.color == Color::D) * 1.0).exp();
        }
        let trend = Trend::fit(&sales, |_| 1.0).expect("a fit");
        let worst =
            sales.iter().map(|sale| (trend.log_price(&sale.stone) - sale.price_usd.ln()).abs()).fold(0.0, f64::max);
        assert!(worst < 1e-2, "off by {worst}");
    }

    #[test]
    fn the_curve_is_the_sum_of_its_terms() {
        let sales: Vec<Sale> = Generator::new(3).take(500).collect();
        let trend = Trend::fit(&sales, |_| 1.0).expect("a fit");
        for sale in &sales[..50] {
            let sum: f64 = terms(&sale.stone).iter().zip(&trend.coefficients).map(|(term, by)| term * by).sum();
            let by_grade = trend.log_prices_by_grade(&sale.stone);
            let own = by_grade[sale.stone.color.rank() * CLARITIES + sale.stone.clarity.rank()];
            assert!((trend.log_price(&sale.stone) - sum).abs() < 1e-9, "{sale:?}");
            assert_eq!(own.to_bits(), trend.log_price(&sale.stone).to_bits());
        }
    }

    #[test]
    fn outside_of_the_weights_seen_the_price_per_carat_stays() {
        let sales: Vec<Sale> = Generator::new(3).take(500).collect();
        let trend = Trend::fit(&sales, |_| 1.0).expect("a fit");
        let heavy = Stone { weight_carat: trend.carat[1], ..sales[0].stone };
        let twice = Stone { weight_carat: 2.0 * trend.carat[1], ..heavy };
        assert!((trend.log_price(&twice) - trend.log_price(&heavy) - 2.0_f64.ln()).abs() < 1e-9);
    }
}
