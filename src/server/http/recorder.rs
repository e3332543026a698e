//! Gives every request its id, turns problems into documents, and writes request and answer to the log before the answer is
//! sent.

use std::borrow::Cow;
use std::panic::AssertUnwindSafe;
use std::time::{Duration, Instant};

use askama::Template;
use futures_util::FutureExt;
use jiff::Timestamp;
use serde_json::json;
use tide::utils::async_trait;
use tide::{Middleware, Next, Request, Response};
use tokio::time::timeout;
use uuid::Uuid;

use super::attachments::{AnsweredBy, LogAs, MadePredictions, Refusal, RequestIdentity};
use super::problem::{PROBLEM_JSON, Problem};
use super::request_parts::{received_body, sent_method};
use crate::server::api::requests;
use crate::server::app::App;
use crate::server::pages::{CONTENT_SECURITY_POLICY, ErrorPage};
use crate::store::NewRequest;

/// How long an answer may take.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(30);

/// The middleware that records every request.
pub struct Recorder;

#[async_trait]
impl Middleware<App> for Recorder {
    async fn handle(&self, mut request: Request<App>, next: Next<'_, App>) -> tide::Result {
        let started = Instant::now();
        let time = Timestamp::now();
        let id = Uuid::now_v7();
        request.set_ext(RequestIdentity { id, time });
        let log = request.state().log.clone();
        let path = request.url().path().to_owned();
        let query = request.url().query().map(str::to_owned);
        let client = request.peer_addr().map(str::to_owned);
        let wants_page = !path.starts_with("/v1/") && accepts_html(&request);
        let refusal = request.ext::<Refusal>().cloned();
        let method = refusal.as_ref().map_or_else(|| sent_method(&request), |refusal| refusal.method.clone());
        let request_body = received_body(&request);

        let mut response = match refusal {
            Some(refusal) => refusal.problem.into_response(),
            None => run(request, next).await.unwrap_or_else(Problem::into_response),
        };
        let logged_body = render_problem(&mut response, id, &path, wants_page);
        let response_body = response.take_body().into_bytes().await.unwrap_or_default();
        response.insert_header("X-Request-Id", id.to_string());

        let log_as = response.ext::<LogAs>().map(|log_as| log_as.0.clone().into_bytes());
        let status = u16::from(response.status());
        let is_logged = path.starts_with("/v1/") && path != requests::PATH;
        if is_logged || log_as.is_some() || status == 500 {
            let predictions = response.ext::<MadePredictions>().map(|made| made.0.clone());
            let request = NewRequest {
                id,
                time,
                method,
                path: path.clone(),
                query,
                status,
                latency_us: i64::try_from(started.elapsed().as_micros()).unwrap_or(i64::MAX),
                model_id: response.ext::<AnsweredBy>().map(|answered| answered.0),
                client,
                request_body: Cow::Borrowed(&request_body),
                response_body: log_as.or(logged_body).map_or(Cow::Borrowed(&response_body), Cow::Owned),
                predictions: Cow::Borrowed(predictions.as_deref().unwrap_or_default()),
            };
            let written = match request.to_entry() {
                Ok(entry) => log.write(entry).await,
                Err(error) => Err(error.into()),
            };
            if let Err(problem) = written {
                // an answer that is not in the log must not be sent
                let mut refused = problem.into_response();
                render_problem(&mut refused, id, &path, wants_page);
                refused.insert_header("X-Request-Id", id.to_string());
                return Ok(refused);
            }
        }
        response.set_body(response_body);
        Ok(response)
    }
}

/// Answers the request if there is a permit for it, and within the time limit. A panic becomes a problem document.
async fn run(request: Request<App>, next: Next<'_, App>) -> Result<Response, Problem> {
    let places = request.state().places.clone();
    let Ok(_place) = places.try_acquire() else {
        return Err(Problem::new(503, "too many requests are under way: try again in a moment"));
    };
    match timeout(ANSWER_TIMEOUT, AssertUnwindSafe(next.run(request)).catch_unwind()).await {
        Ok(Ok(response)) => Ok(response),
        Ok(Err(panic)) => Err(Problem::internal(format!("a handler panicked: {}", panic_message(&*panic)))),
        Err(_) => Err(Problem::new(503, format!("no answer was found within {} s", ANSWER_TIMEOUT.as_secs()))),
    }
}

/// Fills in the body of a response that has a problem or nothing. Returns what the log stores as the answer, if that differs
/// from what is sent.
fn render_problem(response: &mut Response, id: Uuid, path: &str, wants_page: bool) -> Option<Vec<u8>> {
    let status = u16::from(response.status());
    let error = response.take_error();
    let problem = match (response.ext::<Problem>(), error) {
        (_, Some(error)) => Problem::internal(error.to_string()),
        (Some(problem), None) => problem.clone(),
        (None, None) if status == 404 => Problem::new(404, format!("there is nothing at {path}")),
        (None, None) => return None,
    };
    response.set_status(problem.status);
    let mut document = json!(problem.document(id));
    let page = wants_page.then(|| ErrorPage { problem: &problem, request_id: id }.render().ok()).flatten();
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
