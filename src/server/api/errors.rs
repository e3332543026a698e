//! Every error that the API can answer with: when it comes, what to do, and a request that brings it about. The document of
//! the API and the page for developers both tell of it in these words.

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

/// One status that says that something is wrong.
#[derive(Debug, Deserialize)]
pub struct ErrorKind {
    /// The status.
    pub status: u16,
    /// When it comes.
    pub when: String,
    /// What to do then.
    pub remedy: String,
    /// A request that brings it about; absent if that takes a slow or a full server.
    pub example: Option<ErrorExample>,
}

/// A request that is refused, and how.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ErrorExample {
    /// What must be wrong with the server first: `pruned`, `untrained` or `failing`; empty if nothing must.
    #[serde(default)]
    pub server: String,
    /// The method.
    pub method: String,
    /// The path, with the query.
    pub path: String,
    /// Headers that matter.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// How many headers are sent besides.
    #[serde(default)]
    pub headers_added: usize,
    /// The body.
    pub body: Option<String>,
    /// How long the body is, where only that matters.
    pub body_bytes: Option<usize>,
    /// What is wrong, as the answer says.
    detail: String,
    /// Every bad field, as the answer says.
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
            405 => {
                let mut header = Header::new(Object::with_type(Type::String));
                header.description = Some("The methods that there are.".to_owned());
                response.headers.insert("Allow".to_owned(), header.into());
            }
            503 => {
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

/// Names a set of errors that routes share.
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
    /// What any request may meet.
    AnyRoute: 400, 405, 408, 413, 431, 500, 503
}

error_set! {
    /// What any request to the API may meet besides.
    ApiRoute: 406, 422
}

error_set! {
    /// What a request with a body may meet besides.
    WithBody: 415
}

error_set! {
    /// What a request that names a prediction or a model may meet besides.
    WithId: 404
}

error_set! {
    /// What a request that may ask an old model may meet besides.
    WithModel: 409, 410
}

fn references(statuses: &[u16]) -> BTreeMap<String, RefOr<Response>> {
    let kinds = ERRORS.iter().filter(|kind| statuses.contains(&kind.status));
    kinds.map(|kind| (kind.status.to_string(), RefOr::Ref(Ref::from_response_name(kind.component_name())))).collect()
}
