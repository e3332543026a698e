//! The shop: what stands on its quotes.

use duckdb::params;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

use super::audit::record_event;
use super::rows::{execute, query_optional_row, sql_time};
use super::{Store, StoreError};

/// What stands on quotes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Shop {
    /// Its name; empty if none was told.
    pub name: String,
    /// Its address, in lines.
    pub address: String,
    /// The currency of quotes, as ISO 4217 has it.
    pub currency: String,
    /// What one US dollar is worth in it.
    pub per_dollar: f64,
    /// For how many days a quote is good.
    pub valid_days: i64,
    /// The zone of the times on quotes, as the IANA database has it; empty for that of the machine.
    pub time_zone: String,
    /// Its picture.
    pub logo: Option<Logo>,
}

/// A picture.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Logo {
    /// Its bytes.
    #[serde(with = "serde_bytes")]
    pub bytes: Vec<u8>,
    /// Its media type.
    pub media_type: String,
}

impl Default for Shop {
    fn default() -> Self {
        Self {
            name: String::new(),
            address: String::new(),
            currency: "USD".to_owned(),
            per_dollar: 1.0,
            valid_days: 14,
            time_zone: String::new(),
            logo: None,
        }
    }
}

impl Shop {
    /// The zone of the times on quotes.
    #[must_use]
    pub fn zone(&self) -> TimeZone {
        if self.time_zone.is_empty() {
            return TimeZone::system();
        }
        // a file may come from a machine that knows more zones
        TimeZone::get(&self.time_zone).unwrap_or(TimeZone::UTC)
    }
}

impl Store {
    /// What stands on quotes.
    ///
    /// # Errors
    /// If the database fails.
    pub fn shop(&self) -> Result<Shop, StoreError> {
        let sql = include_str!("../../sql/queries/shop/read_shop.sql");
        let found = query_optional_row(&self.connection, "read the shop", sql, [], |row| {
            let logo = (row.get::<_, Option<Vec<u8>>>("logo")?, row.get("logo_type")?);
            Ok(Shop {
                name: row.get("name")?,
                address: row.get("address")?,
                currency: row.get("currency")?,
                per_dollar: row.get("per_dollar")?,
                valid_days: row.get("valid_days")?,
                time_zone: row.get("time_zone")?,
                logo: match logo {
                    (Some(bytes), Some(media_type)) => Some(Logo { bytes, media_type }),
                    _ => None,
                },
            })
        })?;
        Ok(found.unwrap_or_default())
    }

    /// Sets what stands on quotes from now on.
    ///
    /// # Errors
    /// If the database fails.
    pub fn set_shop(&mut self, shop: &Shop) -> Result<(), StoreError> {
        const ACTION: &str = "set the shop";
        let transaction = self.connection.transaction().map_err(StoreError::database(ACTION))?;
        let sql = include_str!("../../sql/queries/shop/insert_shop.sql");
        let Shop { name, address, currency, per_dollar, valid_days, time_zone, logo } = shop;
        let logo_type = logo.as_ref().map(|logo| logo.media_type.as_str());
        let bytes = logo.as_ref().map(|logo| logo.bytes.as_slice());
        let now = sql_time(Timestamp::now());
        let values = params![now, name, address, currency, per_dollar, valid_days, time_zone, bytes, logo_type];
        execute(&transaction, ACTION, sql, values)?;
        record_event(&transaction, &self.actor, "set shop", name)?;
        transaction.commit().map_err(StoreError::database(ACTION))
    }
}
