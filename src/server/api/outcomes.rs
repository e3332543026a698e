//! `/v1/predictions/{id}/outcome`: what a priced stone really fetched.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use tide::{Request, StatusCode};
use utoipa::ToSchema;
use uuid::Uuid;

use super::errors::{AnyRoute, ApiRoute, WithBody, WithId};
use super::predictions::{find_logged, unknown};
use crate::diamond::FieldError;
use crate::monitoring::PricedStone;
use crate::pricing::{MAX_PRICE_USD, MIN_PRICE_USD};
use crate::server::app::App;
use crate::server::http::problem::{Answer, Problem};
use crate::server::http::request_parts::{in_background, json_body, json_response};
use crate::text::to_the_cent;

/// What a stone really fetched.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"price_usd": 4800}))]
#[expect(dead_code, reason = "it describes the body; `read_price` reads it and names every mistake")]
pub struct OutcomeBody {
    /// The price in US dollars.
    #[schema(minimum = 0.01, maximum = 1_000_000_000)]
    price_usd: f64,
}

/// What was recorded, beside what had been said.
#[derive(Serialize, ToSchema)]
pub struct Recorded {
    /// Id of the prediction.
    prediction: Uuid,
    /// What the stone fetched, in US dollars.
    price_usd: f64,
    /// What had been said, in US dollars.
    predicted_usd: f64,
    /// By how much the prediction was too high, in US dollars; below 0, too low.
    error_usd: f64,
    /// Whether the price lies in the range that was given; absent if none was.
    #[serde(skip_serializing_if = "Option::is_none")]
    within_range: Option<bool>,
}

/// Say what a priced stone really fetched
///
/// The models are judged by it. Of several outcomes for one prediction the last counts.
#[utoipa::path(
    post, path = "/v1/predictions/{id}/outcome", operation_id = "recordOutcome", tag = "predictions",
    params(("id" = Uuid, Path, description = "Id of the prediction.")),
    request_body = OutcomeBody,
    responses((status = 201, description = "The outcome is recorded.", body = Recorded), AnyRoute, ApiRoute, WithBody, WithId)
)]
pub async fn record(request: Request<App>) -> tide::Result {
    Ok(answer(request).await.unwrap_or_else(Problem::into_response))
}

async fn answer(request: Request<App>) -> Answer {
    let (id, logged) = find_logged(&request).await?;
    let price_usd = read_price(&json_body(&request)?)?;
    let asked = PricedStone::in_request(&logged).into_iter().find(|asked| asked.prediction.id == id);
    let outcome = asked.ok_or_else(|| unknown(&id.to_string()))?.fetched(price_usd);
    let recorded = Recorded {
        prediction: id,
        price_usd,
        predicted_usd: outcome.predicted_usd,
        error_usd: to_the_cent(outcome.predicted_usd - price_usd),
        within_range: outcome.range_usd.map(|range| (range.low..=range.high).contains(&price_usd)),
    };
    let pricing = request.state().pricing.clone();
    in_background(move || pricing.write(|store| store.record_outcomes(&[outcome]))).await??;
    let mut response = json_response(&recorded)?;
    response.set_status(StatusCode::Created);
    Ok(response)
}

/// The price in a body, and nothing else.
fn read_price(body: &Value) -> Result<f64, Problem> {
    let Value::Object(fields) = body else {
        return Err(Problem::new(422, "the body must be an object such as {\"price_usd\": 4800}"));
    };
    let blame = |field: &str, message: String| FieldError {
        field: field.to_owned(),
        message,
        value: fields.get(field).cloned().unwrap_or(Value::Null),
    };
    let mut errors: Vec<FieldError> = fields
        .keys()
        .filter(|name| *name != "price_usd")
        .map(|name| blame(name, "is not a field of an outcome: it has price_usd".to_owned()))
        .collect();
    let price =
        fields.get("price_usd").and_then(Value::as_f64).filter(|price| (MIN_PRICE_USD..=MAX_PRICE_USD).contains(price));
    match price {
        Some(price) if errors.is_empty() => Ok(price),
        Some(_) => Err(Problem::bad_fields(errors)),
        None => {
            errors.push(blame("price_usd", format!("must be a number from {MIN_PRICE_USD} to {MAX_PRICE_USD}")));
            Err(Problem::bad_fields(errors))
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_price_is_a_number_above_zero_and_alone() {
        assert_eq!(read_price(&json!({"price_usd": 4_800})).ok(), Some(4_800.0));
        for body in
            [json!({}), json!({"price_usd": 0}), json!({"price_usd": "9"}), json!({"price_usd": 1, "id": 2}), json!(4)]
        {
            assert_eq!(read_price(&body).expect_err("refused").status, 422, "{body}");
        }
    }
}
