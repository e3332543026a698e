//! `/openapi.json`: the API, told by the very types that serve it.

use std::sync::LazyLock;

use serde_json::{Value, json};
use tide::Request;
use utoipa::openapi::schema::{Schema, SchemaType, Type};
use utoipa::openapi::{OpenApi as Document, PathItem, RefOr};
use utoipa::{Modify, OpenApi};

use super::errors::{ERRORS, request_id_header};
use super::{health, models, outcomes, predictions, requests, similar};
use crate::pricing::PricingService;
use crate::server::app::App;
use crate::server::http::problem::{Answer, Problem, ProblemDocument};
use crate::server::http::request_parts::{in_background, json_response};
use crate::store::{ModelRecord, StoreError};

/// The document without what only the file knows.
static DOCUMENT: LazyLock<Value> = LazyLock::new(|| json!(Description::openapi()));

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Diamonds",
        description = "What is this stone worth? Prices of diamonds, learnt from sales. JSON in and out; every address that \
                       answers GET answers HEAD as well. /docs says the same for people."
    ),
    servers((url = "/", description = "This server")),
    paths(
        predictions::create,
        predictions::show,
        predictions::steps,
        outcomes::record,
        similar::find_by_query,
        similar::find_by_body,
        models::list,
        models::show,
        requests::list,
        health::show,
    ),
    components(schemas(ProblemDocument)),
    modifiers(&Finish),
)]
struct Description;

/// Adds what all routes share.
struct Finish;

impl Modify for Finish {
    fn modify(&self, document: &mut Document) {
        let components = document.components.get_or_insert_default();
        for kind in ERRORS.iter() {
            components.responses.insert(kind.component_name(), kind.response().into());
        }
        for item in document.paths.paths.values_mut() {
            finish_path(item);
        }
    }
}

fn finish_path(item: &mut PathItem) {
    for operation in [&mut item.get, &mut item.post].into_iter().flatten() {
        for response in operation.responses.responses.values_mut() {
            if let RefOr::T(response) = response {
                response.headers.insert("X-Request-Id".to_owned(), request_id_header().into());
            }
        }
        // a query has no null: what is left out is not there
        for parameter in operation.parameters.iter_mut().flatten() {
            if let RefOr::T(parameter) = parameter
                && let Some(RefOr::T(Schema::Object(schema))) = &mut parameter.schema
                && let SchemaType::Array(types) = &mut schema.schema_type
            {
                types.retain(|one| *one != Type::Null);
                if let [only] = &types[..] {
                    schema.schema_type = SchemaType::Type(only.clone());
                }
            }
        }
    }
}

/// The document, with the models that answer at the moment.
///
/// # Errors
/// If the file cannot be read.
pub fn document(pricing: &PricingService) -> Result<Value, StoreError> {
    let models = pricing.reader()?.models()?;
    let mut document = DOCUMENT.clone();
    let parameters = document.pointer_mut("/paths/~1v1~1predictions/post/parameters").and_then(Value::as_array_mut);
    for parameter in parameters.into_iter().flatten().filter(|parameter| parameter["name"] == "model") {
        if let Some(names) = names_of(&models) {
            parameter["schema"]["enum"] = json!(names);
        }
    }
    Ok(document)
}

/// By what the models may be asked for: their families, and their numbers. `None` if there is none.
fn names_of(models: &[ModelRecord]) -> Option<Vec<String>> {
    let answering: Vec<&ModelRecord> = models.iter().filter(|model| !model.pruned).collect();
    let mut names: Vec<String> = Vec::new();
    for model in &answering {
        if !names.contains(&model.family) {
            names.push(model.family.clone());
        }
    }
    names.extend(answering.iter().map(|model| model.id.to_string()));
    if names.is_empty() { None } else { Some(names) }
}

/// `GET /openapi.json`.
pub async fn show(request: Request<App>) -> tide::Result {
    Ok(answer(&request).await.unwrap_or_else(Problem::into_response))
}

async fn answer(request: &Request<App>) -> Answer {
    let pricing = request.state().pricing.clone();
    json_response(&in_background(move || document(&pricing)).await??)
}
