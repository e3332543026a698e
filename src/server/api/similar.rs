//! `/v1/similar`: sold stones that are similar to a given stone.

use serde_json::{Value, json};
use tide::Request;
use utoipa::openapi::path::{Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::schema::{ObjectBuilder, Schema, SchemaType, Type};
use utoipa::openapi::{RefOr, Required};
use utoipa::{IntoParams, PartialSchema, ToSchema};

use super::errors::{AnyRoute, ApiRoute, WithBody};
use crate::diamond::{FieldError, StoneDescription};
use crate::pricing::{MAX_SIMILAR, PricingError, SimilarStones};
use crate::server::app::App;
use crate::server::http::attachments::AnsweredBy;
use crate::server::http::problem::{Answer, Problem};
use crate::server::http::request_parts::{
    json_body, json_response, query_pairs, require_json_accepted, require_no_parameters,
};

/// How many stones are listed by default.
const DEFAULT_COUNT: usize = 5;

/// A stone, and how many similar ones are wanted. Only carat, cut, color and clarity are used.
pub struct SimilarRequest;

impl PartialSchema for SimilarRequest {
    fn schema() -> RefOr<Schema> {
        let mut schema = StoneDescription::schema();
        if let RefOr::T(Schema::Object(stone)) = &mut schema {
            let count = ObjectBuilder::new()
                .schema_type(SchemaType::from_iter([Type::Integer, Type::Null]))
                .description(Some("How many stones to list."))
                .minimum(Some(1))
                .maximum(Some(MAX_SIMILAR))
                .default(Some(json!(DEFAULT_COUNT)));
            stone.properties.insert("n".to_owned(), count.into());
            stone.description = Some(
                "A stone, and how many like it are wanted. Only carat, cut, color and clarity are used.".to_owned(),
            );
            for example in &mut stone.examples {
                example["n"] = json!(3);
            }
        }
        schema
    }
}

impl ToSchema for SimilarRequest {
    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        StoneDescription::schemas(schemas);
    }
}

impl IntoParams for SimilarRequest {
    fn into_params(_parameter_in_provider: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let RefOr::T(Schema::Object(schema)) = Self::schema() else { return Vec::new() };
        let example = schema.examples.first().cloned().unwrap_or_default();
        let parameter = |(name, property): (String, RefOr<Schema>)| {
            let (mut description, mut property) = (None, property);
            match &mut property {
                RefOr::T(Schema::Object(object)) => description = object.description.take(),
                RefOr::Ref(reference) => description = Some(std::mem::take(&mut reference.description)),
                RefOr::T(_) => {}
            }
            let required = if schema.required.contains(&name) { Required::True } else { Required::False };
            ParameterBuilder::new()
                .parameter_in(ParameterIn::Query)
                .description(description)
                .required(required)
                .example(example.get(&name).cloned())
                .name(name)
                .schema(Some(property))
                .build()
        };
        schema.properties.into_iter().map(parameter).collect()
    }
}

/// Sold stones like this one
///
/// Sold stones of the same cut, color and clarity, the nearest weights first. The list is shorter if there are fewer.
#[utoipa::path(
    post, path = "/v1/similar", operation_id = "findSimilar", tag = "similar",
    request_body = SimilarRequest,
    responses((status = 200, description = "The stones.", body = SimilarStones), AnyRoute, ApiRoute, WithBody)
)]
pub async fn find_by_body(request: Request<App>) -> Answer {
    require_json_accepted(&request)?;
    require_no_parameters(&request)?;
    let Value::Object(fields) = json_body(&request)? else {
        return Err(Problem::new(422, "the body must be a stone (an object), with n beside it if need be"));
    };
    answer(&request, StoneDescription::from_fields(&fields, &["n"]), fields.get("n"))
}

/// Sold stones like this one, by a link
///
/// The same as POST, with the stone in the query.
#[utoipa::path(
    get, path = "/v1/similar", operation_id = "findSimilarByLink", tag = "similar",
    params(SimilarRequest),
    responses((status = 200, description = "The stones.", body = SimilarStones), AnyRoute, ApiRoute)
)]
pub async fn find_by_query(request: Request<App>) -> Answer {
    require_json_accepted(&request)?;
    let pairs = query_pairs(&request);
    let description =
        StoneDescription::from_text(pairs.iter().map(|(name, value)| (name.as_str(), value.as_str())), &["n"]);
    let count = pairs.iter().rev().find(|(name, _)| name == "n");
    let count = count.map(|(_, value)| value.parse::<u64>().map_or_else(|_| json!(value), Value::from));
    answer(&request, description, count.as_ref())
}

fn answer(request: &Request<App>, description: Result<StoneDescription, Vec<FieldError>>, n: Option<&Value>) -> Answer {
    let (description, count) = match (description, read_count(n)) {
        (Ok(description), Ok(count)) => (description, count),
        (description, count) => {
            let errors = description.err().into_iter().flatten().chain(count.err()).collect();
            return Err(Problem::bad_fields(errors));
        }
    };
    let snapshot = request.state().pricing.snapshot();
    let champion = snapshot.champion().ok_or(PricingError::NoModel)?;
    let mut response = json_response(&snapshot.similar().nearest(&description, count).map_err(Problem::from)?)?;
    response.insert_ext(AnsweredBy(champion.id));
    Ok(response)
}

fn read_count(n: Option<&Value>) -> Result<usize, FieldError> {
    let Some(value) = n.filter(|value| !value.is_null()) else { return Ok(DEFAULT_COUNT) };
    // in JSON, 5.0 is a whole number as 5 is
    let whole = value.as_f64().filter(|count| count.fract() == 0.0).map(|count| format!("{count:.0}"));
    match whole.and_then(|count| count.parse().ok()) {
        Some(count) if (1..=MAX_SIMILAR).contains(&count) => Ok(count),
        _ => Err(FieldError::new("n", format!("must be a whole number from 1 to {MAX_SIMILAR}"), value.clone())),
    }
}
