//! The file: whose it is, which version, what it explains of itself.

use duckdb::Connection;

use crate::program::TestFolder;

#[test]
fn a_file_of_a_newer_version_is_refused_and_left_alone() {
    let test_folder = TestFolder::new();
    test_folder.succeed(&["ingest", &test_folder.write_sales("sales.csv", 1, 0, 10)]);
    Connection::open(test_folder.database())
        .expect("the file")
        .execute_batch("INSERT INTO schema_version VALUES (99, 'future', now()::TIMESTAMP)")
        .expect("a row");
    for command in [&["models", "list"][..], &["ingest", "sales.csv"], &["serve", "--addr", "127.0.0.1:0"]] {
        let said = test_folder.fail(1, command);
        assert!(said.contains("newer diamonds (layout 99"), "{said}");
    }
    let count: i64 = Connection::open(test_folder.database())
        .expect("the file")
        .query_row("SELECT count(*) FROM sale", [], |row| row.get(0))
        .expect("a count");
    assert_eq!(count, 10);
}

#[test]
fn files_of_others_are_refused_and_left_alone() {
    let test_folder = TestFolder::new();
    std::fs::write(test_folder.database(), "a letter to nobody in particular").expect("a file");
    let said = test_folder.fail(1, &["ingest", &test_folder.write_sales("sales.csv", 1, 0, 10)]);
    assert!(said.contains("is not a diamonds file"), "{said}");
    std::fs::remove_file(test_folder.database()).expect("gone");

    Connection::open(test_folder.database())
        .expect("a database")
        .execute_batch("CREATE TABLE recipe (name VARCHAR)")
        .expect("a table");
    for command in [&["ingest", "sales.csv"][..], &["models", "list"], &["retrain"]] {
        let said = test_folder.fail(1, command);
        assert!(said.contains("diamonds did not make it"), "{said}");
    }
    let tables: i64 = Connection::open(test_folder.database())
        .expect("the database")
        .query_row("SELECT count(*) FROM duckdb_tables()", [], |row| row.get(0))
        .expect("a count");
    assert_eq!(tables, 1);
}

#[cfg(unix)]
#[test]
fn a_pipe_is_no_file_and_nobody_waits_for_it() {
    let test_folder = TestFolder::new();
    let pipe = test_folder.path("pipe").display().to_string();
    let made = std::process::Command::new("mkfifo").arg(&pipe).status().expect("it runs");
    assert!(made.success());
    for command in [&["models", "list"][..], &["serve", "--addr", "127.0.0.1:0"]] {
        let said = test_folder.fail(1, &[&["--db", &pipe][..], command].concat());
        assert!(said.contains("is not a diamonds file"), "{said}");
    }
}

#[test]
fn commands_that_read_do_not_make_a_file() {
    let test_folder = TestFolder::new();
    for command in [&["models", "list"][..], &["requests", "list"], &["batches", "list"], &["sql", "SELECT 1"]] {
        let said = test_folder.fail(1, command);
        assert!(said.contains("there is no file") && said.contains("diamonds ingest"), "{said}");
    }
    assert!(!test_folder.database().exists());
}

#[test]
fn every_table_says_what_it_holds_and_grades_are_ordered() {
    let test_folder = TestFolder::new();
    test_folder.succeed(&["ingest", &test_folder.write_sales("sales.csv", 1, 0, 10)]);
    assert_eq!(test_folder.value("SELECT count(*) FROM duckdb_tables() WHERE comment IS NULL"), 0);
    // what is called alike in every table need not be told in every table
    let silent = test_folder.json(&[
        "sql",
        "SELECT table_name, column_name FROM duckdb_columns() WHERE comment IS NULL AND NOT internal \
         AND table_name IN (SELECT table_name FROM duckdb_tables())",
    ]);
    assert_eq!(silent, serde_json::json!([]));
    assert_eq!(test_folder.value("SELECT 'Very Good'::cut_grade < 'Premium'::cut_grade"), true);
    assert_eq!(test_folder.value("SELECT 'J'::color_grade < 'D'::color_grade"), true);
    assert_eq!(test_folder.value("SELECT 'I1'::clarity_grade < 'IF'::clarity_grade"), true);
}

#[test]
fn sql_reads_and_nothing_else() {
    let test_folder = TestFolder::new();
    test_folder.succeed(&["ingest", &test_folder.write_sales("sales.csv", 1, 0, 10)]);
    let database = test_folder.database().display().to_string();
    let overwrite = format!("COPY (SELECT 1) TO '{database}' (FORMAT csv, USE_TMP_FILE false)");
    let write_ahead = format!("COPY (SELECT 1) TO '{database}.wal'");
    for (query, expected) in [
        ("DELETE FROM sale", "only reads"),
        ("DROP TABLE sale", "only reads"),
        ("COPY sale TO 'stolen.csv'", "only reads"),
        (&overwrite, "only reads"),
        (&write_ahead, "only reads"),
        ("ATTACH 'other.db'", "only reads"),
        ("SET enable_external_access = true", "only reads"),
        ("INSTALL httpfs", "only reads"),
        ("CHECKPOINT", "only reads"),
        ("SELECT 1; DROP TABLE sale", "only"),
        ("SELECT 1; SELECT 2", "one at a time"),
        ("", "it is empty"),
        ("SELECT * FROM read_csv('/etc/passwd')", "disabled by configuration"),
        ("SELECT no_such_column FROM sale", "no_such_column"),
        ("SELECT getenv('HOME')", "getenv"),
        ("selec", "syntax error"),
    ] {
        let said = test_folder.fail(1, &["sql", query]);
        assert!(said.contains(expected) && !said.contains("Error code"), "{query}: {said}");
    }
    for query in ["SHOW TABLES", "DESCRIBE sale", "SUMMARIZE sale", "FROM sale LIMIT 1", "-- a remark\nSELECT now()"] {
        test_folder.succeed(&["sql", query]);
    }
    let twice = test_folder.json(&["sql", "SELECT 1 AS a, 2 AS a, 'infinity'::DOUBLE AS far"]);
    assert_eq!(twice, serde_json::json!([{"a": 1, "a_2": 2, "far": "inf"}]));
    assert_eq!(test_folder.value("SELECT count(*) FROM sale"), 10);
    let text = test_folder.succeed(&["sql", "SELECT 1 AS one, NULL AS nothing, 'x' AS letter"]).stdout;
    assert_eq!(text, " one  nothing  letter\n   1     NULL  x\n");
}

#[test]
fn what_strangers_sent_does_not_steer_the_terminal() {
    let test_folder = TestFolder::new();
    let header = "carat,cut,color,clarity,depth,table,price,x,y,z";
    let said = test_folder.run(&["ingest", &test_folder.write("odd.csv", format!("{header}\n\u{1b}[2J,\u{7}\n"))]);
    assert_eq!(said.code, 1, "nothing goes in: {}", said.stderr);
    let text = test_folder.succeed(&["batches", "show", "1"]).stdout;
    assert!(text.contains("\\u{1b}[2J") && !text.contains('\u{1b}') && !text.contains('\u{7}'), "{text:?}");
}
