//! A bounded run of every fuzz target on stable: valid bytes, changed at random places, and bytes at random.

use std::borrow::Cow;

use diamonds::generator::Generator;
use diamonds::store::{NewRequest, Store};
use proptest::prelude::*;
use uuid::Uuid;

#[path = "../../fuzz/targets.rs"]
mod targets;

/// How many inputs each target is given.
const CASES: u32 = 1_500;

/// A change of bytes: where (as a share of the length), and what.
#[derive(Debug, Clone)]
enum Mutation {
    Set(f64, u8),
    Cut(f64),
    Remove(f64, usize),
    Repeat(f64, usize),
    Insert(f64, Vec<u8>),
}

fn mutation() -> impl Strategy<Value = Mutation> {
    let place = 0.0..1.0_f64;
    prop_oneof![
        4 => (place.clone(), any::<u8>()).prop_map(|(place, byte)| Mutation::Set(place, byte)),
        1 => place.clone().prop_map(Mutation::Cut),
        2 => (place.clone(), 1_usize..40).prop_map(|(place, length)| Mutation::Remove(place, length)),
        2 => (place.clone(), 1_usize..40).prop_map(|(place, length)| Mutation::Repeat(place, length)),
        2 => (place, prop::collection::vec(any::<u8>(), 1..12)).prop_map(|(place, bytes)| Mutation::Insert(place, bytes)),
    ]
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "places in short inputs"
)]
fn mutate(bytes: &mut Vec<u8>, mutation: &Mutation) {
    let at = |place: f64| (place * bytes.len() as f64) as usize;
    match mutation {
        Mutation::Set(place, byte) if !bytes.is_empty() => {
            let place = at(*place);
            bytes[place] = *byte;
        }
        Mutation::Set(..) => {}
        Mutation::Cut(place) => bytes.truncate(at(*place)),
        Mutation::Remove(place, length) => {
            let (from, to) = (at(*place), (at(*place) + length).min(bytes.len()));
            bytes.drain(from..to);
        }
        Mutation::Repeat(place, length) => {
            let (from, to) = (at(*place), (at(*place) + length).min(bytes.len()));
            let again = bytes[from..to].to_vec();
            bytes.splice(from..from, again);
        }
        Mutation::Insert(place, more) => {
            let place = at(*place);
            bytes.splice(place..place, more.iter().copied());
        }
    }
}

fn run(target: fn(&[u8]), seeds: &[Vec<u8>]) {
    for seed in seeds {
        target(seed);
    }
    let changed = (prop::sample::select(seeds.to_vec()), prop::collection::vec(mutation(), 1..8)).prop_map(
        |(mut bytes, mutations)| {
            for mutation in &mutations {
                mutate(&mut bytes, mutation);
            }
            bytes
        },
    );
    let input = prop_oneof![9 => changed, 1 => prop::collection::vec(any::<u8>(), 0..200)];
    let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig::with_cases(CASES));
    let result = runner.run(&input, |bytes| {
        target(&bytes);
        Ok(())
    });
    assert!(result.is_ok(), "{result:?}");
}

#[test]
fn no_journal_whatever_its_bytes_makes_the_reader_panic() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("a.duckdb");
    let store = Store::open(&path).expect("a store");
    let mut journal = store.journal().expect("a journal");
    let request = NewRequest {
        id: Uuid::from_u128(7),
        time: "2026-03-01T12:00:00Z".parse().expect("a time"),
        method: "POST".to_owned(),
        path: "/v1/predictions".to_owned(),
        query: Some("explain=true".to_owned()),
        status: 200,
        latency_us: 40,
        model_id: Some(2),
        client: None,
        request_body: Cow::Borrowed(b"{\"carat\":1}"),
        response_body: Cow::Borrowed(b"\xff\0"),
        predictions: Cow::Borrowed(&[]),
        key_name: None,
    };
    for _ in 0..3 {
        journal.append(&[request.to_entry().expect("an entry")]).expect("written");
    }
    let bytes = std::fs::read(folder.path().join("a.duckdb.journal-0")).expect("a journal");
    assert_eq!(diamonds::store::count_journal_requests(&bytes).expect("readable"), 3);
    run(targets::journal, &[bytes]);
}

#[test]
fn no_file_of_sales_whatever_its_bytes_makes_the_reader_panic() {
    let mut csv = Vec::new();
    Generator::new(1).write_csv(&mut csv, 5, 0.5).expect("memory takes all");
    let quoted = b"carat;cut;color;clarity;depth;table;price;x;y;z;note\r\n1.1;Ideal;H;SI2;62;55;4733;6.61;6.65;4.11;\"a; \"\"b\"\"\nc\"\r\n";
    let lines = b"{\"carat\":1.1,\"cut\":\"Ideal\",\"color\":\"H\",\"clarity\":\"SI2\",\"depth\":62,\"table\":55,\"price\":4733}\n[1]\n";
    run(targets::upload, &[csv, quoted.to_vec(), lines.to_vec()]);
}

#[test]
fn no_stone_whatever_its_json_makes_the_reader_panic() {
    let stone = br#"{"carat":1.1,"cut":"Ideal","color":"H","clarity":"SI2","depth":62.0,"x":null,"y":"6,65","n":5}"#;
    run(targets::stone_json, &[stone.to_vec()]);
}

#[test]
fn no_model_whatever_its_json_makes_the_reader_panic() {
    let model = include_bytes!("fixtures/parity/xgboost.json").to_vec();
    // the whole model is long: most changes of it would lie in its first tree
    let mut short: serde_json::Value = serde_json::from_slice(&model).expect("JSON");
    let trees = &mut short["learner"]["gradient_booster"]["model"]["trees"];
    trees.as_array_mut().expect("trees").truncate(1);
    run(targets::tree_json, &[short.to_string().into_bytes()]);
    targets::tree_json(&model);
}

#[test]
fn no_query_whatever_its_bytes_makes_the_reader_panic() {
    let query = b"carat=1.1&cut=Very+Good&color=%48&clarity=SI2&x=6.61&n=5&since=2h&until=2026-03-01T12%3A00&status=";
    run(targets::query_string, &[query.to_vec()]);
}
