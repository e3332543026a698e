//! Deletes old requests from the log, after they were exported if that is wanted.

use std::path::{Path, PathBuf};

use duckdb::{Connection, params};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::audit::record_event;
use super::exporting::{EXPORT_REQUESTS, ExportFormat};
use super::rows::{execute, query_row, query_rows, read_time, sql_time};
use super::{Store, StoreError};
use crate::files::{folder_of, move_file, path_of_day};

const ACTION: &str = "prune the requests";

/// Which requests are deleted, and how.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RequestPruning {
    /// Only those that arrived before this time.
    pub before: Timestamp,
    /// Whether predictions made before that time are deleted too, except for those with an outcome.
    pub with_predictions: bool,
    /// A folder into which they are exported first: Parquet files, one folder for each day.
    pub export_to: Option<PathBuf>,
    /// Whether nothing is deleted, only counted.
    pub dry_run: bool,
}

/// What was deleted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PrunedRequests {
    /// The time before which all were deleted.
    pub before: Timestamp,
    /// Number of requests.
    pub requests: i64,
    /// Number of predictions.
    pub predictions: i64,
    /// Files that were written.
    pub exported: Vec<PathBuf>,
}

/// A table that is pruned.
struct PrunedTable {
    name: &'static str,
    /// The rows of a day, and how many there are: from `$1` on and before `$2`.
    days: &'static str,
    export: &'static str,
    delete: &'static str,
}

const REQUESTS: PrunedTable = PrunedTable {
    name: "requests",
    days: include_str!("../../sql/queries/pruning/list_days_of_requests.sql"),
    export: EXPORT_REQUESTS,
    delete: include_str!("../../sql/queries/pruning/delete_requests.sql"),
};
const PREDICTIONS: PrunedTable = PrunedTable {
    name: "predictions",
    days: include_str!("../../sql/queries/pruning/list_days_of_predictions.sql"),
    export: include_str!("../../sql/queries/pruning/export_predictions.sql"),
    delete: include_str!("../../sql/queries/pruning/delete_predictions.sql"),
};

/// The rows of a day.
struct Day {
    /// The time of the first.
    from: Timestamp,
    /// Where the day ends, or what is pruned.
    until: Timestamp,
    count: i64,
}

impl Store {
    /// Deletes old requests, day by day, the oldest first: each day is exported, if that is wanted, and then deleted in one
    /// transaction. Charts keep their numbers.
    ///
    /// # Errors
    /// If the database fails or the folder cannot be written to; then the days before are deleted, and nothing else.
    pub fn prune_requests(&mut self, pruning: &RequestPruning, now: Timestamp) -> Result<PrunedRequests, StoreError> {
        self.roll_up(now)?;
        // what is newer is not in the charts' sums yet
        let rolled_up_to: i64 = self.setting("rolled_up_to")?;
        let before = pruning.before.min(Timestamp::from_microsecond(rolled_up_to).unwrap_or(pruning.before));
        let mut exported = Vec::new();
        let requests = self.prune(&REQUESTS, before, pruning, &mut exported)?;
        let predictions =
            if pruning.with_predictions { self.prune(&PREDICTIONS, before, pruning, &mut exported)? } else { 0 };
        Ok(PrunedRequests { before, requests, predictions, exported })
    }

    fn prune(
        &mut self,
        table: &PrunedTable,
        before: Timestamp,
        pruning: &RequestPruning,
        exported: &mut Vec<PathBuf>,
    ) -> Result<i64, StoreError> {
        let days = query_rows(&self.connection, ACTION, table.days, params![sql_time(before)], |row| {
            let (from, day_ends) = (read_time(row, "first_at")?, read_time(row, "day_ends_at")?);
            Ok(Day { from, until: day_ends.min(before), count: row.get("row_count")? })
        })?;
        for day in days.iter().filter(|_| !pruning.dry_run) {
            if let Some(folder) = &pruning.export_to {
                exported.push(self.export_day(table, day, folder)?);
            }
            let transaction = self.connection.transaction().map_err(StoreError::database(ACTION))?;
            execute(&transaction, ACTION, table.delete, params![sql_time(day.from), sql_time(day.until)])?;
            note_pruned(&transaction, day.until)?;
            let what = format!("{} {}s before {}", day.count, table.name, day.until);
            record_event(&transaction, &self.actor, "prune", &what)?;
            transaction.commit().map_err(StoreError::database(ACTION))?;
        }
        Ok(days.iter().map(|day| day.count).sum())
    }

    /// Writes the rows of a day into a file in `folder`, and returns its path.
    fn export_day(&self, table: &PrunedTable, day: &Day, folder: &Path) -> Result<PathBuf, StoreError> {
        let part = self.work_folder().join(format!("{}.parquet", table.name));
        self.export_period(table.export, &part, [Some(day.from), Some(day.until)], ExportFormat::Parquet)?;
        // a day that is pruned in two parts has two files
        let to = path_of_day(folder, table.name, day.from);
        let folder = folder_of(&to);
        std::fs::create_dir_all(folder)
            .and_then(|()| move_file(&part, &to))
            .map_err(|source| StoreError::Folder { path: folder.to_owned(), source })?;
        Ok(to)
    }

    /// How many bytes of the file are in use.
    ///
    /// # Errors
    /// If the database fails.
    pub fn used_bytes(&self) -> Result<u64, StoreError> {
        let sql = include_str!("../../sql/queries/pruning/measure_file.sql");
        let used: i64 = query_row(&self.connection, "measure the file", sql, [], |row| row.get("used_bytes"))?;
        Ok(u64::try_from(used).unwrap_or_default())
    }

    /// Deletes the oldest requests until no more than `most` bytes of the file are in use, or none is left. Returns how many were
    /// deleted.
    ///
    /// # Errors
    /// As [`Store::prune_requests`].
    pub fn prune_to_size(&mut self, most: u64, now: Timestamp) -> Result<i64, StoreError> {
        /// The part of the log's age that is deleted at a time.
        const SLICE: i32 = 20;
        let mut deleted = 0;
        loop {
            // only then is the space of deleted rows free
            self.checkpoint()?;
            if self.used_bytes()? <= most {
                return Ok(deleted);
            }
            let sql = include_str!("../../sql/queries/pruning/find_oldest_request.sql");
            let oldest = query_row(&self.connection, ACTION, sql, [], |row| row.get::<_, Option<i64>>("oldest_us"))?;
            let Some(oldest) = oldest.and_then(|micros| Timestamp::from_microsecond(micros).ok()) else {
                tracing::warn!("the file is larger than --max-size, and there are no more requests to prune");
                return Ok(deleted);
            };
            let slice = (now.duration_since(oldest) / SLICE).max(SignedDuration::from_mins(1));
            let before = oldest + slice;
            let pruning = RequestPruning { before, with_predictions: false, export_to: None, dry_run: false };
            match self.prune_requests(&pruning, now)?.requests {
                // what is left is too new to be in the charts' sums
                0 => return Ok(deleted),
                more => deleted += more,
            }
        }
    }
}

/// Notes that everything before `until` was pruned.
fn note_pruned(connection: &Connection, until: Timestamp) -> Result<(), StoreError> {
    let sql = include_str!("../../sql/queries/pruning/note_pruned.sql");
    execute(connection, ACTION, sql, params![until.as_microsecond().to_string()]).map(drop)
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use uuid::Uuid;

    use super::super::requests::{ImportedUpTo, NewRequest, RequestFilter};
    use super::*;

    #[test]
    fn old_requests_are_exported_by_day_and_deleted_and_charts_keep_their_numbers() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut store = Store::open(&folder.path().join("a.duckdb")).expect("a store");
        let now: Timestamp = "2026-03-10T12:00:00Z".parse().expect("a time");
        let requests: Vec<NewRequest<'static>> = (0..500)
            .map(|number| NewRequest {
                id: Uuid::now_v7(),
                time: now - SignedDuration::from_mins(10 * number),
                method: "GET".to_owned(),
                path: "/health".to_owned(),
                query: None,
                status: 200,
                latency_us: 50,
                model_id: None,
                client: None,
                request_body: Cow::Borrowed(b""),
                response_body: Cow::Owned(vec![b'x'; 1_000]),
                predictions: Cow::Borrowed(&[]),
                key_name: None,
            })
            .collect();
        store.insert_requests(&requests, ImportedUpTo { number: 1, position: None }).expect("stored");
        let since = now - SignedDuration::from_hours(100);
        let counted = |store: &Store| {
            store.traffic(&RequestFilter::default(), since, now, 3_600_000_000).expect("traffic").all.requests
        };
        let before = counted(&store);
        let export_to = folder.path().join("old");
        let mut pruning = RequestPruning {
            before: now - SignedDuration::from_hours(30),
            with_predictions: true,
            export_to: Some(export_to.clone()),
            dry_run: true,
        };
        let planned = store.prune_requests(&pruning, now).expect("counted");
        assert_eq!(
            (planned.requests, planned.exported.len(), store.count_requests(now).expect("a count").all),
            (319, 0, 500)
        );
        pruning.dry_run = false;
        let pruned = store.prune_requests(&pruning, now).expect("pruned");
        assert_eq!((pruned.requests, store.count_requests(now).expect("a count").all), (319, 181));
        assert_eq!(pruned.exported.len(), 3, "one file a day: {:?}", pruned.exported);
        assert!(pruned.exported[0].starts_with(export_to.join("day=2026-03-07")), "{:?}", pruned.exported);
        let rows: i64 = Connection::open_in_memory()
            .expect("a database")
            .query_row(
                &format!("SELECT count(*) FROM read_parquet('{}/*/requests-*.parquet')", export_to.display()),
                [],
                |row| row.get(0),
            )
            .expect("Parquet files");
        assert_eq!(rows, 319);
        assert_eq!(counted(&store), before);
        assert_eq!(store.prune_requests(&pruning, now).expect("nothing left").requests, 0);
        store.prune_to_size(0, now).expect("pruned");
        assert!(store.count_requests(now).expect("a count").all <= 1, "only what is too new stays");
        assert_eq!(counted(&store), before);
    }
}
