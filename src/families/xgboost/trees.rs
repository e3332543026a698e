//! Prices by walking a model's trees in Rust, read from XGBoost's own JSON.
//!
//! The library's interface is made for batches: one row through it costs ten times what the walk costs. The walk does
//! the same comparisons and sums, in the same single precision and order, so its results are the library's bit for bit.
//!
//! Format: <https://xgboost.readthedocs.io/en/stable/tutorials/saving_model.html>.

use serde::Deserialize;

use super::{FamilyError, TARGET_ATTRIBUTE, unreadable};
use crate::diamond::Stone;
use crate::families::Model;
use crate::features::{Feature, Target};

/// Columns that a row may have at most; all features of a stone, one-hot, are 26.
const MAX_FEATURES: usize = 32;

/// A model of boosted trees.
#[derive(Debug)]
pub struct TreeModel {
    target: Target,
    features: Vec<Feature>,
    base_score: f32,
    /// Where each tree begins in `nodes`.
    roots: Vec<u32>,
    nodes: Vec<Node>,
}

/// A split, or a leaf if `left` is [`LEAF`].
#[derive(Debug, Clone, Copy)]
struct Node {
    /// The threshold of a split: smaller values go left. The value of a leaf.
    value: f32,
    left: u32,
    right: u32,
    feature: u16,
    /// Whether a missing value goes left.
    missing_left: bool,
}

const LEAF: u32 = u32::MAX;

impl TreeModel {
    /// Reads a model that was written by this program: the target is in its attributes.
    ///
    /// # Errors
    /// If `json` is no such model.
    pub fn from_json(json: &[u8]) -> Result<Self, FamilyError> {
        let document = read(json)?;
        let name =
            document.learner.attributes.get(TARGET_ATTRIBUTE).and_then(serde_json::Value::as_str).ok_or_else(|| {
                unreadable(format!(
                    "it does not say whether it learnt price or log price (attribute {TARGET_ATTRIBUTE})"
                ))
            })?;
        let target = Target::from_name(name).ok_or_else(|| unreadable(format!("no target is called {name:?}")))?;
        Self::from_document(document, target)
    }

    /// Reads a model that XGBoost wrote elsewhere, of which the reader knows what it learnt.
    ///
    /// # Errors
    /// If `json` is no model of XGBoost, or of columns that are not known here.
    pub fn from_foreign_json(json: &[u8], target: Target) -> Result<Self, FamilyError> {
        Self::from_document(read(json)?, target)
    }

    fn from_document(document: Document, target: Target) -> Result<Self, FamilyError> {
        let learner = document.learner;
        let features = learner
            .feature_names
            .iter()
            .map(|name| Feature::from_name(name).ok_or_else(|| unreadable(format!("no feature is called {name:?}"))))
            .collect::<Result<Vec<_>, _>>()?;
        if features.is_empty() || features.len() > MAX_FEATURES {
            return Err(unreadable(format!("it has {} named columns", features.len())));
        }
        if learner.objective.name != "reg:squarederror" || learner.gradient_booster.name != "gbtree" {
            return Err(unreadable(format!(
                "objective {} with booster {} is not one that is read here",
                learner.objective.name, learner.gradient_booster.name
            )));
        }
        let text = learner.parameters.base_score;
        let base_score = text
            .trim_matches(['[', ']'])
            .parse()
            .map_err(|_| unreadable(format!("its base score {text:?} is no number")))?;
        let mut model = Self { target, features, base_score, roots: Vec::new(), nodes: Vec::new() };
        for tree in learner.gradient_booster.model.trees {
            model.add_tree(&tree)?;
        }
        Ok(model)
    }

    fn add_tree(&mut self, tree: &Tree) -> Result<(), FamilyError> {
        let count = tree.left_children.len();
        let lengths = [
            tree.right_children.len(),
            tree.split_conditions.len(),
            tree.split_indices.len(),
            tree.default_left.len(),
            tree.split_type.len(),
        ];
        if count == 0 || lengths.iter().any(|length| *length != count) {
            return Err(unreadable("the columns of a tree differ in length"));
        }
        let root = u32::try_from(self.nodes.len()).map_err(|_| unreadable("it is too large"))?;
        // children lie behind their parent, so a walk always ends
        let child = |parent: usize, child: i32| -> Result<u32, FamilyError> {
            match u32::try_from(child) {
                Ok(index) if index as usize > parent && (index as usize) < count => Ok(root + index),
                _ => Err(unreadable("a tree is malformed")),
            }
        };
        for index in 0..count {
            let node = if tree.left_children[index] == -1 {
                Node { value: tree.split_conditions[index], left: LEAF, right: LEAF, feature: 0, missing_left: false }
            } else {
                let feature = tree.split_indices[index];
                if usize::from(feature) >= self.features.len() || tree.split_type[index] != 0 {
                    return Err(unreadable("a split is of a kind that is not read here"));
                }
                Node {
                    value: tree.split_conditions[index],
                    left: child(index, tree.left_children[index])?,
                    right: child(index, tree.right_children[index])?,
                    feature,
                    missing_left: tree.default_left[index] != 0,
                }
            };
            self.nodes.push(node);
        }
        self.roots.push(root);
        Ok(())
    }

    /// The columns that the model sees, in order.
    #[must_use]
    pub fn features(&self) -> &[Feature] {
        &self.features
    }

    /// What the model says of `row`, of shape `(n_features,)`, in the target's unit: the base score and one leaf a tree,
    /// summed in the trees' order. `NaN` is a missing value.
    #[must_use]
    pub fn predict(&self, row: &[f32]) -> f32 {
        let mut sum = self.base_score;
        for root in &self.roots {
            let mut node = &self.nodes[*root as usize];
            while node.left != LEAF {
                let value = row[usize::from(node.feature)];
                let goes_left = if value.is_nan() { node.missing_left } else { value < node.value };
                node = &self.nodes[if goes_left { node.left } else { node.right } as usize];
            }
            sum += node.value;
        }
        sum
    }
}

impl Model for TreeModel {
    fn price_usd(&self, stone: &Stone) -> f64 {
        let mut row = [f32::NAN; MAX_FEATURES];
        for (value, feature) in row.iter_mut().zip(&self.features) {
            #[expect(clippy::cast_possible_truncation, reason = "XGBoost works in single precision")]
            {
                *value = feature.value(stone) as f32;
            }
        }
        self.target.to_price(f64::from(self.predict(&row)))
    }
}

fn read(json: &[u8]) -> Result<Document, FamilyError> {
    serde_json::from_slice(json).map_err(|error| unreadable(error.to_string()))
}

// What is read of XGBoost's JSON.

#[derive(Deserialize)]
struct Document {
    learner: Learner,
}

#[derive(Deserialize)]
struct Learner {
    attributes: serde_json::Map<String, serde_json::Value>,
    feature_names: Vec<String>,
    gradient_booster: GradientBooster,
    #[serde(rename = "learner_model_param")]
    parameters: LearnerParameters,
    objective: Objective,
}

#[derive(Deserialize)]
struct LearnerParameters {
    base_score: String,
}

#[derive(Deserialize)]
struct Objective {
    name: String,
}

#[derive(Deserialize)]
struct GradientBooster {
    name: String,
    model: TreesModel,
}

#[derive(Deserialize)]
struct TreesModel {
    trees: Vec<Tree>,
}

#[derive(Deserialize)]
struct Tree {
    left_children: Vec<i32>,
    right_children: Vec<i32>,
    split_conditions: Vec<f32>,
    split_indices: Vec<u16>,
    default_left: Vec<u8>,
    split_type: Vec<u8>,
}

#[cfg(test)]
mod tests {
    use xgboost::{Booster, DMatrix};

    use super::super::settings::{Encoding, Settings};
    use super::super::training::train;
    use super::*;
    use crate::diamond::Sale;
    use crate::features::encode_f32;
    use crate::generator::Generator;

    /// Rows of which about one value in eight is missing.
    fn rows_with_gaps(features: &[Feature], sales: &[Sale]) -> Vec<f32> {
        let mut rows = encode_f32(features, sales.iter().map(|sale| &sale.stone));
        for (index, value) in rows.iter_mut().enumerate() {
            if index * 2_654_435_761 % 8 == 3 {
                *value = f32::NAN;
            }
        }
        rows
    }

    #[test]
    fn the_walk_gives_the_librarys_bits_for_every_encoding_and_target() {
        let sales: Vec<Sale> = Generator::new(1).take(3_000).collect();
        for encoding in Encoding::ALL {
            for target in Target::ALL {
                let settings = Settings { encoding, target, n_estimators: 60, max_depth: 9, ..Settings::START };
                let bytes = train(&sales[..1_000], &settings, 3).expect("a fit");
                let model = TreeModel::from_json(&bytes).expect("a model");
                let rows = rows_with_gaps(model.features(), &sales);
                let library = Booster::load_buffer(&bytes).expect("a booster");
                let matrix = DMatrix::from_dense(&rows, sales.len()).expect("a matrix");
                let expected = library.predict_margin(&matrix).expect("predictions");
                for (row, expected) in rows.chunks(model.features().len()).zip(expected) {
                    assert_eq!(model.predict(row).to_bits(), expected.to_bits(), "{encoding:?} {target:?}");
                }
            }
        }
    }

    #[test]
    fn a_model_that_does_not_name_its_target_is_refused() {
        let sales: Vec<Sale> = Generator::new(1).take(200).collect();
        let settings = Settings { n_estimators: 2, ..Settings::START };
        let bytes = train(&sales, &settings, 3).expect("a fit");
        let text = String::from_utf8(bytes).expect("JSON").replace(TARGET_ATTRIBUTE, "other");
        let error = TreeModel::from_json(text.as_bytes()).expect_err("no target").to_string();
        assert!(error.contains("price or log price"), "{error}");
    }
}
