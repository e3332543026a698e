//! `/v1/models`: the history of models.

use serde::Serialize;
use tide::Request;
use utoipa::ToSchema;

use super::errors::{AnyRoute, ApiRoute, WithId};
use crate::server::app::App;
use crate::server::http::problem::{Answer, Problem};
use crate::server::http::request_parts::{id_in_path, json_response, require_json_accepted, require_no_parameters};
use crate::store::{ModelDetail, ModelRecord, Store};

/// The history of models.
#[derive(Serialize, ToSchema)]
pub struct ModelList {
    /// Every model ever trained, newest first.
    models: Vec<ModelRecord>,
}

/// The history of models
///
/// Every model ever trained, newest first, with its errors on the sales held out.
#[utoipa::path(
    get, path = "/v1/models", operation_id = "listModels", tag = "models",
    responses((status = 200, description = "The models.", body = ModelList), AnyRoute, ApiRoute)
)]
pub async fn list(request: Request<App>) -> Answer {
    require_json_accepted(&request)?;
    require_no_parameters(&request)?;
    json_response(&ModelList { models: request.state().read(Store::models).await? })
}

/// One model
///
/// Everything known of it: its data, its errors in total and by segment, and when it was the champion.
#[utoipa::path(
    get, path = "/v1/models/{id}", operation_id = "showModel", tag = "models",
    params(("id" = i64, Path, description = "Number of the model.", minimum = 1, example = 1)),
    responses((status = 200, description = "The model.", body = ModelDetail), AnyRoute, ApiRoute, WithId)
)]
pub async fn show(request: Request<App>) -> Answer {
    require_json_accepted(&request)?;
    require_no_parameters(&request)?;
    let text = id_in_path(&request);
    let id: i64 = text.parse().map_err(|_| Problem::new(404, format!("there is no model {text}")))?;
    json_response(&request.state().read(move |store| store.model(id)).await?)
}
