//! The log of requests: what was exchanged, for people who look for the cause of a problem.

use std::borrow::Cow;

use duckdb::{Row, params};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::predictions::{NewPredictions, append_predictions};
use super::rollups::forget_rollups;
use super::rows::{Columns, execute, query_optional_row, query_row, query_rows, read_time, read_uuid, sql_time};
use super::time_windows::{find_by_id, read_newest};
use super::{Store, StoreError};

/// Bytes that are kept of the bodies of refused requests, which anybody can make large.
const KEPT_BYTES_OF_REFUSED: usize = 4 * 1024;
/// Statuses of those requests: without a key that suffices, unknown path, unknown method, too large, for another server, too many.
const REFUSED_WITHOUT_READING: [u16; 7] = [401, 403, 404, 405, 413, 421, 429];

/// Bytes of bodies that are appended to the table at a time.
const APPENDED_BYTES: usize = 32_000_000;

/// A request that has been answered, for the log.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NewRequest<'a> {
    /// UUID version 7.
    pub id: Uuid,
    /// When it arrived, to the microsecond.
    #[serde(with = "jiff::fmt::serde::timestamp::microsecond::required")]
    pub time: Timestamp,
    /// The method, such as `POST`.
    pub method: String,
    /// The path, without the query.
    pub path: String,
    /// What follows the `?`, if anything.
    pub query: Option<String>,
    /// Status of the response.
    pub status: u16,
    /// Time from arrival until the answer was ready, in microseconds.
    pub latency_us: i64,
    /// The model that answered, if one did.
    pub model_id: Option<i64>,
    /// Address of the client.
    pub client: Option<String>,
    /// As received.
    #[serde(borrow, with = "serde_bytes")]
    pub request_body: Cow<'a, [u8]>,
    /// As sent.
    #[serde(borrow, with = "serde_bytes")]
    pub response_body: Cow<'a, [u8]>,
    /// The predictions in the answer; absent in journals of version 1.
    #[serde(default)]
    pub predictions: NewPredictions<'a>,
    /// Name of the key that the request had; absent in journals of files without keys.
    #[serde(default)]
    pub key_name: Option<String>,
}

/// A request in the log.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct LoggedRequest {
    /// UUID version 7: the order of ids is the order of arrival.
    pub id: Uuid,
    /// When it arrived.
    #[schema(value_type = String, format = DateTime)]
    pub time: Timestamp,
    /// The method, such as `POST`.
    pub method: String,
    /// The path, without the query.
    pub path: String,
    /// What followed the `?`, if anything did.
    pub query: Option<String>,
    /// Status of the response.
    pub status: u16,
    /// Time from arrival until the answer was ready, in microseconds.
    pub latency_us: i64,
    /// The model that answered, if one did.
    pub model_id: Option<i64>,
    /// Address of the client.
    pub client: Option<String>,
    /// Name of the key that the request had, if any.
    #[serde(default)]
    pub key_name: Option<String>,
    /// As received; absent in lists.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_body: Option<String>,
    /// As sent; absent in lists.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub response_body: Option<String>,
}

/// How many requests the log holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequestCounts {
    /// Number of all requests.
    pub all: i64,
    /// Number of requests in the last 24 hours.
    pub last_day: i64,
}

/// The path of the questions that the desk asks while somebody types. They are in the log, and listed where they are asked for.
pub const LIVE_PATH: &str = "/answer";

/// Which requests of the log to list.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct RequestFilter {
    /// Most requests in the list.
    pub limit: u32,
    /// Only those with this status.
    pub status: Option<u16>,
    /// Only those to this path; without one, all but [`LIVE_PATH`].
    pub path: Option<String>,
    /// Only those that this model answered.
    pub model: Option<i64>,
    /// Only those that arrived at or after this time.
    pub since: Option<Timestamp>,
    /// Only those that arrived before this time.
    pub until: Option<Timestamp>,
    /// Only those before the request of this id.
    pub before: Option<Uuid>,
}

/// How far the journal is imported.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ImportedUpTo {
    /// Number of the segment.
    pub number: u64,
    /// Where in its file the imported groups end; `None` if all are imported.
    pub position: Option<u64>,
}

impl std::str::FromStr for ImportedUpTo {
    type Err = std::num::ParseIntError;

    /// Reads `NUMBER:POSITION`.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (number, position) = text.split_once(':').unwrap_or((text, "0"));
        Ok(Self { number: number.parse()?, position: Some(position.parse()?) })
    }
}

impl ImportedUpTo {
    /// The setting that notes it, and its value.
    fn as_setting(self) -> (&'static str, String) {
        match self.position {
            None => ("journal_number", self.number.to_string()),
            Some(position) => ("journal_piece", format!("{}:{position}", self.number)),
        }
    }
}

impl Store {
    /// Adds requests with their predictions, and notes how far their journal is imported, in one transaction.
    ///
    /// # Errors
    /// If the database fails; then nothing has changed.
    pub(super) fn insert_requests(
        &mut self,
        requests: &[NewRequest<'_>],
        imported: ImportedUpTo,
    ) -> Result<(), StoreError> {
        const ACTION: &str = "write the request log";
        let writing = || StoreError::database(ACTION);
        let rolled_up_to = self.rolled_up_to()?;
        let transaction = self.connection.transaction().map_err(writing())?;
        let mut rest = requests;
        while !rest.is_empty() {
            let (now, later) = rest.split_at(appended_together(rest));
            columns_of(now).append_to(&transaction, "request").map_err(writing())?;
            rest = later;
        }
        let predictions = requests.iter().flat_map(|request| request.predictions.iter());
        append_predictions(&transaction, predictions).map_err(writing())?;
        let sql = include_str!("../../sql/queries/schema/update_setting.sql");
        if let Some(earliest) = requests.iter().map(|request| request.time).min() {
            forget_rollups(&transaction, earliest, rolled_up_to)?;
        }
        let (setting, value) = imported.as_setting();
        execute(&transaction, ACTION, sql, params![setting, value])?;
        transaction.commit().map_err(writing())
    }

    /// The requests that match `filter`, newest first, without their bodies.
    pub fn requests(&self, filter: &RequestFilter) -> Result<Vec<LoggedRequest>, StoreError> {
        let arrived = filter.before.map(|id| self.arrival_of(id)).transpose()?.flatten();
        // those of the same microsecond count as well: their ids decide
        let arrived = arrived.and_then(|time| time.checked_add(SignedDuration::from_micros(1)).ok());
        let until = match (arrived, filter.until) {
            (Some(arrived), Some(until)) => Some(arrived.min(until)),
            (arrived, until) => arrived.or(until),
        };
        read_newest(filter.limit as usize, filter.since, until, |window, wanted| {
            query_rows(
                &self.connection,
                "list the requests",
                include_str!("../../sql/queries/request/list_requests.sql"),
                params![
                    i64::try_from(wanted).unwrap_or(i64::MAX),
                    filter.status,
                    filter.path,
                    window.from.map(sql_time),
                    filter.before.map(|id| id.to_string()),
                    filter.model,
                    window.until.map(sql_time),
                    LIVE_PATH,
                ],
                read_request,
            )
        })
    }

    /// When the request `id` arrived; `None` if there is no such request.
    fn arrival_of(&self, id: Uuid) -> Result<Option<Timestamp>, StoreError> {
        let sql = include_str!("../../sql/queries/request/find_arrival.sql");
        find_by_id(id, |window| {
            let parameters = params![id.to_string(), window.from.map(sql_time), window.until.map(sql_time)];
            query_optional_row(&self.connection, "look a request up", sql, parameters, |row| {
                read_time(row, "received_at")
            })
        })
    }

    /// Name of the key that the request `id` had; `None` if it had none, or is not in the log any more.
    ///
    /// # Errors
    /// If the database fails.
    pub fn key_of_request(&self, id: Uuid) -> Result<Option<String>, StoreError> {
        let sql = include_str!("../../sql/queries/request/read_key_name.sql");
        let found = find_by_id(id, |window| {
            let parameters = params![id.to_string(), window.from.map(sql_time), window.until.map(sql_time)];
            query_optional_row(&self.connection, "look a request up", sql, parameters, |row| {
                row.get::<_, Option<String>>("key_name")
            })
        })?;
        Ok(found.flatten())
    }

    /// How many requests there are; [`RequestCounts::last_day`] counts those that arrived at or after `lately`.
    pub fn count_requests(&self, lately: Timestamp) -> Result<RequestCounts, StoreError> {
        query_row(
            &self.connection,
            "count the requests",
            include_str!("../../sql/queries/request/count_requests.sql"),
            params![sql_time(lately)],
            |row| Ok(RequestCounts { all: row.get("all_requests")?, last_day: row.get("recent_requests")? }),
        )
    }

    /// One request with its bodies.
    ///
    /// # Errors
    /// If there is no such request.
    pub fn request(&self, id: Uuid) -> Result<LoggedRequest, StoreError> {
        let sql = include_str!("../../sql/queries/request/read_request.sql");
        let found = find_by_id(id, |window| {
            let parameters = params![id.to_string(), window.from.map(sql_time), window.until.map(sql_time)];
            query_optional_row(&self.connection, "read a request", sql, parameters, |row| {
                Ok(LoggedRequest {
                    request_body: row.get("request_body")?,
                    response_body: row.get("response_body")?,
                    ..read_request(row)?
                })
            })
        })?;
        found.ok_or_else(|| StoreError::NotFound { what: "request", id: id.to_string(), list: "requests list" })
    }
}

fn read_request(row: &Row<'_>) -> duckdb::Result<LoggedRequest> {
    Ok(LoggedRequest {
        id: read_uuid(row, "id")?,
        time: read_time(row, "received_at")?,
        method: row.get("method")?,
        path: row.get("path")?,
        query: row.get("query")?,
        status: row.get("status")?,
        latency_us: row.get("latency_us")?,
        model_id: row.get("model_id")?,
        client: row.get("client")?,
        key_name: row.get("key_name")?,
        request_body: None,
        response_body: None,
    })
}

fn columns_of(requests: &[NewRequest<'_>]) -> Columns {
    let all = || requests.iter();
    Columns::default()
        .ids("id", all().map(|one| Some(one.id)))
        .times("received_at", all().map(|one| one.time))
        .texts("method", all().map(|one| Some(&one.method)))
        .texts("path", all().map(|one| Some(&one.path)))
        .texts("query", all().map(|one| one.query.as_ref()))
        .integers("status", all().map(|one| Some(one.status.into())))
        .integers("latency_us", all().map(|one| Some(one.latency_us)))
        .integers("model_id", all().map(|one| one.model_id))
        .texts("client", all().map(|one| one.client.as_ref()))
        .texts("key_name", all().map(|one| one.key_name.as_ref()))
        .texts("request_body", all().map(|one| kept_body(&one.request_body)))
        .texts("response_body", all().map(|one| kept_body(&one.response_body)))
}

/// How many of `requests`, at least one, are appended together: a column of text holds 2 GiB at most.
fn appended_together(requests: &[NewRequest<'_>]) -> usize {
    let mut bytes = 0;
    let fit = requests.iter().take_while(|request| {
        bytes += request.request_body.len() + request.response_body.len();
        bytes <= APPENDED_BYTES
    });
    fit.count().max(1)
}

/// An encoded request: encoding is not the work of the writer's thread.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JournalEntry(Vec<u8>);

impl JournalEntry {
    /// Its length in the journal.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.0.len()
    }

    /// The request in `MessagePack` format.
    pub(super) fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl NewRequest<'_> {
    /// Encodes the request for the journal.
    ///
    /// # Errors
    /// If it cannot be encoded.
    pub fn to_entry(&self) -> Result<JournalEntry, StoreError> {
        let body = |bytes| Cow::Owned(cut_body(bytes, self.status).into_owned());
        let is_long = self.request_body.len().max(self.response_body.len()) > KEPT_BYTES_OF_REFUSED;
        let cut = (is_long && REFUSED_WITHOUT_READING.contains(&self.status)).then(|| NewRequest {
            request_body: body(&self.request_body),
            response_body: body(&self.response_body),
            ..self.clone()
        });
        rmp_serde::to_vec(cut.as_ref().unwrap_or(self))
            .map(JournalEntry)
            .map_err(|error| StoreError::Unexpected { what: format!("a request: {error}") })
    }
}

impl NewRequest<'static> {
    /// Decodes the request at the beginning of `bytes`, and moves `bytes` past it.
    pub(super) fn from_entry(bytes: &mut &[u8]) -> Result<Self, StoreError> {
        Self::deserialize(&mut rmp_serde::Deserializer::new(bytes))
            .map_err(|error| StoreError::Unexpected { what: format!("a request in the journal: {error}") })
    }
}

/// A body as it goes into the journal: of a request that was refused before it was read, only the beginning is kept, with a mark
/// that gives its length.
fn cut_body(bytes: &[u8], status: u16) -> Cow<'_, [u8]> {
    if bytes.len() <= KEPT_BYTES_OF_REFUSED || !REFUSED_WITHOUT_READING.contains(&status) {
        return Cow::Borrowed(bytes);
    }
    let mark = format!("… [cut: {} bytes in all]", bytes.len());
    Cow::Owned([&bytes[..KEPT_BYTES_OF_REFUSED], mark.as_bytes()].concat())
}

/// A body as text: bytes that are not UTF-8 are replaced. `None` if the body is empty.
fn kept_body(bytes: &[u8]) -> Option<Cow<'_, str>> {
    if bytes.is_empty() {
        return None;
    }
    let mut kept = String::from_utf8_lossy(bytes);
    // NUL is valid UTF-8, but not every program that reads the file accepts it in text
    if kept.contains('\0') {
        kept = Cow::Owned(kept.replace('\0', "\u{fffd}"));
    }
    Some(kept)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_bodies_that_nothing_needs_are_cut() {
        let long = vec![b'x'; 3_000_000];
        for status in [200, 400, 422, 500] {
            assert_eq!(cut_body(&long, status).len(), long.len(), "{status}");
        }
        for status in REFUSED_WITHOUT_READING {
            let kept = cut_body(&long, status);
            assert!(kept.len() < 5_000 && kept.ends_with("… [cut: 3000000 bytes in all]".as_bytes()), "{status}");
        }
        assert_eq!(kept_body(b""), None);
        assert_eq!(kept_body(b"a\0\xff").as_deref(), Some("a\u{fffd}\u{fffd}"));
    }
}
