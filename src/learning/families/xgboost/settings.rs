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

/// One point of the search space. The names of the numbers are XGBoost's.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Settings {
    pub objective: Objective,
    /// Trees of each forest.
    pub n_estimators: u32,
    pub learning_rate: f64,
    /// Most leaves of a tree, which grows where that helps most, to any depth.
    pub max_leaves: u32,
    pub min_child_weight: u32,
    pub subsample: f64,
    pub colsample_bytree: f64,
    pub reg_lambda: f64,
    pub reg_alpha: f64,
    /// Whether a forest that knows nothing but the four Cs belongs to the blend.
    pub four_cs_forest: bool,
}

impl Settings {
    /// The start of a search on 4,000 sales: settings that do well on sales of diamonds without any tuning.
    const START: Self = Self {
        objective: Objective::Absolute,
        n_estimators: 300,
        learning_rate: 0.08,
        max_leaves: 24,
        min_child_weight: 3,
        subsample: 0.8,
        colsample_bytree: 0.7,
        reg_lambda: 1.0,
        reg_alpha: 1e-4,
        four_cs_forest: true,
    };

    /// The start of a search on so many sales: the more there are, the more a tree can tell apart.
    #[expect(clippy::cast_precision_loss, reason = "row counts stay far below 2^52")]
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "small and positive, as they are clamped"
    )]
    pub fn start(sales: usize) -> Self {
        let times = sales as f64 / 4_000.0;
        let start = Self::START;
        Self {
            n_estimators: (f64::from(start.n_estimators) * times.powf(-0.17)).round().clamp(200.0, 300.0) as u32,
            learning_rate: (start.learning_rate * times.powf(0.17) * 1e3).round().clamp(80.0, 120.0) / 1e3,
            max_leaves: (f64::from(start.max_leaves) * times).round().clamp(16.0, 256.0) as u32,
            ..start
        }
    }

    /// Whether these are `other`, but for what the trials find: the number of trees and the members of the blend.
    pub fn is_alike(self, other: Self) -> bool {
        Self { n_estimators: other.n_estimators, four_cs_forest: other.four_cs_forest, ..self } == other
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
            ("grow_policy", "lossguide".to_owned()),
            ("eta", self.learning_rate.to_string()),
            ("max_depth", "0".to_owned()),
            ("max_leaves", self.max_leaves.to_string()),
            ("min_child_weight", self.min_child_weight.to_string()),
            ("subsample", self.subsample.to_string()),
            ("colsample_bytree", self.colsample_bytree.to_string()),
            ("lambda", self.reg_lambda.to_string()),
            ("alpha", self.reg_alpha.to_string()),
            // the library's seed is a signed 32-bit number
            ("seed", (seed % (1 << 31)).to_string()),
            // one thread for each model: the same sums in the same order, hence the same bytes
            ("nthread", "1".to_owned()),
            ("verbosity", "0".to_owned()),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_sales_have_larger_trees() {
        let [few, some, many, very_many] = [400, 4_000, 43_000, 5_000_000].map(Settings::start);
        assert_eq!((some.n_estimators, some.max_leaves), (300, 24));
        assert_eq!((few.n_estimators, few.max_leaves), (300, 16));
        assert_eq!((many.n_estimators, many.max_leaves), (200, 256));
        assert_eq!(very_many.max_leaves, 256);
        assert!((many.learning_rate - 0.12).abs() < 1e-9);
    }
}
