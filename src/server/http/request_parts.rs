//! Reads what handlers need of a request: its media types, its JSON, its parameters.

use hyper::body::Bytes;
use serde::Serialize;
use serde_json::{Value, json};
use tide::{Request, Response, StatusCode};

use super::attachments::{ReceivedBody, SentMethod};
use super::problem::Problem;
use crate::diamond::FieldError;
use crate::server::app::App;

/// The method as it was sent.
pub fn sent_method(request: &Request<App>) -> String {
    request.ext::<SentMethod>().map_or_else(|| request.method().to_string(), |sent| sent.0.to_owned())
}

/// The body as it was received.
pub fn received_body(request: &Request<App>) -> Bytes {
    request.ext::<ReceivedBody>().map(|body| body.0.clone()).unwrap_or_default()
}

/// The body as JSON.
///
/// # Errors
/// 415 if it is said to be something else, 400 with line and column if it is no JSON.
pub fn json_body(request: &Request<App>) -> Result<Value, Problem> {
    if let Some(encoding) = request.header("Content-Encoding").map(|values| values.last().as_str().to_owned())
        && !encoding.eq_ignore_ascii_case("identity")
    {
        return Err(Problem::new(415, format!("the body is encoded as {encoding}: send it as it is")));
    }
    let said = request.header("Content-Type").map(|values| values.last().as_str().to_owned());
    let is_json = said.as_deref().is_none_or(|said| {
        let essence = said.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        essence == "application/json" || essence.ends_with("+json")
    });
    if !is_json {
        let said = said.unwrap_or_default();
        return Err(Problem::new(
            415,
            format!("the body is said to be {said}: send JSON with the header Content-Type: application/json"),
        ));
    }
    let body = received_body(request);
    serde_json::from_slice(&body).map_err(|error| {
        let what = if body.is_empty() { "the body is empty: send JSON".to_owned() } else { malformed(&error) };
        Problem::new(400, what)
    })
}

fn malformed(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let reason = text.split(" at line ").next().unwrap_or_default();
    format!("the body is not valid JSON at line {}, column {}: {reason}", error.line(), error.column())
}

/// Refuses a client that does not take JSON.
///
/// # Errors
/// 406.
pub fn require_json_accepted(request: &Request<App>) -> Result<(), Problem> {
    let Some(accept) = request.header("Accept") else { return Ok(()) };
    let takes_json = accept.iter().flat_map(|value| value.as_str().split(',')).any(|range| {
        let media = range.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        matches!(media.as_str(), "*/*" | "application/*" | "application/json" | "application/problem+json" | "")
    });
    if takes_json {
        return Ok(());
    }
    Err(Problem::new(406, format!("this answers application/json, which Accept: {} does not take", accept.last())))
}

/// The parameters of the query, decoded, in order.
pub fn query_pairs(request: &Request<App>) -> Vec<(String, String)> {
    request.url().query_pairs().map(|(name, value)| (name.into_owned(), value.into_owned())).collect()
}

/// Refuses parameters that are not among `known`.
///
/// # Errors
/// 422 with every one of them.
pub fn refuse_unknown_parameters(pairs: &[(String, String)], known: &[&str]) -> Result<(), Problem> {
    let has = if known.is_empty() { "it has none".to_owned() } else { format!("it has {}", known.join(", ")) };
    let errors: Vec<FieldError> = pairs
        .iter()
        .filter(|(name, _)| !known.contains(&name.as_str()))
        .map(|(name, value)| FieldError {
            field: name.clone(),
            message: format!("is not a parameter of this address: {has}"),
            value: json!(value),
        })
        .collect();
    if errors.is_empty() { Ok(()) } else { Err(Problem::bad_fields(errors)) }
}

/// A response with `document` as JSON.
///
/// # Errors
/// 500 if it cannot be written as JSON.
pub fn json_response(document: &impl Serialize) -> Result<Response, Problem> {
    let text = serde_json::to_string(document).map_err(|error| Problem::internal(error.to_string()))?;
    Ok(Response::builder(StatusCode::Ok).body(text).content_type("application/json").build())
}

/// Runs what waits for the disk away from the threads that serve.
///
/// # Errors
/// 500 if it panics.
pub async fn in_background<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, Problem> {
    tokio::task::spawn_blocking(work).await.map_err(|error| Problem::internal(error.to_string()))
}
