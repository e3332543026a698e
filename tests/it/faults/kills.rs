//! What is left when a process is killed in the middle of its work.

use std::process::Stdio;
use std::time::Duration;

use serde_json::json;

use crate::program::{Server, TestFolder};

#[test]
fn an_ingest_that_is_killed_at_any_moment_leaves_all_or_nothing() {
    let test_folder = TestFolder::new();
    test_folder.succeed(&["ingest", &test_folder.write_sales("first.csv", 1, 0, 500)]);
    let large = test_folder.write_sales("large.csv", 2, 0, 60_000);
    let mut before = 500;
    for milliseconds in [20, 60, 120, 180, 240, 300, 400] {
        let mut child = test_folder
            .command(&["ingest", &large])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("it runs");
        std::thread::sleep(Duration::from_millis(milliseconds));
        // it may have ended already
        let _ = child.kill();
        child.wait().expect("it ends");
        let sales = test_folder.value("SELECT count(*) FROM sale").as_i64().expect("a count");
        assert!(sales == before || sales > 60_000, "{sales} sales after {milliseconds} ms");
        assert_eq!(test_folder.value("SELECT sum(accepted_count) FROM batch"), sales);
        before = sales;
    }
}

#[test]
fn a_retrain_that_is_killed_leaves_whole_models_and_the_champion() {
    let test_folder = TestFolder::trained(600);
    for milliseconds in [100, 400, 900] {
        let mut child = test_folder
            .command(&["retrain", "--trials", "100000"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("it runs");
        std::thread::sleep(Duration::from_millis(milliseconds));
        child.kill().expect("it is busy");
        child.wait().expect("it ends");
        // the family before the one that was killed is stored
        assert_eq!(test_folder.value("SELECT count(*) FROM model WHERE family = 'xgboost'"), 1);
        assert_eq!(test_folder.value("SELECT count(*) FROM model ANTI JOIN artifact ON model_id = model.id"), 0);
        assert_eq!(test_folder.value("SELECT model_id FROM champion"), 2);
    }
}

/// How often the server is killed; `DIAMONDS_KILLS` sets another number.
fn kills() -> u64 {
    std::env::var("DIAMONDS_KILLS").ok().and_then(|text| text.parse().ok()).unwrap_or(50)
}

/// Asks for prices until the server is gone, and gives the ids that were answered.
fn ask_until_it_is_gone(url: &str) -> Vec<String> {
    let stone = json!({"carat": 1.1, "cut": "Ideal", "color": "H", "clarity": "SI2"}).to_string();
    let agent = crate::program::agent();
    let mut answered = Vec::new();
    while let Ok(mut response) = agent.post(url).header("Content-Type", "application/json").send(&stone) {
        let Ok(body) = response.body_mut().read_to_string() else { break };
        assert_eq!(response.status(), 200, "{body}");
        let document: serde_json::Value = serde_json::from_str(&body).expect("JSON");
        answered.push(document["id"].as_str().expect("an id").to_owned());
    }
    answered
}

#[test]
fn every_answered_request_is_in_the_log_once_however_often_the_server_is_killed() {
    let test_folder = TestFolder::trained(600);
    let mut answered = Vec::new();
    for round in 0..kills() {
        let server = Server::start(&test_folder);
        let url = server.url("/v1/predictions");
        std::thread::scope(|scope| {
            let clients: Vec<_> = (0..4).map(|_| scope.spawn(|| ask_until_it_is_gone(&url))).collect();
            // between 10 and 90 ms, and sometimes long enough for a quiet moment
            std::thread::sleep(Duration::from_millis(10 + round * 37 % 80));
            server.kill();
            answered.extend(clients.into_iter().flat_map(|client| client.join().expect("a client")));
        });
    }
    assert!(answered.len() as u64 > kills(), "{} answers", answered.len());
    let log = test_folder.json(&["requests", "list", "--limit", "10000000"]);
    let mut logged: Vec<&str> =
        log["requests"].as_array().expect("requests").iter().map(|one| one["id"].as_str().expect("an id")).collect();
    logged.sort_unstable();
    let distinct = logged.len();
    logged.dedup();
    assert_eq!(logged.len(), distinct, "none is told twice");
    let missing: Vec<&String> = answered.iter().filter(|id| logged.binary_search(&id.as_str()).is_err()).collect();
    assert!(missing.is_empty(), "{} of {} answered requests are missing", missing.len(), answered.len());
}

#[test]
fn a_server_that_was_killed_does_not_keep_the_next_from_starting() {
    let test_folder = TestFolder::trained(200);
    Server::start(&test_folder).kill();
    let server = Server::start(&test_folder);
    assert_eq!(server.get("/health").json()["status"], "ok");
    assert_eq!(server.stop(), 0);
    assert!(crate::program::files_in(test_folder.path("").as_path()) == ["diamonds.duckdb", "sales.csv"]);
}
