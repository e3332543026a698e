//! `diamonds generate`.

use crate::program::TestFolder;

#[test]
fn the_same_seed_gives_the_same_bytes() {
    let test_folder = TestFolder::new();
    let make =
        |seed: &str| test_folder.succeed(&["generate", "--rows", "2000", "--seed", seed, "--dirty", "0.01"]).stdout;
    assert_eq!(make("3"), make("3"));
    assert_ne!(make("3"), make("4"));
    assert_eq!(make("3").lines().count(), 2_001);
}

#[test]
fn a_share_outside_of_0_to_1_is_refused() {
    let said = TestFolder::new().fail(2, &["generate", "--rows", "1", "--dirty", "2"]);
    assert!(said.contains("write a number from 0 to 1"), "{said}");
}

#[test]
fn what_is_generated_is_accepted_but_for_the_dirty_rows() {
    let test_folder = TestFolder::new();
    let csv = test_folder.succeed(&["generate", "--rows", "3000", "--seed", "9", "--dirty", "0.05"]).stdout;
    let file = test_folder.write("made-up.csv", csv);
    let report = test_folder.json(&["ingest", &file]);
    let report = &report["files"][0];
    assert_eq!(report["rows"], 3_000);
    let rejected = report["rejected"].as_i64().expect("a count");
    assert!((90..220).contains(&rejected), "{rejected}");
    let reasons: Vec<&str> = report["rejections"]
        .as_array()
        .expect("reasons")
        .iter()
        .map(|one| one["reason"].as_str().expect("text"))
        .collect();
    assert!(reasons.contains(&"price is not above 0"), "{reasons:?}");
    assert!(reasons.contains(&"x is not above 0"), "{reasons:?}");
    assert!(reasons.iter().any(|reason| reason.starts_with("clarity \"SI3\" has no counterpart")), "{reasons:?}");
    assert_eq!(report["warnings"].as_array().map(Vec::len), Some(0), "{report}");
}

#[test]
fn the_sample_data_is_what_generate_makes() {
    let test_folder = TestFolder::new();
    let sample = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("sample_data");
    let readme = std::fs::read_to_string(sample.join("README.md")).expect("the sample's README");
    for (file, arguments) in [
        ("sales.csv", "generate --rows 5000 --seed 2008 --dirty 0.002"),
        ("sales-later.csv", "generate --rows 500 --seed 2008 --dirty 0.002 --skip 4800"),
    ] {
        assert!(readme.contains(arguments), "the README tells how {file} was made");
        let words: Vec<&str> = arguments.split(' ').collect();
        assert_eq!(
            test_folder.succeed(&words).stdout,
            std::fs::read_to_string(sample.join(file)).expect("a sample"),
            "{file}"
        );
    }
}
