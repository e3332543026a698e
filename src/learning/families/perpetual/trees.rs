//! The trees of a model, as far as prices need them: the library's own form is fifty times as large and slow to load.

use perpetual::PerpetualBooster;
use perpetual::tree::core::Tree;
use serde::{Deserialize, Serialize};

/// Mark of a leaf in [`FlatTree::features`].
const LEAF: i16 = -1;

/// Everything that a price is the sum of: a base, the leaves of the trees, and for few sales a line.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Trees {
    base: f64,
    flat: Vec<FlatTree>,
    line: Option<Line>,
}

/// A tree in depth-first order: the left child of a node is the next one.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
struct FlatTree {
    /// The feature that each node splits on; [`LEAF`] for a leaf.
    features: Vec<i16>,
    /// What goes left is below this; for a leaf, what it adds.
    values: Vec<f64>,
    /// The right child of each node; 0 for a leaf.
    right: Vec<u32>,
}

/// The linear part that the library adds to models of few sales: a weighted sum of standardized features.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Line {
    means: Vec<f64>,
    scales: Vec<f64>,
    coefficients: Vec<f64>,
    intercept: f64,
    weight: f64,
}

impl Trees {
    /// The trees of `booster`; `None` if it is not one that this program fits: with a class of its own for missing values, or
    /// with categories.
    pub fn of(booster: &PerpetualBooster) -> Option<Self> {
        Some(Self {
            base: booster.base_score,
            flat: booster.trees.iter().map(FlatTree::of).collect::<Option<_>>()?,
            line: booster.regression_head.as_ref().map(|head| Line {
                means: head.feature_means.clone(),
                scales: head.feature_scales.clone(),
                coefficients: head.coefficients.clone(),
                intercept: head.intercept,
                weight: head.blend_weight,
            }),
        })
    }

    /// Number of trees.
    pub fn count(&self) -> usize {
        self.flat.len()
    }

    /// Whether every node leads to nodes that exist and to one of `columns` features: only then are rows predicted.
    pub fn is_valid(&self, columns: usize) -> bool {
        let are_lines = self.line.iter().all(|line| {
            [&line.means, &line.scales, &line.coefficients].into_iter().all(|numbers| numbers.len() == columns)
        });
        are_lines && self.flat.iter().all(|tree| tree.is_valid(columns))
    }

    /// The prediction for `row`, whose values are finite. The same bits as the library's.
    pub fn predict(&self, row: &[f64]) -> f64 {
        let sum = self.flat.iter().fold(self.base, |sum, tree| sum + tree.predict(row));
        match &self.line {
            None => sum,
            Some(line) => sum + line.weight * line.predict(row),
        }
    }
}

impl FlatTree {
    fn of(tree: &Tree) -> Option<Self> {
        let mut flat = Self::default();
        flat.append(tree, 0)?;
        Some(flat)
    }

    /// Appends the node `number` of `tree` and all below it.
    fn append(&mut self, tree: &Tree, number: usize) -> Option<()> {
        let node = tree.nodes.get(&number)?;
        let place = self.features.len();
        self.right.push(0);
        if node.is_leaf {
            self.features.push(LEAF);
            self.values.push(node.weight_value.into());
            return Some(());
        }
        if node.has_missing_branch() || node.left_cats.is_some() {
            return None;
        }
        self.features.push(i16::try_from(node.split_feature).ok()?);
        self.values.push(node.split_value);
        self.append(tree, node.left_child)?;
        self.right[place] = u32::try_from(self.features.len()).ok()?;
        self.append(tree, node.right_child)
    }

    fn is_valid(&self, columns: usize) -> bool {
        let count = self.features.len();
        let is_node = |place: usize| match usize::try_from(self.features[place]) {
            // a right child is after its parent, so that no walk goes round in circles
            Ok(feature) => {
                feature < columns && place + 1 < count && (place + 1..count).contains(&(self.right[place] as usize))
            }
            Err(_) => self.features[place] == LEAF,
        };
        count > 0 && self.values.len() == count && self.right.len() == count && (0..count).all(is_node)
    }

    fn predict(&self, row: &[f64]) -> f64 {
        let mut place = 0;
        loop {
            let Ok(feature) = usize::try_from(self.features[place]) else { return self.values[place] };
            place = if row[feature] < self.values[place] { place + 1 } else { self.right[place] as usize };
        }
    }
}

impl Line {
    fn predict(&self, row: &[f64]) -> f64 {
        let standardized =
            row.iter().zip(&self.means).zip(&self.scales).map(|((value, mean), scale)| (value - mean) / scale);
        standardized.zip(&self.coefficients).fold(self.intercept, |sum, (value, coefficient)| sum + coefficient * value)
    }
}
