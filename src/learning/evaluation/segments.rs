//! Errors of a model by weight, price and grade, and the sales with the largest errors.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::diamond::{Clarity, Color, Cut, Grade, Sale, Stone, Told};
use crate::learning::evaluation::mean_absolute_error;
use crate::text::dollars;

/// Lower ends of the classes of weight, in carats.
const CARATS: [f64; 4] = [0.5, 1.0, 1.5, 2.0];
/// Lower ends of the classes of price, in US dollars.
const PRICES_USD: [f64; 4] = [1_000.0, 2_500.0, 5_000.0, 10_000.0];

/// The errors of a model on one segment of the holdout.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct SegmentMetrics {
    /// The property that defines the segments: `told` (what was told of the stones), `carat`, `price`, `cut`, `color` or `clarity`.
    pub feature: String,
    /// The segment: a grade, or a range from (included) to (excluded).
    pub segment: String,
    /// Sales in it.
    pub rows: i64,
    /// Mean absolute error in US dollars.
    pub mae_usd: f64,
    /// Mean absolute error as a share of the price.
    pub mape: f64,
    /// Mean error as a share of the price; negative if the predictions are too low.
    pub bias: f64,
}

/// Splits the sales of `stones` by weight, price and each scale of grades. `truth` and `predicted` are in US dollars, all of
/// shape `(n_rows,)`. Segments without sales are left out.
///
/// # Panics
/// If the three differ in length.
#[must_use]
pub fn segments(stones: &[Stone], truth: &[f64], predicted: &[f64]) -> Vec<SegmentMetrics> {
    assert!(stones.len() == truth.len() && truth.len() == predicted.len(), "a truth and a prediction for each stone");
    let carats = classes(CARATS, |bound| format!("{bound} ct"));
    let prices = classes(PRICES_USD, dollars);
    let by_weight = |row: usize| CARATS.partition_point(|bound| *bound <= stones[row].weight_carat);
    let by_price = |row: usize| PRICES_USD.partition_point(|bound| *bound <= truth[row]);
    let mut found = Vec::new();
    let mut part = |feature: &str, names: Vec<String>, class_of: &dyn Fn(usize) -> usize| {
        for (class, name) in names.into_iter().enumerate() {
            let rows: Vec<usize> = (0..stones.len()).filter(|row| class_of(*row) == class).collect();
            if !rows.is_empty() {
                found.push(judge(feature, name, &rows, truth, predicted));
            }
        }
    };
    part("carat", carats, &by_weight);
    part("price", prices, &by_price);
    part(Cut::SCALE, grades::<Cut>(), &|row| stones[row].cut.rank());
    part(Color::SCALE, grades::<Color>(), &|row| stones[row].color.rank());
    part(Clarity::SCALE, grades::<Clarity>(), &|row| stones[row].clarity.rank());
    found
}

/// The errors if so much is told of each stone.
///
/// # Panics
/// If the two differ in length.
#[must_use]
pub fn told_segment(told: Told, truth: &[f64], predicted: &[f64]) -> SegmentMetrics {
    assert_eq!(truth.len(), predicted.len(), "a prediction for each truth");
    let rows: Vec<usize> = (0..truth.len()).collect();
    judge("told", told.words().to_owned(), &rows, truth, predicted)
}

fn grades<G: Grade>() -> Vec<String> {
    G::ALL.iter().map(|grade| grade.name().to_owned()).collect()
}

/// Names of the classes between `bounds`.
fn classes<const N: usize>(bounds: [f64; N], write: impl Fn(f64) -> String) -> Vec<String> {
    let below = format!("below {}", write(bounds[0]));
    let between = bounds.windows(2).map(|pair| format!("{} to {}", write(pair[0]), write(pair[1])));
    let above = format!("{} and more", write(bounds[N - 1]));
    [below].into_iter().chain(between).chain([above]).collect()
}

fn judge(feature: &str, segment: String, rows: &[usize], truth: &[f64], predicted: &[f64]) -> SegmentMetrics {
    let pick = |values: &[f64]| rows.iter().map(|row| values[*row]).collect::<Vec<f64>>();
    let (truth, predicted) = (pick(truth), pick(predicted));
    #[expect(clippy::cast_precision_loss, reason = "row counts stay far below 2^52")]
    let count = rows.len() as f64;
    let errors = || truth.iter().zip(&predicted).map(|(truth, predicted)| (predicted - truth) / truth);
    SegmentMetrics {
        feature: feature.to_owned(),
        segment,
        rows: i64::try_from(rows.len()).unwrap_or(i64::MAX),
        mae_usd: mean_absolute_error(&truth, &predicted),
        mape: errors().map(f64::abs).sum::<f64>() / count,
        bias: errors().sum::<f64>() / count,
    }
}

/// The places of the `count` sales whose prices differ most from those `predicted` (in US dollars, of shape `(n_sales,)`), as
/// a share of either; the largest difference first. Such a difference is often a typing error.
#[must_use]
pub fn worst_residuals(sales: &[Sale], predicted: &[f64], count: usize) -> Vec<usize> {
    let apart = |row: &usize| {
        let ratio = (predicted[*row] / sales[*row].price_usd).ln().abs();
        // a predicted price below zero counts as the largest difference
        if ratio.is_nan() { f64::INFINITY } else { ratio }
    };
    let mut rows: Vec<usize> = (0..sales.len()).collect();
    rows.sort_by(|a, b| apart(b).total_cmp(&apart(a)));
    rows.truncate(count);
    rows
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::generator::Generator;

    #[test]
    fn every_sale_is_in_one_segment_of_each_kind() {
        let sales: Vec<Sale> = Generator::new(4).take(500).collect();
        let stones: Vec<Stone> = sales.iter().map(|sale| sale.stone).collect();
        let truth: Vec<f64> = sales.iter().map(|sale| sale.price_usd).collect();
        let predicted: Vec<f64> = truth.iter().map(|price| price * 1.1).collect();
        let found = segments(&stones, &truth, &predicted);
        for feature in ["carat", "price", "cut", "color", "clarity"] {
            let of: Vec<&SegmentMetrics> = found.iter().filter(|segment| segment.feature == feature).collect();
            assert_eq!(of.iter().map(|segment| segment.rows).sum::<i64>(), 500, "{feature}");
            assert!(of.iter().all(|one| (one.bias - 0.1).abs() < 1e-9 && (one.mape - 0.1).abs() < 1e-9), "{of:?}");
        }
        assert_eq!(found[0].segment, "below 0.5 ct");
        assert!(found.iter().any(|segment| segment.segment == "$1,000 to $2,500"));
    }

    #[test]
    fn the_furthest_off_are_found_in_both_directions() {
        let sales: Vec<Sale> = Generator::new(4).take(20).collect();
        let mut predicted: Vec<f64> = sales.iter().map(|sale| sale.price_usd).collect();
        predicted[3] *= 10.0;
        predicted[11] /= 4.0;
        predicted[7] = -5.0;
        assert_eq!(worst_residuals(&sales, &predicted, 3), [7, 3, 11]);
    }
}
