//! The card of one model.

use askama::Template;
use tide::{Request, StatusCode};

use super::{feature_in_words, model_number, turn_to_compare, verdict};
use crate::access::Role;
use crate::diamond::{Sale, StoneDescription};
use crate::learning::evaluation::{Confidence, Split};
use crate::learning::families::find_family;
use crate::learning::features::Target;
use crate::monitoring::LevelDrift;
use crate::pricing::{ServedModel, Snapshot};
use crate::retraining::HOLDOUT_SHARE;
use crate::server::access::Caller;
use crate::server::app::App;
use crate::server::http::problem::Answer;
use crate::server::pages::charts::axis::percent_of;
use crate::server::pages::charts::scatter::Scatter;
use crate::server::pages::filters;
use crate::server::pages::respond;
use crate::store::{Batch, ModelDetail, Store, StoreError};
use crate::text::dollars;
use crate::words::say;

/// Stones whose prices are explained to find out what matters.
const STONES_EXPLAINED: usize = 100;

#[derive(Template)]
#[template(path = "model.html")]
struct ModelPage {
    model: ModelDetail,
    batches: Vec<Batch>,
    /// What it is worth, in a sentence.
    verdict: String,
    /// Its prices beside what was fetched; `None` if it cannot answer any more.
    scatter: Option<Scatter>,
    /// What matters most, the most first.
    matters: Vec<Matter>,
    /// How far prices are from what it says, if it is the champion and there are prices since its training.
    level: Option<LevelDrift>,
    /// Whether the caller may make it the champion.
    can_promote: bool,
}

/// How much one property moves prices.
struct Matter {
    /// The property in words.
    name: String,
    /// By how much it moves a price in the mean, up or down.
    mean: String,
    /// Percent of the most that one moves it.
    share_percent: f64,
}

impl ModelPage {
    /// The batch of that number.
    fn batch(&self, id: i64) -> Option<&Batch> {
        self.batches.iter().find(|batch| batch.id == id)
    }

    /// What its family is, and what that does with a stone of which not all is told; `None` for a family that is no more.
    fn family(&self) -> Option<[&'static str; 2]> {
        let family = find_family(&self.model.record.family).ok()?;
        Some([family.description(), family.incomplete_stones()])
    }

    /// What the model is trained to predict, in words.
    fn target(&self) -> String {
        match Target::from_name(&self.model.record.target) {
            Some(Target::Price) => say!("the price in dollars"),
            Some(Target::LogPrice) => say!("the logarithm of the price"),
            None => self.model.record.target.clone(),
        }
    }

    /// The error of a segment in percent of the largest one.
    fn bar(&self, mape: f64) -> f64 {
        let most = self.model.segments.iter().map(|one| one.mape).fold(f64::MIN_POSITIVE, f64::max);
        percent_of(mape, most)
    }
}

/// `GET /models/{id}`.
pub async fn show(request: Request<App>) -> Answer {
    let id = model_number(&request)?;
    let can_promote = Caller::of(&request).may(Role::Manage);
    let snapshot = request.state().pricing.snapshot();
    let permit = turn_to_compare().await?;
    let page = request.state().read(move |store| -> Result<_, StoreError> {
        let _permit = permit;
        let model = store.model(id)?;
        let mut page = ModelPage {
            verdict: verdict(&model.record, model.calibration.as_ref()),
            batches: store.batches()?,
            model,
            scatter: None,
            matters: Vec::new(),
            level: None,
            can_promote,
        };
        if let Ok(served) = snapshot.model(store, Some(&id.to_string())) {
            let sales = held_out(store)?;
            page.scatter = Scatter::of_prices(&prices(&sales, &served));
            page.matters = what_matters(&sales, &served, &snapshot);
            if page.model.record.champion {
                page.level = LevelDrift::of(store, &served)?;
            }
        }
        Ok(page)
    });
    respond(StatusCode::Ok, &page.await?)
}

/// Some of the sales that no model is fitted to.
fn held_out(store: &Store) -> Result<Vec<Sale>, StoreError> {
    let split = Split::new(store.holdout_salt()?, HOLDOUT_SHARE);
    Ok(store.sample_sales()?.into_iter().filter(|sale| split.picks(sale)).collect())
}

/// What each sale fetched, and what the model says, in US dollars.
fn prices(sales: &[Sale], model: &ServedModel) -> Vec<[f64; 2]> {
    let stones: Vec<_> = sales.iter().map(|sale| sale.stone).collect();
    let predicted = model.prices.prices_usd(&stones);
    sales.iter().zip(predicted).map(|(sale, predicted)| [sale.price_usd, predicted]).collect()
}

/// The mean size of each effect on the prices of some of `sales`.
fn what_matters(sales: &[Sale], model: &ServedModel, snapshot: &Snapshot) -> Vec<Matter> {
    let mut sums: Vec<(String, f64)> = Vec::new();
    let mut explained = 0.0;
    for sale in sales.iter().take(STONES_EXPLAINED) {
        let stone = StoneDescription::of_stone(&sale.stone);
        let quote = snapshot.explain(&stone, model, Confidence::default());
        let Some(explanation) = quote.ok().and_then(|quote| quote.explanation) else { continue };
        explained += 1.0;
        for effect in explanation.effects {
            match sums.iter_mut().find(|(feature, _)| *feature == effect.feature) {
                Some((_, sum)) => *sum += effect.effect_usd.abs(),
                None => sums.push((effect.feature, effect.effect_usd.abs())),
            }
        }
    }
    sums.sort_by(|(_, a), (_, b)| b.total_cmp(a));
    let most = sums.first().map_or(1.0, |(_, sum)| sum.max(f64::MIN_POSITIVE));
    let matter = |(feature, sum): (String, f64)| Matter {
        name: feature_in_words(&feature),
        mean: dollars(sum / explained),
        share_percent: percent_of(sum, most),
    };
    sums.into_iter().map(matter).collect()
}
