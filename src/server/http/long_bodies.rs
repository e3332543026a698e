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
use multer::Multipart;
use tempfile::{NamedTempFile, TempPath};
use tokio::time::timeout;

use super::limits::{BODY_TIMEOUT, LONG_BODY_TIMEOUT, MAX_LONG_BODY_BYTES, SPARED_DISK_BYTES};
use super::problem::Problem;
use super::sent_forms::plain_file_name;
use crate::system::free_disk_bytes;

/// Media type of a table of cells.
pub const CSV: &str = "text/csv";
/// Media type of lines of JSON.
pub const JSON_LINES: &str = "application/x-ndjson";
/// Media type of forms with files.
const FORM: &str = "multipart/form-data";
/// The addresses that take long bodies, and their media types.
const LONG: [(&str, &[&str]); 2] = [("/v1/predictions", &[CSV, JSON_LINES]), (SALES_PATH, &[FORM])];
/// The address of files of sales that somebody sends with a page.
pub const SALES_PATH: &str = "/sales";

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
    let is_long = |(path, types): &(&str, &[&str])| {
        head.uri.path() == *path && types.iter().any(|long| essence.eq_ignore_ascii_case(long))
    };
    head.method == Method::POST && LONG.iter().any(is_long)
}

fn too_long() -> Problem {
    Problem::new(413, format!("the body is larger than {MAX_LONG_BODY_BYTES} bytes: send it in parts"))
}

fn no_space() -> Problem {
    Problem::new(503, "the disk of the server has no space for such a body: send it in parts, or later")
}

fn too_slow() -> Problem {
    Problem::new(408, "the body comes too slowly: send it in parts")
}

/// The bytes that `body` may take in `folder`.
fn space_for(body: &Incoming, folder: &Path) -> Result<u64, Problem> {
    let space = free_disk_bytes(folder).map_or(u64::MAX, |free| free.saturating_sub(SPARED_DISK_BYTES));
    let announced = body.size_hint().lower();
    if announced > MAX_LONG_BODY_BYTES {
        return Err(too_long());
    }
    if announced > space {
        return Err(no_space());
    }
    Ok(space)
}

/// A file that takes so many bytes at the most.
struct BoundedFile<W: Write> {
    writer: BufWriter<W>,
    length: u64,
    space: u64,
}

impl<W: Write> BoundedFile<W> {
    fn new(file: W, space: u64) -> Self {
        Self { writer: BufWriter::with_capacity(1 << 18, file), length: 0, space }
    }

    fn write(&mut self, data: &[u8]) -> Result<(), Problem> {
        self.length += data.len() as u64;
        if self.length > MAX_LONG_BODY_BYTES {
            return Err(too_long());
        }
        if self.length > self.space {
            return Err(no_space());
        }
        // it goes to memory of the system, which writes it to the disk in its own time
        self.writer.write_all(data).map_err(|_| no_space())
    }

    /// The file, and its length in bytes.
    fn finish(self) -> Result<(W, u64), Problem> {
        let file = self.writer.into_inner().map_err(|_| no_space())?;
        Ok((file, self.length))
    }
}

/// Reads the file in a form with files from `body` into a file in `folder`. Returns its name and the file; `None` if the form has none.
///
/// # Errors
/// 400 if it breaks off, 408 if it takes too long, 413 if it is too long, 503 if the disk has no space for it.
pub async fn read_sent_file(
    body: Incoming,
    boundary: String,
    folder: &Path,
) -> Result<Option<(String, TempPath)>, Problem> {
    let space = space_for(&body, folder)?;
    let broken = |error: multer::Error| Problem::new(400, format!("the form is malformed or broke off: {error}"));
    let mut parts = Multipart::new(body.into_data_stream(), boundary);
    let read = async {
        while let Some(mut part) = parts.next_field().await.map_err(broken)? {
            let Some(name) = part.file_name().map(plain_file_name) else { continue };
            let file = NamedTempFile::new_in(folder).map_err(|error| Problem::internal(error.to_string()))?;
            let mut bounded = BoundedFile::new(file, space);
            while let Some(data) = timeout(BODY_TIMEOUT, part.chunk()).await.map_err(|_| too_slow())?.map_err(broken)? {
                bounded.write(&data)?;
            }
            let (file, length) = bounded.finish()?;
            if !(name.is_empty() && length == 0) {
                return Ok(Some((name, file.into_temp_path())));
            }
        }
        Ok(None)
    };
    timeout(LONG_BODY_TIMEOUT, read).await.map_err(|_| too_slow())?
}

/// Reads `body` into a file without a name in `folder`. Returns the file, at its beginning, and its length in bytes.
///
/// # Errors
/// 400 if it breaks off, 408 if it takes too long, 413 if it is too long, 503 if the disk has no space for it.
pub async fn read_into_file(mut body: Incoming, folder: &Path) -> Result<(File, u64), Problem> {
    let space = space_for(&body, folder)?;
    let file = tempfile::tempfile_in(folder).map_err(|error| Problem::internal(error.to_string()))?;
    let mut bounded = BoundedFile::new(file, space);
    let read = async {
        while let Some(frame) = timeout(BODY_TIMEOUT, body.frame()).await.map_err(|_| too_slow())? {
            let frame = frame.map_err(|error| Problem::new(400, format!("the body broke off: {error}")))?;
            if let Ok(data) = frame.into_data() {
                bounded.write(&data)?;
            }
        }
        Ok::<_, Problem>(())
    };
    timeout(LONG_BODY_TIMEOUT, read).await.map_err(|_| too_slow())??;
    let (mut file, length) = bounded.finish()?;
    file.rewind().map_err(|error| Problem::internal(error.to_string()))?;
    Ok((file, length))
}
