//! The page for a quick price: a form, and under it the answer. It works without JavaScript.

use askama::Template;
use serde_json::json;
use tide::{Request, StatusCode};
use uuid::Uuid;

use super::answer::PriceAnswer;
use super::buyer::BuyerFields;
use super::respond;
use crate::diamond::{
    CARAT_PER_CUBIC_MM, Clarity, Color, Cut, DEPTH_TOLERANCE_PERCENT, FieldError, Grade, StoneDescription,
    WEIGHT_TOLERANCE,
};
use crate::monitoring::stone_parameters;
use crate::pricing::PricingError;
use crate::server::app::App;
use crate::server::http::attachments::{AnsweredBy, LogAs, RequestId};
use crate::server::http::problem::{Answer, Problem};
use crate::server::http::request_parts::in_background;

#[derive(Template)]
#[template(path = "index.html")]
struct IndexPage {
    carat: TextField,
    scales: Vec<ScaleField>,
    measurements: Vec<TextField>,
    measurements_open: bool,
    buyer: BuyerFields,
    /// What a cubic millimetre of the box around a brilliant weighs, and how far measures may be from each other: for the script.
    tolerances: [f64; 3],
    /// Said above the form when no price can be had at all.
    notice: Option<String>,
    answer: Option<PriceAnswer>,
}

/// A field that is typed.
struct TextField {
    name: &'static str,
    label: &'static str,
    unit: &'static str,
    value: String,
    error: Option<String>,
}

/// A field that is chosen.
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

/// `GET /`: the empty form; with a stone in the query, its price too.
pub async fn show(request: Request<App>) -> tide::Result {
    Ok(render(&request).await.unwrap_or_else(Problem::into_response))
}

async fn render(request: &Request<App>) -> Answer {
    let pairs: Vec<(String, String)> = stone_parameters(request.url().query_pairs())
        .into_iter()
        .map(|(name, value)| (name.into_owned(), value.into_owned()))
        .collect();
    let query: Vec<_> = request.url().query_pairs().collect();
    let buyer = BuyerFields::read(query.iter().map(|(name, value)| (&**name, &**value)));
    let asked = !pairs.is_empty();
    let read = StoneDescription::from_text(pairs.iter().map(|(name, value)| (name.as_str(), value.as_str())), &[]);
    let errors = match &read {
        Err(errors) if asked => errors.as_slice(),
        _ => &[],
    };
    let mut page = IndexPage::new(&pairs, errors, buyer);
    let host = request.header("Host").map_or_else(|| "127.0.0.1:8080".to_owned(), |host| host.as_str().to_owned());
    let snapshot = request.state().pricing.snapshot();
    match (&read, snapshot.champion().cloned()) {
        (_, None) => page.notice = Some(PricingError::NoModel.to_string()),
        (Ok(stone), Some(champion)) => {
            let id = request.ext::<RequestId>().map_or_else(Uuid::now_v7, |id| id.0);
            let (stone, snapshot, buyer) = (*stone, snapshot.clone(), std::mem::take(&mut page.buyer));
            let answer = in_background(move || {
                let answer = PriceAnswer::new(id, stone, &snapshot, &champion, &buyer, &host);
                (answer, buyer)
            });
            let (answer, buyer) = answer.await?;
            page.buyer = buyer;
            match answer {
                Ok(answer) => page.answer = Some(answer),
                Err(error) => page.notice = Some(error.to_string()),
            }
        }
        (Err(_), Some(_)) => {}
    }
    let status = match (asked && page.answer.is_none(), snapshot.champion()) {
        (false, _) => StatusCode::Ok,
        (true, Some(_)) => StatusCode::UnprocessableEntity,
        (true, None) => StatusCode::ServiceUnavailable,
    };
    let mut response = respond(status, &page)?;
    if let Some(answer) = &page.answer {
        response.insert_ext(LogAs(json!(answer.prediction).to_string()));
        response.insert_ext(AnsweredBy(answer.prediction.quote.model.id));
    } else if asked {
        let refused = json!({ "status": u16::from(status), "detail": page.notice, "errors": errors });
        response.insert_ext(LogAs(refused.to_string()));
    }
    Ok(response)
}

impl IndexPage {
    /// The form with what was typed in it, and what is wrong with that at each field.
    fn new(pairs: &[(String, String)], errors: &[FieldError], buyer: BuyerFields) -> Self {
        let value = |name: &str| {
            pairs.iter().rev().find(|(given, _)| given == name).map(|(_, value)| value.clone()).unwrap_or_default()
        };
        let error = |name: &str| errors.iter().find(|error| error.field == name).map(|error| error.message.clone());
        let text_field = |name: &'static str, label: &'static str, unit: &'static str| TextField {
            name,
            label,
            unit,
            value: value(name),
            error: error(name),
        };
        let measurements = vec![
            text_field("x", "Length x", "mm"),
            text_field("y", "Width y", "mm"),
            text_field("z", "Height z", "mm"),
            text_field("depth", "Depth", "%"),
            text_field("table", "Table", "%"),
        ];
        Self {
            carat: text_field("carat", "Weight", "ct"),
            scales: vec![
                scale_field::<Cut>("Cut", &value(Cut::SCALE), error(Cut::SCALE)),
                scale_field::<Color>("Colour", &value(Color::SCALE), error(Color::SCALE)),
                scale_field::<Clarity>("Clarity", &value(Clarity::SCALE), error(Clarity::SCALE)),
            ],
            measurements_open: measurements.iter().any(|field| !field.value.is_empty()),
            measurements,
            buyer,
            tolerances: [CARAT_PER_CUBIC_MM, WEIGHT_TOLERANCE, DEPTH_TOLERANCE_PERCENT],
            notice: None,
            answer: None,
        }
    }
}

fn scale_field<G: Grade>(label: &'static str, chosen: &str, error: Option<String>) -> ScaleField {
    let choices = G::ALL
        .iter()
        .rev()
        .map(|grade| Choice {
            name: grade.name(),
            meaning: grade.meaning(),
            chosen: grade.name().eq_ignore_ascii_case(chosen.trim()),
        })
        .collect();
    ScaleField { name: G::SCALE, label, choices, error }
}
