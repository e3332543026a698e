//! `/v1/predictions`: the predicted price of a stone.

use std::sync::Arc;

use serde::Serialize;
use serde_json::{Value, json};
use tide::Request;
use utoipa::openapi::path::{Parameter as DocumentedParameter, ParameterIn};
use utoipa::openapi::schema::{ArrayBuilder, OneOfBuilder, Schema};
use utoipa::openapi::{Ref, RefOr};
use utoipa::{IntoParams, PartialSchema, ToSchema};
use uuid::Uuid;

use super::errors::{AnyRoute, ApiRoute, WithBody, WithId, WithModel};
use super::prediction_files::{self, FileForm, READING_PARAMETERS};
use crate::diamond::{Clarity, Color, Cut, DescribedStone, Field, FieldError, StoneDescription};
use crate::learning::evaluation::Confidence;
use crate::pricing::{ModelName, Prediction, PredictionOrigin, PricingError, ServedModel, Snapshot, Step};
use crate::server::access::Caller;
use crate::server::app::App;
use crate::server::blocking_work::in_background;
use crate::server::http::attachments::{AnsweredBy, MadePredictions, RequestIdentity};
use crate::server::http::long_bodies::{CSV, JSON_LINES};
use crate::server::http::parameters::{Parameter, ParameterKind, document_parameters, read_flag, read_parameters};
use crate::server::http::problem::{Answer, Problem};
use crate::server::http::request_parts::{
    id_in_path, json_body, json_response, query_pairs, received_body, require_json_accepted, require_no_parameters,
};
use crate::store::{PredictionRecord, PredictionSource};

/// Most stones in one request.
const MAX_STONES: usize = 1_000;

/// What is to be priced: a stone, or an array of stones.
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

/// The price of a stone, or the prices of an array of stones in its order.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
pub enum Predictions {
    /// For one stone.
    One(Box<Prediction>),
    /// For an array.
    Many(Vec<Prediction>),
}

/// What slightly different stones cost.
#[derive(Serialize, ToSchema)]
pub struct PredictionSteps {
    /// Id of the prediction.
    id: Uuid,
    /// The price of the stone as it is, in US dollars.
    price_usd: f64,
    /// The model that predicts these prices.
    model: ModelName,
    /// Each change, and the price with it.
    steps: Vec<Step>,
}

/// Price one stone, or many stones
///
/// One stone gets one price; an array of up to 1,000 stones gets an array of prices in the same order. Any number of stones goes in
/// as lines: `application/x-ndjson`, a stone on each line, answers a price on each, or an object with `detail` where there is none;
/// `text/csv`, a table with a header in any of the usual forms, answers the same table with price, range, model, number of the
/// prediction and warnings added. Prices are estimates in US dollars.
#[utoipa::path(
    post, path = "/v1/predictions", operation_id = "predict", tag = "predictions",
    params(Wanted),
    request_body(content((Stones = "application/json"), (String = "text/csv"), (String = "application/x-ndjson"))),
    responses(
        (status = 200, description = "The price of the stone, or of each.", content(
            (Predictions = "application/json"), (String = "text/csv"), (String = "application/x-ndjson")
        ), links(
            ("prediction" = (operation_id = "showPrediction", parameters(("id" = "$response.body#/id")))),
            ("steps" = (operation_id = "showSteps", parameters(("id" = "$response.body#/id")))),
            ("outcome" = (operation_id = "recordOutcome", parameters(("id" = "$response.body#/id")))),
        )),
        AnyRoute, ApiRoute, WithBody, WithModel
    )
)]
pub async fn create(request: Request<App>) -> Answer {
    if let Some(form) = FileForm::of(&request) {
        return prediction_files::create(request, form).await;
    }
    require_json_accepted(&request)?;
    refuse_stone_in_query(&request)?;
    let mut wanted = Wanted::default();
    read_parameters(&WANTED_PARAMETERS, &query_pairs(&request), &mut wanted).map_err(Problem::bad_fields)?;
    let Wanted { model: wanted, asked } = wanted;
    let (descriptions, is_array) = read_descriptions(json_body(&request)?)?;
    let Some(identity) = request.ext::<RequestIdentity>().copied() else {
        return Err(Problem::internal("a request without an id"));
    };
    let snapshot = request.state().pricing.snapshot();
    let model = find_model(&request, &snapshot, wanted).await?;
    let model_id = model.id;
    let price_all = move || price_stones(&descriptions, &snapshot, &model, asked, identity);
    let (mut predictions, records) = if asked.explain { in_background(price_all).await?? } else { price_all()? };
    let answer = match predictions.pop() {
        Some(only) if !is_array => Predictions::One(Box::new(only)),
        last => {
            predictions.extend(last);
            Predictions::Many(predictions)
        }
    };
    let mut response = json_response(&answer)?;
    response.insert_ext(AnsweredBy(model_id));
    response.insert_ext(MadePredictions(records.into()));
    Ok(response)
}

/// The answers to `stones`, in their order, and their records. The first has the id of the request, the others have the ids
/// that follow it.
fn price_stones(
    stones: &[DescribedStone],
    snapshot: &Snapshot,
    model: &ServedModel,
    asked: Asked,
    identity: RequestIdentity,
) -> Result<(Vec<Prediction>, Vec<PredictionRecord>), PricingError> {
    let price = if asked.explain { Snapshot::explain } else { Snapshot::quote };
    let mut predictions = Vec::with_capacity(stones.len());
    let mut records = Vec::with_capacity(stones.len());
    for ((stone, notes), position) in stones.iter().zip(0_u32..) {
        let id = Uuid::from_u128(identity.id.as_u128() + u128::from(position));
        let mut prediction = Prediction { id, quote: price(snapshot, stone, model, asked.confidence)? };
        prediction.quote.warnings.extend_from_slice(notes);
        let origin = PredictionOrigin {
            request: Some(identity.id),
            position: position.into(),
            time: identity.time,
            source: PredictionSource::Api,
        };
        records.push(prediction.to_record(*stone, origin));
        predictions.push(prediction);
    }
    Ok((predictions, records))
}

/// The query parameters of a prediction.
#[derive(Default)]
struct Wanted {
    model: Option<String>,
    asked: Asked,
}

/// What is asked of each price.
#[derive(Clone, Copy, Default)]
struct Asked {
    explain: bool,
    confidence: Confidence,
}

/// The parameter `model`, which `read` reads.
pub(super) const fn model_parameter<T>(read: fn(&mut T, &str) -> Result<(), String>) -> Parameter<T> {
    Parameter {
        name: "model",
        description: "Which model to ask, by its number or the name of its family (then the newest of it); left out, the one \
                      that is best. This document lists those that answer at the moment.",
        kind: ParameterKind::Text,
        read,
    }
}

/// The parameter `confidence`, which `read` reads.
pub(super) const fn confidence_parameter<T>(read: fn(&mut T, &str) -> Result<(), String>) -> Parameter<T> {
    Parameter {
        name: "confidence",
        description: "How often the range holds: 0.5, 0.8, 0.9 or 0.95; left out, 0.9.",
        kind: ParameterKind::Text,
        read,
    }
}

static WANTED_PARAMETERS: [Parameter<Wanted>; 3] = [
    model_parameter(|wanted, value| {
        wanted.model = Some(value.to_owned());
        Ok(())
    }),
    Parameter {
        name: "explain",
        description: "Whether to explain the price. That takes about ten times as long as the price alone.",
        kind: ParameterKind::Flag,
        read: |wanted, value| {
            wanted.asked.explain = read_flag(value)?;
            Ok(())
        },
    },
    confidence_parameter(|wanted, value| {
        wanted.asked.confidence = Confidence::parse(value)?;
        Ok(())
    }),
];

impl IntoParams for Wanted {
    fn into_params(_parameter_in_provider: impl Fn() -> Option<ParameterIn>) -> Vec<DocumentedParameter> {
        let mut documented = document_parameters(&WANTED_PARAMETERS, |_| None);
        documented.extend(document_parameters(&READING_PARAMETERS, |_| None));
        documented
    }
}

/// Refuses a stone that is in the address instead of the body, with what to send.
fn refuse_stone_in_query(request: &Request<App>) -> Result<(), Problem> {
    let names_stone = || query_pairs(request).iter().any(|(name, _)| Field::find_by_any_name(name).is_some());
    if received_body(request).is_empty() && names_stone() {
        let example = r#"{"carat": 1.1, "cut": "Ideal", "color": "H", "clarity": "SI2"}"#;
        return Err(Problem::new(400, format!("the stone is in the address: send it in the body, as JSON: {example}")));
    }
    Ok(())
}

/// The model that is `wanted`, or the champion.
///
/// # Errors
/// If there is none.
pub async fn find_model(
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

/// The stones of a body, and whether they are an array.
fn read_descriptions(body: Value) -> Result<(Vec<DescribedStone>, bool), Problem> {
    match body {
        Value::Object(fields) => {
            let stone = StoneDescription::read_fields(&fields, &[]).map_err(Problem::bad_fields)?;
            Ok((vec![stone], false))
        }
        Value::Array(stones) if stones.len() > MAX_STONES => Err(Problem::new(
            422,
            format!(
                "{} stones are too many for one array: send {MAX_STONES} at most, or any number of lines as {JSON_LINES} or {CSV}",
                stones.len()
            ),
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

fn read_element(place: usize, stone: Value) -> Result<DescribedStone, Vec<FieldError>> {
    let Value::Object(fields) = stone else {
        return Err(vec![FieldError::new(format!("[{place}]"), "must be a stone (an object)", stone)]);
    };
    StoneDescription::read_fields(&fields, &[]).map_err(|mut errors| {
        for error in &mut errors {
            error.field = format!("[{place}].{}", error.field);
        }
        errors
    })
}

/// A price again
///
/// The same document that was answered when the stone was priced. It is kept for good.
#[utoipa::path(
    get, path = "/v1/predictions/{id}", operation_id = "showPrediction", tag = "predictions",
    params(("id" = Uuid, Path, description = "Id of the prediction.")),
    responses((status = 200, description = "The price.", body = Prediction), AnyRoute, ApiRoute, WithId)
)]
pub async fn show(request: Request<App>) -> Answer {
    json_response(&Prediction::from_record(&find_prediction(&request).await?))
}

/// What a better or a worse stone costs
///
/// The price for one grade higher or lower in color, clarity and cut, and for the next weights at which prices jump.
#[utoipa::path(
    get, path = "/v1/predictions/{id}/steps", operation_id = "showSteps", tag = "predictions",
    params(("id" = Uuid, Path, description = "Id of the prediction.")),
    responses((status = 200, description = "The steps.", body = PredictionSteps), AnyRoute, ApiRoute, WithId, WithModel)
)]
pub async fn steps(request: Request<App>) -> Answer {
    let record = find_prediction(&request).await?;
    let snapshot = request.state().pricing.snapshot();
    let model = find_model(&request, &snapshot, Some(record.model.to_string())).await?;
    let steps = in_background(move || PredictionSteps {
        id: record.id,
        price_usd: record.price_usd,
        steps: snapshot.steps(&record.stone, &model),
        model: ModelName { id: record.model, family: record.family },
    });
    json_response(&steps.await?)
}

/// The prediction whose id is in the path.
///
/// # Errors
/// 404 if there is none.
pub async fn find_prediction(request: &Request<App>) -> Result<PredictionRecord, Problem> {
    require_json_accepted(request)?;
    require_no_parameters(request)?;
    let text = id_in_path(request);
    let unknown = || Problem::new(404, format!("there is no prediction {text}"));
    let id: Uuid = text.parse().map_err(|_| unknown())?;
    let caller = Caller::of(request);
    request.state().read(move |store| caller.prediction(store, id)).await?.ok_or_else(unknown)
}
