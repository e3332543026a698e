//! Gives every request its id, turns problems into documents, and writes request and answer to the log before the answer is
//! sent.

use std::borrow::Cow;
use std::panic::AssertUnwindSafe;
use std::time::{Duration, Instant};

use askama::Template;
use futures_util::FutureExt;
use jiff::Timestamp;
use serde_json::json;
use tide::http::Method;
use tide::utils::async_trait;
use tide::{Middleware, Next, Request, Response, StatusCode};
use tokio::time::timeout;
use uuid::Uuid;

use super::attachments::{AnsweredBy, LogAs, MadePredictions, ReceivedBody, Refusal, RequestIdentity, Route};
use super::compression::{compress, takes_gzip};
use super::csrf::refuse_foreign_pages;
use super::limits::LONG_BODY_TIMEOUT;
use super::long_bodies::UnreadBody;
use super::origins::{allow_reading, answer_preflight};
use super::problem::{PROBLEM_JSON, Problem};
use super::request_parts::{received_body, sent_method};
use crate::server::access::Caller;
use crate::server::access::redaction::{redact_keys, redact_query};
use crate::server::api::{health, requests};
use crate::server::app::App;
use crate::server::file_guard::FileProblem;
use crate::server::pages::{CONTENT_SECURITY_POLICY, ErrorPage, login_address, show_caller};
use crate::store::NewRequest;
use crate::words::Language;

/// How long an answer may take.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(30);
/// How long the beginning of an answer to a long body may take, after the body has come.
const LONG_ANSWER_TIMEOUT: Duration = Duration::from_secs(300);

/// The middleware that records every request.
pub struct Recorder;

#[async_trait]
impl Middleware<App> for Recorder {
    async fn handle(&self, request: Request<App>, next: Next<'_, App>) -> tide::Result {
        language_of(&request).read_by(record(request, next)).await
    }
}

/// The language of the answer: that of its reader for pages, English for programs.
fn language_of(request: &Request<App>) -> Language {
    let header = request.header("Accept-Language").filter(|_| wants_page(request));
    header.map_or_else(Language::default, |values| Language::negotiated(values.last().as_str()))
}

/// Answers a request and records it.
async fn record(mut request: Request<App>, next: Next<'_, App>) -> tide::Result {
    let started = Instant::now();
    let time = Timestamp::now();
    let id = Uuid::now_v7();
    request.set_ext(RequestIdentity { id, time });
    let app = request.state().clone();
    let asked = Asked::of(&request);
    let client = request.peer_addr().map(str::to_owned);
    let refusal = request.ext::<Refusal>().cloned();
    let method = refusal.as_ref().map_or_else(|| sent_method(&request), |refusal| refusal.method.clone());
    let request_body = received_body(&request);

    let caller = app.access.identify(&request);
    let known = caller.as_ref().cloned().unwrap_or(Caller { key_name: None, role: None });
    let allowed = match (refusal, caller) {
        (Some(refusal), _) => Err(refusal.problem),
        (None, Err(problem)) => Err(problem),
        (None, Ok(caller)) => app.limits.count_request(caller.key_name.as_deref(), client.as_deref()).map(|()| caller),
    };
    let answer = match allowed {
        Err(problem) => Err(problem),
        Ok(caller) => {
            request.set_ext(caller);
            run(request, next).await
        }
    };
    let mut response = answer.unwrap_or_else(Problem::into_response);
    let logged_body = render_problem(&mut response, id, &asked);
    let response_body = response.take_body().into_bytes().await.unwrap_or_default();

    let request_body = response.ext::<ReceivedBody>().map_or(request_body, |kept| kept.0.clone());
    let log_as = response.ext::<LogAs>().map(|log_as| log_as.0.clone().into_bytes());
    let status = u16::from(response.status());
    let route = response.ext::<Route>().map(|route| route.0.clone());
    app.metrics.count_request(&method, route.as_deref().unwrap_or("(none)"), status, started.elapsed());
    let is_logged = asked.is_api() && asked.path != requests::PATH;
    if is_logged || log_as.is_some() || status == 500 {
        let predictions = response.ext::<MadePredictions>().map(|made| made.0.clone());
        let request = NewRequest {
            id,
            time,
            method,
            path: redact_keys(&asked.path).into_owned(),
            query: asked.query.as_deref().map(redact_query),
            status,
            latency_us: i64::try_from(started.elapsed().as_micros()).unwrap_or(i64::MAX),
            model_id: response.ext::<AnsweredBy>().map(|answered| answered.0),
            client,
            request_body: Cow::Borrowed(&request_body),
            response_body: log_as.or(logged_body).map_or(Cow::Borrowed(&response_body), Cow::Owned),
            predictions: Cow::Borrowed(predictions.as_deref().unwrap_or_default()),
            key_name: known.key_name.clone(),
        };
        let written = match request.to_entry() {
            Ok(entry) => app.log.write(entry).await,
            Err(error) => Err(error.into()),
        };
        if let Err(problem) = written {
            // an answer that is not in the log must not be sent
            let mut refused = problem.into_response();
            render_problem(&mut refused, id, &asked);
            let body = refused.take_body().into_bytes().await.unwrap_or_default();
            return Ok(finish(refused, body, id, &app, &asked));
        }
    }
    let response_body = show_caller(&response, response_body, &known, app.replica.as_deref());
    Ok(finish(response, response_body, id, &app, &asked))
}

/// What is needed of a request after it was handled.
struct Asked {
    path: String,
    query: Option<String>,
    origin: Option<String>,
    wants_page: bool,
    /// Whether nothing is to be changed.
    is_read: bool,
    takes_gzip: bool,
}

impl Asked {
    fn of(request: &Request<App>) -> Self {
        let path = request.url().path().to_owned();
        Self {
            query: request.url().query().map(str::to_owned),
            origin: request.header("Origin").map(|values| values.last().as_str().to_owned()),
            wants_page: wants_page(request),
            is_read: matches!(request.method(), Method::Get | Method::Head),
            takes_gzip: takes_gzip(request),
            path,
        }
    }

    fn is_api(&self) -> bool {
        self.path.starts_with("/v1/")
    }
}

/// Adds the headers that every response has, and its body.
fn finish(mut response: Response, body: Vec<u8>, id: Uuid, app: &App, asked: &Asked) -> Response {
    response.insert_header("X-Request-Id", id.to_string());
    // what is not said to be something else is not guessed to be (Fetch standard, 3.6)
    response.insert_header("X-Content-Type-Options", "nosniff");
    // not "no-referrer": then browsers hide the origin of forms too
    response.insert_header("Referrer-Policy", "same-origin");
    if response.header("Cache-Control").is_none() {
        response.insert_header("Cache-Control", "no-store");
    }
    if asked.wants_page {
        response.insert_header("Content-Language", Language::of_reader().code());
        response.append_header("Vary", "Accept-Language");
    }
    if asked.is_api() {
        allow_reading(&mut response, &app.origins, asked.origin.as_deref());
    }
    let body = compress(&mut response, body, asked.takes_gzip);
    let media_type = response.content_type();
    response.set_body(body);
    if let Some(media_type) = media_type {
        response.set_content_type(media_type);
    }
    response
}

/// Answers the request if there is a permit for it, and within the time limit. A panic becomes a problem document.
async fn run(request: Request<App>, next: Next<'_, App>) -> Result<Response, Problem> {
    if let Some(problem) = request.state().file.problem()
        && let FileProblem::OutOfPlace(reason) = &*problem
        && !request.url().path().starts_with(health::PATH)
    {
        return Err(Problem::new(503, reason));
    }
    if request.url().path().starts_with("/v1/") {
        if let Some(response) = answer_preflight(&request, &request.state().origins)? {
            return Ok(response);
        }
        if !matches!(request.method(), Method::Get | Method::Head) {
            refuse_foreign_pages(&request)?;
        }
    }
    let places = request.state().places.clone();
    let Ok(_place) = places.try_acquire() else {
        return Err(Problem::new(503, "too many requests are under way: try again in a moment"));
    };
    let is_long = request.ext::<UnreadBody>().is_some();
    let limit = if is_long { LONG_BODY_TIMEOUT + LONG_ANSWER_TIMEOUT } else { ANSWER_TIMEOUT };
    match timeout(limit, AssertUnwindSafe(next.run(request)).catch_unwind()).await {
        Ok(Ok(response)) => Ok(response),
        Ok(Err(panic)) => Err(Problem::internal(format!("a handler panicked: {}", panic_message(&*panic)))),
        Err(_) => Err(Problem::new(503, format!("no answer was found within {} s", limit.as_secs()))),
    }
}

/// Fills in the body of a response that has a problem or nothing. Returns what the log stores as the answer, if that differs
/// from what is sent.
fn render_problem(response: &mut Response, id: Uuid, asked: &Asked) -> Option<Vec<u8>> {
    let status = u16::from(response.status());
    let error = response.take_error();
    let problem = match (response.ext::<Problem>(), error) {
        (_, Some(error)) => Problem::internal(error.to_string()),
        (Some(problem), None) => problem.clone(),
        (None, None) if status == 404 => {
            let hint = hint_for(&asked.path);
            Problem::new(404, format!("there is nothing at {}{hint}", redact_keys(&asked.path)))
        }
        (None, None) => return None,
    };
    response.set_status(problem.status);
    if problem.status == 401 {
        response.insert_header("WWW-Authenticate", "Bearer");
        if asked.wants_page {
            response.set_status(StatusCode::SeeOther);
            // a form that was sent cannot be sent again after the log-in
            let (path, query) = if asked.is_read { (&*asked.path, asked.query.as_deref()) } else { ("/", None) };
            response.insert_header("Location", login_address(path, query));
            return None;
        }
    }
    let mut document = json!(problem.document(id));
    let page = asked.wants_page.then(|| ErrorPage { problem: &problem, request_id: id }.render().ok()).flatten();
    if let Some(page) = page {
        response.set_body(page);
        response.set_content_type(tide::http::mime::HTML);
        response.insert_header("Content-Security-Policy", CONTENT_SECURITY_POLICY);
    } else {
        response.set_body(document.to_string());
        response.set_content_type(PROBLEM_JSON);
    }
    let cause = problem.cause?;
    tracing::error!("request {id}: {cause}");
    document["cause"] = json!(cause);
    Some(document.to_string().into_bytes())
}

/// What somebody who asks for `path`, where there is nothing, may have meant.
fn hint_for(path: &str) -> &'static str {
    let lower = path.to_lowercase();
    let is_about = |words: &[&str]| words.iter().any(|word| lower.contains(word));
    if is_about(&["predict", "price", "quote", "valuation"]) {
        ": prices are at POST /v1/predictions, without a slash at the end"
    } else if is_about(&["similar", "neighbo"]) {
        ": similar stones are at POST /v1/similar, without a slash at the end"
    } else if is_about(&["swagger", "redoc", "openapi", "api", "v1"]) {
        ": /docs describes the API"
    } else {
        ""
    }
}

/// Whether a person reads the answer.
fn wants_page(request: &Request<App>) -> bool {
    !request.url().path().starts_with("/v1/") && accepts_html(request)
}

fn accepts_html(request: &Request<App>) -> bool {
    request.header("Accept").is_some_and(|values| values.iter().any(|value| value.as_str().contains("text/html")))
}

fn panic_message(panic: &(dyn std::any::Any + Send)) -> &str {
    panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("without a message")
}
