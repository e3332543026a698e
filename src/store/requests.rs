//! The log of requests.

use std::borrow::Cow;

use duckdb::{Appender, OptionalExt, Row, params};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::rows::{micros_of, time_at};
use super::{Store, StoreError};

/// Bytes of a body that are kept; longer ones are cut, with a mark. A thousand prices fit.
const MAX_BODY_BYTES: usize = 1024 * 1024;

/// A request that was answered and is to be logged.
#[derive(Debug, Clone, PartialEq)]
pub struct NewRequest {
    /// UUID version 7.
    pub id: Uuid,
    /// When it arrived.
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
    pub request_body: Vec<u8>,
    /// As sent.
    pub response_body: Vec<u8>,
}

/// A request in the log.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LoggedRequest {
    /// UUID version 7: the order of ids is the order of arrival.
    pub id: Uuid,
    /// When it arrived.
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

/// Which requests of the log to list.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct RequestFilter {
    /// How many at most.
    pub limit: u32,
    /// Only those with this status.
    pub status: Option<u16>,
    /// Only those to this path.
    pub path: Option<String>,
    /// Only those that arrived at or after this time.
    pub since: Option<Timestamp>,
}

impl Store {
    /// The way to add requests to the log.
    ///
    /// # Errors
    /// If the engine fails.
    pub fn request_writer(&self) -> Result<RequestWriter<'_>, StoreError> {
        let appender =
            self.connection.appender("request_journal").map_err(StoreError::engine("open the request log"))?;
        Ok(RequestWriter { appender })
    }

    /// Moves the oldest requests, `most` of them at most, from the journal to the archive, where each thing has its own
    /// column. Says whether the journal is empty then. Nothing is lost or told twice if it is interrupted.
    ///
    /// # Errors
    /// If the engine fails; then all is as before.
    pub fn archive_requests(&mut self, most: u32) -> Result<bool, StoreError> {
        let archiving = || StoreError::engine("archive the request log");
        let transaction = self.connection.transaction().map_err(archiving())?;
        let end: Option<i64> = transaction
            .query_row(include_str!("../../sql/queries/find_journal_end.sql"), params![most], |row| row.get(0))
            .map_err(archiving())?;
        let Some(end) = end else { return Ok(true) };
        let archived = transaction
            .execute(include_str!("../../sql/queries/archive_requests.sql"), params![end])
            .map_err(archiving())?;
        transaction.execute(include_str!("../../sql/queries/delete_journal.sql"), params![end]).map_err(archiving())?;
        transaction.commit().map_err(archiving())?;
        Ok(archived < most as usize)
    }

    /// The requests that `filter` lets through, newest first, without their bodies.
    ///
    /// # Errors
    /// If the engine fails.
    pub fn requests(&self, filter: &RequestFilter) -> Result<Vec<LoggedRequest>, StoreError> {
        let listing = || StoreError::engine("list the requests");
        let mut statement =
            self.connection.prepare(include_str!("../../sql/queries/list_requests.sql")).map_err(listing())?;
        let rows = statement
            .query_map(params![filter.limit, filter.status, filter.path, filter.since.map(micros_of),], read_request)
            .map_err(listing())?;
        rows.collect::<Result<_, _>>().map_err(listing())
    }

    /// One request with its bodies.
    ///
    /// # Errors
    /// If there is none of that id.
    pub fn request(&self, id: Uuid) -> Result<LoggedRequest, StoreError> {
        self.connection
            .query_row(include_str!("../../sql/queries/read_request.sql"), params![id.to_string()], |row| {
                Ok(LoggedRequest { request_body: row.get(9)?, response_body: row.get(10)?, ..read_request(row)? })
            })
            .optional()
            .map_err(StoreError::engine("read a request"))?
            .ok_or_else(|| StoreError::NotFound { what: "request", id: id.to_string(), list: "requests list" })
    }

    /// The document that prediction `id` was answered with, if there was such a prediction.
    ///
    /// # Errors
    /// If the engine fails.
    pub fn prediction(&self, id: Uuid) -> Result<Option<serde_json::Value>, StoreError> {
        let response: Option<String> = self
            .connection
            .query_row(include_str!("../../sql/queries/find_prediction.sql"), params![id.to_string()], |row| row.get(0))
            .optional()
            .map_err(StoreError::engine("look a prediction up"))?;
        let Some(response) = response else { return Ok(None) };
        let wanted = id.to_string();
        let is_wanted = |document: &serde_json::Value| document["id"] == wanted.as_str();
        Ok(match super::rows::json_of(&response, "the response of a prediction")? {
            serde_json::Value::Array(documents) => documents.into_iter().find(is_wanted),
            document => Some(document).filter(is_wanted),
        })
    }
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

/// Adds requests to the log, group by group.
pub struct RequestWriter<'a> {
    appender: Appender<'a>,
}

impl RequestWriter<'_> {
    /// Adds `entries` in one transaction. When this returns they are on the disk.
    ///
    /// # Errors
    /// If the engine fails; then none of them is in the log, and a new writer is needed.
    pub fn write(&mut self, entries: &[JournalEntry]) -> Result<(), StoreError> {
        let writing = || StoreError::engine("write the request log");
        for entry in entries {
            self.appender.append_row(params![entry.0]).map_err(writing())?;
        }
        self.appender.flush().map_err(writing())
    }
}

/// A request ready to be written: the work of preparing it is not the writer's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JournalEntry(String);

impl NewRequest {
    /// The request as the journal takes it, bodies cut where they are very long.
    ///
    /// # Errors
    /// If it cannot be written as JSON.
    pub fn to_entry(&self) -> Result<JournalEntry, StoreError> {
        serde_json::to_string(&Entry::of(self))
            .map(JournalEntry)
            .map_err(|error| StoreError::Unexpected { what: format!("a request: {error}") })
    }
}

/// A request as the journal has it; the names are those of the archive's columns.
#[derive(Serialize)]
struct Entry<'a> {
    id: Uuid,
    received_at: i64,
    method: &'a str,
    path: &'a str,
    query: Option<&'a str>,
    status: u16,
    latency_us: i64,
    model_id: Option<i64>,
    client: Option<&'a str>,
    request_body: Option<Cow<'a, str>>,
    response_body: Option<Cow<'a, str>>,
}

impl<'a> Entry<'a> {
    fn of(request: &'a NewRequest) -> Self {
        Self {
            id: request.id,
            received_at: micros_of(request.time),
            method: &request.method,
            path: &request.path,
            query: request.query.as_deref(),
            status: request.status,
            latency_us: request.latency_us,
            model_id: request.model_id,
            client: request.client.as_deref(),
            request_body: body(&request.request_body),
            response_body: body(&request.response_body),
        }
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
