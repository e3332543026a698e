//! The page of the price list: a table for each weight band, with prices that lead to their stones; printed, a sheet to hang up.

use askama::Template;
use form_urlencoded::Serializer;
use tide::{Request, StatusCode};

use super::{respond, see};
use crate::control::KeepPriceList;
use crate::diamond::{Clarity, Cut, Grade};
use crate::pricing::{Compared, KeptList, LAST_LIST, ModelName, PriceBand, PriceCell, PriceList, PricingError};
use crate::server::access::Caller;
use crate::server::api::predictions::find_model;
use crate::server::api::price_list::{LIST_PARAMETERS, ListWanted, find_compared, make_list};
use crate::server::app::App;
use crate::server::http::attachments::AnsweredBy;
use crate::server::http::csrf::require_same_origin;
use crate::server::http::parameters::read_parameters;
use crate::server::http::problem::{Answer, Problem};
use crate::server::http::request_parts::{form_pairs, last_text, query_pairs};
use crate::server::pages::filters;
use crate::store::{Store, StoreError};
use crate::text::{count, dollars, signed_percent};
use crate::words::say;

/// Name of the parameter that asks for prices by the carat.
const PER_CARAT: &str = "per_carat";
/// A change by less than this share is not shown.
const LEAST_CHANGE: f64 = 0.0005;

#[derive(Template)]
#[template(path = "price-list.html")]
struct PriceListPage {
    list: Option<PriceList>,
    /// What somebody wrote as beginnings of bands.
    bands: String,
    is_per_carat: bool,
    /// The model that somebody asked for instead of the champion.
    model: Option<String>,
    /// The models that can be compared with, newest first.
    others: Vec<ModelName>,
    /// Whether a list was kept that can be compared with.
    has_kept_list: bool,
    /// The address of the list as CSV.
    csv_address: String,
}

impl PriceListPage {
    /// Every cut, the best first.
    fn cuts() -> impl Iterator<Item = Cut> {
        Cut::ALL.iter().rev().copied()
    }

    /// Every clarity, the best first.
    fn clarities() -> impl Iterator<Item = Clarity> {
        Clarity::ALL.iter().rev().copied()
    }

    fn is_compared_with(&self, id: i64) -> bool {
        self.list.as_ref().and_then(|list| list.compared_with.as_ref()).is_some_and(|model| model.id == id)
    }

    fn is_compared_with_list(&self) -> bool {
        self.list.as_ref().is_some_and(|list| list.compared_list.is_some())
    }

    /// What a cell says beside its price: the range, and how many such stones were sold.
    fn words(&self, band: &PriceBand, cell: &PriceCell) -> String {
        let by = if self.is_per_carat { band.carat } else { 1.0 };
        let range = match cell.range_usd {
            Some(range) => say!("nine in ten {} to {}, ", dollars(range.low / by), dollars(range.high / by)),
            None if cell.reliable => String::new(),
            None => say!("only what the model says, "),
        };
        let sold = match cell.sales {
            0 => say!("none sold"),
            sold => say!("{} sold", count(i64::try_from(sold).unwrap_or(i64::MAX))),
        };
        format!("{range}{sold}")
    }

    /// How much a price has changed, and whether it rose.
    fn change(cell: &PriceCell) -> Option<(String, bool)> {
        let change = cell.change.filter(|change| change.abs() >= LEAST_CHANGE)?;
        Some((signed_percent(change), change > 0.0))
    }
}

/// The models that a list can be compared with, and the one that is preselected: the champion before.
fn other_models(store: &Store) -> Result<(Vec<ModelName>, Option<i64>), StoreError> {
    let models = store.models()?.into_iter().filter(|model| !(model.pruned || model.champion));
    let others: Vec<ModelName> = models.map(|model| ModelName { id: model.id, family: model.family }).collect();
    let before = store.champion_before()?.filter(|id| others.iter().any(|other| other.id == *id));
    Ok((others, before))
}

/// `GET /price-list`. Parameters that are empty, as forms send them, are as if left out, but for `compare`: then nothing is compared.
pub async fn show(request: Request<App>) -> Answer {
    let mut query = query_pairs(&request);
    let is_per_carat = query.iter().any(|(name, value)| name == PER_CARAT && value == "true");
    let is_compared = query.iter().any(|(name, _)| name == "compare");
    // other parameters are ignored: links and browsers may add them
    query.retain(|(name, value)| LIST_PARAMETERS.iter().any(|known| known.name == name) && !value.trim().is_empty());
    let mut wanted = ListWanted::default();
    read_parameters(&LIST_PARAMETERS, &query, &mut wanted).map_err(Problem::bad_fields)?;
    let bands = last_text(&query, "bands").to_owned();
    let snapshot = request.state().pricing.snapshot();
    let cut = wanted.list.cut(&snapshot);
    let read = move |store: &Store| Ok::<_, PricingError>((other_models(store)?, KeptList::find(store, cut)?));
    let ((others, before), kept) = request.state().read(read).await?;
    let has_kept_list = kept.is_some();
    if !is_compared {
        let last = has_kept_list.then(|| LAST_LIST.to_owned());
        wanted.compare = last.or_else(|| before.map(|id| id.to_string()));
    }
    // another cut was chosen, of which none was kept
    wanted.compare = wanted.compare.filter(|name| name != LAST_LIST || has_kept_list);
    let csv_address = csv_address(&wanted, &bands);
    let mut page = PriceListPage {
        list: None,
        bands,
        is_per_carat,
        model: wanted.model.clone(),
        others,
        has_kept_list,
        csv_address,
    };
    let model = match find_model(&request, &snapshot, wanted.model).await {
        Ok(model) => model,
        Err(_) if snapshot.champion().is_none() => return respond(StatusCode::ServiceUnavailable, &page),
        Err(problem) => return Err(problem),
    };
    let compared = match kept.filter(|_| wanted.compare.as_deref() == Some(LAST_LIST)) {
        Some(kept) => Some(Compared::List(Box::new(kept))),
        None => find_compared(&request, &snapshot, wanted.compare, &wanted.list).await?,
    };
    let id = model.id;
    page.list = Some(make_list(snapshot, model, compared, wanted.list).await?);
    let mut response = respond(StatusCode::Ok, &page)?;
    response.insert_ext(AnsweredBy(id));
    Ok(response)
}

/// `POST /price-list`: keeps the list that the page shows, and shows it compared with the list that was kept.
pub async fn keep(request: Request<App>) -> Answer {
    require_same_origin(&request)?;
    let fields = form_pairs(&request)?;
    let sent = |name: &str| Some(last_text(&fields, name)).filter(|text| !text.is_empty());
    let named = |name: &str| Some((name.to_owned(), sent(name)?.to_owned()));
    let query: Vec<(String, String)> = ["cut", "bands", "model"].into_iter().filter_map(named).collect();
    let mut wanted = ListWanted::default();
    read_parameters(&LIST_PARAMETERS, &query, &mut wanted).map_err(Problem::bad_fields)?;
    wanted.compare = Some(LAST_LIST.to_owned());
    let shown = Serializer::new(String::new())
        .extend_pairs(parameters_of(&wanted, last_text(&fields, "bands")))
        .extend_pairs(sent(PER_CARAT).map(|per_carat| (PER_CARAT, per_carat)))
        .finish();
    let snapshot = request.state().pricing.snapshot();
    let model = find_model(&request, &snapshot, wanted.model).await?;
    let list = make_list(snapshot, model, None, wanted.list).await?;
    request.state().run(KeepPriceList { list }, &Caller::of(&request)).await?;
    Ok(see(&format!("/price-list?{shown}")))
}

/// The address of the same list as CSV.
fn csv_address(wanted: &ListWanted, bands: &str) -> String {
    let mut query = Serializer::new(String::new());
    query.append_pair("format", "csv").extend_pairs(parameters_of(wanted, bands));
    format!("/v1/price-list?{}", query.finish())
}

/// The parameters of the address of a list, whose bands begin as somebody wrote in `bands`.
fn parameters_of<'a>(wanted: &'a ListWanted, bands: &'a str) -> impl Iterator<Item = (&'static str, &'a str)> {
    let parts = [
        ("cut", wanted.list.cut.map(Grade::name)),
        ("bands", Some(bands).filter(|bands| !bands.is_empty())),
        ("model", wanted.model.as_deref()),
        ("compare", wanted.compare.as_deref()),
    ];
    parts.into_iter().filter_map(|(name, value)| Some((name, value?)))
}
