//! Parcels, `/parcels`: many stones priced together, from a spreadsheet or a file, and kept like a quote.

mod page;
mod priced;

use askama::Template;
use hyper::body::Bytes;
use serde_json::json;

use tide::{Request, Response, StatusCode};

use super::{local, respond, see};
use crate::control::AddParcel;
use crate::pricing::PricingError;
use crate::pricing::stone_files::{CsvAnswer, WorkbookAnswer};
use crate::server::access::Caller;
use crate::server::app::App;
use crate::server::blocking_work::in_background;
use crate::server::http::attachments::{AnsweredBy, LogAs, ReceivedBody, RequestIdentity};
use crate::server::http::csrf::require_same_origin;
use crate::server::http::long_bodies::CSV;
use crate::server::http::problem::{Answer, Problem};
use crate::server::http::request_parts::{form_pairs, id_in_path, last_text, query_pairs};
use crate::server::http::sent_forms::SentForm;
use crate::server::pages::filters;
use crate::store::{ParcelRecord, ParcelRow, StoreError};
use crate::words::say;
use page::ParcelPage;
use priced::{SentStones, price};

/// Parcels in the list.
const LISTED: u32 = 100;
/// Longest name, in characters.
const LONGEST_NAME: usize = 100;
/// Media type of workbooks.
const WORKBOOK: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";

#[derive(Template)]
#[template(path = "parcels.html")]
struct ParcelsPage {
    parcels: Vec<ListedParcel>,
    /// Why what was sent was not priced.
    problem: Option<String>,
    /// What was pasted, so that it can be mended.
    pasted: String,
}

/// A parcel as the list shows it.
struct ListedParcel {
    time: String,
    parcel: ParcelRecord,
}

/// `GET /parcels`: a form, and the newest parcels.
pub async fn list(request: Request<App>) -> Answer {
    respond(StatusCode::Ok, &ParcelsPage::read(&request, None, String::new()).await?)
}

impl ParcelsPage {
    async fn read(request: &Request<App>, problem: Option<String>, pasted: String) -> Result<Self, Problem> {
        let only = Caller::of(request).sees_only_of();
        let read = request.state().read(move |store| -> Result<_, StoreError> {
            let zone = store.shop()?.zone();
            let parcels = store.parcels(LISTED, only.as_deref())?.into_iter();
            Ok(parcels.map(|parcel| ListedParcel { time: local(parcel.time, &zone), parcel }).collect())
        });
        Ok(Self { parcels: read.await?, problem, pasted })
    }
}

/// `POST /parcels`: prices what was pasted, or a file, and leads to the parcel.
pub async fn create(request: Request<App>) -> Answer {
    require_same_origin(&request)?;
    let Some(identity) = request.ext::<RequestIdentity>().copied() else {
        return Err(Problem::internal("a request without an id"));
    };
    let mut form = SentForm::read(&request).await?;
    let pasted = form.text("stones").to_owned();
    if !pasted.trim().is_empty() && !form.files.is_empty() {
        let problem = say!("Both rows and a file are here: send one of them");
        let page = ParcelsPage::read(&request, Some(problem), pasted).await?;
        return respond(StatusCode::UnprocessableEntity, &page);
    }
    let given: String = form.text("name").trim().chars().take(LONGEST_NAME).collect();
    let stones = form.files.pop().map_or_else(|| SentStones::Pasted(pasted.clone()), SentStones::File);
    let snapshot = request.state().pricing.snapshot();
    let folder = request.state().pricing.reader()?.work_folder().to_owned();
    let priced = in_background(move || {
        let champion = snapshot.champion().ok_or(PricingError::NoModel)?;
        Ok::<_, Problem>(price(&stones, &given, &folder, identity, &snapshot, champion)?.map(Box::new))
    });
    let parcel = match priced.await?? {
        Ok(parcel) => parcel,
        Err(problem) => {
            let page = ParcelsPage::read(&request, Some(problem), pasted).await?;
            return respond(StatusCode::UnprocessableEntity, &page);
        }
    };
    let (model, rows) = (parcel.model, parcel.rows.len());
    let summary = json!({ "name": parcel.name, "rows": rows }).to_string();
    let number = request.state().run(AddParcel { parcel: *parcel }, &Caller::of(&request)).await?;
    let mut response = see(&format!("/parcels/{number}"));
    response.insert_ext(ReceivedBody(Bytes::from(summary)));
    response.insert_ext(LogAs(json!({ "parcel": number, "rows": rows }).to_string()));
    response.insert_ext(AnsweredBy(model));
    Ok(response)
}

/// `GET /parcels/{id}`, in the order that `sort` names.
pub async fn show(request: Request<App>) -> Answer {
    let sort = last_text(&query_pairs(&request), "sort").to_owned();
    show_parcel(&request, sort, String::new()).await
}

/// `POST /parcels/{id}`: the same, with the buyer's margin, which stands in no address.
pub async fn show_to_buyer(request: Request<App>) -> Answer {
    require_same_origin(&request)?;
    let fields = form_pairs(&request)?;
    let given = |name: &str| last_text(&fields, name).to_owned();
    show_parcel(&request, given("sort"), given("margin")).await
}

async fn show_parcel(request: &Request<App>, sort: String, margin: String) -> Answer {
    let (parcel, rows) = find(request).await?;
    let zone = request.state().read(|store| store.shop().map(|shop| shop.zone())).await?;
    respond(StatusCode::Ok, &ParcelPage::new(parcel, rows, &sort, margin, &zone))
}

/// `GET /parcels/{id}/csv`: its own columns, and the prices.
pub async fn download_csv(request: Request<App>) -> Answer {
    let (parcel, rows) = find(&request).await?;
    let failed = |error: std::io::Error| Problem::internal(error.to_string());
    let mut bytes = Vec::new();
    let mut answer = CsvAnswer::new(&mut bytes, &parcel.header).map_err(failed)?;
    for row in &rows {
        answer.write_values(&row.cells, page::added_values(row, parcel.model)).map_err(failed)?;
    }
    answer.finish().map_err(failed)?;
    Ok(download(&parcel, "csv", CSV, bytes))
}

/// `GET /parcels/{id}/xlsx`: the same as a workbook.
pub async fn download_workbook(request: Request<App>) -> Answer {
    let (parcel, rows) = find(&request).await?;
    let written = in_background(move || {
        let mut answer = WorkbookAnswer::new(&parcel.header)?;
        for row in &rows {
            answer.write_values(&row.cells, &page::added_values(row, parcel.model))?;
        }
        let mut bytes = Vec::new();
        answer.save(std::io::Cursor::new(&mut bytes))?;
        Ok::<_, std::io::Error>((parcel, bytes))
    });
    let (parcel, bytes) = written.await?.map_err(|error| Problem::internal(error.to_string()))?;
    Ok(download(&parcel, "xlsx", WORKBOOK, bytes))
}

fn download(parcel: &ParcelRecord, ending: &str, media_type: &str, bytes: Vec<u8>) -> Response {
    Response::builder(StatusCode::Ok)
        .content_type(media_type)
        .header("Content-Disposition", format!("attachment; filename=\"parcel-{}.{ending}\"", parcel.number))
        .body(bytes)
        .build()
}

/// The parcel in the path, if the caller may see it.
async fn find(request: &Request<App>) -> Result<(ParcelRecord, Vec<ParcelRow>), Problem> {
    let text = id_in_path(request).to_owned();
    let only = Caller::of(request).sees_only_of();
    let unknown = || Problem::new(404, say!("there is no parcel {}: /parcels lists them", text));
    let number: i64 = text.parse().map_err(|_| unknown())?;
    let found = request.state().read(move |store| store.parcel(number)).await?;
    found.filter(|(parcel, _)| only.as_ref().is_none_or(|name| *name == parcel.made_by)).ok_or_else(unknown)
}
