//! Sums of the log by minute, and later by hour, from which charts of millions of requests are drawn.

use duckdb::types::Value;
use duckdb::{Connection, params};
use jiff::{SignedDuration, Timestamp};

use super::rows::{execute, sql_time};
use super::{Store, StoreError};

/// Requests are added up when they are so old: an answer may take half a minute, and is logged at its end.
const ROLLED_UP_AFTER: SignedDuration = SignedDuration::from_secs(60);
/// Minutes are added up to hours when they are so old.
const BY_HOUR_AFTER: SignedDuration = SignedDuration::from_hours(48);
pub(super) const MINUTE_US: i64 = 60_000_000;
pub(super) const HOUR_US: i64 = 3_600_000_000;

/// How far the log is added up: times in microseconds since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct RolledUpTo {
    minutes: i64,
    hours: i64,
    /// The time before which requests were pruned.
    pruned: i64,
}

impl Store {
    /// How far the log is added up.
    pub(super) fn rolled_up_to(&self) -> Result<RolledUpTo, StoreError> {
        Ok(RolledUpTo {
            minutes: self.setting("rolled_up_to")?,
            hours: self.setting("rolled_up_by_hour_to")?,
            pruned: self.setting("requests_pruned_to")?,
        })
    }

    /// Adds the requests up that arrived long enough before `now`, and minutes of two days ago to hours.
    ///
    /// # Errors
    /// If the database fails; then nothing is changed.
    pub fn roll_up(&mut self, now: Timestamp) -> Result<(), StoreError> {
        const ACTION: &str = "add the requests up";
        let border = |age: SignedDuration, length: i64| (now - age).as_microsecond() / length * length;
        let (minutes_to, hours_to) = (border(ROLLED_UP_AFTER, MINUTE_US), border(BY_HOUR_AFTER, HOUR_US));
        let RolledUpTo { minutes: done, hours: done_by_hour, .. } = self.rolled_up_to()?;
        if minutes_to <= done {
            return Ok(());
        }
        let _memory = (minutes_to - done > HOUR_US).then(|| self.large_operation()).transpose()?;
        let transaction = self.connection.transaction().map_err(StoreError::database(ACTION))?;
        let roll_up = |from: i64, until: i64, length_us: i64| {
            let sql = include_str!("../../sql/queries/traffic/roll_up_requests.sql");
            let parameters = params![time_at(from), time_at(until), length_us / 1_000_000];
            if from < until { execute(&transaction, ACTION, sql, parameters).map(drop) } else { Ok(()) }
        };
        // what is old already is added up by the hour at once
        roll_up(done, hours_to, HOUR_US)?;
        roll_up(done.max(hours_to), minutes_to, MINUTE_US)?;
        if done_by_hour < hours_to {
            let hours = params![time_at(done_by_hour), time_at(hours_to)];
            execute(&transaction, ACTION, include_str!("../../sql/queries/traffic/merge_rollups.sql"), hours)?;
            execute(&transaction, ACTION, include_str!("../../sql/queries/traffic/delete_minutes.sql"), hours)?;
        }
        let sql = include_str!("../../sql/queries/schema/update_setting.sql");
        execute(&transaction, ACTION, sql, params!["rolled_up_to", minutes_to.to_string()])?;
        execute(&transaction, ACTION, sql, params!["rolled_up_by_hour_to", hours_to.max(done_by_hour).to_string()])?;
        transaction.commit().map_err(StoreError::database(ACTION))
    }
}

/// Takes rollups back from the hour of `earliest` on, within the current transaction: a request that arrived then is stored only
/// now. They are computed again with the next rollup; what was pruned stays as it is.
pub(super) fn forget_rollups(
    connection: &Connection,
    earliest: Timestamp,
    rolled_up_to: RolledUpTo,
) -> Result<(), StoreError> {
    const ACTION: &str = "write the request log";
    let from = earliest.as_microsecond() / HOUR_US * HOUR_US;
    if earliest.as_microsecond() >= rolled_up_to.minutes || from < rolled_up_to.pruned {
        return Ok(());
    }
    let sql = include_str!("../../sql/queries/traffic/delete_rollups.sql");
    execute(connection, ACTION, sql, params![time_at(from)])?;
    let sql = include_str!("../../sql/queries/schema/update_setting.sql");
    execute(connection, ACTION, sql, params!["rolled_up_to", from.to_string()])?;
    execute(connection, ACTION, sql, params!["rolled_up_by_hour_to", rolled_up_to.hours.min(from).to_string()])?;
    Ok(())
}

/// A time of microseconds since 1970; one beyond the range of times is its end.
pub(super) fn time_at(micros: i64) -> Value {
    sql_time(Timestamp::from_microsecond(micros).unwrap_or(Timestamp::MAX))
}
