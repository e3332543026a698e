//! Faults that happen: processes are killed, disks fill, files go, bits flip, clients send nonsense. Whatever was acknowledged is
//! there afterwards, once; nothing else is.
//!
//! Each test runs a short form; `make faults` runs the long one, from another seed each time.

mod bit_flips;
mod day;
mod files_gone;
mod full_disk;
mod kills;
mod nonsense;

use std::path::Path;

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde_json::{Value, json};

use crate::program::{Server, TestFolder};

/// How often a test does what it does: the environment variable `name` sets another number than `short`.
fn rounds(name: &str, short: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(short)
}

/// Where a test strikes. `DIAMONDS_SEED` sets another seed; it is printed, so that a failure can be seen again.
#[expect(clippy::print_stdout, reason = "shown when a test fails")]
fn chance() -> ChaCha8Rng {
    let seed = rounds("DIAMONDS_SEED", 1);
    println!("DIAMONDS_SEED={seed}");
    ChaCha8Rng::seed_from_u64(seed)
}

/// One of `choices`.
fn pick<T: Copy>(chance: &mut ChaCha8Rng, choices: &[T]) -> T {
    choices[chance.random_range(0..choices.len())]
}

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

/// What clients were answered until the server was gone.
#[derive(Default)]
struct Answered {
    /// The ids of the prices.
    ids: Vec<String>,
    /// How many requests were refused because something was under way.
    refused: usize,
}

/// Asks for prices until the server is gone, by some clients at the same time, while `work` is done, which ends the server.
fn ask_until_it_is_gone(server: Server, clients: usize, work: impl FnOnce(Server)) -> Answered {
    let url = server.url("/v1/predictions");
    let ask = || {
        let stone = stone().to_string();
        let agent = crate::program::agent();
        let mut answered = Answered::default();
        while let Ok(mut response) = agent.post(&url).header("Content-Type", "application/json").send(&stone) {
            let Ok(body) = response.body_mut().read_to_string() else { break };
            match response.status().as_u16() {
                200 => {
                    let document: Value = serde_json::from_str(&body).expect("JSON");
                    answered.ids.push(document["id"].as_str().expect("an id").to_owned());
                }
                503 => answered.refused += 1,
                status => panic!("{status}: {body}"),
            }
        }
        answered
    };
    std::thread::scope(|scope| {
        let clients: Vec<_> = (0..clients).map(|_| scope.spawn(ask)).collect();
        work(server);
        clients.into_iter().map(|client| client.join().expect("a client")).fold(Answered::default(), |mut all, one| {
            all.ids.extend(one.ids);
            all.refused += one.refused;
            all
        })
    })
}

/// How many of `ids` are in the log, as requests and as predictions.
fn count_logged(test_folder: &TestFolder, ids: &[String]) -> (Value, Value) {
    let list = ids.iter().map(|id| format!("'{id}'")).collect::<Vec<_>>().join(", ");
    let count = |table: &str| test_folder.value(&format!("SELECT count(*) FROM {table} WHERE id IN ({list})"));
    (count("request"), count("prediction"))
}

/// Checks that every id of `answered` is in the log exactly once, as request and as prediction. Nobody may serve the file.
fn assert_logged_once(test_folder: &TestFolder, answered: &[String]) {
    assert_in_log(test_folder, &["request", "prediction"], answered);
}

/// Checks that every id of `answered` is in each of `tables` exactly once.
fn assert_in_log(test_folder: &TestFolder, tables: &[&str], answered: &[String]) {
    if answered.is_empty() {
        return;
    }
    // what waits in the journal is taken in
    test_folder.value("SELECT 1");
    let ids = test_folder.path("answered.csv");
    std::fs::write(&ids, format!("id\n{}\n", answered.join("\n"))).expect("a list");
    let connection = duckdb::Connection::open_in_memory().expect("memory");
    let attach = format!(
        "ATTACH '{}' AS file (READ_ONLY); CREATE TABLE answered AS SELECT id::UUID AS id FROM read_csv('{}', header = true)",
        test_folder.database().display(),
        ids.display()
    );
    connection.execute_batch(&attach).expect("the file");
    for table in tables {
        let count = |sql: &str| -> i64 { connection.query_row(sql, [], |row| row.get(0)).expect("a count") };
        let missing = count(&format!("SELECT count(*) FROM answered ANTI JOIN file.{table} USING (id)"));
        assert_eq!(missing, 0, "of {} answered ones, so many are missing in {table}", answered.len());
        let twice = count(&format!("SELECT count(*) - count(DISTINCT id) FROM file.{table}"));
        assert_eq!(twice, 0, "so many of {table} are told twice");
    }
    std::fs::remove_file(ids).expect("gone");
}

/// Checks what must hold of every file at any time.
fn assert_whole(test_folder: &TestFolder) {
    for (what, sql) in [
        ("sales that belong to no batch", "SELECT count(*) FROM sale ANTI JOIN batch ON batch.id = batch_id"),
        (
            "batches whose sales are not all there",
            "SELECT count(*) FROM (SELECT id, accepted_count FROM batch ANTI JOIN undone_batch ON batch_id = id) AS kept \
             LEFT JOIN (SELECT batch_id, count(*) AS sales FROM sale GROUP BY ALL) AS stored ON batch_id = id \
             WHERE accepted_count <> coalesce(sales, 0)",
        ),
        ("sales of a batch that was undone", "SELECT count(*) FROM sale SEMI JOIN undone_batch USING (batch_id)"),
        ("models without their bytes", "SELECT count(*) FROM model ANTI JOIN artifact ON model_id = model.id"),
        ("champions that are no model", "SELECT count(*) FROM champion ANTI JOIN model ON model.id = model_id"),
        ("requests that are told twice", "SELECT count(*) - count(DISTINCT id) FROM request"),
        ("predictions that are told twice", "SELECT count(*) - count(DISTINCT id) FROM prediction"),
    ] {
        assert_eq!(test_folder.value(sql), 0, "{what}");
    }
}

/// Copies the files of a folder whose names are to be copied.
fn copy_files(from: &Path, to: &Path, is_copied: impl Fn(&str) -> bool) {
    for name in crate::program::files_in(from).iter().filter(|name| is_copied(name)) {
        if from.join(name).is_file() {
            std::fs::copy(from.join(name), to.join(name)).expect("a copy");
        }
    }
}
