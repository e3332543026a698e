//! The log as CSV, for a spreadsheet: of any length, sent page by page while it is read.

use tide::{Request, Response, StatusCode};
use tokio::sync::{Semaphore, SemaphorePermit};

use super::requests::given_pairs;
use crate::server::app::App;
use crate::server::http::problem::{Answer, Problem};
use crate::server::http::sent_body::{BodyInPieces, PieceSender};
use crate::server::request_filter::read_form_filter;
use crate::store::{LoggedRequest, RequestFilter};

/// Downloads of the log at a time.
static DOWNLOADS: Semaphore = Semaphore::const_new(2);
/// Requests that are read at a time.
const PAGE_LENGTH: u32 = 5_000;
/// The header of the file.
const COLUMNS: [&str; 10] =
    ["id", "time", "method", "path", "query", "status", "latency_us", "model_id", "client", "key_name"];

/// `GET /requests.csv`: the requests that match the filter.
pub async fn download(request: Request<App>) -> Answer {
    let permit = DOWNLOADS
        .try_acquire()
        .map_err(|_| Problem::new(429, "others download the log at this moment: try again when they are done"))?;
    let filter = read_form_filter(&given_pairs(&request), PAGE_LENGTH).map_err(Problem::bad_fields)?;
    let app = request.state().clone();
    // what is wrong at the beginning can still be told
    let first = read_page(&app, &filter).await?;
    let (sender, pieces) = BodyInPieces::new();
    tokio::spawn(send(app, filter, first, sender, permit));
    let mut response = Response::builder(StatusCode::Ok)
        .content_type("text/csv; charset=utf-8")
        .header("Content-Disposition", "attachment; filename=\"requests.csv\"")
        .header("Cache-Control", "no-store")
        .build();
    response.insert_ext(pieces);
    Ok(response)
}

async fn read_page(app: &App, filter: &RequestFilter) -> Result<Vec<LoggedRequest>, Problem> {
    let filter = filter.clone();
    app.read(move |store| store.requests(&filter)).await
}

/// Sends the header, the `first` page and those after it, until the last one or the client has gone.
async fn send(
    app: App,
    mut filter: RequestFilter,
    first: Vec<LoggedRequest>,
    sender: PieceSender,
    _permit: SemaphorePermit<'static>,
) {
    let mut piece = format!("{}\n", COLUMNS.join(",")).into_bytes();
    let mut page = first;
    loop {
        let is_last = page.len() < filter.limit as usize;
        filter.before = page.last().map(|last| last.id);
        match rows_of(&page) {
            Ok(rows) => piece.extend(rows),
            Err(error) => return break_off(&sender, error.to_string()).await,
        }
        if sender.send(Ok(std::mem::take(&mut piece).into())).await.is_err() || is_last {
            return;
        }
        match read_page(&app, &filter).await {
            Ok(next) => page = next,
            Err(problem) => return break_off(&sender, problem.cause.unwrap_or(problem.detail)).await,
        }
    }
}

/// Ends the body in a way that the client notices.
async fn break_off(sender: &PieceSender, reason: String) {
    tracing::error!("the download of the log breaks off: {reason}");
    // the client may have gone
    let _ = sender.send(Err(std::io::Error::other(reason))).await;
}

/// The rows of `requests`, without a header.
fn rows_of(requests: &[LoggedRequest]) -> Result<Vec<u8>, Box<dyn std::error::Error + Send + Sync>> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    for request in requests {
        let model_id = request.model_id.map(|id| id.to_string()).unwrap_or_default();
        let record: [String; COLUMNS.len()] = [
            request.id.to_string(),
            request.time.to_string(),
            escape_csv_formula(&request.method),
            escape_csv_formula(&request.path),
            escape_csv_formula(request.query.as_deref().unwrap_or_default()),
            request.status.to_string(),
            request.latency_us.to_string(),
            model_id,
            escape_csv_formula(request.client.as_deref().unwrap_or_default()),
            escape_csv_formula(request.key_name.as_deref().unwrap_or_default()),
        ];
        writer.write_record(record)?;
    }
    Ok(writer.into_inner()?)
}

/// Adds an apostrophe wherever a spreadsheet could read `text` as a formula: at its start, and after signs that part cells in
/// some countries. See OWASP, CSV injection.
fn escape_csv_formula(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    let mut begins_cell = true;
    for sign in text.chars() {
        if begins_cell && matches!(sign, '=' | '+' | '-' | '@') {
            escaped.push('\'');
        }
        begins_cell = matches!(sign, ',' | ';' | '\t' | '\r' | '\n') || begins_cell && matches!(sign, ' ' | '"' | '\'');
        escaped.push(sign);
    }
    escaped
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn logged(query: &str) -> LoggedRequest {
        LoggedRequest {
            id: Uuid::from_u128(7),
            time: "2026-03-01T12:00:00Z".parse().expect("a time"),
            method: "GET".to_owned(),
            path: "/v1/similar".to_owned(),
            query: Some(query.to_owned()),
            status: 200,
            latency_us: 320,
            model_id: None,
            client: Some("127.0.0.1:5000".to_owned()),
            key_name: None,
            request_body: None,
            response_body: None,
        }
    }

    #[test]
    fn cells_of_csv_are_no_formulas() {
        for formula in ["=1+1", "+1", "-1", "@SUM(A1)"] {
            assert_eq!(escape_csv_formula(formula), format!("'{formula}"));
            for parting in [",", ";", "\t", "\r", "\n", "a,", "a; ", ";\""] {
                assert_eq!(escape_csv_formula(&format!("{parting}{formula}")), format!("{parting}'{formula}"));
            }
        }
        assert_eq!(escape_csv_formula("/v1/similar"), "/v1/similar");
        let csv = rows_of(&[logged("=cmd|'/C calc'!A0")]).expect("memory takes all");
        let csv = String::from_utf8(csv).expect("text");
        assert!(csv.contains(",'=cmd|'/C calc'!A0,"), "{csv}");
    }
}
