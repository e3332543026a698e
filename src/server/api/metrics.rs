//! `/metrics`: numbers for a monitoring, in Prometheus' text format.

use jiff::Timestamp;
use tide::{Request, Response, StatusCode};

use crate::monitoring::Status;
use crate::server::app::App;
use crate::server::blocking_work::in_background;
use crate::server::http::problem::Answer;
use crate::text::with_causes;

/// The path of the numbers.
pub const PATH: &str = "/metrics";
/// The media type of the text (`OpenMetrics` 1.0).
const MEDIA_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// `GET /metrics`. What the file does not tell stays as it was: a monitoring must get an answer when something is wrong.
pub async fn show(request: Request<App>) -> Answer {
    let app = request.state().clone();
    let text = in_background(move || {
        let is_usable = app.file.problem().is_none();
        app.metrics.note_file(is_usable);
        if let Some(replica) = &app.replica {
            app.metrics.note_replica(&replica.now(), Timestamp::now());
        }
        if let Ok(store) = app.pricing.reader() {
            app.metrics.note_sizes(&store);
            if is_usable && app.metrics.needs_status() {
                let now = Timestamp::now();
                match Status::of(&store, &app.pricing.snapshot(), now) {
                    Ok(status) => app.metrics.note_status(&status, now),
                    Err(error) => tracing::warn!("{}", with_causes(&error)),
                }
            }
        }
        app.metrics.text()
    });
    Ok(Response::builder(StatusCode::Ok).body(text.await?).header("Content-Type", MEDIA_TYPE).build())
}
