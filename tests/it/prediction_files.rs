//! `POST /v1/predictions` with files: CSV and lines of JSON of any length.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;

use serde_json::{Value, json};

use crate::program::{Answer, Server, TestFolder, agent};

const CSV: &str = "text/csv";
const JSON_LINES: &str = "application/x-ndjson";

/// The rows of a CSV answer as objects.
fn rows_of(answer: &Answer) -> Vec<Value> {
    assert_eq!((answer.status, answer.header("content-type")), (200, CSV), "{}", answer.body);
    let mut reader = csv::Reader::from_reader(answer.body.as_bytes());
    reader.deserialize::<std::collections::BTreeMap<String, String>>().map(|row| json!(row.expect("a row"))).collect()
}

fn lines_of(answer: &Answer) -> Vec<Value> {
    assert_eq!((answer.status, answer.header("content-type")), (200, JSON_LINES), "{}", answer.body);
    answer.body.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
}

#[test]
fn a_table_in_any_dress_is_answered_in_its_order_with_its_own_columns() {
    let test_folder = TestFolder::trained(600);
    let server = Server::start(&test_folder);
    let table = "Lager;Gewicht;Schliff;Farbe;Reinheit;warnings\n\
                 A-1;1,10;EX;H;SI2;gut\nA-2;1,10;EX;H;großartig;\n\nA-3;0,52;VG;F;VS1;\n";
    let rows = rows_of(&server.post_text("/v1/predictions", "text/csv; charset=utf-8", table));
    assert_eq!(rows.len(), 3);
    let stock: Vec<&str> = rows.iter().filter_map(|row| row["Lager"].as_str()).collect();
    assert_eq!(stock, ["A-1", "A-2", "A-3"]);
    assert_eq!((rows[0]["Gewicht"].as_str(), rows[0]["warnings"].as_str()), (Some("1,10"), Some("gut")));
    let id = rows[0]["prediction"].as_str().expect("an id");
    let alone = server.post("/v1/predictions", &json!({"carat": 1.1, "cut": "Ideal", "color": "H", "clarity": "SI2"}));
    let price = alone.json()["price_usd"].to_string();
    assert_eq!(rows[0]["price_usd"], price.trim_end_matches(".0"), "the price of a single stone");
    assert_eq!(server.get(&format!("/v1/predictions/{id}")).json()["price_usd"].to_string(), price);
    assert_eq!(rows[1]["price_usd"], "");
    let reason = rows[1]["predicted_warnings"].as_str().expect("a reason");
    assert!(reason.starts_with("not priced: ") && reason.contains("großartig"), "{reason}");
}

#[test]
fn lines_of_json_are_answered_line_by_line_and_a_bad_one_costs_itself_only() {
    let test_folder = TestFolder::trained(600);
    let server = Server::start(&test_folder);
    let good = json!({"carat": 1.1, "cut": "EX", "colour": "H", "clarity": "SI2"}).to_string();
    let body = format!(
        "{good}\n{{\n\n[1]\n{}\n{}\n{good}",
        good.replace("1.1", "-1"),
        good.replace("EX", &"E".repeat(70_000))
    );
    let answer = server.post_text("/v1/predictions", JSON_LINES, &body);
    let lines = lines_of(&answer);
    assert_eq!(lines.len(), 6);
    for (line, words) in [(1, "not valid JSON"), (2, "an object"), (3, "carat"), (4, "longer than")] {
        let detail = lines[line]["detail"].as_str().expect("a reason");
        assert!(detail.contains(words), "{detail}");
    }
    assert_eq!(lines[3]["errors"][0]["field"], "carat");
    for line in [&lines[0], &lines[5]] {
        let id = line["id"].as_str().expect("an id");
        assert_eq!(server.get(&format!("/v1/predictions/{id}")).body, line.to_string());
        assert!(line["warnings"].to_string().contains("EX"), "{line}");
    }
    let request = server.get(&format!("/requests/{}", answer.header("x-request-id"))).body;
    assert!(request.contains(lines[5]["id"].as_str().expect("an id")), "its predictions are shown: {request}");
    assert!(request.contains("bytes were received"), "{request}");
}

#[test]
fn there_may_be_any_number_of_lines() {
    const STONES: u32 = 60_000;
    let test_folder = TestFolder::trained(600);
    let server = Server::start(&test_folder);
    let table: String = std::iter::once("carat,cut,color,clarity,note\n".to_owned())
        .chain(
            (0..STONES)
                .map(|number| format!("{:.2},Ideal,H,SI2,{number} of many stones\n", 0.3 + f64::from(number) / 1e5)),
        )
        .collect();
    assert!(table.len() > 2 * 1_048_576);
    let rows = rows_of(&server.post_text("/v1/predictions", CSV, &table));
    assert_eq!(rows.len(), STONES as usize);
    assert!(rows.iter().enumerate().all(|(number, row)| row["note"] == format!("{number} of many stones")));
    assert!(rows.iter().all(|row| row["price_usd"].as_str().is_some_and(|price| !price.is_empty())));
    server.kill();
    // what was answered is on the disk, whatever killed the server
    let stored = test_folder.value("SELECT count(*) FROM prediction WHERE source = 'api' AND request_id IS NOT NULL");
    assert_eq!(stored, STONES);
    assert_eq!(test_folder.value("SELECT max(position) FROM prediction"), STONES - 1);
}

#[test]
fn what_cannot_be_read_as_a_file_of_stones_is_refused_with_the_remedy() {
    let test_folder = TestFolder::trained(400);
    let server = Server::start(&test_folder);
    let refusal = |path: &str, media_type: &str, body: &str| {
        let answer = server.post_text(path, media_type, body);
        (answer.status, answer.json()["detail"].as_str().expect("a reason").to_owned())
    };
    let stone = "carat,cut,color,clarity\n1.1,Ideal,H,SI2\n";
    for (path, media_type, body, status, words) in [
        ("/v1/predictions", CSV, "", 422, "is empty"),
        ("/v1/predictions", CSV, "a,b\n1,2\n", 422, "names columns"),
        ("/v1/predictions", CSV, "carat,cut,color\n1.1,Ideal,H\n", 422, "clarity"),
        ("/v1/predictions", CSV, "PAR1", 415, "Parquet"),
        ("/v1/predictions?map=carat", CSV, stone, 422, "NAME=VALUE"),
        ("/v1/predictions?explain=true", CSV, stone, 422, "explain"),
        ("/v1/predictions?decimal=,", JSON_LINES, "{}", 422, "decimal"),
        ("/v1/predictions?model=77", CSV, stone, 422, "model"),
        ("/v1/similar", CSV, stone, 415, "text/csv"),
    ] {
        let (found, detail) = refusal(path, media_type, body);
        assert!(found == status && detail.contains(words), "{path} {body:?}: {found} {detail}");
    }
    let mut workbook = rust_xlsxwriter::Workbook::new();
    workbook.add_worksheet().write_string(0, 0, "carat").expect("a cell");
    let workbook = workbook.save_to_buffer().expect("a workbook");
    let request = agent().post(server.url("/v1/predictions")).header("Content-Type", CSV);
    let answer = Answer::from(request.send(&workbook[..]).expect("an answer"));
    assert_eq!((answer.status, answer.body.contains("send CSV")), (415, true), "it would be held in memory as a whole");
    let many: Vec<Value> = vec![json!({"carat": 1.1, "cut": "Ideal", "color": "H", "clarity": "SI2"}); 1_001];
    let detail = server.post("/v1/predictions", &json!(many)).json()["detail"].to_string();
    assert!(detail.contains(JSON_LINES), "{detail}");
    let headers = |name: &str, value: &str| {
        let request = agent().post(server.url("/v1/predictions")).header("Content-Type", CSV).header(name, value);
        Answer::from(request.send(stone).expect("an answer")).status
    };
    assert_eq!(headers("Accept", "application/json"), 406);
    assert_eq!(headers("Accept", "text/*"), 200);
    assert_eq!(headers("Content-Encoding", "gzip"), 415);
    let mapped = server.post_text("/v1/predictions?map=carat=Wt", CSV, &stone.replace("carat", "Wt"));
    assert_eq!(rows_of(&mapped).len(), 1);
}

/// Files without a name that the server has open, in bytes.
#[cfg(target_os = "linux")]
fn spooled_bytes(server: &Server) -> u64 {
    let folder = format!("/proc/{}/fd", server.pid());
    let files = std::fs::read_dir(Path::new(&folder)).expect("a folder").filter_map(Result::ok);
    files
        .filter(|file| file.path().read_link().is_ok_and(|name| name.to_string_lossy().contains("(deleted)")))
        .filter_map(|file| std::fs::metadata(file.path()).ok())
        .map(|about| about.len())
        .sum()
}

#[cfg(target_os = "linux")]
#[test]
fn nothing_of_a_long_body_is_kept_for_somebody_without_a_key() {
    let test_folder = TestFolder::trained(400);
    test_folder.succeed(&["keys", "create", "--name", "somebody", "--role", "price"]);
    let server = Server::start(&test_folder);
    let before = spooled_bytes(&server);
    let mut stream = TcpStream::connect(server.url("").trim_start_matches("http://")).expect("a connection");
    let head = "POST /v1/predictions HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/csv\r\nContent-Length: 500000000\r\n\r\n";
    stream.write_all(head.as_bytes()).expect("sent");
    // the server may hang up before it has everything
    let _ = stream.write_all(&vec![b'1'; 4 << 20]);
    assert!(spooled_bytes(&server) <= before);
    let mut answer = [0; 12];
    stream.read_exact(&mut answer).expect("an answer");
    assert_eq!(String::from_utf8_lossy(&answer), "HTTP/1.1 401");
}

#[test]
fn a_client_that_hangs_up_in_the_middle_leaves_the_way_free_for_the_next() {
    let test_folder = TestFolder::trained(400);
    let server = Server::start(&test_folder);
    for _ in 0..4 {
        let mut stream = TcpStream::connect(server.url("").trim_start_matches("http://")).expect("a connection");
        let body = format!("carat,cut,color,clarity\n{}", "1.1,Ideal,H,SI2\n".repeat(20_000));
        let length = body.len();
        let head = format!(
            "POST /v1/predictions HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/csv\r\nContent-Length: {length}\r\n\r\n"
        );
        stream.write_all(head.as_bytes()).expect("sent");
        stream.write_all(body.as_bytes()).expect("sent");
        stream.read_exact(&mut [0; 100]).expect("the beginning of an answer");
    }
    let answer = || server.post_text("/v1/predictions", CSV, "carat,cut,color,clarity\n1.1,Ideal,H,SI2\n");
    crate::program::wait_until("there is a place for the next", || answer().status == 200);
}
