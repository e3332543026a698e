//! `/v1/price-list`: prices by weight band, colour and clarity.

use std::sync::Arc;

use tide::{Request, Response, StatusCode};
use utoipa::IntoParams;
use utoipa::openapi::path::{Parameter as DocumentedParameter, ParameterIn};

use super::errors::{AnyRoute, ApiRoute, WithModel};
use super::predictions::find_model;
use crate::diamond::{Cut, Grade};
use crate::pricing::{Compared, KeptList, LAST_LIST, PriceList, PriceListWanted, ServedModel, Snapshot};
use crate::server::app::App;
use crate::server::blocking_work::in_background;
use crate::server::http::attachments::AnsweredBy;
use crate::server::http::parameters::{Parameter, ParameterKind, document_parameters, read_parameters};
use crate::server::http::problem::{Answer, Problem};
use crate::server::http::request_parts::{json_response, query_pairs, require_accepted, require_json_accepted};

/// What the address says of a list.
#[derive(Default)]
pub struct ListWanted {
    pub list: PriceListWanted,
    pub model: Option<String>,
    pub compare: Option<String>,
    is_csv: bool,
}

/// The parameters of a list.
pub static LIST_PARAMETERS: [Parameter<ListWanted>; 5] = [
    Parameter {
        name: "cut",
        description: "Of which cut; left out, of the one that is sold most.",
        kind: ParameterKind::Text,
        read: |wanted, value| {
            wanted.list.cut = Some(read_cut(value)?);
            Ok(())
        },
    },
    Parameter {
        name: "bands",
        description: "Where the weight bands begin, in carats, such as 0.3,0.4,0.5,0.7,1; left out, those of the trade.",
        kind: ParameterKind::Text,
        read: |wanted, value| {
            wanted.list.bands = PriceListWanted::read_bands(value)?;
            Ok(())
        },
    },
    Parameter {
        name: "model",
        description: "Of which model, by its number or the name of its family; left out, of the champion.",
        kind: ParameterKind::Text,
        read: |wanted, value| {
            wanted.model = Some(value.to_owned());
            Ok(())
        },
    },
    Parameter {
        name: "compare",
        description: "Another model, or `last` for the list of this cut that was kept last: each price says by how much it changed since.",
        kind: ParameterKind::Text,
        read: |wanted, value| {
            wanted.compare = Some(value.to_owned());
            Ok(())
        },
    },
    Parameter {
        name: "format",
        description: "json or csv; left out, json.",
        kind: ParameterKind::Text,
        read: |wanted, value| {
            wanted.is_csv = match value {
                "csv" => true,
                "json" => false,
                _ => return Err("must be json or csv".to_owned()),
            };
            Ok(())
        },
    },
];

/// Reads a cut as people write it.
fn read_cut(value: &str) -> Result<Cut, String> {
    value.parse().map_err(|error: crate::diamond::UnknownGrade| error.to_string())
}

impl IntoParams for ListWanted {
    fn into_params(_parameter_in_provider: impl Fn() -> Option<ParameterIn>) -> Vec<DocumentedParameter> {
        document_parameters(&LIST_PARAMETERS, |_| None)
    }
}

/// A price list
///
/// Prices of stones known by their four Cs: for each weight band, colour and clarity the price of a stone of the band's usual weight,
/// its range, and how many such stones were sold. A better colour or clarity never costs less, and a heavier stone neither.
/// `format=csv` gives a table with one row for each price.
#[utoipa::path(
    get, path = "/v1/price-list", operation_id = "readPriceList", tag = "price list",
    params(ListWanted),
    responses(
        (status = 200, description = "The list.", content((PriceList = "application/json"), (String = "text/csv"))),
        AnyRoute, ApiRoute, WithModel
    )
)]
pub async fn show(request: Request<App>) -> Answer {
    let mut wanted = ListWanted::default();
    read_parameters(&LIST_PARAMETERS, &query_pairs(&request), &mut wanted).map_err(Problem::bad_fields)?;
    if wanted.is_csv {
        require_accepted(&request, "text/csv")?;
    } else {
        require_json_accepted(&request)?;
    }
    let snapshot = request.state().pricing.snapshot();
    let model = find_model(&request, &snapshot, wanted.model.clone()).await?;
    let compared = find_compared(&request, &snapshot, wanted.compare.clone(), &wanted.list).await?;
    let (id, is_csv) = (model.id, wanted.is_csv);
    let list = make_list(snapshot, model, compared, wanted.list).await?;
    let mut response = if is_csv { csv_response(&list)? } else { json_response(&list)? };
    response.insert_ext(AnsweredBy(id));
    Ok(response)
}

/// What a list is compared with: the kept list or the model that `name` means; `None` without a name.
///
/// # Errors
/// If there is none, or it cannot be read.
pub async fn find_compared(
    request: &Request<App>,
    snapshot: &Arc<Snapshot>,
    name: Option<String>,
    wanted: &PriceListWanted,
) -> Result<Option<Compared>, Problem> {
    match name {
        None => Ok(None),
        Some(name) if name == LAST_LIST => {
            let cut = wanted.cut(snapshot);
            let list = request.state().read(move |store| KeptList::last(store, cut)).await?;
            Ok(Some(Compared::List(Box::new(list))))
        }
        Some(name) => Ok(Some(Compared::Model(find_model(request, snapshot, Some(name)).await?))),
    }
}

/// The list, which reads the sales of every group of grades.
///
/// # Errors
/// If they cannot be read.
pub async fn make_list(
    snapshot: Arc<Snapshot>,
    model: Arc<ServedModel>,
    compared: Option<Compared>,
    wanted: PriceListWanted,
) -> Result<PriceList, Problem> {
    let list = in_background(move || PriceList::new(&snapshot, &model, compared.as_ref(), &wanted)).await?;
    Ok(list?)
}

fn csv_response(list: &PriceList) -> Answer {
    let mut bytes = Vec::new();
    list.write_csv(&mut bytes).map_err(|error| Problem::internal(error.to_string()))?;
    Ok(Response::builder(StatusCode::Ok)
        .content_type("text/csv; charset=utf-8")
        .header(
            "Content-Disposition",
            format!("attachment; filename=\"price-list-{}.csv\"", list.cut.name().replace(' ', "-")),
        )
        .header("Cache-Control", "no-store")
        .body(bytes)
        .build())
}
