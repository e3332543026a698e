//! Migration 8: stores the predictions that the log of requests has as records, if both bodies are complete.
//!
//! Before it, predictions were only in the bodies of requests. This code reads the formats of that time.

use duckdb::{Connection, params};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Map, Value};
use uuid::Uuid;

use crate::diamond::{FIELDS, Field, Measurements, StoneDescription};
use crate::learning::evaluation::PriceRange;
use crate::store::StoreError;
use crate::store::predictions::{PredictionRecord, PredictionSource, append_predictions_of_first_layout};
use crate::store::requests::NewRequest;
use crate::store::rows::{query_rows, read_time, read_uuid};

/// How many requests are read at a time: at first, and at most.
const PAGE_REQUESTS: std::ops::RangeInclusive<u32> = 64..=4_096;
/// Bytes of bodies up to which the next page becomes larger: a request can have one stone or a thousand.
const LIGHT_PAGE_BYTES: usize = 4_000_000;

/// The fields that have columns in the table of this migration; later migrations may add more.
const FIELDS_OF_THIS_LAYOUT: [&str; 9] = ["carat", "cut", "color", "clarity", "depth", "table", "x", "y", "z"];

/// A request whose answer has prices.
struct PricedRequest {
    id: Uuid,
    time: Timestamp,
    path: String,
    query: Option<String>,
    request_body: Option<String>,
    response_body: Option<String>,
}

/// A prediction in a response body, in the format before this migration.
#[derive(Deserialize)]
struct Answer {
    id: Uuid,
    price_usd: f64,
    range_usd: Option<PriceRange>,
    price_per_carat_usd: f64,
    model: AnsweredBy,
    #[serde(default)]
    assumed: Measurements,
    #[serde(default)]
    warnings: Vec<String>,
    explanation: Option<Value>,
}

#[derive(Deserialize)]
struct AnsweredBy {
    id: i64,
    family: String,
}

/// One JSON object, or an array of them.
#[derive(Deserialize)]
#[serde(untagged)]
enum OneOrMany<T> {
    Many(Vec<T>),
    One(T),
}

impl<T> OneOrMany<T> {
    fn into_vec(self) -> Vec<T> {
        match self {
            Self::Many(all) => all,
            Self::One(only) => vec![only],
        }
    }
}

/// The predictions of a request from a journal of an earlier version.
pub fn predictions_of(request: &NewRequest<'_>) -> Vec<PredictionRecord> {
    if request.status != 200 || request.model_id.is_none() {
        return Vec::new();
    }
    let text = |body: &[u8]| Some(String::from_utf8_lossy(body).into_owned());
    records_of(&PricedRequest {
        id: request.id,
        time: request.time,
        path: request.path.clone(),
        query: request.query.clone(),
        request_body: text(&request.request_body),
        response_body: text(&request.response_body),
    })
}

/// Adds the predictions of all logged requests, in pages of limited size.
pub(super) fn fill(connection: &Connection) -> Result<(), StoreError> {
    const ACTION: &str = "make records of the predictions in the log";
    let fields: Vec<&Field> = FIELDS.iter().filter(|field| FIELDS_OF_THIS_LAYOUT.contains(&field.name)).collect();
    let mut page = *PAGE_REQUESTS.start();
    let mut after = Uuid::nil();
    loop {
        let requests = query_rows(
            connection,
            ACTION,
            include_str!("../../../sql/migrations/0008_list_priced_requests.sql"),
            params![page, after.to_string()],
            |row| {
                Ok(PricedRequest {
                    id: read_uuid(row, "id")?,
                    time: read_time(row, "received_at")?,
                    path: row.get("path")?,
                    query: row.get("query")?,
                    request_body: row.get("request_body")?,
                    response_body: row.get("response_body")?,
                })
            },
        )?;
        let Some(last) = requests.last() else { return Ok(()) };
        after = last.id;
        let bytes: usize = requests.iter().filter_map(|request| request.response_body.as_ref()).map(String::len).sum();
        page = if bytes < LIGHT_PAGE_BYTES { page * 2 } else { page / 2 }
            .clamp(*PAGE_REQUESTS.start(), *PAGE_REQUESTS.end());
        let records: Vec<PredictionRecord> = requests.iter().flat_map(records_of).collect();
        append_predictions_of_first_layout(connection, &fields, records.iter())
            .map_err(StoreError::database(ACTION))?;
    }
}

/// The predictions of a request; none if its bodies are incomplete or do not match.
fn records_of(request: &PricedRequest) -> Vec<PredictionRecord> {
    let answers = answers_of(request.response_body.as_deref().unwrap_or_default());
    let stones = stones_of(request);
    if stones.len() != answers.len() {
        return Vec::new();
    }
    let source = if request.path == "/" { PredictionSource::Page } else { PredictionSource::Api };
    stones
        .into_iter()
        .zip(answers)
        .zip(0_i64..)
        .map(|((stone, answer), position)| PredictionRecord {
            id: answer.id,
            request: Some(request.id),
            position,
            time: request.time,
            source,
            model: answer.model.id,
            family: answer.model.family,
            stone,
            filled_in: answer.assumed,
            reliable: None,
            unreliable_because: Vec::new(),
            price_usd: answer.price_usd,
            price_per_carat_usd: answer.price_per_carat_usd,
            range_usd: answer.range_usd,
            warnings: answer.warnings,
            explanation: answer.explanation.map(|json| json.to_string()),
        })
        .collect()
}

fn answers_of(body: &str) -> Vec<Answer> {
    serde_json::from_str::<OneOrMany<Answer>>(body).map(OneOrMany::into_vec).unwrap_or_default()
}

fn stones_of(request: &PricedRequest) -> Vec<StoneDescription> {
    if request.path == "/" {
        let query = request.query.as_deref().unwrap_or_default();
        let pairs: Vec<_> =
            form_urlencoded::parse(query.as_bytes()).filter(|(name, _)| Field::find(name).is_some()).collect();
        let read = StoneDescription::from_text(pairs.iter().map(|(name, value)| (&**name, &**value)), &[]);
        return read.into_iter().collect();
    }
    let body = request.request_body.as_deref().unwrap_or_default();
    let stones =
        serde_json::from_str::<OneOrMany<Map<String, Value>>>(body).map(OneOrMany::into_vec).unwrap_or_default();
    let read = stones.iter().map(|fields| StoneDescription::from_fields(fields, &[]).ok());
    read.collect::<Option<_>>().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn request(path: &str, query: Option<&str>, body: Option<&Value>, response: &str) -> PricedRequest {
        PricedRequest {
            id: Uuid::nil(),
            time: Timestamp::UNIX_EPOCH,
            path: path.to_owned(),
            query: query.map(str::to_owned),
            request_body: body.map(Value::to_string),
            response_body: Some(response.to_owned()),
        }
    }

    fn answer(price_usd: f64) -> Value {
        json!({"id": Uuid::nil(), "price_usd": price_usd, "price_per_carat_usd": price_usd, "currency": "USD",
            "model": {"id": 1, "family": "linear"}, "assumed": {"x": 6.4}, "warnings": [],
            "explanation": {"typical_usd": 1.5}})
    }

    #[test]
    fn predictions_are_found_in_bodies_arrays_and_addresses() {
        let stone = json!({"carat": 1.0, "cut": "Ideal", "color": "G", "clarity": "VS2", "y": 6.5});
        let single = request("/v1/predictions", None, Some(&stone), &answer(5.0).to_string());
        let pair = json!([answer(1.0), answer(2.0)]).to_string();
        let array = request("/v1/predictions", None, Some(&json!([stone, stone])), &pair);
        let query = "carat=1&cut=ideal&color=G&clarity=VS2&y=6.5&utm=x";
        let page = request("/", Some(query), None, &answer(5.0).to_string());
        let (single, page) = (records_of(&single), records_of(&page));
        assert_eq!((single[0].stone, single[0].filled_in), (page[0].stone, page[0].filled_in));
        assert_eq!((single[0].source, page[0].source), (PredictionSource::Api, PredictionSource::Page));
        assert_eq!(single[0].explanation.as_deref(), Some("{\"typical_usd\":1.5}"));
        let prices: Vec<(f64, i64)> = records_of(&array).iter().map(|one| (one.price_usd, one.position)).collect();
        assert_eq!(prices, [(1.0, 0), (2.0, 1)]);
    }

    #[test]
    fn what_does_not_belong_together_is_no_prediction() {
        let stone = json!({"carat": 1.0, "cut": "Ideal", "color": "G", "clarity": "VS2"});
        for (body, response) in [
            (json!([stone, stone]), json!([answer(1.0)]).to_string()),
            (json!({"carat": 1.0}), answer(1.0).to_string()),
            (stone.clone(), json!({"detail": "a problem"}).to_string()),
            (json!([stone]), format!("{}… [cut: 2000000 bytes in all]", json!([answer(1.0)]))),
        ] {
            assert_eq!(records_of(&request("/v1/predictions", None, Some(&body), &response)), []);
        }
    }
}
