//! Quotes: prices that were told to somebody, with what belongs to them. A quote never changes.

use duckdb::{Row, params};
use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::audit::record_event;
use super::predictions::append_predictions;
use super::rows::{TextColumn, execute, query_optional_row, query_row, query_rows, read_time, read_uuid, sql_time};
use super::{PredictionRecord, Store, StoreError};
use crate::diamond::write_line;

/// A quote to be made.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NewQuote {
    /// The price, which is stored with it.
    pub prediction: PredictionRecord,
    /// For whom it is, and what belongs to it.
    pub details: QuoteDetails,
    /// The last day on which it is good.
    pub valid_until: Date,
    /// The currency that the customer sees.
    pub currency: String,
    /// What one US dollar is worth in it.
    pub per_dollar: f64,
    /// The nearest stones sold, as JSON.
    pub similar: String,
    /// The earlier quote for the same stone that this one prices again.
    pub reprices: Option<i64>,
}

/// For whom a quote is, and what the shop noted.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct QuoteDetails {
    /// For whom it is.
    pub customer: String,
    /// What the shop noted.
    pub note: String,
    /// The number of the certificate.
    pub certificate: String,
    /// The laboratory that wrote it.
    pub laboratory: String,
}

/// A quote as it is stored.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StoredQuote {
    /// Its number.
    pub number: i64,
    /// The prediction.
    pub prediction: Uuid,
    /// When it was made.
    pub time: Timestamp,
    /// Who made it.
    pub quoted_by: String,
    /// The stone in one line.
    pub stone: String,
    /// The price in US dollars.
    pub price_usd: f64,
    /// Its range, if there was one.
    pub range_usd: Option<[f64; 2]>,
    /// Whether the stone lies inside of what was sold.
    pub reliable: bool,
    /// For whom it is, and what the shop noted.
    #[serde(flatten)]
    pub details: QuoteDetails,
    /// The last day on which it is good.
    pub valid_until: Date,
    /// The currency that the customer sees.
    pub currency: String,
    /// What one US dollar was worth in it.
    pub per_dollar: f64,
    /// The nearest stones that had been sold then, as JSON.
    #[serde(skip)]
    pub similar: String,
    /// The earlier quote that this one prices again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reprices: Option<i64>,
    /// What the stone fetched, in US dollars, if it is recorded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sold_usd: Option<f64>,
    /// The end of the address at which it is shown without a key, if it is shared.
    #[serde(skip)]
    pub token: Option<String>,
}

/// Which quotes to list.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct QuoteFilter {
    /// Most quotes in the list.
    pub limit: u32,
    /// Text that the customer, the note, the certificate or the stone contains, whatever its case.
    pub text: Option<String>,
    /// The number; with a text, those of either.
    pub number: Option<i64>,
    /// Only those made at or after this time.
    pub since: Option<Timestamp>,
    /// Only those made before this time.
    pub until: Option<Timestamp>,
    /// Only those that this key made.
    pub quoted_by: Option<String>,
}

impl Store {
    /// Adds a quote with its prediction, and returns its number.
    ///
    /// # Errors
    /// If the database fails; then neither is stored.
    pub fn add_quote(&mut self, quote: &NewQuote) -> Result<i64, StoreError> {
        const ACTION: &str = "store a quote";
        let transaction = self.connection.transaction().map_err(StoreError::database(ACTION))?;
        let NewQuote { prediction, details, .. } = quote;
        append_predictions(&transaction, std::iter::once(prediction)).map_err(StoreError::database(ACTION))?;
        let values = params![
            prediction.id.to_string(),
            sql_time(prediction.time),
            self.actor,
            write_line(&prediction.stone),
            prediction.price_usd,
            prediction.range_usd.map(|range| range.low),
            prediction.range_usd.map(|range| range.high),
            prediction.reliable.unwrap_or(true),
            details.customer,
            details.note,
            details.certificate,
            details.laboratory,
            quote.valid_until.to_string(),
            quote.currency,
            quote.per_dollar,
            quote.similar,
            quote.reprices,
        ];
        let sql = include_str!("../../sql/queries/quote/insert_quote.sql");
        let number = query_row(&transaction, ACTION, sql, values, |row| row.get("number"))?;
        transaction.commit().map_err(StoreError::database(ACTION))?;
        Ok(number)
    }

    /// The quotes that `filter` lets through, the newest first.
    ///
    /// # Errors
    /// If the database fails.
    pub fn quotes(&self, filter: &QuoteFilter) -> Result<Vec<StoredQuote>, StoreError> {
        let QuoteFilter { limit, text, number, since, until, quoted_by } = filter;
        let sql = include_str!("../../sql/queries/quote/list_quotes.sql");
        let values = params![limit, text, number, since.map(sql_time), until.map(sql_time), quoted_by];
        query_rows(&self.connection, "list the quotes", sql, values, read_quote)
    }

    /// The quote of that number, if there is one.
    ///
    /// # Errors
    /// If the database fails.
    pub fn quote(&self, number: i64) -> Result<Option<StoredQuote>, StoreError> {
        let filter = QuoteFilter { limit: 1, number: Some(number), ..QuoteFilter::default() };
        Ok(self.quotes(&filter)?.pop())
    }

    /// The quote that is shown without a key at the address that ends with `token`, if there is one.
    ///
    /// # Errors
    /// If the database fails.
    pub fn shared_quote(&self, token: &str) -> Result<Option<StoredQuote>, StoreError> {
        let sql = include_str!("../../sql/queries/quote/find_shared_quote.sql");
        query_optional_row(&self.connection, "find a shared quote", sql, params![token], read_quote)
    }

    /// The numbers of the quotes that price the quote `number` again, the oldest first.
    ///
    /// # Errors
    /// If the database fails.
    pub fn repricings(&self, number: i64) -> Result<Vec<i64>, StoreError> {
        let sql = include_str!("../../sql/queries/quote/list_repricings.sql");
        query_rows(&self.connection, "list later quotes", sql, params![number], |row| row.get("number"))
    }

    /// Shares the quote `number` at the address that ends with `token`; without one, it is shared no longer.
    ///
    /// # Errors
    /// If there is no such quote.
    pub fn share_quote(&mut self, number: i64, token: Option<&str>) -> Result<(), StoreError> {
        const ACTION: &str = "share a quote";
        let transaction = self.connection.transaction().map_err(StoreError::database(ACTION))?;
        let sql = include_str!("../../sql/queries/quote/insert_share.sql");
        if execute(&transaction, ACTION, sql, params![number, sql_time(Timestamp::now()), token])? == 0 {
            return Err(StoreError::NotFound { what: "quote", id: number.to_string(), list: "quotes list" });
        }
        let action = if token.is_some() { "share quote" } else { "share quote no longer" };
        record_event(&transaction, &self.actor, action, &number.to_string())?;
        transaction.commit().map_err(StoreError::database(ACTION))
    }
}

fn read_quote(row: &Row<'_>) -> duckdb::Result<StoredQuote> {
    let range = (row.get("low_usd")?, row.get("high_usd")?);
    Ok(StoredQuote {
        number: row.get("number")?,
        prediction: read_uuid(row, "prediction_id")?,
        time: read_time(row, "quoted_at")?,
        quoted_by: row.get("quoted_by")?,
        stone: row.get("stone")?,
        price_usd: row.get("price_usd")?,
        range_usd: match range {
            (Some(low), Some(high)) => Some([low, high]),
            _ => None,
        },
        reliable: row.get("reliable")?,
        details: QuoteDetails {
            customer: row.get("customer")?,
            note: row.get("note")?,
            certificate: row.get("certificate")?,
            laboratory: row.get("laboratory")?,
        },
        valid_until: row.get::<_, TextColumn<Date>>("valid_until")?.0,
        currency: row.get("currency")?,
        per_dollar: row.get("per_dollar")?,
        similar: row.get("similar_sold")?,
        reprices: row.get("reprices")?,
        sold_usd: row.get("sold_usd")?,
        token: row.get("token")?,
    })
}
