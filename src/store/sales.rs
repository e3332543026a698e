//! Reads all sales at once, for training and for the index of similar stones.

use duckdb::arrow::array::{Array, DictionaryArray, Float64Array, Int64Array, RecordBatch, UInt8Array};
use duckdb::arrow::datatypes::UInt8Type;
use duckdb::params;
use serde::{Deserialize, Serialize};

use super::rows::{query_row, with_stone_columns};
use super::{Store, StoreError};
use crate::diamond::{FIELDS, Field, FieldValues, Sale, Stone};
use crate::learning::evaluation::HASH_VERSION;

/// A sale and where it came from.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct StoredSale {
    /// The sale.
    pub sale: Sale,
    /// Number of the batch that it was ingested with.
    pub batch: i64,
    /// Its line in the batch's file, from 1.
    pub line: i64,
}

/// The data for a training: the sales at one moment, and the salt of their split.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Dataset {
    /// Every sale, in order of arrival.
    pub sales: Vec<StoredSale>,
    /// Salt of the hash that decides which of them are the holdout.
    pub holdout_salt: String,
}

impl Store {
    /// Every sale in the file and the salt of the holdout.
    ///
    /// # Errors
    /// If the database fails.
    pub fn dataset(&self) -> Result<Dataset, StoreError> {
        let version: u32 = self.setting("holdout_hash")?;
        if version != HASH_VERSION {
            return Err(StoreError::Unexpected {
                what: format!(
                    "its sales are split by version {version} of the hash, this program knows {HASH_VERSION}"
                ),
            });
        }
        Ok(Dataset { sales: self.sales(None)?, holdout_salt: self.setting("holdout_salt")? })
    }

    /// How many sales the file has, or, if `of_model` is given, the dataset of that model.
    pub fn count_sales(&self, of_model: Option<i64>) -> Result<i64, StoreError> {
        let sql = include_str!("../../sql/queries/sale/count_sales.sql");
        query_row(&self.connection, "count the sales", sql, params![of_model], |row| row.get("sale_count"))
    }

    /// How many stored sales the dataset of the newest model did not include, regardless of batches undone since; all
    /// sales if there is no model.
    pub fn count_new_sales(&self) -> Result<i64, StoreError> {
        let sql = include_str!("../../sql/queries/sale/count_new_sales.sql");
        query_row(&self.connection, "count the new sales", sql, [], |row| row.get("sale_count"))
    }

    /// The sales in the dataset of model `id`, in order of arrival.
    pub fn sales_of_model(&self, id: i64) -> Result<Vec<StoredSale>, StoreError> {
        self.sales(Some(id))
    }

    fn sales(&self, model: Option<i64>) -> Result<Vec<StoredSale>, StoreError> {
        let reading = || StoreError::database("read the sales");
        let sql = with_stone_columns(include_str!("../../sql/queries/sale/read_sales.sql"));
        let mut statement = self.connection.prepare(&sql).map_err(reading())?;
        let mut sales = Vec::new();
        for batch in statement.query_arrow(params![model]).map_err(reading())? {
            append_sales(&batch, &mut sales)?;
        }
        Ok(sales)
    }
}

/// The column of a field: its numbers, or the codes of its grades, which are their ranks.
enum FieldColumn<'a> {
    Numbers(&'a Float64Array),
    Ranks(&'a UInt8Array),
}

impl<'a> FieldColumn<'a> {
    fn of(rows: &'a RecordBatch, field: &Field) -> Result<Self, StoreError> {
        if field.is_number() {
            return Ok(Self::Numbers(column(rows, field.column)?));
        }
        let grades: &DictionaryArray<UInt8Type> = column(rows, field.column)?;
        Ok(Self::Ranks(grades.keys()))
    }

    fn value(&self, row: usize) -> Option<f64> {
        match self {
            Self::Numbers(numbers) => numbers.is_valid(row).then(|| numbers.value(row)),
            Self::Ranks(ranks) => ranks.is_valid(row).then(|| ranks.value(row).into()),
        }
    }
}

fn append_sales(rows: &RecordBatch, sales: &mut Vec<StoredSale>) -> Result<(), StoreError> {
    let batch: &Int64Array = column(rows, "batch_id")?;
    let line: &Int64Array = column(rows, "line_number")?;
    let price: &Float64Array = column(rows, "price_usd")?;
    let fields: Vec<FieldColumn<'_>> =
        FIELDS.iter().map(|field| FieldColumn::of(rows, field)).collect::<Result<_, _>>()?;
    sales.reserve(rows.num_rows());
    for row in 0..rows.num_rows() {
        let values: FieldValues = std::array::from_fn(|place| fields[place].value(row));
        let stone = Stone::from_values(&values).ok_or_else(|| StoreError::Unexpected {
            what: format!("line {} of batch {} is no whole stone", line.value(row), batch.value(row)),
        })?;
        let sale = Sale { stone, price_usd: price.value(row) };
        sales.push(StoredSale { sale, batch: batch.value(row), line: line.value(row) });
    }
    Ok(())
}

fn column<'a, T: Array + 'static>(rows: &'a RecordBatch, name: &str) -> Result<&'a T, StoreError> {
    let found = rows.column_by_name(name);
    found.and_then(|column| column.as_any().downcast_ref::<T>()).ok_or_else(|| StoreError::Unexpected {
        what: format!(
            "the column {name} of the sales is {}",
            found.map_or_else(|| "missing".to_owned(), |column| column.data_type().to_string())
        ),
    })
}
