//! `diamonds retrain` and `diamonds models`.

use std::io::{BufRead, BufReader};
use std::process::Stdio;

use diamonds::learning::families::FAMILIES;
use serde_json::json;

use crate::program::{Server, TestFolder, send_signal};
use crate::shared;

#[test]
fn every_family_is_trained_judged_and_the_best_promoted() {
    let test_folder = TestFolder::new();
    test_folder.succeed(&["ingest", &test_folder.write_sales("sales.csv", 5, 0, 1_200)]);
    let report = test_folder.json(&["retrain", "--trials", "6"]);
    let dataset = &report["dataset"];
    assert_eq!(dataset["rows"], 1_200);
    assert_eq!(dataset["train"].as_i64().expect("a count") + dataset["holdout"].as_i64().expect("a count"), 1_200);
    assert_eq!(report["promoted"], true);

    let models = report["models"].as_array().expect("models");
    let names: Vec<&str> = models.iter().map(|model| model["family"].as_str().expect("a name")).collect();
    assert_eq!(names, FAMILIES.iter().map(|family| family.name()).collect::<Vec<_>>());
    let best = models
        .iter()
        .min_by(|a, b| {
            a["metrics"]["mae_usd"].as_f64().partial_cmp(&b["metrics"]["mae_usd"].as_f64()).expect("numbers")
        })
        .expect("a model");
    assert_eq!(report["champion"], best["id"]);
    for model in models {
        assert!(model["metrics"]["r2"].as_f64().expect("a number") > 0.8, "{model}");
        assert!(model["hyperparameters"].is_object() && model["fit_seconds"].is_number(), "{model}");
    }

    let list = test_folder.json(&["models", "list"]);
    let champions: Vec<_> =
        list["models"].as_array().expect("models").iter().filter(|model| model["champion"] == true).collect();
    assert_eq!((champions.len(), &champions[0]["id"]), (1, &report["champion"]));
    assert_eq!(list["models"][0]["id"], FAMILIES.len(), "newest first");
    let card = test_folder.json(&["models", "show", &report["champion"].to_string()]);
    assert_eq!(card["lineage"], serde_json::json!([{"batch": 1, "rows": 1_200}]));
    assert_eq!(card["promotions"][0]["reason"], "the first champion");
    let champion = report["champion"].to_string();
    assert!(test_folder.succeed(&["models", "show", &champion]).stdout.contains("the champion"));
    // which family wins depends on the sales that judge; only one of them tunes
    let tuned = test_folder.json(&["models", "show", "2"]);
    assert_eq!((&tuned["family"], tuned["tuning"].as_array().map(Vec::len)), (&"xgboost".into(), Some(6)));
    assert!(test_folder.succeed(&["models", "show", "2"]).stdout.contains("learning_rate"));
}

#[test]
fn the_same_sales_and_seed_give_the_same_models_in_every_process() {
    let test_folder = TestFolder::new();
    test_folder.succeed(&["ingest", &test_folder.write_sales("sales.csv", 5, 0, 500)]);
    for _ in 0..2 {
        test_folder.succeed(&["retrain", "--fresh", "--trials", "14", "--seed", "3"]);
    }
    test_folder.succeed(&["retrain", "--fresh", "--trials", "14", "--seed", "4"]);
    let distinct = |where_clause: &str| {
        test_folder.value(&format!("SELECT count(DISTINCT md5(content::VARCHAR)) FROM artifact JOIN model ON id = model_id WHERE {where_clause}"))
    };
    assert_eq!(distinct("family = 'xgboost' AND seed = 3"), 1);
    assert_eq!(distinct("family = 'linear' AND seed = 3"), 1);
    assert_eq!(distinct("family = 'xgboost'"), 2);
    let trials = test_folder.value(
        "SELECT count(*) FROM (SELECT number, trial.hyperparameters, trial.mae_usd, pruned FROM trial \
         JOIN model ON model.id = model_id WHERE model.seed = 3 GROUP BY ALL HAVING count(*) <> 2)",
    );
    assert_eq!(trials, 0, "every trial of one run has its twin in the other");
}

#[test]
fn a_model_is_promoted_only_if_it_is_better_on_the_same_holdout() {
    let test_folder = TestFolder::new();
    let retrain = |more: &[&str]| {
        let report = test_folder.json(&[&["retrain", "--family", "linear"], more].concat());
        (
            report["promoted"].as_bool().expect("yes or no"),
            report["champion"].as_i64(),
            report["models"][0]["id"].as_i64(),
        )
    };
    test_folder.succeed(&["ingest", &test_folder.write_sales("few.csv", 5, 0, 130)]);
    test_folder.fix_holdout();
    assert_eq!(retrain(&["--promote", "never"]), (false, None, Some(1)));
    assert_eq!(retrain(&[]), (true, Some(2), Some(2)), "the first champion");
    assert_eq!(retrain(&[]), (false, Some(2), Some(3)), "as good is not better");
    assert_eq!(retrain(&["--promote", "always"]), (true, Some(4), Some(4)));
    // thirty times the sales make a model that errs less
    test_folder.succeed(&["ingest", &test_folder.write_sales("many.csv", 5, 130, 4_000)]);
    assert_eq!(retrain(&["--promote", "never"]), (false, Some(4), Some(5)));
    assert_eq!(retrain(&[]), (true, Some(6), Some(6)));
    assert_eq!(test_folder.value("SELECT count(*) FROM model"), 6, "every model is kept");
    let champions = test_folder.json(&["sql", "SELECT model_id FROM promotion ORDER BY id"]);
    assert_eq!(champions, serde_json::json!([{"model_id": 2}, {"model_id": 4}, {"model_id": 6}]));
    let reason = test_folder.json(&["models", "show", "6"])["promotions"][0]["reason"].clone();
    assert!(reason.as_str().expect("text").contains("is less than"), "{reason}");
}

#[test]
fn what_is_missing_for_a_model_is_said() {
    let test_folder = TestFolder::new();
    let said = test_folder.fail(1, &["retrain"]);
    assert!(said.contains("no sales to train on") && said.contains("diamonds ingest"), "{said}");
    test_folder.succeed(&["ingest", &test_folder.write_sales("few.csv", 1, 0, 30)]);
    let said = test_folder.fail(1, &["retrain"]);
    assert!(said.contains("30 sales are too few") && said.contains("ingest at least 70 more"), "{said}");

    let test_folder = TestFolder::new();
    let rows: Vec<String> = std::fs::read_to_string(test_folder.write_sales("all.csv", 1, 0, 300))
        .expect("the file")
        .lines()
        .enumerate()
        .map(|(number, line)| {
            let mut fields: Vec<&str> = line.split(',').collect();
            if number > 0 {
                fields[2] = "H";
            }
            fields.join(",")
        })
        .collect();
    test_folder.succeed(&["ingest", &test_folder.write("one-color.csv", rows.join("\n"))]);
    let said = test_folder.fail(1, &["retrain"]);
    assert!(said.contains("have the color H"), "{said}");
    assert_eq!(test_folder.value("SELECT count(*) FROM model"), 0);

    let said = test_folder.fail(2, &["retrain", "--family", "forest"]);
    assert!(said.contains("forest") && said.contains("linear"), "{said}");
}

#[test]
fn ctrl_c_keeps_the_best_so_far() {
    let test_folder = TestFolder::new();
    test_folder.succeed(&["ingest", &test_folder.write_sales("sales.csv", 5, 0, 2_000)]);
    let mut child = test_folder
        .command(&["--json", "-v", "retrain", "--trials", "1000000"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it runs");
    // wait for the first trials, however slow the machine
    let mut told = BufReader::new(child.stderr.take().expect("its errors")).lines();
    while !told.next().expect("it goes on").expect("text").contains("trial 2 of") {}
    send_signal(child.id(), "INT");
    let rest = std::thread::spawn(move || told.map_while(Result::ok).collect::<Vec<_>>());
    let mut line = String::new();
    BufReader::new(child.stdout.take().expect("its output")).read_line(&mut line).expect("a line");
    assert_eq!(child.wait().expect("it ends").code(), Some(0));
    let report: serde_json::Value = serde_json::from_str(&line).expect("a report");
    assert_eq!(report["promoted"], true);
    assert!(rest.join().expect("text").iter().any(|line| line.contains("the best settings so far are kept")));
    let models = report["models"].as_array().expect("models");
    let trials: i64 = models.iter().filter_map(|model| model["trials"].as_i64()).sum();
    assert!((2..1_000_000).contains(&trials), "{trials}");
    assert_eq!(test_folder.value("SELECT count(*) FROM trial"), trials);
}

#[test]
fn the_real_file_gives_a_champion_that_beats_the_straight_line() {
    let Some(folder) = shared::folder() else { return };
    let test_folder = TestFolder::new();
    test_folder.succeed(&["ingest", &shared::real_csv(&folder).display().to_string()]);
    let report = test_folder.json(&["retrain", "--trials", "20"]);
    let mae_of = |index: usize| report["models"][index]["metrics"]["mae_usd"].as_f64().expect("a number");
    assert!(mae_of(1) < mae_of(0) && mae_of(1) < 400.0, "{report}");
    assert_ne!(report["champion"], 1);
}

#[test]
fn a_model_is_promoted_and_rolled_back() {
    let test_folder = TestFolder::trained(300);
    test_folder.succeed(&["retrain", "--trials", "2", "--promote", "always"]);
    let best = test_folder.value("SELECT model_id FROM champion").as_i64().expect("a champion");
    assert_eq!(test_folder.json(&["models", "rollback"])["champion"], 2);
    assert_eq!(test_folder.json(&["models", "rollback"])["champion"], 1);
    let error = test_folder.fail(1, &["models", "rollback"]);
    assert!(error.contains("no champion before this one"), "{error}");
    // what was promoted after a rollback is taken back to what the rollback had restored
    test_folder.succeed(&["models", "promote", "2"]);
    assert_eq!(test_folder.json(&["models", "rollback"])["champion"], 1);
    test_folder.succeed(&["models", "promote", "2"]);
    test_folder.succeed(&["models", "promote", "1", "--reason", "the line is easier to explain"]);
    let card = test_folder.json(&["models", "show", "1"]);
    assert_eq!(card["promotions"][0]["reason"], "the line is easier to explain");
    assert!(test_folder.fail(1, &["models", "promote", "1"]).contains("is the champion already"));
    assert!(test_folder.fail(1, &["models", "promote", "77"]).contains("there is no model 77"));
    assert!(best > 2);
}

#[test]
fn two_models_are_compared_on_the_same_sales() {
    let test_folder = TestFolder::trained(600);
    let report = test_folder.json(&["models", "compare", "1", "2"]);
    let [first, second] = [0, 1].map(|index| report["models"][index]["metrics"]["mae_usd"].as_f64().expect("a figure"));
    let difference = report["mae_difference_usd"].as_f64().expect("a figure");
    assert!((first - second - difference).abs() < 1e-6, "{report}");
    assert!(
        report["low_usd"].as_f64() <= Some(difference) && Some(difference) <= report["high_usd"].as_f64(),
        "{report}"
    );
    let same = test_folder.succeed(&["models", "compare", "2", "2"]).stdout;
    assert!(same.contains("That may be luck"), "{same}");
    assert!(test_folder.fail(1, &["models", "compare", "1", "9"]).contains("there is no model 9"));
}

#[test]
fn prices_that_rise_are_brought_to_the_newest_day_and_a_correction_says_so() {
    let test_folder = TestFolder::new();
    let generate = |rows: &str, skip: &str, change: &str| {
        let arguments = ["generate", "--rows", rows, "--skip", skip, "--yearly-change", change];
        test_folder.write(&format!("sales-{skip}.csv"), test_folder.succeed(&arguments).stdout)
    };
    test_folder.succeed(&["ingest", &generate("2000", "0", "0.3")]);
    test_folder.succeed(&["retrain", "--family", "linear"]);
    let card = test_folder.json(&["models", "show", "1"]);
    let change = card["period"]["level_change"].as_f64().expect("a change");
    assert!((change - 0.3).abs() < 0.06, "{card}");
    assert!(card["period"]["half_life_days"].is_number() && card["period"]["from"] == "2025-01-01", "{card}");

    // a year later everything costs half as much again
    let later = generate("300", "5000", "0");
    let text = std::fs::read_to_string(&later).expect("a table");
    let raised: Vec<String> = text.lines().map(raise_price).collect();
    test_folder.succeed(&["ingest", &test_folder.write("later.csv", raised.join("\n"))]);
    let status = test_folder.json(&["status"]);
    let level = &status["level"];
    let (low, high) = (level["low"].as_f64().expect("a bound"), level["high"].as_f64().expect("a bound"));
    assert!(level["prices"] == 300 && 0.0 < low && low < high, "{status}");
    let advice = status["advice"].to_string();
    assert!(advice.contains("diamonds models correct 1 0."), "{advice}");

    let price =
        || test_folder.json(&["predict", "--carat", "1.1", "--cut", "Ideal", "--color", "H", "--clarity", "SI2"]);
    let before = price();
    let server = Server::start(&test_folder);
    let card = server.get("/models/1").body;
    assert!(card.contains("300 stones") && card.contains("diamonds models correct 1 0."), "{card}");
    assert!(card.contains(FAMILIES[0].incomplete_stones()), "{card}");
    test_folder.succeed(&["models", "correct", "1", "0.25"]);
    let after = price();
    let ratio = after["price_usd"].as_f64().expect("a price") / before["price_usd"].as_f64().expect("a price");
    assert!((ratio - 1.25).abs() < 1e-4, "{ratio}");
    assert!(after["warnings"].to_string().contains("corrected by +25.0 %"), "{after}");
    test_folder.succeed(&["models", "correct", "1", "0"]);
    assert_eq!(price()["price_usd"], before["price_usd"]);
    drop(server);
    assert!(test_folder.fail(2, &["models", "correct", "1", "7"]).contains("is not a correction"));
    assert!(test_folder.fail(1, &["models", "correct", "9", "0.1"]).contains("model 9"));
}

/// A row of made-up sales whose price, the seventh column, is two thirds higher; a header stays.
fn raise_price(line: &str) -> String {
    let mut fields: Vec<String> = line.split(',').map(str::to_owned).collect();
    if let Ok(price) = fields[6].parse::<f64>() {
        fields[6] = format!("{:.0}", price * 5.0 / 3.0);
    }
    fields.join(",")
}

#[test]
fn after_a_correction_outcomes_from_before_it_ask_for_no_other() {
    let test_folder = TestFolder::new();
    test_folder.succeed(&["ingest", &test_folder.write_sales("sales.csv", 1, 0, 600)]);
    test_folder.succeed(&["retrain", "--family", "linear"]);
    let server = Server::start(&test_folder);
    for number in 0..40 {
        let stone = json!({"carat": 0.5 + 0.02 * f64::from(number), "cut": "Good", "color": "G", "clarity": "VS2"});
        let priced = server.post("/v1/predictions", &stone).json();
        let fetched = json!({ "price_usd": priced["price_usd"].as_f64().expect("a price") * 1.25 });
        let id = priced["id"].as_str().expect("an id");
        assert_eq!(server.post(&format!("/v1/predictions/{id}/outcome"), &fetched).status, 201);
    }
    let level = || test_folder.json(&["status"])["level"].clone();
    let before = level();
    assert!((before["median"].as_f64().expect("a share") - 0.25).abs() < 1e-4, "{before}");
    assert!((before["correction"].as_f64().expect("a share") - 0.25).abs() < 1e-4, "{before}");
    test_folder.succeed(&["models", "correct", "1", "0.25"]);
    let after = level();
    assert!(after["median"].as_f64().expect("a share").abs() < 1e-4, "{after}");
    assert!((after["correction"].as_f64().expect("a share") - 0.25).abs() < 1e-4, "{after}");
}

#[test]
fn sales_without_measures_are_learnt_as_what_they_are() {
    let test_folder = TestFolder::new();
    let whole = test_folder.write_sales("whole.csv", 3, 0, 300);
    // the four Cs and the price of others
    let text = std::fs::read_to_string(test_folder.write_sales("more.csv", 4, 1_000, 900)).expect("sales");
    let mut lines = text.lines().map(|line| line.split(',').collect::<Vec<_>>());
    let header = lines.next().expect("a header");
    let kept = ["carat", "cut", "color", "clarity", "price"]
        .map(|name| header.iter().position(|column| *column == name).expect("a column"));
    let row = |cells: &Vec<&str>| kept.map(|place| cells[place]).join(",");
    let four_cs: Vec<String> = std::iter::once(row(&header)).chain(lines.map(|line| row(&line))).collect();
    let four_cs = test_folder.write("four_cs.csv", four_cs.join("\n") + "\n");

    // of nothing but the four Cs
    test_folder.succeed(&["ingest", &four_cs]);
    let report = test_folder.json(&["retrain", "--trials", "0"]);
    assert_eq!(report["models"].as_array().map(Vec::len), Some(3), "{report}");
    let stone = ["--carat", "1.1", "--cut", "Ideal", "--color", "H", "--clarity", "SI2"];
    let with_sizes = [&stone[..], &["--x", "6.6", "--y", "6.6", "--z", "4.1"]].concat();
    for model in ["1", "2", "3"] {
        let price = |stone: &[&str]| test_folder.json(&[&["predict", "--model", model], stone].concat());
        let (priced, sized) = (price(&stone), price(&with_sizes));
        assert!(priced["range_usd"].is_object() && priced["reliable"] == true, "{priced}");
        let other_sizes = [&stone[..], &["--x", "6.7", "--y", "6.65", "--z", "4.0"]].concat();
        assert_eq!(sized["price_usd"], price(&other_sizes)["price_usd"], "no model has seen a size: {sized}");
        assert!(sized["range_usd"].is_object() && sized["reliable"] == true, "no sale says where sizes end: {sized}");
    }
    let similar = test_folder.json(&[&["similar"], &stone[..]].concat());
    let first = &similar["stones"][0]["sale"];
    let first = if first.is_object() { first } else { &similar["stones"][0] };
    assert!(first["carat"].is_number() && first.get("x").is_none() && first.get("depth").is_none(), "{first}");
    let shown = test_folder.succeed(&[&["similar"], &stone[..]].concat()).stdout;
    assert!(!shown.contains("NaN"), "{shown}");

    // and of both kinds
    test_folder.succeed(&["ingest", &whole]);
    test_folder.succeed(&["retrain", "--trials", "0", "--promote", "always"]);
    let card = test_folder.json(&["models", "show", "4"]);
    let judged = |name: &str| {
        let segments = card["segments"].as_array().expect("segments");
        let found = segments.iter().find(|one| one["feature"] == "told" && one["segment"] == name);
        found.and_then(|one| one["rows"].as_i64()).unwrap_or_default()
    };
    let (of_whole, of_all) = (judged("all told"), judged("four Cs only"));
    assert!(of_whole > 30 && of_whole < of_all, "{of_whole} of {of_all}");
    let server = Server::start(&test_folder);
    let page = server.get("/?carat=1.1&cut=Ideal&color=H&clarity=SI2").body;
    assert!(page.contains("–") && !page.contains("NaN"), "{page}");
}
