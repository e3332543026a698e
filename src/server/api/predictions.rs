//! `/v1/predictions`: what a stone is worth.

use std::sync::Arc;

use serde::Serialize;
use serde_json::{Value, json};
use tide::Request;
use utoipa::openapi::schema::{ArrayBuilder, OneOfBuilder, Schema};
use utoipa::openapi::{Ref, RefOr};
use utoipa::{IntoParams, PartialSchema, ToSchema};
use uuid::Uuid;

use super::errors::{AnyRoute, ApiRoute, WithBody, WithId, WithModel};
use crate::diamond::{Clarity, Color, Cut, FieldError, StoneDescription};
use crate::monitoring::{Prediction, PricedStone};
use crate::pricing::{ModelName, PricingError, PricingService, ServedModel, Snapshot, Step};
use crate::server::app::App;
use crate::server::http::attachments::{AnsweredBy, RequestId};
use crate::server::http::problem::{Answer, Problem};
use crate::server::http::request_parts::{
    in_background, json_body, json_response, query_pairs, refuse_unknown_parameters, require_json_accepted,
};
use crate::store::LoggedRequest;

/// Stones that one request may hold.
const MAX_STONES: usize = 1_000;

/// What is to be priced: a stone, or an array of them.
pub struct Stones;

impl PartialSchema for Stones {
    fn schema() -> RefOr<Schema> {
        let stone = || Ref::from_schema_name(StoneDescription::name());
        let several = ArrayBuilder::new()
            .items(stone())
            .max_items(Some(MAX_STONES))
            .description(Some("Several stones; the answer is an array in the same order."));
        OneOfBuilder::new()
            .item(stone())
            .item(several)
            .description(Some("A stone, or an array of them."))
            .examples([json!({ "carat": 1.1, "cut": Cut::Ideal, "color": Color::H, "clarity": Clarity::SI2 })])
            .into()
    }
}

impl ToSchema for Stones {
    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        schemas.push((StoneDescription::name().into_owned(), StoneDescription::schema()));
        StoneDescription::schemas(schemas);
    }
}

/// The price of a stone, or of each stone of an array in its order.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
pub enum Predictions {
    /// Of one stone.
    One(Box<Prediction>),
    /// Of several.
    Many(Vec<Prediction>),
}

/// What a stone would cost if it were a little different.
#[derive(Serialize, ToSchema)]
pub struct PredictionSteps {
    /// Id of the prediction.
    id: Uuid,
    /// The price of the stone as it is, in US dollars.
    price_usd: f64,
    /// The model that says so.
    model: ModelName,
    /// Each change, and what it costs then.
    steps: Vec<Step>,
}

/// Price a stone, or up to 1,000
///
/// A stone in, its price out; an array in, an array out in the same order. Prices are estimates in US dollars.
#[utoipa::path(
    post, path = "/v1/predictions", operation_id = "predict", tag = "predictions",
    params(Wanted),
    request_body = Stones,
    responses(
        (status = 200, description = "The price of the stone, or of each.", body = Predictions, links(
            ("prediction" = (operation_id = "showPrediction", parameters(("id" = "$response.body#/id")))),
            ("steps" = (operation_id = "showSteps", parameters(("id" = "$response.body#/id")))),
            ("outcome" = (operation_id = "recordOutcome", parameters(("id" = "$response.body#/id")))),
        )),
        AnyRoute, ApiRoute, WithBody, WithModel
    )
)]
pub async fn create(request: Request<App>) -> tide::Result {
    Ok(price(request).await.unwrap_or_else(Problem::into_response))
}

async fn price(request: Request<App>) -> Answer {
    require_json_accepted(&request)?;
    let parameters = query_pairs(&request);
    refuse_unknown_parameters(&parameters, &["model", "explain"])?;
    let Wanted { model: wanted, explain } = Wanted::read(parameters)?;
    let body = json_body(&request)?;
    let first_id = request.ext::<RequestId>().map_or_else(Uuid::now_v7, |id| id.0);
    let (descriptions, is_array) = read_descriptions(body)?;
    let snapshot = request.state().pricing.snapshot();
    let model = find_model(&request, &snapshot, wanted).await?;
    let model_id = model.id;
    let price_all = move || -> Result<Vec<Prediction>, PricingError> {
        let price = if explain { Snapshot::explain } else { Snapshot::quote };
        descriptions
            .iter()
            .zip(0_u128..)
            .map(|(description, place)| {
                let id = Uuid::from_u128(first_id.as_u128() + place);
                Ok(Prediction { id, quote: price(&snapshot, description, &model)? })
            })
            .collect()
    };
    let mut predictions = if explain { in_background(price_all).await?? } else { price_all()? };
    let answer = match predictions.pop() {
        Some(only) if !is_array => Predictions::One(Box::new(only)),
        last => {
            predictions.extend(last);
            Predictions::Many(predictions)
        }
    };
    let mut response = json_response(&answer)?;
    response.insert_ext(AnsweredBy(model_id));
    Ok(response)
}

/// What the parameters ask for; of one that is given twice the last counts.
#[derive(Default, IntoParams)]
#[into_params(parameter_in = Query)]
struct Wanted {
    /// Which model to ask, by its number or the name of its family (then the newest of it); left out, the one that is best.
    /// This document lists those that answer at the moment.
    model: Option<String>,
    /// Whether to say why the price is what it is. That takes a thousand times as long as a price.
    #[param(required = false, default = false, example = false)]
    explain: bool,
}

impl Wanted {
    fn read(parameters: Vec<(String, String)>) -> Result<Self, Problem> {
        let mut wanted = Self::default();
        for (name, value) in parameters {
            match (name.as_str(), value.as_str()) {
                ("model", _) => wanted.model = Some(value),
                ("explain", "true") => wanted.explain = true,
                ("explain", "false") => wanted.explain = false,
                _ => {
                    let message = "must be true or false".to_owned();
                    return Err(Problem::bad_fields(vec![FieldError { field: name, message, value: json!(value) }]));
                }
            }
        }
        Ok(wanted)
    }
}

async fn find_model(
    request: &Request<App>,
    snapshot: &Arc<Snapshot>,
    wanted: Option<String>,
) -> Result<Arc<ServedModel>, Problem> {
    let pricing = request.state().pricing.clone();
    if let Some(model) = pricing.ready_model(snapshot, wanted.as_deref()) {
        return Ok(model);
    }
    let snapshot = snapshot.clone();
    Ok(in_background(move || pricing.model(&snapshot, wanted.as_deref())).await??)
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

/// A price again
///
/// The same document that was answered when the stone was priced, for ever.
#[utoipa::path(
    get, path = "/v1/predictions/{id}", operation_id = "showPrediction", tag = "predictions",
    params(("id" = Uuid, Path, description = "Id of the prediction.")),
    responses((status = 200, description = "The price.", body = Prediction), AnyRoute, ApiRoute, WithId)
)]
pub async fn show(request: Request<App>) -> tide::Result {
    Ok(find(request).await.unwrap_or_else(Problem::into_response))
}

/// What a better or a worse stone would cost
///
/// The price one grade up or down in color, clarity and cut, and at the next weights that the trade pays for.
#[utoipa::path(
    get, path = "/v1/predictions/{id}/steps", operation_id = "showSteps", tag = "predictions",
    params(("id" = Uuid, Path, description = "Id of the prediction.")),
    responses((status = 200, description = "The steps.", body = PredictionSteps), AnyRoute, ApiRoute, WithId, WithModel)
)]
pub async fn steps(request: Request<App>) -> tide::Result {
    Ok(find_steps(request).await.unwrap_or_else(Problem::into_response))
}

async fn find(request: Request<App>) -> Answer {
    let (id, logged) = find_logged(&request).await?;
    json_response(&PricedStone::document_in(&logged, id).ok_or_else(|| unknown(&id.to_string()))?)
}

async fn find_steps(request: Request<App>) -> Answer {
    let (id, logged) = find_logged(&request).await?;
    let mut asked = PricedStone::in_request(&logged).into_iter();
    let asked = asked.find(|asked| asked.prediction.id == id).ok_or_else(|| unknown(&id.to_string()))?;
    let pricing = request.state().pricing.clone();
    let document = in_background(move || steps_document(&pricing, &asked)).await??;
    json_response(&document)
}

/// What the stone would have cost, were it a little different, by the model that priced it.
fn steps_document(pricing: &PricingService, asked: &PricedStone) -> Result<PredictionSteps, PricingError> {
    let Prediction { id, quote } = &asked.prediction;
    let snapshot = pricing.snapshot();
    let model = pricing.model(&snapshot, Some(&quote.model.id.to_string()))?;
    let steps = snapshot.steps(&asked.completed(), &model);
    Ok(PredictionSteps { id: *id, price_usd: quote.price_usd, model: quote.model.clone(), steps })
}

/// The prediction that the path names, and the request that it was made for.
pub async fn find_logged(request: &Request<App>) -> Result<(Uuid, LoggedRequest), Problem> {
    require_json_accepted(request)?;
    refuse_unknown_parameters(&query_pairs(request), &[])?;
    let text = request.param("id").unwrap_or_default();
    let id: Uuid = text.parse().map_err(|_| unknown(text))?;
    let app = request.state().clone();
    let logged = in_background(move || app.history()?.request_of_prediction(id)).await??;
    Ok((id, logged.ok_or_else(|| unknown(text))?))
}

/// There is no such prediction.
pub fn unknown(id: &str) -> Problem {
    Problem::new(404, format!("there is no prediction {id}"))
}
