//! Predictions are records: found again for ever, byte for byte, wherever they were asked for.

use duckdb::Connection;
use serde_json::{Value, json};

use crate::program::{Server, TestFolder};

fn stone(number: usize) -> Value {
    let carat = 0.3 + f64::from(u32::try_from(number % 200).expect("small")) / 100.0;
    let mut stone = json!({"carat": carat, "cut": "Ideal", "color": "H", "clarity": "SI2"});
    if number % 2 == 1 {
        stone["table"] = json!(57);
        stone["x"] = json!((carat.cbrt() * 643.0).round() / 100.0);
    }
    stone
}

/// What the server answers for each of `documents`, by its id, is the same text.
fn assert_found_again(server: &Server, documents: &[Value]) {
    for document in documents {
        let id = document["id"].as_str().expect("an id");
        let again = server.get(&format!("/v1/predictions/{id}"));
        assert_eq!((again.status, again.body), (200, document.to_string()));
    }
}

#[test]
fn a_thousand_explained_stones_are_each_found_again_also_after_retrains() {
    let test_folder = TestFolder::trained(600);
    let server = Server::start(&test_folder);
    let measured = |number| {
        let mut stone = stone(number);
        stone["depth"] = json!(62.5);
        stone
    };
    let stones: Vec<Value> = (0..1_000).map(measured).collect();
    let answer = server.post("/v1/predictions?explain=true", &json!(stones));
    assert!(answer.body.len() > 1_048_576, "more than was ever kept of a body: {}", answer.body.len());
    let documents: Vec<Value> = serde_json::from_str(&answer.body).expect("JSON");
    assert_found_again(&server, &documents);
    for _ in 0..3 {
        test_folder.succeed(&["retrain", "--family", "linear", "--promote", "always"]);
    }
    assert_found_again(&server, &documents[..100]);
    let last = documents[999]["id"].as_str().expect("an id");
    assert_eq!(server.get(&format!("/v1/predictions/{last}/steps")).status, 200);
    assert_eq!(server.post(&format!("/v1/predictions/{last}/outcome"), &json!({"price_usd": 4_800})).status, 201);
    assert_eq!(server.get(&format!("/predictions/{last}")).status, 200);
    let replay = test_folder.json(&["requests", "replay", "--model", "linear"]);
    assert_eq!(replay["stones"], 1_000);
    let page = server.get(&format!("/requests/{}", answer.header("x-request-id"))).body;
    assert!(page.contains("and 980 more"), "{page}");
    server.kill();
    // whatever killed the server, the predictions are where the answers said
    let server = Server::start(&test_folder);
    assert_found_again(&server, &documents[900..]);
}

#[test]
fn where_a_prediction_was_asked_for_is_kept() {
    let test_folder = TestFolder::trained(400);
    let stone = ["--carat", "1.1", "--cut", "Ideal", "--color", "H", "--clarity", "SI2", "-x", "6.6"];
    let alone = test_folder.json(&[&["predict"][..], &stone].concat());
    let server = Server::start(&test_folder);
    let beside = test_folder.json(&[&["predict", "--explain"][..], &stone].concat());
    assert_eq!(server.get("/?carat=1.1&cut=ideal&color=H&clarity=SI2").status, 200);
    assert_eq!(server.post_form("/quotes", &[("stone", "1.1 ideal H SI2")]).status, 303);
    assert_eq!(server.post("/v1/predictions", &json!([])).body, "[]");
    server.post("/v1/predictions", &json!({"carat": 1.1, "cut": "Ideal", "color": "H", "clarity": "SI2"}));
    assert_found_again(&server, &[alone, beside]);
    let sources = test_folder.json(&[
        "sql",
        "SELECT source, count(*) AS predictions, count(request_id) AS requests, count(x_mm) AS lengths \
         FROM prediction GROUP BY source ORDER BY source",
    ]);
    assert_eq!(
        sources,
        json!([
            {"source": "api", "predictions": 1, "requests": 1, "lengths": 0},
            {"source": "command_line", "predictions": 2, "requests": 0, "lengths": 2},
            {"source": "page", "predictions": 1, "requests": 1, "lengths": 0}
        ])
    );
    let unknown = server.get("/v1/predictions/01a20896-3162-7364-a6f7-2c6f03aa2d1e");
    assert_eq!(unknown.status, 404);
}

/// Answers as version 7 of the layout kept them: in the bodies of requests only.
fn make_file_of_version_7(test_folder: &TestFolder, documents: &[Value]) {
    let database = Connection::open(test_folder.database()).expect("a file");
    let migrations = [
        ("first", include_str!("../../sql/migrations/0001_first.sql")),
        ("journal file", include_str!("../../sql/migrations/0002_journal_file.sql")),
        ("rollback", include_str!("../../sql/migrations/0003_rollback.sql")),
        ("calibration", include_str!("../../sql/migrations/0004_calibration.sql")),
        ("artifact", include_str!("../../sql/migrations/0005_artifact.sql")),
        ("undone batch", include_str!("../../sql/migrations/0006_undone_batch.sql")),
        ("outcome", include_str!("../../sql/migrations/0007_outcome.sql")),
    ];
    let version_table = include_str!("../../sql/queries/schema/create_version_table.sql");
    database.execute_batch(version_table).expect("a table");
    for (number, (name, sql)) in (1_i64..).zip(migrations) {
        database.execute_batch(sql).expect(name);
        database
            .execute("INSERT INTO schema_version VALUES ($1, $2, now()::TIMESTAMP)", duckdb::params![number, name])
            .expect(name);
    }
    let model = "INSERT INTO model VALUES (1, 'linear', now()::TIMESTAMP, ['carat'], 'log_price', '{}', 1, 100, 80, 20, \
                 0.9, 500, 900, 0.1, 1, 1, '0.1.0')";
    database.execute_batch(model).expect("a model");
    let insert = "INSERT INTO request VALUES ($1, now()::TIMESTAMP, $2, $3, $4, 200, 90, 1, 'a client', $5, $6)";
    let stone = json!({"carat": 1.1, "cut": "Ideal", "color": "H", "clarity": "SI2", "x": 6.61});
    let id_of = |document: &Value| document["id"].as_str().expect("an id").to_owned();
    let [single, first, second, page] = documents else { panic!("four documents") };
    let nothing: Option<String> = None;
    database
        .execute(
            insert,
            duckdb::params![id_of(single), "POST", "/v1/predictions", nothing, stone.to_string(), single.to_string()],
        )
        .expect("a row");
    database
        .execute(
            insert,
            duckdb::params![
                id_of(first),
                "POST",
                "/v1/predictions",
                "explain=true",
                json!([stone, stone]).to_string(),
                json!([first, second]).to_string()
            ],
        )
        .expect("a row");
    let query = "carat=1.1&cut=ideal&color=h&clarity=si2&x=6.61&margin=20";
    database
        .execute(insert, duckdb::params![id_of(page), "GET", "/", query, nothing, page.to_string()])
        .expect("a row");
    // one whose answer was cut: it cannot be made a record of, and keeps no file from being opened
    let cut = format!("{}… [cut: 2000000 bytes in all]", single.to_string().split_at(200).0);
    database
        .execute(
            insert,
            duckdb::params![
                "01a20896-3162-7364-a6f7-2c6f03aa2d99",
                "POST",
                "/v1/predictions",
                nothing,
                stone.to_string(),
                cut
            ],
        )
        .expect("a row");
}

#[test]
fn predictions_of_a_file_of_version_7_are_found_again_after_the_upgrade() {
    let test_folder = TestFolder::new();
    let document = |last: char, explanation: bool| {
        let mut document = json!({
            "id": format!("01a20896-3162-7364-a6f7-2c6f03aa2d1{last}"),
            "price_usd": 4733.12,
            "range_usd": {"low": 4310.5, "high": 5180.9, "confidence": 0.9},
            "price_per_carat_usd": 4302.84,
            "currency": "USD",
            "model": {"id": 1, "family": "linear"},
            "assumed": {"depth": 61.8, "table": 57.0, "y": 6.6, "z": 4.08},
            "warnings": ["only one stone of this kind \"was\" sold"]
        });
        if explanation {
            document["explanation"] = json!({
                "typical_usd": 2423.56,
                "effects": [{"feature": "carat", "effect_usd": 1684.3}, {"feature": "color", "effect_usd": -212.27}],
                "reasons": [{"about": "size", "effect_usd": 1684.3, "sentence": "Weight: +$1,684"}]
            });
        }
        document
    };
    let documents = [document('0', false), document('2', true), document('3', true), document('5', false)];
    make_file_of_version_7(&test_folder, &documents);
    let server = Server::start(&test_folder);
    assert_found_again(&server, &documents);
    let rows = test_folder.json(&["sql", "SELECT source, position, x_mm FROM prediction ORDER BY id"]);
    assert_eq!(
        rows,
        json!([
            {"source": "api", "position": 0, "x_mm": 6.61},
            {"source": "api", "position": 0, "x_mm": 6.61},
            {"source": "api", "position": 1, "x_mm": 6.61},
            {"source": "page", "position": 0, "x_mm": 6.61}
        ])
    );
}

#[test]
fn bodies_that_nothing_needs_are_cut_and_others_are_kept_whole() {
    let test_folder = TestFolder::trained(400);
    let server = Server::start(&test_folder);
    let long = "x".repeat(900_000);
    assert_eq!(server.post_text("/v1/nowhere", "application/json", &long).status, 404);
    assert_eq!(server.post_text("/v1/predictions", "application/json", &long).status, 400);
    let lengths = test_folder
        .json(&["sql", "SELECT status, length(request_body) < 5000 AS is_cut FROM request ORDER BY received_at"]);
    assert_eq!(lengths, json!([{"status": 404, "is_cut": true}, {"status": 400, "is_cut": false}]));
}
