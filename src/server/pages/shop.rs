//! The page of the shop: what stands on its quotes.

use askama::Template;
use hyper::body::Bytes;
use serde_json::json;
use tide::{Request, StatusCode};

use super::quotes::logo_address;
use super::{respond, see};
use crate::control::SetShop;
use crate::diamond::FieldError;
use crate::server::access::Caller;
use crate::server::app::App;
use crate::server::http::attachments::{LogAs, ReceivedBody};
use crate::server::http::csrf::require_same_origin;
use crate::server::http::problem::Answer;
use crate::server::http::request_parts::query_pairs;
use crate::server::http::sent_forms::SentForm;
use crate::server::pages::filters;
use crate::store::{Logo, Shop, Store};
use crate::text::plain;

/// Its address.
pub const SHOP_PATH: &str = "/shop";

#[derive(Template)]
#[template(path = "shop.html")]
struct ShopPage {
    /// What was entered, or what is stored.
    name: String,
    address: String,
    currency: String,
    rate: String,
    valid_days: String,
    time_zone: String,
    /// Where its picture is.
    logo: Option<String>,
    errors: Vec<FieldError>,
    is_saved: bool,
}

impl ShopPage {
    fn of(shop: &Shop, is_saved: bool) -> Self {
        Self {
            name: shop.name.clone(),
            address: shop.address.clone(),
            currency: shop.currency.clone(),
            rate: plain(shop.per_dollar),
            valid_days: shop.valid_days.to_string(),
            time_zone: shop.time_zone.clone(),
            logo: shop.logo.as_ref().map(logo_address),
            errors: Vec::new(),
            is_saved,
        }
    }

    fn error(&self, field: &str) -> Option<&str> {
        self.errors.iter().find(|error| error.field == field).map(|error| error.message.as_str())
    }
}

/// `GET /shop`.
pub async fn show(request: Request<App>) -> Answer {
    let shop = request.state().read(Store::shop).await?;
    let is_saved = query_pairs(&request).iter().any(|(name, _)| name == "saved");
    respond(StatusCode::Ok, &ShopPage::of(&shop, is_saved))
}

/// `POST /shop`: sets what stands on quotes from now on.
pub async fn save(request: Request<App>) -> Answer {
    require_same_origin(&request)?;
    let form = SentForm::read(&request).await?;
    let old = request.state().read(Store::shop).await?;
    let shop = match read_shop(&form, old.logo.clone()) {
        Ok(shop) => shop,
        Err(errors) => {
            let text = |name: &str| form.text(name).to_owned();
            let page = ShopPage {
                name: text("name"),
                address: text("address"),
                currency: text("currency"),
                rate: text("rate"),
                valid_days: text("valid_days"),
                time_zone: text("time_zone"),
                errors,
                ..ShopPage::of(&old, false)
            };
            return respond(StatusCode::UnprocessableEntity, &page);
        }
    };
    let said = json!({ "name": shop.name, "currency": shop.currency, "logo_bytes": shop.logo.as_ref().map(|logo| logo.bytes.len()) });
    request.state().run(SetShop { shop }, &Caller::of(&request)).await?;
    let mut response = see(&format!("{SHOP_PATH}?saved"));
    // not the picture
    response.insert_ext(ReceivedBody(Bytes::from(said.to_string())));
    response.insert_ext(LogAs(said.to_string()));
    Ok(response)
}

/// The shop that a form tells, with its `old` picture unless another was sent or it is to go.
fn read_shop(form: &SentForm, old: Option<Logo>) -> Result<Shop, Vec<FieldError>> {
    let mut errors = Vec::new();
    let name = read_field(form, "name", Shop::read_name, &mut errors);
    let address = read_field(form, "address", Shop::read_address, &mut errors);
    let currency = read_field(form, "currency", Shop::read_currency, &mut errors);
    let per_dollar = read_field(form, "rate", Shop::read_rate, &mut errors);
    let valid_days = read_field(form, "valid_days", Shop::read_valid_days, &mut errors);
    let time_zone = read_field(form, "time_zone", Shop::read_time_zone, &mut errors);
    let sent = form.files.iter().find(|file| !file.content.is_empty());
    let logo = match sent.map(|file| Logo::read(file.content.to_vec())) {
        Some(Ok(logo)) => Some(logo),
        Some(Err(message)) => {
            errors.push(FieldError::new("logo", message, form.text("logo")));
            None
        }
        None if form.text("no_logo").is_empty() => old,
        None => None,
    };
    if errors.is_empty() {
        Ok(Shop { name, address, currency, per_dollar, valid_days, time_zone, logo })
    } else {
        Err(errors)
    }
}

/// What `field` of a form says; if it cannot be read, adds why to `errors` and returns what is not used then.
fn read_field<T: Default>(
    form: &SentForm,
    field: &str,
    read: impl FnOnce(&str) -> Result<T, String>,
    errors: &mut Vec<FieldError>,
) -> T {
    let text = form.text(field);
    read(text).unwrap_or_else(|message| {
        errors.push(FieldError::new(field, message, text));
        T::default()
    })
}
