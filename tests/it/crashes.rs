//! What is left when a process is killed in the middle of its work.

use std::process::Stdio;
use std::time::Duration;

use serde_json::json;

use crate::program::{Server, Workplace};

#[test]
fn an_ingest_that_is_killed_at_any_moment_leaves_all_or_nothing() {
    let workplace = Workplace::new();
    workplace.succeed(&["ingest", &workplace.write_sales("first.csv", 1, 0, 500)]);
    let large = workplace.write_sales("large.csv", 2, 0, 60_000);
    let mut before = 500;
    for milliseconds in [20, 60, 120, 180, 240, 300, 400] {
        let mut child = workplace
            .command(&["ingest", &large])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("it runs");
        std::thread::sleep(Duration::from_millis(milliseconds));
        // it may have ended already
        let _ = child.kill();
        child.wait().expect("it ends");
        let sales = workplace.value("SELECT count(*) FROM sale").as_i64().expect("a count");
        assert!(sales == before || sales > 60_000, "{sales} sales after {milliseconds} ms");
        assert_eq!(workplace.value("SELECT sum(accepted_count) FROM batch"), sales);
        before = sales;
    }
}

#[test]
fn a_retrain_that_is_killed_leaves_the_file_as_it_was() {
    let workplace = Workplace::trained(600);
    for milliseconds in [100, 400, 900] {
        let mut child = workplace
            .command(&["retrain", "--trials", "100000"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("it runs");
        std::thread::sleep(Duration::from_millis(milliseconds));
        child.kill().expect("it is busy");
        child.wait().expect("it ends");
        assert_eq!(workplace.value("SELECT count(*) FROM model"), 2);
        assert_eq!(workplace.value("SELECT model_id FROM champion"), 2);
    }
}

#[test]
fn every_answered_request_is_in_the_log_of_a_server_that_was_killed() {
    let workplace = Workplace::trained(600);
    let stone = json!({"carat": 1.1, "cut": "Ideal", "color": "H", "clarity": "SI2"});
    let mut answered = Vec::new();
    for _ in 0..3 {
        let server = Server::start(&workplace);
        for _ in 0..10 {
            answered.push(server.post("/v1/predictions", &stone).header("x-request-id").to_owned());
        }
        server.kill();
    }
    let log = workplace.json(&["requests", "list", "--limit", "1000"]);
    let logged: Vec<&str> = log["requests"]
        .as_array()
        .expect("requests")
        .iter()
        .rev()
        .map(|one| one["id"].as_str().expect("an id"))
        .collect();
    assert_eq!(logged, answered);
}

#[test]
fn a_server_that_was_killed_does_not_keep_the_next_from_starting() {
    let workplace = Workplace::trained(200);
    Server::start(&workplace).kill();
    let server = Server::start(&workplace);
    assert_eq!(server.get("/health").json()["status"], "ok");
    assert_eq!(server.stop(), 0);
    assert!(crate::program::files_in(workplace.path("").as_path()) == ["diamonds.duckdb", "sales.csv"]);
}
