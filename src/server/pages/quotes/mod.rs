//! Quotes: `/quotes`, one of them, and what is done with it. A quote is made on purpose, by a button of the desk.

mod page;

use askama::Template;
use hyper::body::Bytes;
use serde_json::json;
use tide::{Request, Response, StatusCode};
use uuid::Uuid;

use super::assets::{ASK_AGAIN, FOR_GOOD};
use super::desk::Entered;
use super::{local, respond, see};
use crate::access::{Role, generate_secret};
use crate::control::{AddQuote, ImportOutcomes, OutcomeRow, ShareQuote};
use crate::diamond::{FieldError, StoneDescription, number};
use crate::learning::evaluation::Confidence;
use crate::pricing::{MAX_PRICE_USD, MIN_PRICE_USD, Prediction, PredictionOrigin};
use crate::server::access::Caller;
use crate::server::app::App;
use crate::server::blocking_work::in_background;
use crate::server::http::attachments::{AnsweredBy, LogAs, ReceivedBody, RequestIdentity};
use crate::server::http::csrf::require_same_origin;
use crate::server::http::problem::{Answer, Problem};
use crate::server::http::request_parts::{form_pairs, id_in_path, last_text, query_pairs};
use crate::server::pages::filters;
use crate::store::{Logo, NewQuote, PredictionSource, QuoteDetails, QuoteFilter, Store, StoreError, StoredQuote};
use crate::times::parse_time;
use crate::words::{Language, say};
use page::{QuotePage, QuoteView};

/// Similar stones that are kept with a quote.
const SIMILAR_KEPT: usize = 5;
/// Quotes in the list.
const LISTED: u32 = 200;
/// Longest texts that belong to a quote, in characters.
const LONGEST: [(&str, usize); 4] = [("customer", 100), ("note", 1_000), ("certificate", 60), ("laboratory", 60)];
/// How the link of a shared quote begins; the rest is drawn at random.
const SHARED: &str = "/shared/";

#[derive(Template)]
#[template(path = "quotes.html")]
struct QuotesPage {
    quotes: Vec<ListedQuote>,
    /// What was searched for.
    text: String,
    since: String,
    until: String,
    is_search: bool,
    /// Whether the caller may say what stands on quotes.
    can_set_shop: bool,
}

/// A quote as the list shows it.
struct ListedQuote {
    time: String,
    quote: StoredQuote,
}

/// `GET /quotes`: the newest, or those that were searched for.
pub async fn list(request: Request<App>) -> Answer {
    let pairs = query_pairs(&request);
    let given = |name: &str| last_text(&pairs, name).to_owned();
    let [text, since, until] = ["text", "since", "until"].map(given);
    let time = |field: &str, text: &str| match text {
        "" => Ok(None),
        text => parse_time(text).map(Some).map_err(|message| FieldError::new(field, message, text)),
    };
    let (from, to) = match (time("since", &since), time("until", &until)) {
        (Ok(from), Ok(to)) => (from, to),
        (from, to) => return Err(Problem::bad_fields(from.err().into_iter().chain(to.err()).collect())),
    };
    let filter = QuoteFilter {
        limit: LISTED,
        text: Some(text.clone()).filter(|text| !text.is_empty()),
        number: quote_number(&text),
        since: from,
        until: to,
        quoted_by: Caller::of(&request).sees_only_of(),
    };
    let can_set_shop = Caller::of(&request).may(Role::Manage);
    let page = request.state().read(move |store| -> Result<_, StoreError> {
        let zone = store.shop()?.zone();
        let quotes = store.quotes(&filter)?.into_iter();
        let quotes = quotes.map(|quote| ListedQuote { time: local(quote.time, &zone), quote }).collect();
        let is_search = !(text.is_empty() && since.is_empty() && until.is_empty());
        Ok(QuotesPage { quotes, text, since, until, is_search, can_set_shop })
    });
    respond(StatusCode::Ok, &page.await?)
}

/// `POST /quotes`: makes a quote, and leads to it.
pub async fn create(request: Request<App>) -> Answer {
    require_same_origin(&request)?;
    let fields = form_pairs(&request)?;
    let entered = Entered::read(&fields);
    let (stone, _) = entered.stone().map_err(Problem::bad_fields)?;
    let details = read_details(&fields)?;
    let mut response = make(&request, stone, details, None).await?;
    response.insert_ext(ReceivedBody(Bytes::from(entered.for_the_log())));
    Ok(response)
}

/// `POST /quotes/{id}/reprice`: makes another quote for the same stone and customer, at today's price.
pub async fn reprice(request: Request<App>) -> Answer {
    require_same_origin(&request)?;
    let quote = find(&request).await?;
    let prediction = quote.prediction;
    let found = request.state().read(move |store| store.prediction(prediction)).await?;
    let stone = found.ok_or_else(|| Problem::internal(format!("quote {} without its prediction", quote.number)))?.stone;
    make(&request, stone, quote.details, Some(quote.number)).await
}

/// Prices `stone` and keeps the answer as a quote.
async fn make(request: &Request<App>, stone: StoneDescription, details: QuoteDetails, reprices: Option<i64>) -> Answer {
    let Some(identity) = request.ext::<RequestIdentity>().copied() else {
        return Err(Problem::internal("a request without an id"));
    };
    let snapshot = request.state().pricing.snapshot();
    let shop = request.state().read(Store::shop).await?;
    let priced = in_background(move || {
        let champion = snapshot.champion().ok_or(crate::pricing::PricingError::NoModel)?;
        // what is stored is English
        let quote = Language::English.write(|| snapshot.explain(&stone, champion, Confidence::default()))?;
        let similar = snapshot.similar().nearest_evenly(&stone, SIMILAR_KEPT)?;
        Ok::<_, crate::pricing::PricingError>((quote, similar))
    });
    let (quote, similar) = priced.await??;
    let prediction = Prediction { id: Uuid::now_v7(), quote };
    let origin = PredictionOrigin {
        request: Some(identity.id),
        position: 0,
        time: identity.time,
        source: PredictionSource::Page,
    };
    let day = identity.time.to_zoned_datetime(shop.zone()).date();
    let valid_until = day.saturating_add(jiff::Span::new().days(shop.valid_days));
    let new = NewQuote {
        prediction: prediction.to_record(stone, origin),
        details,
        valid_until,
        currency: shop.currency,
        per_dollar: shop.per_dollar,
        similar: json!(similar).to_string(),
        reprices,
    };
    let number = request.state().run(AddQuote { quote: new }, &Caller::of(request)).await?;
    let mut response = see(&format!("/quotes/{number}"));
    response.insert_ext(LogAs(json!({ "quote": number, "price_usd": prediction.quote.price_usd }).to_string()));
    response.insert_ext(AnsweredBy(prediction.quote.model.id));
    Ok(response)
}

/// `GET /quotes/{id}`.
pub async fn show(request: Request<App>) -> Answer {
    let quote = find(&request).await?;
    let view = match last_text(&query_pairs(&request), "view") {
        "customer" => QuoteView::Customer,
        "shop" => QuoteView::Shop,
        _ => QuoteView::Folded,
    };
    let origin = own_origin(&request);
    let page = request.state().read(move |store| QuotePage::read(store, quote, view, &origin));
    respond(StatusCode::Ok, &page.await?)
}

/// `GET /shared/{id}`: a quote as its customer sees it, for whoever has the link.
pub async fn show_shared(request: Request<App>) -> Answer {
    let token = id_in_path(&request).to_owned();
    let page = request.state().read(move |store| -> Result<_, StoreError> {
        let Some(quote) = store.shared_quote(&token)? else { return Ok(None) };
        Ok(Some(QuotePage::read(store, quote, QuoteView::Customer, "")?))
    });
    let page =
        page.await?.ok_or_else(|| Problem::new(404, say!("this quote is not shared, or no longer: ask the shop")))?;
    respond(StatusCode::Ok, &page)
}

/// `POST /quotes/{id}/share`.
pub async fn share(request: Request<App>) -> Answer {
    let token = generate_secret("").map_err(|error| Problem::internal(error.to_string()))?;
    set_share(&request, Some(token)).await
}

/// `POST /quotes/{id}/unshare`.
pub async fn share_no_longer(request: Request<App>) -> Answer {
    set_share(&request, None).await
}

async fn set_share(request: &Request<App>, token: Option<String>) -> Answer {
    require_same_origin(request)?;
    let number = find(request).await?.number;
    request.state().run(ShareQuote { number, token }, &Caller::of(request)).await?;
    Ok(see(&format!("/quotes/{number}?view=shop#share")))
}

/// `POST /quotes/{id}/outcome`: what the stone was sold for.
pub async fn record_outcome(request: Request<App>) -> Answer {
    require_same_origin(&request)?;
    let quote = find(&request).await?;
    let fields = form_pairs(&request)?;
    let text = last_text(&fields, "price_usd");
    let read = number::read_alone(text, true).filter(|price| (MIN_PRICE_USD..=MAX_PRICE_USD).contains(price));
    let Some(price_usd) = read else {
        let message = say!("must be a price that a stone can fetch, such as $4,800");
        return Err(Problem::bad_fields(vec![FieldError::new("price_usd", message, text)]));
    };
    let row = OutcomeRow { line: 1, prediction: quote.prediction, price_usd };
    let import = ImportOutcomes { file: format!("quote {}", quote.number), rows: vec![row] };
    request.state().run(import, &Caller::of(&request)).await?;
    Ok(see(&format!("/quotes/{}?view=shop", quote.number)))
}

/// The address of a picture of the shop. A quote goes on showing its own when there is another.
pub fn logo_address(logo: &Logo) -> String {
    format!("/shop/logo?{}", logo.name())
}

/// `GET /shop/logo`: the picture on quotes; with its name as the query that one, and else that of today.
pub async fn logo(request: Request<App>) -> Answer {
    let name = request.url().query().unwrap_or_default().to_owned();
    let keep = if name.is_empty() { ASK_AGAIN } else { FOR_GOOD };
    let found = request.state().read(move |store| match name.as_str() {
        "" => store.shop().map(|shop| shop.logo),
        name => store.logo(name),
    });
    let logo =
        found.await?.ok_or_else(|| Problem::new(404, "there is no such picture: `diamonds shop set --logo FILE`"))?;
    let response = Response::builder(StatusCode::Ok).content_type(logo.media_type.as_str());
    Ok(response.header("Cache-Control", keep).body(logo.bytes).build())
}

/// The quote in the path, if the caller may see it.
async fn find(request: &Request<App>) -> Result<StoredQuote, Problem> {
    let text = id_in_path(request).to_owned();
    let only = Caller::of(request).sees_only_of();
    let unknown = || Problem::new(404, say!("there is no quote {}: /quotes lists them", text));
    let number = quote_number(&text).ok_or_else(unknown)?;
    let found = request.state().read(move |store| store.quote(number)).await?;
    found.filter(|quote| only.as_ref().is_none_or(|name| *name == quote.quoted_by)).ok_or_else(unknown)
}

/// The number in `Q-1042`, `q1042` or `1042`.
fn quote_number(text: &str) -> Option<i64> {
    text.trim_start_matches(['Q', 'q']).trim_start_matches('-').parse().ok().filter(|number| *number > 0)
}

fn read_details(fields: &[(String, String)]) -> Result<QuoteDetails, Problem> {
    let given = |name: &str| last_text(fields, name);
    let errors = LONGEST.into_iter().filter(|(name, most)| given(name).chars().count() > *most);
    let errors: Vec<FieldError> = errors
        .map(|(name, most)| FieldError::new(name, say!("must be {} characters at most", most), given(name)))
        .collect();
    if !errors.is_empty() {
        return Err(Problem::bad_fields(errors));
    }
    let [customer, note, certificate, laboratory] = LONGEST.map(|(name, _)| given(name).to_owned());
    Ok(QuoteDetails { customer, note, certificate, laboratory })
}

/// Where this server is for the browser that asks.
fn own_origin(request: &Request<App>) -> String {
    let scheme = if request.state().origins.is_encrypted { "https" } else { "http" };
    let host = request.header("Host").map_or_else(String::new, |host| host.as_str().to_owned());
    format!("{scheme}://{host}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quote_is_found_by_its_number_however_that_is_written() {
        assert_eq!(["Q-1042", "q1042", "1042"].map(quote_number), [Some(1042); 3]);
        assert_eq!(["", "Q-", "Rossi", "0", "-5"].map(quote_number), [None, None, None, None, Some(5)]);
    }

    #[test]
    fn what_is_too_long_for_a_quote_is_named() {
        let fields = [("customer".to_owned(), "x".repeat(101)), ("note".to_owned(), " blue bag ".to_owned())];
        assert_eq!(read_details(&fields).expect_err("too long").status, 422);
        let details = read_details(&fields[1..]).expect("short enough");
        assert_eq!((details.note.as_str(), details.customer.as_str()), ("blue bag", ""));
    }
}
