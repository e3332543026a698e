//! The hyper-parameters of boosted trees.

use serde::Serialize;
use serde_json::{Map, Value};

use crate::features::{Feature, Target, nine_one_hot, nine_ordinal};

/// How the three grades become numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Encoding {
    /// One column a scale: the grade's place in the trade's order.
    Ordinal,
    /// One column a grade.
    OneHot,
}

impl Encoding {
    pub const ALL: [Self; 2] = [Self::Ordinal, Self::OneHot];

    pub fn features(self) -> Vec<Feature> {
        match self {
            Self::Ordinal => nine_ordinal(),
            Self::OneHot => nine_one_hot(),
        }
    }
}

/// One point of the search space. The names of the numbers are XGBoost's.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Settings {
    pub target: Target,
    pub encoding: Encoding,
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
    /// Where every search starts: settings that do well on sales of diamonds without any tuning.
    pub const START: Self = Self {
        target: Target::LogPrice,
        encoding: Encoding::Ordinal,
        n_estimators: 600,
        learning_rate: 0.05,
        max_depth: 5,
        min_child_weight: 3,
        subsample: 0.8,
        colsample_bytree: 0.7,
        reg_lambda: 1.0,
        reg_alpha: 1e-4,
    };

    /// The settings as a flat object, for people.
    pub fn to_json(self) -> Map<String, Value> {
        match serde_json::to_value(self) {
            Ok(Value::Object(map)) => map,
            _ => Map::new(),
        }
    }

    /// The settings that go to the library, as its pairs of text.
    pub fn to_parameters(self, seed: u64) -> Vec<(&'static str, String)> {
        vec![
            ("booster", "gbtree".to_owned()),
            ("objective", "reg:squarederror".to_owned()),
            ("tree_method", "hist".to_owned()),
            ("eta", self.learning_rate.to_string()),
            ("max_depth", self.max_depth.to_string()),
            ("min_child_weight", self.min_child_weight.to_string()),
            ("subsample", self.subsample.to_string()),
            ("colsample_bytree", self.colsample_bytree.to_string()),
            ("lambda", self.reg_lambda.to_string()),
            ("alpha", self.reg_alpha.to_string()),
            // the library's seed is a signed 32-bit number
            ("seed", (seed % (1 << 31)).to_string()),
            // one thread a model: the same sums in the same order, hence the same bytes
            ("nthread", "1".to_owned()),
            ("verbosity", "0".to_owned()),
        ]
    }
}
