//! Boosted trees without tuning: one number controls how long to learn.
//!
//! The library is `perpetual`, written in Rust. It chooses the size of each tree and the number of trees itself, by
//! how much each step lowers the loss on sales that the step was not fitted to.
//!
//! <https://perpetual-ml.com>

mod trees;

use ::perpetual::objective::Objective;
use ::perpetual::{Matrix, PerpetualBooster};
use serde::{Deserialize, Serialize};
use serde_json::{Map, json};

use self::trees::Trees;
use super::{Family, FamilyError, FitPlan, Fitted, Model, SalesSource};
use crate::diamond::{Stone, Told};
use crate::learning::features::{FOUR_CS, Feature, KnownGrades, Target, encode_f64, with_derived};
use crate::words::marked;

const NAME: &str = "perpetual";
/// The first bytes of a model: `MessagePack` follows.
const MAGIC: &[u8] = b"perpetual-2\n";
/// How long to learn, in the library's own unit: 1 is its default, and each 0.5 more takes about twice as long. At 2 it learns
/// the training sales by heart and errs more on others.
const BUDGET: f32 = 1.5;
/// Memory of a fit in gigabytes: it bounds the number of nodes of a tree.
const MEMORY_GB: f32 = 0.6;
/// Most trees; it stops earlier by itself.
const MAX_TREES: usize = 1_000;
/// Most sales that a model is fitted to: of more, it takes a sample, because its time grows faster than their number.
const MAX_SALES: usize = 50_000;
/// Fewest sales of which every measure is known from which trees learn the measures.
const LEAST_WHOLE: usize = 50;
/// The target: the logarithm, so that a small stone counts as much as a large one.
const TARGET: Target = Target::LogPrice;

/// The family of boosted trees that need no tuning.
pub struct Perpetual;

impl Family for Perpetual {
    fn name(&self) -> &'static str {
        NAME
    }

    fn description(&self) -> &'static str {
        marked(
            "Decision trees that mend each other and find out by themselves when to stop: sharper than a line, in seconds.",
        )
    }

    fn incomplete_stones(&self) -> &'static str {
        marked("Trees of their own, which know the four Cs only, price stones of which a measure was not told.")
    }

    fn fit(&self, sales: &dyn SalesSource, plan: &FitPlan<'_>) -> Result<Fitted, FamilyError> {
        let sales = sales.sample(MAX_SALES)?;
        let unfit = |reason: String| FamilyError::Unfit { family: NAME, sales: sales.len(), reason };
        let stones: Vec<Stone> = sales.iter().map(|sale| sale.stone).collect();
        let truth: Vec<f64> = sales.iter().map(|sale| TARGET.from_price(sale.price_usd)).collect();
        let (whole, of_whole): (Vec<Stone>, Vec<f64>) =
            stones.iter().zip(&truth).filter(|(stone, _)| stone.told() == Told::Whole).unzip();
        let features = with_derived();
        let grow_four_cs = || grow(&FOUR_CS, &stones, &truth, plan.seed);
        let grow_whole = || grow(&features, &whole, &of_whole, plan.seed);
        let (four_cs, trees) = if whole.len() < LEAST_WHOLE {
            (grow_four_cs(), None)
        } else if plan.threads < 2 {
            (grow_four_cs(), Some(grow_whole()))
        } else {
            std::thread::scope(|scope| {
                let four_cs = scope.spawn(grow_four_cs);
                let trees = grow_whole();
                let four_cs = four_cs.join().unwrap_or_else(|_| Err("the library panicked".to_owned()));
                (four_cs, Some(trees))
            })
        };
        let four_cs = four_cs.map_err(unfit)?;
        // where nearly nothing but the four Cs is known of what was sold, nothing else can be learnt
        let (features, trees) = match trees {
            Some(trees) => (features, trees.map_err(unfit)?),
            None => (FOUR_CS.to_vec(), four_cs.clone()),
        };
        let hyperparameters = Map::from_iter([
            ("budget".to_owned(), json!(BUDGET)),
            ("trees".to_owned(), json!(trees.count())),
            ("seed".to_owned(), json!(plan.seed)),
        ]);
        let model = PerpetualModel {
            target: TARGET,
            features: features.clone(),
            grades: KnownGrades::of(&stones),
            trees,
            four_cs: Some(four_cs),
            is_mean: true,
        };
        let mut bytes = MAGIC.to_vec();
        rmp_serde::encode::write_named(&mut bytes, &model).map_err(|error| unfit(error.to_string()))?;
        Ok(Fitted { model: Box::new(model), bytes, features, target: TARGET, hyperparameters, trials: Vec::new() })
    }

    fn load(&self, bytes: &[u8]) -> Result<Box<dyn Model>, FamilyError> {
        let model = match bytes.strip_prefix(MAGIC) {
            Some(bytes) => rmp_serde::from_slice(bytes).map_err(|error| unreadable(error.to_string()))?,
            None => PerpetualModel::from_library_form(bytes)?,
        };
        if model.grades.lacks_a_scale() {
            return Err(unreadable("it lists no grades".to_owned()));
        }
        let are_four_cs_valid = model.four_cs.as_ref().is_none_or(|trees| trees.is_valid(FOUR_CS.len()));
        if !are_four_cs_valid || !model.trees.is_valid(model.features.len()) {
            return Err(unreadable("its trees are damaged".to_owned()));
        }
        Ok(Box::new(model))
    }
}

/// The trees that the library grows for `truth`, the targets of `stones`, on these columns.
fn grow(features: &[Feature], stones: &[Stone], truth: &[f64], seed: u64) -> Result<Trees, String> {
    // the library expects column after column
    let columns: Vec<f64> = encode_f64(features, stones).reversed_axes().iter().copied().collect();
    let mut booster = PerpetualBooster::default()
        .set_objective(Objective::SquaredLoss)
        .set_budget(BUDGET)
        .set_seed(seed)
        // without these, the size of a tree would depend on the memory that happens to be free
        .set_memory_limit(Some(MEMORY_GB))
        .set_iteration_limit(Some(MAX_TREES))
        // one thread: the same sums in the same order, hence the same bytes
        .set_num_threads(Some(1));
    booster
        .fit(&Matrix::new(&columns, stones.len(), features.len()), truth, None, None)
        .map_err(|error| error.to_string())?;
    Trees::of(&booster).ok_or_else(|| "the library made trees of an unknown kind".to_owned())
}

/// A model.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct PerpetualModel {
    target: Target,
    features: Vec<Feature>,
    /// The grades in the training data; a stone with another grade is priced with the nearest of these.
    grades: KnownGrades,
    trees: Trees,
    /// For stones of which a measure was not told. Models of earlier versions have none.
    #[serde(default)]
    four_cs: Option<Trees>,
    /// Whether a whole stone is priced by the mean of both kinds of trees, on the target: they err in other places. In models of earlier
    /// versions the first trees price it alone.
    #[serde(default)]
    is_mean: bool,
}

/// A model as the first versions of this program stored it: with the library's own form, as JSON.
#[derive(Serialize, Deserialize)]
struct LibraryForm {
    target: Target,
    features: Vec<Feature>,
    grades: KnownGrades,
    booster: PerpetualBooster,
}

impl PerpetualModel {
    fn from_library_form(bytes: &[u8]) -> Result<Self, FamilyError> {
        let LibraryForm { target, features, grades, booster } =
            serde_json::from_slice(bytes).map_err(|error| unreadable(error.to_string()))?;
        let trees = Trees::of(&booster).ok_or_else(|| unreadable("its trees are of an unknown kind".to_owned()))?;
        Ok(Self { target, features, grades, trees, four_cs: None, is_mean: false })
    }

    fn row_of(features: &[Feature], stone: &Stone) -> Vec<f64> {
        features.iter().map(|feature| feature.value(stone)).collect()
    }
}

impl Model for PerpetualModel {
    fn price_usd(&self, stone: &Stone) -> f64 {
        let known = self.grades.nearest(stone);
        let by_all = || self.trees.predict(&Self::row_of(&self.features, &known.with_usual_measures()));
        let value = match &self.four_cs {
            Some(four_cs) => {
                let by_four_cs = four_cs.predict(&Self::row_of(&FOUR_CS, &known));
                match (known.told(), self.is_mean) {
                    (Told::Whole, true) => f64::midpoint(by_four_cs, by_all()),
                    (Told::Whole, false) => by_all(),
                    _ => by_four_cs,
                }
            }
            None => by_all(),
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
    use crate::diamond::Sale;
    use crate::generator::Generator;

    /// The library's own model for `count` sales, and stones that it has not seen.
    fn library_form(count: usize) -> (LibraryForm, Vec<Stone>) {
        let mut sales: Vec<Sale> = Generator::new(3).take(count + 200).collect();
        let fresh = sales.split_off(count).into_iter().map(|sale| sale.stone).collect();
        let stones: Vec<Stone> = sales.iter().map(|sale| sale.stone).collect();
        let features = with_derived();
        let columns: Vec<f64> = encode_f64(&features, &stones).reversed_axes().iter().copied().collect();
        let truth: Vec<f64> = sales.iter().map(|sale| TARGET.from_price(sale.price_usd)).collect();
        let mut booster = PerpetualBooster::default()
            .set_objective(Objective::SquaredLoss)
            .set_budget(BUDGET)
            .set_num_threads(Some(1));
        booster.fit(&Matrix::new(&columns, stones.len(), features.len()), &truth, None, None).expect("a fit");
        (LibraryForm { target: TARGET, features, grades: KnownGrades::of(&stones), booster }, fresh)
    }

    #[test]
    fn the_stored_trees_predict_the_same_bits_as_the_library_with_and_without_its_line() {
        let mut have_line = Vec::new();
        for count in [300, 600, 1_200, 2_500] {
            let (library, fresh) = library_form(count);
            have_line.push(library.booster.regression_head.is_some());
            let json = serde_json::to_vec(&library).expect("its JSON");
            let model = PerpetualModel::from_library_form(&json).expect("an earlier model");
            for stone in &fresh {
                let row = PerpetualModel::row_of(&model.features, &model.grades.nearest(stone));
                let expected = library.booster.predict(&Matrix::new(&row, 1, row.len()), false)[0];
                assert_eq!(model.trees.predict(&row).to_bits(), expected.to_bits());
            }
        }
        assert!(have_line.contains(&true) && have_line.contains(&false), "{have_line:?}");
    }
}
