//! Several models beside each other, on the same sales.

use std::sync::Arc;

use askama::Template;
use tide::{Request, StatusCode};

use super::{hold_contest, turn_to_compare};
use crate::access::Role;
use crate::diamond::{FieldError, StoneDescription, write_line};
use crate::learning::evaluation::Confidence;
use crate::pricing::{ServedModel, Snapshot};
use crate::retraining::{ComparedModel, ContestSegment, ModelComparison};
use crate::server::access::Caller;
use crate::server::app::App;
use crate::server::http::problem::{Answer, Problem};
use crate::server::http::request_parts::query_pairs;
use crate::server::pages::charts::scatter::Scatter;
use crate::server::pages::filters;
use crate::server::pages::{desk, respond};
use crate::store::{ModelRecord, Store};
use crate::text::settings;
use crate::words::say;

/// Most models beside each other.
const MAX_MODELS: usize = 4;
/// How many of the newest prices are asked for again, and how many of those that differ most are shown.
const PRICES_ASKED: usize = 300;
const PRICES_SHOWN: usize = 10;

#[derive(Template)]
#[template(path = "comparison.html")]
struct ComparisonPage {
    models: Vec<ComparedModel>,
    champion: Option<i64>,
    /// The first beside each of the others.
    pairs: Vec<Pair>,
    segments: Vec<ContestSegment>,
    /// The settings that differ: name, and the value of each model.
    settings: Vec<(String, Vec<String>)>,
    /// The stones whose prices differ most.
    stones: Vec<PricedStone>,
    can_promote: bool,
}

struct Pair {
    comparison: ModelComparison,
    scatter: Option<Scatter>,
}

/// A stone that was priced, by every model.
struct PricedStone {
    stone: StoneDescription,
    /// What each model says, in US dollars.
    prices_usd: Vec<f64>,
}

/// `GET /models/compare?a=…&b=…`, also with more of `b`.
pub async fn compare(request: Request<App>) -> Answer {
    let ids = chosen_models(&query_pairs(&request))?;
    let can_promote = Caller::of(&request).may(Role::Manage);
    let snapshot = request.state().pricing.snapshot();
    let permit = turn_to_compare().await?;
    let page = request.state().read(move |store| -> Result<_, Problem> {
        let _permit = permit;
        let contest = hold_contest(store, &ids)?;
        let pair = |other: usize| {
            let [first, second] = [&contest.contestants[0], &contest.contestants[other]];
            let errors = [&first.predicted, &second.predicted].map(|predicted| {
                let both = contest.truth.iter().zip(predicted);
                both.map(|(truth, predicted)| predicted / truth - 1.0).collect::<Vec<f64>>()
            });
            let names = [first.model.id, second.model.id].map(|id| say!("Model {}", id));
            Pair { comparison: contest.between(0, other), scatter: Scatter::of_errors(&errors, &names) }
        };
        let records: Vec<ModelRecord> = store.models()?;
        Ok(ComparisonPage {
            pairs: (1..contest.contestants.len()).map(pair).collect(),
            segments: contest.segments(),
            settings: differing_settings(&ids, &records),
            stones: differing_prices(store, &snapshot, &ids)?,
            models: contest.contestants.into_iter().map(|contestant| contestant.model).collect(),
            champion: store.champion()?,
            can_promote,
        })
    });
    respond(StatusCode::Ok, &page.await?)
}

impl ComparisonPage {
    /// The models in a title: `1 and 2`.
    fn names(&self) -> String {
        let ids: Vec<String> = self.models.iter().map(|model| model.id.to_string()).collect();
        match ids.split_last() {
            Some((last, others)) if !others.is_empty() => say!("{} and {}", others.join(", "), last),
            _ => ids.concat(),
        }
    }

    /// Whether no other model has a smaller error there.
    fn is_best(segment: &ContestSegment, mape: f64) -> bool {
        segment.mape.iter().all(|other| mape <= *other)
    }
}

/// The settings that are not the same for all of the models `ids`.
fn differing_settings(ids: &[i64], records: &[ModelRecord]) -> Vec<(String, Vec<String>)> {
    let of: Vec<Vec<(String, String)>> = ids
        .iter()
        .filter_map(|id| records.iter().find(|record| record.id == *id))
        .map(|record| {
            let own = [
                ("family", record.family.clone()),
                ("target", record.target.clone()),
                ("features", record.features.len().to_string()),
                ("sales", crate::text::count(record.dataset.rows)),
                ("seed", record.seed.to_string()),
                ("program", record.program_version.clone()),
            ];
            let own = own.into_iter().map(|(name, value)| (name.to_owned(), value));
            own.chain(settings(&record.hyperparameters)).collect()
        })
        .collect();
    let mut names: Vec<&String> = Vec::new();
    for (name, _) in of.iter().flatten() {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    let row = |name: &String| {
        let value = |all: &Vec<(String, String)>| {
            all.iter().find(|(of, _)| of == name).map_or_else(String::new, |(_, value)| value.clone())
        };
        (name.clone(), of.iter().map(value).collect::<Vec<String>>())
    };
    names.into_iter().map(row).filter(|(_, values)| values.windows(2).any(|pair| pair[0] != pair[1])).collect()
}

/// Of the stones that were priced last, those whose prices differ most between the models `ids`.
fn differing_prices(store: &Store, snapshot: &Snapshot, ids: &[i64]) -> Result<Vec<PricedStone>, Problem> {
    let models = ids.iter().map(|id| snapshot.model(store, Some(&id.to_string())));
    let models = models.collect::<Result<Vec<_>, _>>()?;
    let mut stones: Vec<PricedStone> = Vec::new();
    for record in store.newest_predictions(PRICES_ASKED, None)? {
        if stones.iter().any(|known| known.stone == record.stone) {
            continue;
        }
        let quote = |model: &Arc<ServedModel>| {
            snapshot.quote(&record.stone, model, Confidence::default()).ok().map(|quote| quote.price_usd)
        };
        if let Some(prices_usd) = models.iter().map(quote).collect::<Option<Vec<f64>>>() {
            stones.push(PricedStone { stone: record.stone, prices_usd });
        }
    }
    stones.sort_by(|a, b| b.spread().total_cmp(&a.spread()));
    stones.truncate(PRICES_SHOWN);
    Ok(stones)
}

impl PricedStone {
    /// How many times the lowest price the highest one is.
    fn spread(&self) -> f64 {
        let least = self.prices_usd.iter().copied().fold(f64::INFINITY, f64::min);
        self.prices_usd.iter().copied().fold(0.0, f64::max) / least
    }

    fn address(&self) -> String {
        desk::address(&self.stone, &[], false)
    }

    fn line(&self) -> String {
        write_line(&self.stone)
    }
}

/// The models that are to be compared, from the parameters `a` and `b`, of which the latter may be there again; or all named `model`.
fn chosen_models(pairs: &[(String, String)]) -> Result<Vec<i64>, Problem> {
    let of = |wanted: &str| {
        let named = pairs.iter().filter(|(name, _)| name == wanted);
        named.map(|(_, value)| value.trim().to_owned()).collect::<Vec<String>>()
    };
    let number = say!("must be the number of a model");
    let mut errors = Vec::new();
    let mut ids: Vec<i64> = Vec::new();
    let chosen = of("model");
    let mut given: Vec<(&str, String)> = chosen.iter().map(|text| ("model", text.clone())).collect();
    if chosen.is_empty() && ["a", "b"].iter().any(|name| !of(name).is_empty()) {
        for name in ["a", "b"] {
            let texts = of(name);
            if texts.is_empty() {
                errors.push(FieldError::new(name, &number, serde_json::Value::Null));
            }
            given.extend(texts.into_iter().map(|text| (name, text)));
        }
    }
    for (name, text) in given {
        match text.parse() {
            Ok(id) if ids.contains(&id) => {}
            Ok(id) => ids.push(id),
            Err(_) => errors.push(FieldError::new(name, &number, text)),
        }
    }
    if errors.is_empty() && !(2..=MAX_MODELS).contains(&ids.len()) {
        let message = say!("must be two to {} different models: mark them in the table of models", MAX_MODELS);
        errors.push(FieldError::new("model", message, serde_json::json!(ids)));
    }
    if errors.is_empty() { Ok(ids) } else { Err(Problem::bad_fields(errors)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_to_four_models_are_compared_however_they_are_named() {
        let chosen = |query: &str| {
            chosen_models(&form_urlencoded::parse(query.as_bytes()).into_owned().collect::<Vec<_>>()).ok()
        };
        assert_eq!(chosen("a=1&b=2"), Some(vec![1, 2]));
        assert_eq!(chosen("a=1&b=2&b=5"), Some(vec![1, 2, 5]));
        assert_eq!(chosen("model=3&model=1&model=3"), Some(vec![3, 1]));
        for wrong in ["a=1", "model=1", "a=1&b=1", "a=1&b=x", "model=1&model=2&model=3&model=4&model=5", ""] {
            assert_eq!(chosen(wrong), None, "{wrong}");
        }
    }
}
