//! A history that one can act on: cards of models, pruning, taking batches back, outcomes, replays, and how things stand.

use serde_json::{Value, json};

use crate::program::{Server, TestFolder};

fn stone(carat: f64) -> Value {
    json!({"carat": carat, "cut": "Ideal", "color": "H", "clarity": "SI2", "depth": 62.0, "table": 55,
        "x": 6.61, "y": 6.65, "z": 4.11})
}

#[test]
fn the_card_of_a_model_says_where_it_errs_and_which_sales_look_like_typing_errors() {
    let test_folder = TestFolder::new();
    let csv = std::fs::read_to_string(test_folder.write_sales("made.csv", 5, 0, 600)).expect("the file");
    let mut lines: Vec<String> = csv.lines().map(str::to_owned).collect();
    // somebody slipped: a digit too many in line 301
    let mut fields: Vec<String> = lines[300].split(',').map(str::to_owned).collect();
    fields[6].push('0');
    lines[300] = fields.join(",");
    test_folder.succeed(&["ingest", "--accept-odd", &test_folder.write("sales.csv", lines.join("\n"))]);
    test_folder.succeed(&["retrain", "--trials", "2"]);
    let card = test_folder.json(&["models", "show", "2"]);
    let segments = card["segments"].as_array().expect("segments");
    for feature in ["carat", "price", "cut", "color", "clarity"] {
        let rows: i64 = segments
            .iter()
            .filter(|segment| segment["feature"] == feature)
            .map(|segment| segment["rows"].as_i64().expect("a count"))
            .sum();
        assert_eq!(card["dataset"]["holdout"], rows, "{feature}");
    }
    let worst_residuals = card["most_wrong"].as_array().expect("sales");
    assert_eq!(worst_residuals.len(), 10);
    assert_eq!((&worst_residuals[0]["batch"], &worst_residuals[0]["line"]), (&json!(1), &json!(301)), "{card}");
    let text = test_folder.succeed(&["models", "show", "2"]).stdout;
    assert!(text.contains("below 0.5 ct") && text.contains("typing errors?") && text.contains("301"), "{text}");
}

#[test]
fn pruned_models_keep_their_history_and_answer_no_more() {
    let test_folder = TestFolder::trained(300);
    for _ in 0..3 {
        test_folder.succeed(&["retrain", "--family", "linear", "--promote", "never"]);
    }
    test_folder.succeed(&["models", "promote", "3"]);
    let server = Server::start(&test_folder);
    assert_eq!(server.post("/v1/predictions?model=4", &stone(1.1)).status, 200);
    // 3 is the champion, 2 the one before it and the newest of its family, 5 the newest linear one
    let dry = test_folder.json(&["models", "prune", "--keep", "0", "--dry-run"]);
    let ids = |report: &Value| -> Vec<i64> {
        report["pruned"].as_array().expect("a list").iter().map(|one| one["id"].as_i64().expect("a number")).collect()
    };
    assert_eq!(ids(&dry), [1, 4]);
    assert_eq!(ids(&test_folder.json(&["models", "prune", "--keep", "2"])), [1], "4 is one of the two newest");
    assert_eq!(ids(&test_folder.json(&["models", "prune", "--keep", "0"])), [4]);
    assert!(test_folder.succeed(&["models", "prune", "--keep", "0"]).stdout.contains("No model is old enough"));
    let answer = server.post("/v1/predictions?model=4", &stone(1.1));
    assert!(answer.status == 410 && answer.body.contains("model 4 was pruned"), "{}", answer.body);
    let card = test_folder.json(&["models", "show", "4"]);
    assert_eq!((&card["pruned"], card["metrics"]["mae_usd"].is_number()), (&json!(true), true));
    assert!(test_folder.fail(1, &["models", "promote", "4"]).contains("was pruned"));
    assert_eq!(test_folder.json(&["models", "rollback"])["champion"], 2);
    assert_eq!(server.post("/v1/predictions", &stone(1.1)).json()["model"]["id"], 2);
}

#[test]
fn a_batch_is_taken_back_and_models_that_saw_it_are_marked() {
    let test_folder = TestFolder::new();
    test_folder.succeed(&["ingest", &test_folder.write_sales("good.csv", 5, 0, 300)]);
    let bad = test_folder.write_sales("bad.csv", 6, 0, 200);
    test_folder.succeed(&["ingest", &bad]);
    test_folder.succeed(&["retrain", "--family", "linear"]);
    let server = Server::start(&test_folder);
    let undone = test_folder.json(&["batches", "undo", "2"]);
    assert_eq!(undone, json!({"batch": 2, "sales": 200, "models": [1], "later_batches": []}));
    assert_eq!(server.get("/health").json()["sales"], 300);
    assert_eq!(test_folder.value("SELECT count(*) FROM sale"), 300);
    assert_eq!(test_folder.json(&["models", "show", "1"])["lineage"][1]["undone"], true);
    assert!(test_folder.succeed(&["models", "list"]).stdout.contains("trained on undone sales"));
    assert!(test_folder.succeed(&["batches", "list"]).stdout.contains("bad.csv (undone)"));
    assert!(test_folder.succeed(&["status"]).stdout.contains("trained on sales that have been undone"));
    assert!(test_folder.fail(1, &["batches", "undo", "2"]).contains("was undone already"));
    assert!(test_folder.fail(1, &["batches", "undo", "9"]).contains("there is no batch 9"));
    // what has left can come again
    assert_eq!(test_folder.json(&["ingest", &bad])["files"][0]["accepted"], 200);
    // rows that a later file had too leave with the first: it is said
    test_folder.succeed(&["ingest", &bad]);
    let said = test_folder.succeed(&["batches", "undo", "3"]).stdout;
    assert!(said.contains("200 sales are removed") && said.contains("batch 4. Ingest those files again"), "{said}");
}

#[test]
fn outcomes_judge_models_and_become_sales_if_asked() {
    let test_folder = TestFolder::trained(1_000);
    let server = Server::start(&test_folder);
    let measured = server.post("/v1/predictions", &stone(1.1)).json();
    let id = measured["id"].as_str().expect("an id");
    let price = measured["price_usd"].as_f64().expect("a price");
    let answer = server.post(&format!("/v1/predictions/{id}/outcome"), &json!({"price_usd": price + 100.0}));
    assert_eq!(answer.status, 201, "{}", answer.body);
    assert_eq!(answer.json()["error_usd"], -100.0);
    assert_eq!(answer.json()["within_range"], true);
    // told again, the last counts
    server.post(&format!("/v1/predictions/{id}/outcome"), &json!({"price_usd": price * 3.0}));
    let vague = json!([{"carat": 0.7, "cut": "Ideal", "color": "G", "clarity": "VS2"}, stone(0.9)]);
    let vague = server.post("/v1/predictions", &vague).json();
    let rows: Vec<String> = (0..2)
        .map(|place| format!("{},{}", vague[place]["id"].as_str().expect("an id"), vague[place]["price_usd"]))
        .collect();
    let file = test_folder.write("outcomes.csv", format!("prediction,price_usd\n{}\n", rows.join("\n")));
    assert_eq!(test_folder.json(&["outcomes", "import", &file])["recorded"], 2);

    let live = test_folder.json(&["models", "show", "2"])["live"].clone();
    assert_eq!(live["outcomes"], 3);
    assert!((live["mae_usd"].as_f64().expect("a figure") - price * 2.0 / 3.0).abs() < 0.02, "{live}");
    assert!((live["coverage"].as_f64().expect("a share") - 2.0 / 3.0).abs() < 1e-9, "{live}");
    let list = test_folder.json(&["outcomes", "list"]);
    assert_eq!(list["outcomes"].as_array().map(Vec::len), Some(3));
    assert_eq!(test_folder.json(&["status"])["champion"]["live"]["outcomes"], 3);

    let before = test_folder.value("SELECT count(*) FROM sale").as_i64().expect("a count");
    let dry = test_folder.json(&["outcomes", "ingest", "--dry-run"]);
    assert_eq!((&dry["report"]["accepted"], &dry["unmeasured"]), (&json!(2), &json!(1)));
    assert_eq!(test_folder.json(&["outcomes", "ingest"])["report"]["accepted"], 2);
    assert_eq!(test_folder.value("SELECT count(*) FROM sale"), before + 2);
    assert_eq!(test_folder.json(&["outcomes", "ingest"])["report"]["known"], 2, "asked twice, nothing changes");

    let unknown = "0198c0de-0000-7000-8000-000000000000";
    let file = test_folder.write("unknown.csv", format!("prediction,price_usd\n{id},5\n{unknown},7\n"));
    let said = test_folder.fail(1, &["outcomes", "import", &file]);
    assert!(said.contains(&format!("line 3: there is no prediction {unknown}")), "{said}");
    assert_eq!(test_folder.value("SELECT count(*) FROM current_outcome WHERE price_usd = 5"), 0, "all or nothing");
    assert_eq!(server.post(&format!("/v1/predictions/{unknown}/outcome"), &json!({"price_usd": 5})).status, 404);
    assert_eq!(server.post(&format!("/v1/predictions/{id}/outcome"), &json!({"price_usd": -5})).status, 422);
}

#[test]
fn logged_requests_are_replayed_with_another_model() {
    let test_folder = TestFolder::trained(600);
    let server = Server::start(&test_folder);
    let stones: Vec<Value> = (5..25).map(|step| stone(f64::from(step) / 10.0)).collect();
    let answers = server.post("/v1/predictions", &json!(stones)).json();
    server.post_form("/quotes", &[("stone", "1.2 ideal G VS2")]);
    server.post("/v1/predictions", &json!({"carat": -1}));
    let replay = test_folder.json(&["requests", "replay", "--model", "linear"]);
    assert_eq!((&replay["model"]["id"], &replay["stones"]), (&json!(1), &json!(21)));
    let moved = replay["most_moved"].as_array().expect("stones");
    assert_eq!(moved.len(), 10);
    let first = answers.as_array().expect("answers").iter().find(|one| one["id"] == moved[0]["prediction"]);
    if let Some(first) = first {
        assert_eq!(first["price_usd"], moved[0]["was_usd"]);
    }
    // by the model that answered, nothing moves
    let same = test_folder.json(&["requests", "replay", "--model", "2"]);
    assert_eq!((&same["change_usd"]["p5"], &same["change_usd"]["p95"]), (&json!(0.0), &json!(0.0)), "{same}");
    assert!(test_folder.succeed(&["requests", "replay", "--model", "1"]).stdout.contains("Those that would move most"));
    let none = test_folder.succeed(&["requests", "replay", "--model", "1", "--since", "2999-01-01"]).stdout;
    assert!(none.contains("No priced stone"), "{none}");
    assert!(test_folder.fail(1, &["requests", "replay", "--model", "forest"]).contains("there is no model"));
}

#[test]
fn drift_is_told_from_what_customers_ask() {
    let test_folder = TestFolder::trained(2_000);
    let server = Server::start(&test_folder);
    let status = test_folder.json(&["status"]);
    assert_eq!(status["champion"]["id"], 2);
    assert_eq!(status["drift"][0], json!({"feature": "carat", "asked": 0, "verdict": "too_few"}));
    assert!(test_folder.succeed(&["status"]).stdout.contains("300 are needed"));
    // the customers are rich: nothing below two carats
    let stones: Vec<Value> = (0..400).map(|place| stone(2.0 + f64::from(place) / 400.0)).collect();
    server.post("/v1/predictions", &json!(stones));
    let status = test_folder.json(&["status"]);
    assert_eq!((&status["drift"][0]["asked"], &status["drift"][0]["verdict"]), (&json!(400), &json!("shifted_much")));
    let text = test_folder.succeed(&["status"]).stdout;
    assert!(text.contains("Customers ask about other stones than were sold (carat"), "{text}");
    assert_eq!(status["requests"]["all"], 1);
    let new = TestFolder::new();
    new.succeed(&["ingest", &new.write_sales("sales.csv", 5, 0, 30)]);
    assert!(new.succeed(&["status"]).stdout.contains("Train on the 30 sales"));
}
