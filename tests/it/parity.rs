//! The same figures as scikit-learn and XGBoost give in Python, on the notebook's own split of the real sales.

use std::time::Instant;

use diamonds::diamond::Stone;
use diamonds::learning::evaluation::{Confidence, Metrics, Split};
use diamonds::learning::families::xgboost::TreeModel;
use diamonds::learning::families::{FitPlan, Model, SilentObserver, find_family};
use diamonds::learning::features::{Target, encode_f32};
use diamonds::learning::promises::{FittedPrices, fit_model};
use diamonds::retraining::{HoldoutSplit, train};

use crate::shared;

pub fn assert_close(ours: f64, theirs: f64, relative: f64, what: &str) {
    assert!((ours - theirs).abs() <= relative * theirs.abs(), "{what}: {ours}, expected {theirs}");
}

pub fn assert_metrics(ours: &Metrics, theirs: &serde_json::Value, relative: f64) {
    for (name, value) in [("r2", ours.r2), ("mae_usd", ours.mae_usd), ("rmse_usd", ours.rmse_usd), ("mape", ours.mape)]
    {
        assert_close(value, theirs[name].as_f64().expect("a number"), relative, name);
    }
}

fn stones(sales: &[diamonds::diamond::Sale]) -> Vec<Stone> {
    sales.iter().map(|sale| sale.stone).collect()
}

fn prices(sales: &[diamonds::diamond::Sale]) -> Vec<f64> {
    sales.iter().map(|sale| sale.price_usd).collect()
}

#[test]
fn linear_gives_the_coefficients_prices_and_metrics_of_scikit_learn() {
    let Some(folder) = shared::folder() else { return };
    let reference = shared::reference_metrics(&folder);
    let (train, test) = shared::notebook_split(&folder);
    assert_eq!((train.len(), test.len()), (3_991, 998));
    let plan = FitPlan { seed: 42, trials: 0, threads: 2, budget: None, start: None, observer: &SilentObserver };
    let fitted = find_family("linear").expect("a family").fit(&train, &plan).expect("a fit");
    assert_eq!(fitted.target.name(), "log_price");

    let coefficients = reference["linear_log_coefficients"].as_object().expect("coefficients");
    for (name, theirs) in coefficients {
        let ours = match name.as_str() {
            "intercept" => &fitted.hyperparameters["intercept"],
            column => &fitted.hyperparameters["coefficients"][column],
        };
        assert_close(ours.as_f64().expect(name), theirs.as_f64().expect("a number"), 1e-9, name);
    }
    assert_eq!(fitted.features.len() + 1, coefficients.len());

    let predicted = fitted.model.prices_usd(&stones(&test));
    for (ours, row) in predicted.iter().zip(shared::reference_rows(&folder)) {
        assert_close(*ours, row.linear_log_usd, 1e-8, &format!("row {}", row.row));
    }
    let metrics = Metrics::of(&prices(&test), &predicted);
    assert_metrics(&metrics, &reference["linear_log"], 1e-9);
    assert_eq!(format!("{:.5} {:.2}", metrics.r2, metrics.mae_usd), "0.90539 561.54");
}

#[test]
fn a_model_saved_by_python_predicts_the_same_bits_here() {
    let Some(folder) = shared::folder() else { return };
    let (_, test) = shared::notebook_split(&folder);
    let json = std::fs::read(folder.join("reference/xgboost-log-ordinal.json")).expect("the model");
    let model = TreeModel::from_foreign_json(&json, Target::LogPrice).expect("a model");

    // the library itself, from its binary format, is the oracle in log space
    let binary = std::fs::read(folder.join("reference/xgboost-log-ordinal.ubj")).expect("the model");
    let library = xgboost::Booster::load_buffer(&binary).expect("a booster");
    let rows = encode_f32(model.features(), test.iter().map(|sale| &sale.stone));
    let matrix = xgboost::DMatrix::from_dense(&rows, test.len()).expect("a matrix");
    let expected = library.predict_margin(&matrix).expect("predictions");
    assert_eq!(expected.len(), 998);
    for ((row, expected), reference) in
        rows.chunks(model.features().len()).zip(expected).zip(shared::reference_rows(&folder))
    {
        let said = model.predict(row);
        assert_eq!(said.to_bits(), expected.to_bits(), "row {}", reference.row);
        // the reference is printed in single precision, after the exponential
        assert_close(f64::from(said.exp()), reference.xgboost_log_usd, 1e-6, &format!("row {}", reference.row));
    }

    let predicted = model.prices_usd(&stones(&test));
    let metrics = Metrics::of(&prices(&test), &predicted);
    assert_metrics(&metrics, &shared::reference_metrics(&folder)["xgboost_log_ordinal"], 1e-6);
}

#[test]
fn metrics_equal_those_of_scikit_learn() {
    let Some(folder) = shared::folder() else { return };
    let rows = shared::reference_rows(&folder);
    let truth: Vec<f64> = rows.iter().map(|row| row.price_usd).collect();
    let predicted: Vec<f64> = rows.iter().map(|row| row.linear_log_usd).collect();
    // the reference's predictions are printed with nine digits
    assert_metrics(&Metrics::of(&truth, &predicted), &shared::reference_metrics(&folder)["linear_log"], 1e-7);
}

#[test]
fn tuned_xgboost_errs_by_less_than_306_dollars_on_the_notebooks_test_rows() {
    let Some(folder) = shared::folder() else { return };
    let (train, test) = shared::notebook_split(&folder);
    let plan = FitPlan { seed: 42, trials: 60, threads: 2, budget: None, start: None, observer: &SilentObserver };
    let started = Instant::now();
    let FittedPrices { prices: model, trials, hyperparameters, .. } =
        fit_model(find_family("xgboost").expect("a family"), &train, &plan).expect("a fit");
    let metrics = Metrics::of(&prices(&test), &model.prices_usd(&stones(&test)));
    println!(
        "MAE ${:.2}, R² {:.4}, {} trials in {:?}: {:?}",
        metrics.mae_usd,
        metrics.r2,
        trials.len(),
        started.elapsed(),
        hyperparameters
    );
    assert!(metrics.mae_usd < 306.0, "{metrics:?}");
}

#[test]
fn ranges_hold_on_fresh_real_stones_as_often_as_they_say() {
    let Some(folder) = shared::folder() else { return };
    let sales: Vec<_> = shared::real_sales(&folder).into_iter().map(|(_, sale)| sale).collect();
    let plan = FitPlan { seed: 1, trials: 1, threads: 2, budget: None, start: None, observer: &SilentObserver };
    // of each class of weight: how many ranges held, of how many
    let mut classes = std::collections::BTreeMap::<usize, (u32, u32)>::new();
    for round in 0..8 {
        let (known, fresh) = Split::new(format!("fresh {round}"), 0.2).part(&sales);
        let partition = HoldoutSplit::new(&known, &format!("holdout {round}")).expect("enough");
        let trained = train(find_family("xgboost").expect("a family"), &partition, &plan).expect("a model");
        let calibration = trained.calibration.expect("enough to judge by");
        for sale in fresh {
            let stone = sale.stone;
            let price_usd = trained.fitted.prices.price_usd(&stone);
            let range = calibration.range(&stone, price_usd, Confidence::Ninety).expect("a range");
            let class = [0.5, 1.0, 1.5, 2.0].partition_point(|bound| *bound <= stone.weight_carat);
            let (held, rows) = classes.entry(class).or_default();
            *held += u32::from((range.low..=range.high).contains(&sale.price_usd));
            *rows += 1;
        }
    }
    let share = |(held, rows): (u32, u32)| f64::from(held) / f64::from(rows);
    let all = classes.values().fold((0, 0), |all, one| (all.0 + one.0, all.1 + one.1));
    println!("held: {:.4} of all; {classes:?}", share(all));
    assert!((0.885..=0.915).contains(&share(all)), "{} of {}", all.0, all.1);
    for counts in classes.values().filter(|counts| counts.1 >= 200) {
        assert!((0.85..=0.95).contains(&share(*counts)), "{classes:?}");
    }
}
