//! Prices by walking a model's trees in Rust.
//!
//! The library's interface is made for batches: one row through it costs ten times what the walk costs. The walk does
//! the same comparisons and sums, in the same single precision and order, so its results are the library's bit for bit.
//!
//! A walk waits for memory at every step, so several trees are walked side by side, step by step, without branches: a
//! leaf leads to itself until the deepest tree of its group is through.

use super::document::{Document, Tree, read};
use super::{FamilyError, TARGET_ATTRIBUTE, unreadable};
use crate::diamond::Stone;
use crate::families::Model;
use crate::features::{Feature, Target};

/// Columns that a row may have at most; all features of a stone, one-hot, are 26.
const MAX_FEATURES: usize = 32;
/// Trees that are walked side by side.
const LANES: usize = 12;

/// A model of boosted trees.
#[derive(Debug)]
pub struct TreeModel {
    target: Target,
    features: Vec<Feature>,
    base_score: f32,
    /// Trees in their order, a group of [`LANES`] after the other.
    groups: Vec<Group>,
    nodes: Vec<Node>,
}

/// Trees that are walked together.
#[derive(Debug, Clone, Copy)]
struct Group {
    /// Where each tree begins.
    roots: [u32; LANES],
    /// How many of the roots are trees; the others repeat the first.
    count: usize,
    /// Steps from the root to the deepest leaf.
    depth: u32,
}

/// A split, or a leaf. The right child lies behind the left one; the left child of a leaf is the leaf itself.
#[derive(Debug, Clone, Copy)]
struct Node {
    /// The threshold of a split: smaller values go left. The value of a leaf.
    value: f32,
    left: u32,
    feature: u8,
    /// 1 for a split, 0 for a leaf: how far right a value that goes right leads.
    split: u8,
    /// Whether a missing value goes left.
    missing_left: bool,
}

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
        let mut model = Self { target, features, base_score, groups: Vec::new(), nodes: Vec::new() };
        for group in learner.gradient_booster.model.trees.chunks(LANES) {
            model.add_group(group)?;
        }
        Ok(model)
    }

    fn add_group(&mut self, trees: &[Tree]) -> Result<(), FamilyError> {
        let mut group = Group { roots: [0; LANES], count: trees.len(), depth: 0 };
        for (root, tree) in group.roots.iter_mut().zip(trees) {
            let (first, depth) = self.add_tree(tree)?;
            *root = first;
            group.depth = group.depth.max(depth);
        }
        let spare = group.roots[0];
        group.roots[trees.len()..].fill(spare);
        self.groups.push(group);
        Ok(())
    }

    /// Lays a tree out level by level, so that siblings lie side by side. Gives its root and its depth.
    fn add_tree(&mut self, tree: &Tree) -> Result<(u32, u32), FamilyError> {
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
        let root = self.next_index()?;
        let mut depth = 0;
        let mut level = vec![0];
        let mut taken = 0;
        while !level.is_empty() {
            // a tree in which a node had two parents would have more nodes on its levels than in all
            taken += level.len();
            if taken > count {
                return Err(unreadable("a tree is malformed"));
            }
            let mut next_level = Vec::new();
            let first_of_next = self.nodes.len() + level.len();
            for old in level {
                let node = if tree.left_children[old] == -1 {
                    let left = self.next_index()?;
                    Node { value: tree.split_conditions[old], left, feature: 0, split: 0, missing_left: false }
                } else {
                    let left =
                        u32::try_from(first_of_next + next_level.len()).map_err(|_| unreadable("it is too large"))?;
                    for child in [tree.left_children[old], tree.right_children[old]] {
                        let child = usize::try_from(child).ok().filter(|child| *child < count);
                        next_level.push(child.ok_or_else(|| unreadable("a tree is malformed"))?);
                    }
                    self.split(tree, old, left)?
                };
                self.nodes.push(node);
            }
            depth += u32::from(!next_level.is_empty());
            level = next_level;
        }
        Ok((root, depth))
    }

    fn split(&self, tree: &Tree, old: usize, left: u32) -> Result<Node, FamilyError> {
        let feature =
            u8::try_from(tree.split_indices[old]).ok().filter(|feature| usize::from(*feature) < self.features.len());
        let (Some(feature), 0) = (feature, tree.split_type[old]) else {
            return Err(unreadable("a split is of a kind that is not read here"));
        };
        let value = tree.split_conditions[old];
        Ok(Node { value, left, feature, split: 1, missing_left: tree.default_left[old] != 0 })
    }

    fn next_index(&self) -> Result<u32, FamilyError> {
        u32::try_from(self.nodes.len()).map_err(|_| unreadable("it is too large"))
    }

    /// The columns that the model sees, in order.
    #[must_use]
    pub fn features(&self) -> &[Feature] {
        &self.features
    }

    /// What the model says of `row`, of shape `(n_features,)`, in the target's unit: the base score and one leaf a tree,
    /// summed in the trees' order. `NaN` is a missing value.
    ///
    /// # Panics
    /// If the row has more columns than a model can have.
    #[must_use]
    pub fn predict(&self, row: &[f32]) -> f32 {
        let mut padded = [0.0; MAX_FEATURES];
        padded[..row.len()].copy_from_slice(row);
        if row.iter().any(|value| value.is_nan()) { self.walk::<true>(&padded) } else { self.walk::<false>(&padded) }
    }

    /// The walk; rows without gaps need not be asked for them at every step.
    fn walk<const GAPS: bool>(&self, row: &[f32; MAX_FEATURES]) -> f32 {
        let nodes = self.nodes.as_slice();
        let mut sum = self.base_score;
        for group in &self.groups {
            let mut places = group.roots;
            for _ in 0..group.depth {
                for place in &mut places {
                    let node = &nodes[*place as usize];
                    // no feature is as large, but the compiler does not know
                    let value = row[usize::from(node.feature) % MAX_FEATURES];
                    let goes_left = value < node.value || (GAPS && value.is_nan() && node.missing_left);
                    *place = node.left + (u32::from(!goes_left) & u32::from(node.split));
                }
            }
            for place in &places[..group.count] {
                sum += nodes[*place as usize].value;
            }
        }
        sum
    }
}

impl Model for TreeModel {
    fn price_usd(&self, stone: &Stone) -> f64 {
        let mut row = [0.0; MAX_FEATURES];
        for (value, feature) in row.iter_mut().zip(&self.features) {
            #[expect(clippy::cast_possible_truncation, reason = "XGBoost works in single precision")]
            {
                *value = feature.value(stone) as f32;
            }
        }
        self.target.to_price(f64::from(self.walk::<false>(&row)))
    }
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
