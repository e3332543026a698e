//! `/v1/requests`: the log. Reading it is not logged.

use serde::Serialize;
use serde_json::json;
use tide::Request;
use utoipa::openapi::path::{Parameter, ParameterIn};
use utoipa::{IntoParams, ToSchema};

use super::errors::{AnyRoute, ApiRoute};
use crate::server::app::App;
use crate::server::http::parameters::document_parameters;
use crate::server::http::problem::{Answer, Problem};
use crate::server::http::request_parts::{json_response, query_pairs, require_json_accepted};
use crate::server::request_filter::{REQUEST_PARAMETERS, read_request_filter};
use crate::store::LoggedRequest;

/// The path of the log.
pub const PATH: &str = "/v1/requests";
/// How many requests are listed by default.
const DEFAULT_LIMIT: u32 = 50;

/// A page of the log.
#[derive(Serialize, ToSchema)]
pub struct RequestList {
    /// The requests, newest first, without their bodies.
    requests: Vec<LoggedRequest>,
}

/// Which requests to list.
struct RequestParameters;

impl IntoParams for RequestParameters {
    fn into_params(_parameter_in_provider: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        document_parameters(&REQUEST_PARAMETERS, |name| (name == "limit").then(|| json!(DEFAULT_LIMIT)))
    }
}

/// The log of requests
///
/// Newest first, without bodies. Reading the log is not logged.
#[utoipa::path(
    get, path = "/v1/requests", operation_id = "listRequests", tag = "requests",
    params(RequestParameters),
    responses((status = 200, description = "A page of the log.", body = RequestList), AnyRoute, ApiRoute)
)]
pub async fn list(request: Request<App>) -> Answer {
    require_json_accepted(&request)?;
    let filter = read_request_filter(&query_pairs(&request), DEFAULT_LIMIT).map_err(Problem::bad_fields)?;
    json_response(&RequestList { requests: request.state().read(move |store| store.requests(&filter)).await? })
}
