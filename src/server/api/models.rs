//! `/v1/models`: the history of models.

use serde_json::json;
use tide::Request;

use crate::server::app::App;
use crate::server::problem::{Answer, Problem};
use crate::server::request_parts::{
    in_background, json_response, query_pairs, refuse_unknown_parameters, require_json_accepted,
};

/// `GET /v1/models`.
pub async fn list(request: Request<App>) -> tide::Result {
    Ok(answer_list(&request).await.unwrap_or_else(Problem::into_response))
}

/// `GET /v1/models/{id}`.
pub async fn show(request: Request<App>) -> tide::Result {
    Ok(answer_one(&request).await.unwrap_or_else(Problem::into_response))
}

async fn answer_list(request: &Request<App>) -> Answer {
    require_json_accepted(request)?;
    refuse_unknown_parameters(&query_pairs(request), &[])?;
    let engine = request.state().engine.clone();
    let models = in_background(move || engine.reader()?.models()).await??;
    json_response(&json!({ "models": models }))
}

async fn answer_one(request: &Request<App>) -> Answer {
    require_json_accepted(request)?;
    refuse_unknown_parameters(&query_pairs(request), &[])?;
    let text = request.param("id").unwrap_or_default();
    let id: i64 = text.parse().map_err(|_| Problem::new(404, format!("there is no model {text}")))?;
    let engine = request.state().engine.clone();
    json_response(&in_background(move || engine.reader()?.model(id)).await??)
}
