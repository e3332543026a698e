//! A day of requests, replayed at speed, with a fault in every minute of it.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use rand::RngExt;

#[cfg(target_os = "linux")]
use super::full_disk::{IGNORE_SIGNAL, limit_files};
use super::{ask, assert_logged_once, assert_whole, chance, pick, rounds};
use crate::program::{Server, TestFolder, wait_until};

/// Requests in a minute of the day.
const REQUESTS_PER_MINUTE: usize = 60;

/// What may happen in a minute.
#[derive(Debug, Clone, Copy)]
enum Fault {
    Kill,
    Stop,
    Compact,
    Ingest,
    Retrain,
    MovedAway,
    #[cfg(target_os = "linux")]
    FullDisk,
}

/// What happens, and how often in twenty minutes.
const FAULTS: &[(Fault, u32)] = &[
    (Fault::Kill, 8),
    (Fault::Stop, 4),
    (Fault::Compact, 2),
    (Fault::Ingest, 2),
    (Fault::Retrain, 1),
    (Fault::MovedAway, 1),
    #[cfg(target_os = "linux")]
    (Fault::FullDisk, 2),
];

/// Starts a server whose files can be limited.
fn start(test_folder: &TestFolder) -> Server {
    #[cfg(target_os = "linux")]
    return Server::start_in_shell(test_folder, IGNORE_SIGNAL, &[]);
    #[cfg(not(target_os = "linux"))]
    return Server::start(test_folder);
}

/// Asks until `stop` is set, and gives the ids that were answered.
fn ask_until_stopped(server: &Server, stop: &AtomicBool) -> Vec<String> {
    let mut answered = Vec::new();
    while !stop.load(Ordering::Relaxed) {
        let status = ask(server, &mut answered);
        assert!([200, 503].contains(&status), "{status}");
    }
    answered
}

#[test]
fn a_day_with_a_fault_a_minute_loses_nothing_and_needs_nobody() {
    let mut chance = chance();
    let test_folder = TestFolder::trained(400);
    let mut answered = Vec::new();
    let mut server = start(&test_folder);
    let minutes = rounds("DIAMONDS_MINUTES", 24);
    let faults: Vec<Fault> = FAULTS.iter().flat_map(|(fault, times)| (0..*times).map(|_| *fault)).collect();
    let mut counts = std::collections::BTreeMap::new();
    for minute in 0..minutes {
        for _ in 0..chance.random_range(0..REQUESTS_PER_MINUTE) {
            assert_eq!(ask(&server, &mut answered), 200, "minute {minute}");
        }
        let fault = pick(&mut chance, &faults);
        *counts.entry(format!("{fault:?}")).or_insert(0) += 1;
        let stop = AtomicBool::new(false);
        let during = |what: &dyn Fn()| {
            std::thread::scope(|scope| {
                let client = scope.spawn(|| ask_until_stopped(&server, &stop));
                what();
                stop.store(true, Ordering::Relaxed);
                client.join().expect("a client")
            })
        };
        let seed = 10_000 + minute;
        match fault {
            Fault::Kill | Fault::Stop => {
                if matches!(fault, Fault::Kill) {
                    server.kill();
                } else {
                    assert_eq!(server.stop(), 0);
                }
                server = start(&test_folder);
            }
            Fault::Compact => answered.extend(during(&|| drop(test_folder.succeed(&["compact"])))),
            Fault::Ingest => {
                let file = test_folder.write_sales("more.csv", seed, 0, 100);
                answered.extend(during(&|| drop(test_folder.succeed(&["ingest", &file]))));
            }
            Fault::Retrain => {
                let retrain = ["retrain", "--family", "linear", "--promote", "never"];
                answered.extend(during(&|| drop(test_folder.succeed(&retrain))));
            }
            Fault::MovedAway => {
                let aside = test_folder.path("aside.duckdb");
                answered.extend(during(&|| {
                    std::fs::rename(test_folder.database(), &aside).expect("moved");
                    wait_until("the server notices", || server.get("/health").status == 503);
                    std::fs::rename(&aside, test_folder.database()).expect("back");
                }));
            }
            #[cfg(target_os = "linux")]
            Fault::FullDisk => {
                let bytes = pick(&mut chance, &[1_000, 100_000, 1_000_000, 6_000_000]);
                answered.extend(during(&|| {
                    limit_files(&server, Some(bytes));
                    std::thread::sleep(Duration::from_millis(200));
                    limit_files(&server, None);
                }));
            }
        }
        wait_until("the server is well", || {
            server.get("/health").json()["status"] == "ok" && server.get("/models").status == 200
        });
    }
    println!("{minutes} minutes, {} answers, faults: {counts:?}", answered.len());
    assert_eq!(server.stop(), 0);
    assert_whole(&test_folder);
    assert_logged_once(&test_folder, &answered);
}
