//! `/v1/requests`: the log. Reading it is not logged.

use serde_json::json;
use tide::Request;

use crate::diamond::FieldError;
use crate::server::app::App;
use crate::server::problem::{Answer, Problem};
use crate::server::request_parts::{
    in_background, json_response, query_pairs, refuse_unknown_parameters, require_json_accepted,
};
use crate::store::RequestFilter;

/// Where the log is read.
pub const PATH: &str = "/v1/requests";
/// Requests that are listed unless asked otherwise, and at most.
const DEFAULT_LIMIT: u32 = 50;
const MAX_LIMIT: u32 = 1_000;

/// `GET /v1/requests`: newest first, without bodies. The next page is what was `before` the last one of this.
pub async fn list(request: Request<App>) -> tide::Result {
    Ok(answer(&request).await.unwrap_or_else(Problem::into_response))
}

async fn answer(request: &Request<App>) -> Answer {
    require_json_accepted(request)?;
    let pairs = query_pairs(request);
    refuse_unknown_parameters(&pairs, &["limit", "before", "status", "path"])?;
    let filter = read_filter(&pairs).map_err(Problem::bad_fields)?;
    let app = request.state().clone();
    let requests = in_background(move || app.history()?.requests(&filter)).await??;
    json_response(&json!({ "requests": requests }))
}

/// The filter of the parameters; of one that is given twice the last counts.
fn read_filter(pairs: &[(String, String)]) -> Result<RequestFilter, Vec<FieldError>> {
    let mut filter = RequestFilter { limit: DEFAULT_LIMIT, ..RequestFilter::default() };
    let mut errors = Vec::new();
    for (name, value) in pairs {
        let read = match name.as_str() {
            "limit" => {
                let limit = value.parse().ok().filter(|limit| (1..=MAX_LIMIT).contains(limit));
                limit
                    .map(|limit| filter.limit = limit)
                    .ok_or_else(|| format!("must be a whole number from 1 to {MAX_LIMIT}"))
            }
            "before" => {
                value.parse().map(|id| filter.before = Some(id)).map_err(|_| "must be the id of a request".to_owned())
            }
            "status" => {
                let status = value.parse().ok().filter(|status| (100..600).contains(status));
                status
                    .map(|status| filter.status = Some(status))
                    .ok_or_else(|| "must be a status such as 422".to_owned())
            }
            _ => {
                filter.path = Some(value.clone());
                Ok(())
            }
        };
        if let Err(message) = read {
            errors.push(FieldError { field: name.clone(), message, value: json!(value) });
        }
    }
    if errors.is_empty() { Ok(filter) } else { Err(errors) }
}
