//! Errors as clients get them: RFC 9457 problem details.

use serde::Serialize;
use serde_json::json;
use tide::{Response, StatusCode};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::diamond::FieldError;
use crate::pricing::PricingError;
use crate::retraining::TrainingError;
use crate::store::StoreError;
use crate::text::with_causes;

/// Media type of problem documents.
pub const PROBLEM_JSON: &str = "application/problem+json";
/// Seconds after which a client that was refused may try again.
const RETRY_AFTER_SECONDS: &str = "1";

/// Most bad fields that a problem document lists.
const MAX_ERRORS: usize = 100;
/// Most bad fields that its sentence names.
const MAX_ERRORS_IN_DETAIL: usize = 10;

/// The reason why a request has failed.
#[derive(Debug, Clone)]
pub struct Problem {
    /// Status of the response.
    pub status: u16,
    /// What is wrong and what to do, for people.
    pub detail: String,
    /// Every field that is wrong, for 422.
    pub errors: Vec<FieldError>,
    /// The methods that the path has, for 405.
    pub allow: Option<String>,
    /// The cause of a failure of the program, for 500: it is logged and not sent to the client.
    pub cause: Option<String>,
}

/// A problem document as RFC 9457 defines it.
#[derive(Debug, Serialize, ToSchema)]
pub struct ProblemDocument {
    /// Always `about:blank`: the status says everything about the type.
    #[serde(rename = "type")]
    type_uri: &'static str,
    /// The name of the status.
    title: &'static str,
    /// The status of the response.
    status: u16,
    /// What is wrong and what to do, for people.
    detail: String,
    /// Id of the request in the log.
    request_id: Uuid,
    /// Every field that is wrong, 100 at most; absent if no field is the cause.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    errors: Vec<FieldError>,
}

/// What systems say of a full disk (POSIX, ENOSPC).
const DISK_IS_FULL: &str = "No space left on device";

/// The result of a handler.
pub type Answer = Result<Response, Problem>;

impl Problem {
    /// A problem of that status.
    pub fn new(status: u16, detail: impl Into<String>) -> Self {
        Self { status, detail: detail.into(), errors: Vec::new(), allow: None, cause: None }
    }

    /// A problem with values of fields or parameters.
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

    /// What a request gets that would change what a replica has from its copies: 421 (Misdirected Request, RFC 9110, 15.5.20).
    #[must_use]
    pub fn of_replica() -> Self {
        Self::new(
            421,
            "this server is a replica: it prices stones and shows what its copy has, and changes nothing else. Send this to the server that it \
             follows",
        )
    }

    /// A failure of the program; only the log gets the cause.
    #[must_use]
    pub fn internal(cause: impl Into<String>) -> Self {
        let cause = cause.into();
        let (status, detail) = if cause.contains(DISK_IS_FULL) {
            let detail = "there is no space left on the disk of this server: what was stored before is safe, and nothing was changed. Whoever \
                          runs it must free some space; then send the same request again";
            (503, detail)
        } else {
            (500, "something went wrong here; the log has the cause under this request's id")
        };
        Self { cause: Some(cause), ..Self::new(status, detail) }
    }

    /// A response that carries the problem; the recorder writes its body when the request's id is known.
    #[must_use]
    pub fn into_response(self) -> Response {
        let mut response = Response::new(status_code(self.status));
        if let Some(allow) = &self.allow {
            response.insert_header("Allow", allow.as_str());
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
    pub fn document(&self, request_id: Uuid) -> ProblemDocument {
        ProblemDocument {
            type_uri: "about:blank",
            title: self.title(),
            status: self.status,
            detail: self.detail.clone(),
            request_id,
            errors: self.errors.clone(),
        }
    }
}

fn status_code(status: u16) -> StatusCode {
    StatusCode::try_from(status).unwrap_or(StatusCode::InternalServerError)
}

impl From<PricingError> for Problem {
    fn from(error: PricingError) -> Self {
        match error {
            PricingError::NoModel => Self::new(503, error.to_string()),
            PricingError::UnknownModel { wanted, families } => {
                let message = format!("must be the number of a model or one of {families}");
                Self::bad_fields(vec![FieldError::new("model", message, json!(wanted))])
            }
            // the description is correct; it is this model that cannot price it
            PricingError::NoPrice { .. } | PricingError::NoKeptList { .. } => Self::new(409, error.to_string()),
            PricingError::UnknownPredictions { .. } => Self::new(422, error.to_string()),
            PricingError::Unloadable { .. } => Self::internal(with_causes(&error)),
            PricingError::Store(error) => error.into(),
        }
    }
}

impl From<TrainingError> for Problem {
    fn from(error: TrainingError) -> Self {
        match error {
            TrainingError::Family(_) => Self::internal(with_causes(&error)),
            TrainingError::Store(error) => error.into(),
            _ => Self::new(409, error.to_string()),
        }
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::NotFound { what, ref id, .. } => Self::new(404, format!("there is no {what} {id}")),
            StoreError::BadFile { .. } => Self::new(422, error.to_string()),
            StoreError::Pruned { .. } => Self::new(410, error.to_string()),
            StoreError::IsChampion { .. } | StoreError::NoEarlierChampion => Self::new(409, error.to_string()),
            StoreError::IsReplica { .. } => Self::of_replica(),
            StoreError::OutOfPlace { .. } | StoreError::Unavailable { .. } => Self::new(503, error.to_string()),
            _ if error.is_fatal() => Self {
                cause: Some(with_causes(&error)),
                ..Self::new(
                    503,
                    "the database is closed for a moment, and is opened again by itself: try again in some seconds",
                )
            },
            _ => Self::internal(with_causes(&error)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_disk_is_told_with_what_to_do_and_other_failures_are_not_told() {
        let full = Problem::internal("cannot export sales: IO Error: Could not write file: No space left on device");
        assert_eq!(full.status, 503);
        assert!(full.detail.contains("free some space") && full.cause.is_some());
        let other = Problem::internal("a secret of the program");
        assert!(other.status == 500 && !other.detail.contains("secret"));
    }
}
