//! SQL queries of the user.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant};

use duckdb::InterruptHandle;
use duckdb::arrow::array::{Array, ArrayRef, AsArray};
use duckdb::arrow::datatypes::{
    DataType, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type, TimeUnit, TimestampMicrosecondType,
    UInt8Type, UInt16Type, UInt32Type, UInt64Type,
};
use duckdb::arrow::util::display::{ArrayFormatter, FormatOptions};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::rows::{JsonColumn, query_row};
use super::{DatabaseMessage, Store, StoreError};

/// The bounds of a query.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct QueryLimits {
    /// Most rows of the answer.
    pub rows: usize,
    /// Longest time it may take, in seconds.
    pub seconds: u64,
    /// The process that asks: when it has gone, the query is stopped. `None` if that does not matter.
    pub asker: Option<u32>,
}

/// The result of a query.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Table {
    /// Names of the columns.
    pub columns: Vec<String>,
    /// Rows, each with one value for each column: numbers, booleans and text; types that JSON does not have are text.
    pub rows: Vec<Vec<Value>>,
    /// Whether there are more rows than the limit.
    pub is_cut: bool,
}

impl Store {
    /// Runs `sql` and returns its rows. It runs in a transaction that cannot write, whatever the connection may do: a statement
    /// that deletes rows can be a part of a query.
    ///
    /// # Errors
    /// If DuckDB refuses the query, in its words, or it takes too long.
    pub fn query(&self, sql: &str, limits: QueryLimits) -> Result<Table, StoreError> {
        self.require_question(sql)?;
        let starting = StoreError::database("start a query");
        self.connection.execute_batch("BEGIN TRANSACTION READ ONLY").map_err(starting)?;
        let answer = self.answer(sql, limits);
        // there is nothing to keep; a transaction that failed has ended already
        let _ = self.connection.execute_batch("ROLLBACK");
        answer
    }

    fn answer(&self, sql: &str, limits: QueryLimits) -> Result<Table, StoreError> {
        let timer = QueryTimer::start(self.connection.interrupt_handle(), limits)?;
        let failed = |error: duckdb::Error| {
            let message = if timer.has_fired() {
                // if the asker has gone, nobody reads this
                format!("it took longer than {} s: ask for less, or give it more time with --timeout", limits.seconds)
            } else {
                match DatabaseMessage::from(error).to_string() {
                    told if told.contains("read-only mode") => NOT_A_QUESTION.to_owned(),
                    told => told,
                }
            };
            StoreError::Query { message }
        };
        let mut statement = self.connection.prepare(sql).map_err(failed)?;
        let batches = statement.stream_arrow([]).map_err(failed)?;
        let columns = batches.get_schema().fields().iter().map(|field| field.name().clone()).collect();
        let mut rows = Vec::new();
        for batch in batches {
            let batch = batch.map_err(failed)?;
            for row in 0..batch.num_rows() {
                if rows.len() == limits.rows {
                    return Ok(Table { columns, rows, is_cut: true });
                }
                let values = batch.columns().iter().map(|column| value_at(column, row)).collect::<Result<_, _>>()?;
                rows.push(values);
            }
        }
        Ok(Table { columns, rows, is_cut: false })
    }

    /// Refuses everything but one query. A read-only connection is not enough: `COPY … TO` writes files, and DuckDB may write
    /// to the database's own file.
    fn require_question(&self, sql: &str) -> Result<(), StoreError> {
        let parser = include_str!("../../sql/queries/schema/serialize_query.sql");
        let parsed: Value = query_row(&self.connection, "parse the query", parser, [sql], |row| {
            Ok(row.get::<_, JsonColumn<_>>("syntax_tree")?.0)
        })?;
        let message = match (parsed["error"].as_bool(), parsed["statements"].as_array().map_or(0, Vec::len)) {
            (Some(true), _) => match parsed["error_message"].as_str().unwrap_or_default() {
                told if told.starts_with("Only SELECT") => NOT_A_QUESTION.to_owned(),
                told => told.to_owned(),
            },
            (_, 0) => "it is empty".to_owned(),
            (_, 1) => return Ok(()),
            (_, many) => format!("it has {many} statements: ask one at a time"),
        };
        Err(StoreError::Query { message })
    }
}

/// Longest time of a query: a year.
const MOST_SECONDS: u64 = 365 * 24 * 60 * 60;
/// Pause between two looks whether the asker is still there.
const LOOK_INTERVAL: Duration = Duration::from_millis(250);

/// Stops a query when its time is over or its asker has gone; dropped before, it does nothing.
struct QueryTimer {
    /// The thread ends when this is dropped.
    _cancel: Sender<()>,
    has_fired: Arc<AtomicBool>,
}

impl QueryTimer {
    fn start(query: Arc<InterruptHandle>, limits: QueryLimits) -> Result<Self, StoreError> {
        // a process that cannot be seen, such as one of another container, is not looked for
        let asker = limits.asker.filter(|asker| is_process(*asker));
        let has_gone = move || asker.is_some_and(|asker| !is_process(asker));
        let end = Instant::now() + Duration::from_secs(limits.seconds.min(MOST_SECONDS));
        let (cancel, cancelled) = channel();
        let has_fired = Arc::new(AtomicBool::new(false));
        let fired = has_fired.clone();
        std::thread::Builder::new()
            .name("query-timer".to_owned())
            .spawn(move || {
                loop {
                    let pause = end.saturating_duration_since(Instant::now()).min(LOOK_INTERVAL);
                    if cancelled.recv_timeout(pause) != Err(RecvTimeoutError::Timeout) {
                        return;
                    }
                    if Instant::now() >= end || has_gone() {
                        fired.store(true, Ordering::Release);
                        query.interrupt();
                        return;
                    }
                }
            })
            .map_err(|source| StoreError::Thread { source })?;
        Ok(Self { _cancel: cancel, has_fired })
    }

    fn has_fired(&self) -> bool {
        self.has_fired.load(Ordering::Acquire)
    }
}

/// Whether there is a process of this number that can be seen.
fn is_process(id: u32) -> bool {
    #[cfg(unix)]
    {
        use rustix::process::{Pid, test_kill_process};

        let id = i32::try_from(id).ok().and_then(Pid::from_raw);
        id.is_some_and(|id| test_kill_process(id) != Err(rustix::io::Errno::SRCH))
    }
    #[cfg(not(unix))]
    {
        let _ = id;
        false
    }
}

/// The answer to a user who wants to change something.
const NOT_A_QUESTION: &str = "this only reads the file, by SELECT, FROM, WITH, VALUES, SHOW, DESCRIBE and SUMMARIZE; \
                              `diamonds ingest` and `diamonds retrain` change it";

fn value_at(column: &ArrayRef, row: usize) -> Result<Value, StoreError> {
    if column.is_null(row) {
        return Ok(Value::Null);
    }
    let formatted = || {
        ArrayFormatter::try_new(column, &FormatOptions::default())
            .map(|formatter| formatter.value(row).to_string())
            .map_err(|error| StoreError::Query { message: error.to_string() })
    };
    Ok(match column.data_type() {
        DataType::Null => Value::Null,
        DataType::Boolean => column.as_boolean().value(row).into(),
        DataType::Int8 => column.as_primitive::<Int8Type>().value(row).into(),
        DataType::Int16 => column.as_primitive::<Int16Type>().value(row).into(),
        DataType::Int32 => column.as_primitive::<Int32Type>().value(row).into(),
        DataType::Int64 => column.as_primitive::<Int64Type>().value(row).into(),
        DataType::UInt8 => column.as_primitive::<UInt8Type>().value(row).into(),
        DataType::UInt16 => column.as_primitive::<UInt16Type>().value(row).into(),
        DataType::UInt32 => column.as_primitive::<UInt32Type>().value(row).into(),
        DataType::UInt64 => column.as_primitive::<UInt64Type>().value(row).into(),
        DataType::Float32 => number(column.as_primitive::<Float32Type>().value(row).into()),
        DataType::Float64 => number(column.as_primitive::<Float64Type>().value(row)),
        // times with a zone are in UTC here; the formatter has no zones
        DataType::Timestamp(TimeUnit::Microsecond, Some(_)) => {
            let micros = column.as_primitive::<TimestampMicrosecondType>().value(row);
            jiff::Timestamp::from_microsecond(micros).map_or(Value::Null, |time| time.to_string().into())
        }
        // sums of integers have the type decimal with 38 digits
        DataType::Decimal128(..) => {
            let text = formatted()?;
            serde_json::from_str(&text).unwrap_or(Value::String(text))
        }
        _ => Value::String(formatted()?),
    })
}

/// JSON has no infinity and no NaN: they become text.
fn number(value: f64) -> Value {
    if value.is_finite() { value.into() } else { value.to_string().into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: QueryLimits = QueryLimits { rows: 3, seconds: 60, asker: None };
    const ENDLESS: &str = "SELECT count(*) FROM range(1000000000) AS a, range(1000000000) AS b WHERE a.range = b.range + 1 OR a.range < 0";

    fn store() -> (tempfile::TempDir, Store) {
        let folder = tempfile::tempdir().expect("a folder");
        let store = Store::open(&folder.path().join("a.duckdb")).expect("a store");
        (folder, store)
    }

    #[test]
    fn a_query_changes_nothing_also_on_a_connection_that_may_write() {
        let (_folder, store) = store();
        let count = || store.query("SELECT count(*) FROM setting", LIMITS).expect("rows").rows[0][0].clone();
        let before = count();
        for sql in [
            "WITH gone AS (DELETE FROM setting RETURNING *) SELECT * FROM gone",
            "WITH more AS (INSERT INTO setting VALUES ('a', 'b') RETURNING *) SELECT * FROM more",
            "DELETE FROM setting RETURNING *",
            "SELECT 1; DELETE FROM setting",
            "COMMIT",
            "SET memory_limit = '10GB'",
            "COPY setting TO 'out.csv'",
            "ATTACH 'other.duckdb'",
            "SELECT * FROM read_text('/etc/hostname')",
            "SELECT * FROM read_csv('/etc/passwd')",
        ] {
            let refused = store.query(sql, LIMITS);
            assert!(matches!(refused, Err(StoreError::Query { .. })), "{sql}: {refused:?}");
            assert_eq!(count(), before, "{sql}");
        }
        // and the connection can write again
        store.connection.execute_batch("UPDATE setting SET value = value").expect("a change");
    }

    #[test]
    fn a_query_has_a_limit_of_rows_and_of_time() {
        let (_folder, store) = store();
        let cut = store.query("SELECT * FROM range(10)", LIMITS).expect("rows");
        assert_eq!((cut.rows.len(), cut.is_cut), (3, true));
        let whole = store.query("SELECT * FROM range(3)", LIMITS).expect("rows");
        assert_eq!((whole.rows.len(), whole.is_cut), (3, false));
        let error = store.query(ENDLESS, QueryLimits { seconds: 1, ..LIMITS }).expect_err("it is stopped").to_string();
        assert!(error.contains("longer than 1 s") && error.contains("--timeout"), "{error}");
        assert_eq!(store.query("SELECT 1", LIMITS).expect("it goes on").rows, [[Value::from(1)]]);
    }

    #[cfg(unix)]
    #[test]
    fn a_query_is_stopped_when_its_asker_has_gone() {
        let (_folder, store) = store();
        let mut asker = std::process::Command::new("sleep").arg("1").spawn().expect("a process");
        let limits = QueryLimits { seconds: 600, asker: Some(asker.id()), ..LIMITS };
        let waiting = std::thread::spawn(move || asker.wait());
        store.query(ENDLESS, limits).expect_err("it is stopped");
        waiting.join().expect("no panic").expect("it ended");
        let limits = QueryLimits { asker: Some(std::process::id()), ..LIMITS };
        assert!(store.query("SELECT 1", limits).is_ok());
    }
}
