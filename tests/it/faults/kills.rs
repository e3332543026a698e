//! What is left when a process is killed in the middle of its work.

use std::process::{Child, Stdio};
use std::time::Duration;

use super::{Answered, ask_until_it_is_gone, assert_logged_once, assert_whole, chance, pick, rounds};
use crate::program::{Server, TestFolder};
use rand::RngExt;

/// How often something is killed.
fn kills() -> u64 {
    rounds("DIAMONDS_KILLS", 56)
}

fn start(test_folder: &TestFolder, arguments: &[&str]) -> Child {
    let mut command = test_folder.command(arguments);
    command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("it runs")
}

/// Runs a command and kills it after some time.
fn run_and_kill(test_folder: &TestFolder, arguments: &[&str], after: Duration) {
    let mut child = start(test_folder, arguments);
    std::thread::sleep(after);
    // it may have ended already
    let _ = child.kill();
    child.wait().expect("it ends");
}

/// A command that changes the file, and what a question answers before and after it.
struct Change {
    arguments: Vec<String>,
    /// About how long it takes.
    takes: Duration,
    /// What is counted.
    counted: &'static str,
    /// How much the count may change.
    by: Vec<i64>,
}

/// The commands that change a file, of which one is killed in each round.
#[derive(Debug, Clone, Copy)]
enum Killed {
    Ingest,
    Undo,
    Prune,
    Compact,
    Retrain,
}

const KILLED: [Killed; 5] = [Killed::Ingest, Killed::Undo, Killed::Prune, Killed::Compact, Killed::Retrain];

/// Clients that ask beside a command.
const CLIENTS: usize = 2;
/// Sales of a file that is ingested.
const SALES: i64 = 12_000;

impl Killed {
    fn change(self, test_folder: &TestFolder, round: u64) -> Change {
        let count = |sql: &str| test_folder.value(sql).as_i64().expect("a count");
        let change = |arguments: &[&str], milliseconds, counted, by: Vec<i64>| Change {
            arguments: arguments.iter().map(|text| (*text).to_owned()).collect(),
            takes: Duration::from_millis(milliseconds),
            counted,
            by,
        };
        match self {
            Self::Ingest => {
                // every round has stones of its own
                let file = test_folder.write_sales("more.csv", 1_000 + round, 0, 12_000);
                change(&["ingest", &file], 250, "SELECT coalesce(sum(row_count), 0) FROM batch", vec![0, SALES])
            }
            Self::Undo => {
                let last = "SELECT max(id) FROM batch ANTI JOIN undone_batch ON batch_id = id";
                let last = count(last).to_string();
                let sales = count(&format!("SELECT count(*) FROM sale WHERE batch_id = {last}"));
                change(&["batches", "undo", &last], 150, "SELECT count(*) FROM sale", vec![0, -sales])
            }
            Self::Prune => {
                // the older half
                let before = "SELECT coalesce(median(received_at), now()::TIMESTAMP)::VARCHAR FROM request";
                let before = test_folder.value(before).as_str().expect("a time").replace(' ', "T");
                let before = before.split('.').next().expect("a time").to_owned();
                let arguments = ["requests", "prune", "--before", &before];
                change(&arguments, 150, "SELECT count(*) FROM request", vec![0])
            }
            Self::Compact => change(&["compact"], 150, "SELECT count(*) FROM sale", vec![0]),
            Self::Retrain => change(
                &["retrain", "--family", "linear", "--promote", "always"],
                250,
                "SELECT count(*) FROM model",
                vec![0, 1],
            ),
        }
    }
}

/// When the requests in the log arrived, in microseconds.
fn arrivals(test_folder: &TestFolder) -> Vec<i64> {
    let list = test_folder.json(&["sql", "SELECT epoch_us(received_at) AS time FROM request", "--limit", "1000000"]);
    list.as_array().expect("rows").iter().map(|row| row["time"].as_i64().expect("a time")).collect()
}

/// One command after another is killed at a random moment, beside a server that is killed with it or without one, while others ask
/// for prices.
#[test]
fn every_change_is_whole_or_absent_and_nothing_answered_is_lost_however_often_it_is_killed() {
    let mut chance = chance();
    let test_folder = TestFolder::trained(600);
    let (mut done, mut absent, mut answers) = (0, 0, 0);
    for round in 0..kills() / 2 {
        let killed = pick(&mut chance, &KILLED);
        // the file must not grow for ever
        let kept = test_folder.value("SELECT count(*) FROM sale").as_i64().expect("a count");
        let killed = if kept > 10 * SALES { Killed::Undo } else { killed };
        if matches!(killed, Killed::Undo) && kept < 700 {
            continue;
        }
        let step = killed.change(&test_folder, round);
        let before = test_folder.value(step.counted).as_i64().expect("a count");
        let after = step.takes.mul_f64(chance.random::<f64>() * 1.3);
        let arguments: Vec<&str> = step.arguments.iter().map(String::as_str).collect();
        let beside_server = chance.random::<f64>() < 0.5;
        let mut asked = Answered::default();
        let arrivals = arrivals(&test_folder);
        if beside_server {
            asked = ask_until_it_is_gone(Server::start(&test_folder), CLIENTS, |server| {
                let mut child = start(&test_folder, &arguments);
                std::thread::sleep(after);
                server.kill();
                // it may have ended already
                let _ = child.kill();
                child.wait().expect("it ends");
            });
        } else {
            run_and_kill(&test_folder, &arguments, after);
        }
        let now = test_folder.value(step.counted).as_i64().expect("a count");
        let change_of_count = now - before;
        let mut allowed_changes = step.by.clone();
        if matches!(killed, Killed::Prune) && now > 0 {
            // all before some moment, up to which charts have their sums
            let oldest = test_folder.value("SELECT epoch_us(min(received_at)) FROM request").as_i64().expect("a time");
            let gone = arrivals.iter().filter(|arrival| **arrival < oldest).count();
            allowed_changes.push(-i64::try_from(gone).expect("few"));
        }
        // the log also grows by what was answered, and perhaps by what was about to be
        let (least, most) = if step.counted.contains("FROM request") && beside_server {
            (asked.ids.len(), asked.ids.len() + asked.refused + CLIENTS)
        } else {
            (0, 0)
        };
        let grown = i64::try_from(least).expect("few")..=i64::try_from(most).expect("few");
        let is_allowed = |allowed: &i64| grown.contains(&(change_of_count - allowed));
        assert!(
            allowed_changes.iter().any(is_allowed),
            "{killed:?} after {after:?}: by {change_of_count}, {grown:?} more in the log, not {allowed_changes:?}",
        );
        if step.by.len() > 1 && change_of_count == step.by[1] {
            done += 1;
        } else {
            absent += 1;
        }
        assert_whole(&test_folder);
        assert_logged_once(&test_folder, &asked.ids);
        answers += asked.ids.len();
    }
    println!("{done} changes were done, {absent} were not; {answers} answers");
    assert!(kills() < 50 || (done > 0 && absent > 0), "{done} changes were done, {absent} were not");
}

#[test]
fn every_answered_request_is_in_the_log_once_however_often_the_server_is_killed() {
    let mut chance = chance();
    let test_folder = TestFolder::trained(600);
    let mut answered = Vec::new();
    let rounds = kills() / 2;
    for _ in 0..rounds {
        // sometimes long enough for a quiet moment
        let after = Duration::from_millis(chance.random_range(5..90));
        let asked = ask_until_it_is_gone(Server::start(&test_folder), 4, |server| {
            std::thread::sleep(after);
            server.kill();
        });
        assert_eq!(asked.refused, 0);
        answered.extend(asked.ids);
    }
    println!("{} answers in {rounds} lives", answered.len());
    assert!(answered.len() as u64 > rounds, "{} answers", answered.len());
    assert_whole(&test_folder);
    assert_logged_once(&test_folder, &answered);
}

#[test]
fn a_retrain_that_is_killed_leaves_whole_models_and_the_champion() {
    let test_folder = TestFolder::trained(600);
    for milliseconds in [100, 400, 900] {
        let mut child = start(&test_folder, &["retrain", "--trials", "100000"]);
        std::thread::sleep(Duration::from_millis(milliseconds));
        child.kill().expect("it is busy");
        child.wait().expect("it ends");
        // the family before the one that was killed is stored
        assert_eq!(test_folder.value("SELECT count(*) FROM model WHERE family = 'xgboost'"), 1);
        assert_whole(&test_folder);
        assert_eq!(test_folder.value("SELECT model_id FROM champion"), 2);
    }
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

/// The layouts before predictions were rows of their own.
const OLD_LAYOUT: [(&str, &str); 7] = [
    ("first", include_str!("../../../sql/migrations/0001_first.sql")),
    ("journal file", include_str!("../../../sql/migrations/0002_journal_file.sql")),
    ("rollback", include_str!("../../../sql/migrations/0003_rollback.sql")),
    ("calibration", include_str!("../../../sql/migrations/0004_calibration.sql")),
    ("artifact", include_str!("../../../sql/migrations/0005_artifact.sql")),
    ("undone batch", include_str!("../../../sql/migrations/0006_undone_batch.sql")),
    ("outcome", include_str!("../../../sql/migrations/0007_outcome.sql")),
];

/// Requests in the old file.
const OLD_REQUESTS: i64 = 4_000;

/// Writes a file of an old layout, with requests in whose bodies predictions are found.
fn write_old_file(test_folder: &TestFolder) {
    let connection = duckdb::Connection::open(test_folder.database()).expect("a file");
    connection.execute_batch(include_str!("../../../sql/queries/schema/create_version_table.sql")).expect("a table");
    for (number, (name, sql)) in (1..).zip(OLD_LAYOUT) {
        connection.execute_batch(sql).expect("a layout");
        let version = format!("INSERT INTO schema_version VALUES ({number}, '{name}', now()::TIMESTAMP)");
        connection.execute_batch(&version).expect("its version");
    }
    let requests = format!(
        "INSERT INTO request BY NAME
         SELECT uuid() AS id, now()::TIMESTAMP - to_seconds(i) AS received_at, 'POST' AS method, '/v1/predictions' AS path,
            200 AS status, 40 AS latency_us, 1 AS model_id,
            '{{\"carat\":1.0,\"cut\":\"Ideal\",\"color\":\"G\",\"clarity\":\"VS2\"}}' AS request_body,
            '{{\"id\":\"' || uuid() || '\",\"price_usd\":5.0,\"price_per_carat_usd\":5.0,\"currency\":\"USD\",'
            || '\"model\":{{\"id\":1,\"family\":\"linear\"}},\"assumed\":{{}},\"warnings\":[]}}' AS response_body
         FROM range({OLD_REQUESTS}) AS requests(i)"
    );
    connection.execute_batch(&requests).expect("requests");
}

#[test]
fn a_file_of_an_old_layout_is_brought_up_to_date_however_often_that_is_killed() {
    let mut chance = chance();
    let old = TestFolder::new();
    write_old_file(&old);
    for _ in 0..kills() / 8 {
        let test_folder = TestFolder::new();
        std::fs::copy(old.database(), test_folder.database()).expect("a copy");
        for _ in 0..2 {
            run_and_kill(&test_folder, &["models", "list"], Duration::from_millis(chance.random_range(5..250)));
        }
        assert_eq!(test_folder.value("SELECT count(*) FROM request"), OLD_REQUESTS);
        assert_eq!(test_folder.value("SELECT count(*) FROM prediction"), OLD_REQUESTS);
        assert_eq!(test_folder.value("SELECT count(*) - max(version) FROM schema_version"), 0);
        assert_whole(&test_folder);
    }
}
