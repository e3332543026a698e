//! Who changed what.

use duckdb::{Connection, params};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::rows::{execute, query_rows, read_time, sql_time};
use super::{Store, StoreError};

/// Who acts for commands.
pub const COMMAND_LINE: &str = "command line";

/// A change, and who made it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditEvent {
    /// Number; later events have larger ones.
    pub id: i64,
    /// When.
    pub time: Timestamp,
    /// Who: the name of a key, `command line`, `page` or `server`.
    pub actor: String,
    /// What was done.
    pub action: String,
    /// To what.
    pub subject: String,
}

impl Store {
    /// Who changes the file through this connection from now on; commands, if nobody else is named.
    pub fn act_as(&mut self, actor: &str) {
        actor.clone_into(&mut self.actor);
    }

    /// The last changes, newest first, `limit` at most.
    ///
    /// # Errors
    /// If the database fails.
    pub fn audit_events(&self, limit: u32) -> Result<Vec<AuditEvent>, StoreError> {
        let sql = include_str!("../../sql/queries/access/list_audit_events.sql");
        query_rows(&self.connection, "read who changed what", sql, params![limit], |row| {
            Ok(AuditEvent {
                id: row.get("id")?,
                time: read_time(row, "happened_at")?,
                actor: row.get("actor")?,
                action: row.get("action")?,
                subject: row.get("subject")?,
            })
        })
    }
}

/// Notes a change within its transaction.
pub(super) fn record_event(
    connection: &Connection,
    actor: &str,
    action: &str,
    subject: &str,
) -> Result<(), StoreError> {
    let sql = include_str!("../../sql/queries/access/insert_audit_event.sql");
    let values = params![sql_time(Timestamp::now()), actor, action, subject];
    execute(connection, "note who changed what", sql, values).map(drop)
}
