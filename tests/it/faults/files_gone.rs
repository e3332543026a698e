//! The file goes while a server runs: it is moved, replaced, compacted.

use std::time::Duration;

use serde_json::json;

use super::{ask, count_logged, stone};
use crate::program::{Server, TestFolder, wait_until};

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
