//! The shop: what stands on its quotes.

use std::ops::RangeInclusive;

use data_encoding::HEXLOWER;
use duckdb::{Row, params};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::audit::record_event;
use super::rows::{execute, query_optional_row, sql_time};
use super::{Store, StoreError};
use crate::diamond::number;
use crate::words::say;

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

/// Longest name, in characters, and longest address.
const LONGEST_NAME: usize = 100;
const LONGEST_ADDRESS: usize = 500;
/// Least and greatest number of currency units for a dollar.
const RATES: RangeInclusive<f64> = 1e-4..=1e6;
/// For how many days a quote may be good.
const VALID_DAYS: RangeInclusive<i64> = 1..=3650;
/// Largest picture, in bytes.
const LARGEST_LOGO: usize = 200_000;
/// Bytes of its hash by which a picture is named.
const LOGO_NAME_BYTES: usize = 16;
/// How pictures begin, and their media type.
const PICTURES: [(&[u8], &str); 3] =
    [(b"\x89PNG\r\n\x1a\n", "image/png"), (b"\xff\xd8\xff", "image/jpeg"), (b"RIFF", "image/webp")];

/// What people tell of a shop, checked. An error is the second half of a sentence.
impl Shop {
    /// Its name.
    ///
    /// # Errors
    /// If it is longer than a line.
    pub fn read_name(text: &str) -> Result<String, String> {
        let text = text.trim();
        if text.chars().count() > LONGEST_NAME || text.contains(char::is_control) {
            return Err(say!("must be one line of at most {} characters", LONGEST_NAME));
        }
        Ok(text.to_owned())
    }

    /// Its address, in lines.
    ///
    /// # Errors
    /// If it is longer than any.
    pub fn read_address(text: &str) -> Result<String, String> {
        let text = text.replace("\r\n", "\n");
        if text.chars().count() > LONGEST_ADDRESS {
            return Err(say!("must be {} characters at most", LONGEST_ADDRESS));
        }
        Ok(text.trim().to_owned())
    }

    /// Its currency, by its three letters.
    ///
    /// # Errors
    /// If it is none.
    pub fn read_currency(text: &str) -> Result<String, String> {
        let is_code = text.len() == 3 && text.bytes().all(|letter| letter.is_ascii_alphabetic());
        if is_code { Ok(text.to_ascii_uppercase()) } else { Err(say!("must be three letters, such as EUR")) }
    }

    /// What one US dollar is worth in its currency.
    ///
    /// # Errors
    /// If it is no number that a rate could be.
    pub fn read_rate(text: &str) -> Result<f64, String> {
        let rate = number::read_alone(text, false).filter(|rate| RATES.contains(rate));
        rate.ok_or_else(|| say!("must be what one US dollar is worth, such as 0.92"))
    }

    /// For how many days a quote is good.
    ///
    /// # Errors
    /// If it is no number of days.
    pub fn read_valid_days(text: &str) -> Result<i64, String> {
        let days = text.trim().parse().ok().filter(|days| VALID_DAYS.contains(days));
        days.ok_or_else(|| say!("must be a number of days from {} to {}", VALID_DAYS.start(), VALID_DAYS.end()))
    }

    /// The zone of the times on quotes; none if it is left empty.
    ///
    /// # Errors
    /// If this machine does not know it.
    pub fn read_time_zone(text: &str) -> Result<String, String> {
        match text.trim() {
            "" => Ok(String::new()),
            zone if TimeZone::get(zone).is_ok() => Ok(zone.to_owned()),
            _ => Err(say!("must be a time zone that this machine knows, such as Europe/Rome")),
        }
    }
}

impl Logo {
    /// The picture in `bytes`.
    ///
    /// # Errors
    /// If it is none that browsers show, or too large for a quote; the second half of a sentence.
    pub fn read(bytes: Vec<u8>) -> Result<Self, String> {
        if bytes.len() > LARGEST_LOGO {
            return Err(say!("has {} kB: a picture of at most 200 kB fits a quote", bytes.len() / 1000));
        }
        let known = PICTURES.iter().find(|(beginning, _)| bytes.starts_with(beginning));
        let (_, media_type) = known.ok_or_else(|| say!("is no PNG, JPEG or WebP picture"))?;
        Ok(Self { media_type: (*media_type).to_owned(), bytes })
    }

    /// Its name: the beginning of the SHA-256 of its bytes, in hexadecimal.
    #[must_use]
    pub fn name(&self) -> String {
        HEXLOWER.encode(&Sha256::digest(&self.bytes)[..LOGO_NAME_BYTES])
    }
}

impl Store {
    /// What stands on quotes that are made now.
    ///
    /// # Errors
    /// If the database fails.
    pub fn shop(&self) -> Result<Shop, StoreError> {
        self.shop_at(Timestamp::MAX)
    }

    /// What stands on a quote that was made at `time`: what the shop was then. A quote from before the shop was set shows what was set
    /// first.
    ///
    /// # Errors
    /// If the database fails.
    pub fn shop_at(&self, time: Timestamp) -> Result<Shop, StoreError> {
        let sql = include_str!("../../sql/queries/shop/read_shop.sql");
        let found = query_optional_row(&self.connection, "read the shop", sql, params![sql_time(time)], read_shop)?;
        Ok(found.unwrap_or_default())
    }

    /// The picture of this [`Logo::name`], also if it stands on earlier quotes only.
    ///
    /// # Errors
    /// If the database fails.
    pub fn logo(&self, name: &str) -> Result<Option<Logo>, StoreError> {
        let sql = include_str!("../../sql/queries/shop/find_logo.sql");
        query_optional_row(&self.connection, "find a picture", sql, params![name], |row| {
            Ok(Logo { bytes: row.get("logo")?, media_type: row.get("logo_type")? })
        })
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

fn read_shop(row: &Row<'_>) -> duckdb::Result<Shop> {
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
}
