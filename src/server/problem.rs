//! Errors as clients see them: RFC 9457 problem details.

use serde_json::{Map, Value, json};
use tide::{Response, StatusCode};
use uuid::Uuid;

use crate::diamond::FieldError;
use crate::engine::EngineError;
use crate::store::StoreError;
use crate::text::with_causes;
use crate::training::TrainingError;

/// Seconds after which a client that was turned away may try again.
const RETRY_AFTER_SECONDS: &str = "1";

/// Bad fields that a problem lists.
const MAX_ERRORS: usize = 100;
/// Bad fields that its text names.
const MAX_ERRORS_IN_DETAIL: usize = 10;

/// Why a request is not answered as it wished.
#[derive(Debug, Clone)]
pub struct Problem {
    /// Status of the response.
    pub status: u16,
    /// What is wrong and what to do, for people.
    pub detail: String,
    /// Every field that is wrong, for 422.
    pub errors: Vec<FieldError>,
    /// The methods there are, for 405.
    pub allow: Option<&'static str>,
    /// What the program stumbled over, for 500: the log gets it, the client does not.
    pub cause: Option<String>,
}

/// The result of a handler.
pub type Answer = Result<Response, Problem>;

impl Problem {
    /// A problem of that status.
    pub fn new(status: u16, detail: impl Into<String>) -> Self {
        Self { status, detail: detail.into(), errors: Vec::new(), allow: None, cause: None }
    }

    /// Values that are not what they should be.
    #[must_use]
    pub fn bad_fields(mut errors: Vec<FieldError>) -> Self {
        let mut list: Vec<String> = errors
            .iter()
            .take(MAX_ERRORS_IN_DETAIL)
            .map(|error| format!("{} {}", error.field, error.message))
            .collect();
        if errors.len() > MAX_ERRORS_IN_DETAIL {
            list.push(format!("and {} more", errors.len() - MAX_ERRORS_IN_DETAIL));
        }
        errors.truncate(MAX_ERRORS);
        Self { errors, ..Self::new(422, list.join("; ")) }
    }

    /// A failure of the program, whose cause goes to the log alone.
    #[must_use]
    pub fn internal(cause: impl Into<String>) -> Self {
        let detail = "something went wrong here; the log has the cause under this request's id";
        Self { cause: Some(cause.into()), ..Self::new(500, detail) }
    }

    /// A response that carries the problem; the recorder writes its body once the request's id is known.
    #[must_use]
    pub fn into_response(self) -> Response {
        let mut response = Response::new(status_code(self.status));
        if let Some(allow) = self.allow {
            response.insert_header("Allow", allow);
        }
        if matches!(self.status, 429 | 503) {
            response.insert_header("Retry-After", RETRY_AFTER_SECONDS);
        }
        response.insert_ext(self);
        response
    }

    /// The title of the problem: the name of its status.
    #[must_use]
    pub fn title(&self) -> &'static str {
        status_code(self.status).canonical_reason()
    }

    /// The document for the client.
    #[must_use]
    pub fn document(&self, request_id: Uuid) -> Map<String, Value> {
        let mut document = Map::from_iter([
            // RFC 9457, 4.2.1: the status says all that there is to the type
            ("type".to_owned(), json!("about:blank")),
            ("title".to_owned(), json!(self.title())),
            ("status".to_owned(), json!(self.status)),
            ("detail".to_owned(), json!(self.detail)),
            ("request_id".to_owned(), json!(request_id)),
        ]);
        if !self.errors.is_empty() {
            document.insert("errors".to_owned(), json!(self.errors));
        }
        document
    }
}

fn status_code(status: u16) -> StatusCode {
    StatusCode::try_from(status).unwrap_or(StatusCode::InternalServerError)
}

impl From<EngineError> for Problem {
    fn from(error: EngineError) -> Self {
        match error {
            EngineError::NoModel => Self::new(503, error.to_string()),
            EngineError::UnknownModel { wanted, families } => Self::bad_fields(vec![FieldError {
                field: "model".to_owned(),
                message: format!("must be the number of a model or one of {families}"),
                value: json!(wanted),
            }]),
            EngineError::NoPrice { .. } | EngineError::UnknownPredictions { .. } => Self::new(422, error.to_string()),
            EngineError::Unloadable { .. } | EngineError::Unexplained { .. } => Self::internal(with_causes(&error)),
            EngineError::Store(error) => error.into(),
        }
    }
}

impl From<TrainingError> for Problem {
    fn from(error: TrainingError) -> Self {
        match error {
            TrainingError::Family(_) => Self::internal(with_causes(&error)),
            _ => Self::new(409, error.to_string()),
        }
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::NotFound { what, ref id, .. } => Self::new(404, format!("there is no {what} {id}")),
            StoreError::Pruned { .. } => Self::new(410, error.to_string()),
            StoreError::IsChampion { .. } | StoreError::NoEarlierChampion => Self::new(409, error.to_string()),
            _ => Self::internal(with_causes(&error)),
        }
    }
}
