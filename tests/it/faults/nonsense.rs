//! Clients send nonsense: requests of which bytes are changed, and bytes that are no request.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::time::Duration;

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::{assert_in_log, chance, pick, rounds};
use crate::program::{Server, TestFolder};

/// Clients at the same time.
const CLIENTS: u64 = 3;
/// Requests over one connection, before the bytes that end it.
const REQUESTS_PER_CONNECTION: u64 = 40;

/// A request of which bytes are changed.
struct Example {
    method: &'static str,
    target: &'static str,
    headers: &'static str,
    body: &'static str,
}

const JSON: &str = "Content-Type: application/json\r\n";

const EXAMPLES: &[Example] = &[
    Example {
        method: "POST",
        target: "/v1/predictions?explain=true",
        headers: JSON,
        body: r#"{"carat":1.1,"cut":"Very Good","color":"H","clarity":"SI2","depth":62.1,"table":57,"x":6.61,"y":6.65,"z":4.11}"#,
    },
    Example {
        method: "POST",
        target: "/v1/predictions",
        headers: "Content-Type: application/json; charset=utf-8\r\nAccept-Encoding: gzip\r\n",
        body: r#"[{"carat":0.3,"cut":"Ideal","color":"D","clarity":"IF"},{"carat":2,"cut":"Fair","color":"J","clarity":"I1"}]"#,
    },
    Example {
        method: "GET",
        target: "/v1/similar?carat=1.1&cut=Very+Good&color=%48&clarity=SI2&x=6.61&n=5",
        headers: "Accept: application/json\r\nIf-None-Match: \"abc\"\r\n",
        body: "",
    },
    Example {
        method: "GET",
        target: "/?carat=1.1&cut=Ideal&color=H&clarity=SI2&depth=61.8&explain=on",
        headers: "Accept: text/html\r\nOrigin: http://localhost\r\nSec-Fetch-Site: same-origin\r\n",
        body: "",
    },
    Example {
        method: "GET",
        target: "/v1/models",
        headers: "Authorization: Bearer abc\r\nCookie: a=b; c=d\r\n",
        body: "",
    },
    Example {
        method: "POST",
        target: "/v1/predictions/0198c0de-0000-7000-8000-000000000000/outcome",
        headers: JSON,
        body: r#"{"price_usd":4800.5,"sold_at":"2026-03-01T12:00:00+01:00","note":"é"}"#,
    },
    Example {
        method: "GET",
        target: "/requests?status=200&since=2h&until=2026-03-01T12%3A00",
        headers: "Range: bytes=0-9\r\n",
        body: "",
    },
    Example {
        method: "OPTIONS",
        target: "/v1/predictions",
        headers: "Origin: http://a.example\r\nAccess-Control-Request-Method: POST\r\n",
        body: "",
    },
];

/// Changes some bytes. In a part of a head a line does not end.
fn garble(chance: &mut ChaCha8Rng, bytes: &mut Vec<u8>, is_head: bool) {
    for _ in 0..chance.random_range(0..4) {
        if bytes.is_empty() {
            return;
        }
        let place = chance.random_range(0..bytes.len());
        let byte: u8 = chance.random();
        match chance.random_range(0..4) {
            0 => bytes[place] = byte,
            1 => bytes.insert(place, byte),
            2 => drop(bytes.remove(place)),
            _ => {
                let until = (place + chance.random_range(1..30)).min(bytes.len());
                let again = bytes[place..until].to_vec();
                bytes.splice(place..place, again);
            }
        }
    }
    if is_head {
        bytes.retain(|byte| *byte > 0x20 && *byte < 0x7f);
    }
}

/// A garbled request whose end can be found, and its target.
fn request(chance: &mut ChaCha8Rng, host: &str) -> (Vec<u8>, Vec<u8>, bool) {
    let example = &EXAMPLES[chance.random_range(0..EXAMPLES.len())];
    let (mut target, mut body) = (example.target.as_bytes()[1..].to_vec(), example.body.as_bytes().to_vec());
    if chance.random_bool(0.5) {
        garble(chance, &mut target, true);
    }
    garble(chance, &mut body, false);
    target.insert(0, b'/');
    let mut headers = example.headers.to_owned();
    if chance.random_bool(0.2) {
        let name = pick(
            chance,
            &["X-Odd", "Accept", "Cookie", "Authorization", "Origin", "X-Forwarded-For", "Accept-Encoding"],
        );
        let mut value = b"text/html, a=b; q=0.5, 10.0.0.1".to_vec();
        garble(chance, &mut value, true);
        headers = format!("{headers}{name}: {}\r\n", String::from_utf8_lossy(&value));
    }
    let is_head = example.method == "GET" && chance.random_bool(0.1);
    let method = if is_head { "HEAD" } else { example.method };
    let mut bytes = format!("{method} ").into_bytes();
    bytes.extend(&target);
    bytes.extend(format!(" HTTP/1.1\r\nHost: {host}\r\n{headers}Content-Length: {}\r\n\r\n", body.len()).into_bytes());
    bytes.extend(body);
    (bytes, target, is_head)
}

/// Status and id of the next answer; `None` if there is none.
fn read_answer(reader: &mut impl BufRead, is_head: bool) -> Option<(u16, Option<String>)> {
    let mut line = String::new();
    reader.read_line(&mut line).ok()?;
    let status: u16 = line.split(' ').nth(1)?.parse().ok()?;
    let (mut length, mut id) = (0, None);
    loop {
        line.clear();
        reader.read_line(&mut line).ok()?;
        let Some((name, value)) = line.trim_end().split_once(": ") else { break };
        match name.to_ascii_lowercase().as_str() {
            "content-length" => length = value.parse().ok()?,
            "x-request-id" => id = Some(value.to_owned()),
            _ => {}
        }
    }
    let mut body = vec![0; if is_head || status == 304 || status == 204 { 0 } else { length }];
    reader.read_exact(&mut body).ok()?;
    Some((status, id))
}

/// Sends `requests` over many connections, each of which ends with bytes at random, and gives the ids of answers that must be in the log.
fn send_nonsense(server: &Server, mut chance: ChaCha8Rng, requests: u64) -> Vec<String> {
    let mut ids = Vec::new();
    let mut sent = 0;
    while sent < requests {
        let mut stream = TcpStream::connect(&server.address).expect("a connection");
        stream.set_read_timeout(Some(Duration::from_secs(60))).expect("a limit");
        stream.set_nodelay(true).expect("an option");
        let mut reader = BufReader::new(stream.try_clone().expect("a copy"));
        for _ in 0..REQUESTS_PER_CONNECTION.min(requests - sent) {
            let (bytes, target, is_head) = request(&mut chance, &server.address);
            let text = || String::from_utf8_lossy(&bytes).into_owned();
            stream.write_all(&bytes).expect("the server reads");
            sent += 1;
            let (status, id) = read_answer(&mut reader, is_head).unwrap_or_else(|| panic!("no answer to {}", text()));
            assert!(status < 500 || status == 501 || status == 503, "{status} for {}", text());
            let path = target.split(|byte| *byte == b'?').next().unwrap_or_default();
            let is_logged = path.starts_with(b"/v1/") && !path.starts_with(b"/v1/requests") && !path.contains(&b'.');
            match id {
                Some(id) if is_logged => ids.push(id),
                Some(_) => {}
                None => {
                    // hyper's own answer to what it cannot read, after which it closes
                    assert_eq!(status, 400, "{}", text());
                    break;
                }
            }
        }
        let (mut bytes, ..) = request(&mut chance, &server.address);
        garble(&mut chance, &mut bytes, false);
        // the server may have closed already
        let _ = stream.write_all(&bytes).and_then(|()| stream.shutdown(Shutdown::Write));
        let _ = reader.read_to_end(&mut Vec::new());
    }
    ids
}

#[test]
fn no_request_whatever_its_bytes_makes_the_server_panic_or_stays_out_of_the_log() {
    let requests = rounds("DIAMONDS_NONSENSE", 6_000);
    let mut chance = chance();
    let test_folder = TestFolder::trained(200);
    let server = Server::start(&test_folder);
    let seeds: Vec<u64> = (0..CLIENTS).map(|_| chance.random()).collect();
    let ids: Vec<String> = std::thread::scope(|scope| {
        let client = |seed: u64| {
            let server = &server;
            scope.spawn(move || send_nonsense(server, ChaCha8Rng::seed_from_u64(seed), requests / CLIENTS))
        };
        let clients: Vec<_> = seeds.iter().map(|seed| client(*seed)).collect();
        clients.into_iter().flat_map(|client| client.join().expect("a client")).collect()
    });
    println!("{requests} requests, {} to be logged", ids.len());
    assert_eq!(server.get("/health").json()["status"], "ok");
    let said = server.stop_and_listen();
    assert!(!said.contains("panicked"), "{said}");
    assert_in_log(&test_folder, &["request"], &ids);
}
