//! Reads the parts of a request that handlers need: media types, JSON body and parameters.

use hyper::body::Bytes;
use serde::Serialize;
use serde_json::Value;
use tide::http::content::Accept;
use tide::{Request, Response, StatusCode};

use super::attachments::{ReceivedBody, SentMethod};
use super::parameters::read_parameters;
use super::problem::{PROBLEM_JSON, Problem};
use crate::server::app::App;

/// The method as it was sent.
pub fn sent_method(request: &Request<App>) -> String {
    request.ext::<SentMethod>().map_or_else(|| request.method().to_string(), |sent| sent.0.to_owned())
}

/// Whether the client has what bears `tag` (RFC 9110, 13.1.2).
pub fn has_already(request: &Request<App>, tag: &str) -> bool {
    request.header("If-None-Match").is_some_and(|values| {
        values.iter().flat_map(|value| value.as_str().split(',')).any(|one| one.trim().trim_start_matches("W/") == tag)
    })
}

/// The body as it was received.
pub fn received_body(request: &Request<App>) -> Bytes {
    request.ext::<ReceivedBody>().map(|body| body.0.clone()).unwrap_or_default()
}

/// The body as JSON.
///
/// # Errors
/// 415 if the media type is not that of JSON, 400 with line and column if the text is not JSON.
pub fn json_body(request: &Request<App>) -> Result<Value, Problem> {
    refuse_encoded(request)?;
    // also where none is said: that is how a page of another site can send a body without asking first
    let is_json = request.content_type().is_some_and(|media| {
        let essence = media.essence();
        essence == "application/json" || essence.ends_with("+json")
    });
    if !is_json {
        let said = request.header("Content-Type").map_or("", |values| values.last().as_str());
        let said = if said.is_empty() { "no media type".to_owned() } else { format!("the media type {said}") };
        return Err(Problem::new(
            415,
            format!("the body has {said}: send JSON with the header Content-Type: application/json"),
        ));
    }
    let body = received_body(request);
    // some programs begin every text with a mark
    let text = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&body);
    serde_json::from_slice(text).map_err(|error| {
        let what = if text.is_empty() { "the body is empty: send JSON".to_owned() } else { malformed(&error, text) };
        Problem::new(400, what)
    })
}

/// Refuses a body that is compressed.
///
/// # Errors
/// 415.
pub fn refuse_encoded(request: &Request<App>) -> Result<(), Problem> {
    if let Some(encoding) = request.header("Content-Encoding").map(|values| values.last().as_str().to_owned())
        && !encoding.eq_ignore_ascii_case("identity")
    {
        return Err(Problem::new(415, format!("the body is encoded as {encoding}: send it as it is")));
    }
    Ok(())
}

fn malformed(error: &serde_json::Error, body: &[u8]) -> String {
    let message = error.to_string();
    let reason = message.split(" at line ").next().unwrap_or_default();
    let has = |word: &str| memchr::memmem::find(body, word.as_bytes()).is_some();
    let hint = if has("NaN") || has("Infinity") {
        "; NaN and Infinity are no JSON: leave the field out, or send null"
    } else if has("'") && !has("\"") {
        "; JSON has double quotes"
    } else {
        ""
    };
    format!("the body is not valid JSON at line {}, column {}: {reason}{hint}", error.line(), error.column())
}

/// Refuses a client that does not accept JSON.
///
/// # Errors
/// 406.
pub fn require_json_accepted(request: &Request<App>) -> Result<(), Problem> {
    require_accepted(request, "application/json")
}

/// Refuses a client that does not accept `media_type`.
///
/// # Errors
/// 406.
pub fn require_accepted(request: &Request<App>, media_type: &str) -> Result<(), Problem> {
    let Some(header) = request.header("Accept") else { return Ok(()) };
    // a header that cannot be read is treated as absent
    let Ok(Some(accept)) = Accept::from_headers(request) else { return Ok(()) };
    let is_it = |range: &str| match range.strip_suffix("/*") {
        Some(kind) => kind == "*" || media_type.split('/').next() == Some(kind),
        // who takes problems only takes the answers, too
        None => range == media_type || range == PROBLEM_JSON && media_type == "application/json",
    };
    let takes_it = accept
        .iter()
        .any(|proposal| is_it(proposal.media_type().essence()) && proposal.weight().is_none_or(|weight| weight > 0.0));
    if takes_it {
        return Ok(());
    }
    Err(Problem::new(406, format!("this answers {media_type}, which Accept: {} does not take", header.last())))
}

/// The parameters of the query, decoded, in order.
pub fn query_pairs(request: &Request<App>) -> Vec<(String, String)> {
    request.url().query_pairs().map(|(name, value)| (name.into_owned(), value.into_owned())).collect()
}

/// Refuses any parameter, for endpoints that have none.
///
/// # Errors
/// 422 with one error for each parameter.
pub fn require_no_parameters(request: &Request<App>) -> Result<(), Problem> {
    read_parameters::<()>(&[], &query_pairs(request), &mut ()).map_err(Problem::bad_fields)
}

/// The fields of the form in the body, decoded, in order.
///
/// # Errors
/// 415 if the body is said to be anything else.
pub fn form_pairs(request: &Request<App>) -> Result<Vec<(String, String)>, Problem> {
    let said = request.header("Content-Type").map(|values| values.last().as_str().to_ascii_lowercase());
    let is_form = said
        .as_deref()
        .is_none_or(|said| said.split(';').next().unwrap_or_default().trim() == "application/x-www-form-urlencoded");
    if !is_form {
        return Err(Problem::new(415, "this takes a form: send it as application/x-www-form-urlencoded"));
    }
    Ok(form_urlencoded::parse(&received_body(request)).into_owned().collect())
}

/// The text of the last of `pairs` with that name, without space around it; empty if there is none.
pub fn last_text<'a>(pairs: &'a [(String, String)], name: &str) -> &'a str {
    pairs.iter().rev().find(|(given, _)| given == name).map_or("", |(_, text)| text.trim())
}

/// The value of the parameter `id` in the path.
pub fn id_in_path(request: &Request<App>) -> &str {
    request.param("id").unwrap_or_default()
}

/// A response with `document` as JSON.
///
/// # Errors
/// 500 if it cannot be written as JSON.
pub fn json_response(document: &impl Serialize) -> Result<Response, Problem> {
    let text = serde_json::to_string(document).map_err(|error| Problem::internal(error.to_string()))?;
    Ok(json_text_response(&text))
}

/// A response of JSON that is written already.
pub fn json_text_response(text: &str) -> Response {
    Response::builder(StatusCode::Ok).body(text).content_type("application/json").build()
}
