//! `/v1/predictions`: what a stone is worth.

use std::sync::Arc;

use serde::Serialize;
use serde_json::Value;
use tide::Request;
use uuid::Uuid;

use super::app::App;
use super::attachments::{AnsweredBy, RequestId};
use super::problem::{Answer, Problem};
use super::request_parts::{
    in_background, json_body, json_response, query_pairs, refuse_unknown_parameters, require_json_accepted,
};
use crate::diamond::{FieldError, StoneDescription};
use crate::engine::{EngineError, Quote, ServedModel, Snapshot};

/// Stones that one request may hold.
const MAX_STONES: usize = 1_000;

/// A quote with the id under which it is found again.
#[derive(Debug, Clone, Serialize)]
pub struct Prediction {
    /// UUID version 7.
    pub id: Uuid,
    /// The price and how it came about.
    #[serde(flatten)]
    pub quote: Quote,
}

/// `POST /v1/predictions`.
pub async fn create(request: Request<App>) -> tide::Result {
    Ok(price(request).await.unwrap_or_else(Problem::into_response))
}

async fn price(request: Request<App>) -> Answer {
    require_json_accepted(&request)?;
    let parameters = query_pairs(&request);
    refuse_unknown_parameters(&parameters, &["model"])?;
    let wanted = parameters.into_iter().rev().find(|(name, _)| name == "model").map(|(_, value)| value);
    let body = json_body(&request)?;
    let first_id = request.ext::<RequestId>().map_or_else(Uuid::now_v7, |id| id.0);
    let (descriptions, is_array) = read_descriptions(body)?;
    let snapshot = request.state().engine.snapshot();
    let model = find_model(&request, &snapshot, wanted).await?;
    let predictions = descriptions
        .iter()
        .zip(0_u128..)
        .map(|(description, place)| {
            let id = Uuid::from_u128(first_id.as_u128() + place);
            Ok(Prediction { id, quote: snapshot.quote(description, &model)? })
        })
        .collect::<Result<Vec<_>, EngineError>>()?;
    let mut response = match &predictions[..] {
        [only] if !is_array => json_response(only)?,
        all => json_response(&all)?,
    };
    response.insert_ext(AnsweredBy(model.id));
    Ok(response)
}

async fn find_model(
    request: &Request<App>,
    snapshot: &Arc<Snapshot>,
    wanted: Option<String>,
) -> Result<Arc<ServedModel>, Problem> {
    let engine = request.state().engine.clone();
    if let Some(model) = engine.ready_model(snapshot, wanted.as_deref()) {
        return Ok(model);
    }
    let snapshot = snapshot.clone();
    Ok(in_background(move || engine.model(&snapshot, wanted.as_deref())).await??)
}

/// The stones of a body, and whether it was an array.
fn read_descriptions(body: Value) -> Result<(Vec<StoneDescription>, bool), Problem> {
    match body {
        Value::Object(fields) => {
            let stone = StoneDescription::from_fields(&fields, &[]).map_err(Problem::bad_fields)?;
            Ok((vec![stone], false))
        }
        Value::Array(stones) if stones.len() > MAX_STONES => Err(Problem::new(
            422,
            format!("{} stones are too many for one request: send {MAX_STONES} at most", stones.len()),
        )),
        Value::Array(stones) => {
            let mut descriptions = Vec::with_capacity(stones.len());
            let mut errors = Vec::new();
            for (place, stone) in stones.into_iter().enumerate() {
                match read_element(place, stone) {
                    Ok(description) => descriptions.push(description),
                    Err(mut found) => errors.append(&mut found),
                }
            }
            if errors.is_empty() { Ok((descriptions, true)) } else { Err(Problem::bad_fields(errors)) }
        }
        _ => Err(Problem::new(422, "the body must be a stone (an object) or an array of stones")),
    }
}

fn read_element(place: usize, stone: Value) -> Result<StoneDescription, Vec<FieldError>> {
    let Value::Object(fields) = stone else {
        let message = "must be a stone (an object)".to_owned();
        return Err(vec![FieldError { field: format!("[{place}]"), message, value: stone }]);
    };
    StoneDescription::from_fields(&fields, &[]).map_err(|mut errors| {
        for error in &mut errors {
            error.field = format!("[{place}].{}", error.field);
        }
        errors
    })
}

/// `GET /v1/predictions/{id}`.
pub async fn show(request: Request<App>) -> tide::Result {
    Ok(find(request).await.unwrap_or_else(Problem::into_response))
}

async fn find(request: Request<App>) -> Answer {
    require_json_accepted(&request)?;
    refuse_unknown_parameters(&query_pairs(&request), &[])?;
    let text = request.param("id").unwrap_or_default().to_owned();
    let unknown = || Problem::new(404, format!("there is no prediction {text}"));
    let id: Uuid = text.parse().map_err(|_| unknown())?;
    let app = request.state().clone();
    let document = in_background(move || app.history()?.prediction(id)).await??.ok_or_else(unknown)?;
    json_response(&document)
}
