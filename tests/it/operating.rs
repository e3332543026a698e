//! A server that is left alone: metrics, backups, the log for others.

use std::io::{BufRead, BufReader};
use std::process::Stdio;

use serde_json::{Value, json};

use crate::program::{Server, TestFolder, files_in, wait_until};

fn stone() -> Value {
    json!({"carat": 1.1, "cut": "Ideal", "color": "H", "clarity": "SI2"})
}

#[test]
fn metrics_count_requests_by_route_and_say_how_the_file_is() {
    let test_folder = TestFolder::trained(200);
    let server = Server::start(&test_folder);
    for _ in 0..3 {
        let id = server.post("/v1/predictions", &stone()).json()["id"].as_str().expect("an id").to_owned();
        server.post(&format!("/v1/predictions/{id}/outcome"), &json!({"price_usd": 4000}));
    }
    server.get("/v1/nothing");
    let metrics = server.get("/metrics");
    assert_eq!(metrics.status, 200);
    assert!(metrics.header("content-type").starts_with("application/openmetrics-text"));
    for line in [
        "diamonds_requests_total{method=\"POST\",route=\"/v1/predictions\",status=\"200\"} 3",
        "diamonds_requests_total{method=\"POST\",route=\"/v1/predictions/{id}/outcome\",status=\"201\"} 3",
        "diamonds_requests_total{method=\"GET\",route=\"(none)\",status=\"404\"} 1",
        "diamonds_request_latency_seconds_count{route=\"/v1/predictions\"} 3",
        "diamonds_file_usable 1",
        "diamonds_sales 200",
        "diamonds_live_outcomes 3",
        "diamonds_engine_errors_total 0",
        "diamonds_log_group_requests_bucket{le=\"1.0\"} 7",
        "# EOF",
    ] {
        assert!(metrics.body.lines().any(|found| found == line), "{line} in {}", metrics.body);
    }
    for name in
        ["diamonds_journal_bytes", "diamonds_file_bytes", "diamonds_free_disk_bytes", "diamonds_model_age_seconds{"]
    {
        assert!(metrics.body.lines().any(|line| line.starts_with(name)), "{name}");
    }
}

#[test]
fn backups_are_made_proved_and_kept_in_number_and_one_comes_back() {
    let test_folder = TestFolder::trained(200);
    let server =
        Server::start_with(&test_folder, &["--backup-to", "backups", "--backup-every", "1s", "--backups", "2"]);
    let folder = test_folder.path("backups");
    let backups = || files_in(&folder).into_iter().filter(|name| name.ends_with(".duckdb")).collect::<Vec<_>>();
    wait_until("there is a backup", || !backups().is_empty());
    let first = backups()[0].clone();
    assert_eq!(server.post("/v1/predictions", &stone()).status, 200);
    wait_until("the first is removed", || !backups().contains(&first));
    wait_until("a new one is whole", || files_in(&folder).iter().all(|name| name.ends_with(".duckdb")));
    assert!(backups().len() <= 2, "{:?}", backups());
    let told = test_folder.fail(1, &["restore", "backups/any.duckdb"]);
    assert!(told.contains("diamonds serve"), "{told}");
    assert_eq!(server.stop(), 0);
    let newest = format!("backups/{}", backups().last().expect("a backup"));
    test_folder.succeed(&["ingest", &test_folder.write_sales("more.csv", 9, 0, 100)]);
    let restored = test_folder.json(&["restore", &newest]);
    assert_eq!((&restored["sales"], test_folder.value("SELECT count(*) FROM sale")), (&json!(200), json!(200)));
    assert!(std::path::Path::new(restored["kept"].as_str().expect("a path")).exists());
    assert!(test_folder.fail(1, &["restore", "nothing.duckdb"]).contains("nothing.duckdb"));
    assert!(test_folder.fail(1, &["restore", "more.csv"]).contains("not a diamonds file"));
    assert_eq!(test_folder.value("SELECT count(*) FROM sale"), 200);
}

#[test]
fn the_log_is_followed_and_exported() {
    let test_folder = TestFolder::trained(200);
    let server = Server::start(&test_folder);
    let mut tail = test_folder
        .command(&["--json", "requests", "tail", "--path", "/v1/predictions"])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("it runs");
    let (sender, receiver) = std::sync::mpsc::channel();
    let output = tail.stdout.take().expect("its output");
    std::thread::spawn(move || {
        BufReader::new(output).lines().map_while(Result::ok).try_for_each(|line| sender.send(line))
    });
    let mut asked = Vec::new();
    let mut told = Vec::new();
    wait_until("what is asked is told", || {
        asked.push(server.post("/v1/predictions", &stone()).header("x-request-id").to_owned());
        server.get("/v1/models");
        told.extend(receiver.try_iter());
        told.len() >= 3
    });
    tail.kill().expect("it runs");
    tail.wait().expect("it ends");
    let ids: Vec<String> = told
        .iter()
        .map(|line| serde_json::from_str::<Value>(line).expect("JSON")["id"].as_str().expect("an id").to_owned())
        .collect();
    let start = asked.iter().position(|id| *id == ids[0]).expect("it was asked");
    assert_eq!(ids, asked[start..start + ids.len()], "each once, in order");
    let all = test_folder.value("SELECT count(*) FROM request").as_u64().expect("a number");
    for beside_server in [true, false] {
        for ending in ["parquet", "csv", "jsonl"] {
            let name = format!("requests-{beside_server}.{ending}");
            let report = test_folder.json(&["requests", "export", &name]);
            assert_eq!(report["requests"], all);
            let path = test_folder.path(&name).display().to_string();
            let database = duckdb::Connection::open_in_memory().expect("a database");
            let count: u64 = database
                .query_row(
                    &format!("SELECT count(DISTINCT request_body) + count(DISTINCT id) FROM '{path}'"),
                    [],
                    |row| row.get(0),
                )
                .expect("rows");
            assert_eq!(count, all + 1, "{name}");
        }
        if beside_server {
            crate::program::send_signal(server.pid(), "TERM");
            wait_until("it has ended", || !test_folder.path("diamonds.duckdb.server").exists());
        }
    }
    assert_eq!(test_folder.json(&["requests", "export", "none.csv", "--until", "1d"])["requests"], 0);
    assert!(test_folder.fail(1, &["requests", "export", "none.csv"]).contains("exists already"));
    assert!(test_folder.fail(1, &["requests", "export", "none.xml"]).contains(".parquet, .csv or .jsonl"));
}

#[cfg(unix)]
#[test]
fn files_are_for_their_owner_alone() {
    use std::os::unix::fs::PermissionsExt;

    let test_folder = TestFolder::trained(200);
    std::fs::create_dir(test_folder.path("inbox")).expect("a folder");
    let server = Server::start_with(&test_folder, &["--watch", "inbox"]);
    server.post("/v1/predictions", &stone());
    test_folder.succeed(&["backup", "copy.duckdb"]);
    test_folder.succeed(&["requests", "export", "log.csv"]);
    let sales = test_folder.write_sales("more.csv", 9, 0, 10);
    std::fs::rename(sales, test_folder.path("inbox/more.csv")).expect("moved");
    wait_until("the file is done", || test_folder.path("inbox/done/more.csv.report.json").exists());
    let names =
        ["diamonds.duckdb", "diamonds.duckdb.journal-0", "copy.duckdb", "log.csv", "inbox/done/more.csv.report.json"];
    for name in names {
        let mode = std::fs::metadata(test_folder.path(name)).expect(name).permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
}

#[test]
fn styles_and_scripts_are_kept_by_browsers_and_long_answers_are_compressed() {
    let test_folder = TestFolder::trained(200);
    let server = Server::start(&test_folder);
    let page = server.get("/");
    for kind in ["css", "js", "svg"] {
        let ending = format!(".{kind}?");
        let place = page.body.find(&ending).expect("an address");
        let start = page.body[..place].rfind('"').expect("a quote") + 1;
        let address = &page.body[start..start + page.body[start..].find('"').expect("a quote")];
        let asset = server.get(address);
        assert_eq!((asset.status, asset.header("cache-control")), (200, "max-age=31536000, immutable"), "{address}");
        let again = crate::program::agent()
            .get(server.url(address))
            .header("If-None-Match", asset.header("etag"))
            .call()
            .expect("an answer");
        assert_eq!(again.status(), 304);
    }
    let compressed =
        crate::program::agent().get(server.url("/")).header("Accept-Encoding", "gzip").call().expect("a page");
    assert_eq!(compressed.headers().get("vary").map(|vary| vary.to_str().expect("text")), Some("Accept-Encoding"));
    assert_eq!(compressed.headers().get("content-encoding").map(|name| name.to_str().expect("text")), Some("gzip"));
    assert_eq!(page.header("content-encoding"), "");
}

#[test]
fn the_process_log_is_json_if_wanted() {
    let test_folder = TestFolder::trained(200);
    let output = test_folder
        .command(&["--log", "json", "serve", "--addr", "0.0.0.0:0", "--open"])
        .stderr(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn();
    let mut server = output.expect("it runs");
    let mut line = String::new();
    BufReader::new(server.stdout.as_mut().expect("its output")).read_line(&mut line).expect("a line");
    test_folder.succeed(&["models", "rollback"]);
    crate::program::send_signal(server.id(), "TERM");
    let ended = server.wait_with_output().expect("it ends");
    let lines: Vec<Value> =
        String::from_utf8_lossy(&ended.stderr).lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert!(
        lines.iter().any(
            |line| line["level"] == "WARN" && line["message"].as_str().is_some_and(|text| text.contains("is open"))
        )
    );
    assert!(lines.iter().any(|line| line["operation"] == "roll-back" && line["actor"] == "command line"), "{lines:?}");
}

#[cfg(unix)]
#[test]
fn a_server_without_anybody_to_tell_goes_on() {
    let test_folder = TestFolder::trained(200);
    for commands in ["exec 1>&- 2>&-", "exec 0<&- 1>/dev/full 2>/dev/full"] {
        let program = test_folder.command(&["serve", "--addr", "127.0.0.1:0"]);
        let mut shell = std::process::Command::new("sh");
        shell.arg("-c").arg(format!("{commands}; exec \"$0\" \"$@\"")).arg(program.get_program());
        shell.args(program.get_args()).current_dir(test_folder.path(""));
        shell.envs(program.get_envs().filter_map(|(name, value)| Some((name, value?))));
        let mut child = shell.spawn().expect("it runs");
        let note = test_folder.path("diamonds.duckdb.server");
        wait_until("it serves", || std::fs::read_to_string(&note).is_ok_and(|note| note.contains("127.0.0.1:")));
        let note: Value = serde_json::from_slice(&std::fs::read(&note).expect("a note")).expect("JSON");
        let address = note["address"].as_str().expect("an address").to_owned();
        let status = |path: &str| {
            let answer = crate::program::agent().get(format!("http://{address}{path}")).call().expect("an answer");
            answer.status().as_u16()
        };
        wait_until("it answers", || status("/health") == 200);
        // something that it has to say
        let aside = test_folder.path("aside.duckdb");
        std::fs::rename(test_folder.database(), &aside).expect("moved");
        wait_until("it notices", || status("/health") == 503);
        std::fs::rename(&aside, test_folder.database()).expect("back");
        wait_until("it notices that the file is back", || status("/health") == 200);
        assert_eq!(status("/"), 200);
        crate::program::send_signal(child.id(), "TERM");
        assert!(child.wait().expect("it ends").success(), "{commands}");
    }
}
