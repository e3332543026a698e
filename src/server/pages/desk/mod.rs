//! The desk, `/`: a form on one side, and its answer on the other, whole without a script. With one the answer follows what is typed.

pub mod answer;
mod buyer;
mod entered;
mod form;
mod pins;

use askama::Template;
use hyper::body::Bytes;
use serde_json::{Value, json};
use tide::{Request, Response, StatusCode};

use super::respond;
use crate::diamond::{Field, FieldError};
use crate::pricing::{PricingError, Snapshot};
use crate::server::app::App;
use crate::server::blocking_work::in_background;
use crate::server::http::attachments::{AnsweredBy, LogAs, ReceivedBody};
use crate::server::http::csrf::require_same_origin;
use crate::server::http::problem::{Answer, Problem};
use crate::server::http::request_parts::{form_pairs, query_pairs};
use answer::PriceAnswer;
use buyer::BuyerFields;
use form::StoneForm;
use pins::PinnedStones;

use entered::address;
pub use entered::{Entered, stone_fields};

/// The path of answers to what is typed.
pub const LIVE_PATH: &str = crate::store::LIVE_PATH;

/// The page.
#[derive(Template)]
#[template(path = "desk.html")]
struct DeskPage {
    form: StoneForm,
    buyer: BuyerFields,
    is_for_customer: bool,
    /// The pinned stones, each as a line.
    pins: Vec<String>,
    answer: DeskAnswer,
}

/// What stands beside the form.
#[derive(Template)]
#[template(path = "_desk_answer.html")]
struct DeskAnswer {
    /// Why there is no price, if that is not because of what was entered.
    notice: Option<String>,
    /// The fields that are still missing, by name.
    missing: Vec<String>,
    /// What is wrong with fields that were entered, each a sentence.
    mistakes: Vec<String>,
    /// The price.
    price: Option<PriceAnswer>,
    /// The stones that are compared.
    pinned: Option<PinnedStones>,
    is_for_customer: bool,
    /// The address of the desk with this stone; without one, of the empty desk.
    address: String,
    /// What a script fills in if the stone came as a line: the fields by name, as JSON.
    fields: String,
}

/// `GET /`: the form and, if the query describes a stone, its price.
pub async fn show(request: Request<App>) -> Answer {
    // a margin in an address, as earlier versions had it, is left alone
    let pairs: Vec<_> = query_pairs(&request).into_iter().filter(|(name, _)| !BuyerFields::has(name)).collect();
    show_entered(&request, Entered::read(&pairs)).await
}

/// `POST /`: the same, with the buyer's margin, which stands in no address.
pub async fn show_to_buyer(request: Request<App>) -> Answer {
    require_same_origin(&request)?;
    let entered = Entered::read(&form_pairs(&request)?);
    show_entered(&request, entered).await
}

/// `POST /answer`: what stands beside the form, for a script.
pub async fn answer_live(request: Request<App>) -> Answer {
    require_same_origin(&request)?;
    let entered = Entered::read(&form_pairs(&request)?);
    let (entered, asked) = ask(&request, entered).await?;
    let response = asked.answer.and_then(|answer| respond(StatusCode::Ok, &answer));
    Ok(for_the_log(response, &entered, asked.logged))
}

async fn show_entered(request: &Request<App>, entered: Entered) -> Answer {
    let (mut entered, asked) = ask(request, entered).await?;
    let errors = if entered.has_stone() { asked.errors.as_slice() } else { &[] };
    let form = StoneForm::new(&entered, errors);
    let response = asked.answer.and_then(|answer| {
        let status = match (&answer.price, &answer.notice) {
            (None, _) if asked.has_no_model && entered.has_stone() => StatusCode::ServiceUnavailable,
            (None, _) if entered.has_stone() => StatusCode::UnprocessableEntity,
            _ => StatusCode::Ok,
        };
        let page = DeskPage {
            form,
            buyer: std::mem::take(&mut entered.buyer),
            is_for_customer: entered.is_for_customer,
            pins: entered.pinned.iter().map(crate::diamond::write_line).collect(),
            answer,
        };
        respond(status, &page)
    });
    Ok(for_the_log(response, &entered, asked.logged))
}

/// The answer to what was entered, and what the log keeps of it.
struct Asked {
    answer: Result<DeskAnswer, Problem>,
    errors: Vec<FieldError>,
    has_no_model: bool,
    /// The answer as JSON, with the model that gave it; `None` if nothing was asked.
    logged: Option<(Value, Option<i64>)>,
}

/// Answers what was entered, on a thread for slow work.
async fn ask(request: &Request<App>, entered: Entered) -> Result<(Entered, Asked), Problem> {
    let host = request.header("Host").map_or_else(|| "127.0.0.1:8080".to_owned(), |host| host.as_str().to_owned());
    let snapshot = request.state().pricing.snapshot();
    in_background(move || {
        let asked = Asked::of(&entered, &snapshot, &host);
        (entered, asked)
    })
    .await
}

impl Asked {
    fn of(entered: &Entered, snapshot: &Snapshot, host: &str) -> Self {
        let mut answer = DeskAnswer::new(entered);
        let Some(champion) = snapshot.champion() else {
            let notice = PricingError::NoModel.to_string();
            let refused = json!({ "status": 503, "detail": notice });
            answer.notice = Some(notice);
            let logged = entered.has_stone().then_some((refused, None));
            return Self { answer: Ok(answer), errors: Vec::new(), has_no_model: true, logged };
        };
        let read = entered.stone();
        let current = read.as_ref().ok().map(|(stone, _)| *stone);
        answer.pinned =
            PinnedStones::new(&entered.pinned, current.as_ref(), entered.is_for_customer, snapshot, champion);
        match read {
            Ok((stone, notes)) => match PriceAnswer::new(stone, notes, entered, snapshot, champion, host) {
                Ok(price) => {
                    let logged = (json!(price.quote), Some(price.quote.model.id));
                    answer.address = address(&stone, &entered.pinned, entered.is_for_customer);
                    answer.fields = fields_as_json(&stone_fields(&stone));
                    answer.price = Some(price);
                    Self { answer: Ok(answer), errors: Vec::new(), has_no_model: false, logged: Some(logged) }
                }
                Err(error @ PricingError::NoPrice { .. }) => {
                    let notice = error.to_string();
                    let refused = json!({ "status": 422, "detail": notice });
                    answer.notice = Some(notice);
                    Self { answer: Ok(answer), errors: Vec::new(), has_no_model: false, logged: Some((refused, None)) }
                }
                Err(error) => Self { answer: Err(error.into()), errors: Vec::new(), has_no_model: false, logged: None },
            },
            Err(errors) => {
                answer.take_errors(entered, &errors);
                let refused = json!({ "status": 422, "errors": errors });
                let logged = entered.has_stone().then_some((refused, None));
                Self { answer: Ok(answer), errors, has_no_model: false, logged }
            }
        }
    }
}

impl DeskAnswer {
    fn new(entered: &Entered) -> Self {
        let fields: Vec<_> = entered.fields.clone();
        Self {
            notice: None,
            missing: Vec::new(),
            mistakes: Vec::new(),
            price: None,
            pinned: None,
            is_for_customer: entered.is_for_customer,
            address: "/".to_owned(),
            fields: fields_as_json(&fields),
        }
    }

    /// Tells apart what is missing and what is wrong.
    fn take_errors(&mut self, entered: &Entered, errors: &[FieldError]) {
        for error in errors {
            match Field::find(&error.field) {
                None => self.mistakes.push(error.message.clone()),
                Some(field) if entered.text(field.name).is_empty() => self.missing.push(field.label.to_lowercase()),
                Some(field) => self.mistakes.push(format!("{} {}", field.label, error.message)),
            }
        }
    }
}

fn fields_as_json(fields: &[(&'static str, String)]) -> String {
    let map: serde_json::Map<String, Value> =
        fields.iter().map(|(name, text)| ((*name).to_owned(), json!(text))).collect();
    Value::Object(map).to_string()
}

/// The response, or that to a problem, with what the log keeps in the place of the form that was sent.
fn for_the_log(response: Answer, entered: &Entered, logged: Option<(Value, Option<i64>)>) -> Response {
    let mut response = response.unwrap_or_else(Problem::into_response);
    response.insert_ext(ReceivedBody(Bytes::from(entered.for_the_log())));
    if let Some((document, model)) = logged {
        response.insert_ext(LogAs(document.to_string()));
        if let Some(model) = model {
            response.insert_ext(AnsweredBy(model));
        }
    }
    response
}
