//! The pages of models: the history, the card of one model, the comparison of two, promotion and rollback.

use std::sync::Arc;

use askama::Template;
use tide::{Request, Response, StatusCode};
use tokio::sync::Semaphore;

use super::charts::history_chart::{HistoryChart, LegendEntry, charts, legend};
use super::respond;
use crate::control::{PromoteModel, RollBackChampion};
use crate::diamond::FieldError;
use crate::learning::features::Target;
use crate::retraining::{HoldoutSplit, ModelComparison, StoredModel};
use crate::server::access::Caller;
use crate::server::app::App;
use crate::server::http::csrf::require_same_origin;
use crate::server::http::problem::{Answer, Problem};
use crate::server::http::request_parts::{form_pairs, id_in_path, last_text, query_pairs};
use crate::store::{Batch, ModelDetail, ModelRecord, SalesFile, Store, StoreError};

/// The reason of a promotion if none is given.
const NO_REASON: &str = "by hand";
/// Longest reason, in characters.
const MAX_REASON: usize = 300;

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
}

impl ModelsPage {
    fn new(store: &Store) -> Result<Self, StoreError> {
        let models = store.models()?;
        let rolls_back_to = store.champion_before()?;
        let charts = charts(&models, &store.promotions(None)?);
        Ok(Self { charts, legend: legend(&models), models, rolls_back_to, done: None })
    }

    fn champion(&self) -> Option<&ModelRecord> {
        self.models.iter().find(|model| model.champion)
    }

    /// The models that can be compared, newest first.
    fn comparable(&self) -> Vec<&ModelRecord> {
        self.models.iter().filter(|model| !model.pruned).collect()
    }

    /// The model that is preselected for a comparison with the champion: the newest other one.
    fn challenger(&self) -> Option<i64> {
        self.models.iter().find(|model| !model.pruned && !model.champion).map(|model| model.id)
    }
}

#[derive(Template)]
#[template(path = "model.html")]
struct ModelPage {
    model: ModelDetail,
    batches: Vec<Batch>,
}

impl ModelPage {
    /// The batch of that number.
    fn batch(&self, id: i64) -> Option<&Batch> {
        self.batches.iter().find(|batch| batch.id == id)
    }

    /// What the model is trained to predict, in words.
    fn target(&self) -> String {
        match Target::from_name(&self.model.record.target) {
            Some(Target::Price) => "the price in dollars".to_owned(),
            Some(Target::LogPrice) => "the logarithm of the price".to_owned(),
            None => self.model.record.target.clone(),
        }
    }
}

/// The feature that divides sales into segments, in words.
fn feature_in_words(feature: &str) -> &str {
    match feature {
        "carat" => "weight",
        "color" => "colour",
        other => other,
    }
}

#[derive(Template)]
#[template(path = "comparison.html")]
struct ComparisonPage {
    comparison: ModelComparison,
    champion: Option<i64>,
}

/// `GET /models`.
pub async fn list(request: Request<App>) -> Answer {
    let mut page = request.state().read(ModelsPage::new).await?;
    page.done = query_pairs(&request).iter().find_map(|(name, value)| {
        let id: i64 = value.parse().ok()?;
        // shown only while it is true: an old or invented address shows nothing
        page.champion().filter(|champion| champion.id == id)?;
        match name.as_str() {
            "promoted" => Some(format!("Model {id} is the champion: it answers from the next request on.")),
            "rolled_back_to" => Some(format!("Model {id} is the champion again: it answers from the next request on.")),
            _ => None,
        }
    });
    respond(StatusCode::Ok, &page)
}

/// `GET /models/{id}`.
pub async fn show(request: Request<App>) -> Answer {
    let id = model_number(&request)?;
    let page = request.state().read(move |store| -> Result<_, StoreError> {
        Ok(ModelPage { model: store.model(id)?, batches: store.batches()? })
    });
    respond(StatusCode::Ok, &page.await?)
}

/// `GET /models/compare?a=…&b=…`.
pub async fn compare(request: Request<App>) -> Answer {
    let ids = chosen_models(&query_pairs(&request))?;
    let permit = COMPARING.acquire().await.map_err(|error| Problem::internal(error.to_string()))?;
    let page = request.state().read(move |store| -> Result<_, Problem> {
        let _permit = permit;
        let [first, second] = ids.map(|id| store.model_artifact(id).map(|stored| StoredModel { id, stored }));
        let models = [first?, second?];
        let exported = store.export_sales()?;
        let sales = Arc::new(SalesFile::take_over(&exported, store.path())?);
        let split = HoldoutSplit::read(sales, exported.rows, &exported.holdout_salt)?;
        let comparison = ModelComparison::of(&split, models)?;
        Ok(ComparisonPage { comparison, champion: store.champion()? })
    });
    respond(StatusCode::Ok, &page.await?)
}

/// `POST /models/{id}/promote`.
pub async fn promote(request: Request<App>) -> Answer {
    require_same_origin(&request)?;
    let id = model_number(&request)?;
    let reason = reason(&request)?;
    request.state().run(PromoteModel { id, reason }, &Caller::of(&request)).await?;
    Ok(see_models(&format!("promoted={id}"), &format!("Model {id} is the champion.")))
}

/// `POST /models/rollback`.
pub async fn roll_back(request: Request<App>) -> Answer {
    require_same_origin(&request)?;
    let id = request.state().run(RollBackChampion {}, &Caller::of(&request)).await?;
    Ok(see_models(&format!("rolled_back_to={id}"), &format!("Model {id} is the champion again.")))
}

/// The number of a model in the path.
fn model_number(request: &Request<App>) -> Result<i64, Problem> {
    let text = id_in_path(request);
    text.parse().map_err(|_| Problem::new(404, format!("there is no model {text}")))
}

/// The two models that are to be compared, from the parameters `a` and `b`.
fn chosen_models(pairs: &[(String, String)]) -> Result<[i64; 2], Problem> {
    let given = |name: &str| pairs.iter().rev().find(|(given, _)| given == name).map(|(_, value)| value.trim());
    let [first, second] = ["a", "b"].map(|name| {
        given(name).and_then(|text| text.parse::<i64>().ok()).ok_or_else(|| FieldError {
            field: name.to_owned(),
            message: "must be the number of a model".to_owned(),
            value: given(name).map_or(serde_json::Value::Null, Into::into),
        })
    });
    match (first, second) {
        (Ok(first), Ok(second)) => Ok([first, second]),
        (first, second) => Err(Problem::bad_fields(first.err().into_iter().chain(second.err()).collect())),
    }
}

/// The reason in the form that was sent, for the history.
fn reason(request: &Request<App>) -> Result<String, Problem> {
    let fields = form_pairs(request)?;
    let text = last_text(&fields, "reason").split_whitespace().collect::<Vec<_>>().join(" ");
    if text.chars().count() > MAX_REASON {
        return Err(Problem::bad_fields(vec![FieldError {
            field: "reason".to_owned(),
            message: format!("must be {MAX_REASON} characters at most"),
            value: text.into(),
        }]));
    }
    Ok(if text.is_empty() { NO_REASON.to_owned() } else { text })
}

/// Redirects the browser to the history, which shows what was done. Reloading that page does not repeat the change
/// (RFC 9110, 15.4.4).
fn see_models(what: &str, words: &str) -> Response {
    Response::builder(StatusCode::SeeOther)
        .header("Location", format!("/models?{what}"))
        .header("Cache-Control", "no-store")
        .content_type(tide::http::mime::PLAIN)
        .body(format!("{words}\n"))
        .build()
}
