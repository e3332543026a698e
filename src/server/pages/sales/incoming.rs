//! A file of sales that somebody sends: first it is looked at, as nothing goes in unseen; then it goes in, or with corrections.

use askama::Template;
use hyper::body::Bytes;
use serde_json::json;
use tide::{Request, StatusCode};

use crate::access::generate_secret;
use crate::control::{Ingest, UndoBatch};
use crate::diamond::{FIELDS, FieldError, number};
use crate::reading::{ReadingOptions, ReadingReport, UNITS};
use crate::server::access::Caller;
use crate::server::app::App;
use crate::server::blocking_work::in_background;
use crate::server::http::attachments::{LogAs, ReceivedBody};
use crate::server::http::csrf::require_same_origin;
use crate::server::http::long_bodies::{UnreadBody, read_sent_file};
use crate::server::http::problem::{Answer, Problem};
use crate::server::http::request_parts::{form_pairs, id_in_path, last_text};
use crate::server::pages::filters;
use crate::server::pages::{respond, see};
use crate::store::{FileReport, Upload};
use crate::words::{marked, say};

/// How a column of the file is named in the field for a correction: `map-carat`.
const MAP: &str = "map-";
/// How the field for a unit is named: `unit-carat`.
const UNIT: &str = "unit-";

#[derive(Template)]
#[template(path = "incoming.html")]
struct IncomingPage {
    token: String,
    file: String,
    /// What would go in, and how it is read.
    report: Option<FileReport>,
    /// Why it cannot be read as it is.
    problem: Option<String>,
    /// The names of its columns, as far as they are known.
    headers: Vec<String>,
    corrections: Corrections,
}

/// What somebody says of how the file is to be read.
#[derive(Debug, Default, PartialEq)]
struct Corrections {
    /// Each quality, its label, and the header that it is said to have; empty if it is found by itself.
    columns: Vec<(&'static str, &'static str, String)>,
    decimal: String,
    /// What has units, and the one that it is said to be in; empty if it is the usual.
    units: Vec<(&'static str, String)>,
    rate: String,
    any_shape: bool,
    accept_odd: bool,
}

/// What can be in another unit: its name, its label and its usual unit.
const MEASURED: [(&str, &str, &str); 3] = [
    ("carat", marked("Unit of the weight"), marked("carats")),
    ("size", marked("Unit of length, width and height"), marked("millimetres")),
    ("price", marked("Unit of the price"), marked("as written")),
];

impl IncomingPage {
    fn reading(&self) -> Option<&ReadingReport> {
        self.report.as_ref()?.reading.as_ref()
    }

    /// What can be in another unit: its field, its label, and each unit with its label and whether it is chosen.
    fn units(&self) -> impl Iterator<Item = (String, &'static str, Vec<(&'static str, &'static str, bool)>)> {
        MEASURED.into_iter().zip(&self.corrections.units).map(|((of, label, usual), (_, chosen))| {
            let others = UNITS.iter().filter(|unit| unit.of == of).map(|unit| (unit.name, unit.label));
            let all = std::iter::once(("", usual)).chain(others);
            (format!("{UNIT}{of}"), label, all.map(|(name, words)| (name, words, name == chosen)).collect())
        })
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
        Err(problem) if problem.status == 422 || problem.status == 400 => {
            refused(&request, token, upload, problem.detail, corrections).await
        }
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
    match corrections.options() {
        Ok(options) => upload.options = options,
        Err(error) => return refused(request, token, upload, FieldError::in_words(&[error]), corrections).await,
    }
    let file = upload.name().to_owned();
    let dry_run = Ingest { upload: upload.clone(), dry_run: true };
    match request.state().run(dry_run, &Caller::of(request)).await {
        Ok(report) => {
            let reading = report.reading.iter();
            let read = reading.clone().flat_map(|reading| reading.columns.iter().map(|column| &column.header));
            let headers = read.chain(reading.flat_map(|reading| &reading.ignored)).cloned().collect();
            let page = IncomingPage { token, file, report: Some(report), problem: None, headers, corrections };
            respond(StatusCode::Ok, &page)
        }
        Err(problem) if problem.status < 500 => refused(request, token, upload, problem.detail, corrections).await,
        Err(problem) => Err(problem),
    }
}

/// Shows why the file does not go in as it is, and what can be said of it.
async fn refused(
    request: &Request<App>,
    token: String,
    upload: Upload,
    problem: String,
    corrections: Corrections,
) -> Answer {
    let folder = request.state().pricing.reader()?.work_folder().to_owned();
    let file = upload.name().to_owned();
    // without its header the names are typed
    let headers = in_background(move || upload.header(&folder)).await?.unwrap_or_default();
    let page = IncomingPage { token, file, report: None, problem: Some(problem), headers, corrections };
    respond(StatusCode::UnprocessableEntity, &page)
}

impl Corrections {
    fn read(fields: &[(String, String)]) -> Self {
        let given = |name: &str| last_text(fields, name).to_owned();
        let names = FIELDS.iter().map(|field| (field.name, field.label)).chain([("price", "Price")]);
        Self {
            columns: names.map(|(name, label)| (name, label, given(&format!("{MAP}{name}")))).collect(),
            decimal: given("decimal"),
            units: MEASURED.iter().map(|(of, ..)| (*of, given(&format!("{UNIT}{of}")))).collect(),
            rate: given("rate"),
            any_shape: !given("any_shape").is_empty(),
            accept_odd: !given("accept_odd").is_empty(),
        }
    }

    fn options(&self) -> Result<ReadingOptions, FieldError> {
        let decimal = match self.decimal.as_str() {
            "" => None,
            text => Some(text.parse().map_err(|error: String| FieldError::new("decimal", error, text))?),
        };
        let rate = match self.rate.as_str() {
            "" => None,
            text => {
                let rate = number::read_alone(text, false).filter(|rate| *rate > 0.0);
                Some(rate.ok_or_else(|| FieldError::new("rate", say!("must be a number above 0, such as 1.08"), text))?)
            }
        };
        let units = self.units.iter().filter(|(_, unit)| !unit.is_empty());
        let named = self.columns.iter().filter(|(_, _, header)| !header.is_empty());
        Ok(ReadingOptions {
            map: named.map(|(name, _, header)| ((*name).to_owned(), header.clone())).collect(),
            decimal,
            any_shape: self.any_shape,
            accept_odd: self.accept_odd,
            units: units.map(|(of, unit)| ((*of).to_owned(), unit.clone())).collect(),
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
        assert_eq!(read(&[("unit-carat", "points"), ("unit-price", "")]).options().expect("options").units.len(), 1);
        assert_eq!(options.map, [("carat".to_owned(), "Wt".to_owned())]);
        assert_eq!((options.rate, options.any_shape, options.accept_odd), (Some(1.08), true, false));
        assert_eq!(read(&[]).options().expect("none"), ReadingOptions::default());
        assert_eq!(read(&[("rate", "free")]).options().expect_err("no rate").field, "rate");
        assert_eq!(read(&[("decimal", ";")]).options().expect_err("no sign").field, "decimal");
    }
}
