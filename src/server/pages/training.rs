//! `/training`: starts a training, says how far it is, and what came of it.

use std::time::Duration;

use askama::Template;
use hyper::body::Bytes;
use jiff::Timestamp;
use serde_json::{Value, json};
use tide::{Request, Response, StatusCode};

use super::{respond, see};
use crate::diamond::{FieldError, number};
use crate::learning::families::FAMILIES;
use crate::retraining::PromotionPolicy;
use crate::server::app::App;
use crate::server::http::csrf::require_same_origin;
use crate::server::http::problem::{Answer, Problem};
use crate::server::http::request_parts::{form_pairs, last_text};
use crate::server::http::sent_body::{BodyInPieces, PieceSender};
use crate::server::pages::charts::axis::percent_of;
use crate::server::pages::filters;
use crate::server::training::{EndedTraining, NotStarted, RunningTraining, STOPPED_EARLY, TrainingWanted, Trainings};
use crate::text::dollars;
use crate::words::{say, translate};

/// How often at least a watcher hears something, so that a line that is cut is noticed.
const HEARTBEAT: Duration = Duration::from_secs(5);
/// Longest time for a search, in minutes.
const MAX_MINUTES: f64 = 1_440.0;

#[derive(Template)]
#[template(path = "training.html")]
struct TrainingPage {
    running: Option<RunningTraining>,
    /// What the training says of its progress.
    words: String,
    last: Option<LastTraining>,
    /// Name of each family, and what it is.
    families: Vec<[&'static str; 2]>,
    sales: i64,
    new_sales: i64,
}

/// What came of the last training.
struct LastTraining {
    ended: Timestamp,
    /// Why it failed.
    failure: Option<String>,
    is_promoted: bool,
    reason: String,
    models: Vec<TrainedModel>,
    champion: Option<i64>,
}

/// A model of a training.
struct TrainedModel {
    id: i64,
    family: String,
    mae_usd: f64,
    mape: f64,
    seconds: f64,
}

/// Most models that can stand beside each other.
const MOST_COMPARED: usize = 4;

impl LastTraining {
    /// Where its models and the champion stand beside each other; `None` if there is only one, or too many.
    fn comparison(&self) -> Option<String> {
        let mut ids: Vec<i64> = Vec::new();
        for id in self.champion.into_iter().chain(self.models.iter().map(|model| model.id)) {
            if !ids.contains(&id) {
                ids.push(id);
            }
        }
        let query: Vec<String> = ids.iter().map(|id| format!("model={id}")).collect();
        (2..=MOST_COMPARED).contains(&ids.len()).then(|| format!("/models/compare?{}", query.join("&")))
    }

    /// The error of a model in percent of the largest of them.
    fn bar(&self, mae_usd: f64) -> f64 {
        let most = self.models.iter().map(|model| model.mae_usd).fold(f64::MIN_POSITIVE, f64::max);
        percent_of(mae_usd, most)
    }
}

/// `GET /training`.
pub async fn show(request: Request<App>) -> Answer {
    let (running, last) = request.state().trainings.now();
    let snapshot = request.state().pricing.snapshot();
    let page = TrainingPage {
        words: running.as_ref().map(words_of).unwrap_or_default(),
        running,
        last: last.as_ref().map(LastTraining::of),
        families: FAMILIES.iter().map(|family| [family.name(), family.description()]).collect(),
        sales: snapshot.sales(),
        new_sales: snapshot.new_sales(),
    };
    respond(StatusCode::Ok, &page)
}

/// `POST /training`: starts one.
pub async fn start(request: Request<App>) -> Answer {
    require_same_origin(&request)?;
    let wanted = read_wanted(&form_pairs(&request)?).map_err(|error| Problem::bad_fields(vec![error]))?;
    match request.state().trainings.start(&wanted) {
        Ok(()) => Ok(see("/training")),
        Err(error @ NotStarted::Running) => Err(Problem::new(409, error.to_string())),
        Err(NotStarted::Failed(error)) => Err(Problem::internal(error.to_string())),
    }
}

/// `POST /training/stop`: ends the search, and keeps the best.
pub async fn stop(request: Request<App>) -> Answer {
    require_same_origin(&request)?;
    request.state().trainings.stop();
    Ok(see("/training"))
}

/// `GET /training/progress`: how far it is, as server-sent events (WHATWG HTML, 9.2), until it ends.
pub async fn progress(request: Request<App>) -> Answer {
    let trainings = request.state().trainings.clone();
    let (sender, pieces) = BodyInPieces::new();
    tokio::spawn(async move {
        // the watcher may go at any time
        let _ = tell(&trainings, &sender).await;
    });
    let mut response = Response::builder(StatusCode::Ok).content_type("text/event-stream").build();
    response.insert_ext(pieces);
    Ok(response)
}

/// Tells a watcher of every change, until the training has ended or the watcher has gone.
async fn tell(trainings: &Trainings, sender: &PieceSender) -> Option<()> {
    let (mut changes, stops) = (trainings.watch(), trainings.server_stops());
    while let (Some(running), _) = trainings.now() {
        let document =
            json!({ "done": running.done, "planned": running.planned, "words": words_of(&running) }).to_string();
        sender.send(Ok(Bytes::from(format!("event: progress\ndata: {document}\n\n")))).await.ok()?;
        tokio::select! {
            _ = changes.changed() => {}
            () = tokio::time::sleep(HEARTBEAT) => {}
            () = stops.cancelled() => return None,
        }
    }
    sender.send(Ok(Bytes::from_static(b"event: ended\ndata: {}\n\n"))).await.ok()
}

/// How far a training is, in words.
fn words_of(running: &RunningTraining) -> String {
    let seconds = Timestamp::now().duration_since(running.started).as_secs().max(0);
    let so_far = say!("{}:{} so far", seconds / 60, format!("{:02}", seconds % 60));
    let Some(family) = &running.family else {
        return say!("It reads the sales and fits the first models; {}.", so_far);
    };
    let best = running.best_mae_usd.map_or_else(String::new, |best| say!(", the best is off by {}", dollars(best)));
    if running.is_stopping {
        return say!("{}: it stops and keeps the best{}; {}.", family, best, so_far);
    }
    if running.done >= running.planned {
        return say!("{}: the search is done{}; it fits and judges the models; {}.", family, best, so_far);
    }
    say!("{}: {} of {} trials{}; {}.", family, running.done, running.planned, best, so_far)
}

impl LastTraining {
    fn of(training: &EndedTraining) -> Self {
        let failed = |reason: String| Self {
            ended: training.ended,
            failure: Some(reason),
            is_promoted: false,
            reason: String::new(),
            models: Vec::new(),
            champion: None,
        };
        let report = match &training.outcome {
            Err(reason) if reason == STOPPED_EARLY => return failed(translate(reason).to_string()),
            Err(reason) => return failed(reason.clone()),
            Ok(report) => report,
        };
        let number = |value: &Value| value.as_f64().unwrap_or_default();
        let models = report["models"].as_array().into_iter().flatten().map(|model| TrainedModel {
            id: model["id"].as_i64().unwrap_or_default(),
            family: model["family"].as_str().unwrap_or_default().to_owned(),
            mae_usd: number(&model["metrics"]["mae_usd"]),
            mape: number(&model["metrics"]["mape"]),
            seconds: number(&model["fit_seconds"]),
        });
        Self {
            failure: None,
            is_promoted: report["promoted"].as_bool().unwrap_or_default(),
            reason: report["reason"].as_str().unwrap_or_default().to_owned(),
            models: models.collect(),
            champion: report["champion"].as_i64(),
            ..failed(String::new())
        }
    }
}

/// Reads what to train.
fn read_wanted(fields: &[(String, String)]) -> Result<TrainingWanted, FieldError> {
    let families = fields.iter().filter(|(name, _)| name == "family").map(|(_, text)| text.trim().to_owned());
    let (families, empty): (Vec<String>, Vec<String>) = families.partition(|name| !name.is_empty());
    // the form has an empty one always, so that it shows where all marks were taken away
    if families.is_empty() && !empty.is_empty() {
        return Err(FieldError::new("family", say!("must be one at least: mark what to train"), ""));
    }
    let names: Vec<&str> = FAMILIES.iter().map(|family| family.name()).collect();
    if let Some(unknown) = families.iter().find(|family| !names.contains(&family.as_str())) {
        return Err(FieldError::new("family", say!("must be one of {}", names.join(", ")), unknown.as_str()));
    }
    let minutes = last_text(fields, "minutes");
    let budget = match minutes {
        "" => None,
        text => match number::read_alone(text, false).filter(|minutes| *minutes > 0.0 && *minutes <= MAX_MINUTES) {
            Some(minutes) => Some(Duration::from_secs_f64(minutes * 60.0)),
            None => {
                return Err(FieldError::new(
                    "minutes",
                    say!("must be a number above 0, at most {}", MAX_MINUTES),
                    text,
                ));
            }
        },
    };
    let promotion = match last_text(fields, "promote") {
        "never" => PromotionPolicy::Never,
        "" | "auto" => PromotionPolicy::Auto,
        other => return Err(FieldError::new("promote", say!("must be auto or never"), other)),
    };
    Ok(TrainingWanted { families, budget, promotion })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(pairs: &[(&str, &str)]) -> Result<TrainingWanted, FieldError> {
        let owned: Vec<_> = pairs.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect();
        read_wanted(&owned)
    }

    #[test]
    fn what_to_train_is_read_and_mistakes_are_named() {
        let wanted = read(&[("family", "linear"), ("minutes", "1,5"), ("promote", "never")]).expect("a training");
        assert_eq!((wanted.families, wanted.budget), (vec!["linear".to_owned()], Some(Duration::from_secs(90))));
        assert_eq!(wanted.promotion, PromotionPolicy::Never);
        assert_eq!(read(&[("family", ""), ("family", "linear")]).expect("one").families, ["linear"]);
        assert_eq!(read(&[("family", "")]).expect_err("none").field, "family");
        assert_eq!(read(&[]).expect("everything").promotion, PromotionPolicy::Auto);
        for (pair, field) in
            [(("family", "forest"), "family"), (("minutes", "-1"), "minutes"), (("promote", "now"), "promote")]
        {
            assert_eq!(read(&[pair]).expect_err("a mistake").field, field);
        }
    }
}
