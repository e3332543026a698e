//! `/health`: whether the server can answer.

use jiff::Timestamp;
use serde::Serialize;
use tide::Request;
use utoipa::ToSchema;

use super::errors::AnyRoute;
use crate::pricing::ModelName;
use crate::server::access::Caller;
use crate::server::app::App;
use crate::server::file_guard::FileProblem;
use crate::server::http::problem::{Answer, Problem};
use crate::server::http::request_parts::json_response;
use crate::server::replication::ReplicaState;
use crate::server::request_log::CANNOT_BE_LOGGED;

/// The path of the state of the server; what is below it is answered whatever the state.
pub const PATH: &str = "/health";

/// The state of the server.
#[derive(Serialize, ToSchema)]
pub struct Health {
    status: HealthStatus,
    /// What does not work; absent if everything does.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    /// The model that answers; absent if there is no champion, or a key is asked for and not given.
    #[serde(skip_serializing_if = "Option::is_none")]
    model: Option<ModelName>,
    /// How many sales the file holds; absent if a key is asked for and not given.
    #[serde(skip_serializing_if = "Option::is_none")]
    sales: Option<i64>,
    /// The copy that a replica serves; absent if this is no replica, or a key is asked for and not given.
    #[serde(skip_serializing_if = "Option::is_none")]
    replica: Option<ReplicaHealth>,
    /// Version of the program.
    version: &'static str,
}

/// How new a replica is.
#[derive(Serialize, ToSchema)]
pub struct ReplicaHealth {
    /// When the copy was made that it serves.
    #[schema(value_type = String, format = DateTime)]
    copy_made: Timestamp,
    /// When it was taken in.
    #[schema(value_type = String, format = DateTime)]
    copy_taken: Timestamp,
    /// Why no newer copy came at the last look; absent if there was none, or it came.
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<String>,
}

impl From<ReplicaState> for ReplicaHealth {
    fn from(state: ReplicaState) -> Self {
        Self { copy_made: state.copy.made, copy_taken: state.copy.taken, problem: state.problem }
    }
}

/// Whether the server can price stones.
#[derive(Serialize, ToSchema)]
pub enum HealthStatus {
    /// It can.
    #[serde(rename = "ok")]
    Ok,
    /// It can, but not more: the database is closed, and is opened again by itself.
    #[serde(rename = "degraded")]
    Degraded,
    /// Not yet: no model is trained.
    #[serde(rename = "no model")]
    NoModel,
}

/// Whether the server can answer
///
/// `GET /health` returns 200 as long as requests can be answered; `status` shows whether there is a model for prices. It is 503
/// when requests cannot be logged, and therefore not answered, for instance because the file was moved away.
#[utoipa::path(
    get, path = "/health", operation_id = "health", tag = "server",
    responses((status = 200, description = "Requests are answered.", body = Health), AnyRoute)
)]
pub async fn show(request: Request<App>) -> Answer {
    if !request.state().log.is_running() {
        return Err(Problem::new(503, "the request log has ended: start the server again"));
    }
    if request.state().log.is_failing() {
        return Err(Problem::new(503, CANNOT_BE_LOGGED));
    }
    let problem = request.state().file.problem();
    if let Some(problem) = &problem
        && let FileProblem::OutOfPlace(reason) = &**problem
    {
        return Err(Problem::new(503, reason));
    }
    let snapshot = request.state().pricing.snapshot();
    let champion = snapshot.champion();
    let shows_all = Caller::of(&request).role.is_some();
    let health = Health {
        status: match (champion, &problem) {
            (None, _) => HealthStatus::NoModel,
            (Some(_), Some(_)) => HealthStatus::Degraded,
            (Some(_), None) => HealthStatus::Ok,
        },
        reason: problem.filter(|_| shows_all).map(|problem| problem.reason().to_owned()),
        model: champion
            .filter(|_| shows_all)
            .map(|champion| ModelName { id: champion.id, family: champion.family.clone() }),
        sales: shows_all.then(|| snapshot.sales()),
        replica: request.state().replica.as_ref().filter(|_| shows_all).map(|replica| replica.now().into()),
        version: env!("CARGO_PKG_VERSION"),
    };
    json_response(&health)
}

/// Whether the server lives.
#[derive(Serialize, ToSchema)]
pub struct Liveness {
    /// Always `true`.
    alive: bool,
}

/// Whether the server lives
///
/// `GET /health/live` returns 200 as long as the process answers at all: only if it does not, starting it again helps.
#[utoipa::path(
    get, path = "/health/live", operation_id = "liveness", tag = "server",
    responses((status = 200, description = "It lives.", body = Liveness), AnyRoute)
)]
pub async fn live(_request: Request<App>) -> Answer {
    json_response(&Liveness { alive: true })
}
