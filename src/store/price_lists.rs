//! Price lists that somebody kept.

use duckdb::params;
use jiff::Timestamp;

use super::audit::record_event;
use super::rows::{query_optional_row, query_row, read_time, sql_time};
use super::{Store, StoreError};
use crate::diamond::{Cut, Grade};

/// A price list that was kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredPriceList {
    /// Its number.
    pub number: i64,
    /// When it was kept.
    pub time: Timestamp,
    /// The list as JSON.
    pub document: String,
}

impl Store {
    /// Keeps a list of `cut`, which is `document` as JSON, and returns its number.
    ///
    /// # Errors
    /// If the database fails; then nothing is kept.
    pub fn keep_price_list(&mut self, cut: Cut, document: &str) -> Result<i64, StoreError> {
        const ACTION: &str = "keep a price list";
        let transaction = self.connection.transaction().map_err(StoreError::database(ACTION))?;
        let sql = include_str!("../../sql/queries/price_list/insert_kept_list.sql");
        let values = params![sql_time(Timestamp::now()), self.actor, cut.name(), document];
        let number: i64 = query_row(&transaction, ACTION, sql, values, |row| row.get("number"))?;
        record_event(&transaction, &self.actor, "keep price list", &format!("{number} of cut {cut}"))?;
        transaction.commit().map_err(StoreError::database(ACTION))?;
        Ok(number)
    }

    /// The list of `cut` that was kept last, if there is one.
    ///
    /// # Errors
    /// If the database fails.
    pub fn last_price_list(&self, cut: Cut) -> Result<Option<StoredPriceList>, StoreError> {
        let sql = include_str!("../../sql/queries/price_list/read_last_list.sql");
        query_optional_row(&self.connection, "read a price list", sql, [cut.name()], |row| {
            Ok(StoredPriceList {
                number: row.get("number")?,
                time: read_time(row, "kept_at")?,
                document: row.get("document")?,
            })
        })
    }
}
