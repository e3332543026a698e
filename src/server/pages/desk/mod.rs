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
use crate::server::pages::filters;
use crate::words::translate;
use answer::PriceAnswer;
use buyer::BuyerFields;
use form::StoneForm;
use pins::PinnedStones;

pub use buyer::read_margin;
pub use entered::{Entered, address, stone_fields};

/// The page.
#[derive(Template)]
#[template(path = "desk.html")]
struct DeskPage {
    form: StoneForm,
    buyer: BuyerFields,
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
    /// What is to be done before there are prices; `None` if there are.
    start: Option<FirstStart>,
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
        let status = if entered.has_stone() { asked.status } else { StatusCode::Ok };
        let page = DeskPage {
            form,
            buyer: std::mem::take(&mut entered.buyer),
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
    /// The status of an answer to a stone.
    status: StatusCode,
    errors: Vec<FieldError>,
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
            answer.start = Some(if snapshot.sales() == 0 { FirstStart::Sales } else { FirstStart::Training });
            return Self::without_price(entered, answer, StatusCode::ServiceUnavailable, &PricingError::NoModel);
        };
        let read = entered.stone();
        let current = read.as_ref().ok().map(|(stone, _)| *stone);
        answer.pinned =
            PinnedStones::new(&entered.pinned, current.as_ref(), entered.is_for_customer, snapshot, champion);
        let (stone, notes) = match read {
            Ok(read) => read,
            Err(errors) => {
                answer.take_errors(entered, &errors);
                let status = StatusCode::UnprocessableEntity;
                let refused = json!({ "status": u16::from(status), "errors": errors });
                let logged = entered.has_stone().then_some((refused, None));
                return Self { answer: Ok(answer), status, errors, logged };
            }
        };
        match PriceAnswer::new(stone, notes, entered, snapshot, champion, host) {
            Ok(price) => {
                let logged = Some((json!(price.quote), Some(price.quote.model.id)));
                answer.address = address(&stone, &entered.pinned, entered.is_for_customer);
                answer.fields = fields_as_json(&stone_fields(&stone));
                answer.price = Some(price);
                Self { answer: Ok(answer), status: StatusCode::Ok, errors: Vec::new(), logged }
            }
            Err(error @ PricingError::NoPrice { .. }) => {
                Self::without_price(entered, answer, StatusCode::UnprocessableEntity, &error)
            }
            Err(error) => {
                let status = StatusCode::InternalServerError;
                Self { answer: Err(error.into()), status, errors: Vec::new(), logged: None }
            }
        }
    }

    /// An answer that says why there is no price.
    fn without_price(entered: &Entered, answer: DeskAnswer, status: StatusCode, why: &PricingError) -> Self {
        let notice = why.to_string();
        let refused = json!({ "status": u16::from(status), "detail": notice });
        let answer = Ok(DeskAnswer { notice: Some(notice), ..answer });
        let logged = entered.has_stone().then_some((refused, None));
        Self { answer, status, errors: Vec::new(), logged }
    }
}

/// What is to be done before there are prices.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum FirstStart {
    /// Sales must come.
    Sales,
    /// A model must be trained on them.
    Training,
}

impl DeskAnswer {
    fn new(entered: &Entered) -> Self {
        Self {
            notice: None,
            start: None,
            missing: Vec::new(),
            mistakes: Vec::new(),
            price: None,
            pinned: None,
            is_for_customer: entered.is_for_customer,
            address: "/".to_owned(),
            fields: fields_as_json(&entered.fields),
        }
    }

    /// Tells apart what is missing and what is wrong.
    fn take_errors(&mut self, entered: &Entered, errors: &[FieldError]) {
        for error in errors {
            match Field::find(&error.field) {
                None => self.mistakes.push(error.message.clone()),
                Some(field) if entered.text(field.name).is_empty() => {
                    self.missing.push(translate(field.label).to_string().to_lowercase());
                }
                Some(field) => self.mistakes.push(format!("{} {}", translate(field.label), error.message)),
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
