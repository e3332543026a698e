//! Trees that another program trains: what it is to train, and how that becomes a model of a family.
//!
//! A family whose models are forests says in a [`ForestsPlan`] what each forest learns and from where its trees start. Who trains
//! them, a cluster or a notebook, needs nothing of this program but the plan and the rows.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{FamilyError, SalesSource};
use crate::diamond::{Sale, Stone};
use crate::learning::features::{Feature, Target, Trend};

/// Name of the column with the value of the trend, which is the last one of a row.
pub const TREND_COLUMN: &str = "trend";

/// What is trained elsewhere for one model. Its JSON is part of the manifest of an export.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ForestsPlan {
    /// Name of the family.
    pub family: String,
    /// What the trees predict, together with what they are added to.
    pub target: Target,
    /// The columns of a row before the trend, in order.
    pub features: Vec<Feature>,
    /// The curve of weight and grades, fitted: its value is the last column of a row.
    pub trend: Trend,
    /// The mean of the target.
    pub mean: f64,
    /// Seed of every random choice.
    pub seed: u64,
    /// The settings, for people.
    pub settings: Map<String, Value>,
    /// The forests; the model is their mean.
    pub forests: Vec<ForestPlan>,
    /// What else may be trained instead, if it does better on sales that are held back for that; the first is `forests` itself. Empty if
    /// nothing is to be tried.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub trials: Vec<PlannedTrial>,
}

/// Settings that are tried before the training, and the forests that they mean.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PlannedTrial {
    /// The settings, for people.
    pub settings: Map<String, Value>,
    /// The forests.
    pub forests: Vec<ForestPlan>,
}

/// What one forest learns.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ForestPlan {
    /// Its name.
    pub name: String,
    /// The columns that it sees, in order.
    pub columns: Vec<String>,
    /// What its trees are added to.
    pub base_margin: BaseMargin,
    /// The copies of each sale that it learns, by their numbers.
    pub copies: Vec<u8>,
    /// Number of its trees.
    pub rounds: u32,
    /// The parameters of the library.
    pub parameters: Map<String, Value>,
}

/// What the trees of a forest are added to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum BaseMargin {
    /// The column of this name.
    Column(String),
    /// The same number for every row.
    Constant(f64),
}

/// A model of forests that were trained elsewhere.
pub struct Assembled {
    /// The bytes from which the family can load it.
    pub bytes: Vec<u8>,
    /// For each forest, the sum of its trees for each stone that was asked, without what they are added to.
    pub sums: Vec<Vec<f32>>,
}

/// How the columns of a booster that somebody trained alone are to be read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Recipe {
    /// What it predicts.
    pub target: Target,
    /// The features behind its columns, in order; the trend may follow them.
    pub features: Vec<Feature>,
    /// The curve that its trees are added to, or that is its last column, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trend: Option<Trend>,
    /// How much of the trend its trees are added to, from 0 to 1.
    #[serde(default)]
    pub share_of_trend: f64,
    /// Whether it has the trend as its last column.
    #[serde(default)]
    pub has_trend_column: bool,
    /// Whether it has learnt rows with missing measures. If not, usual ones take their place when it is asked.
    #[serde(default)]
    pub learnt_missing_measures: bool,
}

/// What a family offers whose forests can be trained elsewhere.
pub trait TrainedElsewhere: Sync {
    /// What is to be trained on `sales`, with so many settings to be tried before; 0 or 1 for none but those of the start.
    ///
    /// # Errors
    /// If the sales do not allow a fit.
    fn plan(&self, sales: &dyn SalesSource, seed: u64, trials: usize) -> Result<ForestsPlan, FamilyError>;

    /// Every copy of `sales` that forests learn: all of the first, then all of the second, and so on. The same sales and seed give the
    /// same copies.
    fn copies(&self, sales: &[Sale], seed: u64) -> Vec<Sale>;

    /// The model of `forests`, the bytes of each in the order of `plan`, and what they say for `probes`.
    ///
    /// # Errors
    /// If one of them is not what the plan asks for, with its name.
    fn assemble(&self, plan: &ForestsPlan, forests: &[Vec<u8>], probes: &[Stone]) -> Result<Assembled, FamilyError>;

    /// Name of the library that wrote a booster.
    fn writer_of(&self, booster: &[u8]) -> &'static str;

    /// The bytes of a model of this family, from a booster that somebody trained alone.
    ///
    /// # Errors
    /// If it is not one that can be read, or does not fit the recipe.
    fn adopt(&self, booster: &[u8], recipe: &Recipe) -> Result<Vec<u8>, FamilyError>;

    /// The recipe for the columns of a model of this family, whose bytes the library of its engine reads.
    ///
    /// # Errors
    /// If the bytes are not such a model.
    fn release(&self, bytes: &[u8]) -> Result<Recipe, FamilyError>;
}

impl ForestsPlan {
    /// The plan with the settings of one of its trials; `None` if it has no such trial.
    #[must_use]
    pub fn with_trial(&self, number: usize) -> Option<Self> {
        let PlannedTrial { settings, forests } = self.trials.get(number)?.clone();
        Some(Self { settings, forests, ..self.clone() })
    }

    /// The names of all columns of a row, in order.
    #[must_use]
    pub fn columns(&self) -> Vec<String> {
        self.features.iter().map(|feature| feature.name()).chain([TREND_COLUMN.to_owned()]).collect()
    }

    /// The row of `stone`: its features, where `NaN` is a measure that was not told, and the trend.
    #[must_use]
    pub fn row(&self, stone: &Stone) -> Vec<f32> {
        row_of(&self.features, Some(&self.trend), stone)
    }

    /// What the trees of `forest` are added to for `stone`.
    #[must_use]
    pub fn margin(&self, forest: &ForestPlan, stone: &Stone) -> f64 {
        match forest.base_margin {
            BaseMargin::Column(_) => self.trend.log_price(stone),
            BaseMargin::Constant(mean) => mean,
        }
    }
}

impl Recipe {
    /// The names of all columns of a row, in order.
    #[must_use]
    pub fn columns(&self) -> Vec<String> {
        let last = self.has_trend_column.then(|| TREND_COLUMN.to_owned());
        self.features.iter().map(|feature| feature.name()).chain(last).collect()
    }

    /// The row of `stone`: its features, where `NaN` is a measure that was not told, and the trend if it is a column.
    #[must_use]
    pub fn row(&self, stone: &Stone) -> Vec<f32> {
        row_of(&self.features, self.trend.as_ref().filter(|_| self.has_trend_column), stone)
    }

    /// What the trees are added to for `stone`, besides their base score.
    #[must_use]
    pub fn margin(&self, stone: &Stone) -> f64 {
        self.trend.as_ref().map_or(0.0, |trend| self.share_of_trend * trend.log_price(stone))
    }
}

#[expect(clippy::cast_possible_truncation, reason = "the libraries work in single precision")]
fn row_of(features: &[Feature], trend: Option<&Trend>, stone: &Stone) -> Vec<f32> {
    let last = trend.map(|trend| trend.log_price(stone));
    features.iter().map(|feature| feature.value(stone)).chain(last).map(|value| value as f32).collect()
}
