//! The pages of sales: the files that were ingested, and how each was read.

use askama::Template;
use tide::{Request, StatusCode};

use super::respond;
use crate::server::app::App;
use crate::server::http::problem::{Answer, Problem};
use crate::server::http::request_parts::id_in_path;
use crate::store::{Batch, BatchDetail};
use crate::text::count;

/// Most rejected rows on a page.
const MAX_REJECTED: u32 = 100;

#[derive(Template)]
#[template(path = "sales.html")]
struct SalesPage {
    batches: Vec<Batch>,
}

impl SalesPage {
    /// Sales that are there now.
    fn sales(&self) -> i64 {
        self.batches.iter().filter(|batch| batch.undone.is_none()).map(|batch| batch.accepted).sum()
    }
}

#[derive(Template)]
#[template(path = "batch.html")]
struct BatchPage {
    batch: BatchDetail,
}

impl BatchPage {
    /// How many rejected rows are shown.
    fn shown(&self) -> i64 {
        i64::try_from(self.batch.rejected_rows.len()).unwrap_or(i64::MAX)
    }
}

/// A number of rows.
fn filled(rows: u64) -> String {
    i64::try_from(rows).map_or_else(|_| rows.to_string(), count)
}

/// `GET /sales`.
pub async fn list(request: Request<App>) -> Answer {
    let batches = request.state().read(crate::store::Store::batches).await?;
    respond(StatusCode::Ok, &SalesPage { batches })
}

/// `GET /sales/{id}`.
pub async fn show(request: Request<App>) -> Answer {
    let text = id_in_path(&request);
    let id: i64 = text.parse().map_err(|_| Problem::new(404, format!("there is no batch {text}")))?;
    let batch = request.state().read(move |store| store.batch(id, Some(MAX_REJECTED))).await?;
    respond(StatusCode::Ok, &BatchPage { batch })
}
