//! The parts of XGBoost's JSON format of a model that are read here.
//!
//! Format: <https://xgboost.readthedocs.io/en/stable/tutorials/saving_model.html>. Trees of other engines are kept in the same form, with
//! one column more if their thresholds are in double precision.

use serde::Deserialize;

use super::{FamilyError, unreadable};

/// Reads a model's JSON.
pub fn read(json: &[u8]) -> Result<Document, FamilyError> {
    serde_json::from_slice(json).map_err(|error| unreadable(error.to_string()))
}

#[derive(Deserialize)]
pub struct Document {
    pub learner: Learner,
}

#[derive(Deserialize)]
pub struct Learner {
    pub attributes: serde_json::Map<String, serde_json::Value>,
    pub feature_names: Vec<String>,
    pub gradient_booster: GradientBooster,
    #[serde(rename = "learner_model_param")]
    pub parameters: LearnerParameters,
    pub objective: Objective,
}

#[derive(Deserialize)]
pub struct LearnerParameters {
    pub base_score: String,
}

#[derive(Deserialize)]
pub struct Objective {
    pub name: String,
}

#[derive(Deserialize)]
pub struct GradientBooster {
    pub name: String,
    pub model: TreesModel,
}

#[derive(Deserialize)]
pub struct TreesModel {
    pub trees: Vec<Tree>,
}

#[derive(Deserialize)]
pub struct Tree {
    pub left_children: Vec<i32>,
    pub right_children: Vec<i32>,
    pub split_conditions: Vec<f32>,
    pub split_indices: Vec<u16>,
    pub default_left: Vec<u8>,
    pub split_type: Vec<u8>,
    /// Thresholds in double precision, where those of the splits are not exact; absent in models of XGBoost.
    #[serde(default)]
    pub thresholds: Vec<f64>,
}

impl Tree {
    /// The threshold of a split: values from it on go right.
    pub fn threshold(&self, node: usize) -> f64 {
        self.thresholds.get(node).copied().unwrap_or_else(|| self.split_conditions[node].into())
    }
}
