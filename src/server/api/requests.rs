//! `/v1/requests`: the log. Reading it is not logged.

use serde_json::json;
use tide::Request;

use crate::server::app::App;
use crate::server::problem::{Answer, Problem};
use crate::server::request_filter::{FILTER_PARAMETERS, read_request_filter};
use crate::server::request_parts::{
    in_background, json_response, query_pairs, refuse_unknown_parameters, require_json_accepted,
};

/// Where the log is read.
pub const PATH: &str = "/v1/requests";
/// Requests that are listed unless asked otherwise.
const DEFAULT_LIMIT: u32 = 50;

/// `GET /v1/requests`: newest first, without bodies. The next page is what was `before` the last one of this.
pub async fn list(request: Request<App>) -> tide::Result {
    Ok(answer(&request).await.unwrap_or_else(Problem::into_response))
}

async fn answer(request: &Request<App>) -> Answer {
    require_json_accepted(request)?;
    let pairs = query_pairs(request);
    let known = [&["limit"], &FILTER_PARAMETERS[..]].concat();
    refuse_unknown_parameters(&pairs, &known)?;
    let filter = read_request_filter(&pairs, DEFAULT_LIMIT).map_err(Problem::bad_fields)?;
    let app = request.state().clone();
    let requests = in_background(move || app.history()?.requests(&filter)).await??;
    json_response(&json!({ "requests": requests }))
}
