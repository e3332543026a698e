//! The log of requests.

use std::borrow::Cow;

use duckdb::types::{TimeUnit, Value};
use duckdb::{OptionalExt, Row, params};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::rows::{micros_of, time_at};
use super::{Store, StoreError};

/// Bytes of a body that are kept; longer ones are cut, with a mark. A thousand prices fit.
const MAX_BODY_BYTES: usize = 1024 * 1024;

/// A request that was answered and is to be logged.
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
    /// From arrival to the answer being ready, in microseconds.
    pub latency_us: i64,
    /// The model that answered, if one did.
    pub model_id: Option<i64>,
    /// Address of who asked.
    pub client: Option<String>,
    /// As received.
    #[serde(borrow, with = "serde_bytes")]
    pub request_body: Cow<'a, [u8]>,
    /// As sent.
    #[serde(borrow, with = "serde_bytes")]
    pub response_body: Cow<'a, [u8]>,
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
    /// From arrival to the answer being ready, in microseconds.
    pub latency_us: i64,
    /// The model that answered, if one did.
    pub model_id: Option<i64>,
    /// Address of who asked.
    pub client: Option<String>,
    /// As received; in lists left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_body: Option<String>,
    /// As sent; in lists left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub response_body: Option<String>,
}

/// How many requests the log holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequestCounts {
    /// All of them.
    pub all: i64,
    /// Those of the last 24 hours.
    pub last_day: i64,
}

/// Which requests of the log to list.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct RequestFilter {
    /// How many at most.
    pub limit: u32,
    /// Only those with this status.
    pub status: Option<u16>,
    /// Only those to this path.
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

/// The query for whole requests, which the file of that name narrows down.
macro_rules! whole_requests {
    ($name:literal) => {
        concat!(
            include_str!("../../sql/queries/request/select_whole_requests.sql"),
            include_str!(concat!("../../sql/queries/request/", $name, ".sql"))
        )
    };
}

impl Store {
    /// Adds requests and notes the number of the journal that they come from, in one transaction.
    ///
    /// # Errors
    /// If the engine fails; then all is as before.
    pub(super) fn insert_requests(
        &mut self,
        requests: &[NewRequest<'_>],
        journal_number: u64,
    ) -> Result<(), StoreError> {
        let writing = || StoreError::database("write the request log");
        let transaction = self.connection.transaction().map_err(writing())?;
        let mut appender = transaction.appender("request").map_err(writing())?;
        for request in requests {
            appender
                .append_row(params![
                    request.id.to_string(),
                    Value::Timestamp(TimeUnit::Microsecond, micros_of(request.time)),
                    request.method,
                    request.path,
                    request.query,
                    request.status,
                    request.latency_us,
                    request.model_id,
                    request.client,
                    body(&request.request_body),
                    body(&request.response_body),
                ])
                .map_err(writing())?;
        }
        appender.flush().map_err(writing())?;
        drop(appender);
        transaction
            .execute(
                include_str!("../../sql/queries/schema/update_setting.sql"),
                params!["journal_number", journal_number.to_string()],
            )
            .map_err(writing())?;
        transaction.commit().map_err(writing())
    }

    /// The requests that `filter` lets through, newest first, without their bodies.
    ///
    /// # Errors
    /// If the engine fails.
    pub fn requests(&self, filter: &RequestFilter) -> Result<Vec<LoggedRequest>, StoreError> {
        let listing = || StoreError::database("list the requests");
        let mut statement =
            self.connection.prepare(include_str!("../../sql/queries/request/list_requests.sql")).map_err(listing())?;
        let rows = statement
            .query_map(
                params![
                    filter.limit,
                    filter.status,
                    filter.path,
                    filter.since.map(micros_of),
                    filter.before.map(|id| id.to_string()),
                    filter.model,
                    filter.until.map(micros_of),
                ],
                read_request,
            )
            .map_err(listing())?;
        rows.collect::<Result<_, _>>().map_err(listing())
    }

    /// Requests that got prices, with their bodies, newest first, `limit` at most; only those since then, and before that one.
    ///
    /// # Errors
    /// If the engine fails.
    pub fn priced_requests(
        &self,
        limit: u32,
        since: Option<Timestamp>,
        before: Option<Uuid>,
    ) -> Result<Vec<LoggedRequest>, StoreError> {
        let listing = || StoreError::database("list the predictions");
        let mut statement = self.connection.prepare(whole_requests!("list_priced_requests")).map_err(listing())?;
        let rows = statement
            .query_map(params![limit, since.map(micros_of), before.map(|id| id.to_string())], read_whole_request)
            .map_err(listing())?;
        rows.collect::<Result<_, _>>().map_err(listing())
    }

    /// How many requests there are, and how many of them since `lately`.
    ///
    /// # Errors
    /// If the engine fails.
    pub fn count_requests(&self, lately: Timestamp) -> Result<RequestCounts, StoreError> {
        self.connection
            .query_row(
                include_str!("../../sql/queries/request/count_requests.sql"),
                params![micros_of(lately)],
                |row| Ok(RequestCounts { all: row.get(0)?, last_day: row.get(1)? }),
            )
            .map_err(StoreError::database("count the requests"))
    }

    /// One request with its bodies.
    ///
    /// # Errors
    /// If there is none of that id.
    pub fn request(&self, id: Uuid) -> Result<LoggedRequest, StoreError> {
        self.connection
            .query_row(whole_requests!("read_request"), params![id.to_string()], read_whole_request)
            .optional()
            .map_err(StoreError::database("read a request"))?
            .ok_or_else(|| StoreError::NotFound { what: "request", id: id.to_string(), list: "requests list" })
    }

    /// The request, with its bodies, that prediction `id` was made for, if there is one.
    ///
    /// # Errors
    /// If the engine fails.
    pub fn request_of_prediction(&self, id: Uuid) -> Result<Option<LoggedRequest>, StoreError> {
        self.connection
            .query_row(whole_requests!("find_prediction"), params![id.to_string()], read_whole_request)
            .optional()
            .map_err(StoreError::database("look a prediction up"))
    }
}

/// A row with bodies.
fn read_whole_request(row: &Row<'_>) -> duckdb::Result<LoggedRequest> {
    Ok(LoggedRequest { request_body: row.get(9)?, response_body: row.get(10)?, ..read_request(row)? })
}

fn read_request(row: &Row<'_>) -> duckdb::Result<LoggedRequest> {
    let id: String = row.get(0)?;
    Ok(LoggedRequest {
        id: id.parse().unwrap_or(Uuid::nil()),
        time: time_at(row, 1)?,
        method: row.get(2)?,
        path: row.get(3)?,
        query: row.get(4)?,
        status: row.get(5)?,
        latency_us: row.get(6)?,
        model_id: row.get(7)?,
        client: row.get(8)?,
        request_body: None,
        response_body: None,
    })
}

/// A request ready to be written: the work of preparing it is not the writer's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JournalEntry(Vec<u8>);

impl JournalEntry {
    /// The request as `MessagePack`.
    pub(super) fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl NewRequest<'_> {
    /// The request as the journal takes it.
    ///
    /// # Errors
    /// If it cannot be encoded.
    pub fn to_entry(&self) -> Result<JournalEntry, StoreError> {
        rmp_serde::to_vec(self)
            .map(JournalEntry)
            .map_err(|error| StoreError::Unexpected { what: format!("a request: {error}") })
    }
}

impl NewRequest<'static> {
    /// The request at the beginning of `bytes`, which then begin after it.
    pub(super) fn from_entry(bytes: &mut &[u8]) -> Result<Self, StoreError> {
        Self::deserialize(&mut rmp_serde::Deserializer::new(bytes))
            .map_err(|error| StoreError::Unexpected { what: format!("a request in the journal: {error}") })
    }
}

/// A body as text: what is not UTF-8 is replaced, what is too long is cut with a mark that says how long it was.
fn body(bytes: &[u8]) -> Option<Cow<'_, str>> {
    if bytes.is_empty() {
        return None;
    }
    let mut kept = String::from_utf8_lossy(&bytes[..bytes.len().min(MAX_BODY_BYTES)]);
    // a NUL inside text is legal in JSON's bytes but not in every reader of the file
    if kept.contains('\0') {
        kept = Cow::Owned(kept.replace('\0', "\u{fffd}"));
    }
    if bytes.len() > MAX_BODY_BYTES {
        kept = Cow::Owned(format!("{kept}… [cut: {} bytes in all]", bytes.len()));
    }
    Some(kept)
}
