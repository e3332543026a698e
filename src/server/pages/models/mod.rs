//! The pages of models: their history, the card of one, the comparison of several, promotion and rollback.

mod card;
mod comparison;
mod promotion;

use std::sync::Arc;

use askama::Template;
use tide::{Request, StatusCode};
use tokio::sync::{Semaphore, SemaphorePermit};

use super::charts::history_chart::{HistoryChart, LegendEntry, charts, legend};
use super::respond;
use crate::access::Role;
use crate::diamond::Told;
use crate::learning::evaluation::{Calibration, RangeClass};
use crate::pricing::property_in_words;
use crate::retraining::{Contest, HoldoutSplit, StoredModel};
use crate::server::access::Caller;
use crate::server::app::App;
use crate::server::http::problem::{Answer, Problem};
use crate::server::http::request_parts::{id_in_path, query_pairs};
use crate::server::pages::filters;
use crate::store::{ModelRecord, SalesFile, Store, StoreError};
use crate::text::{dollars, percent};
use crate::words::say;

pub use card::show;
pub use comparison::compare;
pub use promotion::{ask_to_promote, ask_to_roll_back, promote, roll_back};

/// Models from which on their charts are worth their room.
const MODELS_FOR_CHARTS: usize = 5;
/// Most sales of the holdout on which models are compared here: whoever wants more has the command line.
const MAX_COMPARED_SALES: usize = 50_000;

/// A comparison uses a whole core for a moment: only one runs at a time, so that other cores can compute prices.
static COMPARING: Semaphore = Semaphore::const_new(1);

#[derive(Template)]
#[template(path = "models.html")]
struct ModelsPage {
    models: Vec<ModelRecord>,
    charts: Vec<HistoryChart>,
    legend: Vec<LegendEntry>,
    /// The model that a rollback would make the champion.
    rolls_back_to: Option<i64>,
    /// What was just done.
    done: Option<String>,
    /// What the champion is worth, in a sentence.
    verdict: String,
    /// Whether the caller may change who answers.
    can_change: bool,
}

impl ModelsPage {
    fn new(store: &Store) -> Result<Self, StoreError> {
        let models = store.models()?;
        let rolls_back_to = store.champion_before()?;
        let charts = charts(&models, &store.promotions(None)?);
        let verdict = match models.iter().find(|model| model.champion) {
            Some(champion) => verdict(champion, store.calibration(champion.id)?.as_ref()),
            None => String::new(),
        };
        Ok(Self { charts, legend: legend(&models), models, rolls_back_to, done: None, verdict, can_change: false })
    }

    fn champion(&self) -> Option<&ModelRecord> {
        self.models.iter().find(|model| model.champion)
    }

    /// The models that can be compared, newest first.
    fn comparable(&self) -> Vec<&ModelRecord> {
        self.models.iter().filter(|model| !model.pruned).collect()
    }

    /// Whether the charts are shown without being asked for.
    fn has_many(&self) -> bool {
        self.models.len() >= MODELS_FOR_CHARTS
    }

    /// The model that is preselected for a comparison with the champion: the newest other one.
    fn challenger(&self) -> Option<i64> {
        self.models.iter().find(|model| !model.pruned && !model.champion).map(|model| model.id)
    }
}

/// `GET /models`.
pub async fn list(request: Request<App>) -> Answer {
    let mut page = request.state().read(ModelsPage::new).await?;
    page.can_change = Caller::of(&request).may(Role::Manage);
    page.done = query_pairs(&request).iter().find_map(|(name, value)| {
        let id: i64 = value.parse().ok()?;
        // shown only while it is true: an old or invented address shows nothing
        page.champion().filter(|champion| champion.id == id)?;
        match name.as_str() {
            "promoted" => Some(say!("Model {} is the champion: it answers from the next request on.", id)),
            "rolled_back_to" => Some(say!("Model {} is the champion again: it answers from the next request on.", id)),
            _ => None,
        }
    });
    respond(StatusCode::Ok, &page)
}

/// What a model is worth, in a sentence: how far it is off, and how wide its range is.
fn verdict(model: &ModelRecord, calibration: Option<&Calibration>) -> String {
    let off = say!(
        "It is typically off by {}, in the mean by {}",
        percent(model.metrics.mape, 1),
        dollars(model.metrics.mae_usd)
    );
    let widths = calibration.map(|calibration| {
        let whole = calibration.classes.iter().filter(|class| class.told == Told::Whole);
        whole.map(RangeClass::share_above).collect::<Vec<f64>>()
    });
    let ends = widths.and_then(|widths| {
        let least = widths.iter().copied().reduce(f64::min)?;
        Some([least, widths.iter().copied().reduce(f64::max)?].map(|share| percent(share, 0)))
    });
    match ends {
        Some([least, most]) if least == most => say!("{}; nine in ten stones fetch a price within ±{}.", off, most),
        Some([least, most]) => {
            say!("{}; nine in ten stones fetch a price within ±{} to ±{}, by their weight.", off, least, most)
        }
        None => format!("{off}."),
    }
}

/// The feature that divides sales into segments, in words.
fn feature_in_words(feature: &str) -> String {
    match feature {
        "price" => say!("price"),
        "told" => say!("what was told"),
        property => property_in_words(property),
    }
}

/// Waits until no other comparison runs.
async fn turn_to_compare() -> Result<SemaphorePermit<'static>, Problem> {
    COMPARING.acquire().await.map_err(|error| Problem::internal(error.to_string()))
}

/// Evaluates the models `ids` on the holdout of today. It takes a moment.
fn hold_contest(store: &Store, ids: &[i64]) -> Result<Contest, Problem> {
    let models = ids.iter().map(|id| Ok(StoredModel { id: *id, stored: store.model_artifact(*id)? }));
    let models = models.collect::<Result<Vec<StoredModel>, StoreError>>()?;
    let exported = store.export_sales()?;
    let sales = Arc::new(SalesFile::take_over(&exported, store.path())?);
    let split = HoldoutSplit::read(sales, exported.rows, &exported.holdout_salt)?;
    Ok(Contest::of(&split, models, MAX_COMPARED_SALES)?)
}

/// The number of a model in the path.
fn model_number(request: &Request<App>) -> Result<i64, Problem> {
    let text = id_in_path(request);
    text.parse().map_err(|_| Problem::new(404, say!("there is no model {}", text)))
}
