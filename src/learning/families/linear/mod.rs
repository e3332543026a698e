//! Ordinary least squares on weight, length and one column for each grade: simple, fast, and easy to check by hand.
//!
//! As in the notebook, depth, table, y and z are left out (they follow from the rest) and the first grade of each scale,
//! alphabetically, is the reference for the others. Price and log price are both fitted, and the one
//! with the smaller error in dollars is kept.
//!
//! Stones whose length was not told have a fit of their own, on the four Cs, which learns all sales; the other learns those whose length is
//! known. If those are too few, or lack a grade, there is only the one on the four Cs.
//!
//! The sales are read block by block, three times, and need not fit in memory: see `least_squares`.

mod least_squares;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use self::least_squares::{LeastSquares, Solution};
use super::{Family, FamilyError, FitPlan, Fitted, Model, SalesSource};
use crate::diamond::{Clarity, Color, Cut, Grade, Sale, Stone, TEXTBOOK_LENGTH_OF_ONE_CARAT_MM};
use crate::learning::evaluation::Split;
use crate::learning::features::{Feature, KnownGrades, Target};
use crate::words::marked;

const NAME: &str = "linear";

/// The family of linear models.
pub struct Linear;

impl Family for Linear {
    fn name(&self) -> &'static str {
        NAME
    }

    fn description(&self) -> &'static str {
        marked("A straight line through weight, length and grades: rough, but quick and easy to check.")
    }

    fn incomplete_stones(&self) -> &'static str {
        marked(
            "A second line, through weight and grades, prices stones whose length was not told; it uses no other measure.",
        )
    }

    fn fit(&self, sales: &dyn SalesSource, _plan: &FitPlan<'_>) -> Result<Fitted, FamilyError> {
        let model = fit_best_target(sales)?;
        let target = model.target;
        let features = model.line.columns.iter().map(|column| column.feature).collect();
        let bytes = serde_json::to_vec(&model).map_err(|error| FamilyError::Unfit {
            family: NAME,
            sales: sales.count(),
            reason: error.to_string(),
        })?;
        let coefficients: Map<String, Value> =
            model.line.columns.iter().map(|column| (column.feature.name(), json!(column.coefficient))).collect();
        let hyperparameters = Map::from_iter([
            ("target".to_owned(), json!(target)),
            ("intercept".to_owned(), json!(model.line.intercept)),
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

/// Share of the sales on which the two targets are compared.
const CHECKED_SHARE: f64 = 0.2;

/// The sums over some sales, and what they are solved for.
struct Fit {
    grades: KnownGrades,
    features: Vec<Feature>,
    sums: LeastSquares<2>,
    solutions: [Solution; 2],
    /// The sums over what the solutions leave over.
    left: LeastSquares<2>,
}

impl Fit {
    /// Solves for the columns that sales with these `grades` have; `sums` may have more.
    fn new(grades: KnownGrades, sums: &LeastSquares<2>) -> Result<Self, String> {
        let features = LinearModel::features(&grades);
        let sums = sums.restricted_to(&features);
        let solutions = sums.solve()?;
        let left = LeastSquares::new(&features);
        Ok(Self { grades, features, sums, solutions, left })
    }

    fn add_left(&mut self, sale: &Sale) {
        let targets = targets(sale);
        let left =
            std::array::from_fn(|place| targets[place] - self.solutions[place].predict(&self.features, &sale.stone));
        self.left.add_targets(&sale.stone, left);
    }

    /// The models of both targets. The sums lose digits that the rest still has: a step of refinement brings them back.
    fn models(self) -> Result<Vec<LinearModel>, String> {
        let solutions = self.sums.refine(&self.solutions, &self.left)?;
        let models = Target::ALL.into_iter().zip(solutions);
        Ok(models.map(|(target, solution)| LinearModel::new(target, &self.features, &self.grades, solution)).collect())
    }
}

fn targets(sale: &Sale) -> [f64; 2] {
    Target::ALL.map(|target| target.from_price(sale.price_usd))
}

/// The model of the target with the smaller error in dollars on a fifth of the sales, which the two models that are compared
/// have not seen; a target with prices below zero there is excluded. The model itself is fitted to all sales.
fn fit_best_target(sales: &dyn SalesSource) -> Result<LinearModel, FamilyError> {
    let failed = |reason: String| unfit(sales, reason);
    let split = Split::new("linear target", CHECKED_SHARE);
    let every_feature = LinearModel::features(&KnownGrades::all());
    // the first grade of each scale may be missing, and then another one is the reference: so all have columns here
    let mut columns = every_feature.clone();
    columns.extend([
        Feature::CutIs(first(Cut::ALL)),
        Feature::ColorIs(first(Color::ALL)),
        Feature::ClarityIs(first(Clarity::ALL)),
    ]);
    let (mut grades, mut trained_grades) = (KnownGrades::none(), KnownGrades::none());
    let (mut all, mut trained) = (LeastSquares::new(&columns), LeastSquares::new(&columns));
    let mut four_cs = LeastSquares::new(&columns);
    let mut grades_of_four_cs = KnownGrades::none();
    let mut measured = 0;
    // whether a sale is checked is worked out once
    let mut checked = Vec::with_capacity(sales.count());
    sales.for_each_block(&mut |block| {
        for sale in block {
            let is_checked = split.picks(sale);
            checked.push(is_checked);
            four_cs.add(&with_usual_length(&sale.stone), targets(sale));
            grades_of_four_cs.add(std::iter::once(&sale.stone));
            if !is_measured(sale) {
                continue;
            }
            measured += 1;
            let (sums, grades) = if is_checked { (&mut all, &mut grades) } else { (&mut trained, &mut trained_grades) };
            sums.add(&sale.stone, targets(sale));
            grades.add(std::iter::once(&sale.stone));
        }
    })?;
    all.merge(&trained);
    grades.merge(&trained_grades);
    let needed = LinearModel::features(&grades_of_four_cs).len();
    if sales.count() <= needed {
        return Err(failed(format!("{needed} columns need more rows than that: ingest more sales")));
    }
    if measured <= needed || grades != grades_of_four_cs {
        return fit_four_cs(sales, grades_of_four_cs, &four_cs).map_err(failed);
    }
    let mut by_all = Fit::new(grades.clone(), &all).map_err(failed)?;
    let mut by_four_cs = Fit::new(grades, &four_cs).map_err(failed)?;
    let mut by_trained = Fit::new(trained_grades, &trained).map_err(failed)?;
    let mut is_checked = checked.iter();
    sales.for_each_block(&mut |block| {
        for sale in block {
            by_four_cs.add_left(&Sale { stone: with_usual_length(&sale.stone), ..*sale });
            let is_checked = is_checked.next() == Some(&true);
            if is_measured(sale) {
                by_all.add_left(sale);
                if !is_checked {
                    by_trained.add_left(sale);
                }
            }
        }
    })?;
    let compared = by_trained.models().map_err(failed)?;
    let chosen = choose_target(sales, &compared, &checked)?;
    let mut model = by_all.models().map_err(failed)?.swap_remove(chosen);
    let LinearModel { line, .. } = by_four_cs.models().map_err(failed)?.swap_remove(chosen);
    model.four_cs = Some(line);
    Ok(model)
}

/// Whether the length of a sold stone is known.
fn is_measured(sale: &Sale) -> bool {
    !sale.stone.x_mm.is_nan()
}

/// The model of the logarithm of the price on the four Cs alone, for sales that tell no more.
fn fit_four_cs(sales: &dyn SalesSource, grades: KnownGrades, sums: &LeastSquares<2>) -> Result<LinearModel, String> {
    let mut fit = Fit::new(grades, sums)?;
    let read = sales.for_each_block(&mut |block| {
        for sale in block {
            fit.add_left(&Sale { stone: with_usual_length(&sale.stone), ..*sale });
        }
    });
    read.map_err(|error| error.to_string())?;
    let of_log_price = fit.models()?.into_iter().find(|model| model.target == Target::LogPrice);
    let model = of_log_price.ok_or_else(|| "there is no such target".to_owned())?;
    Ok(LinearModel { needs_no_length: true, ..model })
}

/// The stone with the length that follows from its weight: the line through the four Cs bends with it as the other does.
fn with_usual_length(stone: &Stone) -> Stone {
    Stone { x_mm: TEXTBOOK_LENGTH_OF_ONE_CARAT_MM * stone.weight_carat.cbrt(), ..*stone }
}

/// The first grade in alphabetical order.
fn first<G: Grade>(grades: &[G]) -> G {
    *grades.iter().min_by_key(|grade| grade.name()).unwrap_or(&grades[0])
}

/// The place of the model with the smaller error on the `checked` sales.
fn choose_target(sales: &dyn SalesSource, models: &[LinearModel], checked: &[bool]) -> Result<usize, FamilyError> {
    let mut errors = vec![(0.0, true); models.len()];
    let mut place = 0;
    sales.for_each_block(&mut |block| {
        for sale in block {
            if checked[place] && is_measured(sale) {
                for ((total_usd, are_prices), model) in errors.iter_mut().zip(models) {
                    let predicted = model.price_usd(&sale.stone);
                    *total_usd += (predicted - sale.price_usd).abs();
                    // a fit that predicts prices below zero for stones like these is of no use
                    *are_prices &= predicted > 0.0 && predicted.is_finite();
                }
            }
            place += 1;
        }
    })?;
    let log_price = models.iter().position(|model| model.target == Target::LogPrice).unwrap_or_default();
    let usable = (0..models.len()).filter(|model| errors[*model].1);
    Ok(usable.min_by(|a, b| errors[*a].0.total_cmp(&errors[*b].0)).unwrap_or(log_price))
}

fn unfit(sales: &dyn SalesSource, reason: String) -> FamilyError {
    FamilyError::Unfit { family: NAME, sales: sales.count(), reason }
}

/// A linear model as it is stored.
#[derive(Debug, Serialize, Deserialize)]
struct LinearModel {
    target: Target,
    #[serde(flatten)]
    line: Line,
    /// For stones whose length was not told. Models of earlier versions have none.
    #[serde(default)]
    four_cs: Option<Line>,
    /// Whether it was fitted to the four Cs alone, because lengths of sold stones are not known: then no length counts.
    #[serde(default)]
    needs_no_length: bool,
    /// The grades in the training data; a stone with another grade is priced with the nearest of these.
    #[serde(flatten)]
    grades: KnownGrades,
}

/// A linear function of some columns.
#[derive(Debug, Serialize, Deserialize)]
struct Line {
    intercept: f64,
    columns: Vec<Column>,
}

impl Line {
    fn value(&self, stone: &Stone) -> f64 {
        let terms = self.columns.iter().map(|column| column.feature.value(stone) * column.coefficient);
        terms.sum::<f64>() + self.intercept
    }
}

#[derive(Debug, Serialize, Deserialize)]
struct Column {
    feature: Feature,
    coefficient: f64,
}

impl LinearModel {
    /// The columns for sales with these grades.
    fn features(grades: &KnownGrades) -> Vec<Feature> {
        let mut features = vec![Feature::Carat, Feature::X];
        features.extend(after_base_line(&grades.cuts).map(Feature::CutIs));
        features.extend(after_base_line(&grades.colors).map(Feature::ColorIs));
        features.extend(after_base_line(&grades.clarities).map(Feature::ClarityIs));
        features
    }

    fn new(target: Target, features: &[Feature], grades: &KnownGrades, solution: Solution) -> Self {
        let columns = features.iter().zip(solution.coefficients);
        let columns = columns.map(|(feature, coefficient)| Column { feature: *feature, coefficient }).collect();
        Self {
            target,
            line: Line { intercept: solution.intercept, columns },
            four_cs: None,
            needs_no_length: false,
            grades: grades.clone(),
        }
    }
}

/// The grades except the alphabetically first, in alphabetical order.
fn after_base_line<G: Grade>(grades: &[G]) -> impl Iterator<Item = G> {
    let mut sorted = grades.to_vec();
    sorted.sort_by_key(|grade| grade.name());
    sorted.into_iter().skip(1)
}

impl Model for LinearModel {
    fn price_usd(&self, stone: &Stone) -> f64 {
        let known = self.grades.nearest(stone);
        let value = if self.needs_no_length || stone.x_mm.is_nan() {
            self.four_cs.as_ref().unwrap_or(&self.line).value(&with_usual_length(&known))
        } else {
            self.line.value(&known)
        };
        self.target.to_price(value)
    }
}

fn unreadable(reason: String) -> FamilyError {
    FamilyError::Unreadable { family: NAME, reason }
}

#[cfg(test)]
mod tests {
    use super::*;
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
        let model = fit_best_target(&sales).expect("a fit");
        assert_eq!(model.target, Target::Price);
        let coefficient = |name: &str| {
            model.line.columns.iter().find(|column| column.feature.name() == name).expect("a column").coefficient
        };
        assert!((coefficient("carat") - 4_000.0).abs() < 1e-6);
        assert!((coefficient("cut_Ideal") - 50.0).abs() < 1e-6);
        assert!(coefficient("x").abs() < 1e-6);
        assert!((model.line.intercept - 100.0).abs() < 1e-6);
    }

    #[test]
    fn sales_without_a_length_teach_the_four_cs_and_no_made_up_length() {
        let sales: Vec<Sale> = Generator::new(2).take(2_000).collect();
        let strip = |share: usize| -> Vec<Sale> {
            let stripped = sales.iter().enumerate().map(|(place, sale)| {
                if place % 10 < share { Sale { stone: sale.stone.with_four_cs_only(), ..*sale } } else { *sale }
            });
            stripped.collect()
        };
        let [whole, half, none] = [0, 5, 10].map(|share| fit_best_target(&strip(share)).expect("a fit"));
        assert!(!whole.needs_no_length && !half.needs_no_length && none.needs_no_length);
        let length = |model: &LinearModel| {
            model.line.columns.iter().find(|column| column.feature == Feature::X).expect("a column").coefficient
        };
        let measured: Vec<Sale> = strip(5).into_iter().filter(is_measured).collect();
        let of_measured = fit_best_target(&measured).expect("a fit");
        assert!((length(&half) / length(&of_measured) - 1.0).abs() < 1e-6, "lengths come from measured stones alone");
        let stone = sales[3].stone;
        for told in [stone, stone.with_four_cs_only()] {
            assert_eq!(none.price_usd(&told).to_bits(), none.price_usd(&stone.without_sizes()).to_bits());
        }
    }

    #[test]
    fn grades_that_only_the_checked_sales_have_do_no_harm() {
        for seed in 0..40 {
            let sales: Vec<Sale> = Generator::new(seed).take(110).collect();
            fit_best_target(&sales).unwrap_or_else(|error| panic!("seed {seed}: {error}"));
        }
    }
}
