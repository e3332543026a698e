//! `/v1/requests`: the log. Reading it is not logged.

use serde::Serialize;
use tide::Request;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::errors::{AnyRoute, ApiRoute};
use crate::server::app::App;
use crate::server::http::problem::{Answer, Problem};
use crate::server::http::request_parts::{
    in_background, json_response, query_pairs, refuse_unknown_parameters, require_json_accepted,
};
use crate::server::request_filter::{FILTER_PARAMETERS, read_request_filter};
use crate::store::LoggedRequest;

/// Where the log is read.
pub const PATH: &str = "/v1/requests";
/// Requests that are listed unless asked otherwise.
const DEFAULT_LIMIT: u32 = 50;

/// A page of the log.
#[derive(Serialize, ToSchema)]
pub struct RequestList {
    /// The requests, newest first, without their bodies.
    requests: Vec<LoggedRequest>,
}

/// Which requests to list.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "it describes the parameters; `read_request_filter` reads them and names every mistake")]
struct RequestParameters {
    /// How many at most.
    #[param(minimum = 1, maximum = 1000, default = 50)]
    limit: Option<u32>,
    /// Only those before the request of this id: the last id of a page leads to the next one.
    before: Option<Uuid>,
    /// Only those answered with this status.
    #[param(minimum = 100, maximum = 599)]
    status: Option<u16>,
    /// Only those to this path.
    #[param(pattern = "^/")]
    path: Option<String>,
    /// Only those that this model answered.
    #[param(minimum = 1)]
    model: Option<i64>,
    /// Only those that arrived at or after this time, in UTC.
    #[param(value_type = Option<String>, format = DateTime)]
    since: Option<String>,
    /// Only those that arrived before this time, in UTC.
    #[param(value_type = Option<String>, format = DateTime)]
    until: Option<String>,
}

/// The log of requests
///
/// Newest first, without bodies. Reading the log is not logged.
#[utoipa::path(
    get, path = "/v1/requests", operation_id = "listRequests", tag = "requests",
    params(RequestParameters),
    responses((status = 200, description = "A page of the log.", body = RequestList), AnyRoute, ApiRoute)
)]
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
    json_response(&RequestList { requests })
}
