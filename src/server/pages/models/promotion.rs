//! Who answers: what would change is shown first, then a button changes it.

use askama::Template;
use tide::{Request, Response, StatusCode};

use super::{hold_contest, model_number, turn_to_compare};
use crate::control::{PromoteModel, RollBackChampion};
use crate::diamond::FieldError;
use crate::monitoring::{PriceChange, Replay};
use crate::retraining::{ContestSegment, ModelComparison};
use crate::server::access::Caller;
use crate::server::app::App;
use crate::server::http::csrf::require_same_origin;
use crate::server::http::problem::{Answer, Problem};
use crate::server::http::request_parts::{form_pairs, last_text};
use crate::server::pages::filters;
use crate::server::pages::{desk, respond};
use crate::store::Store;
use crate::words::say;

/// The reason of a promotion if none is given.
const NO_REASON: &str = "by hand";
/// Longest reason, in characters.
const MAX_REASON: usize = 300;
/// How many of the newest prices are looked at again.
const PRICES_REPLAYED: usize = 500;
/// Fewest sales of a segment that counts: the error of fewer is luck.
const MIN_SEGMENT_ROWS: i64 = 30;
/// Most of these segments that are listed.
const SEGMENTS_SHOWN: usize = 10;
/// By what share the error of a segment must be larger to count as worse.
const WORSE_BY: f64 = 0.01;

#[derive(Template)]
#[template(path = "promotion.html")]
struct PromotionPage {
    /// The model that would answer.
    id: i64,
    family: String,
    /// Whether it was the champion before.
    is_rollback: bool,
    /// It beside the champion; `None` without a champion, or if there are too few sales to compare them.
    contest: Option<Contested>,
    /// The newest prices, again by the model.
    replay: Replay,
}

/// The model beside the champion.
struct Contested {
    comparison: ModelComparison,
    /// The segments in which the model is worse, the worst first: as many as are shown. Their errors are those of the model and of the
    /// champion.
    worse: Vec<ContestSegment>,
    /// How many more there are.
    others_worse: usize,
}

/// `GET /models/{id}/promote`: what would change if the model became the champion.
pub async fn ask_to_promote(request: Request<App>) -> Answer {
    let id = model_number(&request)?;
    show(&request, move |_| Ok(id), false).await
}

/// `GET /models/rollback`: what would change if the champion before came back.
pub async fn ask_to_roll_back(request: Request<App>) -> Answer {
    let find = |store: &Store| {
        store.champion_before()?.ok_or_else(|| Problem::new(409, say!("there is no champion before the present one")))
    };
    show(&request, find, true).await
}

async fn show(
    request: &Request<App>,
    find: impl FnOnce(&Store) -> Result<i64, Problem> + Send + 'static,
    is_rollback: bool,
) -> Answer {
    let snapshot = request.state().pricing.snapshot();
    let permit = turn_to_compare().await?;
    let page = request.state().read(move |store| -> Result<_, Problem> {
        let _permit = permit;
        let id = find(store)?;
        let champion = store.champion()?;
        if champion == Some(id) {
            return Err(Problem::new(409, say!("model {} is the champion already", id)));
        }
        store.model(id)?;
        let model = snapshot.model(store, Some(&id.to_string()))?;
        let contest = champion.and_then(|champion| Contested::between(store, id, champion));
        let replay = Replay::of(&store.newest_predictions(PRICES_REPLAYED, None)?, &model, &snapshot);
        Ok(PromotionPage { id, family: model.family.clone(), is_rollback, contest, replay })
    });
    respond(StatusCode::Ok, &page.await?)
}

impl Contested {
    /// `None` if they cannot be compared: that does not forbid to promote.
    fn between(store: &Store, id: i64, champion: i64) -> Option<Self> {
        let contest = hold_contest(store, &[id, champion])
            .inspect_err(|problem| tracing::warn!("models {id} and {champion} are not compared: {}", problem.detail))
            .ok()?;
        let ratio = |segment: &ContestSegment| segment.mape[0] / segment.mape[1];
        let mut worse = contest.segments();
        worse.retain(|segment| segment.rows >= MIN_SEGMENT_ROWS && ratio(segment) - 1.0 > WORSE_BY);
        worse.sort_by(|a, b| ratio(b).total_cmp(&ratio(a)));
        let others_worse = worse.len().saturating_sub(SEGMENTS_SHOWN);
        worse.truncate(SEGMENTS_SHOWN);
        Some(Self { comparison: contest.between(0, 1), worse, others_worse })
    }
}

impl PromotionPage {
    /// Where the button sends to.
    fn address(&self) -> String {
        if self.is_rollback { "/models/rollback".to_owned() } else { format!("/models/{}/promote", self.id) }
    }

    /// The desk with the stone of a price.
    fn address_of(moved: &PriceChange) -> String {
        desk::address(&moved.stone, &[], false)
    }

    /// How the newest prices would change, in a sentence.
    fn changes(&self) -> String {
        let Some(share) = self.replay.change_share else {
            return say!("No price has been asked for yet, so none changes.");
        };
        say!(
            "Of the last {} prices that were asked for, half would change by {} to {}, nine in ten by {} to {}.",
            crate::text::count(i64::try_from(self.replay.stones).unwrap_or(i64::MAX)),
            crate::text::signed_percent(share.p25),
            crate::text::signed_percent(share.p75),
            crate::text::signed_percent(share.p5),
            crate::text::signed_percent(share.p95)
        )
    }
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

/// The reason in the form that was sent, for the history.
fn reason(request: &Request<App>) -> Result<String, Problem> {
    let fields = form_pairs(request)?;
    let text = last_text(&fields, "reason").split_whitespace().collect::<Vec<_>>().join(" ");
    if text.chars().count() > MAX_REASON {
        let message = say!("must be {} characters at most", MAX_REASON);
        return Err(Problem::bad_fields(vec![FieldError::new("reason", message, text)]));
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
