//! Fits boosted trees with the XGBoost library: several forests, which become one model in the library's own form.

use std::borrow::Cow;

use serde_json::{Value, json};

use super::forest::{Growing, Matrix, Member, Start, learnt_three_times};
use super::settings::{Settings, TARGET, features};
use super::{FamilyError, SHARE_ATTRIBUTE, TARGET_ATTRIBUTE, TREND_ATTRIBUTE, unfit, unreadable};
use crate::diamond::Sale;
use crate::learning::families::TREND_COLUMN;

/// Fits a model with `settings` to `sales`, on up to so many `threads`, and returns its bytes: XGBoost's JSON of all its trees, whose
/// leaves are divided by the number of forests, with the target, the trend and its share as attributes.
pub fn train(sales: &[Sale], settings: &Settings, seed: u64, threads: usize) -> Result<Vec<u8>, FamilyError> {
    let start = Start::fit(sales)?;
    let thrice = learnt_three_times(sales, seed);
    let members = Member::all(settings.four_cs_forest);
    let grow = |member: Member| {
        let learnt = if member == Member::FourCs { sales } else { &thrice };
        let matrix = Matrix::new(learnt, &start, member)?;
        let mut growing = Growing::new(member, &matrix, &[], settings, seed)?;
        for _ in 0..settings.n_estimators {
            growing.grow()?;
        }
        growing.booster.save_buffer(false).map_err(|error| unfit(sales.len(), &error))
    };
    let forests: Vec<Result<Vec<u8>, FamilyError>> = if threads < 2 {
        members.iter().map(|member| grow(*member)).collect()
    } else {
        std::thread::scope(|scope| {
            let (first, others) = members.split_at(1);
            let aside = scope.spawn(|| grow(first[0]));
            let others: Vec<_> = others.iter().map(|member| grow(*member)).collect();
            let first = aside.join().unwrap_or_else(|_| Err(unfit(sales.len(), &"the library failed")));
            std::iter::once(first).chain(others).collect()
        })
    };
    let forests = forests.into_iter().collect::<Result<Vec<_>, _>>()?;
    joined(members, &forests, &start)
}

/// One model of `forests`, the JSON of each of the `members`: its sum is their mean.
pub fn joined(members: &[Member], forests: &[Vec<u8>], start: &Start) -> Result<Vec<u8>, FamilyError> {
    let broken = || unreadable("the library wrote a model of an unknown form");
    #[expect(clippy::cast_precision_loss, reason = "three at the most")]
    let count = members.len() as f32;
    let share_of_trend = members.iter().map(|member| member.share_of_trend()).sum::<f32>() / count;
    let mut names: Vec<Cow<'_, str>> = features().iter().map(|feature| Cow::Owned(feature.name())).collect();
    let types = vec!["float"; names.len() + 1];
    let mut trees = Vec::new();
    let mut document = Value::Null;
    for (member, bytes) in members.iter().zip(forests) {
        let mut forest: Value = serde_json::from_slice(bytes).map_err(|_| broken())?;
        let columns = member.columns();
        let of_forest = forest["learner"]["gradient_booster"]["model"]["trees"].as_array_mut().ok_or_else(broken)?;
        for mut tree in std::mem::take(of_forest) {
            tree["id"] = json!(trees.len());
            tree["tree_param"]["num_feature"] = json!((names.len() + 1).to_string());
            divide_leaves(&mut tree, count).ok_or_else(broken)?;
            for place in tree["split_indices"].as_array_mut().ok_or_else(broken)? {
                let own = place.as_u64().and_then(|own| usize::try_from(own).ok()).ok_or_else(broken)?;
                *place = json!(columns.get(own).ok_or_else(broken)?);
            }
            trees.push(tree);
        }
        document = forest;
    }
    names.push(Cow::Borrowed(TREND_COLUMN));
    let learner = document.get_mut("learner").ok_or_else(broken)?;
    let base_score = start.mean * f64::from(1.0 - share_of_trend);
    learner["learner_model_param"]["base_score"] = json!(format!("[{base_score:E}]"));
    learner["learner_model_param"]["num_feature"] = json!(names.len().to_string());
    learner["feature_names"] = json!(names);
    learner["feature_types"] = json!(types);
    let trend = serde_json::to_string(&start.trend).map_err(|_| broken())?;
    learner["attributes"] = json!({
        TARGET_ATTRIBUTE: TARGET.name(),
        TREND_ATTRIBUTE: trend,
        SHARE_ATTRIBUTE: share_of_trend.to_string(),
    });
    let model = &mut learner["gradient_booster"]["model"];
    model["gbtree_model_param"]["num_trees"] = json!(trees.len().to_string());
    model["iteration_indptr"] = json!((0..=trees.len()).collect::<Vec<_>>());
    model["tree_info"] = json!(vec![0; trees.len()]);
    model["trees"] = Value::Array(trees);
    serde_json::to_vec(&document).map_err(|_| broken())
}

/// Divides the value of each leaf of `tree` by `count`; `None` if it is no tree.
fn divide_leaves(tree: &mut Value, count: f32) -> Option<()> {
    let is_leaf: Vec<bool> = tree["left_children"].as_array()?.iter().map(|left| left.as_i64() == Some(-1)).collect();
    for column in ["split_conditions", "base_weights"] {
        let values = tree[column].as_array_mut()?;
        for (value, is_leaf) in values.iter_mut().zip(&is_leaf) {
            if *is_leaf || column == "base_weights" {
                #[expect(clippy::cast_possible_truncation, reason = "the library works in single precision")]
                let single = value.as_f64()? as f32;
                *value = json!(single / count);
            }
        }
    }
    Some(())
}
