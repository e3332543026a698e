//! What somebody tries first: the demonstration, the doctor, completions, manual pages, a page without sales.

use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::program::{Answer, Server, TestFolder, agent, files_in, send_signal, wait_until};

fn diamonds() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_diamonds"));
    command.env_remove("DIAMONDS_DB");
    command
}

#[test]
fn the_demonstration_prices_and_leaves_nothing_behind() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut child = diamonds()
        .args(["demo", "--no-browser", "--quiet"])
        .env("TMPDIR", folder.path())
        .env("HOME", folder.path())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the program");
    let mut line = String::new();
    BufReader::new(child.stdout.take().expect("its output")).read_line(&mut line).expect("a line");
    let address = line.trim().strip_prefix("listening on ").expect("an address").to_owned();
    assert!(!files_in(folder.path()).is_empty(), "it works in a folder of its own");
    let stone = json!({"carat": 1.1, "cut": "Ideal", "color": "H", "clarity": "SI2"});
    let answer =
        agent().post(format!("{address}/v1/predictions")).send_json(&stone).map(Answer::from).expect("an answer");
    assert!(answer.json()["price_usd"].as_f64() > Some(1_000.0), "{}", answer.body);
    send_signal(child.id(), "INT");
    assert_eq!(child.wait().expect("it ends").code(), Some(0));
    assert_eq!(files_in(folder.path()), Vec::<String>::new());
}

/// What the doctor found of one thing.
fn found(report: &Value, about: &str) -> Value {
    let findings = report.as_array().expect("findings");
    findings.iter().find(|finding| finding["about"] == about).cloned().unwrap_or_default()
}

#[test]
fn the_doctor_says_what_is_well_and_what_to_do_where_it_is_not() {
    let empty = TestFolder::new();
    let report = empty.json(&["doctor"]);
    assert_eq!(found(&report, "file")["verdict"], "look");
    assert!(found(&report, "file")["remedy"].as_str().expect("a remedy").contains("diamonds ingest FILE"));
    let test_folder = TestFolder::trained(300);
    let report = test_folder.json(&["doctor"]);
    for about in ["file", "content", "rights", "journal", "server", "clock"] {
        assert_eq!(found(&report, about)["verdict"], "well", "{report}");
    }
    let server = Server::start(&test_folder);
    assert!(
        found(&test_folder.json(&["doctor"]), "server")["found"]
            .as_str()
            .expect("words")
            .contains("serves it at 127.0.0.1")
    );
    std::fs::set_permissions(test_folder.database(), std::fs::Permissions::from_mode(0o644)).expect("rights");
    let rights = found(&test_folder.json(&["doctor"]), "rights");
    assert!(
        rights["verdict"] == "look" && rights["remedy"].as_str().expect("a remedy").contains("chmod 600"),
        "{rights}"
    );
    server.kill();
    assert!(
        found(&test_folder.json(&["doctor"]), "server")["found"]
            .as_str()
            .expect("words")
            .contains("ended without a word")
    );
    // what is no database is told, and counts as a failure
    let broken = TestFolder::new();
    std::fs::write(broken.database(), "no database").expect("written");
    let output = broken.run(&["doctor"]);
    assert_eq!(output.code, 1, "{}", output.stdout);
    assert!(output.stdout.contains("WRONG  content") && output.stderr.contains("is not well"), "{}", output.stderr);
}

#[test]
fn shells_complete_commands_and_the_models_of_the_file() {
    let test_folder = TestFolder::trained(300);
    for shell in ["bash", "zsh", "fish"] {
        let script = test_folder.succeed(&["completions", shell]).stdout;
        assert!(script.contains("DIAMONDS_COMPLETE") && script.contains("diamonds"), "{script}");
    }
    let complete = |words: &[&str]| {
        let output = diamonds()
            .env("DIAMONDS_COMPLETE", "bash")
            .env("DIAMONDS_DB", test_folder.database())
            .env("_CLAP_COMPLETE_INDEX", (words.len() - 1).to_string())
            .env("_CLAP_IFS", "\n")
            .arg("--")
            .args(words)
            .output()
            .expect("the program");
        String::from_utf8(output.stdout).expect("text")
    };
    assert!(complete(&["diamonds", "ret"]).contains("retrain"));
    assert!(complete(&["diamonds", "retrain", "--family", "xg"]).contains("xgboost"));
    let models = complete(&["diamonds", "models", "show", ""]);
    assert!(
        models.lines().any(|line| line.starts_with('1')) && models.lines().any(|line| line.starts_with('2')),
        "{models}"
    );
}

#[test]
fn every_command_has_a_manual_page_and_an_example() {
    let test_folder = TestFolder::new();
    let folder = test_folder.path("man");
    test_folder.succeed(&["man", folder.to_str().expect("text")]);
    let pages = files_in(&folder);
    for page in ["diamonds.1", "diamonds-ingest.1", "diamonds-models-promote.1"] {
        assert!(pages.iter().any(|name| name == page), "{page}: {pages:?}");
    }
    let help = diamonds().arg("--help").output().expect("help").stdout;
    let help = String::from_utf8(help).expect("text");
    assert!(help.contains("First steps:") && help.contains("Options of every command"), "{help}");
    let commands = help.split("Commands:").nth(1).expect("commands").split("\n\n").next().expect("a list");
    for command in commands.lines().filter_map(|line| line.split_whitespace().next()).filter(|name| *name != "help") {
        if commands.contains(&format!("  {command} ")) {
            let help = diamonds().args([command, "--help"]).output().expect("help").stdout;
            let help = String::from_utf8(help).expect("text");
            assert!(help.contains("Example: diamonds") || help.contains("Example: source"), "{command}: {help}");
        }
    }
}

#[test]
fn a_page_without_sales_or_model_says_what_to_do_first() {
    let test_folder = TestFolder::new();
    let server = Server::start(&test_folder);
    let page = server.get("/").body;
    assert!(page.contains("Before there are prices") && page.contains("href=\"/sales\""), "{page}");
    test_folder.succeed(&["ingest", &test_folder.write_sales("sales.csv", 5, 0, 300)]);
    let page = server.get("/").body;
    assert!(page.contains("There are sales.") && page.contains("href=\"/training\""), "{page}");
    test_folder.succeed(&["retrain", "--family", "linear"]);
    assert!(!server.get("/").body.contains("Before there are prices"));
}

#[test]
fn the_unit_for_systemd_starts_the_server_with_options_that_it_has() {
    let unit =
        std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/packaging/diamonds.service")).expect("the unit");
    let line =
        unit.lines().find_map(|line| line.strip_prefix("ExecStart=/usr/local/bin/diamonds serve ")).expect("a command");
    let test_folder = TestFolder::trained(300);
    let backups = test_folder.path("backups").display().to_string();
    let line = line.replace("/var/lib/diamonds/backups", &backups);
    let options: Vec<&str> = line.split_whitespace().skip_while(|word| *word != "--backup-to").collect();
    assert!(line.starts_with("--addr 127.0.0.1:8080 ") && options.len() == 2, "{line}");
    let server = Server::start_with(&test_folder, &options);
    assert_eq!(server.get("/health").status, 200);
    wait_until("there is a backup", || {
        files_in(std::path::Path::new(&backups)).iter().any(|name| name.ends_with(".duckdb"))
    });
}
