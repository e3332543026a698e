//! Computes prices from a model's trees in Rust.
//!
//! The library's interface is made for batches: one row through it takes thirty times as long. This code takes
//! the same branches and adds the same numbers, in the same single precision and order, so its results are equal to the
//! library's bit for bit.
//!
//! Two things make it fast. First, every value of a row is replaced by its rank among the thresholds that the model
//! compares it with: then a split is one comparison of small whole numbers, and a node fits eight bytes. Second, because each
//! step waits for memory, several trees are walked at the same time, without branches: a leaf is its own child until the
//! deepest tree of its group has finished.

use super::by_grade::{Columns as ColumnsByGrade, MAX_SUM, TreesByGrade};
use super::document::{Document, Tree, read};
use super::{FamilyError, GAPS_ATTRIBUTE, LIGHTGBM, SHARE_ATTRIBUTE, TARGET_ATTRIBUTE, TREND_ATTRIBUTE, unreadable};
use crate::diamond::Stone;
use crate::learning::families::{CELLS, GradeSet, Model, PricesByGrade, Recipe, TREND_COLUMN};
use crate::learning::features::{Feature, Target, Trend};

/// Most columns of a row; with a column for each grade there are 26.
pub(super) const MAX_FEATURES: usize = 32;
/// Trees that are walked at the same time.
pub(super) const INTERLEAVED_TREES: usize = 16;

/// A model of boosted trees.
#[derive(Debug)]
pub struct TreeModel {
    target: Target,
    features: Vec<Feature>,
    base_score: f32,
    /// The values that the trees are added to, besides the base score.
    trend: Option<Trend>,
    /// How much of the trend they are added to, from 0 to 1.
    share_of_trend: f64,
    /// Whether the last column, after the features, is the trend.
    has_trend_column: bool,
    /// For each column, the thresholds that it is compared with, ascending and distinct.
    thresholds: Vec<Vec<f64>>,
    /// Whether values are compared, and leaves added, in single precision, as XGBoost does; LightGBM does it in double precision.
    is_single: bool,
    /// Trees in their order, in groups of [`INTERLEAVED_TREES`].
    groups: Vec<Group>,
    nodes: Vec<Node>,
    /// The value of each node that is a leaf; 0 for a split.
    values: Vec<f32>,
    /// The same trees for all colours and clarities of a stone, with whole numbers as values; `None` if they are too large for that.
    by_grade: Option<TreesByGrade>,
    /// By what a whole value is divided, to get the value.
    units: f64,
    /// Whether the trees learnt what to do without a measure: those of early versions did not.
    knows_gaps: bool,
}

/// Trees that are walked together.
#[derive(Debug, Clone, Copy)]
pub(super) struct Group {
    /// The root of each tree.
    pub roots: [u32; INTERLEAVED_TREES],
    /// How many of the roots are trees; the others repeat the first.
    pub count: usize,
    /// Steps from the root to the deepest leaf.
    depth: u32,
}

/// A split or a leaf, in 64 bits, from the highest: the left child (32), after which the right one follows; the lowest rank
/// that goes right (16); whether a missing value goes left (8, only the lowest counts); the feature (8).
///
/// The left child of a leaf is the leaf itself, and its rank is above all others.
#[derive(Debug, Clone, Copy)]
pub(super) struct Node(u64);

/// The rank of a missing value.
pub(super) const MISSING: u16 = u16::MAX;
/// The rank of a leaf: no value reaches it.
const UNREACHABLE: u16 = u16::MAX - 1;

impl Node {
    fn leaf(place: u32) -> Self {
        Self(u64::from(place) << 32 | u64::from(UNREACHABLE) << 16 | 1 << 8)
    }

    fn split(left: u32, rank: u16, missing_left: bool, feature: u8) -> Self {
        Self(u64::from(left) << 32 | u64::from(rank) << 16 | u64::from(missing_left) << 8 | u64::from(feature))
    }

    pub fn is_leaf(self) -> bool {
        self.rank() == UNREACHABLE
    }

    pub fn left(self) -> u32 {
        (self.0 >> 32) as u32
    }

    #[expect(clippy::cast_possible_truncation, reason = "a part is cut out of the whole")]
    pub fn rank(self) -> u16 {
        (self.0 >> 16) as u16
    }

    pub fn missing_left(self) -> bool {
        self.0 >> 8 & 1 == 1
    }

    #[expect(clippy::cast_possible_truncation, reason = "a part is cut out of the whole")]
    pub fn feature(self) -> u8 {
        self.0 as u8
    }

    /// The next node for a row with these ranks.
    #[inline]
    #[expect(clippy::cast_possible_truncation, reason = "parts are cut out of the whole")]
    fn next<const GAPS: bool>(self, ranks: &[u16; MAX_FEATURES]) -> u32 {
        // every feature is below that, but the compiler does not know
        let rank = ranks[self.0 as usize % MAX_FEATURES];
        let goes_right = rank >= (self.0 >> 16) as u16;
        let goes_right = if GAPS && rank == MISSING { self.0 >> 8 & 1 == 0 } else { goes_right };
        (self.0 >> 32) as u32 + u32::from(goes_right)
    }
}

impl TreeModel {
    /// Reads a model that was written by this program: the target is in its attributes.
    ///
    /// # Errors
    /// If `json` is not such a model.
    pub fn from_json(json: &[u8]) -> Result<Self, FamilyError> {
        let document = read(json)?;
        let attribute = |name| document.learner.attributes.get(name).and_then(serde_json::Value::as_str);
        let name = attribute(TARGET_ATTRIBUTE).ok_or_else(|| {
            unreadable(format!("its target, price or log price, is missing (attribute {TARGET_ATTRIBUTE})"))
        })?;
        let target = Target::from_name(name).ok_or_else(|| unreadable(format!("no target is called {name:?}")))?;
        let trend = attribute(TREND_ATTRIBUTE).map(Trend::from_json).transpose().map_err(unreadable)?;
        let share = attribute(SHARE_ATTRIBUTE);
        let knows_gaps = attribute(GAPS_ATTRIBUTE).map_or(share.is_some(), |learnt| learnt == "true");
        // models of earlier versions have all of it
        let share = share.map_or(Ok(1.0), str::parse).map_err(|_| unreadable("the share of its trend is no number"))?;
        Ok(Self { knows_gaps, ..Self::from_document(document, target, trend, share)? })
    }

    /// Reads a model that another program wrote with XGBoost; the caller knows its target.
    ///
    /// # Errors
    /// If `json` is not a model of XGBoost, or has columns that are not known here.
    pub fn from_foreign_json(json: &[u8], target: Target) -> Result<Self, FamilyError> {
        Self::from_document(read(json)?, target, None, 0.0)
    }

    pub(super) fn from_document(
        document: Document,
        target: Target,
        trend: Option<Trend>,
        share_of_trend: f64,
    ) -> Result<Self, FamilyError> {
        let learner = document.learner;
        let has_trend_column = trend.is_some() && learner.feature_names.last().is_some_and(|name| name == TREND_COLUMN);
        let of_features = learner.feature_names.len() - usize::from(has_trend_column);
        let features = learner.feature_names[..of_features]
            .iter()
            .map(|name| Feature::from_name(name).ok_or_else(|| unreadable(format!("no feature is called {name:?}"))))
            .collect::<Result<Vec<_>, _>>()?;
        let columns = learner.feature_names.len();
        if features.is_empty() || columns > MAX_FEATURES {
            return Err(unreadable(format!("it has {columns} named columns")));
        }
        let is_single = learner.objective.name != LIGHTGBM;
        if is_single && !matches!(learner.objective.name.as_str(), "reg:squarederror" | "reg:absoluteerror")
            || learner.gradient_booster.name != "gbtree"
        {
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
        let trees = learner.gradient_booster.model.trees;
        let thresholds = thresholds_of(&trees, columns)?;
        let mut model = Self {
            target,
            features,
            base_score,
            trend,
            share_of_trend,
            has_trend_column,
            thresholds,
            is_single,
            groups: Vec::new(),
            nodes: Vec::new(),
            values: Vec::new(),
            by_grade: None,
            units: 1.0,
            knows_gaps: false,
        };
        for group in trees.chunks(INTERLEAVED_TREES) {
            model.add_group(group)?;
        }
        let whole_values = model.whole_values(&trees);
        model.by_grade =
            TreesByGrade::of(&model.groups, &model.nodes, &whole_values, &model.features, &model.thresholds);
        Ok(model)
    }

    /// The values as whole numbers, in a unit so small that no sum of a leaf of each tree is too large for them.
    #[expect(clippy::cast_possible_truncation, reason = "a cast of floats saturates")]
    fn whole_values(&mut self, trees: &[Tree]) -> Vec<i32> {
        let greatest = |tree: &Tree| {
            let leaves = tree.left_children.iter().zip(&tree.split_conditions).filter(|(left, _)| **left == -1);
            leaves.fold(0.0_f64, |greatest, (_, value)| greatest.max(f64::from(value.abs())))
        };
        let most: f64 = trees.iter().map(greatest).sum();
        self.units = MAX_SUM / most.max(f64::MIN_POSITIVE.sqrt());
        self.values.iter().map(|value| (f64::from(*value) * self.units).round() as i32).collect()
    }

    fn add_group(&mut self, trees: &[Tree]) -> Result<(), FamilyError> {
        let mut group = Group { roots: [0; INTERLEAVED_TREES], count: trees.len(), depth: 0 };
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

    /// Orders the nodes of a tree level by level, so that siblings are neighbours. Returns its root and its depth.
    fn add_tree(&mut self, tree: &Tree) -> Result<(u32, u32), FamilyError> {
        let count = tree.left_children.len();
        let lengths = [
            tree.right_children.len(),
            tree.split_conditions.len(),
            tree.split_indices.len(),
            tree.default_left.len(),
            tree.split_type.len(),
            if tree.thresholds.is_empty() { count } else { tree.thresholds.len() },
        ];
        if count == 0 || lengths.iter().any(|length| *length != count) {
            return Err(unreadable("the columns of a tree differ in length"));
        }
        let root = self.next_index()?;
        let mut depth = 0;
        let mut level = vec![0];
        let mut taken = 0;
        while !level.is_empty() {
            // with a node that has two parents, the levels would have more nodes than the tree
            taken += level.len();
            if taken > count {
                return Err(unreadable("a tree is malformed"));
            }
            let mut next_level = Vec::new();
            let first_of_next = self.nodes.len() + level.len();
            for old in level {
                let (node, value) = if tree.left_children[old] == -1 {
                    (Node::leaf(self.next_index()?), tree.split_conditions[old])
                } else {
                    let left =
                        u32::try_from(first_of_next + next_level.len()).map_err(|_| unreadable("it is too large"))?;
                    for child in [tree.left_children[old], tree.right_children[old]] {
                        let child = usize::try_from(child).ok().filter(|child| *child < count);
                        next_level.push(child.ok_or_else(|| unreadable("a tree is malformed"))?);
                    }
                    (self.split(tree, old, left)?, 0.0)
                };
                self.nodes.push(node);
                self.values.push(value);
            }
            depth += u32::from(!next_level.is_empty());
            level = next_level;
        }
        Ok((root, depth))
    }

    fn split(&self, tree: &Tree, old: usize, left: u32) -> Result<Node, FamilyError> {
        let feature = tree.split_indices[old];
        let thresholds = &self.thresholds[usize::from(feature)];
        let below = thresholds.partition_point(|threshold| *threshold < tree.threshold(old));
        match (u8::try_from(feature), u16::try_from(below + 1)) {
            (Ok(feature), Ok(rank)) if rank < UNREACHABLE => {
                Ok(Node::split(left, rank, tree.default_left[old] != 0, feature))
            }
            _ => Err(unreadable("it has too many thresholds")),
        }
    }

    fn next_index(&self) -> Result<u32, FamilyError> {
        u32::try_from(self.nodes.len()).map_err(|_| unreadable("it is too large"))
    }

    /// The features that the model sees, in order; the trend may follow them.
    #[must_use]
    pub fn features(&self) -> &[Feature] {
        &self.features
    }

    /// How its columns are to be read.
    pub(super) fn recipe(&self) -> Recipe {
        Recipe {
            target: self.target,
            features: self.features.clone(),
            trend: self.trend.clone(),
            share_of_trend: self.share_of_trend,
            has_trend_column: self.has_trend_column,
            learnt_missing_measures: self.knows_gaps,
        }
    }

    /// Whether the trees are LightGBM's.
    pub(super) fn is_of_lightgbm(&self) -> bool {
        !self.is_single
    }

    /// The sum of the trees for `row`, of shape `(n_columns,)`, in the target's unit: the base score and one leaf for each
    /// tree, added in the trees' order. `NaN` is a missing value.
    ///
    /// # Panics
    /// If the row has more columns than a model can have.
    #[must_use]
    pub fn predict(&self, row: &[f32]) -> f32 {
        let mut wide = [0.0; MAX_FEATURES];
        assert!(row.len() <= MAX_FEATURES, "a row of {} columns", row.len());
        wide.iter_mut().zip(row).for_each(|(wide, value)| *wide = f64::from(*value));
        #[expect(clippy::cast_possible_truncation, reason = "XGBoost adds in single precision")]
        let sum = self.sum(&wide[..row.len()]) as f32;
        sum
    }

    /// As [`TreeModel::predict`]; values are compared, and leaves added, in the precision of the model.
    fn sum(&self, row: &[f64]) -> f64 {
        let mut ranks = [0; MAX_FEATURES];
        let mut has_gaps = false;
        for (place, (rank, value)) in ranks.iter_mut().zip(row).enumerate().take(self.thresholds.len()) {
            *rank = self.rank(place, *value);
            has_gaps |= value.is_nan();
        }
        if has_gaps { self.walk::<true>(&ranks) } else { self.walk::<false>(&ranks) }
    }

    /// Walks the trees; rows without missing values skip the check for them at every step.
    fn walk<const GAPS: bool>(&self, ranks: &[u16; MAX_FEATURES]) -> f64 {
        if self.is_single {
            let mut sum = self.base_score;
            self.visit_leaves::<GAPS>(ranks, |value| sum += value);
            return sum.into();
        }
        let mut sum = f64::from(self.base_score);
        self.visit_leaves::<GAPS>(ranks, |value| sum += f64::from(value));
        sum
    }

    /// Passes the value of the leaf of each tree to `visit`, in the trees' order.
    #[inline]
    fn visit_leaves<const GAPS: bool>(&self, ranks: &[u16; MAX_FEATURES], mut visit: impl FnMut(f32)) {
        let nodes = self.nodes.as_slice();
        for group in &self.groups {
            let mut places = group.roots;
            for _ in 0..group.depth {
                for place in &mut places {
                    *place = nodes[*place as usize].next::<GAPS>(ranks);
                }
            }
            for place in &places[..group.count] {
                visit(self.values[*place as usize]);
            }
        }
    }
}

/// How many of `thresholds` are not greater than `value`: it goes right at the threshold of rank `k`, counted from 1, if this
/// number is at least `k`.
#[expect(clippy::cast_possible_truncation, reason = "models with more thresholds are refused")]
fn rank_of(value: f64, thresholds: &[f64]) -> u16 {
    thresholds.partition_point(|threshold| *threshold <= value) as u16
}

/// For each of `n_columns` columns, every threshold in `trees`, ascending and distinct.
fn thresholds_of(trees: &[Tree], n_columns: usize) -> Result<Vec<Vec<f64>>, FamilyError> {
    let mut thresholds = vec![Vec::new(); n_columns];
    for tree in trees {
        let splits = tree.left_children.iter().zip(&tree.split_indices).zip(&tree.split_type).enumerate();
        for (node, ((left, feature), kind)) in splits.take(tree.split_conditions.len()) {
            if *left == -1 {
                continue;
            }
            let threshold = tree.threshold(node);
            match thresholds.get_mut(usize::from(*feature)) {
                Some(thresholds) if *kind == 0 && !threshold.is_nan() => thresholds.push(threshold),
                _ => return Err(unreadable("a split is of a kind that is not read here")),
            }
        }
    }
    for thresholds in &mut thresholds {
        thresholds.sort_unstable_by(f64::total_cmp);
        // 0 and -0 are one threshold
        thresholds.dedup_by(|a, b| *a <= *b && *b <= *a);
    }
    Ok(thresholds)
}

impl TreeModel {
    /// The number of columns of a row: the features, and the trend if it is one.
    #[must_use]
    pub fn columns(&self) -> usize {
        self.features.len() + usize::from(self.has_trend_column)
    }

    /// The stone as the trees know stones.
    fn known(&self, stone: &Stone) -> Stone {
        if self.knows_gaps { *stone } else { stone.with_usual_measures() }
    }

    /// The columns of `stone`, followed by zeros, and the value of the trend for it.
    fn row_of(&self, stone: &Stone) -> ([f64; MAX_FEATURES], f64) {
        let stone = &self.known(stone);
        let trend = self.trend.as_ref().map_or(0.0, |trend| trend.log_price(stone));
        let last = self.has_trend_column.then_some(trend);
        let mut row = [0.0; MAX_FEATURES];
        for (cell, value) in row.iter_mut().zip(self.features.iter().map(|feature| feature.value(stone)).chain(last)) {
            *cell = value;
        }
        (row, trend)
    }

    /// The rank of a value among the thresholds of a column.
    fn rank(&self, place: usize, value: f64) -> u16 {
        #[expect(clippy::cast_possible_truncation, reason = "XGBoost works in single precision")]
        let value = if self.is_single { f64::from(value as f32) } else { value };
        if value.is_nan() { MISSING } else { rank_of(value, &self.thresholds[place]) }
    }
}

impl TreeModel {
    /// What the trees for all colours and clarities see of `stone`, whose trends are `trends`.
    fn columns_by_grade(&self, trees: &TreesByGrade, stone: &Stone, trends: &[f64; CELLS]) -> ColumnsByGrade {
        trees.columns(stone, &self.features, trends, |place, value| self.rank(place, value))
    }
}

impl Model for TreeModel {
    fn price_usd(&self, stone: &Stone) -> f64 {
        let (row, trend) = self.row_of(stone);
        self.target.to_price(self.share_of_trend * trend + self.sum(&row[..self.columns()]))
    }

    fn prices_by_grade(&self, stone: &Stone, wanted: GradeSet) -> PricesByGrade {
        let Some(trees) = self.by_grade.as_ref().filter(|_| self.target == Target::LogPrice) else {
            return PricesByGrade::of(stone, wanted, |stone| self.price_usd(stone));
        };
        let stone = &self.known(stone);
        let trends = self.trend.as_ref().map_or([0.0; CELLS], |trend| trend.log_prices_by_grade(stone));
        let columns = self.columns_by_grade(trees, stone, &trends);
        let sums = trees.sums(&columns, wanted);
        PricesByGrade(std::array::from_fn(|cell| {
            self.share_of_trend * trends[cell] + f64::from(self.base_score) + f64::from(sums[cell]) / self.units
        }))
    }
}

#[cfg(test)]
mod tests {
    use xgboost::{Booster, DMatrix};

    use super::super::settings::Settings;
    use super::super::training;
    use super::super::tuning::proposals;
    use super::*;
    use crate::diamond::Sale;
    use crate::generator::Generator;

    fn train(sales: &[Sale], settings: &Settings, seed: u64) -> Result<Vec<u8>, FamilyError> {
        training::train(sales, settings, seed, 2)
    }

    /// Rows, every other one with missing values: there about one value in eight is missing.
    fn rows_with_gaps(model: &TreeModel, sales: &[Sale]) -> Vec<f32> {
        let rows = sales.iter().flat_map(|sale| model.row_of(&sale.stone).0[..model.columns()].to_vec());
        #[expect(clippy::cast_possible_truncation, reason = "XGBoost works in single precision")]
        let mut rows: Vec<f32> = rows.map(|value| value as f32).collect();
        for (index, value) in rows.iter_mut().enumerate() {
            if index / model.columns() % 2 == 1 && index * 2_654_435_761 % 8 == 3 {
                *value = f32::NAN;
            }
        }
        rows
    }

    #[test]
    fn the_walk_gives_the_librarys_bits_whatever_the_search_proposes() {
        let known: Vec<Sale> = Generator::new(1).take(400).collect();
        let asked: Vec<Sale> = Generator::new(2).take(10_000).collect();
        for settings in proposals(7, 16) {
            let bytes = train(&known, &settings, 3).expect("a fit");
            let model = TreeModel::from_json(&bytes).expect("a model");
            let rows = rows_with_gaps(&model, &asked);
            let library = Booster::load_buffer(&bytes).expect("a booster");
            let matrix = DMatrix::from_dense(&rows, asked.len()).expect("a matrix");
            let expected = library.predict_margin(&matrix).expect("predictions");
            for (row, expected) in rows.chunks(model.columns()).zip(expected) {
                assert_eq!(model.predict(row).to_bits(), expected.to_bits(), "{settings:?}");
            }
        }
    }

    #[test]
    fn every_processor_gives_all_grades_the_same_bits() {
        let sales: Vec<Sale> = Generator::new(1).take(600).collect();
        let bytes = train(&sales, &Settings { n_estimators: 40, ..Settings::start(600) }, 3).expect("a fit");
        let model = TreeModel::from_json(&bytes).expect("a model");
        let trees = model.by_grade.as_ref().expect("small enough");
        for stone in Generator::new(2).take(200).map(|sale| sale.stone) {
            for stone in [stone, stone.without_sizes(), stone.with_four_cs_only()] {
                let trends = model.trend.as_ref().expect("a trend").log_prices_by_grade(&stone);
                let columns = model.columns_by_grade(trees, &stone, &trends);
                for wanted in [GradeSet::ALL, GradeSet::comparable(stone.color, stone.clarity)] {
                    let [here, anywhere] = [trees.sums(&columns, wanted), trees.sums_plainly(&columns, wanted)];
                    assert_eq!(here, anywhere, "{stone:?}");
                }
            }
        }
    }

    #[test]
    fn a_price_allocates_nothing() {
        let sales: Vec<Sale> = Generator::new(1).take(300).collect();
        let bytes = train(&sales, &Settings { n_estimators: 30, ..Settings::start(300) }, 3).expect("a fit");
        let model = TreeModel::from_json(&bytes).expect("a model");
        let allocated = allocation_counter::measure(|| {
            assert!(model.price_usd(&sales[0].stone) > 0.0);
        });
        assert_eq!(allocated.count_total, 0);
    }

    #[test]
    fn a_model_that_does_not_name_its_target_is_refused() {
        let sales: Vec<Sale> = Generator::new(1).take(200).collect();
        let settings = Settings { n_estimators: 2, ..Settings::start(200) };
        let bytes = train(&sales, &settings, 3).expect("a fit");
        let text = String::from_utf8(bytes).expect("JSON").replace(TARGET_ATTRIBUTE, "other");
        let error = TreeModel::from_json(text.as_bytes()).expect_err("no target").to_string();
        assert!(error.contains("price or log price"), "{error}");
    }
}
