//! The sales that were found as a file: written beside the database first, then sent from there.

use std::fs::File;
use std::io::{self, Write};
use std::path::PathBuf;

use tempfile::TempPath;
use tide::{Request, Response, StatusCode};
use tokio::sync::{Semaphore, SemaphorePermit};

use super::asked::Asked;
use crate::server::app::App;
use crate::server::http::long_bodies::CSV;
use crate::server::http::problem::{Answer, Problem};
use crate::server::http::request_parts::query_pairs;
use crate::server::http::sent_body::{BodyInPieces, PieceSender, PieceWriter};
use crate::store::ExportFormat;

/// Downloads of sales at a time.
static DOWNLOADS: Semaphore = Semaphore::const_new(2);
/// Media type of Parquet files (IANA).
const PARQUET: &str = "application/vnd.apache.parquet";

/// `GET /sales/browse.csv`: the sales that match the filter, in a form that can be ingested again.
pub async fn csv(request: Request<App>) -> Answer {
    download(request, ExportFormat::Csv, CSV, "sales.csv").await
}

/// `GET /sales/browse.parquet`: the same as a Parquet file.
pub async fn parquet(request: Request<App>) -> Answer {
    download(request, ExportFormat::Parquet, PARQUET, "sales.parquet").await
}

async fn download(request: Request<App>, format: ExportFormat, media_type: &str, name: &str) -> Answer {
    let (asked, mistakes) = Asked::read(&query_pairs(&request));
    if let Some(mistake) = mistakes.first() {
        return Err(Problem::new(422, mistake.message.clone()));
    }
    let permit = DOWNLOADS
        .try_acquire()
        .map_err(|_| Problem::new(429, "others download sales at this moment: try again when they are done"))?;
    let path = request.state().read(move |store| store.export_found_sales(&asked.filter, asked.order, format)).await?;
    let (sender, pieces) = BodyInPieces::new();
    tokio::task::spawn_blocking(move || send(path, sender, permit));
    let mut response = Response::builder(StatusCode::Ok)
        .content_type(media_type)
        .header("Content-Disposition", format!("attachment; filename=\"{name}\""))
        .header("Cache-Control", "no-store")
        .build();
    response.insert_ext(pieces);
    Ok(response)
}

/// Sends the file at `path`, and removes it.
fn send(path: PathBuf, sender: PieceSender, _permit: SemaphorePermit<'static>) {
    let mut writer = PieceWriter::new(sender);
    let sent = TempPath::try_from_path(path).and_then(|path| {
        let mut file = File::open(&path)?;
        io::copy(&mut file, &mut writer)?;
        writer.flush()
    });
    if let Err(error) = sent {
        // the client may just have gone
        tracing::warn!("the download of sales breaks off: {error}");
        writer.break_off(error.to_string());
    }
}
