//! The pages of sales: what was sold, the files that were ingested, and how each was read.

pub mod browse;
pub mod incoming;

use askama::Template;
use tide::{Request, Response, StatusCode};

use super::respond;
use crate::access::Role;
use crate::server::access::Caller;
use crate::server::app::App;
use crate::server::http::long_bodies::CSV;
use crate::server::http::problem::{Answer, Problem};
use crate::server::http::request_parts::id_in_path;
use crate::server::pages::filters;
use crate::store::{Batch, BatchDetail};
use crate::text::count;
use crate::words::say;

/// Most rejected rows on a page.
const MAX_REJECTED: u32 = 100;

#[derive(Template)]
#[template(path = "sales.html")]
struct SalesPage {
    batches: Vec<Batch>,
    /// Whether the caller may add sales.
    can_add: bool,
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
    /// Whether the caller may take it back.
    can_undo: bool,
}

impl BatchPage {
    /// How many rejected rows are shown.
    fn shown(&self) -> i64 {
        i64::try_from(self.batch.rejected_rows.len()).unwrap_or(i64::MAX)
    }
}

/// A number of rows.
pub fn filled(rows: u64) -> String {
    i64::try_from(rows).map_or_else(|_| rows.to_string(), count)
}

/// `GET /sales`.
pub async fn list(request: Request<App>) -> Answer {
    let batches = request.state().read(crate::store::Store::batches).await?;
    respond(StatusCode::Ok, &SalesPage { batches, can_add: Caller::of(&request).may(Role::Manage) })
}

/// `GET /sales/{id}`.
pub async fn show(request: Request<App>) -> Answer {
    let text = id_in_path(&request);
    let id: i64 = text.parse().map_err(|_| Problem::new(404, say!("there is no batch {}", text)))?;
    let batch = request.state().read(move |store| store.batch(id, Some(MAX_REJECTED))).await?;
    let can_undo = Caller::of(&request).may(Role::Manage) && batch.batch.undone.is_none();
    respond(StatusCode::Ok, &BatchPage { batch, can_undo })
}

/// `GET /sales/{id}/rejected`: every rejected row of a file, as CSV.
pub async fn rejected(request: Request<App>) -> Answer {
    let text = id_in_path(&request);
    let id: i64 = text.parse().map_err(|_| Problem::new(404, say!("there is no batch {}", text)))?;
    let batch = request.state().read(move |store| store.batch(id, None)).await?;
    let failed = |error: csv::Error| Problem::internal(error.to_string());
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(["line", "column", "reason", "row"]).map_err(failed)?;
    for row in &batch.rejected_rows {
        let cells = [&row.line.to_string(), row.column.as_deref().unwrap_or_default(), &row.reason, &row.raw];
        writer.write_record(cells).map_err(failed)?;
    }
    let bytes = writer.into_inner().map_err(|error| Problem::internal(error.to_string()))?;
    let name = format!("attachment; filename=\"rejected-{id}.csv\"");
    Ok(Response::builder(StatusCode::Ok).content_type(CSV).header("Content-Disposition", name).body(bytes).build())
}
