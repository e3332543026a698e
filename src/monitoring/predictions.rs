//! Reads stones and their prices back from the log.

use std::borrow::Cow;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::diamond::{Clarity, Color, Cut, Grade, MEASUREMENTS, StoneDescription};
use crate::pricing::Quote;
use crate::store::{LoggedRequest, NewOutcome, Store, StoreError};

/// Names by which the page asks for the four Cs.
const FOUR_CS: [&str; 4] = ["carat", Cut::SCALE, Color::SCALE, Clarity::SCALE];

/// A quote with the id under which it is found again.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Prediction {
    /// UUID version 7.
    pub id: Uuid,
    /// The price and how it came about.
    #[serde(flatten)]
    pub quote: Quote,
}

/// A stone that was asked about, and what was answered.
#[derive(Debug, Clone, PartialEq)]
pub struct PricedStone {
    /// The stone, as far as it was described.
    pub given: StoneDescription,
    /// The answer.
    pub prediction: Prediction,
}

impl PricedStone {
    /// Every stone that `request`, which comes with its bodies, asked about and got a price for.
    #[must_use]
    pub fn in_request(request: &LoggedRequest) -> Vec<Self> {
        let Some(response) = request.response_body.as_deref() else { return Vec::new() };
        let predictions = match serde_json::from_str(response) {
            Ok(Value::Array(documents)) => documents.into_iter().map(serde_json::from_value).collect(),
            Ok(document) => serde_json::from_value(document).map(|one| vec![one]),
            Err(error) => Err(error),
        };
        let predictions: Vec<Prediction> = predictions.unwrap_or_default();
        let described = descriptions(request);
        if described.len() != predictions.len() {
            return Vec::new();
        }
        described.into_iter().zip(predictions).map(|(given, prediction)| Self { given, prediction }).collect()
    }

    /// The newest stones that were asked about since then and got a price, about `limit` at most, newest first.
    ///
    /// # Errors
    /// If the log cannot be read.
    pub fn newest(store: &Store, limit: usize, since: Option<Timestamp>) -> Result<Vec<Self>, StoreError> {
        /// Requests that are read at a time: at first, and at most.
        const PAGE: std::ops::RangeInclusive<u32> = 64..=4_096;
        /// Bytes of bodies up to which the next page may be larger: bodies can be of a thousand stones, or of one.
        const LIGHT_BYTES: usize = 4_000_000;
        let mut found = Vec::new();
        let (mut page, mut before) = (*PAGE.start(), None);
        while found.len() < limit {
            let requests = store.priced_requests(page, since, before)?;
            let Some(last) = requests.last() else { break };
            before = Some(last.id);
            let body_bytes = |request: &LoggedRequest| request.response_body.as_ref().map_or(0, String::len);
            if requests.iter().map(body_bytes).sum::<usize>() < LIGHT_BYTES {
                page = (page * 2).min(*PAGE.end());
            }
            found.extend(requests.iter().flat_map(Self::in_request));
        }
        found.truncate(limit);
        Ok(found)
    }

    /// The answer to the stone of `id` in `request`, as it was given, whatever answers hold today.
    #[must_use]
    pub fn document_in(request: &LoggedRequest, id: Uuid) -> Option<Value> {
        let wanted = id.to_string();
        let is_wanted = |document: &Value| document["id"] == wanted.as_str();
        match serde_json::from_str(request.response_body.as_deref()?).ok()? {
            Value::Array(documents) => documents.into_iter().find(is_wanted),
            document => Some(document).filter(is_wanted),
        }
    }

    /// The outcome to record if the stone fetched `price_usd`.
    #[must_use]
    pub fn fetched(&self, price_usd: f64) -> NewOutcome {
        let Prediction { id, quote } = &self.prediction;
        NewOutcome {
            prediction: *id,
            price_usd,
            model: quote.model.id,
            predicted_usd: quote.price_usd,
            range_usd: quote.range_usd,
            given: self.given,
        }
    }

    /// The stone with all that was assumed of it, so that it is the same stone whatever has been sold since.
    #[must_use]
    pub fn completed(&self) -> StoneDescription {
        let (given, assumed) = (self.given, self.prediction.quote.assumed);
        StoneDescription {
            depth: given.depth.or(assumed.depth),
            table: given.table.or(assumed.table),
            x: given.x.or(assumed.x),
            y: given.y.or(assumed.y),
            z: given.z.or(assumed.z),
            ..given
        }
    }
}

/// The parameters of a page's address that describe a stone; what links and browsers add to it is none of its business.
#[must_use]
pub fn stone_parameters<'a>(
    pairs: impl IntoIterator<Item = (Cow<'a, str>, Cow<'a, str>)>,
) -> Vec<(Cow<'a, str>, Cow<'a, str>)> {
    pairs.into_iter().filter(|(name, _)| FOUR_CS.contains(&&**name) || MEASUREMENTS.contains(&&**name)).collect()
}

/// The stones of a request that was answered: none, if it was not understood.
fn descriptions(request: &LoggedRequest) -> Vec<StoneDescription> {
    if request.path == "/" {
        let query = request.query.as_deref().unwrap_or_default();
        let pairs = stone_parameters(form_urlencoded::parse(query.as_bytes()));
        let read = StoneDescription::from_text(pairs.iter().map(|(name, value)| (&**name, &**value)), &[]);
        return read.into_iter().collect();
    }
    let read = |fields: &Map<String, Value>| StoneDescription::from_fields(fields, &[]).ok();
    match request.request_body.as_deref().map(serde_json::from_str) {
        Some(Ok(Value::Object(fields))) => read(&fields).into_iter().collect(),
        Some(Ok(Value::Array(stones))) => {
            stones.iter().map(|stone| stone.as_object().and_then(read)).collect::<Option<_>>().unwrap_or_default()
        }
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn logged(path: &str, query: Option<&str>, body: Option<&Value>, response: &Value) -> LoggedRequest {
        LoggedRequest {
            id: Uuid::nil(),
            time: jiff::Timestamp::UNIX_EPOCH,
            method: "POST".to_owned(),
            path: path.to_owned(),
            query: query.map(str::to_owned),
            status: 200,
            latency_us: 1,
            model_id: Some(1),
            client: None,
            request_body: body.map(Value::to_string),
            response_body: Some(response.to_string()),
        }
    }

    fn answer(price_usd: f64) -> Value {
        json!({"id": Uuid::nil(), "price_usd": price_usd, "price_per_carat_usd": price_usd, "currency": "USD",
            "model": {"id": 1, "family": "linear"}, "assumed": {"x": 6.4}, "warnings": []})
    }

    #[test]
    fn stones_are_found_in_bodies_arrays_and_addresses() {
        let stone = json!({"carat": 1.0, "cut": "Ideal", "color": "G", "clarity": "VS2", "y": 6.5});
        let single = logged("/v1/predictions", None, Some(&stone), &answer(5.0));
        let array = logged("/v1/predictions", None, Some(&json!([stone, stone])), &json!([answer(1.0), answer(2.0)]));
        let page = logged("/", Some("carat=1&cut=ideal&color=G&clarity=VS2&y=6.5&utm=x"), None, &answer(5.0));
        let asked = PricedStone::in_request(&single);
        assert_eq!(asked, PricedStone::in_request(&page));
        assert_eq!((asked.len(), asked[0].given.x, asked[0].completed().x), (1, None, Some(6.4)));
        assert_eq!(asked[0].completed().y, Some(6.5));
        let prices: Vec<f64> =
            PricedStone::in_request(&array).iter().map(|one| one.prediction.quote.price_usd).collect();
        assert_eq!(prices, [1.0, 2.0]);
    }

    #[test]
    fn what_does_not_fit_together_is_no_stone() {
        let stone = json!({"carat": 1.0, "cut": "Ideal", "color": "G", "clarity": "VS2"});
        for (body, response) in [
            (json!([stone, stone]), json!([answer(1.0)])),
            (json!({"carat": 1.0}), answer(1.0)),
            (stone, json!({"detail": "a problem"})),
        ] {
            assert_eq!(PricedStone::in_request(&logged("/v1/predictions", None, Some(&body), &response)), []);
        }
    }
}
