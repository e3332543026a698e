//! `/v1/predictions/{id}/outcome`: the price that a stone really fetched.

use std::borrow::Cow;

use serde::Serialize;
use serde_json::{Value, json};
use tide::{Request, StatusCode};
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{AdditionalProperties, ObjectBuilder, Schema, Type};
use utoipa::{PartialSchema, ToSchema};
use uuid::Uuid;

use super::errors::{AnyRoute, ApiRoute, WithBody, WithId};
use super::predictions::find_prediction;
use crate::control::{ImportOutcomes, OutcomeRow};
use crate::diamond::FieldError;
use crate::pricing::{MAX_PRICE_USD, MIN_PRICE_USD};
use crate::server::access::Caller;
use crate::server::app::App;
use crate::server::http::problem::{Answer, Problem};
use crate::server::http::request_parts::{json_body, json_response};
use crate::text::to_the_cent;

/// The only field of an outcome.
const PRICE_USD: &str = "price_usd";

/// The price that a stone really fetched.
struct OutcomeBody {
    price_usd: f64,
}

impl PartialSchema for OutcomeBody {
    fn schema() -> RefOr<Schema> {
        let price = ObjectBuilder::new()
            .schema_type(Type::Number)
            .description(Some("The price in US dollars."))
            .minimum(Some(MIN_PRICE_USD))
            .maximum(Some(MAX_PRICE_USD));
        ObjectBuilder::new()
            .description(Some("What a stone really fetched."))
            .property(PRICE_USD, price)
            .required(PRICE_USD)
            .additional_properties(Some(AdditionalProperties::<Schema>::FreeForm(false)))
            .examples([json!({ PRICE_USD: 4800 })])
            .into()
    }
}

impl ToSchema for OutcomeBody {
    fn name() -> Cow<'static, str> {
        Cow::Borrowed("Outcome")
    }
}

impl OutcomeBody {
    /// Reads a body, which has the price and nothing else.
    fn read(body: &Value) -> Result<Self, Problem> {
        let Value::Object(fields) = body else {
            return Err(Problem::new(422, "the body must be an object such as {\"price_usd\": 4800}"));
        };
        let error = |field: &str, message: String| {
            FieldError::new(field, message, fields.get(field).cloned().unwrap_or(Value::Null))
        };
        let unknown = fields.keys().filter(|name| *name != PRICE_USD);
        let mut errors: Vec<FieldError> =
            unknown.map(|name| error(name, format!("is not a field of an outcome: it has {PRICE_USD}"))).collect();
        let price = fields.get(PRICE_USD).and_then(Value::as_f64);
        match price.filter(|price| (MIN_PRICE_USD..=MAX_PRICE_USD).contains(price)) {
            Some(price_usd) if errors.is_empty() => return Ok(Self { price_usd }),
            Some(_) => {}
            None => errors.push(error(PRICE_USD, format!("must be a number from {MIN_PRICE_USD} to {MAX_PRICE_USD}"))),
        }
        Err(Problem::bad_fields(errors))
    }
}

/// The recorded outcome beside the prediction.
#[derive(Serialize, ToSchema)]
pub struct Recorded {
    /// Id of the prediction.
    prediction: Uuid,
    /// The price at which the stone was sold, in US dollars.
    price_usd: f64,
    /// The predicted price, in US dollars.
    predicted_usd: f64,
    /// By how much the prediction was too high, in US dollars; negative if it was too low.
    error_usd: f64,
    /// Whether the price is in the predicted range; absent if there was no range.
    #[serde(skip_serializing_if = "Option::is_none")]
    within_range: Option<bool>,
}

/// Record what a priced stone really fetched
///
/// Models are evaluated on these prices. If a prediction gets several outcomes, the last counts.
#[utoipa::path(
    post, path = "/v1/predictions/{id}/outcome", operation_id = "recordOutcome", tag = "predictions",
    params(("id" = Uuid, Path, description = "Id of the prediction.")),
    request_body = OutcomeBody,
    responses((status = 201, description = "The outcome is recorded.", body = Recorded), AnyRoute, ApiRoute, WithBody, WithId)
)]
pub async fn record(request: Request<App>) -> Answer {
    let found = find_prediction(&request).await?;
    let OutcomeBody { price_usd } = OutcomeBody::read(&json_body(&request)?)?;
    let row = OutcomeRow { line: 1, prediction: found.id, price_usd };
    let import = ImportOutcomes { file: "the outcome".to_owned(), rows: vec![row] };
    request.state().run(import, &Caller::of(&request)).await?;
    let mut response = json_response(&Recorded {
        prediction: found.id,
        price_usd,
        predicted_usd: found.price_usd,
        error_usd: to_the_cent(found.price_usd - price_usd),
        within_range: found.range_usd.map(|range| (range.low..=range.high).contains(&price_usd)),
    })?;
    response.set_status(StatusCode::Created);
    Ok(response)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_price_is_a_number_above_zero_and_alone() {
        assert_eq!(OutcomeBody::read(&json!({"price_usd": 4_800})).ok().map(|body| body.price_usd), Some(4_800.0));
        for body in
            [json!({}), json!({"price_usd": 0}), json!({"price_usd": "9"}), json!({"price_usd": 1, "id": 2}), json!(4)]
        {
            assert_eq!(OutcomeBody::read(&body).err().expect("refused").status, 422, "{body}");
        }
    }
}
