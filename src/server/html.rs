//! What all pages have in common: what they may load, and the page that says what went wrong.

use askama::Template;
use uuid::Uuid;

use super::problem::Problem;

/// What a page may load: its own style, and nothing else.
pub const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; \
                                       base-uri 'none'; frame-ancestors 'none'";

/// The page that a browser gets instead of a problem document.
#[derive(Template)]
#[template(path = "error.html")]
pub struct ErrorPage<'a> {
    /// What went wrong.
    pub problem: &'a Problem,
    /// Under which the log has it.
    pub request_id: Uuid,
}
