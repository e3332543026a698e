//! How much memory DuckDB may use: little while a process serves, more for as long as a large operation runs.
//!
//! Serving needs hardly any: prices come from memory of their own. A small bound protects that; an operation that handles the
//! whole file would fail within it, or be slow. So such an operation asks for the large bound, and what does not fit there
//! either is written to the work folder.

use std::sync::{Mutex, MutexGuard, PoisonError};

use duckdb::Connection;

use super::{Store, StoreError};
use crate::system;

/// Bound while a process serves, in bytes.
const SERVING_BYTES: u64 = 128_000_000;
/// Least bound of a large operation, in bytes.
const LEAST_LARGE_BYTES: u64 = 256_000_000;
/// Greatest bound of a large operation, in bytes: more does not make it faster.
const MOST_LARGE_BYTES: u64 = 500_000_000;
/// Share of the memory that this process can have: the divisor.
const SHARE_OF_MEMORY: u64 = 4;

/// What a process does with the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    /// Runs one command.
    Command,
    /// Serves, for as long as it lives.
    Serving,
}

/// The bounds on the memory of one open database.
pub(super) struct MemoryBounds {
    purpose: Purpose,
    large_bytes: u64,
    /// Large operations that are running.
    running: Mutex<usize>,
}

impl MemoryBounds {
    pub fn new(purpose: Purpose) -> Self {
        let share = system::available_memory_bytes().map_or(MOST_LARGE_BYTES, |bytes| bytes / SHARE_OF_MEMORY);
        Self { purpose, large_bytes: share.clamp(LEAST_LARGE_BYTES, MOST_LARGE_BYTES), running: Mutex::new(0) }
    }

    /// The bound of a process that runs no large operation, as DuckDB writes it.
    pub fn at_rest(&self) -> String {
        match self.purpose {
            Purpose::Command => setting(self.large_bytes),
            Purpose::Serving => setting(SERVING_BYTES),
        }
    }

    fn running(&self) -> MutexGuard<'_, usize> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn setting(bytes: u64) -> String {
    format!("{bytes}B")
}

/// While it lives, the database has the large bound.
pub struct LargeOperation {
    store: Store,
}

impl LargeOperation {
    pub(super) fn begin(store: Store) -> Result<Self, StoreError> {
        let bounds = &store.memory;
        let mut running = bounds.running();
        if *running == 0 && bounds.purpose == Purpose::Serving {
            set(&store.connection, &setting(bounds.large_bytes))
                .map_err(StoreError::database("give the operation memory"))?;
        }
        *running += 1;
        drop(running);
        Ok(Self { store })
    }
}

impl Drop for LargeOperation {
    fn drop(&mut self) {
        let bounds = &self.store.memory;
        let mut running = bounds.running();
        *running -= 1;
        if *running > 0 || bounds.purpose != Purpose::Serving {
            return;
        }
        if let Err(error) = set(&self.store.connection, &bounds.at_rest()) {
            // other statements hold more at this moment: the next large operation tries again when it ends
            tracing::debug!("the database keeps its memory for now: {error}");
        }
        drop(running);
        system::release_memory();
    }
}

fn set(connection: &Connection, bound: &str) -> duckdb::Result<()> {
    connection.execute_batch(&format!("SET memory_limit = '{bound}'"))
}

#[cfg(test)]
mod tests {
    use super::super::Store;
    use super::super::rows::query_row;

    #[test]
    fn the_bound_is_large_while_a_large_operation_runs_and_small_before_and_after() {
        let folder = tempfile::tempdir().expect("a folder");
        let store = Store::open_to_serve(&folder.path().join("a.duckdb")).expect("a store");
        let bound = || -> String {
            query_row(&store.connection, "ask", "SELECT current_setting('memory_limit') AS bound", [], |row| {
                row.get("bound")
            })
            .expect("a setting")
        };
        let small = bound();
        let first = store.large_operation().expect("memory");
        let large = bound();
        assert_ne!(small, large);
        let second = store.large_operation().expect("memory");
        drop(first);
        assert_eq!(bound(), large, "the second one still runs");
        drop(second);
        assert_eq!(bound(), small);
    }
}
