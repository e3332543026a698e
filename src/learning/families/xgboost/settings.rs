//! The hyper-parameters of boosted trees.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::learning::features::{Feature, Target, with_derived};

/// The target of the trees: the logarithm, so that a small stone counts as much as a large one.
pub const TARGET: Target = Target::LogPrice;

/// The features of the trees.
pub fn features() -> Vec<Feature> {
    with_derived()
}

/// The loss function.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Objective {
    /// Squared error: the trees approximate the mean.
    #[serde(rename = "reg:squarederror")]
    Squared,
    /// Absolute error: the trees approximate the median, and large errors count less.
    #[serde(rename = "reg:absoluteerror")]
    Absolute,
}

impl Objective {
    pub const ALL: [Self; 2] = [Self::Squared, Self::Absolute];

    fn name(self) -> &'static str {
        match self {
            Self::Squared => "reg:squarederror",
            Self::Absolute => "reg:absoluteerror",
        }
    }
}

/// The start of the trees.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Base {
    /// The mean of the target.
    Mean,
    /// A smooth curve of weight and grades.
    Trend,
}

impl Base {
    pub const ALL: [Self; 2] = [Self::Mean, Self::Trend];
}

/// One point of the search space. The names of the numbers are XGBoost's.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Settings {
    pub base: Base,
    pub objective: Objective,
    /// Whether the trees must not lower the price for a heavier stone or a better grade, all else equal. Features that are
    /// derived from the weight, and a trend, are not bound: lower prices become rarer and do not end (docs/errors.md).
    pub monotone: bool,
    pub n_estimators: u32,
    pub learning_rate: f64,
    pub max_depth: u32,
    pub min_child_weight: u32,
    pub subsample: f64,
    pub colsample_bytree: f64,
    pub reg_lambda: f64,
    pub reg_alpha: f64,
}

impl Settings {
    /// The start of every search: settings that do well on sales of diamonds without any tuning.
    pub const START: Self = Self {
        base: Base::Trend,
        objective: Objective::Absolute,
        monotone: false,
        n_estimators: 1_500,
        learning_rate: 0.02,
        max_depth: 5,
        min_child_weight: 3,
        subsample: 0.8,
        colsample_bytree: 0.7,
        reg_lambda: 1.0,
        reg_alpha: 1e-4,
    };

    /// Whether these are the settings of the start, with any number of trees.
    pub fn is_start(self) -> bool {
        Self { n_estimators: Self::START.n_estimators, ..self } == Self::START
    }

    /// The settings as a flat object, for people.
    pub fn to_json(self) -> Map<String, Value> {
        match serde_json::to_value(self) {
            Ok(Value::Object(map)) => map,
            _ => Map::new(),
        }
    }

    /// The settings for the library, as pairs of text.
    pub fn to_parameters(self, seed: u64) -> Vec<(&'static str, String)> {
        vec![
            ("booster", "gbtree".to_owned()),
            ("objective", self.objective.name().to_owned()),
            ("tree_method", "hist".to_owned()),
            ("eta", self.learning_rate.to_string()),
            ("max_depth", self.max_depth.to_string()),
            ("min_child_weight", self.min_child_weight.to_string()),
            ("subsample", self.subsample.to_string()),
            ("colsample_bytree", self.colsample_bytree.to_string()),
            ("lambda", self.reg_lambda.to_string()),
            ("alpha", self.reg_alpha.to_string()),
            ("monotone_constraints", if self.monotone { monotone_constraints() } else { "()".to_owned() }),
            // the library's seed is a signed 32-bit number
            ("seed", (seed % (1 << 31)).to_string()),
            // one thread for each model: the same sums in the same order, hence the same bytes
            ("nthread", "1".to_owned()),
            ("verbosity", "0".to_owned()),
        ]
    }
}

/// XGBoost's text for: monotone in weight and in each grade.
fn monotone_constraints() -> String {
    let constraints: Vec<&str> = features()
        .into_iter()
        .map(|feature| match feature {
            Feature::Carat | Feature::CutRank | Feature::ColorRank | Feature::ClarityRank => "1",
            _ => "0",
        })
        .collect();
    format!("({})", constraints.join(","))
}
