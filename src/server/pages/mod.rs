//! The pages: rendered here, complete without a script. One file for each page, and what they share.

mod assets;
mod charts;
mod desk;
mod docs;
mod filters;
mod json;
mod login;
mod models;
mod parcels;
mod prediction;
mod price_list;
mod quotes;
mod request_csv;
mod requests;
mod sales;
mod shop;
mod training;

use askama::Template;
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use sales::browse::BROWSE_PATH;
use shop::SHOP_PATH;
use tide::http::mime;
use tide::{Response, StatusCode};
use uuid::Uuid;

use super::endpoint::Endpoint;
use crate::access::Role;
use crate::server::access::Caller;
use crate::server::http::long_bodies::SALES_PATH;
use crate::server::http::problem::{Answer, Problem};
use crate::server::replication::{ReplicaProgress, ReplicaState};
use crate::store::LIVE_PATH;
use crate::words::{marked, say, translate};

/// What a page may load: its own style and script only.
pub const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; \
                                           connect-src 'self'; \
                                           form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

const MONTHS: [&str; 12] = [
    marked("January"),
    marked("February"),
    marked("March"),
    marked("April"),
    marked("May"),
    marked("June"),
    marked("July"),
    marked("August"),
    marked("September"),
    marked("October"),
    marked("November"),
    marked("December"),
];

/// How the place begins where a page has the menu; its own place in the menu follows, then [`PLACE_END`].
const MENU_PLACE: &str = "<!-- menu ";
const PLACE_END: &str = " -->";
/// Where pages show who is logged in.
const CALLER_PLACE: &str = "<!-- caller -->";

pub use login::login_address;

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

/// Leads the browser to a page; reloading that repeats nothing (RFC 9110, 15.4.4).
fn see(address: &str) -> Response {
    Response::builder(StatusCode::SeeOther).header("Location", address).header("Cache-Control", "no-store").build()
}

/// A time as a clock in `zone` shows it: `1 March 2026, 13:05`.
fn local(time: Timestamp, zone: &TimeZone) -> String {
    let time = time.to_zoned_datetime(zone.clone());
    format!("{}, {}", day_in_words(time.date()), time.strftime("%H:%M"))
}

/// A day: `1 March 2026`.
fn day_in_words(day: Date) -> String {
    format!("{} {} {}", day.day(), translate(MONTHS[usize::from(day.month().unsigned_abs()) - 1]), day.year())
}

/// The body of an answer; if it is a page, with a menu of what `caller` may see, the name of the key that somebody is logged in with, a
/// button to log out, and how new it is if a replica answers.
pub fn show_caller(response: &Response, body: Vec<u8>, caller: &Caller, replica: Option<&ReplicaProgress>) -> Vec<u8> {
    if response.content_type().is_none_or(|media| media.essence() != mime::HTML.essence()) {
        return body;
    }
    let button = caller.key_name.as_ref().map_or(Ok(String::new()), |key_name| CallerButton { key_name }.render());
    let note = replica.map_or(Ok(String::new()), |replica| ReplicaNote { replica: replica.now() }.render());
    match String::from_utf8(body) {
        Ok(page) => {
            let shown = button.unwrap_or_default() + &note.unwrap_or_default();
            let page = page.replacen(CALLER_PLACE, &shown, 1);
            with_menu(&page, caller.role).unwrap_or(page).into_bytes()
        }
        Err(error) => error.into_bytes(),
    }
}

/// A page with its menu; `None` if it has none.
fn with_menu(page: &str, role: Option<Role>) -> Option<String> {
    let (before, rest) = page.split_once(MENU_PLACE)?;
    let (here, after) = rest.split_once(PLACE_END)?;
    let menu = Menu { here, role }.render().ok()?;
    Some([before, &menu, after].concat())
}

/// The menu of every page.
#[derive(Template)]
#[template(path = "_menu.html")]
struct Menu<'a> {
    /// The address of the page's own place in it; empty if it has none.
    here: &'a str,
    role: Option<Role>,
}

impl Menu<'_> {
    /// Whether the caller may open what `role` may; to somebody unknown everything is shown, and leads to the login.
    fn may(&self, role: Role) -> bool {
        self.role.is_none_or(|own| own >= role)
    }
}

#[derive(Template)]
#[template(
    source = r##"<form class="caller" method="post" action="/logout"><span>{{ key_name }}</span> <button class="plain" type="submit">{{ "Log out"|say }}</button></form>"##,
    ext = "html"
)]
struct CallerButton<'a> {
    key_name: &'a str,
}

/// What every page of a replica says.
#[derive(Template)]
#[template(source = r##"<p class="replica" role="note">{{ self.words() }}</p>"##, ext = "html")]
struct ReplicaNote {
    replica: ReplicaState,
}

impl ReplicaNote {
    fn words(&self) -> String {
        let made = local(self.replica.copy.made, &TimeZone::system());
        if self.replica.problem.is_some() {
            say!("A replica, as of {}; it does not get newer copies at the moment.", made)
        } else {
            say!("A replica, as of {}: it shows and prices, and changes nothing.", made)
        }
    }
}

/// Every page, and the files that pages load.
pub fn endpoints() -> Vec<Endpoint> {
    vec![
        Endpoint::get("/", desk::show).for_role(Role::Price),
        Endpoint::post("/", desk::show_to_buyer).for_role(Role::Price).for_replicas(),
        Endpoint::post(LIVE_PATH, desk::answer_live).for_role(Role::Price).for_replicas(),
        Endpoint::get("/price-list", price_list::show).for_role(Role::Price),
        Endpoint::post("/price-list", price_list::keep).for_role(Role::Price),
        Endpoint::get("/predictions/{id}", prediction::show).for_role(Role::Price),
        Endpoint::get("/quotes", quotes::list).for_role(Role::Price),
        Endpoint::post("/quotes", quotes::create).for_role(Role::Price),
        Endpoint::get("/quotes/{id}", quotes::show).for_role(Role::Price),
        Endpoint::post("/quotes/{id}/reprice", quotes::reprice).for_role(Role::Price),
        Endpoint::post("/quotes/{id}/outcome", quotes::record_outcome).for_role(Role::Price),
        Endpoint::post("/quotes/{id}/share", quotes::share).for_role(Role::Price),
        Endpoint::post("/quotes/{id}/unshare", quotes::share_no_longer).for_role(Role::Price),
        Endpoint::get("/parcels", parcels::list).for_role(Role::Price),
        Endpoint::post("/parcels", parcels::create).for_role(Role::Price),
        Endpoint::get("/parcels/{id}", parcels::show).for_role(Role::Price),
        Endpoint::post("/parcels/{id}", parcels::show_to_buyer).for_role(Role::Price).for_replicas(),
        Endpoint::get("/parcels/{id}/csv", parcels::download_csv).for_role(Role::Price),
        Endpoint::get("/parcels/{id}/xlsx", parcels::download_workbook).for_role(Role::Price),
        Endpoint::get("/shared/{id}", quotes::show_shared).for_anybody(),
        Endpoint::get(SHOP_PATH, shop::show).for_role(Role::Manage),
        Endpoint::post(SHOP_PATH, shop::save).for_role(Role::Manage),
        Endpoint::get("/shop/logo", quotes::logo).for_anybody(),
        Endpoint::get("/requests", requests::list).for_role(Role::Read),
        Endpoint::get("/requests.csv", request_csv::download).for_role(Role::Read),
        Endpoint::get("/requests/{id}", requests::show).for_role(Role::Read),
        Endpoint::get("/models", models::list).for_role(Role::Read),
        Endpoint::get("/models/compare", models::compare).for_role(Role::Read),
        Endpoint::get("/models/{id}", models::show).for_role(Role::Read),
        Endpoint::get("/models/rollback", models::ask_to_roll_back).for_role(Role::Manage),
        Endpoint::get("/models/{id}/promote", models::ask_to_promote).for_role(Role::Manage),
        Endpoint::post("/models/{id}/promote", models::promote).for_role(Role::Manage),
        Endpoint::post("/models/rollback", models::roll_back).for_role(Role::Manage),
        Endpoint::get("/sales", sales::list).for_role(Role::Read),
        Endpoint::post(SALES_PATH, sales::incoming::look).for_role(Role::Manage),
        Endpoint::post("/sales/incoming/{id}", sales::incoming::correct_or_ingest).for_role(Role::Manage),
        Endpoint::get(BROWSE_PATH, sales::browse::show).for_role(Role::Read),
        Endpoint::get("/sales/browse.csv", sales::browse::csv).for_role(Role::Read),
        Endpoint::get("/sales/browse.parquet", sales::browse::parquet).for_role(Role::Read),
        Endpoint::get("/sales/{id}", sales::show).for_role(Role::Read),
        Endpoint::get("/sales/{id}/rejected", sales::rejected).for_role(Role::Read),
        Endpoint::post("/sales/{id}/undo", sales::incoming::undo).for_role(Role::Manage),
        Endpoint::get("/training", training::show).for_role(Role::Manage),
        Endpoint::post("/training", training::start).for_role(Role::Manage),
        Endpoint::post("/training/stop", training::stop).for_role(Role::Manage),
        Endpoint::get("/training/progress", training::progress).for_role(Role::Manage),
        Endpoint::get("/docs", docs::show).for_role(Role::Price),
        Endpoint::get("/login", login::show).for_anybody(),
        Endpoint::post("/login", login::log_in).for_anybody().for_replicas(),
        Endpoint::post("/logout", login::log_out).for_anybody().for_replicas(),
        Endpoint::get("/style.css", assets::style).for_anybody(),
        Endpoint::get("/script.js", assets::script).for_anybody(),
        Endpoint::get("/icon.svg", assets::icon).for_anybody(),
    ]
}
