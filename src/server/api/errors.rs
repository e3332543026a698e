//! Every error that the API can return: when it occurs, what to do, and a request that causes it. The OpenAPI document and the
//! page for developers use these texts.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::Deserialize;
use serde_json::{Map, Value, json};
use tide::StatusCode;
use utoipa::IntoResponses;
use utoipa::openapi::{
    Content, Header, Object, Ref, RefOr, Response, ResponseBuilder,
    schema::{KnownFormat, SchemaFormat, Type},
};
use uuid::Uuid;

use crate::server::http::problem::PROBLEM_JSON;

/// An id for examples.
const EXAMPLE_ID: Uuid = Uuid::from_u128(0x01a2_0896_3196_7271_b9e6_4229_ac60_10c0);

/// One status that reports an error.
#[derive(Debug, Deserialize)]
pub struct ErrorKind {
    /// The status.
    pub status: u16,
    /// When it occurs.
    pub when: String,
    /// What to do about it.
    pub remedy: String,
    /// A request that causes it; absent if that takes a slow or an overloaded server.
    pub example: Option<ErrorExample>,
}

/// A request that is refused, and the refusal.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ErrorExample {
    /// The state that the server must be in first: `pruned`, `untrained`, `keyed` or `failing`; empty if none.
    #[serde(default)]
    pub server: String,
    /// The method.
    pub method: String,
    /// The path, with the query.
    pub path: String,
    /// The headers to send.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// How many further headers are sent.
    #[serde(default)]
    pub headers_added: usize,
    /// The body.
    pub body: Option<String>,
    /// The length of the body, if only that matters.
    pub body_bytes: Option<usize>,
    /// The `detail` of the answer.
    detail: String,
    /// The `errors` of the answer.
    #[serde(default)]
    errors: Vec<Value>,
}

/// Every error, by status.
#[expect(clippy::expect_used, reason = "the file is compiled in, and a test reads it")]
pub static ERRORS: LazyLock<Vec<ErrorKind>> = LazyLock::new(|| {
    serde_json::from_str(include_str!("../../../templates/examples/errors.json")).expect("its own JSON")
});

impl ErrorKind {
    /// The name of the status.
    pub fn title(&self) -> &'static str {
        StatusCode::try_from(self.status).map_or("", |status| status.canonical_reason())
    }

    /// The answer to the example.
    pub fn answer(&self) -> Option<Value> {
        let example = self.example.as_ref()?;
        let mut document = Map::from_iter([
            ("type".to_owned(), json!("about:blank")),
            ("title".to_owned(), json!(self.title())),
            ("status".to_owned(), json!(self.status)),
            ("detail".to_owned(), json!(example.detail)),
            ("request_id".to_owned(), json!(EXAMPLE_ID)),
        ]);
        if !example.errors.is_empty() {
            document.insert("errors".to_owned(), json!(example.errors));
        }
        Some(Value::Object(document))
    }

    /// Name of the response in the document of the API.
    pub fn component_name(&self) -> String {
        self.title().split(' ').collect()
    }

    /// The response in the document of the API.
    pub fn response(&self) -> Response {
        let mut content = Content::new(Some(Ref::from_schema_name("ProblemDocument")));
        content.example = self.answer();
        let mut response = ResponseBuilder::new()
            .description(format!("{} {}", self.when, self.remedy))
            .content(PROBLEM_JSON, content)
            .build();
        response.headers.insert("X-Request-Id".to_owned(), request_id_header().into());
        match self.status {
            401 => {
                let mut header = Header::new(Object::with_type(Type::String));
                header.description = Some("How to send a key: Bearer.".to_owned());
                response.headers.insert("WWW-Authenticate".to_owned(), header.into());
            }
            405 => {
                let mut header = Header::new(Object::with_type(Type::String));
                header.description = Some("The methods that there are.".to_owned());
                response.headers.insert("Allow".to_owned(), header.into());
            }
            429 | 503 => {
                let mut header = Header::new(Object::with_type(Type::Integer));
                header.description = Some("Seconds to wait before the next try.".to_owned());
                response.headers.insert("Retry-After".to_owned(), header.into());
            }
            _ => {}
        }
        response
    }
}

/// The header that every response has.
pub fn request_id_header() -> Header {
    let mut id = Object::with_type(Type::String);
    id.format = Some(SchemaFormat::KnownFormat(KnownFormat::Uuid));
    let mut header = Header::new(id);
    header.description = Some("Under which the log has the request.".to_owned());
    header
}

/// Declares a set of errors that endpoints share.
macro_rules! error_set {
    ($(#[$doc:meta])* $name:ident: $($status:literal),+) => {
        $(#[$doc])*
        pub struct $name;

        impl IntoResponses for $name {
            fn responses() -> BTreeMap<String, RefOr<Response>> {
                references(&[$($status),+])
            }
        }
    };
}

error_set! {
    /// Errors of every request.
    AnyRoute: 400, 401, 403, 405, 408, 413, 421, 429, 431, 500, 503
}

error_set! {
    /// Further errors of every request to the API.
    ApiRoute: 406, 422
}

error_set! {
    /// Further errors of requests with a body.
    WithBody: 415
}

error_set! {
    /// Further errors of requests that name a prediction or a model.
    WithId: 404
}

error_set! {
    /// Further errors of requests that may name an old model.
    WithModel: 409, 410
}

fn references(statuses: &[u16]) -> BTreeMap<String, RefOr<Response>> {
    let kinds = ERRORS.iter().filter(|kind| statuses.contains(&kind.status));
    kinds.map(|kind| (kind.status.to_string(), RefOr::Ref(Ref::from_response_name(kind.component_name())))).collect()
}
