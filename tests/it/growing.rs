//! Much data in little memory: every command beside a server that may not have much.

use serde_json::json;

use crate::program::{Server, TestFolder};

/// Memory of the server, in kilobytes of the given kind (`VmRSS`, `VmHWM`).
#[cfg(target_os = "linux")]
fn memory_kb(server: &Server, kind: &str) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", server.pid())).expect("a process");
    let line = status.lines().find(|line| line.starts_with(kind)).expect("its memory");
    line.split_whitespace().nth(1).and_then(|number| number.parse().ok()).expect("a number")
}

#[cfg(target_os = "linux")]
#[test]
fn every_command_works_beside_a_server_held_to_little_memory_and_the_memory_comes_back_down() {
    let folder = TestFolder::new();
    let first = folder.write_sales("first.csv", 5, 0, 200_000);
    folder.succeed(&["ingest", &first]);
    folder.succeed(&["retrain", "--family", "linear"]);
    let server = Server::start_with_address_space(&folder, 3_000_000, &["--max-size", "10GB"]);
    let stones: Vec<_> = (0..1_000)
        .map(|number| json!({"carat": 0.3 + f64::from(number) / 1e3, "cut": "Ideal", "color": "G", "clarity": "VS2"}))
        .collect();
    for _ in 0..20 {
        assert_eq!(server.post("/v1/predictions", &json!(stones)).status, 200);
    }
    let before = memory_kb(&server, "VmRSS");

    // the file is larger than what the server may keep of the database in memory
    let second = folder.write_sales("second.csv", 6, 0, 600_000);
    let report = folder.json(&["ingest", &second]);
    // by chance a few of them are in both files
    let accepted = report["files"][0]["accepted"].as_u64().expect("a number");
    assert!(accepted > 599_000, "{report}");
    let all = 200_000 + accepted;
    assert_eq!(folder.json(&["ingest", &first])["files"][0]["known"], 200_000);
    folder.succeed(&["retrain", "--family", "linear", "--promote", "always"]);
    assert_eq!(folder.json(&["status"])["sales"], all);
    assert_eq!(folder.json(&["requests", "replay", "--model", "2"])["stones"], 20_000);
    assert_eq!(folder.value("SELECT count(*) FROM (SELECT DISTINCT * FROM sale)"), all);
    assert_eq!(folder.json(&["requests", "list"])["requests"].as_array().map(Vec::len), Some(20));
    folder.succeed(&["models", "compare", "1", "2"]);
    folder.succeed(&["backup", "copy.duckdb"]);
    folder.succeed(&["batches", "undo", "2"]);
    assert_eq!(folder.json(&["requests", "prune", "--before", "2020-01-01"])["requests"], 0);
    let compaction = folder.json(&["compact"]);
    assert!(compaction["bytes_now"].as_u64() < compaction["bytes_before"].as_u64(), "{compaction}");
    assert_eq!(
        folder.json(&["similar", "--carat", "1", "--cut", "Ideal", "--color", "G", "--clarity", "VS2"])["count"],
        5
    );
    assert_eq!(server.get("/v1/similar?carat=0.5&cut=Fair&color=J&clarity=I1").status, 200);
    assert_eq!(server.post("/v1/predictions", &stones[0]).status, 200);
    assert_eq!(folder.value("SELECT count(*) FROM prediction"), 20_001);
    assert_eq!(folder.value("SELECT count(*) FROM sale"), 200_000);

    let after = memory_kb(&server, "VmRSS");
    assert!(after < before + 150_000, "{before} kB before, {after} kB after");
    assert_eq!(server.stop(), 0);
}

#[test]
fn old_requests_are_exported_and_pruned_beside_a_server() {
    let folder = TestFolder::new();
    folder.succeed(&["ingest", &folder.write_sales("sales.csv", 5, 0, 300)]);
    folder.succeed(&["retrain", "--family", "linear"]);
    let server = Server::start(&folder);
    assert_eq!(server.get("/health").status, 200);
    let stone = json!({"carat": 1, "cut": "Ideal", "color": "G", "clarity": "VS2"});
    for _ in 0..3 {
        assert_eq!(server.post("/v1/predictions", &stone).status, 200);
    }
    server.kill();
    duckdb::Connection::open_in_memory().expect("a database");
    folder.succeed(&["status"]);
    duckdb::Connection::open(folder.database())
        .expect("the file")
        .execute_batch("UPDATE request SET received_at = received_at - INTERVAL 100 DAY")
        .expect("older requests");
    let server = Server::start(&folder);
    assert_eq!(server.post("/v1/predictions", &stone).status, 200);
    let prune = ["requests", "prune", "--before", "90d", "--export", "old"];
    assert_eq!(folder.json(&[&prune[..], &["--dry-run"]].concat())["requests"], 3);
    assert_eq!(folder.value("SELECT count(*) FROM request"), 4);
    let pruned = folder.json(&prune);
    assert_eq!((&pruned["requests"], &pruned["predictions"]), (&json!(3), &json!(0)));
    let file = pruned["exported"][0].as_str().expect("a file");
    assert!(std::path::Path::new(file).starts_with(folder.path("old")), "{file}");
    assert_eq!(folder.value("SELECT count(*) FROM request"), 1);
    assert_eq!(folder.value("SELECT count(*) FROM prediction"), 4);
    assert!(folder.fail(2, &["serve", "--keep-requests", "soon"]).contains("90d"));
    drop(server);
}
