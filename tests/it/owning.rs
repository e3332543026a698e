//! One owner of the file: while a server has it, every command works through the server.

use std::os::unix::fs::PermissionsExt;
use std::process::Stdio;

use serde_json::{Value, json};

use crate::program::{CommandOutput, Server, TestFolder, without_ids};

const STONE: [&str; 8] = ["--carat", "1.1", "--cut", "Ideal", "--color", "H", "--clarity", "SI2"];

fn both(said: &CommandOutput) -> (i32, String, &str) {
    (said.code, without_ids(&said.stdout), &said.stderr)
}

#[test]
fn commands_say_the_same_with_and_without_a_server() {
    let test_folder = TestFolder::trained(600);
    let commands: Vec<Vec<&str>> = vec![
        vec!["models", "list"],
        vec!["models", "show", "2"],
        vec!["models", "show", "99"],
        vec!["batches", "list"],
        vec!["batches", "show", "1"],
        vec!["batches", "show", "7"],
        vec!["requests", "list"],
        vec!["requests", "show", "01a20896-31f0-7437-8c49-d1e21ff09770"],
        vec!["sql", "SELECT cut, count(*), avg(price_usd) FROM sale GROUP BY cut ORDER BY cut"],
        vec!["sql", "SELECT nothing FROM sale"],
        vec!["sql", "DELETE FROM sale"],
        vec!["sql", "WITH gone AS (DELETE FROM sale RETURNING *) SELECT count(*) FROM gone"],
        vec!["sql", "SELECT * FROM range(10)", "--limit", "3"],
        [&["predict"], &STONE[..]].concat(),
        [&["predict", "--model", "linear"], &STONE[..]].concat(),
        [&["predict", "--model", "99"], &STONE[..]].concat(),
        [&["similar", "-n", "3"], &STONE[..]].concat(),
        vec!["ingest", "nowhere.csv"],
        vec!["ingest", "sales.csv", "--dry-run"],
        vec!["retrain", "--family", "forest"],
    ];
    let say = |json: bool| -> Vec<CommandOutput> {
        commands
            .iter()
            .map(|command| test_folder.run(&[if json { &["--json"][..] } else { &[] }, command].concat()))
            .collect()
    };
    let say_all = || say(false).into_iter().chain(say(true)).collect::<Vec<_>>();
    let alone = say_all();
    let server = Server::start(&test_folder);
    let through_server = say_all();
    drop(server);
    for ((alone, through_server), command) in alone.iter().zip(&through_server).zip(commands.iter().cycle()) {
        assert_eq!(both(alone), both(through_server), "{command:?}");
    }
}

#[test]
fn sales_and_models_that_come_while_a_server_runs_show_in_the_next_request() {
    let test_folder = TestFolder::trained(400);
    let server = Server::start(&test_folder);
    let stone = json!({"carat": 1.1, "cut": "Ideal", "color": "H", "clarity": "SI2"});
    let model_now = || server.post("/v1/predictions", &stone).json()["model"]["id"].clone();
    assert_eq!(model_now(), 2);

    test_folder.write_sales("more.csv", 5, 400, 300);
    let report = test_folder.json(&["ingest", "more.csv"]);
    assert_eq!(report["files"][0]["accepted"], 300, "a relative path is of the command's folder");
    assert_eq!(server.get("/health").json()["sales"], 700);
    let input = std::fs::read(test_folder.path("more.csv")).expect("the file");
    let said = test_folder.run_with_input(&["--json", "ingest", "-"], &input);
    assert_eq!(said.json()["files"][0]["known"], 300);

    let report = test_folder.json(&["retrain", "--family", "linear", "--promote", "always"]);
    assert_eq!(report["dataset"]["rows"], 700);
    assert_eq!(report["champion"], 3);
    assert_eq!(model_now(), 3);
    assert_eq!(server.get("/health").json()["model"], json!({"id": 3, "family": "linear"}));
    assert_eq!(server.stop(), 0);
    assert_eq!(test_folder.value("SELECT model_id FROM champion"), 3);
    assert_eq!(test_folder.value("SELECT count(*) FROM sale"), 700);
}

/// Tells clients to stop when it goes, also where a failed check ends the test.
struct StopAtEnd<'a>(&'a std::sync::atomic::AtomicBool);

impl Drop for StopAtEnd<'_> {
    fn drop(&mut self) {
        self.0.store(true, std::sync::atomic::Ordering::Relaxed);
    }
}

#[test]
fn no_answer_mixes_an_old_model_with_a_new_price_while_models_change_under_load() {
    let test_folder = TestFolder::trained(500);
    let stone = json!({"carat": 1.1, "cut": "Ideal", "color": "H", "clarity": "SI2", "depth": 62.0, "table": 55,
        "x": 6.61, "y": 6.65, "z": 4.11});
    let server = Server::start(&test_folder);
    let stop = std::sync::atomic::AtomicBool::new(false);
    let answers: Vec<Value> = std::thread::scope(|scope| {
        let stopping = StopAtEnd(&stop);
        let clients: Vec<_> = (0..4)
            .map(|_| {
                scope.spawn(|| {
                    let mut answers = Vec::new();
                    while !stop.load(std::sync::atomic::Ordering::Relaxed) {
                        let answer = server.post("/v1/predictions", &stone);
                        assert_eq!(answer.status, 200, "{}", answer.body);
                        answers.push(answer.json());
                    }
                    answers
                })
            })
            .collect();
        for (seed, family) in [("1", "linear"), ("2", "xgboost"), ("3", "xgboost"), ("4", "linear"), ("5", "xgboost")] {
            test_folder.succeed(&[
                "retrain",
                "--family",
                family,
                "--seed",
                seed,
                "--trials",
                "2",
                "--promote",
                "always",
            ]);
        }
        for change in [&["promote", "1"][..], &["rollback"], &["promote", "2"]] {
            test_folder.succeed(&[&["models"], change].concat());
            let now = test_folder.value("SELECT model_id FROM champion");
            assert_eq!(server.post("/v1/predictions", &stone).json()["model"]["id"], now, "in the very next request");
        }
        drop(stopping);
        clients.into_iter().flat_map(|client| client.join().expect("a client")).collect()
    });
    let mut models = std::collections::BTreeMap::<i64, f64>::new();
    for answer in &answers {
        let id = answer["model"]["id"].as_i64().expect("a number");
        let price = answer["price_usd"].as_f64().expect("a price");
        let known = *models.entry(id).or_insert(price);
        assert_eq!(known.to_bits(), price.to_bits(), "model {id}");
    }
    assert!(models.len() >= 3, "{models:?}");
    for (id, price) in models {
        let asked = server.post(&format!("/v1/predictions?model={id}"), &stone).json();
        assert_eq!(asked["price_usd"].as_f64(), Some(price), "model {id}");
    }
}

#[test]
fn two_runs_at_once_are_both_recorded_and_the_better_ends_up_champion() {
    for with_server in [false, true] {
        let test_folder = TestFolder::new();
        test_folder.succeed(&["ingest", &test_folder.write_sales("sales.csv", 5, 0, 900)]);
        let server = with_server.then(|| Server::start(&test_folder));
        let runs: Vec<_> = [["linear", "2"], ["xgboost", "8"], ["xgboost", "3"]]
            .into_iter()
            .map(|[family, trials]| {
                test_folder
                    .command(&["retrain", "--family", family, "--trials", trials])
                    .stdout(Stdio::null())
                    .stderr(Stdio::null())
                    .spawn()
                    .expect("it runs")
            })
            .collect();
        for mut run in runs {
            assert_eq!(run.wait().expect("it ends").code(), Some(0));
        }
        drop(server);
        assert_eq!(test_folder.value("SELECT count(*) FROM model"), 3);
        let champion = test_folder.value("SELECT model_id FROM champion").to_string();
        for other in ["1", "2", "3"] {
            let comparison = test_folder.json(&["models", "compare", other, &champion]);
            let high_usd = comparison["high_usd"].as_f64().expect("a figure");
            assert!(high_usd >= 0.0, "with a server: {with_server}: {other} is better than {champion}: {comparison}");
        }
    }
}

#[test]
fn a_second_server_says_who_has_the_file() {
    let test_folder = TestFolder::trained(200);
    let server = Server::start(&test_folder);
    let said = test_folder.fail(1, &["serve", "--addr", "127.0.0.1:0"]);
    assert!(said.contains(&server.address) && said.contains(&server.pid().to_string()), "{said}");
    assert_eq!(server.get("/health").status, 200);
}

#[test]
fn another_program_that_has_the_file_is_named() {
    let test_folder = TestFolder::trained(200);
    let other = duckdb::Connection::open(test_folder.database()).expect("the file");
    let pid = std::process::id().to_string();
    for command in [&["models", "list"][..], &["ingest", "sales.csv"], &["serve", "--addr", "127.0.0.1:0"]] {
        let said = test_folder.fail(1, command);
        assert!(said.contains(&format!("process {pid}")), "{said}");
    }
    drop(other);
    test_folder.succeed(&["models", "list"]);
}

#[test]
fn the_socket_is_the_owners_alone_and_a_dead_one_is_replaced() {
    let test_folder = TestFolder::trained(200);
    let socket = test_folder.path("diamonds.duckdb.sock");
    let mode = || std::fs::metadata(&socket).expect("a socket").permissions().mode() & 0o777;
    let server = Server::start(&test_folder);
    assert_eq!(mode(), 0o600);
    server.kill();
    assert!(socket.exists(), "a killed server takes nothing away");
    test_folder.succeed(&["models", "list"]);
    let server = Server::start(&test_folder);
    assert_eq!(mode(), 0o600);
    test_folder.succeed(&["models", "list"]);
    assert_eq!(server.stop(), 0);
    assert!(!socket.exists());
}

#[test]
fn what_is_on_the_socket_is_not_on_the_net() {
    let test_folder = TestFolder::trained(200);
    let server = Server::start(&test_folder);
    assert_eq!(server.post("/control/models", &json!({})).status, 404);
}

#[test]
fn a_backup_is_whole_also_while_the_file_is_served_and_written() {
    let test_folder = TestFolder::trained(400);
    let stone = json!({"carat": 1.1, "cut": "Ideal", "color": "H", "clarity": "SI2"});
    let server = Server::start(&test_folder);
    std::thread::scope(|scope| {
        let load = scope.spawn(|| {
            for _ in 0..300 {
                assert_eq!(server.post("/v1/predictions", &stone).status, 200);
            }
        });
        for number in 0..5 {
            test_folder.succeed(&["backup", &format!("copy-{number}.duckdb")]);
            test_folder.succeed(&["ingest", &test_folder.write_sales("more.csv", 6, number * 50, 50)]);
        }
        load.join().expect("the load");
    });
    // a process that closes any descriptor of a file loses its lock: the copies must not have done so
    let mut second = test_folder
        .command(&["serve", "--addr", "127.0.0.1:0"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("it runs");
    std::thread::sleep(std::time::Duration::from_secs(2));
    let ended = second.try_wait().expect("a child");
    let _ = second.kill();
    let _ = second.wait();
    assert_eq!(ended.and_then(|status| status.code()), Some(1), "the file is still the first server's");
    assert_eq!(server.stop(), 0);
    assert_eq!(test_folder.value("SELECT count(*) FROM request WHERE path = '/v1/predictions'"), 300);
    test_folder.succeed(&["backup", "last.duckdb"]);
    for (name, sales) in [("copy-0", 400), ("copy-4", 600), ("last", 650)] {
        let copy = test_folder.path(&format!("{name}.duckdb")).display().to_string();
        let rows = test_folder.json(&["--db", &copy, "sql", "SELECT count(*) AS n FROM sale"]);
        assert_eq!(rows, json!([{ "n": sales }]), "{name}");
        test_folder.succeed(&[&["--db", &copy, "predict"], &STONE[..]].concat());
    }
    let said = test_folder.fail(1, &["backup", "last.duckdb"]);
    assert!(said.contains("cannot write a backup") && said.contains("exists"), "{said}");
}
