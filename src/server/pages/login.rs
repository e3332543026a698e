//! `/login`: a browser gets a session in exchange for a key.

use askama::Template;
use cookie::{Cookie, SameSite};
use tide::{Request, Response, StatusCode};

use super::respond;
use crate::access::SecretDigest;
use crate::server::access::{Caller, SESSION_COOKIE, SESSION_LENGTH, session_cookie};
use crate::server::app::App;
use crate::server::blocking_work::in_background;
use crate::server::http::csrf::require_same_origin;
use crate::server::http::problem::{Answer, Problem};
use crate::server::http::request_parts::{form_pairs, last_text, query_pairs};
use crate::server::pages::filters;
use crate::store::StoreError;
use crate::words::say;

/// The path of the page.
const PATH: &str = "/login";

#[derive(Template)]
#[template(path = "login.html")]
struct LoginPage {
    /// The page to go on with.
    next: String,
    /// What was wrong with the last try.
    problem: Option<String>,
    /// Name and role of the key of somebody who is logged in.
    key: Option<(String, String)>,
    /// Whether no key is asked for.
    is_open: bool,
}

impl LoginPage {
    fn new(request: &Request<App>, next: String, problem: Option<String>) -> Self {
        let caller = Caller::of(request);
        let key = caller.key_name.zip(caller.role.map(|role| role.to_string()));
        Self { next, problem, key, is_open: request.state().access.needs_no_key() }
    }
}

/// The address at which to log in before the page at `path` can be shown.
pub fn login_address(path: &str, query: Option<&str>) -> String {
    let next = query.map_or_else(|| path.to_owned(), |query| format!("{path}?{query}"));
    let parameters = form_urlencoded::Serializer::new(String::new()).append_pair("next", &next).finish();
    format!("{PATH}?{parameters}")
}

/// `GET /login`.
pub async fn show(request: Request<App>) -> Answer {
    let next = next_page(&query_pairs(&request));
    respond(StatusCode::Ok, &LoginPage::new(&request, next, None))
}

/// `POST /login`.
pub async fn log_in(request: Request<App>) -> Answer {
    require_same_origin(&request)?;
    request.state().limits.count_login(request.peer_addr())?;
    let fields = form_pairs(&request)?;
    let next = next_page(&fields);
    let key = last_text(&fields, "key");
    let Some((cookie, session)) = request.state().access.log_in(key)? else {
        let problem = say!("This key is not known here, has expired or was revoked.");
        return respond(StatusCode::Forbidden, &LoginPage::new(&request, next, Some(problem)));
    };
    change_sessions(&request, move |store| store.begin_session(&session)).await?;
    let age = cookie::time::Duration::seconds(SESSION_LENGTH.as_secs());
    Ok(go_on(&next, &session_cookie_of(&request, cookie, age)))
}

/// `POST /logout`.
pub async fn log_out(request: Request<App>) -> Answer {
    require_same_origin(&request)?;
    if let Some(cookie) = session_cookie(&request) {
        let digest = SecretDigest::of(&cookie);
        change_sessions(&request, move |store| store.end_session(digest)).await?;
    }
    Ok(go_on(PATH, &session_cookie_of(&request, String::new(), cookie::time::Duration::ZERO)))
}

async fn change_sessions(
    request: &Request<App>,
    change: impl FnOnce(&mut crate::store::Store) -> Result<(), StoreError> + Send + 'static,
) -> Result<(), Problem> {
    let app = request.state().clone();
    let changed = in_background(move || {
        app.pricing.write(change)?;
        app.access.reload(&app.pricing.reader()?)
    });
    Ok(changed.await??)
}

/// The cookie of a session, which no script reads and no other site sends.
fn session_cookie_of(request: &Request<App>, value: String, age: cookie::time::Duration) -> String {
    Cookie::build((SESSION_COOKIE, value))
        .http_only(true)
        .same_site(SameSite::Strict)
        .secure(request.state().origins.is_encrypted)
        .path("/")
        .max_age(age)
        .to_string()
}

fn go_on(to: &str, cookie: &str) -> Response {
    Response::builder(StatusCode::SeeOther).header("Location", to).header("Set-Cookie", cookie).build()
}

/// The page to go on with: one of this server, never an address elsewhere.
fn next_page(fields: &[(String, String)]) -> String {
    let next = fields.iter().rev().find(|(name, _)| name == "next").map_or("/", |(_, value)| value.as_str());
    let is_own =
        next.starts_with('/') && !next.starts_with("//") && !next.contains(['\\', '\r', '\n']) && next.is_ascii();
    if is_own && !next.starts_with(PATH) { next.to_owned() } else { "/".to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_login_leads_to_pages_of_this_server_only() {
        let next = |value: &str| next_page(&[("next".to_owned(), value.to_owned())]);
        assert_eq!(next("/models?promoted=3"), "/models?promoted=3");
        for elsewhere in
            ["//evil.example", "https://evil.example", "/\\evil.example", "", "/a\r\nSet-Cookie: a=b", "/login"]
        {
            assert_eq!(next(elsewhere), "/", "{elsewhere}");
        }
        assert_eq!(login_address("/models", Some("a=1&b=2")), "/login?next=%2Fmodels%3Fa%3D1%26b%3D2");
    }
}
