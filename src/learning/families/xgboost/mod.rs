//! Boosted trees with tuning: the more accurate of the first two families.
//!
//! A model is the mean, on the logarithm, of forests that start from a smooth curve of weight and grades, from the mean price, and, if
//! that helps, of one that knows the four Cs only. Every sale is learnt three times, with and without its measures.
//!
//! The bytes of a model are XGBoost's own JSON format, so that its other tools can read them. The target, the curve and its share are kept
//! in the model's attributes.

mod by_grade;
mod document;
mod elsewhere;
mod forest;
mod lightgbm;
mod settings;
mod training;
mod trees;
mod tuning;

use serde_json::json;

use self::settings::{Settings, TARGET};
pub use self::trees::TreeModel;
use super::{Family, FamilyError, FitPlan, Fitted, Model, SalesSource, TrainedElsewhere};
use crate::diamond::Sale;
use crate::words::marked;

const NAME: &str = "xgboost";
/// Most sales that a model is fitted to: its trees have no leaves for what more would tell (three times as many took 500 s longer and
/// 1 GB more, for $0 to $1 of the error), and each is learnt three times, for which the library needs about 450 bytes.
const MAX_SALES: usize = 500_000;
/// Name of the attribute with the name of the target.
const TARGET_ATTRIBUTE: &str = "diamonds_target";

/// Name of the attribute with the curve that the trees start from, as JSON, if there is one.
const TREND_ATTRIBUTE: &str = "diamonds_trend";
/// Name of the attribute with the share of that curve, from 0 to 1; all of it if there is none.
const SHARE_ATTRIBUTE: &str = "diamonds_trend_share";
/// Name of the attribute that says whether the trees have learnt what to do without a measure; if it is missing, those of a model with a
/// share have.
const GAPS_ATTRIBUTE: &str = "diamonds_learnt_missing_measures";

/// Name of the objective in models of LightGBM, which are kept in the same form.
const LIGHTGBM: &str = "lightgbm";

/// The family of boosted trees.
pub struct XgBoost;

impl Family for XgBoost {
    fn name(&self) -> &'static str {
        NAME
    }

    fn description(&self) -> &'static str {
        marked(
            "Forests of hundreds of decision trees, each mending what the ones before got wrong; tuned by trying many settings.",
        )
    }

    fn incomplete_stones(&self) -> &'static str {
        marked("The trees have learnt which way to go without a measure: every sale was learnt with and without them.")
    }

    fn fit(&self, sales: &dyn SalesSource, plan: &FitPlan<'_>) -> Result<Fitted, FamilyError> {
        let search = tuning::tune(sales, plan)?;
        let settings: Settings = search.best;
        let bytes = training::train(&sales.sample(MAX_SALES)?, &settings, plan.seed, plan.threads)?;
        let model = TreeModel::from_json(&bytes)?;
        let mut hyperparameters = settings.to_json();
        hyperparameters.insert("seed".to_owned(), json!(plan.seed));
        Ok(Fitted {
            features: model.features().to_vec(),
            model: Box::new(model),
            bytes,
            target: TARGET,
            hyperparameters,
            trials: search.trials,
        })
    }

    fn load(&self, bytes: &[u8]) -> Result<Box<dyn Model>, FamilyError> {
        Ok(Box::new(TreeModel::from_json(bytes)?))
    }

    fn elsewhere(&self) -> Option<&dyn TrainedElsewhere> {
        Some(self)
    }
}

/// The bytes of a model of two forests of `trees` trees with at most `leaves` leaves, fitted to `sales` without tuning: for benchmarks.
///
/// # Errors
/// If the library fails.
pub fn train_plain(sales: &[Sale], trees: u32, leaves: u32) -> Result<Vec<u8>, FamilyError> {
    let settings = Settings {
        n_estimators: trees,
        max_leaves: leaves,
        min_child_weight: 1,
        learning_rate: 0.05,
        four_cs_forest: false,
        ..Settings::start(sales.len())
    };
    training::train(sales, &settings, 1, 1)
}

/// An error of the library while fitting to `sales` rows.
fn unfit(sales: usize, reason: &impl ToString) -> FamilyError {
    FamilyError::Unfit { family: NAME, sales, reason: reason.to_string() }
}

fn unreadable(reason: impl Into<String>) -> FamilyError {
    FamilyError::Unreadable { family: NAME, reason: reason.into() }
}
