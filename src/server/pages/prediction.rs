//! `/predictions/{id}`: a price as it was answered, whatever has been trained since.

use askama::Template;
use jiff::Timestamp;
use tide::{Request, StatusCode};
use uuid::Uuid;

use super::desk::answer::RangeBar;
use super::respond;
use crate::diamond::{Field, StoneDescription};
use crate::pricing::Prediction;
use crate::server::access::Caller;
use crate::server::app::App;
use crate::server::http::problem::{Answer, Problem};
use crate::server::http::request_parts::id_in_path;
use crate::server::pages::filters;
use crate::store::{ModelDetail, PredictionRecord, RecordedOutcome, Store, StoreError};
use crate::words::say;

#[derive(Template)]
#[template(path = "prediction.html")]
struct PredictionPage {
    time: Timestamp,
    stone: StoneDescription,
    measurements: Vec<Measurement>,
    prediction: Prediction,
    bar: Option<RangeBar>,
    /// The model that answered, if the file has it.
    model: Option<ModelDetail>,
    /// What the stone fetched, if it is recorded.
    outcome: Option<RecordedOutcome>,
}

/// A measurement of the stone.
struct Measurement {
    field: &'static Field,
    value: f64,
    /// Whether it was filled in.
    filled_in: bool,
}

/// `GET /predictions/{id}`.
pub async fn show(request: Request<App>) -> Answer {
    let text = id_in_path(&request);
    let unknown = || Problem::new(404, say!("there is no prediction {}", text));
    let id: Uuid = text.parse().map_err(|_| unknown())?;
    let caller = Caller::of(&request);
    let page =
        request.state().read(move |store| PredictionPage::find(store, &caller, id)).await?.ok_or_else(unknown)?;
    respond(StatusCode::Ok, &page)
}

impl PredictionPage {
    fn find(store: &Store, caller: &Caller, id: Uuid) -> Result<Option<Self>, StoreError> {
        let Some(record) = caller.prediction(store, id)? else { return Ok(None) };
        Ok(Some(Self {
            time: record.time,
            stone: record.stone,
            measurements: measurements(&record),
            bar: record.range_usd.map(|range| RangeBar::new(range, record.price_usd, None)),
            model: store.model(record.model).ok(),
            outcome: store.outcome(id)?,
            prediction: Prediction::from_record(&record),
        }))
    }
}

/// The stone's measurements, given or filled in.
fn measurements(record: &PredictionRecord) -> Vec<Measurement> {
    let given = record.stone.values();
    let whole = record.stone.measurements.or(&record.filled_in);
    whole
        .entries()
        .map(|(field, value)| {
            let is_given = crate::diamond::FIELDS
                .iter()
                .zip(given)
                .any(|(known, value)| known.name == field.name && value.is_some());
            Measurement { field, value, filled_in: !is_given }
        })
        .collect()
}
