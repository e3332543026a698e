//! Least squares in one pass over any number of rows: memory depends on the number of columns only.
//!
//! The normal equations `XᵀX w = Xᵀy` are summed row by row, over columns that are shifted by about their means, which keeps
//! their condition small, with compensated sums (Neumaier, 1974), and solved by a Cholesky factorization. A second pass over
//! the residuals gives a step of refinement (Golub and Van Loan, "Matrix Computations", 4th edition, 5.3.8), after which the
//! coefficients agree with those of an orthogonal factorization to about ten digits.

use linfa_linalg::cholesky::{Cholesky, SolveC};
use ndarray::Array2;

use crate::diamond::Stone;
use crate::learning::features::Feature;

/// Where the columns with numbers are shifted to, about the means of diamonds that are sold.
const TYPICAL_CARAT: f64 = 0.8;
const TYPICAL_X_MM: f64 = 5.7;
/// Least square that the columns before may leave of a column, as a share of its own: less is rounding.
const LEAST_PIVOT: f64 = 1e-12;

/// Coefficients and intercept of a linear function.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Solution {
    pub coefficients: Vec<f64>,
    pub intercept: f64,
}

impl Solution {
    /// The function's value for `stone`.
    pub fn predict(&self, features: &[Feature], stone: &Stone) -> f64 {
        let terms = features.iter().zip(&self.coefficients).map(|(feature, weight)| feature.value(stone) * weight);
        self.intercept + terms.sum::<f64>()
    }
}

/// A sum that keeps what rounding takes away.
#[derive(Debug, Clone, Copy, Default)]
struct CompensatedSum {
    sum: f64,
    lost: f64,
}

impl CompensatedSum {
    fn add(&mut self, value: f64) {
        let next = self.sum + value;
        self.lost += if self.sum.abs() >= value.abs() { (self.sum - next) + value } else { (value - next) + self.sum };
        self.sum = next;
    }

    fn value(self) -> f64 {
        self.sum + self.lost
    }
}

/// The sums of the normal equations for `N` targets over the same rows. The last column is that of the intercept.
#[derive(Debug, Clone)]
pub(super) struct LeastSquares<const N: usize> {
    features: Vec<Feature>,
    /// `XᵀX`, its lower triangle row by row.
    products: Vec<CompensatedSum>,
    /// `Xᵀy` of each target.
    with_target: [Vec<CompensatedSum>; N],
    /// Places and values of the columns of a row that are not zero.
    row: Vec<(usize, f64)>,
}

impl<const N: usize> LeastSquares<N> {
    pub fn new(features: &[Feature]) -> Self {
        let columns = features.len() + 1;
        Self {
            features: features.to_vec(),
            products: vec![CompensatedSum::default(); columns * (columns + 1) / 2],
            with_target: std::array::from_fn(|_| vec![CompensatedSum::default(); columns]),
            row: Vec::with_capacity(columns),
        }
    }

    /// Adds a row: `stone` with the values of the targets.
    pub fn add(&mut self, stone: &Stone, targets: [f64; N]) {
        self.add_targets(stone, targets);
        for (index, (row, left)) in self.row.iter().enumerate() {
            for (column, right) in &self.row[..=index] {
                self.products[place_of(*row, *column)].add(left * right);
            }
        }
    }

    /// Adds a row to `Xᵀy` only.
    pub fn add_targets(&mut self, stone: &Stone, targets: [f64; N]) {
        self.row.clear();
        for (place, feature) in self.features.iter().enumerate() {
            let value = feature.value(stone) - shift_of(*feature);
            if value != 0.0 {
                self.row.push((place, value));
            }
        }
        self.row.push((self.features.len(), 1.0));
        for (sums, target) in self.with_target.iter_mut().zip(targets) {
            for (place, value) in &self.row {
                sums[*place].add(value * target);
            }
        }
    }

    /// Adds the rows of `other`, which has the same columns.
    pub fn merge(&mut self, other: &Self) {
        let pairs = self.products.iter_mut().zip(&other.products);
        let targets =
            self.with_target.iter_mut().zip(&other.with_target).flat_map(|(ours, theirs)| ours.iter_mut().zip(theirs));
        for (ours, theirs) in pairs.chain(targets) {
            ours.add(theirs.sum);
            ours.add(theirs.lost);
        }
    }

    /// The sums of some of the features only.
    pub fn restricted_to(&self, features: &[Feature]) -> Self {
        let mut places: Vec<usize> =
            features.iter().filter_map(|wanted| self.features.iter().position(|feature| feature == wanted)).collect();
        places.push(self.features.len());
        let pairs = (0..places.len()).flat_map(|row| (0..=row).map(move |column| (row, column)));
        Self {
            features: features.to_vec(),
            products: pairs
                .map(|(row, column)| {
                    let (row, column) = (places[row], places[column]);
                    self.products[place_of(row.max(column), row.min(column))]
                })
                .collect(),
            with_target: self.with_target.each_ref().map(|sums| places.iter().map(|place| sums[*place]).collect()),
            row: Vec::new(),
        }
    }

    /// The coefficients with the least sum of squares, for each target.
    ///
    /// # Errors
    /// If the rows do not determine them, in words for people.
    pub fn solve(&self) -> Result<[Solution; N], String> {
        self.solve_for(&self.with_target)
    }

    /// `solutions` corrected by what they leave over: `residuals` has the differences between targets and predictions.
    ///
    /// # Errors
    /// As for [`LeastSquares::solve`].
    pub fn refine(&self, solutions: &[Solution; N], residuals: &Self) -> Result<[Solution; N], String> {
        let steps = self.solve_for(&residuals.with_target)?;
        Ok(std::array::from_fn(|target| {
            let (old, step) = (&solutions[target], &steps[target]);
            let pairs = old.coefficients.iter().zip(&step.coefficients);
            Solution {
                coefficients: pairs.map(|(old, step)| old + step).collect(),
                intercept: old.intercept + step.intercept,
            }
        }))
    }

    fn solve_for(&self, right: &[Vec<CompensatedSum>; N]) -> Result<[Solution; N], String> {
        let undetermined = || "the columns do not determine a price: ingest more varied sales".to_owned();
        let columns = self.features.len() + 1;
        let mut products = Array2::from_shape_fn((columns, columns), |(row, column)| {
            self.products[place_of(row.max(column), row.min(column))].value()
        });
        let factor = products.cholesky().map_err(|_| undetermined())?;
        if (0..columns).any(|place| factor[[place, place]].powi(2) <= LEAST_PIVOT * products[[place, place]]) {
            return Err(undetermined());
        }
        let right = Array2::from_shape_fn((columns, N), |(column, target)| right[target][column].value());
        let solved = products.solvec(&right).map_err(|_| undetermined())?;
        let solutions = solved.columns().into_iter().map(|weights| self.unshifted(weights.to_vec()));
        solutions.collect::<Result<Vec<_>, _>>()?.try_into().map_err(|_| undetermined())
    }

    /// The solution for columns that are not shifted.
    fn unshifted(&self, mut weights: Vec<f64>) -> Result<Solution, String> {
        let shifted = weights.pop().unwrap_or_default();
        let shift: f64 = self.features.iter().zip(&weights).map(|(feature, weight)| shift_of(*feature) * weight).sum();
        let intercept = shifted - shift;
        if !weights.iter().chain([&intercept]).all(|number| number.is_finite()) {
            return Err("weight, length and grades do not vary enough: ingest more varied sales".to_owned());
        }
        Ok(Solution { coefficients: weights, intercept })
    }
}

/// The place of a product in the triangle; `column` is not after `row`.
fn place_of(row: usize, column: usize) -> usize {
    row * (row + 1) / 2 + column
}

fn shift_of(feature: Feature) -> f64 {
    match feature {
        Feature::Carat => TYPICAL_CARAT,
        Feature::X => TYPICAL_X_MM,
        _ => 0.0,
    }
}
