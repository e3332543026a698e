//! What goes wrong while a server runs: its file goes, its disk fills.

use std::time::Duration;

use serde_json::{Value, json};

use crate::program::{Server, TestFolder, wait_until};

fn stone() -> Value {
    json!({"carat": 1.1, "cut": "Ideal", "color": "H", "clarity": "SI2"})
}

/// Asks for a price, and adds its id to `answered` if there is one. Returns the status.
fn ask(server: &Server, answered: &mut Vec<String>) -> u16 {
    let answer = server.post("/v1/predictions", &stone());
    if answer.status == 200 {
        answered.push(answer.json()["id"].as_str().expect("an id").to_owned());
    }
    answer.status
}

/// How many of `ids` are in the log, as requests and as predictions.
fn count_logged(test_folder: &TestFolder, ids: &[String]) -> (Value, Value) {
    let list = ids.iter().map(|id| format!("'{id}'")).collect::<Vec<_>>().join(", ");
    let count = |table: &str| test_folder.value(&format!("SELECT count(*) FROM {table} WHERE id IN ({list})"));
    (count("request"), count("prediction"))
}

#[test]
fn nothing_is_answered_while_the_file_is_gone_and_nothing_answered_is_lost() {
    let test_folder = TestFolder::trained(200);
    let server = Server::start(&test_folder);
    let mut answered = Vec::new();
    let aside = test_folder.path("aside.duckdb");
    for round in 0..2 {
        for _ in 0..10 {
            assert_eq!(ask(&server, &mut answered), 200);
        }
        std::fs::rename(test_folder.database(), &aside).expect("moved");
        if round == 1 {
            std::fs::copy(&aside, test_folder.database()).expect("replaced");
        }
        wait_until("the server notices", || {
            ask(&server, &mut answered);
            server.get("/health").status == 503
        });
        let refused = server.post("/v1/predictions", &stone());
        assert!(refused.status == 503 && refused.body.contains("moved, deleted or replaced"), "{}", refused.body);
        assert_eq!(refused.header("retry-after"), "1");
        assert_eq!(server.get("/models").status, 503);
        assert_eq!(server.get("/health/live").status, 200);
        std::fs::rename(&aside, test_folder.database()).expect("back");
        wait_until("the server notices that it is back", || server.get("/health").status == 200);
        assert_eq!(ask(&server, &mut answered), 200);
        let count = json!(answered.len());
        assert_eq!(count_logged(&test_folder, &answered), (count.clone(), count));
    }
    // and what was answered before it was noticed waits in the journal for the file
    std::fs::rename(test_folder.database(), &aside).expect("moved");
    for _ in 0..5 {
        ask(&server, &mut answered);
    }
    assert_eq!(server.stop(), 0);
    std::fs::rename(&aside, test_folder.database()).expect("back");
    let count = json!(answered.len());
    assert_eq!(count_logged(&test_folder, &answered), (count.clone(), count));
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_loses_nothing_and_the_server_recovers_by_itself() {
    use rustix::process::{Pid, Resource, Rlimit, prlimit};

    let test_folder = TestFolder::trained(200);
    let size = std::fs::metadata(test_folder.database()).expect("the file").len();
    // no file may grow beyond this, as on a disk that is full
    let server = Server::start_in_shell(&test_folder, &format!("trap '' XFSZ; ulimit -S -f {}", size / 512 + 400), &[]);
    let many = json!(vec![stone(); 1_000]);
    let mut answered = Vec::new();
    let mut batches = Vec::new();
    wait_until("the database cannot be written any more", || {
        let answer = server.post("/v1/predictions", &many);
        if answer.status == 200 {
            batches.push(answer.header("x-request-id").to_owned());
        }
        let health = server.get("/health").json();
        health["status"] == "degraded" || server.get("/models").status != 200
    });
    // prices go on as long as the journal can be written, else they are refused
    for _ in 0..20 {
        let status = ask(&server, &mut answered);
        assert!([200, 503].contains(&status), "{status}");
    }
    let pid = Pid::from_raw(server.pid().cast_signed());
    let unlimited = Rlimit { current: None, maximum: None };
    prlimit(pid, Resource::Fsize, unlimited).expect("there is space again");
    wait_until("the server recovers", || {
        server.get("/health").json()["status"] == "ok" && server.get("/models").status == 200
    });
    assert_eq!(ask(&server, &mut answered), 200);
    let count = json!(answered.len());
    assert_eq!(count_logged(&test_folder, &answered), (count.clone(), count.clone()));
    for id in &batches {
        let predictions = test_folder.value(&format!("SELECT count(*) FROM prediction WHERE request_id = '{id}'"));
        assert_eq!(predictions, 1_000, "{id}");
    }
    assert_eq!(server.stop(), 0);
    assert_eq!(count_logged(&test_folder, &answered), (count.clone(), count));
}

#[test]
fn a_compacted_file_is_still_locked() {
    let test_folder = TestFolder::trained(200);
    let server = Server::start(&test_folder);
    test_folder.succeed(&["compact"]);
    std::thread::sleep(Duration::from_millis(50));
    assert!(duckdb::Connection::open(test_folder.database()).is_err(), "another process must not open it");
    assert_eq!(server.get("/models").status, 200);
}

#[test]
fn the_last_outcome_that_is_told_counts_whatever_the_clock_says() {
    let test_folder = TestFolder::trained(200);
    let stone = ["predict", "--carat", "1.1", "--cut", "Ideal", "--color", "H", "--clarity", "SI2"];
    let id = test_folder.json(&stone)["id"].as_str().expect("an id").to_owned();
    for (price, is_clock_ahead) in [(4_000, true), (5_000, false), (4_500, false)] {
        let outcomes = test_folder.write("outcomes.csv", format!("prediction,price_usd\n{id},{price}\n"));
        test_folder.succeed(&["outcomes", "import", &outcomes]);
        if is_clock_ahead {
            duckdb::Connection::open(test_folder.database())
                .expect("the file")
                .execute_batch("UPDATE outcome SET recorded_at = recorded_at + INTERVAL 1 DAY")
                .expect("another time");
        }
        assert_eq!(test_folder.value("SELECT price_usd FROM current_outcome").as_f64(), Some(f64::from(price)));
    }
}
