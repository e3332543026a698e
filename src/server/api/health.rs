//! `/health`: whether the server can answer.

use serde::Serialize;
use tide::Request;
use utoipa::ToSchema;

use super::errors::AnyRoute;
use crate::pricing::ModelName;
use crate::server::app::App;
use crate::server::http::problem::{Answer, Problem};
use crate::server::http::request_parts::json_response;

/// The state of the server.
#[derive(Serialize, ToSchema)]
pub struct Health {
    status: HealthStatus,
    /// The model that answers; absent if there is no champion.
    #[serde(skip_serializing_if = "Option::is_none")]
    model: Option<ModelName>,
    /// How many sales the file holds.
    sales: i64,
    /// Version of the program.
    version: &'static str,
}

/// Whether the server can price stones.
#[derive(Serialize, ToSchema)]
pub enum HealthStatus {
    /// It can.
    #[serde(rename = "ok")]
    Ok,
    /// Not yet: no model is trained.
    #[serde(rename = "no model")]
    NoModel,
}

/// Whether the server can answer
///
/// `GET /health` returns 200 as long as requests can be answered; `status` shows whether there is a model for prices.
#[utoipa::path(
    get, path = "/health", operation_id = "health", tag = "server",
    responses((status = 200, description = "Requests are answered.", body = Health), AnyRoute)
)]
pub async fn show(request: Request<App>) -> Answer {
    if !request.state().log.is_running() {
        return Err(Problem::new(503, "the request log has ended: start the server again"));
    }
    let snapshot = request.state().pricing.snapshot();
    let champion = snapshot.champion();
    let health = Health {
        status: if champion.is_some() { HealthStatus::Ok } else { HealthStatus::NoModel },
        model: champion.map(|champion| ModelName { id: champion.id, family: champion.family.clone() }),
        sales: snapshot.sales(),
        version: env!("CARGO_PKG_VERSION"),
    };
    json_response(&health)
}
