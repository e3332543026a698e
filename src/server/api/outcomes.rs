//! `/v1/predictions/{id}/outcome`: what a priced stone really fetched.

use serde::Serialize;
use serde_json::Value;
use tide::{Request, StatusCode};
use uuid::Uuid;

use super::predictions::{find_logged, unknown};
use crate::diamond::FieldError;
use crate::engine::{Asked, MAX_PRICE_USD};
use crate::server::app::App;
use crate::server::problem::{Answer, Problem};
use crate::server::request_parts::{in_background, json_body, json_response};
use crate::text::to_the_cent;

/// What was recorded, beside what had been said.
#[derive(Serialize)]
struct Recorded {
    prediction: Uuid,
    price_usd: f64,
    predicted_usd: f64,
    /// By how much the prediction was too high.
    error_usd: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    within_range: Option<bool>,
}

/// `POST /v1/predictions/{id}/outcome`. Of several for one prediction the last counts.
pub async fn record(request: Request<App>) -> tide::Result {
    Ok(answer(request).await.unwrap_or_else(Problem::into_response))
}

async fn answer(request: Request<App>) -> Answer {
    let (id, logged) = find_logged(&request).await?;
    let price_usd = read_price(&json_body(&request)?)?;
    let asked = Asked::in_request(&logged).into_iter().find(|asked| asked.prediction.id == id);
    let outcome = asked.ok_or_else(|| unknown(&id.to_string()))?.fetched(price_usd);
    let recorded = Recorded {
        prediction: id,
        price_usd,
        predicted_usd: outcome.predicted_usd,
        error_usd: to_the_cent(outcome.predicted_usd - price_usd),
        within_range: outcome.range_usd.map(|range| (range.low..=range.high).contains(&price_usd)),
    };
    let engine = request.state().engine.clone();
    in_background(move || engine.write(|store| store.record_outcomes(&[outcome]))).await??;
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
    let price = fields.get("price_usd").and_then(Value::as_f64).filter(|price| *price > 0.0 && *price <= MAX_PRICE_USD);
    match price {
        Some(price) if errors.is_empty() => Ok(price),
        Some(_) => Err(Problem::bad_fields(errors)),
        None => {
            errors.push(blame("price_usd", format!("must be a number above 0 and at most {MAX_PRICE_USD}")));
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
