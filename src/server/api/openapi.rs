//! `/openapi.json`: the API, described by the types that serve it.

use std::sync::{Arc, LazyLock};

use serde_json::{Value, json};
use tide::Request;
use utoipa::openapi::schema::{Schema, SchemaType, Type};
use utoipa::openapi::{OpenApi as Document, PathItem, RefOr};
use utoipa::{Modify, OpenApi};

use super::errors::{ERRORS, request_id_header};
use super::{backups, health, metrics, models, outcomes, predictions, price_list, requests, similar};
use crate::access::Role;
use crate::server::app::App;
use crate::server::endpoint::Endpoint;
use crate::server::http::problem::{Answer, Problem, ProblemDocument};
use crate::server::http::request_parts::json_text_response;
use crate::store::{ModelRecord, Store, StoreError};

/// The document without the parts that depend on the file.
static DOCUMENT: LazyLock<Value> = LazyLock::new(|| json!(Description::openapi()));

/// Declares every endpoint of the API: who may use it, a handler, and its documentation, which utoipa generates from its
/// attribute.
macro_rules! declare_endpoints {
    ($($resource:ident for $audience:ident { $($handler:ident: $documentation:ident),+ })+) => {
        #[derive(OpenApi)]
        #[openapi(
            info(
                title = "Diamonds",
                description = "What is this stone worth? Prices of diamonds, learnt from sales. JSON in and out; every \
                               address that answers GET answers HEAD as well. /docs says the same for people."
            ),
            servers((url = "/", description = "This server")),
            paths($($($resource::$handler),+),+),
            components(schemas(ProblemDocument)),
            modifiers(&Finish),
        )]
        struct Description;

        /// Every endpoint of the API, and its document.
        pub fn endpoints() -> Vec<Endpoint> {
            vec![
                $($($audience(Endpoint::documented::<$resource::$documentation, _>($resource::$handler))),+),+,
                price(Endpoint::get("/openapi.json", show)),
                read(Endpoint::get(metrics::PATH, metrics::show)),
            ]
        }
    };
}

declare_endpoints! {
    predictions for price_and_replicas { create: __path_create, show: __path_show, steps: __path_steps }
    outcomes for price { record: __path_record }
    similar for price_and_replicas { find_by_query: __path_find_by_query, find_by_body: __path_find_by_body }
    price_list for price { show: __path_show }
    models for read { list: __path_list, show: __path_show }
    requests for read { list: __path_list }
    backups for manage { latest: __path_latest }
    health for anybody { show: __path_show, live: __path_live }
}

fn price(endpoint: Endpoint) -> Endpoint {
    endpoint.for_role(Role::Price)
}

fn price_and_replicas(endpoint: Endpoint) -> Endpoint {
    price(endpoint).for_replicas()
}

fn manage(endpoint: Endpoint) -> Endpoint {
    endpoint.for_role(Role::Manage)
}

fn read(endpoint: Endpoint) -> Endpoint {
    endpoint.for_role(Role::Read)
}

fn anybody(endpoint: Endpoint) -> Endpoint {
    endpoint.for_anybody()
}

/// Adds what all endpoints share.
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
        // a query has no null: a parameter is left out instead
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

/// The document, with the models of this file.
///
/// # Errors
/// If the file cannot be read.
pub fn document(store: &Store) -> Result<Value, StoreError> {
    let models = store.models()?;
    let mut document = DOCUMENT.clone();
    let parameters = document.pointer_mut("/paths/~1v1~1predictions/post/parameters").and_then(Value::as_array_mut);
    for parameter in parameters.into_iter().flatten().filter(|parameter| parameter["name"] == "model") {
        if let Some(names) = names_of(&models) {
            parameter["schema"]["enum"] = json!(names);
        }
    }
    Ok(document)
}

/// The values by which models can be chosen: their families and their numbers. `None` if there is no model.
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
async fn show(request: Request<App>) -> Answer {
    let app = request.state();
    let snapshot = app.pricing.snapshot();
    if let Some(text) = app.written.of(&snapshot) {
        return Ok(json_text_response(&text));
    }
    let document = app.read(document).await?;
    let text: Arc<str> = serde_json::to_string(&document).map_err(|error| Problem::internal(error.to_string()))?.into();
    app.written.set(&snapshot, text.clone());
    Ok(json_text_response(&text))
}
