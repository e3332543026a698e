//! Boosted trees without tuning: one number controls how long to learn.
//!
//! The library is `perpetual`, written in Rust. It chooses the size of each tree and the number of trees itself, by
//! how much each step lowers the loss on sales that the step was not fitted to.
//!
//! <https://perpetual-ml.com>

use ::perpetual::objective::Objective;
use ::perpetual::{Matrix, PerpetualBooster};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::{Family, FamilyError, FitPlan, Fitted, Model};
use crate::diamond::{Sale, Stone};
use crate::learning::features::{Feature, KnownGrades, Target, encode_f64, with_derived};

const NAME: &str = "perpetual";
/// How long to learn, in the library's own unit: 1 is its default, and each 0.5 more takes about twice as long, which is worth
/// it for sales of diamonds.
const BUDGET: f32 = 2.0;
/// The target: the logarithm, so that a small stone counts as much as a large one.
const TARGET: Target = Target::LogPrice;

/// The family of boosted trees that need no tuning.
pub struct Perpetual;

impl Family for Perpetual {
    fn name(&self) -> &'static str {
        NAME
    }

    fn description(&self) -> &'static str {
        "Decision trees that mend each other and find out by themselves when to stop: sharper than a line, in seconds."
    }

    fn fit(&self, sales: &[Sale], plan: &FitPlan<'_>) -> Result<Fitted, FamilyError> {
        let unfit = |reason: String| FamilyError::Unfit { family: NAME, sales: sales.len(), reason };
        let stones: Vec<Stone> = sales.iter().map(|sale| sale.stone).collect();
        let features = with_derived();
        let truth: Vec<f64> = sales.iter().map(|sale| TARGET.from_price(sale.price_usd)).collect();
        // the library expects column after column
        let columns: Vec<f64> = encode_f64(&features, &stones).reversed_axes().iter().copied().collect();
        let mut booster = PerpetualBooster::default()
            .set_objective(Objective::SquaredLoss)
            .set_budget(BUDGET)
            .set_seed(plan.seed)
            // one thread: the same sums in the same order, hence the same bytes
            .set_num_threads(Some(1));
        booster
            .fit(&Matrix::new(&columns, stones.len(), features.len()), &truth, None, None)
            .map_err(|error| unfit(error.to_string()))?;
        let trees = booster.trees.len();
        let model =
            PerpetualModel { target: TARGET, features: features.clone(), grades: KnownGrades::of(&stones), booster };
        // the library keeps the nodes of a tree in random order: sorted, the same model has the same bytes
        let mut document = serde_json::to_value(&model).map_err(|error| unfit(error.to_string()))?;
        document.sort_all_objects();
        let hyperparameters = Map::from_iter([
            ("budget".to_owned(), json!(BUDGET)),
            ("trees".to_owned(), json!(trees)),
            ("seed".to_owned(), json!(plan.seed)),
        ]);
        Ok(Fitted {
            model: Box::new(model),
            bytes: Value::to_string(&document).into_bytes(),
            features,
            target: TARGET,
            hyperparameters,
            trials: Vec::new(),
        })
    }

    fn load(&self, bytes: &[u8]) -> Result<Box<dyn Model>, FamilyError> {
        let model: PerpetualModel = serde_json::from_slice(bytes).map_err(|error| unreadable(error.to_string()))?;
        if model.grades.lacks_a_scale() {
            return Err(unreadable("it lists no grades".to_owned()));
        }
        Ok(Box::new(model))
    }
}

/// A model. Its explanations are computed as for any model: the library's own contributions leave out the linear part that it
/// adds to its trees.
#[derive(Serialize, Deserialize)]
struct PerpetualModel {
    target: Target,
    features: Vec<Feature>,
    /// The grades in the training data; a stone with another grade is priced with the nearest of these.
    grades: KnownGrades,
    booster: PerpetualBooster,
}

impl PerpetualModel {
    fn row_of(&self, stone: &Stone) -> Vec<f64> {
        let known = self.grades.nearest(stone);
        self.features.iter().map(|feature| feature.value(&known)).collect()
    }
}

impl Model for PerpetualModel {
    fn price_usd(&self, stone: &Stone) -> f64 {
        let row = self.row_of(stone);
        self.target.to_price(self.booster.predict(&Matrix::new(&row, 1, row.len()), false)[0])
    }
}

fn unreadable(reason: String) -> FamilyError {
    FamilyError::Unreadable { family: NAME, reason }
}
