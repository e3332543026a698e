//! Reads the text form of a model of LightGBM, so that the same walk prices by it.
//!
//! Form: `Booster.save_model`; what a node does: `Tree::NumericalDecision` in `include/LightGBM/tree.h`. A value goes left if it is not
//! greater than the threshold, in double precision; here a value goes right from its threshold on, so each threshold is the next greater
//! number.

use std::collections::HashMap;
use std::str::FromStr;

use serde_json::{Value, json};

use super::LIGHTGBM;

/// Objectives whose trees add up to the target itself.
const OBJECTIVES: [&str; 6] = ["regression", "regression_l1", "huber", "fair", "quantile", "mape"];

/// Bits of the kind of a decision: whether it is of categories, whether a missing value goes left, and what counts as missing.
const CATEGORICAL: u8 = 1;
const DEFAULT_LEFT: u8 = 2;
const MISSING_IS_ZERO: u8 = 1 << 2;
const MISSING_IS_NAN: u8 = 2 << 2;

/// Whether `bytes` are the text of a model of LightGBM.
pub fn is_model(bytes: &[u8]) -> bool {
    bytes.starts_with(b"tree\n") || bytes.starts_with(b"tree\r\n")
}

/// The model in the form that boosted trees are kept in here. What its columns are called and mean is for the caller to fill in.
///
/// # Errors
/// If it is not a model whose prices can be worked out here, as what is wrong.
pub fn document_of(bytes: &[u8]) -> Result<Value, String> {
    let text = std::str::from_utf8(bytes).map_err(|_| "it is not text".to_owned())?;
    let mut blocks = text.split("\n\n").map(fields_of);
    let head = blocks.next().unwrap_or_default();
    let objective = head.get("objective").copied().unwrap_or("regression");
    let mut words = objective.split_whitespace();
    if !words.next().is_some_and(|name| OBJECTIVES.contains(&name)) || words.any(|word| word == "sqrt") {
        return Err(format!("its objective is {objective}: only {} are read here", OBJECTIVES.join(", ")));
    }
    for (name, wanted) in [("num_class", "1"), ("num_tree_per_iteration", "1")] {
        if head.get(name).is_some_and(|value| *value != wanted) {
            return Err("it predicts several numbers, where one price is wanted".to_owned());
        }
    }
    if text.lines().any(|line| line == "average_output") {
        return Err("its trees are averaged (boosting rf): only added ones are read here".to_owned());
    }
    let columns: usize = one(&head, "max_feature_idx").map(|last: usize| last + 1)?;
    let trees = blocks
        .filter(|block| block.contains_key("Tree"))
        .map(|block| tree_of(&block).map_err(|problem| format!("tree {}: {problem}", block["Tree"])))
        .collect::<Result<Vec<Value>, String>>()?;
    if trees.is_empty() {
        return Err("it has no trees".to_owned());
    }
    Ok(json!({"learner": {
        "attributes": {},
        "feature_names": [],
        "gradient_booster": {"name": "gbtree", "model": {"trees": trees}},
        "learner_model_param": {"base_score": "0", "num_feature": columns.to_string()},
        "objective": {"name": LIGHTGBM},
    }}))
}

/// The lines `name=value` of a block.
fn fields_of(block: &str) -> HashMap<&str, &str> {
    block.lines().filter_map(|line| line.trim_end().split_once('=')).collect()
}

/// The only value of a field.
fn one<T: FromStr>(block: &HashMap<&str, &str>, name: &str) -> Result<T, String> {
    let value = block.get(name).ok_or_else(|| format!("it lacks {name}"))?;
    value.parse().map_err(|_| format!("{name} is {value:?}"))
}

/// The `count` values of a field.
fn many<T: FromStr>(block: &HashMap<&str, &str>, name: &str, count: usize) -> Result<Vec<T>, String> {
    let text = block.get(name).copied().unwrap_or_default();
    let values: Result<Vec<T>, _> = text.split_whitespace().map(str::parse).collect();
    values.ok().filter(|values| values.len() == count).ok_or_else(|| format!("{name} does not have {count} numbers"))
}

/// A tree: first its splits, then its leaves.
fn tree_of(block: &HashMap<&str, &str>) -> Result<Value, String> {
    let leaves: usize = one(block, "num_leaves")?;
    if block.get("is_linear").is_some_and(|value| *value != "0") {
        return Err("its leaves are lines (linear_tree): only numbers are read here".to_owned());
    }
    let splits = leaves.checked_sub(1).ok_or("it has no leaf")?;
    let values: Vec<f64> = many(block, "leaf_value", leaves)?;
    let thresholds: Vec<f64> = many(block, "threshold", splits)?;
    let kinds: Vec<u8> = many(block, "decision_type", splits)?;
    let features: Vec<u16> = many(block, "split_feature", splits)?;
    let mut default_left = vec![0_u8; splits + leaves];
    for ((goes_left, kind), threshold) in default_left.iter_mut().zip(&kinds).zip(&thresholds) {
        if kind & CATEGORICAL != 0 {
            return Err("it splits a categorical column: give grades as numbers, 0 for the worst".to_owned());
        }
        if kind & MISSING_IS_ZERO != 0 {
            return Err("it takes 0 for missing (zero_as_missing), and the worst grade is 0".to_owned());
        }
        // where training saw no missing value, one counts as 0
        let left = if kind & MISSING_IS_NAN != 0 { kind & DEFAULT_LEFT != 0 } else { 0.0 <= *threshold };
        *goes_left = u8::from(left);
    }
    // a child below 0 is the leaf of that number, counted from -1
    let children = |name: &str| -> Result<Vec<i64>, String> {
        let of_splits: Vec<i64> = many(block, name, splits)?;
        let first_leaf = i64::try_from(splits).map_err(|_| "it is too large")?;
        let all = of_splits.into_iter().map(|child| if child < 0 { first_leaf + !child } else { child });
        Ok(all.chain(std::iter::repeat_n(-1, leaves)).collect())
    };
    let padded = |of_splits: Vec<f64>, of_leaves: &[f64]| -> Vec<f64> {
        of_splits.into_iter().chain(of_leaves.iter().copied()).collect()
    };
    let no_leaves = vec![0.0; leaves];
    #[expect(clippy::cast_possible_truncation, reason = "the walk adds in single precision")]
    let conditions: Vec<f32> = padded(vec![0.0; splits], &values).into_iter().map(|value| value as f32).collect();
    Ok(json!({
        "left_children": children("left_child")?,
        "right_children": children("right_child")?,
        "split_conditions": conditions,
        "thresholds": padded(thresholds.iter().map(|threshold| threshold.next_up()).collect(), &no_leaves),
        "split_indices": features.into_iter().chain(std::iter::repeat_n(0, leaves)).collect::<Vec<u16>>(),
        "default_left": default_left,
        "split_type": vec![0; splits + leaves],
    }))
}

#[cfg(test)]
mod tests {
    use super::super::{TreeModel, XgBoost};
    use crate::diamond::Stone;
    use crate::learning::families::{Model, Recipe, TrainedElsewhere};
    use crate::learning::features::{Feature, Target};

    /// Two trees on weight and depth, as LightGBM writes them: the first with two splits, the second a leaf.
    fn text(first_kind: &str) -> String {
        format!(
            "tree\nversion=v4\nnum_class=1\nnum_tree_per_iteration=1\nlabel_index=0\nmax_feature_idx=1\n\
             objective=regression_l1\nfeature_names=carat depth\n\nTree=0\nnum_leaves=3\nnum_cat=0\nsplit_feature=0 1\n\
             threshold=1.1000000000000001 61.5\ndecision_type={first_kind} 10\nleft_child=1 -1\nright_child=-2 -3\n\
             leaf_value=7 9 7.5\nis_linear=0\nshrinkage=1\n\n\nTree=1\nnum_leaves=1\nleaf_value=0.25\n\nend of trees\n"
        )
    }

    fn recipe() -> Recipe {
        Recipe {
            target: Target::LogPrice,
            features: vec![Feature::Carat, Feature::Depth],
            trend: None,
            share_of_trend: 0.0,
            has_trend_column: false,
            learnt_missing_measures: true,
        }
    }

    #[test]
    fn a_value_goes_left_up_to_its_threshold_and_missing_ones_as_was_learnt() {
        let bytes = XgBoost.adopt(text("2").as_bytes(), &recipe()).expect("a model");
        let model = TreeModel::from_json(&bytes).expect("its bytes");
        let says = |weight_carat: f64, depth_percent: f64, log_price: f64| {
            let price_usd = model.price_usd(&Stone { weight_carat, depth_percent, ..Stone::EXAMPLE });
            assert!(
                (price_usd.ln() - log_price).abs() < 1e-6,
                "{weight_carat} ct, {depth_percent} %: {}",
                price_usd.ln()
            );
        };
        says(1.0, 60.0, 7.25);
        // at the threshold, which is no number in single precision, and just above
        says(1.1, 61.5, 7.25);
        says(1.1, 61.500_001, 7.75);
        says(1.1_f64.next_up(), 60.0, 9.25);
        // 10: missing is no number, and goes left
        says(1.0, f64::NAN, 7.25);
        assert!(XgBoost.release(&bytes).is_err_and(|error| error.to_string().contains("LightGBM")));
    }

    #[test]
    fn what_cannot_be_read_is_told() {
        let told = |text: &str| XgBoost.adopt(text.as_bytes(), &recipe()).expect_err("not read").to_string();
        assert!(told(&text("1")).contains("tree 0: it splits a categorical column"));
        assert!(told(&text("6")).contains("zero_as_missing"));
        assert!(told(&text("2").replace("regression_l1", "poisson")).contains("its objective is poisson"));
        assert!(told(&text("2").replace("num_class=1", "num_class=3")).contains("several numbers"));
        assert!(told(&text("2").replace("leaf_value=7 9 7.5", "leaf_value=7 9")).contains("does not have 3 numbers"));
        assert!(told(&text("2").replace("left_child=1 -1", "left_child=7 -1")).contains("malformed"));
        assert!(told(&text("2").replace("max_feature_idx=1", "max_feature_idx=4")).contains("it has 5 columns"));
        assert!(told("tree\nversion=v4\n").contains("it lacks max_feature_idx"));
    }
}
