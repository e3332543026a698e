//! The pages: rendered here, whole without a script. One file a page, and what all of them share.

mod answer;
mod buyer;
mod charts;
pub mod docs;
mod json;
pub mod models;
pub mod price;
pub mod quote;
pub mod requests;

use askama::Template;
use tide::http::mime;
use tide::{Request, Response, StatusCode};
use uuid::Uuid;

use super::app::App;
use crate::server::http::problem::{Answer, Problem};

/// What a page may load: its own style and script, and nothing else.
pub const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; \
                                           form-action 'self'; base-uri 'none'; frame-ancestors 'none'";
/// How long browsers may keep styles and scripts.
const CACHE_FILES: &str = "max-age=3600";

/// The page that a browser gets instead of a problem document.
#[derive(Template)]
#[template(path = "error.html")]
pub struct ErrorPage<'a> {
    /// What went wrong.
    pub problem: &'a Problem,
    /// Under which the log has it.
    pub request_id: Uuid,
}

/// A response with `page`, which nobody keeps: it shows the state of the moment.
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

/// `GET /style.css`.
pub async fn style(_request: Request<App>) -> tide::Result {
    Ok(file(include_str!("../../../templates/style.css"), &mime::CSS))
}

/// `GET /script.js`.
pub async fn script(_request: Request<App>) -> tide::Result {
    Ok(file(include_str!("../../../templates/script.js"), &mime::JAVASCRIPT))
}

fn file(content: &'static str, media_type: &tide::http::Mime) -> Response {
    Response::builder(StatusCode::Ok)
        .body(content)
        .content_type(media_type.clone())
        .header("Cache-Control", CACHE_FILES)
        .build()
}
