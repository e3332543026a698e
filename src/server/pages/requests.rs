//! The pages of the request log: a table, charts, and one request in full.

use std::collections::HashMap;

use askama::Template;
use form_urlencoded::Serializer;
use jiff::Timestamp;
use jiff::civil::DateTime;
use tide::{Request, StatusCode};
use uuid::Uuid;

use super::charts::time_chart::{self as chart, Chart};
use super::charts::traffic_charts::TrafficCharts;
use super::{json, respond};
use crate::diamond::{FieldError, write_line};
use crate::server::app::App;
use crate::server::http::problem::{Answer, Problem};
use crate::server::http::request_parts::{id_in_path, query_pairs};
use crate::server::pages::filters;
use crate::server::request_filter::{page_parameters, read_form_filter};
use crate::store::{FirstPrediction, LoggedRequest, RequestFilter, Store, StoreError};
use crate::text::{count, dollars};
use crate::words::{marked, say};

/// Requests on one page.
const PAGE_LENGTH: u32 = 50;
/// Most characters of an address in the table; the page of the request shows all of them.
const ADDRESS_SHOWN: usize = 160;
/// Most quotes that the page of a request links to.
const QUOTES_SHOWN: u32 = 20;

#[derive(Template)]
#[template(path = "requests.html")]
struct RequestsPage {
    fields: Vec<FilterField>,
    /// What is wrong with parameters that have no field.
    notices: Vec<String>,
    charts: Vec<Chart>,
    /// Text instead of charts.
    silence: Option<String>,
    /// `None` if the filter is wrong.
    listed: Option<Vec<LoggedRequest>>,
    /// What the listed requests priced first, by their ids.
    priced: HashMap<Uuid, FirstPrediction>,
    /// Text instead of an empty table.
    emptiness: &'static str,
    /// Address of the next page.
    older: Option<String>,
    /// Address of the first page, if this is another.
    newest: Option<String>,
    csv: String,
    /// Whether anything is filtered.
    is_narrowed: bool,
}

/// A field of the filter.
struct FilterField {
    name: &'static str,
    label: &'static str,
    hint: &'static str,
    /// The type of the input.
    kind: &'static str,
    value: String,
    error: Option<String>,
}

/// What a page of the log shows.
struct LogPage {
    requests: Vec<LoggedRequest>,
    priced: HashMap<Uuid, FirstPrediction>,
    charts: TrafficCharts,
    is_log_empty: bool,
}

/// `GET /requests`: the log, newest first.
pub async fn list(request: Request<App>) -> Answer {
    let pairs = given_pairs(&request);
    let read = read_form_filter(&pairs, PAGE_LENGTH + 1);
    let mut page = RequestsPage::new(&pairs, read.as_ref().err().map_or(&[], Vec::as_slice));
    let Ok(filter) = read else { return respond(StatusCode::UnprocessableEntity, &page) };
    let is_first = filter.before.is_none();
    let LogPage { mut requests, priced, charts, is_log_empty } =
        request.state().read(move |store| LogPage::find(store, &filter)).await?;
    if requests.len() > PAGE_LENGTH as usize {
        requests.truncate(PAGE_LENGTH as usize);
        page.older = requests.last().map(|last| address("/requests", &pairs, Some(last.id)));
    }
    page.emptiness = match (is_log_empty, is_first) {
        (true, _) => {
            marked("The log is empty: it begins with the first request to the API or the first price on the page.")
        }
        (false, true) => marked("No request in the log is like that."),
        (false, false) => marked("No request in the log is older than that."),
    };
    if !is_log_empty {
        page.silence = charts.silence();
        page.charts = if page.silence.is_none() { charts.draw().into() } else { Vec::new() };
    }
    page.listed = Some(requests);
    page.priced = priced;
    respond(StatusCode::Ok, &page)
}

/// A stone that was priced first and its price in one line.
fn priced_words(first: &FirstPrediction) -> String {
    let others = if first.count > 1 { say!(" and {} more", count(first.count - 1)) } else { String::new() };
    format!("{}: {}{others}", write_line(&first.stone), dollars(first.price_usd))
}

impl LogPage {
    fn find(store: &Store, filter: &RequestFilter) -> Result<Self, StoreError> {
        let now = Timestamp::now();
        let requests = store.requests(filter)?;
        let is_log_empty = requests.is_empty() && store.count_requests(now)?.all == 0;
        let priced = store.first_predictions(&requests)?;
        Ok(Self { requests, priced, charts: TrafficCharts::read(store, filter, now)?, is_log_empty })
    }
}

/// The parameters that have a value: a form also sends its empty fields.
pub(super) fn given_pairs(request: &Request<App>) -> Vec<(String, String)> {
    let trimmed = query_pairs(request).into_iter().map(|(name, value)| (name, value.trim().to_owned()));
    trimmed.filter(|(_, value)| !value.is_empty()).collect()
}

/// `path` with the filter of `pairs`, but with the given `before` instead of the one in `pairs`.
fn address(path: &str, pairs: &[(String, String)], before: Option<Uuid>) -> String {
    let kept = pairs
        .iter()
        .filter(|(name, _)| name != "before" && page_parameters().iter().any(|parameter| parameter.name == name));
    let mut query = Serializer::new(String::new());
    query.extend_pairs(kept);
    if let Some(id) = before {
        query.append_pair("before", &id.to_string());
    }
    let query = query.finish();
    if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") }
}

impl RequestsPage {
    /// The page with the filter as it was given, and an error message at each wrong field.
    fn new(pairs: &[(String, String)], errors: &[FieldError]) -> Self {
        let field = |name: &'static str, label: &'static str, hint: &'static str, kind: &'static str| FilterField {
            name,
            label,
            hint,
            kind,
            value: pairs.iter().rev().find(|(of, _)| of == name).map(|(_, value)| value.clone()).unwrap_or_default(),
            error: errors.iter().find(|error| error.field == name).map(|error| error.message.clone()),
        };
        let mut fields = vec![
            field("status", marked("Status"), marked("such as 422"), "text"),
            field("path", marked("Path"), marked("such as /v1/predictions"), "text"),
            field("model", marked("Model"), marked("its number"), "text"),
            field("since", marked("From"), marked("time in UTC"), "datetime-local"),
            field("until", marked("Until"), marked("time in UTC"), "datetime-local"),
        ];
        for field in &mut fields {
            // a browser shows only local times in such a field: show any other value as text
            if !field.value.is_empty() && !is_local_time(&field.value) && field.kind == "datetime-local" {
                field.kind = "text";
            }
            if field.name == "until" {
                field.error = field.error.take().map(|error| error.replace("later than since", "later than From"));
            }
        }
        let homeless = errors.iter().filter(|error| fields.iter().all(|field| field.name != error.field));
        let before = pairs.iter().any(|(name, _)| name == "before");
        Self {
            notices: homeless.map(|error| format!("{} {}", error.field, error.message)).collect(),
            fields,
            charts: Vec::new(),
            silence: None,
            listed: None,
            priced: HashMap::new(),
            emptiness: "",
            older: None,
            newest: before.then(|| address("/requests", pairs, None)),
            csv: address("/requests.csv", pairs, None),
            is_narrowed: !pairs.is_empty(),
        }
    }
}

/// Whether an input of the type `datetime-local` can show `text`.
fn is_local_time(text: &str) -> bool {
    text.len() >= "2026-03-01T12:00".len() && text.as_bytes()[10] == b'T' && {
        // a time with an offset is valid in a filter, but the input cannot show it
        let clock = &text.as_bytes()[11..];
        clock.iter().all(|byte| matches!(byte, b'0'..=b'9' | b':' | b'.')) && text.parse::<DateTime>().is_ok()
    }
}

/// A request's path and query.
fn path_and_query(request: &LoggedRequest) -> String {
    request.query.as_ref().map_or_else(|| request.path.clone(), |query| format!("{}?{query}", request.path))
}

/// The beginning of `text`, with an ellipsis if there is more.
fn shorten(text: &str, letters: usize) -> String {
    match text.char_indices().nth(letters) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// The CSS class for a status.
fn status_class(status: u16) -> &'static str {
    match status {
        500.. => "failed",
        400.. => "refused",
        _ => "answered",
    }
}

#[derive(Template)]
#[template(path = "request.html")]
struct RequestPage {
    request: LoggedRequest,
    /// What was sent and what was answered.
    bodies: [Body; 2],
    /// Ids of the quotes of this request that are shown.
    quotes: Vec<Uuid>,
    /// How many more quotes there are.
    more_quotes: i64,
}

/// A body for reading.
struct Body {
    label: &'static str,
    id: &'static str,
    text: Option<String>,
}

impl RequestPage {
    /// `quotes` are the first of the `quote_count` predictions of the request.
    fn new(request: LoggedRequest, quotes: Vec<Uuid>, quote_count: i64) -> Self {
        let body = |label, id, text: &Option<String>| Body {
            label,
            id,
            text: text.as_deref().map(|text| json::indent(text).unwrap_or_else(|| text.to_owned())),
        };
        let bodies = [
            body(marked("What was sent"), "sent", &request.request_body),
            body(marked("What was answered"), "answered", &request.response_body),
        ];
        let more_quotes = quote_count - i64::try_from(quotes.len()).unwrap_or(i64::MAX);
        Self { request, bodies, quotes, more_quotes }
    }
}

/// `GET /requests/{id}`: one request in full.
pub async fn show(request: Request<App>) -> Answer {
    let text = id_in_path(&request);
    let id: Uuid = text.parse().map_err(|_| Problem::new(404, say!("there is no request {}", text)))?;
    let page = request.state().read(move |store| -> Result<_, StoreError> {
        let (quotes, quote_count) = store.predictions_of_request(id, QUOTES_SHOWN)?;
        Ok(RequestPage::new(store.request(id)?, quotes, quote_count))
    });
    respond(StatusCode::Ok, &page.await?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_for_times_keeps_only_what_it_can_show() {
        assert!(
            ["2026-03-01T12:00", "2026-03-01T12:00:05", "2026-03-01T12:00:05.5"].iter().all(|text| is_local_time(text))
        );
        assert!(!["2026-03-01", "2h", "2026-03-01T12:00Z", "2026-03-01 12:00"].iter().any(|text| is_local_time(text)));
        assert!(!is_local_time("ééééééééééééééé"));
    }

    #[test]
    fn long_addresses_are_shortened_between_letters() {
        assert_eq!([shorten("/é€", 3), shorten("/é€x", 3)], ["/é€", "/é€…"]);
    }
}
