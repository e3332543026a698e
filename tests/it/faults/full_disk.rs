//! The disk fills: no file may grow beyond some length, as if there were no space for more.
#![cfg(target_os = "linux")]

use std::process::Command;

use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use rustix::process::{Pid, Resource, Rlimit, prlimit};
use serde_json::json;

use super::{ask, assert_logged_once, assert_whole, chance, count_logged, pick, rounds, stone};
use crate::program::{Server, TestFolder, wait_until};

/// Ignores the signal that comes with a write beyond the limit: on a full disk there is none.
pub(super) const IGNORE_SIGNAL: &str = "trap '' XFSZ";

/// Lets no file of the server grow beyond `bytes`, or any.
pub(super) fn limit_files(server: &Server, bytes: Option<u64>) {
    let limit = Rlimit { current: bytes, maximum: None };
    prlimit(Pid::from_raw(server.pid().cast_signed()), Resource::Fsize, limit).expect("a limit");
}

/// A length up to which files may grow: as often short, as the journal is, as long, as a database of `size` bytes.
fn some_length(chance: &mut ChaCha8Rng, size: u64) -> u64 {
    let most = pick(chance, &[30_000, 300_000, size / 2, size + 500_000]);
    chance.random_range(1_000..most)
}

fn is_well(server: &Server) -> bool {
    server.get("/health").json()["status"] == "ok" && server.get("/models").status == 200
}

#[test]
fn a_full_disk_loses_nothing_and_the_server_recovers_by_itself() {
    let test_folder = TestFolder::trained(200);
    let size = std::fs::metadata(test_folder.database()).expect("the file").len();
    // no file may grow beyond this, as on a disk that is full
    let server = Server::start_in_shell(&test_folder, IGNORE_SIGNAL, &[]);
    limit_files(&server, Some(size + 200 * 1024));
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
    limit_files(&server, None);
    wait_until("the server recovers", || is_well(&server));
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
fn a_disk_that_fills_at_any_point_loses_nothing_and_the_server_recovers_each_time() {
    let mut chance = chance();
    let test_folder = TestFolder::trained(200);
    let server = Server::start_in_shell(&test_folder, IGNORE_SIGNAL, &[]);
    let several = json!(vec![stone(); 50]);
    let (mut answered, mut batches, mut refused) = (Vec::new(), Vec::new(), 0);
    let rounds = rounds("DIAMONDS_FULL_DISKS", 8) / 2;
    for round in 0..rounds {
        let size = std::fs::metadata(test_folder.database()).expect("the file").len();
        limit_files(&server, Some(some_length(&mut chance, size)));
        for _ in 0..chance.random_range(10..60) {
            let status = ask(&server, &mut answered);
            assert!([200, 503].contains(&status), "round {round}: {status}");
            refused += u32::from(status == 503);
            let answer = server.post("/v1/predictions", &several);
            assert!([200, 503].contains(&answer.status), "round {round}: {}", answer.body);
            if answer.status == 200 {
                batches.push(answer.header("x-request-id").to_owned());
            }
        }
        limit_files(&server, None);
        wait_until("the server recovers", || is_well(&server));
        assert_eq!(ask(&server, &mut answered), 200, "round {round}");
    }
    println!("{} answers, {refused} refused, {rounds} full disks", answered.len());
    assert_eq!(server.stop(), 0);
    assert_whole(&test_folder);
    assert_logged_once(&test_folder, &answered);
    let incomplete =
        "SELECT count(*) FROM (SELECT request_id FROM prediction GROUP BY ALL HAVING count(*) NOT IN (1, 50))";
    assert_eq!(test_folder.value(incomplete), 0);
    let of_batches = "SELECT count(DISTINCT request_id) FROM prediction WHERE position = 49";
    assert!(test_folder.value(of_batches).as_u64() >= Some(batches.len() as u64));
}

/// Runs a command whose files may not grow beyond `bytes`, and gives its exit code and what it says.
fn run_limited(test_folder: &TestFolder, arguments: &[&str], bytes: u64) -> (i32, String) {
    let program = test_folder.command(arguments);
    let mut shell = Command::new("sh");
    let limited = format!("{IGNORE_SIGNAL}; ulimit -S -f {}; exec \"$0\" \"$@\"", bytes / 512);
    shell.arg("-c").arg(limited).arg(program.get_program()).args(program.get_args());
    shell.envs(program.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let output = shell.current_dir(test_folder.path("")).output().expect("it runs");
    (output.status.code().unwrap_or(-1), String::from_utf8_lossy(&output.stderr).into_owned())
}

#[test]
fn a_command_on_a_disk_that_fills_at_any_point_says_so_and_changes_all_or_nothing() {
    let mut chance = chance();
    let original = TestFolder::trained(600);
    let more = original.write_sales("more.csv", 9, 0, 8_000);
    original.succeed(&["ingest", &more]);
    for _ in 0..3 {
        original.succeed(&["predict", "--carat", "1.1", "--cut", "Ideal", "--color", "H", "--clarity", "SI2"]);
    }
    let (mut failed, mut done) = (0, 0);
    for round in 0..rounds("DIAMONDS_FULL_DISKS", 20) / 2 {
        let test_folder = TestFolder::new();
        std::fs::copy(original.database(), test_folder.database()).expect("a copy");
        let size = std::fs::metadata(test_folder.database()).expect("the file").len();
        let file = test_folder.write_sales("sales.csv", 100 + round, 0, 8_000);
        let before = test_folder.value("SELECT count(*) FROM sale").as_i64().expect("a count");
        let counted = "SELECT count(*) FROM sale";
        let (arguments, by): (&[&str], i64) = match pick(&mut chance, &[0, 1, 2, 3]) {
            0 => (&["ingest", &file], 8_000),
            1 => (&["batches", "undo", "2"], -8_000),
            2 => (&["compact"], 0),
            _ => (&["retrain", "--family", "linear", "--promote", "always"], 0),
        };
        let bytes = some_length(&mut chance, size);
        let (code, said) = run_limited(&test_folder, arguments, bytes);
        let context = format!("round {round}, {arguments:?} with {bytes} bytes: {said}");
        let now = test_folder.value(counted).as_i64().expect("a count") - before;
        match code {
            // by chance a few stones are in both files
            0 => assert!((now - by).abs() < 80, "{context}: {now}"),
            1 => {
                assert_eq!(now, 0, "{context}");
                let is_clear = ["space", "File too large", "larger"].iter().any(|word| said.contains(word));
                assert!(is_clear, "{context}");
            }
            _ => panic!("{context}: it ended with {code}"),
        }
        if code == 0 {
            done += 1;
        } else {
            failed += 1;
        }
        assert_whole(&test_folder);
        if code != 0 {
            test_folder.succeed(arguments);
        }
    }
    println!("{done} done, {failed} failed");
    assert!(failed > 0);
}
