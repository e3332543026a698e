//! By how much people correct the prices of a model, because prices have moved since its training.

use duckdb::params;
use jiff::Timestamp;

use crate::store::audit::record_event;
use crate::store::rows::{execute, query_optional_row, sql_time};
use crate::store::{Store, StoreError};

impl Store {
    /// Sets by what share the prices of model `id` are higher from now on; 0 ends a correction.
    ///
    /// # Errors
    /// If there is no such model, or it was pruned.
    pub fn correct_model(&mut self, id: i64, share: f64) -> Result<(), StoreError> {
        const ACTION: &str = "correct a model";
        self.require_artifact(id)?;
        let transaction = self.connection.transaction().map_err(StoreError::database(ACTION))?;
        let sql = include_str!("../../../sql/queries/level_correction/insert_level_correction.sql");
        execute(&transaction, ACTION, sql, params![id, sql_time(Timestamp::now()), share])?;
        record_event(&transaction, &self.actor, "correct", &format!("model {id} by {:+.1} %", share * 100.0))?;
        transaction.commit().map_err(StoreError::database(ACTION))
    }

    /// By what share the prices of a model are higher than it was trained to say: 0 unless somebody corrected it.
    pub fn level_correction(&self, model: i64) -> Result<f64, StoreError> {
        let sql = include_str!("../../../sql/queries/level_correction/read_level_correction.sql");
        let share =
            query_optional_row(&self.connection, "read a correction", sql, params![model], |row| row.get("share"))?;
        Ok(share.unwrap_or(0.0))
    }
}
