//! `diamonds ingest` and `diamonds batches`.

use duckdb::Connection;
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::program::TestFolder;
use crate::shared;

const HEADER: &str = "carat,cut,color,clarity,depth,table,price,x,y,z";
const STONE: &str = "1.1,Ideal,H,SI2,62.0,55.0,4733,6.61,6.65,4.11";

fn counts(report: &Value) -> [i64; 4] {
    ["rows", "accepted", "known", "rejected"].map(|name| report["files"][0][name].as_i64().expect("a count"))
}

#[test]
fn the_real_file_is_taken_but_for_eleven_rows_and_known_the_second_time() {
    let Some(folder) = shared::folder() else { return };
    let test_folder = TestFolder::new();
    let file = shared::real_csv(&folder).display().to_string();
    let report = test_folder.json(&["ingest", &file]);
    assert_eq!(counts(&report), [5_000, 4_989, 0, 11]);
    assert_eq!(
        report["files"][0]["rejections"],
        json!([{"reason": "price is not above 0", "count": 10}, {"reason": "x is not above 0", "count": 1}])
    );

    let batch = test_folder.json(&["batches", "show", "1"]);
    let lines: Vec<i64> = batch["rejected_rows"]
        .as_array()
        .expect("rows")
        .iter()
        .map(|row| row["line"].as_i64().expect("a line"))
        .collect();
    let expected: Vec<i64> = shared::reference_metrics(&folder)["rejected_rows"]
        .as_array()
        .expect("row numbers")
        .iter()
        .map(|row| row.as_i64().expect("a number") + 1)
        .collect();
    assert_eq!(lines, expected, "the header is line 1");
    let text = std::fs::read_to_string(&file).expect("the file");
    for row in batch["rejected_rows"].as_array().expect("rows") {
        let line = usize::try_from(row["line"].as_i64().expect("a line")).expect("positive");
        assert_eq!(row["raw"].as_str(), text.lines().nth(line - 1));
    }

    assert_eq!(counts(&test_folder.json(&["ingest", &file])), [5_000, 0, 4_989, 11]);
    assert_eq!(test_folder.value("SELECT count(*) FROM sale"), 4_989);
}

#[test]
fn each_bad_row_is_kept_with_line_column_reason_and_text() {
    let test_folder = TestFolder::new();
    let rows = [
        HEADER,
        STONE,
        "",
        ",Ideal,H,SI2,62.0,55.0,4733,6.61,6.65,4.11",
        "1.1,Great,H,SI2,62.0,55.0,4733,6.61,6.65,4.11",
        "1.1,Ideal,K,SI2,62.0,55.0,4733,6.61,6.65,4.11",
        "1.1,Ideal,H,,62.0,55.0,4733,6.61,6.65,4.11",
        "1.1,Ideal,H,SI2,deep,55.0,4733,6.61,6.65,4.11",
        "1.1,Ideal,H,SI2,62.0,inf,4733,6.61,6.65,4.11",
        "1.1,Ideal,H,SI2,62.0,55.0,-1,6.61,6.65,4.11",
        "1.1,Ideal,H,SI2,62.0,55.0,4733,6.61,6.65,0",
        "1.1,Ideal,H,SI2,62.0,55.0,4733",
        "1.1,Ideal,H,SI2,62.0,55.0,4733,6.61,6.65,4.11,extra",
        "1.1,\"Ideal,H,SI2,62.0,55.0,4733,6.61,6.65,4.11",
        "nan,Ideal,H,SI2,62.0,55.0,4733,6.61,6.65,4.11",
        "1.1,Ideal,H,SI2,62.0,55.0,1e300,6.61,6.65,4.11",
        "1_1,Ideal,H,SI2,62.0,55.0,4733,6.61,6.65,4.11",
        "1.2, ideal ,h,si2,62.0,55.0,4733,6.61,6.65,4.11",
        "\"1.3\",\"Very Good\",H,SI2,62.0,55.0,4733,6.61,6.65,4.11",
    ];
    // Windows line ends and no line end at the end of the file
    let file = test_folder.write("bad.csv", rows.join("\r\n"));
    assert_eq!(counts(&test_folder.json(&["ingest", &file])), [17, 6, 0, 11]);
    let batch = test_folder.json(&["batches", "show", "1"]);
    let found: Vec<(i64, &str)> = batch["rejected_rows"]
        .as_array()
        .expect("rows")
        .iter()
        .map(|row| {
            let line = row["line"].as_i64().expect("a line");
            assert_eq!(row["raw"].as_str(), Some(rows[usize::try_from(line - 1).expect("positive")]));
            let reason = row["reason"].as_str().expect("a reason");
            if let Some(column) = row["column"].as_str() {
                assert!(reason.starts_with(column), "{row}");
            }
            (line, reason)
        })
        .collect();
    assert_eq!(
        found,
        [
            (4, "carat is missing"),
            (5, "cut \"Great\" is no grade: write Ideal, Premium, Very Good, Good, Fair"),
            (6, "color \"K\" has no counterpart here: it is below J, where the scale ends"),
            (7, "clarity is missing"),
            (8, "depth is not a number"),
            (9, "table is not a number"),
            (10, "price is not above 0"),
            (11, "z is not above 0"),
            (15, "carat is missing"),
            (16, "price is far out: beyond 1000000000"),
            (17, "carat is not a number"),
        ]
    );
    assert_eq!(
        test_folder.json(&["sql", "SELECT line_number AS line, carat, cut FROM sale ORDER BY line_number"]),
        json!([
            {"line": 2, "carat": 1.1, "cut": "Ideal"},
            {"line": 12, "carat": 1.1, "cut": "Ideal"},
            {"line": 13, "carat": 1.1, "cut": "Ideal"},
            {"line": 14, "carat": 1.1, "cut": "Ideal"},
            {"line": 18, "carat": 1.2, "cut": "Ideal"},
            {"line": 19, "carat": 1.3, "cut": "Very Good"}
        ])
    );
}

#[test]
fn no_line_however_odd_keeps_the_others_out() {
    let test_folder = TestFolder::new();
    let long = "x".repeat(3_000_000);
    let lines = [
        format!("{HEADER},note\n"),
        format!("{STONE},plain\r\n"),
        format!("{STONE},\u{1} and \0\n"),
        format!("{STONE},a \r in the middle\n"),
        format!("{STONE},{long}\r\n"),
        format!("{STONE},last"),
    ];
    let file = test_folder.write("odd.csv", lines.concat());
    assert_eq!(counts(&test_folder.json(&["ingest", &file])), [5, 5, 0, 0]);
    let old_macintosh = test_folder.write("old.csv", format!("{HEADER}\r{STONE}\r{STONE}\r"));
    assert_eq!(counts(&test_folder.json(&["ingest", &old_macintosh])), [2, 0, 2, 0]);
}

#[test]
fn what_comes_to_nothing_makes_no_file() {
    let test_folder = TestFolder::new();
    test_folder.fail(1, &["ingest", "nowhere.csv"]);
    test_folder.fail(1, &["retrain"]);
    let sales = test_folder.write_sales("sales.csv", 1, 0, 50);
    assert_eq!(counts(&test_folder.json(&["ingest", "--dry-run", &sales])), [50, 50, 0, 0]);
    assert_eq!(crate::program::files_in(&test_folder.path("")), ["sales.csv"]);
    test_folder.succeed(&["ingest", &sales]);
    assert_eq!(crate::program::files_in(&test_folder.path("")), ["diamonds.duckdb", "sales.csv"]);
}

#[test]
fn columns_may_come_in_any_order_with_others_between_and_another_delimiter() {
    let test_folder = TestFolder::new();
    let file = test_folder.write(
        "other.csv",
        "\u{feff}note;z;Price;y;x;TABLE;depth;clarity;color;cut;carat\n\"a; \"\"b\"\"\";4.11;4733;6.65;6.61;55;62;SI2;H;Ideal;1.1\n",
    );
    assert_eq!(counts(&test_folder.json(&["ingest", &file])), [1, 1, 0, 0]);
    let same = test_folder.write("same.csv", format!("{HEADER}\n{STONE}\n"));
    assert_eq!(counts(&test_folder.json(&["ingest", &same])), [1, 0, 1, 0]);
}

#[test]
fn parquet_json_lines_and_standard_input_hold_the_same_sales() {
    let test_folder = TestFolder::new();
    let csv = test_folder.write_sales("sales.csv", 3, 0, 300);
    let (parquet, lines) = (test_folder.path("sales.parquet"), test_folder.path("sales.jsonl"));
    Connection::open_in_memory()
        .expect("a database")
        .execute_batch(&format!(
            "COPY (SELECT *, 'x' AS note FROM read_csv('{csv}')) TO '{}' (FORMAT parquet);
             COPY (SELECT * FROM read_csv('{csv}')) TO '{}' (FORMAT json);",
            parquet.display(),
            lines.display()
        ))
        .expect("copies");
    assert_eq!(counts(&test_folder.json(&["ingest", &csv])), [300, 300, 0, 0]);
    for file in [parquet, lines] {
        assert_eq!(counts(&test_folder.json(&["ingest", &file.display().to_string()])), [300, 0, 300, 0]);
    }
    let input = std::fs::read(&csv).expect("the file");
    let said = test_folder.run_with_input(&["--json", "ingest", "-"], &input);
    assert_eq!(counts(&said.json()), [300, 0, 300, 0]);
}

#[test]
fn a_line_that_is_no_json_object_is_rejected_alone() {
    let test_folder = TestFolder::new();
    let good = json!({"carat": 1.1, "cut": "Ideal", "color": "H", "clarity": "SI2", "depth": 62.0, "table": 55,
        "price": 4733, "x": 6.61, "y": 6.65, "z": 4.11});
    let file = test_folder.write("sales.jsonl", format!("{good}\n\n[1]\n{{\"carat\":\n"));
    assert_eq!(counts(&test_folder.json(&["ingest", &file])), [3, 1, 0, 2]);
    let batch = test_folder.json(&["batches", "show", "1"]);
    assert_eq!(batch["rejected_rows"][1]["line"], 4);
    assert_eq!(batch["rejected_rows"][1]["reason"], "the line is not a JSON object");
}

#[test]
fn a_file_that_is_none_of_sales_changes_nothing_and_is_named() {
    let test_folder = TestFolder::new();
    test_folder.succeed(&["ingest", &test_folder.write_sales("good.csv", 1, 0, 10)]);
    let parquet = test_folder.path("short.parquet");
    Connection::open_in_memory()
        .expect("a database")
        .execute_batch(&format!(
            "COPY (SELECT 1.0 AS carat, 'Ideal' AS cut) TO '{}' (FORMAT parquet)",
            parquet.display()
        ))
        .expect("a copy");
    let cases: [(&str, &[u8], &str); 10] = [
        ("empty.csv", b"", "the file is empty"),
        ("array.json", b"[{\"carat\": 1}]", "no columns cut, color"),
        ("header.csv", HEADER.as_bytes(), "has no sales, only a header"),
        (
            "columns.csv",
            b"carat,cut,color,clarity,depth,table,x,y,z\n1,2,3,4,5,6,7,8,9\n",
            "the column cut has numbers (2)",
        ),
        ("text.csv", b"Dear Sir,\nhow are you?\n", "no line of it names columns"),
        ("latin.csv", b"carat,cut\n1,Id\xe9al\n", "no columns color, clarity, price"),
        ("wide.csv", b"\xff\xfec\0a\0", "begins with \"ca\""),
        ("broken.parquet", b"PAR1 and nothing else", "cannot be read"),
        ("short.jsonl", b"{\"carat\": 1}\n", "no columns cut, color"),
        ("binary.csv", b"\x7fELF\x02\x01\x01\0\0", "not text, nor a workbook"),
    ];
    for (name, content, expected) in cases {
        let file = test_folder.write(name, content);
        let said = test_folder.fail(1, &["ingest", &file]);
        assert!(said.contains(name) && said.contains(expected), "{said}");
    }
    let said = test_folder.fail(1, &["ingest", &parquet.display().to_string()]);
    assert!(said.contains("no columns color, clarity"), "{said}");
    let said = test_folder.fail(1, &["ingest", "nowhere.csv"]);
    assert!(said.contains("cannot read nowhere.csv") && said.contains("No such file"), "{said}");
    assert_eq!(test_folder.value("SELECT count(*) FROM batch"), 1);
    assert_eq!(test_folder.value("SELECT count(*) FROM sale"), 10);
}

#[test]
fn files_before_a_bad_one_are_stored_and_reported() {
    let test_folder = TestFolder::new();
    let good = test_folder.write_sales("good.csv", 1, 0, 10);
    let bad = test_folder.write("bad.csv", "nothing");
    let said = test_folder.run(&["--json", "ingest", &good, &bad]);
    assert_eq!(said.code, 1);
    assert_eq!(counts(&said.json()), [10, 10, 0, 0]);
    assert!(said.stderr.contains("bad.csv"), "{}", said.stderr);
}

#[test]
fn a_dry_run_tells_the_same_and_stores_nothing() {
    let test_folder = TestFolder::new();
    let file = test_folder.write_sales("sales.csv", 1, 0, 50);
    test_folder.succeed(&["ingest", &test_folder.write_sales("first.csv", 1, 30, 20)]);
    let dry = test_folder.json(&["ingest", "--dry-run", &file]);
    assert_eq!(counts(&dry), [50, 30, 20, 0]);
    assert_eq!(dry["files"][0].get("batch"), None);
    assert_eq!(test_folder.value("SELECT count(*) FROM sale"), 20);
    assert_eq!(counts(&test_folder.json(&["ingest", &file])), [50, 30, 20, 0]);
}

#[test]
fn a_dry_run_shows_the_first_rows_that_would_be_rejected() {
    let test_folder = TestFolder::new();
    let file =
        test_folder.write("bad.csv", format!("{HEADER}\n{STONE}\n{}", "1.0,Ideal,H,SI3,62,55,4000,,,\n".repeat(30)));
    let dry = test_folder.json(&["ingest", "--dry-run", &file])["files"][0].clone();
    assert_eq!(
        (dry["rejected"].as_i64(), dry["rejected_rows"].as_array().map(Vec::len)),
        (Some(30), Some(20)),
        "{dry}"
    );
    assert_eq!((&dry["rejected_rows"][0]["line"], &dry["rejected_rows"][0]["column"]), (&json!(3), &json!("clarity")));
    assert!(test_folder.succeed(&["ingest", "--dry-run", &file]).stdout.contains("1.0,Ideal,H,SI3"));
    let stored = test_folder.json(&["ingest", &file])["files"][0].clone();
    assert_eq!(stored.get("rejected_rows"), None, "{stored}");
}

#[test]
fn measurements_that_contradict_are_accepted_with_a_warning() {
    let test_folder = TestFolder::new();
    let rows = [
        HEADER,
        STONE,
        // a slip of the decimal point in y, one in z, and a depth that is not that of x, y and z
        "1.1,Ideal,H,SI2,62.0,55.0,4733,6.61,66.5,4.11",
        "1.1,Ideal,H,SI2,62.0,55.0,4733,6.61,6.65,41.1",
        "1.1,Ideal,H,SI2,58.0,55.0,4733,6.61,6.65,4.11",
    ];
    let report = test_folder.json(&["ingest", &test_folder.write("odd.csv", rows.join("\n"))]);
    assert_eq!(counts(&report), [4, 4, 0, 0]);
    assert_eq!(
        report["files"][0]["warnings"],
        json!([
            {"warning": "the measurements contradict the depth", "count": 3},
            {"warning": "the measurements contradict the weight", "count": 2}
        ])
    );
}

#[test]
fn a_later_export_that_overlaps_adds_only_what_is_new() {
    let test_folder = TestFolder::new();
    test_folder.succeed(&["ingest", &test_folder.write_sales("first.csv", 1, 0, 400)]);
    let report = test_folder.json(&["ingest", &test_folder.write_sales("later.csv", 1, 300, 200)]);
    assert_eq!(counts(&report), [200, 100, 100, 0]);
}

/// A file of sales, each of a few kinds, some more than once.
fn csv_of(kinds: &[u8]) -> String {
    let lines = kinds.iter().map(|kind| format!("1.{kind},Ideal,H,SI2,62.0,55.0,4733,6.61,6.65,4.11"));
    [HEADER.to_owned()].into_iter().chain(lines).collect::<Vec<_>>().join("\n")
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    /// The engine's own `EXCEPT ALL` is the oracle for what a file adds.
    #[test]
    fn for_each_sale_the_larger_count_is_stored(files in prop::collection::vec(prop::collection::vec(0_u8..5, 1..15), 2..4)) {
        let test_folder = TestFolder::new();
        let oracle = Connection::open_in_memory().expect("a database");
        oracle.execute_batch("CREATE TABLE sale (kind INTEGER)").expect("a table");
        for (number, kinds) in files.iter().enumerate() {
            let file = test_folder.write(&format!("{number}.csv"), csv_of(kinds));
            let [rows, accepted, known, rejected] = counts(&test_folder.json(&["ingest", &file]));
            let list: Vec<String> = kinds.iter().map(u8::to_string).collect();
            let added = oracle
                .execute(
                    &format!("INSERT INTO sale SELECT unnest([{}]) EXCEPT ALL SELECT kind FROM sale", list.join(",")),
                    [],
                )
                .expect("a difference");
            prop_assert_eq!([rows, accepted], [kinds.len(), added].map(|count| i64::try_from(count).expect("small")));
            prop_assert_eq!([known, rejected], [rows - accepted, 0]);
        }
        let expected: i64 = oracle.query_row("SELECT count(*) FROM sale", [], |row| row.get(0)).expect("a count");
        prop_assert_eq!(test_folder.value("SELECT count(*) FROM sale"), expected);
    }
}
