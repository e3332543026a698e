//! `/predictions/{id}`: a quote to keep and to print. It says what was said then, whatever has been trained since.

use askama::Template;
use jiff::Timestamp;
use tide::{Request, StatusCode};
use uuid::Uuid;

use super::answer::RangeBar;
use super::respond;
use crate::diamond::StoneDescription;
use crate::monitoring::{Prediction, PricedStone};
use crate::server::app::App;
use crate::server::http::problem::{Answer, Problem};
use crate::server::http::request_parts::in_background;
use crate::store::{ModelDetail, RecordedOutcome, StoreError};

#[derive(Template)]
#[template(path = "quote.html")]
struct QuotePage {
    time: Timestamp,
    stone: StoneDescription,
    measurements: Vec<Measurement>,
    prediction: Prediction,
    bar: Option<RangeBar>,
    /// The model that answered, if it is known to the file.
    model: Option<ModelDetail>,
    /// What the stone fetched, if somebody told.
    outcome: Option<RecordedOutcome>,
}

/// A measurement of the stone.
struct Measurement {
    label: &'static str,
    unit: &'static str,
    value: f64,
    /// Whether nobody gave it.
    assumed: bool,
}

/// `GET /predictions/{id}`.
pub async fn show(request: Request<App>) -> tide::Result {
    Ok(render(&request).await.unwrap_or_else(Problem::into_response))
}

async fn render(request: &Request<App>) -> Answer {
    let text = request.param("id").unwrap_or_default();
    let unknown = || Problem::new(404, format!("there is no quote {text}"));
    let id: Uuid = text.parse().map_err(|_| unknown())?;
    let app = request.state().clone();
    let page = in_background(move || find(&app, id)).await??.ok_or_else(unknown)?;
    respond(StatusCode::Ok, &page)
}

fn find(app: &App, id: Uuid) -> Result<Option<QuotePage>, StoreError> {
    let history = app.history()?;
    let Some(logged) = history.request_of_prediction(id)? else { return Ok(None) };
    let Some(asked) = PricedStone::in_request(&logged).into_iter().find(|asked| asked.prediction.id == id) else {
        return Ok(None);
    };
    let quote = &asked.prediction.quote;
    Ok(Some(QuotePage {
        time: logged.time,
        stone: asked.given,
        measurements: measurements(&asked),
        bar: quote.range_usd.map(|range| RangeBar::new(range, quote.price_usd, None)),
        model: history.model(quote.model.id).ok(),
        outcome: history.outcome(id)?,
        prediction: asked.prediction,
    }))
}

/// What is known of the stone's measurements, given or assumed.
fn measurements(asked: &PricedStone) -> Vec<Measurement> {
    let (given, whole) = (asked.given, asked.completed());
    [
        ("Length", "mm", given.x, whole.x),
        ("Width", "mm", given.y, whole.y),
        ("Height", "mm", given.z, whole.z),
        ("Depth", "%", given.depth, whole.depth),
        ("Table", "%", given.table, whole.table),
    ]
    .into_iter()
    .filter_map(|(label, unit, given, value)| {
        Some(Measurement { label, unit, value: value?, assumed: given.is_none() })
    })
    .collect()
}
