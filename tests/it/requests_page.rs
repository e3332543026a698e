//! `/requests`: the log for people, and the filter that it shares with `GET /v1/requests` and `diamonds requests list`.

use serde_json::{Value, json};

use crate::program::{Server, TestFolder, agent};

/// A file whose log holds `requests` made-up requests, one a minute until a minute ago, and its server. Number `n`, from 0 for
/// the oldest: model 1 or 2 in turns, every third to `/v1/similar`, every fifth refused with 422, number 7 failed.
fn logged(requests: usize) -> (TestFolder, Server) {
    let test_folder = TestFolder::new();
    let sales = test_folder.write_sales("sales.csv", 5, 0, 20);
    test_folder.succeed(&["ingest", &sales]);
    duckdb::Connection::open(test_folder.database())
        .expect("the file")
        .execute_batch(&format!(
            "INSERT INTO request
             SELECT
                 CAST(printf('01a20896-0000-7000-8000-%012d', n) AS UUID),
                 now()::TIMESTAMP - INTERVAL 1 MINUTE * ({requests} - n),
                 'POST',
                 CASE WHEN n % 3 = 0 THEN '/v1/similar' ELSE '/v1/predictions' END,
                 CASE WHEN n % 3 = 0 THEN NULL ELSE '=1+' || n END,
                 CASE WHEN n = 7 THEN 500 WHEN n % 5 = 0 THEN 422 ELSE 200 END,
                 1000 + n,
                 1 + n % 2,
                 '127.0.0.1:5000',
                 NULL,
                 NULL,
                 NULL
             FROM range({requests}) AS numbers (n)"
        ))
        .expect("requests");
    let server = Server::start(&test_folder);
    (test_folder, server)
}

/// Ids of the requests that a page links to, in order.
fn ids_in(page: &str) -> Vec<String> {
    page.split("<a href=\"/requests/").skip(1).map(|rest| rest[..36].to_owned()).collect()
}

/// Ids in a document of `GET /v1/requests`.
fn ids_of(document: &Value) -> Vec<String> {
    let requests = document["requests"].as_array().expect("requests");
    requests.iter().map(|one| one["id"].as_str().expect("an id").to_owned()).collect()
}

/// The address that the page's link of that text leads to.
fn link(page: &str, text: &str) -> Option<String> {
    let before = page.split(&format!(">{text}</a>")).next().filter(|before| before.len() < page.len())?;
    let address = before.rsplit("href=\"").next()?.split('"').next()?;
    Some(address.replace("&#38;", "&").replace("&amp;", "&"))
}

/// A page as a browser gets it.
fn browse(server: &Server, path: &str) -> crate::program::Answer {
    agent().get(server.url(path)).header("Accept", "text/html").call().map(Into::into).expect("an answer")
}

#[test]
fn a_log_without_requests_says_so() {
    let (_test_folder, server) = logged(0);
    let page = server.get("/requests");
    assert_eq!((page.status, page.header("content-type")), (200, "text/html;charset=utf-8"));
    assert!(page.body.contains("The log is empty"), "{}", page.body);
    assert!(!page.body.contains("<table"), "{}", page.body);
    assert_eq!(server.get("/requests.csv").body.lines().count(), 1, "the header alone");
}

#[test]
fn the_filter_narrows_by_each_field_alike_on_the_page_in_the_csv_the_api_and_the_command() {
    let (test_folder, server) = logged(40);
    let middle =
        test_folder.value("SELECT strftime(received_at, '%Y-%m-%dT%H:%M:%S.%f') FROM request WHERE latency_us = 1020");
    let middle = middle.as_str().expect("a time");
    let cases = [
        (vec![], "TRUE".to_owned()),
        (vec![("status", "422")], "status = 422".to_owned()),
        (vec![("path", "/v1/similar")], "path = '/v1/similar'".to_owned()),
        (vec![("model", "2")], "model_id = 2".to_owned()),
        (vec![("since", middle)], "latency_us >= 1020".to_owned()),
        (vec![("until", middle)], "latency_us < 1020".to_owned()),
        (
            vec![("status", "200"), ("path", "/v1/predictions"), ("model", "1"), ("since", middle), ("until", "1m")],
            "status = 200 AND path = '/v1/predictions' AND model_id = 1 AND latency_us >= 1020".to_owned(),
        ),
    ];
    for (filter, condition) in cases {
        let expected =
            test_folder.json(&["sql", &format!("SELECT id FROM request WHERE {condition} ORDER BY id DESC")]);
        let expected: Vec<&str> =
            expected.as_array().expect("rows").iter().map(|row| row["id"].as_str().expect("an id")).collect();
        assert!(!expected.is_empty(), "{condition}");
        let query: Vec<String> = filter.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let query = query.join("&");

        let page = server.get(&format!("/requests?{query}"));
        assert_eq!((page.status, ids_in(&page.body)), (200, expected.iter().map(|id| (*id).to_owned()).collect()));
        let listed = server.get(&format!("/v1/requests?{query}")).json();
        assert_eq!(ids_of(&listed), expected, "{query}");
        let arguments: Vec<String> = filter.iter().map(|(name, value)| format!("--{name}={value}")).collect();
        let arguments: Vec<&str> =
            ["requests", "list"].into_iter().chain(arguments.iter().map(String::as_str)).collect();
        assert_eq!(test_folder.json(&arguments), listed, "{query}");

        let csv = server.get(&link(&page.body, "All of these as CSV").expect("a link"));
        assert_eq!((csv.status, csv.header("content-type")), (200, "text/csv;charset=utf-8"));
        let mut reader = csv::Reader::from_reader(csv.body.as_bytes());
        let columns = reader.headers().expect("a header").clone();
        let rows: Vec<Value> = reader
            .records()
            .map(|row| {
                let row = row.expect("a row");
                columns.iter().zip(row.iter()).map(|(name, cell)| (name.to_owned(), json!(cell))).collect()
            })
            .collect();
        let as_cells = |request: &Value| -> Value {
            let cell = |value: &Value| match value {
                Value::Null => String::new(),
                // a query that begins like a formula must not become one
                Value::String(text) if text.starts_with('=') => format!("'{text}"),
                Value::String(text) => text.clone(),
                other => other.to_string(),
            };
            let request = request.as_object().expect("an object");
            request.iter().map(|(name, value)| (name.clone(), json!(cell(value)))).collect()
        };
        let expected: Vec<Value> = listed["requests"].as_array().expect("requests").iter().map(as_cells).collect();
        assert_eq!(rows, expected, "{query}");
    }
}

#[test]
fn paging_visits_every_request_once_and_keeps_the_filter() {
    let (_test_folder, server) = logged(180);
    for (filter, requests) in [("", 180), ("?model=2&status=", 90)] {
        let first = server.get(&format!("/requests{filter}")).body;
        assert_eq!(link(&first, "Newest"), None);
        let mut visited = ids_in(&first);
        let mut page = first.clone();
        while let Some(older) = link(&page, "Older") {
            page = server.get(&older).body;
            assert!(ids_in(&page).len() <= 50);
            visited.extend(ids_in(&page));
            let newest = server.get(&link(&page, "Newest").expect("a way back")).body;
            assert_eq!(ids_in(&newest), ids_in(&first));
        }
        assert_eq!(visited.len(), requests);
        assert!(visited.is_sorted_by(|newer, older| newer > older), "newest first, none twice");
    }
    let past_the_end = server.get("/requests?before=00000000-0000-7000-8000-000000000000");
    assert!(past_the_end.body.contains("No request in the log is older"), "{}", past_the_end.body);
}

#[test]
fn charts_say_in_words_what_they_draw() {
    let (_test_folder, server) = logged(40);
    let page = server.get("/requests").body;
    assert_eq!(page.matches("role=\"img\"").count(), 2);
    assert!(page.contains("The last 24 hours: 40 requests, 8 of them refused (4xx) and 1 failed (5xx)"), "{page}");
    // latencies are 1000 to 1039 µs: the median lies between 1019 and 1020, the 95th percentile a little above 1037
    assert!(page.contains("half of the answers took at most 1.0 ms, and 95 % at most 1.0 ms"), "{page}");
    assert!(page.contains("Requests per 30 minutes") && page.contains("Latency in microseconds"), "{page}");
    assert!(!page.contains("style=") && !page.contains("<script"), "nothing inline");
    let refused = server.get("/requests?status=422").body;
    assert!(refused.contains("8 requests, 8 of them refused"), "{refused}");
    let silent = server.get("/requests?since=2001-01-01&until=2001-01-02").body;
    assert!(silent.contains("2001-01-01 00:00 to 2001-01-02 00:00 UTC: no request"), "{silent}");
    assert!(silent.contains("No request in the log is like that") && !silent.contains("role=\"img\""), "{silent}");
    // times that only just are times
    for edge in ["since=-009999-01-03T00:00Z", "until=9999-12-30", "until=-009999-01-03T00:00Z", "since=9999-12-30"] {
        assert_eq!(server.get(&format!("/requests?{edge}")).status, 200, "{edge}");
    }
}

#[test]
fn a_wrong_filter_is_marked_at_its_fields_and_kept() {
    let (_test_folder, server) = logged(3);
    let page =
        server.get("/requests?status=lots&path=v1&model=x&since=yesterday&until=2026-03-01T12:00&color=D&before=1");
    assert_eq!(page.status, 422);
    for (field, words) in [
        ("status", "Status must be a status such as 422"),
        ("path", "Path must begin with /"),
        ("model", "Model must be the number of a model"),
        ("since", "is not a time: write it like 2026-03-01"),
    ] {
        let error =
            page.body.split(&format!("id=\"{field}-error\">")).nth(1).and_then(|rest| rest.split("</p>").next());
        assert!(error.is_some_and(|error| error.contains(words)), "{field}: {error:?}");
    }
    for kept in ["value=\"lots\"", "value=\"v1\"", "value=\"x\"", "value=\"yesterday\"", "value=\"2026-03-01T12:00\""] {
        assert!(page.body.contains(kept), "{kept}: {}", page.body);
    }
    assert!(page.body.contains("color is not a parameter") && page.body.contains("before must be the id"));
    let page = server.get("/requests?since=2026-03-02T00:00&until=2026-03-01T00:00");
    assert!(page.status == 422 && page.body.contains("Until must be later than From"), "{}", page.body);
    let csv = server.get("/requests.csv?status=lots&color=D");
    assert_eq!(csv.status, 422, "{}", csv.body);
}

#[test]
fn the_log_is_downloaded_whole_however_long_it_is() {
    let test_folder = TestFolder::trained(200);
    let fill = "INSERT INTO request (id, received_at, method, path, status, latency_us)
        SELECT format('{:08x}-{:04x}-7000-8000-{:012x}', ms // 65536, ms % 65536, i)::UUID, make_timestamp(ms * 1000),
            'GET', '/v1/models', if(i % 3 = 0, 404, 200), i
        FROM (SELECT i, 1767225600000 + 1000 * i AS ms FROM range(12000) AS numbers(i))";
    duckdb::Connection::open(test_folder.database()).expect("the file").execute_batch(fill).expect("requests");
    let server = Server::start(&test_folder);
    let csv = server.get("/requests.csv");
    assert_eq!((csv.status, csv.header("transfer-encoding")), (200, "chunked"));
    let column = |number: usize, csv: &str| -> Vec<String> {
        csv.lines().skip(1).map(|line| line.split(',').nth(number).expect("a column").to_owned()).collect()
    };
    let latencies: Vec<usize> = column(6, &csv.body).iter().map(|text| text.parse().expect("a number")).collect();
    assert_eq!(latencies, (0..12_000).rev().collect::<Vec<_>>(), "each once, newest first");
    let some = server.get("/requests.csv?status=404").body;
    assert_eq!((column(5, &some).len(), column(5, &some).iter().all(|status| status == "404")), (4_000, true));
    // one that goes away in the middle makes room for the next
    for _ in 0..6 {
        let response = crate::program::agent().get(server.url("/requests.csv")).call().expect("an answer");
        drop(response);
    }
    crate::program::wait_until("there is a place again", || server.get("/requests.csv").status == 200);
}

#[test]
fn a_request_is_shown_in_full() {
    let test_folder = TestFolder::trained(200);
    let server = Server::start(&test_folder);
    let stone = json!({"carat": 1.1, "cut": "Ideal", "color": "H", "clarity": "SI2"});
    let priced = server.post("/v1/predictions?model=linear", &stone);
    let id = priced.header("x-request-id").to_owned();
    let page = server.get(&format!("/requests/{id}"));
    assert_eq!((page.status, page.header("content-type")), (200, "text/html;charset=utf-8"));
    for part in [
        "POST /v1/predictions",
        "<dd>model=linear</dd>",
        "<dd class=\"answered\">200</dd>",
        "<dt>Model</dt><dd>1</dd>",
        &format!("<a href=\"/predictions/{id}\">"),
        // a line for each member
        "{\n  &#34;carat&#34;: 1.1,\n  &#34;cut&#34;: &#34;Ideal&#34;,\n",
        "\n  &#34;currency&#34;: &#34;USD&#34;,\n",
    ] {
        assert!(page.body.contains(part), "{part}: {}", page.body);
    }
    let many = server.post("/v1/predictions", &json!(vec![stone; 30]));
    let page = server.get(&format!("/requests/{}", many.header("x-request-id"))).body;
    assert_eq!(page.matches("<a href=\"/predictions/").count(), 20);
    assert!(page.contains("and 10 more"), "{page}");

    for unknown in ["01a20896-31f0-7437-8c49-d1e21ff09770", "none", "%3Cscript%3E"] {
        let page = browse(&server, &format!("/requests/{unknown}"));
        assert_eq!((page.status, page.header("content-type")), (404, "text/html;charset=utf-8"), "{unknown}");
        assert!(page.body.contains("there is no request") && !page.body.contains("<script"), "{}", page.body);
    }
    for reading in ["/requests", "/requests?status=x", "/requests.csv", "/requests.csv?status=x"] {
        browse(&server, reading);
    }
    assert_eq!(test_folder.value("SELECT count(*) FROM request"), 2, "reading the log is not logged");
    for path in ["/requests", "/requests.csv", "/requests/1"] {
        let refused = server.post(path, &json!({}));
        assert_eq!((refused.status, refused.header("allow")), (405, "GET, HEAD"), "{path}");
    }
}

#[test]
fn a_listed_request_says_which_stone_it_priced_first() {
    let test_folder = TestFolder::trained(300);
    let server = Server::start(&test_folder);
    let stone = |carat: f64| json!({"carat": carat, "cut": "Ideal", "color": "H", "clarity": "SI2"});
    let answer = server.post("/v1/predictions", &json!([stone(1.1), stone(0.5), stone(0.7)])).json();
    server.post("/v1/predictions", &stone(-1.0));
    let first = answer[0]["price_usd"].as_f64().expect("a price");
    let page = browse(&server, "/requests").body;
    assert!(page.contains("1.1 Ideal H SI2: $") && page.contains(" and 2 more</td>"), "{first}: {page}");
    assert_eq!(page.matches("<td class=\"priced\"></td>").count(), 1, "the refused one priced nothing: {page}");
}

#[test]
fn what_hostile_clients_send_is_shown_and_does_not_run() {
    let (test_folder, server) = logged(1);
    drop(server);
    let id = "01a20896-0000-7000-8000-000000000000";
    let script = "<script>alert(1)</script>";
    duckdb::Connection::open(test_folder.database())
        .expect("the file")
        .execute(
            "UPDATE request SET path = '/v1/' || ?, method = ?, query = ?, client = ?, request_body = ?, response_body = ?",
            [script; 6],
        )
        .expect("a row");
    let server = Server::start(&test_folder);
    assert_eq!(server.get("/v1/%3Cscript%3E").status, 404);
    for page in
        ["/requests".to_owned(), format!("/requests/{id}"), format!("/requests?path=/v1/{script}&model=\"{script}")]
    {
        let page = server.get(&page.replace('<', "%3C").replace('>', "%3E").replace('"', "%22"));
        assert!(page.body.contains("&#60;script&#62;"), "{}", page.body);
        assert!(!page.body.contains("<script"), "{}", page.body);
        assert!(page.header("content-security-policy").contains("default-src 'none'"));
    }
    assert!(server.get("/requests").body.contains("/v1/%3Cscript%3E"));
}
