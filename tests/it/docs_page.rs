//! What developers are told: the document of the API, the page, and the examples on it. All of it is tried here.

use std::collections::BTreeMap;
use std::process::{Command, Output};
use std::sync::Arc;

use diamonds::diamond::FIELD_COUNT;
use diamonds::pricing::PricingService;
use diamonds::server::{AccessControl, App, Origins, RequestLog, Retention, build};
use diamonds::store::Store;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::program::{Answer, Server, TestFolder, agent, wait_until};
use crate::skipping::skip;

/// The address in the examples.
const EXAMPLE_ADDRESS: &str = "http://127.0.0.1:8080";

#[derive(Deserialize)]
struct ErrorKind {
    status: u16,
    example: Option<ErrorExample>,
}

#[derive(Deserialize)]
struct ErrorExample {
    #[serde(default)]
    server: String,
    method: String,
    path: String,
    #[serde(default)]
    headers: BTreeMap<String, String>,
    #[serde(default)]
    headers_added: usize,
    body: Option<String>,
    body_bytes: Option<usize>,
    detail: String,
    #[serde(default)]
    errors: Vec<Value>,
}

impl ErrorExample {
    fn send(&self, server: &Server) -> Answer {
        let mut request = ureq::http::Request::builder().method(self.method.as_str()).uri(server.url(&self.path));
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        for number in 0..self.headers_added {
            request = request.header(format!("X-More-{number}"), "1");
        }
        let body = self.body.clone().or_else(|| self.body_bytes.map(|bytes| " ".repeat(bytes))).unwrap_or_default();
        agent().run(request.body(body).expect("a request")).map(Answer::from).expect("an answer")
    }

    fn check(&self, status: u16, document: &Value) {
        assert_eq!(document["status"], status, "{document}");
        assert_eq!(document["detail"], self.detail.as_str(), "{status}");
        let errors = document["errors"].as_array().cloned().unwrap_or_default();
        assert_eq!(errors, self.errors, "{status}: {}", json!(errors));
    }
}

/// A file with a linear model that answers.
fn trained() -> TestFolder {
    let test_folder = TestFolder::new();
    test_folder.succeed(&["ingest", &test_folder.write_sales("sales.csv", 5, 0, 600)]);
    test_folder.succeed(&["retrain", "--family", "linear"]);
    test_folder
}

/// A server that has a backup to give.
fn start_with_backup(test_folder: &TestFolder) -> Server {
    let server = Server::start_with(test_folder, &["--backup-to", "backups"]);
    wait_until("there is a backup", || server.get("/v1/backups/latest").status == 200);
    server
}

fn document(server: &Server) -> Value {
    let answer = server.get("/openapi.json");
    assert_eq!((answer.status, answer.header("content-type")), (200, "application/json"));
    answer.json()
}

#[test]
fn the_document_names_every_route_and_the_models_of_the_moment() {
    let test_folder = trained();
    let server = start_with_backup(&test_folder);
    let document = document(&server);
    assert!(document["openapi"].as_str().expect("a version").starts_with("3.1."));
    let paths = document["paths"].as_object().expect("paths");
    let described = |method: &str, path: &str| paths.get(path).is_some_and(|item| item.get(method).is_some());
    for path in ["/v1/predictions/{id}", "/v1/similar", "/v1/models", "/v1/requests", "/health"] {
        assert!(described("get", path), "{path}");
    }
    for path in ["/v1/predictions", "/v1/predictions/{id}/outcome", "/v1/similar"] {
        assert!(described("post", path), "{path}");
    }
    // what the document names is there
    for (path, item) in paths {
        let answer = server.get(&path.replace("{id}", "1"));
        assert!(answer.status != 404 || path.contains("{id}"), "{path}: {}", answer.status);
        for (method, operation) in item.as_object().expect("methods") {
            assert!(operation["operationId"].is_string() && operation["summary"].is_string(), "{method} {path}");
            for (status, response) in operation["responses"].as_object().expect("responses") {
                let response = response["$ref"]
                    .as_str()
                    .map_or(response, |name| document.pointer(name.trim_start_matches('#')).expect("a response"));
                assert!(response["headers"]["X-Request-Id"].is_object(), "{method} {path} {status}");
                let is_problem = response["content"]["application/problem+json"].is_object();
                assert_eq!(is_problem, status.starts_with(['4', '5']), "{method} {path} {status}");
            }
        }
    }
    let models = &paths["/v1/predictions"]["post"]["parameters"][0];
    assert_eq!((&models["name"], &models["schema"]["enum"]), (&json!("model"), &json!(["linear", "1"])));
}

#[test]
fn bounds_and_grades_in_the_document_are_those_that_the_program_checks() {
    let test_folder = trained();
    let server = Server::start(&test_folder);
    let document = document(&server);
    let schema = &document["components"]["schemas"]["SimilarRequest"];
    assert_eq!(schema["additionalProperties"], false);
    let status = |name: &str, value: &Value| {
        let mut stone = json!({"carat": 1.1, "cut": "Ideal", "color": "H", "clarity": "SI2"});
        stone[name] = value.clone();
        server.post("/v1/similar", &stone).status
    };
    let mut checked = 0;
    for (name, property) in schema["properties"].as_object().expect("properties") {
        if let (Some(least), Some(most)) = (property["minimum"].as_f64(), property["maximum"].as_f64()) {
            for (value, expected) in [(least, 200), (most, 200), (least * 0.99, 422), (most * 1.01, 422)] {
                assert_eq!(status(name, &json!(value)), expected, "{name} {value}");
            }
            checked += 1;
        } else {
            let scale = property["$ref"].as_str().expect("a scale").trim_start_matches('#');
            let grades = document.pointer(scale).expect("a schema")["enum"].as_array().expect("grades").clone();
            assert!(grades.iter().all(|grade| status(name, grade) == 200), "{name}");
            checked += 1;
        }
    }
    assert_eq!(checked, FIELD_COUNT + 1, "the fields and the number of stones");
}

#[test]
fn every_example_of_a_body_or_a_parameter_is_accepted() {
    let test_folder = trained();
    let server = start_with_backup(&test_folder);
    let document = document(&server);
    let stone = json!({"carat": 1.1, "cut": "Ideal", "color": "H", "clarity": "SI2"});
    let priced = server.post("/v1/predictions", &stone).json();
    let id = priced["id"].as_str().expect("an id");
    let mut sent = 0;
    for (path, item) in document["paths"].as_object().expect("paths") {
        let path = path.replace("{id}", if path.contains("models") { "1" } else { id });
        for (method, operation) in item.as_object().expect("methods") {
            if method == "post" {
                let reference = operation["requestBody"]["content"]["application/json"]["schema"]["$ref"].as_str();
                let schema = document.pointer(reference.expect("a name").trim_start_matches('#')).expect("a schema");
                let example = schema.get("example").or_else(|| schema["examples"].get(0)).expect("an example");
                let answer = server.post(&path, example);
                assert!((200..300).contains(&answer.status), "{path} {example}: {}", answer.body);
            } else {
                let mut query = form_urlencoded::Serializer::new(String::new());
                for parameter in operation["parameters"].as_array().into_iter().flatten() {
                    if let (Some(name), "query", Some(value)) = (
                        parameter["name"].as_str(),
                        parameter["in"].as_str().expect("a place"),
                        parameter.get("example"),
                    ) {
                        query.append_pair(name, &value.as_str().map_or_else(|| value.to_string(), str::to_owned));
                    }
                }
                let query = query.finish();
                let address = if query.is_empty() { path.clone() } else { format!("{path}?{query}") };
                let answer = server.get(&address);
                assert_eq!(answer.status, 200, "{address}: {}", answer.body);
            }
            sent += 1;
        }
    }
    assert!(sent >= 10, "{sent}");
}

#[test]
fn every_error_on_the_page_comes_from_a_request() {
    let kinds: Vec<ErrorKind> =
        serde_json::from_str(include_str!("../../templates/examples/errors.json")).expect("the errors");
    let mut test_folder = trained();
    test_folder.succeed(&["retrain", "--family", "linear", "--fresh", "--promote", "always"]);
    test_folder.succeed(&["retrain", "--family", "linear", "--fresh", "--promote", "always"]);
    test_folder.succeed(&["models", "prune", "--keep", "0"]);
    let untrained = TestFolder::new();
    untrained.succeed(&["ingest", &untrained.write_sales("sales.csv", 1, 0, 10)]);
    let (server, without_model) = (Server::start(&test_folder), Server::start(&untrained));
    let with_key = trained();
    with_key.succeed(&["keys", "create", "--role", "read", "--name", "shop"]);
    let keyed = Server::start(&with_key);
    let page = server.get("/docs").body.replace("&#34;", "\"").replace("&#39;", "'").replace("&#38;", "&");
    for kind in &kinds {
        assert!(page.contains(&format!("id=\"error-{}\"", kind.status)), "{}", kind.status);
        let Some(example) = &kind.example else { continue };
        let is_shown = page.contains(&format!("{} {}", example.method, example.path));
        assert_eq!(is_shown, example.server != "failing", "{}", kind.status);
        let document = match example.server.as_str() {
            "" | "pruned" => example.send(&server).json(),
            "untrained" => example.send(&without_model).json(),
            "keyed" => example.send(&keyed).json(),
            "failing" => failing(&mut test_folder, &example.path),
            other => panic!("there is no server that is {other}"),
        };
        example.check(kind.status, &document);
    }
}

/// What a server answers where a handler panics.
fn failing(test_folder: &mut TestFolder, path: &str) -> Value {
    *test_folder = trained();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    let store = Store::open(&test_folder.database()).expect("the file");
    let log = RequestLog::start(store.try_clone().expect("a connection"), Retention::default()).expect("a thread");
    let access = AccessControl::new(&store, true).expect("the keys");
    let pricing = Arc::new(PricingService::new(store).expect("an engine"));
    let mut server = build(App::new(pricing, log.clone(), access, Origins::default()));
    server.at(path).get(|_| async { if true { panic!("spilled coffee") } else { Ok("") } });
    let request = tide::http::Request::get(format!("http://diamonds{path}").as_str());
    let text = runtime.block_on(async {
        let mut response: tide::http::Response = server.respond(request).await.expect("a response");
        response.body_string().await.expect("text")
    });
    log.finish();
    serde_json::from_str(&text).expect("JSON")
}

#[test]
fn the_examples_on_the_page_print_the_price_that_the_api_gives() {
    let test_folder = trained();
    let server = Server::start(&test_folder);
    let stone = json!({"carat": 1.1, "cut": "Ideal", "color": "H", "clarity": "SI2"});
    let price = server.post("/v1/predictions", &stone).json()["price_usd"].as_f64().expect("a price");
    let page = server.get("/docs");
    assert_eq!(page.status, 200);
    let shown = page.body.replace("&#34;", "\"").replace("&#39;", "'").replace("&#62;", ">").replace("&#38;", "&");
    let run = |name: &str, example: &str, program: &str| -> Option<Output> {
        let code = example.replace(EXAMPLE_ADDRESS, &server.url(""));
        assert!(shown.contains(code.trim_end()), "{name} is not on the page");
        let file = test_folder.write(name, code);
        let output = Command::new(program).arg(file).env("no_proxy", "127.0.0.1").output();
        if output.is_err() {
            skip(&format!("no {program}"));
        }
        output.ok()
    };
    let printed = |output: &Output| -> String {
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    let close = |found: f64| (found - price).abs() < 1e-9;
    let curl = run("curl.sh", include_str!("../../templates/examples/curl.sh"), "sh").expect("a shell");
    let answer: Value = serde_json::from_str(&printed(&curl)).expect("JSON");
    assert!(close(answer["price_usd"].as_f64().expect("a price")), "{answer}");
    for (name, example, program) in [
        ("price.mjs", include_str!("../../templates/examples/fetch.mjs"), "node"),
        ("price.py", include_str!("../../templates/examples/python.py"), "python3"),
    ] {
        if let Some(output) = run(name, example, program) {
            let text = printed(&output);
            assert!(close(text.trim().parse().expect("a number")), "{name}: {text}");
        }
    }
}

#[test]
fn the_page_needs_nothing_but_its_own_style_and_script_and_puts_only_plain_hosts_into_commands() {
    let test_folder = trained();
    let server = Server::start(&test_folder);
    let page = server.get("/docs");
    assert!(page.header("content-security-policy").starts_with("default-src 'none'"));
    assert_eq!(page.body.matches("<script").count(), page.body.matches("<script src=\"/script.js").count());
    assert!(page.body.len() < 400 * 1024, "{} bytes", page.body.len());
    for word in ["style=", "<style", "\"https://", "onclick"] {
        assert!(!page.body.contains(word), "{word}");
    }
    let ids: Vec<&str> = page.body.split(" id=\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
    for target in page.body.split("href=\"#").skip(1).filter_map(|rest| rest.split('"').next()) {
        assert!(ids.contains(&target), "{target}");
    }
    let mut once = ids.clone();
    once.sort_unstable();
    once.dedup();
    assert_eq!(once.len(), ids.len(), "{ids:?}");
    let odd =
        agent().get(server.url("/docs")).header("Host", "x';rm -rf ~;'").call().map(Answer::from).expect("a page");
    assert!(odd.status == 400 && !odd.body.contains("rm -rf"), "{}", odd.body);
}
