//! Bits flip on the disk: in the database, in its write-ahead log, in the journal.

use std::collections::HashSet;
use std::path::Path;

use rand::RngExt;
use serde_json::Value;

use super::{ask, chance, copy_files, pick, rounds};
use crate::program::{CommandOutput, Server, TestFolder, files_in};

/// What is asked of a file, of which bits may have flipped.
const QUESTIONS: [&[&str]; 4] = [
    &["--json", "predict", "--carat", "1.1", "--cut", "Ideal", "--color", "H", "--clarity", "SI2", "--explain"],
    &[
        "--json",
        "sql",
        "SELECT count(*) AS sales, round(sum(price_usd)) AS usd, round(sum(carat * table_percent)) AS other FROM sale",
    ],
    &[
        "--json",
        "sql",
        "SELECT count(*) AS predictions, round(sum(price_usd)) AS usd FROM prediction WHERE source = 'api'",
    ],
    &["--json", "models", "list"],
];

/// What a question is answered, without what differs each time.
fn answer_of(said: &CommandOutput) -> Value {
    let mut answer = said.json();
    if let Some(prediction) = answer.as_object_mut() {
        prediction.remove("id");
        prediction.remove("as_of");
    }
    answer
}

/// Flips one bit of the file at `path`.
fn flip(path: &Path, place: f64, bit: u32) {
    let mut bytes = std::fs::read(path).expect("a file");
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss, reason = "a place")]
    let place = (place * bytes.len() as f64) as usize;
    bytes[place] ^= 1 << bit;
    std::fs::write(path, bytes).expect("written");
}

/// The files that a server leaves which is killed: the last changes are in the write-ahead log, the last answers in the journal.
fn killed_server(test_folder: &TestFolder) -> Vec<String> {
    let mut answered = Vec::new();
    let server = Server::start(test_folder);
    test_folder.succeed(&["ingest", &test_folder.write_sales("more.csv", 77, 0, 300)]);
    for _ in 0..40 {
        assert_eq!(ask(&server, &mut answered), 200);
    }
    server.kill();
    answered
}

#[test]
fn a_flipped_bit_is_named_or_harmless_and_never_makes_an_answer_wrong() {
    let mut chance = chance();
    let original = TestFolder::trained(600);
    killed_server(&original);
    // both: a file in rest, and one whose last changes are in its write-ahead log
    let at_rest = TestFolder::new();
    copy_files(&original.path(""), &at_rest.path(""), |name| name.starts_with("diamonds.duckdb"));
    let expected = QUESTIONS.map(|question| answer_of(&at_rest.succeed(question)));
    let (mut named, mut harmless) = (0, 0);
    for round in 0..rounds("DIAMONDS_FLIPS", 40) {
        let test_folder = TestFolder::new();
        let from = pick(&mut chance, &[&original, &at_rest]);
        copy_files(&from.path(""), &test_folder.path(""), |name| name.starts_with("diamonds.duckdb"));
        let files: Vec<String> = files_in(&test_folder.path(""))
            .into_iter()
            .filter(|name| {
                std::fs::metadata(test_folder.path(name)).expect("a file").len() > 0 && !name.contains(".journal-")
            })
            .collect();
        let name = &files[chance.random_range(0..files.len())];
        let (place, bit) = (chance.random::<f64>(), chance.random_range(0..8));
        flip(&test_folder.path(name), place, bit);
        let context = format!("bit {bit} at {place} of {name}, round {round}");
        let mut is_named = false;
        for (question, expected) in QUESTIONS.iter().zip(&expected) {
            let said = test_folder.run(question);
            match said.code {
                0 => assert_eq!(answer_of(&said), *expected, "{context}: {question:?}, {}", said.stderr),
                1 => {
                    is_named = true;
                    let is_clear =
                        ["is damaged", "is not a diamonds file"].iter().any(|word| said.stderr.contains(word));
                    assert!(is_clear, "{context}: {question:?} says {:?}", said.stderr);
                }
                code => panic!("{context}: {question:?} ended with {code}: {}", said.stderr),
            }
        }
        if is_named { named += 1 } else { harmless += 1 }
    }
    println!("{named} named, {harmless} harmless");
}

#[test]
fn a_flipped_bit_in_the_journal_costs_no_other_request_and_is_told() {
    let mut chance = chance();
    let original = TestFolder::trained(200);
    let answered = killed_server(&original);
    let journals: Vec<String> = files_in(&original.path(""))
        .into_iter()
        .filter(|name| name.contains(".journal-") && std::fs::metadata(original.path(name)).expect("a file").len() > 0)
        .collect();
    let all: HashSet<&str> = answered.iter().map(String::as_str).collect();
    let (mut told, mut whole) = (0, 0);
    for round in 0..rounds("DIAMONDS_FLIPS", 40) {
        let test_folder = TestFolder::new();
        copy_files(&original.path(""), &test_folder.path(""), |name| name.starts_with("diamonds.duckdb"));
        let name = &journals[chance.random_range(0..journals.len())];
        let (place, bit) = (chance.random::<f64>(), chance.random_range(0..8));
        flip(&test_folder.path(name), place, bit);
        let context = format!("bit {bit} at {place} of {name}, round {round}");
        let said = test_folder.run(&["--json", "requests", "list", "--limit", "1000"]);
        assert_eq!(said.code, 0, "{context}: {}", said.stderr);
        let list = said.json();
        let logged: Vec<&str> = list["requests"]
            .as_array()
            .expect("requests")
            .iter()
            .map(|request| request["id"].as_str().expect("an id"))
            .collect();
        let distinct: HashSet<&str> = logged.iter().copied().collect();
        assert_eq!(distinct.len(), logged.len(), "{context}: told twice");
        assert!(distinct.is_subset(&all), "{context}: what was never answered");
        let missing = all.len() - distinct.len();
        if missing > 0 {
            told += 1;
            // each was a group of its own
            assert!(
                missing == 1 || said.stderr.contains("header"),
                "{context}: {missing} are missing: {}",
                said.stderr
            );
            assert!(said.stderr.contains("damaged"), "{context}: {missing} are missing: {:?}", said.stderr);
            let is_kept = files_in(&test_folder.path(""))
                .iter()
                .any(|name| name.contains(".damaged-") || name.contains(".unreadable-"));
            assert!(is_kept, "{context}: the damaged file is not kept");
        } else {
            whole += 1;
        }
        let asked =
            test_folder.json(&["predict", "--carat", "1.1", "--cut", "Ideal", "--color", "H", "--clarity", "SI2"]);
        assert!(asked["price_usd"].as_f64() > Some(0.0), "{context}");
    }
    println!("{told} told, {whole} whole");
}
