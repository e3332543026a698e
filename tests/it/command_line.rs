//! `diamonds predict`, `similar`, `requests`, and the habits of all commands.

use serde_json::json;

use crate::program::{Server, TestFolder};

const STONE: [&str; 8] = ["--carat", "1.1", "--cut", "ideal", "--color", "H", "--clarity", "si2"];

fn with<'a>(command: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    [&[command], &STONE[..], more].concat()
}

#[test]
fn a_price_list_that_was_kept_is_what_later_ones_are_compared_with() {
    let test_folder = TestFolder::trained(600);
    let said = test_folder.fail(1, &["price-list", "--cut", "Good", "--compare", "last"]);
    assert!(said.contains("no price list of cut Good was kept yet") && said.contains("--keep"), "{said}");
    let said = test_folder.succeed(&["price-list", "--cut", "Good", "--keep"]).stderr;
    assert!(said.contains("Kept as list 1 of cut Good"), "{said}");
    let champion = test_folder.value("SELECT model_id FROM champion").to_string();
    test_folder.succeed(&["models", "correct", &champion, "0.25"]);
    let changes = |bands: &[&str]| -> Vec<Option<f64>> {
        let arguments = [&["price-list", "--cut", "Good", "--compare", "last"], bands].concat();
        let list = test_folder.json(&arguments);
        assert_eq!(list["compared_list"]["number"], 1, "{list}");
        let bands = list["bands"].as_array().expect("bands").clone();
        let rows = bands.iter().flat_map(|band| band["colors"].as_array().expect("colours").clone());
        let cells = rows.flat_map(|row| row["clarities"].as_array().expect("prices").clone());
        cells.map(|cell| cell["change"].as_f64()).collect()
    };
    let all = changes(&[]);
    assert!(
        !all.is_empty() && all.iter().all(|change| change.is_some_and(|change| (change - 0.25).abs() < 1e-3)),
        "{all:?}"
    );
    let others = changes(&["--bands", "0.45,0.55"]);
    assert!(!others.is_empty() && others.iter().all(Option::is_none), "it has no such bands: {others:?}");
    let printed = test_folder.succeed(&["price-list", "--cut", "Good", "--compare", "last"]).stdout;
    assert!(printed.contains("the change since list 1, kept on 20") && printed.contains("+25.0 %"), "{printed}");
    assert!(test_folder.fail(1, &["price-list", "--cut", "Fair", "--compare", "last"]).contains("cut Fair"));
}

#[test]
fn a_price_list_is_printed_and_written_as_a_table_and_a_workbook() {
    let test_folder = TestFolder::trained(1_500);
    let printed =
        test_folder.succeed(&["price-list", "--cut", "Good", "--bands", "0.5,1", "--compare", "linear"]).stdout;
    assert!(printed.starts_with("Cut Good, US dollars a stone, by model 2 (xgboost), "), "{printed}");
    assert!(printed.contains("; 1,500 sales so far"), "{printed}");
    assert!(
        printed.contains("0.50–0.99 ct") && printed.contains("below each price: the change since model 1"),
        "{printed}"
    );
    let document = test_folder.json(&["price-list", "--cut", "Good", "--bands", "0.5,1"]);
    let price = document["bands"][0]["colors"][0]["clarities"][0]["price_usd"].as_f64().expect("a price");
    let [csv, workbook, other] = ["list.csv", "list.xlsx", "list.pdf"].map(|name| test_folder.path(name));
    let [csv, workbook, other] = [csv, workbook, other].map(|path| path.to_string_lossy().into_owned());
    for file in [&csv, &workbook] {
        let list = ["price-list", "--cut", "Good", "--bands", "0.5,1", "--compare", "linear", "--out", file];
        test_folder.succeed(&list);
    }
    let text = std::fs::read_to_string(&csv).expect("a table");
    let row = text.lines().nth(1).expect("a row");
    assert!(row.starts_with("Good,0.50,0.99,") && row.contains(&format!(",D,IF,{price},")), "{row}");
    // a line of prices of each colour, the best first, and below it the changes
    let mut sheets = calamine::open_workbook_auto(&workbook).expect("a workbook");
    let sheet = calamine::Reader::worksheet_range(&mut sheets, "Good").expect("a sheet");
    let number = |row: u32, column: u32| match sheet.get_value((row, column)) {
        Some(calamine::Data::Float(number)) => *number,
        other => panic!("{other:?} in row {row}, column {column}"),
    };
    assert_eq!(sheet.get_value((5, 0)), Some(&calamine::Data::String("D".to_owned())));
    assert!((number(5, 1) - price).abs() < 1e-9 && number(6, 1).abs() < 1.0, "{}", number(5, 1));
    let said = test_folder.fail(1, &["price-list", "--out", &csv]);
    assert!(said.contains("list.csv"), "{said}");
    let said = test_folder.fail(1, &["price-list", "--out", &other]);
    assert!(said.contains(".csv") && said.contains(".xlsx"), "{said}");
    test_folder.fail(2, &["price-list", "--bands", "1,0.5"]);
}

#[test]
fn a_price_needs_nothing_but_the_four_cs_and_another_model_may_be_asked() {
    let test_folder = TestFolder::trained(1_500);
    let quote = test_folder.json(&with("predict", &[]));
    assert_eq!(quote["model"], json!({"id": 2, "family": "xgboost"}));
    assert_eq!(quote["not_told"], json!(["depth", "table", "x", "y", "z"]));
    let per_carat = quote["price_usd"].as_f64().expect("a price") / 1.1;
    assert!((quote["price_per_carat_usd"].as_f64().expect("a price") - per_carat).abs() < 0.01);
    let linear = test_folder.json(&with("predict", &["--model", "linear"]));
    assert_eq!(linear["model"], json!({"id": 1, "family": "linear"}));
    let again = test_folder.json(&with("predict", &["--model", "1"]));
    assert_eq!(&linear["price_usd"], &again["price_usd"]);
    assert_ne!(linear["id"], again["id"], "each is a prediction of its own");
    let said = test_folder.fail(1, &with("predict", &["--model", "77"]));
    assert!(said.contains("there is no model \"77\"") && said.contains("xgboost"), "{said}");
    let text = test_folder.succeed(&with("predict", &["-x", "6.61"])).stdout;
    assert!(
        text.starts_with('$') && text.contains("model 2, xgboost") && text.contains("not told: depth, table, y, z"),
        "{text}"
    );
}

#[test]
fn the_command_and_the_api_give_the_same_price_and_the_same_stones() {
    let test_folder = TestFolder::trained(1_500);
    let measured = ["--depth", "62", "--table", "55", "-x", "6.61", "-y", "6.65", "-z", "4.11"];
    let mut quote = test_folder.json(&with("predict", &measured));
    let similar = test_folder.json(&with("similar", &["-n", "3"]));
    let server = Server::start(&test_folder);
    let stone = json!({"carat": 1.1, "cut": "Ideal", "color": "H", "clarity": "SI2", "depth": 62.0, "table": 55,
        "x": 6.61, "y": 6.65, "z": 4.11});
    let mut answer = server.post("/v1/predictions", &stone).json();
    for document in [&mut answer, &mut quote] {
        document.as_object_mut().expect("an object").remove("id").expect("an id");
    }
    assert_eq!(answer, quote);
    assert_eq!(server.get("/v1/similar?carat=1.1&cut=Ideal&color=H&clarity=SI2&n=3").json(), similar);
}

#[test]
fn bad_stones_are_wrong_usage_and_every_mistake_is_named() {
    let test_folder = TestFolder::new();
    let said = test_folder
        .fail(2, &["predict", "--carat", "1,1,1", "--cut", "Great", "--color", "H", "--clarity", "SI2", "-x", "0"]);
    for expected in [
        "--carat \"1,1,1\": must be a number, such as 1.1",
        "--cut \"Great\": must be one of Ideal",
        "--x 0.0: must be above 0",
    ] {
        assert!(said.contains(expected), "{said}");
    }
    let said = test_folder.fail(2, &["predict", "--carat", "-1", "--cut", "Ideal", "--color", "H", "--clarity", "SI2"]);
    assert!(said.contains("--carat -1.0: must be above 0"), "{said}");
    let said = test_folder.fail(2, &["--db", "what?.duckdb", "models", "list"]);
    assert!(said.contains("question mark"), "{said}");
    let said = test_folder.fail(2, &with("similar", &["-n", "0"]));
    assert!(said.contains("1..=1000"), "{said}");
}

#[test]
fn without_a_model_commands_say_what_to_run() {
    let test_folder = TestFolder::new();
    test_folder.succeed(&["ingest", &test_folder.write_sales("sales.csv", 1, 0, 10)]);
    for command in ["predict", "similar"] {
        let said = test_folder.fail(1, &with(command, &[]));
        assert!(said.contains("no model answers yet") && said.contains("diamonds retrain"), "{said}");
    }
    assert!(test_folder.succeed(&["models", "list"]).stdout.contains("diamonds retrain"));
    assert!(test_folder.succeed(&["requests", "list"]).stdout.contains("No such request"));
}

#[test]
fn what_does_not_exist_is_said_with_the_command_that_lists_what_does() {
    let test_folder = TestFolder::new();
    test_folder.succeed(&["ingest", &test_folder.write_sales("sales.csv", 1, 0, 10)]);
    for (command, expected) in [
        (["models", "show", "9"], "no model 9: `diamonds models list`"),
        (["batches", "show", "9"], "no batch 9: `diamonds batches list`"),
        (["requests", "show", "01a20896-31f0-7437-8c49-d1e21ff09770"], "`diamonds requests list`"),
    ] {
        let said = test_folder.fail(1, &command);
        assert!(said.contains(expected), "{said}");
    }
    let said = test_folder.fail(2, &["requests", "list", "--since", "yesterday"]);
    assert!(said.contains("write it like 2026-03-01"), "{said}");
}

#[test]
fn json_is_the_only_thing_on_standard_output_and_quiet_says_no_more_than_the_result() {
    let test_folder = TestFolder::new();
    let sales = test_folder.write_sales("sales.csv", 1, 0, 200);
    let said = test_folder.succeed(&["--json", "ingest", &sales]);
    assert_eq!((said.stdout.lines().count(), said.stderr.as_str()), (1, ""));
    let said = test_folder.succeed(&["-q", "ingest", &sales]);
    assert_eq!(said.stderr, "");
    let said = test_folder.succeed(&["retrain", "--trials", "2"]);
    assert!(said.stdout.contains("new champion") && !said.stdout.contains('\u{1b}'), "{}", said.stdout);
    assert!(!said.stderr.contains("trials"), "no bar where nobody looks: {}", said.stderr);
}

#[cfg(target_os = "linux")]
#[test]
fn the_program_is_one_file_that_needs_nothing_but_the_c_library() {
    let listed = std::process::Command::new("ldd").arg(env!("CARGO_BIN_EXE_diamonds")).output().expect("ldd runs");
    let listed = String::from_utf8(listed.stdout).expect("text");
    let libraries: Vec<&str> = listed.lines().filter_map(|line| line.split_whitespace().next()).collect();
    let expected = ["linux-vdso.so", "libm.so", "libc.so", "ld-linux", "libpthread.so", "libdl.so", "librt.so"];
    for library in &libraries {
        assert!(expected.iter().any(|known| library.contains(known)), "{library} in {listed}");
    }
    assert!(libraries.len() >= 2, "{listed}");
}
