//! A file of sales that somebody sends: first it is looked at, as nothing goes in unseen; then it goes in, or with corrections.

use askama::Template;
use hyper::body::Bytes;
use serde_json::json;
use tide::{Request, StatusCode};

use crate::access::generate_secret;
use crate::control::{Ingest, UndoBatch};
use crate::diamond::{FIELDS, FieldError, number};
use crate::reading::{ReadingOptions, ReadingReport};
use crate::server::access::Caller;
use crate::server::app::App;
use crate::server::http::attachments::{LogAs, ReceivedBody};
use crate::server::http::csrf::require_same_origin;
use crate::server::http::long_bodies::{UnreadBody, read_sent_file};
use crate::server::http::problem::{Answer, Problem};
use crate::server::http::request_parts::{form_pairs, id_in_path, last_text};
use crate::server::pages::filters;
use crate::server::pages::{respond, see};
use crate::store::{FileReport, Upload};
use crate::words::say;

/// How a column of the file is named in the field for a correction: `map-carat`.
const MAP: &str = "map-";

#[derive(Template)]
#[template(path = "incoming.html")]
struct IncomingPage {
    token: String,
    file: String,
    /// What would go in, and how it is read.
    report: Option<FileReport>,
    /// Why it cannot be read as it is.
    problem: Option<String>,
    corrections: Corrections,
}

/// What somebody says of how the file is to be read.
#[derive(Debug, Default, PartialEq)]
struct Corrections {
    /// Each quality, its label, and the header that it is said to have; empty if it is found by itself.
    columns: Vec<(&'static str, &'static str, String)>,
    decimal: String,
    rate: String,
    any_shape: bool,
    accept_odd: bool,
}

impl IncomingPage {
    fn reading(&self) -> Option<&ReadingReport> {
        self.report.as_ref()?.reading.as_ref()
    }

    /// The names of the columns of the file, as far as they are known.
    fn headers(&self) -> Vec<&str> {
        let Some(reading) = self.reading() else { return Vec::new() };
        reading.columns.iter().map(|column| &column.header).chain(&reading.ignored).map(String::as_str).collect()
    }
}

/// `POST /sales`: keeps the file that was sent, and shows what would go in.
pub async fn look(request: Request<App>) -> Answer {
    require_same_origin(&request)?;
    let missing = || Problem::new(422, say!("no file was chosen: choose one, and send it again"));
    let said = request.header("Content-Type").map_or("", |values| values.last().as_str());
    let boundary = multer::parse_boundary(said)
        .map_err(|_| Problem::new(415, "this takes a form with a file: send it as multipart/form-data"))?;
    let body = request.ext::<UnreadBody>().and_then(UnreadBody::take).ok_or_else(missing)?;
    let folder = request.state().pricing.reader()?.work_folder().to_owned();
    let (name, file) = read_sent_file(body, boundary, &folder).await?.ok_or_else(missing)?;
    let upload = Upload::of_temporary(&name, file);
    let token = generate_secret("").map_err(|error| Problem::internal(error.to_string()))?;
    request.state().pending.put(&token, upload.clone());
    show(&request, token, upload, Corrections::read(&[])).await
}

/// `POST /sales/incoming/{id}`: reads the file again with corrections; or, if `go` says so, it goes in.
pub async fn correct_or_ingest(request: Request<App>) -> Answer {
    require_same_origin(&request)?;
    let token = id_in_path(&request).to_owned();
    let fields = form_pairs(&request)?;
    let gone = || Problem::new(404, say!("this file waits no longer: send it again at /sales"));
    let mut upload = request.state().pending.find(&token).ok_or_else(gone)?;
    let corrections = Corrections::read(&fields);
    if last_text(&fields, "go") != "in" {
        return show(&request, token, upload, corrections).await;
    }
    upload.options = corrections.options().map_err(|error| Problem::bad_fields(vec![error]))?;
    let ingest = Ingest { upload: upload.clone(), dry_run: false };
    match request.state().run(ingest, &Caller::of(&request)).await {
        Ok(report) => {
            request.state().pending.remove(&token);
            let batch = report.batch.unwrap_or_default();
            let mut response = see(&format!("/sales/{batch}"));
            response.insert_ext(ReceivedBody(Bytes::from(json!({ "file": report.file }).to_string())));
            response.insert_ext(LogAs(json!(report).to_string()));
            Ok(response)
        }
        Err(problem) if problem.status == 422 || problem.status == 400 => respond(
            StatusCode::UnprocessableEntity,
            &IncomingPage {
                token,
                file: upload.name().to_owned(),
                report: None,
                problem: Some(problem.detail),
                corrections,
            },
        ),
        Err(problem) => Err(problem),
    }
}

/// `POST /sales/{id}/undo`: removes the sales of a file again.
pub async fn undo(request: Request<App>) -> Answer {
    require_same_origin(&request)?;
    let text = id_in_path(&request);
    let id: i64 = text.parse().map_err(|_| Problem::new(404, say!("there is no batch {}", text)))?;
    request.state().run(UndoBatch { id }, &Caller::of(&request)).await?;
    Ok(see(&format!("/sales/{id}")))
}

/// Reads the file without storing anything, and shows what was read.
async fn show(request: &Request<App>, token: String, mut upload: Upload, corrections: Corrections) -> Answer {
    let file = upload.name().to_owned();
    let read = match corrections.options() {
        Err(error) => Err(FieldError::in_words(&[error])),
        Ok(options) => {
            upload.options = options;
            let dry_run = Ingest { upload, dry_run: true };
            match request.state().run(dry_run, &Caller::of(request)).await {
                Ok(report) => Ok(report),
                Err(problem) if problem.status < 500 => Err(problem.detail),
                Err(problem) => return Err(problem),
            }
        }
    };
    let status = if read.is_ok() { StatusCode::Ok } else { StatusCode::UnprocessableEntity };
    let (report, problem) = match read {
        Ok(report) => (Some(report), None),
        Err(problem) => (None, Some(problem)),
    };
    respond(status, &IncomingPage { token, file, report, problem, corrections })
}

impl Corrections {
    fn read(fields: &[(String, String)]) -> Self {
        let given = |name: &str| last_text(fields, name).to_owned();
        let names = FIELDS.iter().map(|field| (field.name, field.label)).chain([("price", "Price")]);
        Self {
            columns: names.map(|(name, label)| (name, label, given(&format!("{MAP}{name}")))).collect(),
            decimal: given("decimal"),
            rate: given("rate"),
            any_shape: !given("any_shape").is_empty(),
            accept_odd: !given("accept_odd").is_empty(),
        }
    }

    fn options(&self) -> Result<ReadingOptions, FieldError> {
        let wrong = |field: &str, message: &str, value: &str| FieldError {
            field: field.to_owned(),
            message: message.to_owned(),
            value: value.into(),
        };
        let decimal = match self.decimal.as_str() {
            "" => None,
            text => Some(text.parse().map_err(|error: String| wrong("decimal", &error, text))?),
        };
        let rate = match self.rate.as_str() {
            "" => None,
            text => {
                let rate = number::read_alone(text, false).filter(|rate| *rate > 0.0);
                Some(rate.ok_or_else(|| wrong("rate", &say!("must be a number above 0, such as 1.08"), text))?)
            }
        };
        let named = self.columns.iter().filter(|(_, _, header)| !header.is_empty());
        Ok(ReadingOptions {
            map: named.map(|(name, _, header)| ((*name).to_owned(), header.clone())).collect(),
            decimal,
            any_shape: self.any_shape,
            accept_odd: self.accept_odd,
            units: Vec::new(),
            rate,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn corrections_become_options_and_mistakes_are_named() {
        let read = |pairs: &[(&str, &str)]| {
            let owned: Vec<_> = pairs.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect();
            Corrections::read(&owned)
        };
        let options = read(&[("map-carat", "Wt"), ("decimal", ","), ("rate", "1,08"), ("any_shape", "on")]).options();
        let options = options.expect("options");
        assert_eq!(options.map, [("carat".to_owned(), "Wt".to_owned())]);
        assert_eq!((options.rate, options.any_shape, options.accept_odd), (Some(1.08), true, false));
        assert_eq!(read(&[]).options().expect("none"), ReadingOptions::default());
        assert_eq!(read(&[("rate", "free")]).options().expect_err("no rate").field, "rate");
        assert_eq!(read(&[("decimal", ";")]).options().expect_err("no sign").field, "decimal");
    }
}
