//! The automated pipeline: a file dropped into a folder changes the champion.

use std::time::Duration;

use diamonds::learning::families::FAMILIES;
use diamonds::store::Store;

use crate::program::{Server, TestFolder, files_in, wait_until};

#[test]
fn a_file_dropped_into_the_folder_is_ingested_and_changes_the_champion() {
    let test_folder = TestFolder::trained(150);
    // a straight line, which trees on twenty times the sales beat by more than luck, whatever the holdout
    test_folder.succeed(&["models", "promote", "1"]);
    let folder = test_folder.path("inbox");
    std::fs::create_dir(&folder).expect("a folder");
    let server =
        Server::start_with(&test_folder, &["--watch", "inbox", "--watch-settle", "1s", "--retrain-after", "500"]);
    let drop_in = |name: &str, first: u64, rows: usize| {
        let sales = test_folder.write_sales("made.csv", 5, first, rows);
        // written elsewhere and moved: whole at once
        std::fs::rename(sales, folder.join(name)).expect("moved");
    };
    drop_in("few.csv", 150, 400);
    wait_until("the file is done", || folder.join("done/few.csv").exists());
    assert_eq!(server.get("/health").json()["sales"], 550);
    let report = std::fs::read_to_string(folder.join("done/few.csv.report.json")).expect("a report");
    let report: serde_json::Value = serde_json::from_str(&report).expect("JSON");
    assert_eq!(report["files"][0]["accepted"], 400);
    std::thread::sleep(Duration::from_secs(2));
    assert_eq!(test_folder.json(&["models", "list"])["models"].as_array().map(Vec::len), Some(2), "400 are not 500");

    drop_in("many.csv", 550, 3_000);
    // the server answers with the better model by itself
    wait_until("the champion has changed", || {
        server.get("/health").json()["model"]["id"].as_i64().expect("a champion") > 2
    });
    let models = 2 + FAMILIES.len();
    assert_eq!(test_folder.json(&["models", "list"])["models"].as_array().map(Vec::len), Some(models));
    assert_eq!(test_folder.json(&["models", "show", &models.to_string()])["dataset"]["rows"], 3_550);
    assert_eq!(server.stop(), 0);
}

#[test]
fn files_that_cannot_be_ingested_are_put_aside_with_the_reason_and_unfinished_ones_left() {
    let test_folder = TestFolder::trained(150);
    let folder = test_folder.path("inbox");
    std::fs::create_dir(&folder).expect("a folder");
    let server = Server::start_with(&test_folder, &["--watch", "inbox", "--watch-settle", "1s"]);
    for (name, content) in
        [("letter.csv", "Dear Sir,"), ("growing.csv.part", "carat"), (".hidden.csv", "carat"), ("letter2.csv", "")]
    {
        std::fs::write(folder.join(name), content).expect("a file");
    }
    wait_until("both are put aside", || files_in(&folder.join("failed")).len() == 4);
    std::fs::write(folder.join("letter.csv"), "Dear Sir, again").expect("a file");
    wait_until("the next of that name too", || folder.join("failed/2-letter.csv.report.json").exists());
    let report = std::fs::read_to_string(folder.join("failed/letter.csv.report.json")).expect("a report");
    assert!(report.contains("no line of it names columns"), "{report}");
    assert_eq!(files_in(&folder), [".hidden.csv", "done", "failed", "growing.csv.part"]);
    drop(server);
}

#[test]
fn a_folder_that_is_none_is_named() {
    let test_folder = TestFolder::trained(150);
    let said = test_folder.fail(1, &["serve", "--addr", "127.0.0.1:0", "--watch", "nowhere"]);
    assert!(said.contains("cannot watch nowhere") && said.contains("make it first"), "{said}");
}

#[cfg(unix)]
#[test]
fn the_database_is_not_taken_in_by_whatever_name() {
    let test_folder = TestFolder::trained(150);
    for own in [".", "inbox/.."] {
        std::fs::create_dir_all(test_folder.path("inbox")).expect("a folder");
        let said = test_folder.fail(1, &["serve", "--addr", "127.0.0.1:0", "--watch", own]);
        assert!(said.contains("cannot watch") && said.contains("would be moved away"), "{said}");
    }
    let folder = test_folder.path("inbox");
    std::os::unix::fs::symlink(test_folder.database(), folder.join("soft.csv")).expect("a link");
    std::fs::hard_link(test_folder.database(), folder.join("hard.csv")).expect("a link");
    let server = Server::start_with(&test_folder, &["--watch", "inbox", "--watch-settle", "1s"]);
    std::fs::write(folder.join("prices.csv"), "carat,cut,color,clarity,depth,table,price,x,y,z\n0,a,b,c,d,e,f,g,h,i\n")
        .expect("a file");
    wait_until("a file of which nothing went in is put aside", || folder.join("failed/prices.csv").exists());
    assert_eq!(files_in(&folder), ["done", "failed", "hard.csv", "soft.csv"]);
    let said = test_folder.fail(1, &["ingest", "diamonds.duckdb"]);
    assert!(said.contains("it is the database itself"), "{said}");
    // the lock is still there: a second owner is turned away
    assert!(duckdb::Connection::open(test_folder.database()).is_err());
    assert_eq!(server.get("/health").status, 200);
}

#[test]
fn a_file_that_cannot_be_moved_away_is_taken_in_once() {
    let test_folder = TestFolder::trained(150);
    let folder = test_folder.path("inbox");
    std::fs::create_dir(&folder).expect("a folder");
    let server = Server::start_with(&test_folder, &["--watch", "inbox", "--watch-settle", "1s"]);
    std::fs::remove_dir(folder.join("done")).expect("removed");
    let sales = test_folder.write_sales("made.csv", 5, 150, 40);
    std::fs::rename(sales, folder.join("few.csv")).expect("moved");
    wait_until("the file is taken in", || server.get("/health").json()["sales"] == 190);
    // the folder is looked through every second
    std::thread::sleep(Duration::from_secs(4));
    assert_eq!(test_folder.json(&["batches", "list"])["batches"].as_array().map(Vec::len), Some(2));
    assert!(folder.join("few.csv").exists());
    std::fs::create_dir(folder.join("done")).expect("a folder");
    wait_until("the file is moved", || folder.join("done/few.csv.report.json").exists());
    assert_eq!(test_folder.json(&["batches", "list"])["batches"].as_array().map(Vec::len), Some(2));
}

#[test]
fn new_sales_are_those_since_the_last_training_also_after_an_undo() {
    let test_folder = TestFolder::trained(300);
    let new_sales =
        || Store::open_read_only(&test_folder.database()).expect("the file").count_new_sales().expect("a count");
    assert_eq!(new_sales(), 0);
    test_folder.succeed(&["ingest", &test_folder.write_sales("more.csv", 5, 300, 70)]);
    assert_eq!(new_sales(), 70);
    test_folder.succeed(&["batches", "undo", "1"]);
    assert_eq!(new_sales(), 70, "sales that left are not missing from those that came");
    test_folder.succeed(&["batches", "undo", "2"]);
    assert_eq!(new_sales(), 0);
}

#[test]
fn a_file_that_is_written_slowly_goes_in_whole() {
    use std::io::Write;

    let test_folder = TestFolder::trained(150);
    let folder = test_folder.path("inbox");
    std::fs::create_dir(&folder).expect("a folder");
    let sales = std::fs::read(test_folder.write_sales("made.csv", 8, 0, 300)).expect("sales");
    let _server = Server::start_with(&test_folder, &["--watch", "inbox", "--watch-settle", "2s"]);
    let mut file = std::fs::File::create(folder.join("slow.csv")).expect("a file");
    // in the middle of a line, then at the end of one
    let middle = sales.len() / 3;
    let end_of_line = middle + sales[middle..].iter().position(|byte| *byte == b'\n').expect("a line") + 1;
    for (part, pause_ms) in
        [(&sales[..middle], 4_000), (&sales[middle..end_of_line], 1_200), (&sales[end_of_line..], 0)]
    {
        file.write_all(part).expect("written");
        std::thread::sleep(Duration::from_millis(pause_ms));
    }
    drop(file);
    wait_until("the file is done", || folder.join("done/slow.csv.report.json").exists());
    let report = std::fs::read_to_string(folder.join("done/slow.csv.report.json")).expect("a report");
    let report: serde_json::Value = serde_json::from_str(&report).expect("JSON");
    assert_eq!((&report["files"][0]["rows"], &report["files"][0]["rejected"]), (&300.into(), &0.into()), "{report}");
}
