//! Ordinary least squares on weight, length and one column for each grade: simple, fast, and easy to check by hand.
//!
//! As in the notebook, depth, table, y and z are left out (they follow from the rest) and the first grade of each scale,
//! alphabetically, is the reference for the others. Price and log price are both fitted, and the one
//! with the smaller error in dollars is kept.

use linfa::Dataset;
use linfa::traits::Fit;
use linfa_linear::LinearRegression;
use ndarray::Array1;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::{Contributions, Family, FamilyError, FitPlan, Fitted, Model};
use crate::diamond::{Grade, Sale, Stone};
use crate::learning::evaluation::Split;
use crate::learning::evaluation::mean_absolute_error;
use crate::learning::features::{Feature, KnownGrades, Target, encode_f64};

const NAME: &str = "linear";

/// The family of linear models.
pub struct Linear;

impl Family for Linear {
    fn name(&self) -> &'static str {
        NAME
    }

    fn description(&self) -> &'static str {
        "A straight line through weight, length and grades: rough, but quick and easy to check."
    }

    fn fit(&self, sales: &[Sale], _plan: &FitPlan<'_>) -> Result<Fitted, FamilyError> {
        let target = choose_target(sales)?;
        let model = LinearModel::fit(sales, target)?;
        let features = model.columns.iter().map(|column| column.feature).collect();
        let bytes = serde_json::to_vec(&model).map_err(|error| FamilyError::Unfit {
            family: NAME,
            sales: sales.len(),
            reason: error.to_string(),
        })?;
        let coefficients: Map<String, Value> =
            model.columns.iter().map(|column| (column.feature.name(), json!(column.coefficient))).collect();
        let hyperparameters = Map::from_iter([
            ("target".to_owned(), json!(target)),
            ("intercept".to_owned(), json!(model.intercept)),
            ("coefficients".to_owned(), Value::Object(coefficients)),
        ]);
        Ok(Fitted { model: Box::new(model), bytes, features, target, hyperparameters, trials: Vec::new() })
    }

    fn load(&self, bytes: &[u8]) -> Result<Box<dyn Model>, FamilyError> {
        let model: LinearModel = serde_json::from_slice(bytes).map_err(|error| unreadable(error.to_string()))?;
        if model.grades.lacks_a_scale() {
            return Err(unreadable("it lists no grades".to_owned()));
        }
        Ok(Box::new(model))
    }
}

/// The target with the smaller error in dollars on a fifth of the sales that neither fit has seen; one with prices below zero
/// there is excluded.
fn choose_target(sales: &[Sale]) -> Result<Target, FamilyError> {
    let (train, check) = Split::new("linear target", 0.2).part(sales);
    let truth: Vec<f64> = check.iter().map(|sale| sale.price_usd).collect();
    let mut best = (f64::INFINITY, Target::LogPrice);
    for target in Target::ALL {
        let model = LinearModel::fit(&train, target)?;
        let predicted: Vec<f64> = check.iter().map(|sale| model.price_usd(&sale.stone)).collect();
        let mae_usd = mean_absolute_error(&truth, &predicted);
        // a fit that predicts prices below zero for stones like these is of no use
        let are_prices = predicted.iter().all(|price| *price > 0.0 && price.is_finite());
        if are_prices && mae_usd < best.0 {
            best = (mae_usd, target);
        }
    }
    Ok(best.1)
}

/// A linear model as it is stored.
#[derive(Debug, Serialize, Deserialize)]
struct LinearModel {
    target: Target,
    intercept: f64,
    columns: Vec<Column>,
    /// The grades in the training data; a stone with another grade is priced with the nearest of these.
    #[serde(flatten)]
    grades: KnownGrades,
}

#[derive(Debug, Serialize, Deserialize)]
struct Column {
    feature: Feature,
    coefficient: f64,
}

impl LinearModel {
    /// Solves min ‖target(price) − (X·w + b)‖² for the coefficients `w` and the intercept `b`, X of shape
    /// `(n_sales, n_features)`.
    fn fit(sales: &[Sale], target: Target) -> Result<Self, FamilyError> {
        let unfit = |reason: String| FamilyError::Unfit { family: NAME, sales: sales.len(), reason };
        let stones: Vec<Stone> = sales.iter().map(|sale| sale.stone).collect();
        let grades = KnownGrades::of(&stones);
        let mut features = vec![Feature::Carat, Feature::X];
        features.extend(after_base_line(&grades.cuts).map(Feature::CutIs));
        features.extend(after_base_line(&grades.colors).map(Feature::ColorIs));
        features.extend(after_base_line(&grades.clarities).map(Feature::ClarityIs));
        if sales.len() <= features.len() {
            return Err(unfit(format!("{} columns need more rows than that: ingest more sales", features.len())));
        }
        let truth: Array1<f64> = sales.iter().map(|sale| target.from_price(sale.price_usd)).collect();
        let solved =
            LinearRegression::default().fit(&Dataset::new(encode_f64(&features, &stones), truth)).map_err(|error| {
                unfit(format!("the columns do not determine a price ({error}): ingest more varied sales"))
            })?;
        if !solved.params().iter().chain([&solved.intercept()]).all(|number| number.is_finite()) {
            return Err(unfit("weight, length and grades do not vary enough: ingest more varied sales".to_owned()));
        }
        let columns = features
            .iter()
            .zip(solved.params())
            .map(|(feature, coefficient)| Column { feature: *feature, coefficient: *coefficient })
            .collect();
        Ok(Self { target, intercept: solved.intercept(), columns, grades })
    }
}

/// The grades except the alphabetically first, in alphabetical order.
fn after_base_line<G: Grade>(grades: &[G]) -> impl Iterator<Item = G> {
    let mut sorted = grades.to_vec();
    sorted.sort_by_key(|grade| grade.name());
    sorted.into_iter().skip(1)
}

impl LinearModel {
    /// The contribution of each column for `stone`: coefficient times value.
    fn terms(&self, stone: &Stone) -> impl Iterator<Item = (Feature, f64)> {
        self.columns.iter().map(|column| (column.feature, column.feature.value(stone) * column.coefficient))
    }
}

impl Model for LinearModel {
    fn price_usd(&self, stone: &Stone) -> f64 {
        let sum: f64 = self.terms(&self.grades.nearest(stone)).map(|(_, term)| term).sum();
        self.target.to_price(sum + self.intercept)
    }

    /// Coefficient times the difference to the typical stone: the Shapley values of a sum.
    fn contributions(&self, stone: &Stone, typical: &Stone) -> Result<Contributions, FamilyError> {
        let (stone, typical) = (self.grades.nearest(stone), self.grades.nearest(typical));
        let base: f64 = self.terms(&typical).map(|(_, term)| term).sum();
        let differences = self.columns.iter().map(|Column { feature, coefficient }| {
            (*feature, (feature.value(&stone) - feature.value(&typical)) * coefficient)
        });
        Ok(Contributions::join(self.target, base + self.intercept, differences))
    }
}

fn unreadable(reason: String) -> FamilyError {
    FamilyError::Unreadable { family: NAME, reason }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diamond::Cut;
    use crate::generator::Generator;

    #[test]
    fn a_price_made_by_a_formula_gives_the_formula_back() {
        let sales: Vec<Sale> = Generator::new(2)
            .take(400)
            .map(|mut sale| {
                sale.price_usd =
                    100.0 + 4_000.0 * sale.stone.weight_carat + f64::from(sale.stone.cut == Cut::Ideal) * 50.0;
                sale
            })
            .collect();
        let model = LinearModel::fit(&sales, Target::Price).expect("a fit");
        let coefficient = |name: &str| {
            model.columns.iter().find(|column| column.feature.name() == name).expect("a column").coefficient
        };
        assert!((coefficient("carat") - 4_000.0).abs() < 1e-6);
        assert!((coefficient("cut_Ideal") - 50.0).abs() < 1e-6);
        assert!(coefficient("x").abs() < 1e-6);
        assert!((model.intercept - 100.0).abs() < 1e-6);
    }
}
