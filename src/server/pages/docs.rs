//! The page for developers: how to ask for a price, from the OpenAPI document and from examples that tests run.

use askama::Template;
use serde_json::{Map, Value};
use tide::{Request, StatusCode};

use super::respond;
use crate::diamond::{self, FIELDS};
use crate::server::api::errors::{ERRORS, ErrorKind};
use crate::server::api::openapi;
use crate::server::app::App;
use crate::server::http::problem::Answer;
use crate::server::pages::filters;

/// The address in the examples; the page replaces it with its own address.
const EXAMPLE_ADDRESS: &str = "http://127.0.0.1:8080";
/// How deep nested fields are listed: enough for every answer of the API.
const MAX_DEPTH: usize = 4;

/// Each example: its heading, an introduction, and the program.
const EXAMPLES: [(&str, &str, &str); 3] = [
    (
        "curl",
        "Four facts are enough: weight, cut, colour, clarity. The answer is one JSON document; price_usd is the price.",
        include_str!("../../../templates/examples/curl.sh"),
    ),
    (
        "JavaScript",
        "For Node 18 and later (save it as price.mjs), and for pages of this server. Pages of other servers ask through \
         their own.",
        include_str!("../../../templates/examples/fetch.mjs"),
    ),
    (
        "Python",
        "Nothing to install. An error is one line, with its id in the log.",
        include_str!("../../../templates/examples/python.py"),
    ),
];

/// What can be tried on the page.
const TRIALS: [Trial; 5] = [
    Trial {
        method: "POST",
        path: "/v1/predictions",
        body: r#"{"carat": 1.1, "cut": "Ideal", "color": "H", "clarity": "SI2"}"#,
    },
    Trial {
        method: "POST",
        path: "/v1/predictions?explain=true",
        body: r#"[{"carat": 0.5, "cut": "Premium", "color": "E", "clarity": "VS1"}, {"carat": 1.5, "cut": "Good", "color": "J", "clarity": "SI1"}]"#,
    },
    Trial {
        method: "POST",
        path: "/v1/similar",
        body: r#"{"carat": 1.1, "cut": "Ideal", "color": "H", "clarity": "SI2"}"#,
    },
    Trial { method: "GET", path: "/v1/models", body: "" },
    Trial { method: "GET", path: "/health", body: "" },
];

/// A request that can be sent from the page.
struct Trial {
    method: &'static str,
    path: &'static str,
    body: &'static str,
}

#[derive(Template)]
#[template(path = "docs.html")]
struct DocsPage {
    examples: Vec<Example>,
    trials: &'static [Trial],
    sent: Vec<DocumentedField>,
    scales: Vec<Scale>,
    answered: Vec<DocumentedField>,
    refused: Vec<DocumentedField>,
    errors: Vec<ErrorSection>,
    routes: Vec<Route>,
}

struct Example {
    number: usize,
    title: &'static str,
    note: &'static str,
    code: String,
}

struct Scale {
    name: &'static str,
    grades: Vec<(&'static str, &'static str)>,
}

/// One field of a document, or one parameter.
struct DocumentedField {
    name: String,
    kind: String,
    bounds: String,
    required: bool,
    meaning: String,
}

struct ErrorSection {
    kind: &'static ErrorKind,
    request: String,
    answer: String,
}

struct Route {
    id: String,
    method: String,
    path: String,
    summary: String,
    description: String,
    parameters: Vec<DocumentedField>,
    body: Vec<DocumentedField>,
    answers: Vec<RouteAnswer>,
    fields: Vec<DocumentedField>,
}

struct RouteAnswer {
    status: String,
    is_error: bool,
    meaning: String,
}

/// `GET /docs`.
pub async fn show(request: Request<App>) -> Answer {
    let document = request.state().read(openapi::document).await?;
    respond(StatusCode::Ok, &DocsPage::new(&document, &address_of(&request)))
}

/// The address of this page, if it is safe in an example that people paste into a shell.
fn address_of(request: &Request<App>) -> String {
    let host = request.header("Host").map(|values| values.last().as_str()).unwrap_or_default();
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || ".-:[]".contains(letter);
    if host.is_empty() || !host.chars().all(is_plain) {
        return EXAMPLE_ADDRESS.to_owned();
    }
    format!("http://{host}")
}

impl DocsPage {
    fn new(document: &Value, address: &str) -> Self {
        let fields = |name: &str| fields_of(document, &document["components"]["schemas"][name]);
        let examples = EXAMPLES.iter().zip(1..).map(|((title, note, code), number)| Example {
            number,
            title,
            note,
            code: code.replace(EXAMPLE_ADDRESS, address),
        });
        let errors = ERRORS.iter().map(|kind| ErrorSection {
            kind,
            request: request_text(kind),
            answer: kind.answer().map(|answer| pretty(&answer)).unwrap_or_default(),
        });
        Self {
            examples: examples.collect(),
            trials: &TRIALS,
            sent: fields("StoneDescription"),
            scales: FIELDS.iter().filter(|field| !field.is_number()).map(scale).collect(),
            answered: fields("Prediction"),
            refused: fields("ProblemDocument"),
            errors: errors.collect(),
            routes: routes_of(document),
        }
    }
}

fn scale(field: &diamond::Field) -> Scale {
    Scale { name: field.name, grades: field.grades().iter().rev().map(|grade| (grade.name, grade.meaning)).collect() }
}

fn pretty(value: &Value) -> String {
    serde_json::to_string_pretty(value).unwrap_or_default()
}

/// The request that causes an error, as text.
fn request_text(kind: &ErrorKind) -> String {
    // no request causes a failure of the program itself
    let Some(example) = kind.example.as_ref().filter(|example| example.server != "failing") else {
        return String::new();
    };
    let mut lines = vec![format!("{} {}", example.method, example.path)];
    lines.extend(example.headers.iter().map(|(name, value)| format!("{name}: {value}")));
    if example.headers_added > 0 {
        lines.push(format!("… and {} more headers", example.headers_added));
    }
    if let Some(body) = &example.body {
        lines.push(format!("\n{body}"));
    }
    if let Some(bytes) = example.body_bytes {
        lines.push(format!("\n… {bytes} bytes …"));
    }
    lines.join("\n")
}

fn routes_of(document: &Value) -> Vec<Route> {
    let mut routes = Vec::new();
    for (path, item) in document["paths"].as_object().into_iter().flatten() {
        for (method, operation) in item.as_object().into_iter().flatten() {
            routes.push(route_of(document, method, path, operation));
        }
    }
    routes
}

fn route_of(document: &Value, method: &str, path: &str, operation: &Value) -> Route {
    let answers = operation["responses"].as_object().into_iter().flatten();
    let success = operation["responses"].as_object().into_iter().flatten().find(|(status, _)| status.starts_with('2'));
    let schema = |content: &Value| fields_of(document, &content["content"]["application/json"]["schema"]);
    Route {
        id: format!("{method}{}", path.replace(['/', '{', '}'], "-").trim_end_matches('-')),
        method: method.to_uppercase(),
        path: path.to_owned(),
        summary: text(&operation["summary"]),
        description: text(&operation["description"]),
        parameters: operation["parameters"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|one| parameter(document, one))
            .collect(),
        body: schema(&operation["requestBody"]),
        answers: answers
            .map(|(status, response)| RouteAnswer {
                status: status.clone(),
                is_error: status.starts_with(['4', '5']),
                meaning: ERRORS
                    .iter()
                    .find(|kind| kind.status.to_string() == *status)
                    .map_or_else(|| text(&response["description"]), |kind| kind.when.clone()),
            })
            .collect(),
        fields: success.map(|(_, response)| schema(response)).unwrap_or_default(),
    }
}

fn parameter(document: &Value, parameter: &Value) -> DocumentedField {
    DocumentedField {
        name: text(&parameter["name"]),
        kind: kind_of(document, &parameter["schema"]),
        bounds: bounds_of(document, &parameter["schema"]),
        required: parameter["required"] == true,
        meaning: text(&parameter["description"]),
    }
}

/// The text of a description, on one line and without backticks.
fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().replace('\n', " ").replace('`', "")
}

/// Every field of the documents that `schema` describes; nested fields have their path as name.
fn fields_of(document: &Value, schema: &Value) -> Vec<DocumentedField> {
    let mut fields = Vec::new();
    collect_fields(document, schema, "", MAX_DEPTH, &mut fields);
    fields
}

fn collect_fields(document: &Value, schema: &Value, prefix: &str, depth: usize, fields: &mut Vec<DocumentedField>) {
    let schema = resolve(document, schema);
    if depth == 0 {
        return;
    }
    for part in schema["allOf"].as_array().into_iter().flatten() {
        collect_fields(document, part, prefix, depth, fields);
    }
    let no_properties = Map::new();
    let properties = schema["properties"].as_object().unwrap_or(&no_properties);
    for (name, property) in properties {
        let path = format!("{prefix}{name}");
        let required = schema["required"].as_array().is_some_and(|required| required.iter().any(|one| one == name));
        let own = text(&property["description"]);
        let inner = resolve(document, property);
        fields.push(DocumentedField {
            name: path.clone(),
            kind: kind_of(document, property),
            bounds: bounds_of(document, property),
            required,
            meaning: if own.is_empty() { text(&inner["description"]) } else { own },
        });
        let (inner, mark) = if inner["type"] == "array" { (&inner["items"], "[]") } else { (inner, "") };
        collect_fields(document, inner, &format!("{path}{mark}."), depth - 1, fields);
    }
}

/// The schema that `schema` refers to; of several, the first that is not null.
fn resolve<'a>(document: &'a Value, schema: &'a Value) -> &'a Value {
    if let Some(reference) = schema["$ref"].as_str() {
        let found = document.pointer(reference.trim_start_matches('#'));
        return found.map_or(schema, |found| resolve(document, found));
    }
    match schema["oneOf"].as_array().and_then(|choices| choices.iter().find(|one| one["type"] != "null")) {
        Some(choice) if choice["$ref"].is_string() => resolve(document, choice),
        _ => schema,
    }
}

/// The type of the value, in a word or two.
fn kind_of(document: &Value, schema: &Value) -> String {
    let schema = resolve(document, schema);
    let name = |name: &str| match (name, schema["format"].as_str()) {
        ("string", Some("uuid")) => "id (text)".to_owned(),
        ("string", Some("date-time")) => "time (text, UTC)".to_owned(),
        ("string", _) if schema["enum"].is_array() => "one of".to_owned(),
        ("string", _) => "text".to_owned(),
        ("integer", _) => "whole number".to_owned(),
        ("boolean", _) => "true or false".to_owned(),
        ("array", _) => "list".to_owned(),
        (other, _) => other.to_owned(),
    };
    match &schema["type"] {
        Value::String(one) => name(one),
        Value::Array(several) => {
            several.iter().filter_map(Value::as_str).find(|one| *one != "null").map(name).unwrap_or_default()
        }
        _ if schema["allOf"].is_array() => "object".to_owned(),
        _ if schema["oneOf"].is_array() => "number or text".to_owned(),
        _ => "anything".to_owned(),
    }
}

/// The bounds of the value.
fn bounds_of(document: &Value, schema: &Value) -> String {
    let schema = resolve(document, schema);
    if let Some(choices) = schema["enum"].as_array() {
        return choices.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(", ");
    }
    let range = match (&schema["minimum"], &schema["maximum"]) {
        (Value::Null, _) => String::new(),
        (least, Value::Null) => format!("{least} and more"),
        (least, most) => format!("{least} to {most}"),
    };
    match &schema["default"] {
        Value::Null => range,
        default if range.is_empty() => format!("{default} if left out"),
        default => format!("{range}, {default} if left out"),
    }
}
