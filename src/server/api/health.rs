//! `/health`: whether the server can answer.

use serde_json::{Map, Value, json};
use tide::Request;

use crate::server::app::App;
use crate::server::problem::Problem;
use crate::server::request_parts::json_response;

/// `GET /health`: 200 as long as requests can be answered; `status` says whether there is a model to price with.
pub async fn show(request: Request<App>) -> tide::Result {
    if !request.state().log.is_running() {
        return Ok(Problem::new(503, "the request log has ended: start the server again").into_response());
    }
    let snapshot = request.state().engine.snapshot();
    let mut document = Map::new();
    match snapshot.champion() {
        Some(champion) => {
            document.insert("status".to_owned(), json!("ok"));
            document.insert("model".to_owned(), json!({ "id": champion.id, "family": champion.family }));
        }
        None => {
            document.insert("status".to_owned(), json!("no model"));
        }
    }
    document.insert("sales".to_owned(), json!(snapshot.sales()));
    document.insert("version".to_owned(), json!(env!("CARGO_PKG_VERSION")));
    Ok(json_response(&Value::Object(document)).unwrap_or_else(Problem::into_response))
}
