//! Predictions: every priced stone, as described by the user, with its predicted price.

use std::borrow::Cow;
use std::collections::HashMap;

use duckdb::{Connection, Row, params};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::rows::{
    Columns, JsonColumn, TextColumn, query_optional_row, query_rows, read_stone_values, read_time, read_uuid, sql_time,
    with_stone_columns,
};
use super::time_windows::{ID_TOLERANCE, find_by_id, read_newest};
use super::{LoggedRequest, Store, StoreError};
use crate::diamond::{FIELDS, Field, FieldValues, Measurements, StoneDescription};
use crate::learning::evaluation::PriceRange;

/// The source of a prediction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum PredictionSource {
    /// The JSON API.
    Api,
    /// The web page with the form.
    Page,
    /// `diamonds predict` with one stone.
    CommandLine,
    /// `diamonds predict` with a file.
    BatchFile,
}

impl PredictionSource {
    /// The name in the database.
    pub fn name(self) -> &'static str {
        match self {
            Self::Api => "api",
            Self::Page => "page",
            Self::CommandLine => "command_line",
            Self::BatchFile => "batch_file",
        }
    }
}

/// A priced stone, with its predicted price.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PredictionRecord {
    /// UUID version 7.
    pub id: Uuid,
    /// Its request in the log; `None` for the command line.
    pub request: Option<Uuid>,
    /// Its place among the stones of the request, from 0.
    pub position: i64,
    /// Its time.
    #[serde(with = "jiff::fmt::serde::timestamp::microsecond::required")]
    pub time: Timestamp,
    /// Its source.
    pub source: PredictionSource,
    /// The model that answered.
    pub model: i64,
    /// The family of that model.
    pub family: String,
    /// The stone as it was described.
    #[serde(with = "as_values::stone")]
    pub stone: StoneDescription,
    /// Measurements that an earlier version filled in from similar stones.
    #[serde(with = "as_values::measurements")]
    pub filled_in: Measurements,
    /// The price in US dollars, to the cent.
    pub price_usd: f64,
    /// The price by weight in US dollars a carat, to the cent.
    pub price_per_carat_usd: f64,
    /// The range around the price, if there was one.
    pub range_usd: Option<PriceRange>,
    /// The warnings, each a sentence.
    pub warnings: Vec<String>,
    /// The explanation as JSON, if one was wanted.
    pub explanation: Option<String>,
    /// Whether the stone lies inside of what was sold; `None` in answers of earlier versions.
    #[serde(default)]
    pub reliable: Option<bool>,
    /// Why the price is not reliable, each a sentence.
    #[serde(default)]
    pub unreliable_because: Vec<String>,
}

/// Values of fields as a list: short in the journal, and readable when a later version has more fields. The derived form
/// would leave unknown measurements out, which the journal's format cannot express, as it has no names.
mod as_values {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    use super::{FieldValues, Measurements, StoneDescription};

    fn read_values<'de, D: Deserializer<'de>>(deserializer: D) -> Result<FieldValues, D::Error> {
        let given = Vec::<Option<f64>>::deserialize(deserializer)?;
        let mut values = FieldValues::default();
        for (value, given) in values.iter_mut().zip(given) {
            *value = given;
        }
        Ok(values)
    }

    pub mod stone {
        use serde::de::Error as _;

        use super::{Deserializer, Serialize, Serializer, StoneDescription, read_values};

        pub fn serialize<S: Serializer>(stone: &StoneDescription, serializer: S) -> Result<S::Ok, S::Error> {
            stone.values().as_slice().serialize(serializer)
        }

        pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<StoneDescription, D::Error> {
            StoneDescription::from_values(&read_values(deserializer)?)
                .ok_or_else(|| D::Error::custom("a stone without its four Cs"))
        }
    }

    pub mod measurements {
        use super::{Deserializer, Measurements, Serialize, Serializer, read_values};

        pub fn serialize<S: Serializer>(known: &Measurements, serializer: S) -> Result<S::Ok, S::Error> {
            known.values().as_slice().serialize(serializer)
        }

        pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Measurements, D::Error> {
            Ok(Measurements::from_values(&read_values(deserializer)?))
        }
    }
}

impl Store {
    /// Stores `predictions`, all or none.
    ///
    /// # Errors
    /// If the database fails; then none is stored.
    pub fn add_predictions(&mut self, predictions: &[PredictionRecord]) -> Result<(), StoreError> {
        let storing = || StoreError::database("store the predictions");
        let transaction = self.connection.transaction().map_err(storing())?;
        append_predictions(&transaction, predictions.iter()).map_err(storing())?;
        transaction.commit().map_err(storing())
    }

    /// The prediction with this id, if there is one.
    ///
    /// # Errors
    /// If the database fails.
    pub fn prediction(&self, id: Uuid) -> Result<Option<PredictionRecord>, StoreError> {
        find_by_id(id, |window| {
            query_optional_row(
                &self.connection,
                "look a prediction up",
                include_str!("../../sql/queries/prediction/read_prediction.sql"),
                params![id.to_string(), window.from.map(sql_time), window.until.map(sql_time)],
                read_prediction,
            )
        })
    }

    /// The predictions made at or after `since`, newest first, `limit` at most.
    ///
    /// # Errors
    /// If the database fails.
    pub fn newest_predictions(
        &self,
        limit: usize,
        since: Option<Timestamp>,
    ) -> Result<Vec<PredictionRecord>, StoreError> {
        read_newest(limit, since, None, |window, wanted| {
            query_rows(
                &self.connection,
                "list the predictions",
                include_str!("../../sql/queries/prediction/list_predictions.sql"),
                params![
                    i64::try_from(wanted).unwrap_or(i64::MAX),
                    window.from.map(sql_time),
                    window.until.map(sql_time)
                ],
                read_prediction,
            )
        })
    }

    /// The descriptions of the stones that were priced since then, newest first, `limit` at most.
    ///
    /// # Errors
    /// If the database fails.
    pub fn priced_stones(&self, limit: usize, since: Option<Timestamp>) -> Result<Vec<StoneDescription>, StoreError> {
        let sql = with_stone_columns(include_str!("../../sql/queries/prediction/list_priced_stones.sql"));
        let found = read_newest(limit, since, None, |window, wanted| {
            let parameters = params![
                i64::try_from(wanted).unwrap_or(i64::MAX),
                window.from.map(sql_time),
                window.until.map(sql_time)
            ];
            query_rows(&self.connection, "list the stones that were priced", &sql, parameters, read_stone_values)
        })?;
        Ok(found.iter().filter_map(StoneDescription::from_values).collect())
    }

    /// Ids of the predictions of the request `request`, in its order, `limit` at most; and their total number.
    ///
    /// # Errors
    /// If the database fails.
    pub fn predictions_of_request(&self, request: Uuid, limit: u32) -> Result<(Vec<Uuid>, i64), StoreError> {
        let found = query_rows(
            &self.connection,
            "list the predictions of a request",
            include_str!("../../sql/queries/prediction/list_predictions_of_request.sql"),
            params![request.to_string(), limit],
            |row| Ok((read_uuid(row, "id")?, row.get::<_, i64>("prediction_count")?)),
        )?;
        let count = found.first().map_or(0, |(_, count)| *count);
        Ok((found.into_iter().map(|(id, _)| id).collect(), count))
    }
}

/// What a request priced first.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FirstPrediction {
    /// The stone.
    pub stone: StoneDescription,
    /// Its price in US dollars.
    pub price_usd: f64,
    /// How many stones the request priced.
    pub count: i64,
}

impl Store {
    /// What each of `requests` priced first, by their ids; requests that priced nothing are left out. Their predictions were made at most
    /// two minutes from their arrival.
    ///
    /// # Errors
    /// If the database fails.
    pub fn first_predictions(&self, requests: &[LoggedRequest]) -> Result<HashMap<Uuid, FirstPrediction>, StoreError> {
        let times = || requests.iter().map(|request| request.time);
        let (Some(first), Some(last)) = (times().min(), times().max()) else { return Ok(HashMap::new()) };
        let from = first.checked_sub(ID_TOLERANCE).unwrap_or(Timestamp::MIN);
        let until = last.checked_add(ID_TOLERANCE).unwrap_or(Timestamp::MAX);
        let ids: Vec<String> = requests.iter().map(|request| request.id.to_string()).collect();
        let sql = with_stone_columns(include_str!("../../sql/queries/prediction/list_first_predictions.sql"));
        let parameters = params![ids.join(","), sql_time(from), sql_time(until)];
        let found = query_rows(&self.connection, "list what requests priced", &sql, parameters, |row| {
            let stone = StoneDescription::from_values(&read_stone_values(row)?).ok_or(duckdb::Error::InvalidQuery)?;
            let prediction =
                FirstPrediction { stone, price_usd: row.get("price_usd")?, count: row.get("prediction_count")? };
            Ok((read_uuid(row, "request_id")?, prediction))
        })?;
        Ok(found.into_iter().collect())
    }
}

/// Predictions that are appended at a time.
const APPENDED_AT_A_TIME: usize = 8_192;

/// Appends `predictions` to their table, within the current transaction of `connection`.
pub(super) fn append_predictions<'a>(
    connection: &Connection,
    predictions: impl Iterator<Item = &'a PredictionRecord>,
) -> duckdb::Result<()> {
    append_in_pieces(connection, predictions, |some| {
        columns_of(some, &FIELDS.each_ref())
            .booleans("reliable", some.iter().map(|one| one.reliable))
            .texts("unreliable_because", some.iter().map(|one| texts_as_json(&one.unreliable_because)))
    })
}

/// The same for a table of the layout that had predictions first, with columns for these `fields`.
pub(super) fn append_predictions_of_first_layout<'a>(
    connection: &Connection,
    fields: &[&'static Field],
    predictions: impl Iterator<Item = &'a PredictionRecord>,
) -> duckdb::Result<()> {
    append_in_pieces(connection, predictions, |some| columns_of(some, fields))
}

fn append_in_pieces<'a>(
    connection: &Connection,
    mut predictions: impl Iterator<Item = &'a PredictionRecord>,
    columns_of: impl Fn(&[&'a PredictionRecord]) -> Columns,
) -> duckdb::Result<()> {
    loop {
        let some: Vec<&PredictionRecord> = predictions.by_ref().take(APPENDED_AT_A_TIME).collect();
        if some.is_empty() {
            return Ok(());
        }
        columns_of(&some).append_to(connection, "prediction")?;
    }
}

/// `sentences` as a JSON array; nothing if there are none.
fn texts_as_json(sentences: &[String]) -> Option<String> {
    (!sentences.is_empty()).then(|| json_text(&sentences))
}

fn columns_of(predictions: &[&PredictionRecord], fields: &[&'static Field]) -> Columns {
    let all = || predictions.iter().copied();
    let range = |end: fn(PriceRange) -> f64| all().map(move |one| one.range_usd.map(end));
    let columns = Columns::default()
        .ids("id", all().map(|one| Some(one.id)))
        .ids("request_id", all().map(|one| one.request))
        .integers("position", all().map(|one| Some(one.position)))
        .times("predicted_at", all().map(|one| one.time))
        .texts("source", all().map(|one| Some(one.source.name())))
        .integers("model_id", all().map(|one| Some(one.model)));
    let stones: Vec<FieldValues> = all().map(|one| one.stone.values()).collect();
    FIELDS
        .iter()
        .enumerate()
        .filter(|(_, field)| fields.iter().any(|wanted| std::ptr::eq(*wanted, *field)))
        .fold(columns, |columns, (place, field)| columns.field(field, stones.iter().map(|values| values[place])))
        .texts("filled_in", all().map(|one| (!one.filled_in.is_empty()).then(|| json_text(&one.filled_in))))
        .doubles("price_usd", all().map(|one| Some(one.price_usd)))
        .doubles("price_per_carat_usd", all().map(|one| Some(one.price_per_carat_usd)))
        .doubles("low_usd", range(|range| range.low))
        .doubles("high_usd", range(|range| range.high))
        .doubles("confidence", range(|range| range.confidence))
        .texts("warnings", all().map(|one| texts_as_json(&one.warnings)))
        .texts("explanation", all().map(|one| one.explanation.as_deref()))
}

/// `value`, which has text as keys and finite numbers, as JSON.
fn json_text(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

/// A row of the view `answered_prediction`.
fn read_prediction(row: &Row<'_>) -> duckdb::Result<PredictionRecord> {
    let stone = StoneDescription::from_values(&read_stone_values(row)?).ok_or(duckdb::Error::InvalidQuery)?;
    let range = (row.get("low_usd")?, row.get("high_usd")?, row.get("confidence")?);
    Ok(PredictionRecord {
        id: read_uuid(row, "id")?,
        request: row.get::<_, Option<TextColumn<Uuid>>>("request_id")?.map(|id| id.0),
        position: row.get("position")?,
        time: read_time(row, "predicted_at")?,
        source: match row.get::<_, String>("source")?.as_str() {
            "page" => PredictionSource::Page,
            "command_line" => PredictionSource::CommandLine,
            "batch_file" => PredictionSource::BatchFile,
            _ => PredictionSource::Api,
        },
        model: row.get("model_id")?,
        family: row.get("family")?,
        stone,
        filled_in: row.get::<_, Option<JsonColumn<_>>>("filled_in")?.map(|json| json.0).unwrap_or_default(),
        price_usd: row.get("price_usd")?,
        price_per_carat_usd: row.get("price_per_carat_usd")?,
        range_usd: match range {
            (Some(low), Some(high), Some(confidence)) => Some(PriceRange { low, high, confidence }),
            _ => None,
        },
        warnings: row.get::<_, Option<JsonColumn<_>>>("warnings")?.map(|json| json.0).unwrap_or_default(),
        explanation: row.get("explanation")?,
        reliable: row.get("reliable")?,
        unreliable_because: row
            .get::<_, Option<JsonColumn<_>>>("unreliable_because")?
            .map(|json| json.0)
            .unwrap_or_default(),
    })
}

/// Predictions of a request that is written to the journal.
pub type NewPredictions<'a> = Cow<'a, [PredictionRecord]>;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diamond::{Clarity, Color, Cut};

    fn record(id: u128, warnings: Vec<String>) -> PredictionRecord {
        PredictionRecord {
            id: Uuid::from_u128(id),
            request: Some(Uuid::from_u128(7)),
            position: 0,
            time: "2026-03-01T12:00:00.000001Z".parse().expect("a time"),
            source: PredictionSource::Page,
            model: 1,
            family: "linear".to_owned(),
            stone: StoneDescription {
                carat: 1.1,
                cut: Cut::VeryGood,
                color: Color::H,
                clarity: Clarity::SI2,
                measurements: Measurements { x: Some(6.61), ..Measurements::default() },
            },
            filled_in: Measurements { depth: Some(61.8), z: Some(4.1), ..Measurements::default() },
            price_usd: 4_733.12,
            price_per_carat_usd: 4_302.84,
            range_usd: Some(PriceRange { low: 4_310.5, high: 5_180.9, confidence: 0.9 }),
            warnings,
            explanation: Some("{\"typical_usd\":1.5}".to_owned()),
            reliable: Some(false),
            unreliable_because: vec!["carat 9 ct is outside".to_owned()],
        }
    }

    #[test]
    fn a_prediction_comes_out_of_the_database_as_it_went_in() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut store = Store::open(&folder.path().join("a.duckdb")).expect("a store");
        let records = [record(7, vec!["\"quoted\" and ×".to_owned()]), record(8, Vec::new())];
        store.add_predictions(&records).expect("stored");
        for record in &records {
            // the model is not stored, so its family is unknown
            let expected = PredictionRecord { family: String::new(), ..record.clone() };
            assert_eq!(store.prediction(record.id).expect("a query"), Some(expected));
        }
        assert_eq!(store.prediction(Uuid::nil()).expect("a query"), None);
        assert_eq!(store.newest_predictions(1, None).expect("a query")[0].id, records[1].id);
        let (ids, count) = store.predictions_of_request(Uuid::from_u128(7), 1).expect("a query");
        assert_eq!((ids, count), (vec![records[0].id], 2));
        let stones = store.priced_stones(10, Some("2026-03-01T00:00:00Z".parse().expect("a time"))).expect("a query");
        assert_eq!(stones, [records[0].stone; 2]);
    }

    #[test]
    fn a_prediction_survives_the_journal_and_so_does_one_of_an_earlier_version() {
        let bytes = rmp_serde::to_vec(&record(7, Vec::new())).expect("bytes");
        let read: PredictionRecord = rmp_serde::from_slice(&bytes).expect("a record");
        assert_eq!(read, record(7, Vec::new()));
        // one that an earlier version wrote ends before what was added since
        let mut earlier = rmp_serde::to_vec(&record(7, Vec::new())).expect("bytes");
        let added = rmp_serde::to_vec(&(Some(false), vec!["carat 9 ct is outside"])).expect("bytes").len() - 1;
        earlier.truncate(earlier.len() - added);
        // an array of more than 15 has its length in the two bytes after the first
        earlier[2] -= 2;
        let read: PredictionRecord = rmp_serde::from_slice(&earlier).expect("an earlier record");
        assert_eq!((read.reliable, read.price_usd.to_bits()), (None, 4_733.12_f64.to_bits()));
    }
}
