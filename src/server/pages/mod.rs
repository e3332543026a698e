//! The pages: rendered here, complete without a script. One file for each page, and what they share.

mod answer;
mod buyer;
mod charts;
mod docs;
mod json;
mod models;
mod price;
mod quote;
mod requests;

use askama::Template;
use tide::http::mime;
use tide::{Request, Response, StatusCode};
use uuid::Uuid;

use super::app::App;
use super::endpoint::Endpoint;
use crate::server::http::problem::{Answer, Problem};

/// What a page may load: its own style and script only.
pub const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; \
                                           form-action 'self'; base-uri 'none'; frame-ancestors 'none'";
/// How long browsers may keep styles and scripts.
const CACHE_FILES: &str = "max-age=3600";

/// The page that a browser gets instead of a problem document.
#[derive(Template)]
#[template(path = "error.html")]
pub struct ErrorPage<'a> {
    /// The problem.
    pub problem: &'a Problem,
    /// Id of the request in the log.
    pub request_id: Uuid,
}

/// A response with `page`, which is not cached: it shows the state of this moment.
///
/// # Errors
/// 500 if the page cannot be written.
pub fn respond(status: StatusCode, page: &impl Template) -> Answer {
    let html = page.render().map_err(|error| Problem::internal(error.to_string()))?;
    Ok(Response::builder(status)
        .body(html)
        .content_type(mime::HTML)
        .header("Content-Security-Policy", CONTENT_SECURITY_POLICY)
        .header("Cache-Control", "no-store")
        .build())
}

/// Every page, and the files that pages load.
pub fn endpoints() -> Vec<Endpoint> {
    vec![
        Endpoint::get("/", price::show),
        Endpoint::get("/predictions/{id}", quote::show),
        Endpoint::get("/requests", requests::list),
        Endpoint::get("/requests.csv", requests::export),
        Endpoint::get("/requests/{id}", requests::show),
        Endpoint::get("/models", models::list),
        Endpoint::get("/models/compare", models::compare),
        Endpoint::get("/models/{id}", models::show),
        Endpoint::post("/models/{id}/promote", models::promote),
        Endpoint::post("/models/rollback", models::roll_back),
        Endpoint::get("/docs", docs::show),
        Endpoint::get("/style.css", style),
        Endpoint::get("/script.js", script),
    ]
}

async fn style(_request: Request<App>) -> Answer {
    Ok(file(include_str!("../../../templates/style.css"), &mime::CSS))
}

async fn script(_request: Request<App>) -> Answer {
    Ok(file(include_str!("../../../templates/script.js"), &mime::JAVASCRIPT))
}

fn file(content: &'static str, media_type: &tide::http::Mime) -> Response {
    Response::builder(StatusCode::Ok)
        .body(content)
        .content_type(media_type.clone())
        .header("Cache-Control", CACHE_FILES)
        .build()
}
