//! The price page: a form, and the answer below it. It works without JavaScript.

use askama::Template;
use serde_json::json;
use tide::{Request, StatusCode};

use super::answer::PriceAnswer;
use super::buyer::BuyerFields;
use super::respond;
use crate::diamond::{
    CARAT_PER_CUBIC_MM, DEPTH_TOLERANCE_PERCENT, FIELDS, Field, FieldError, StoneDescription, WEIGHT_TOLERANCE,
};
use crate::pricing::{PredictionOrigin, PricingError};
use crate::server::app::App;
use crate::server::blocking_work::in_background;
use crate::server::http::attachments::{AnsweredBy, LogAs, MadePredictions, RequestIdentity};
use crate::server::http::problem::{Answer, Problem};
use crate::server::http::request_parts::query_pairs;
use crate::store::PredictionSource;

#[derive(Template)]
#[template(path = "index.html")]
struct IndexPage {
    required: Vec<TextField>,
    scales: Vec<ScaleField>,
    measurements: Vec<TextField>,
    measurements_open: bool,
    buyer: BuyerFields,
    /// For the script: carats per cubic millimetre of the box around a brilliant, and the tolerances of weight and
    /// depth.
    tolerances: [f64; 3],
    /// Text above the form if there is no price.
    notice: Option<String>,
    answer: Option<PriceAnswer>,
}

/// A text field.
struct TextField {
    name: &'static str,
    label: String,
    unit: &'static str,
    value: String,
    error: Option<String>,
}

/// A field with a list of choices.
struct ScaleField {
    name: &'static str,
    label: &'static str,
    choices: Vec<Choice>,
    error: Option<String>,
}

struct Choice {
    name: &'static str,
    meaning: &'static str,
    chosen: bool,
}

/// `GET /`: the form and, if the query describes a stone, its price.
pub async fn show(request: Request<App>) -> Answer {
    let query = query_pairs(&request);
    // other parameters are ignored: links and browsers may add them
    let pairs: Vec<(&str, &str)> = query
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .filter(|(name, _)| Field::find(name).is_some())
        .collect();
    let buyer = BuyerFields::read(query.iter().map(|(name, value)| (name.as_str(), value.as_str())));
    let has_stone = !pairs.is_empty();
    let read = StoneDescription::from_text(pairs.iter().copied(), &[]);
    let errors = match &read {
        Err(errors) if has_stone => errors.as_slice(),
        _ => &[],
    };
    let mut page = IndexPage::new(&pairs, errors, buyer);
    let host = request.header("Host").map_or_else(|| "127.0.0.1:8080".to_owned(), |host| host.as_str().to_owned());
    let snapshot = request.state().pricing.snapshot();
    let mut record = None;
    match (&read, snapshot.champion().cloned()) {
        (_, None) => page.notice = Some(PricingError::NoModel.to_string()),
        (Ok(stone), Some(champion)) => {
            let Some(identity) = request.ext::<RequestIdentity>().copied() else {
                return Err(Problem::internal("a request without an id"));
            };
            let (stone, snapshot, buyer) = (*stone, snapshot.clone(), std::mem::take(&mut page.buyer));
            let answer = in_background(move || {
                let answer = PriceAnswer::new(identity.id, stone, &snapshot, &champion, &buyer, &host);
                (answer, buyer)
            });
            let (answer, buyer) = answer.await?;
            page.buyer = buyer;
            match answer {
                Ok(answer) => {
                    let origin = PredictionOrigin {
                        request: Some(identity.id),
                        position: 0,
                        time: identity.time,
                        source: PredictionSource::Page,
                    };
                    record = Some(answer.prediction.to_record(stone, origin));
                    page.answer = Some(answer);
                }
                Err(error @ PricingError::NoPrice { .. }) => page.notice = Some(error.to_string()),
                Err(error) => return Err(error.into()),
            }
        }
        (Err(_), Some(_)) => {}
    }
    let status = match (has_stone && page.answer.is_none(), snapshot.champion()) {
        (false, _) => StatusCode::Ok,
        (true, Some(_)) => StatusCode::UnprocessableEntity,
        (true, None) => StatusCode::ServiceUnavailable,
    };
    let mut response = respond(status, &page)?;
    if let Some(answer) = &page.answer {
        response.insert_ext(LogAs(json!(answer.prediction).to_string()));
        response.insert_ext(AnsweredBy(answer.prediction.quote.model.id));
        response.insert_ext(MadePredictions(record.into_iter().collect()));
    } else if has_stone {
        let refused = json!({ "status": u16::from(status), "detail": page.notice, "errors": errors });
        response.insert_ext(LogAs(refused.to_string()));
    }
    Ok(response)
}

impl IndexPage {
    /// The form with the values that were entered, and an error message at each wrong field.
    fn new(pairs: &[(&str, &str)], errors: &[FieldError], buyer: BuyerFields) -> Self {
        let value = |name: &str| {
            pairs
                .iter()
                .rev()
                .find(|(given, _)| *given == name)
                .map(|(_, value)| (*value).to_owned())
                .unwrap_or_default()
        };
        let error = |name: &str| errors.iter().find(|error| error.field == name).map(|error| error.message.clone());
        let text_field = |field: &'static Field| TextField {
            name: field.name,
            // x, y and z: certificates show the letter next to the word
            label: if field.name.len() == 1 {
                format!("{} {}", field.label, field.name)
            } else {
                field.label.to_owned()
            },
            unit: field.unit(),
            value: value(field.name),
            error: error(field.name),
        };
        let (required, optional): (Vec<_>, Vec<_>) =
            FIELDS.iter().filter(|field| field.is_number()).partition(|field| field.required);
        let mut measurements: Vec<TextField> = optional.into_iter().map(text_field).collect();
        // lengths first, as on certificates
        measurements.sort_by_key(|field| field.unit != "mm");
        Self {
            required: required.into_iter().map(text_field).collect(),
            scales: FIELDS
                .iter()
                .filter(|field| !field.is_number())
                .map(|field| scale_field(field, &value(field.name), error(field.name)))
                .collect(),
            measurements_open: measurements.iter().any(|field| !field.value.is_empty()),
            measurements,
            buyer,
            tolerances: [CARAT_PER_CUBIC_MM, WEIGHT_TOLERANCE, DEPTH_TOLERANCE_PERCENT],
            notice: None,
            answer: None,
        }
    }
}

fn scale_field(field: &'static Field, chosen: &str, error: Option<String>) -> ScaleField {
    let chosen = field.rank_of(chosen).map(usize::from);
    let choices = field
        .grades()
        .iter()
        .enumerate()
        .rev()
        .map(|(rank, grade)| Choice { name: grade.name, meaning: grade.meaning, chosen: chosen == Some(rank) })
        .collect();
    ScaleField { name: field.name, label: field.label, choices, error }
}
