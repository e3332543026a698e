//! Long bodies: nothing of one is read before its request is allowed, and then it goes into a file.

use std::fs::File;
use std::io::{BufWriter, Seek, Write};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use http_body_util::BodyExt;
use hyper::Method;
use hyper::body::{Body, Incoming};
use hyper::header::CONTENT_TYPE;
use hyper::http::request::Parts;
use tokio::time::timeout;

use super::limits::{BODY_TIMEOUT, LONG_BODY_TIMEOUT, MAX_LONG_BODY_BYTES, SPARED_DISK_BYTES};
use super::problem::Problem;
use crate::system::free_disk_bytes;

/// Media type of a table of cells.
pub const CSV: &str = "text/csv";
/// Media type of lines of JSON.
pub const JSON_LINES: &str = "application/x-ndjson";
/// The address that takes long bodies.
const PATH: &str = "/v1/predictions";

/// The body of a request, attached to it by the connection if it may be long.
#[derive(Debug, Clone)]
pub struct UnreadBody(Arc<Mutex<Option<Incoming>>>);

impl UnreadBody {
    /// The body, unread.
    pub fn new(body: Incoming) -> Self {
        Self(Arc::new(Mutex::new(Some(body))))
    }

    /// The body; `None` if it was taken before.
    pub fn take(&self) -> Option<Incoming> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// Whether the body of a request may be long.
pub fn may_be_long(head: &Parts) -> bool {
    let media = head.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let essence = media.split(';').next().unwrap_or_default().trim();
    head.method == Method::POST
        && head.uri.path() == PATH
        && [CSV, JSON_LINES].iter().any(|long| essence.eq_ignore_ascii_case(long))
}

/// Reads `body` into a file without a name in `folder`. Returns the file, at its beginning, and its length in bytes.
///
/// # Errors
/// 400 if it breaks off, 408 if it takes too long, 413 if it is too long, 503 if the disk has no space for it.
pub async fn read_into_file(mut body: Incoming, folder: &Path) -> Result<(File, u64), Problem> {
    let too_long =
        || Problem::new(413, format!("the body is larger than {MAX_LONG_BODY_BYTES} bytes: send it in parts"));
    let no_space =
        || Problem::new(503, "the disk of the server has no space for such a body: send it in parts, or later");
    let too_slow = || Problem::new(408, "the body comes too slowly: send it in parts");
    let space = free_disk_bytes(folder).map_or(u64::MAX, |free| free.saturating_sub(SPARED_DISK_BYTES));
    let announced = body.size_hint().lower();
    if announced > MAX_LONG_BODY_BYTES {
        return Err(too_long());
    }
    if announced > space {
        return Err(no_space());
    }
    let file = tempfile::tempfile_in(folder).map_err(|error| Problem::internal(error.to_string()))?;
    let mut writer = BufWriter::with_capacity(1 << 18, file);
    let read = async {
        let mut length = 0;
        while let Some(frame) = timeout(BODY_TIMEOUT, body.frame()).await.map_err(|_| too_slow())? {
            let frame = frame.map_err(|error| Problem::new(400, format!("the body broke off: {error}")))?;
            let Ok(data) = frame.into_data() else { continue };
            length += data.len() as u64;
            if length > MAX_LONG_BODY_BYTES {
                return Err(too_long());
            }
            if length > space {
                return Err(no_space());
            }
            // it goes to memory of the system, which writes it to the disk in its own time
            writer.write_all(&data).map_err(|_| no_space())?;
        }
        Ok(length)
    };
    let length = timeout(LONG_BODY_TIMEOUT, read).await.map_err(|_| too_slow())??;
    let mut file = writer.into_inner().map_err(|_| no_space())?;
    file.rewind().map_err(|error| Problem::internal(error.to_string()))?;
    Ok((file, length))
}
