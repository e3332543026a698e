//! `/v1/backups/latest`: the newest backup of the file, for servers that follow this one.

use std::fs::File;
use std::io;

use jiff::fmt::rfc2822::DateTimePrinter;
use serde_json::json;
use tide::{Request, Response, StatusCode};

use super::errors::{AnyRoute, ApiRoute, WithId};
use crate::server::app::App;
use crate::server::backups::newest_backup;
use crate::server::blocking_work::in_background;
use crate::server::http::attachments::LogAs;
use crate::server::http::problem::{Answer, Problem};
use crate::server::http::request_parts::{has_already, require_no_parameters};
use crate::server::http::sent_body::{BodyInPieces, PieceWriter};
use crate::server::replication::{FetchedCopy, describe};

/// Media type of a DuckDB file, which has none of its own.
const MEDIA_TYPE: &str = "application/octet-stream";

/// The newest backup
///
/// The newest file that `serve --backup-to` has made, whole, for servers that follow this one (`serve --replica-of`) and for safe keeping. It
/// has everything: the log, and the digests of all keys. `ETag` names the backup: with `If-None-Match` it is sent only if it is another.
#[utoipa::path(
    get, path = "/v1/backups/latest", operation_id = "latestBackup", tag = "server",
    params(("If-None-Match" = Option<String>, Header, description = "The ETag of a backup that is known.")),
    responses(
        (status = 200, description = "The backup, a DuckDB file.", content_type = "application/octet-stream",
            headers(("ETag" = String, description = "What tells this backup from others."),
                    ("Last-Modified" = String, description = "When it was made."))),
        (status = 304, description = "The backup is the one that is known."),
        AnyRoute, ApiRoute, WithId
    )
)]
pub async fn latest(request: Request<App>) -> Answer {
    require_no_parameters(&request)?;
    let Some(folder) = request.state().backup_folder.clone() else {
        return Err(Problem::new(404, "this server makes no backups: start it with --backup-to DIR"));
    };
    let found = in_background(move || {
        let path = newest_backup(&folder)?;
        let file = File::open(&path).ok()?;
        let about = describe(&path, &file.metadata().ok()?)?;
        Some((file, about))
    });
    let none = || Problem::new(404, "there is no backup yet: the first is made a moment after the server has started");
    let (mut file, FetchedCopy { version, made }) = found.await?.ok_or_else(none)?;
    let tag = format!("\"{version}\"");
    let is_known = has_already(&request, &tag);
    let made = DateTimePrinter::new()
        .timestamp_to_rfc9110_string(&made)
        .map_err(|error| Problem::internal(error.to_string()))?;
    let status = if is_known { StatusCode::NotModified } else { StatusCode::Ok };
    let builder = Response::builder(status).header("ETag", &*tag).header("Last-Modified", made);
    if is_known {
        return Ok(builder.build());
    }
    let mut response = builder.content_type(MEDIA_TYPE).build();
    response.insert_ext(LogAs(json!({ "backup": version }).to_string()));
    if request.method() == tide::http::Method::Head {
        return Ok(response);
    }
    let (sender, pieces) = BodyInPieces::new();
    tokio::task::spawn_blocking(move || {
        let mut writer = PieceWriter::new(sender);
        if let Err(error) = io::copy(&mut file, &mut writer).and_then(|_| io::Write::flush(&mut writer)) {
            // the client sees that it is not whole
            writer.break_off(error.to_string());
        }
    });
    response.insert_ext(pieces);
    Ok(response)
}
