//! `/v1/similar`: sold stones like a given one.

use serde_json::{Map, Value, json};
use tide::Request;

use crate::diamond::{FieldError, StoneDescription};
use crate::engine::{EngineError, MAX_SIMILAR};
use crate::server::app::App;
use crate::server::attachments::AnsweredBy;
use crate::server::problem::{Answer, Problem};
use crate::server::request_parts::{
    json_body, json_response, query_pairs, refuse_unknown_parameters, require_json_accepted,
};

/// Stones that are listed unless asked otherwise.
const DEFAULT_COUNT: usize = 5;

/// `POST /v1/similar`.
pub async fn find_by_body(request: Request<App>) -> tide::Result {
    Ok(answer_body(&request).unwrap_or_else(Problem::into_response))
}

/// `GET /v1/similar`.
pub async fn find_by_query(request: Request<App>) -> tide::Result {
    Ok(answer_query(&request).unwrap_or_else(Problem::into_response))
}

fn answer_body(request: &Request<App>) -> Answer {
    require_json_accepted(request)?;
    refuse_unknown_parameters(&query_pairs(request), &[])?;
    let Value::Object(fields) = json_body(request)? else {
        return Err(Problem::new(422, "the body must be a stone (an object), with n beside it if need be"));
    };
    answer(request, StoneDescription::from_fields(&fields, &["n"]), fields.get("n"))
}

fn answer_query(request: &Request<App>) -> Answer {
    require_json_accepted(request)?;
    let pairs = query_pairs(request);
    let description =
        StoneDescription::from_text(pairs.iter().map(|(name, value)| (name.as_str(), value.as_str())), &["n"]);
    let fields: Map<String, Value> = pairs
        .iter()
        .filter(|(name, _)| name == "n")
        .map(|(name, value)| (name.clone(), value.parse::<u64>().map_or_else(|_| json!(value), Value::from)))
        .collect();
    answer(request, description, fields.get("n"))
}

fn answer(request: &Request<App>, description: Result<StoneDescription, Vec<FieldError>>, n: Option<&Value>) -> Answer {
    let (description, count) = match (description, read_count(n)) {
        (Ok(description), Ok(count)) => (description, count),
        (description, count) => {
            let errors = description.err().into_iter().flatten().chain(count.err()).collect();
            return Err(Problem::bad_fields(errors));
        }
    };
    let snapshot = request.state().engine.snapshot();
    let champion = snapshot.champion().ok_or(EngineError::NoModel)?;
    let mut response = json_response(&snapshot.similar().nearest(&description, count))?;
    response.insert_ext(AnsweredBy(champion.id));
    Ok(response)
}

fn read_count(n: Option<&Value>) -> Result<usize, FieldError> {
    let Some(value) = n.filter(|value| !value.is_null()) else { return Ok(DEFAULT_COUNT) };
    match value.as_u64().and_then(|count| usize::try_from(count).ok()) {
        Some(count) if (1..=MAX_SIMILAR).contains(&count) => Ok(count),
        _ => Err(FieldError {
            field: "n".to_owned(),
            message: format!("must be a whole number from 1 to {MAX_SIMILAR}"),
            value: value.clone(),
        }),
    }
}
