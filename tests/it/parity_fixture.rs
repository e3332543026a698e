//! The same figures as scikit-learn and XGBoost give in Python, on made-up sales that lie beside the tests: see
//! `fixtures/parity/make.py`.

use diamonds::diamond::{Sale, Stone};
use diamonds::learning::evaluation::Metrics;
use diamonds::learning::families::xgboost::TreeModel;
use diamonds::learning::families::{FitPlan, GradeSet, Model, Recipe, SilentObserver, find_family};
use diamonds::learning::features::{FOUR_CS, Target, encode_f32, nine_ordinal};
use serde_json::Value;

use crate::parity::{assert_close, assert_metrics};
use crate::shared::read_sales;

/// Rows of a file, each with its number from 1: training rows, and every fifth one as test row.
fn fixture() -> (Vec<Sale>, Vec<Sale>, Value) {
    let sales = read_sales(include_str!("fixtures/parity/sales.csv"));
    let (test, train): (Vec<_>, Vec<_>) = sales.into_iter().partition(|(row, _)| row % 5 == 0);
    let only_sales = |rows: Vec<(usize, Sale)>| rows.into_iter().map(|(_, sale)| sale).collect::<Vec<_>>();
    let reference = serde_json::from_str(include_str!("fixtures/parity/reference.json")).expect("JSON");
    (only_sales(train), only_sales(test), reference)
}

fn stones(sales: &[Sale]) -> Vec<Stone> {
    sales.iter().map(|sale| sale.stone).collect()
}

fn numbers(values: &Value) -> Vec<f64> {
    values.as_array().expect("an array").iter().map(|value| value.as_f64().expect("a number")).collect()
}

#[test]
fn linear_equals_scikit_learn() {
    let (train, test, reference) = fixture();
    let reference = &reference["linear"];
    let plan = FitPlan { seed: 1, trials: 0, threads: 2, budget: None, start: None, observer: &SilentObserver };
    let fitted = find_family("linear").expect("a family").fit(&train, &plan).expect("a fit");
    assert_eq!(fitted.target, Target::LogPrice);
    let coefficients = reference["coefficients"].as_object().expect("coefficients");
    assert_eq!(fitted.features.len(), coefficients.len());
    for (name, theirs) in coefficients {
        let ours = fitted.hyperparameters["coefficients"][name].as_f64().expect(name);
        assert_close(ours, theirs.as_f64().expect("a number"), 1e-6, name);
    }
    let predicted = fitted.model.prices_usd(&stones(&test));
    for (ours, theirs) in predicted.iter().zip(numbers(&reference["predicted_usd"])) {
        assert_close(*ours, theirs, 1e-9, "a price");
    }
    let truth: Vec<f64> = test.iter().map(|sale| sale.price_usd).collect();
    assert_metrics(&Metrics::of(&truth, &predicted), &reference["metrics"], 1e-9);
}

#[test]
fn a_model_saved_by_python_gives_its_prices() {
    let (_, test, reference) = fixture();
    let reference = &reference["xgboost"];
    let json = include_bytes!("fixtures/parity/xgboost.json");
    let model = TreeModel::from_foreign_json(json, Target::LogPrice).expect("a model");
    let stones = stones(&test);
    let rows = encode_f32(model.features(), &stones);
    let theirs = numbers(&reference["log_predicted"]);
    assert_eq!(theirs.len(), stones.len());
    for (row, theirs) in rows.chunks(model.features().len()).zip(theirs) {
        // the reference is single precision, printed so that it reads back as the same number
        assert!((f64::from(model.predict(row)) - theirs).abs() < 1e-12, "{theirs}");
    }
    let truth: Vec<f64> = test.iter().map(|sale| sale.price_usd).collect();
    assert_metrics(&Metrics::of(&truth, &model.prices_usd(&stones)), &reference["metrics"], 1e-6);
}

#[test]
fn a_model_of_lightgbm_gives_its_prices() {
    let (_, test, _) = fixture();
    let reference: Value = serde_json::from_str(include_str!("fixtures/parity/lightgbm.json")).expect("JSON");
    let recipe = Recipe {
        target: Target::LogPrice,
        features: [vec![FOUR_CS[0]], FOUR_CS[1..].to_vec(), nine_ordinal()[4..].to_vec()].concat(),
        trend: None,
        share_of_trend: 0.0,
        has_trend_column: false,
        learnt_missing_measures: true,
    };
    let family = find_family("xgboost").expect("a family");
    let elsewhere = family.elsewhere().expect("forests");
    let saved = include_bytes!("fixtures/parity/lightgbm.txt");
    let model = family.load(&elsewhere.adopt(saved, &recipe).expect("a model")).expect("its bytes");
    for told in ["whole", "four_cs"] {
        let theirs = numbers(&reference[told]);
        assert_eq!(theirs.len(), test.len());
        for (sale, theirs) in test.iter().zip(theirs) {
            let stone = if told == "whole" { sale.stone.turned() } else { sale.stone.with_four_cs_only() };
            // thresholds are exact; leaves are kept in single precision
            assert_close(model.price_usd(&stone), theirs.exp(), 1e-6, told);
            let by_grade = model.prices_by_grade(&stone, GradeSet::ALL);
            assert_close(by_grade.price_usd(stone.color, stone.clarity), theirs.exp(), 1e-6, told);
        }
    }
}
