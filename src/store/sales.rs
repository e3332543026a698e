//! Reads the sales back, all at once, for training and for the index of similar stones.

use duckdb::arrow::array::{Array, Float64Array, Int64Array, RecordBatch, UInt8Array};
use duckdb::params;
use serde::{Deserialize, Serialize};

use super::{Store, StoreError};
use crate::diamond::{Grade, Sale, Stone};

/// A sale with the batch that brought it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct StoredSale {
    /// The sale.
    pub sale: Sale,
    /// The batch that brought it.
    pub batch: i64,
    /// Its line in the batch's file, from 1.
    pub line: i64,
}

/// All that a model is trained on: the sales as they are at one moment, and the salt that parts them.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Dataset {
    /// Every sale, in the order in which they came.
    pub sales: Vec<StoredSale>,
    /// Salt of the hash that decides which of them judge models.
    pub holdout_salt: String,
}

impl Store {
    /// Every sale in the file and the salt of the holdout.
    ///
    /// # Errors
    /// If the engine fails.
    pub fn dataset(&self) -> Result<Dataset, StoreError> {
        Ok(Dataset { sales: self.sales(None)?, holdout_salt: self.setting("holdout_salt")? })
    }

    /// How many sales the file holds, or, of those, the dataset of model `of_model`.
    ///
    /// # Errors
    /// If the engine fails.
    pub fn count_sales(&self, of_model: Option<i64>) -> Result<i64, StoreError> {
        self.connection
            .query_row(include_str!("../../sql/queries/sale/count_sales.sql"), params![of_model], |row| row.get(0))
            .map_err(StoreError::database("count the sales"))
    }

    /// The sales that were in the dataset of model `id`, in the order in which they came.
    ///
    /// # Errors
    /// If the engine fails.
    pub fn sales_of_model(&self, id: i64) -> Result<Vec<StoredSale>, StoreError> {
        self.sales(Some(id))
    }

    fn sales(&self, model: Option<i64>) -> Result<Vec<StoredSale>, StoreError> {
        let reading = || StoreError::database("read the sales");
        let mut statement =
            self.connection.prepare(include_str!("../../sql/queries/sale/read_sales.sql")).map_err(reading())?;
        let mut sales = Vec::new();
        for batch in statement.query_arrow(params![model]).map_err(reading())? {
            append_sales(&batch, &mut sales)?;
        }
        Ok(sales)
    }
}

fn append_sales(rows: &RecordBatch, sales: &mut Vec<StoredSale>) -> Result<(), StoreError> {
    let batch = column::<Int64Array>(rows, 0)?;
    let line = column::<Int64Array>(rows, 1)?;
    let [carat, depth, table, price, x, y, z] = numbers(rows, [2, 6, 7, 8, 9, 10, 11])?;
    let cut = column::<UInt8Array>(rows, 3)?;
    let color = column::<UInt8Array>(rows, 4)?;
    let clarity = column::<UInt8Array>(rows, 5)?;
    sales.reserve(rows.num_rows());
    for row in 0..rows.num_rows() {
        let stone = Stone {
            weight_carat: carat.value(row),
            cut: grade(cut.value(row))?,
            color: grade(color.value(row))?,
            clarity: grade(clarity.value(row))?,
            depth_percent: depth.value(row),
            table_percent: table.value(row),
            x_mm: x.value(row),
            y_mm: y.value(row),
            z_mm: z.value(row),
        };
        let sale = Sale { stone, price_usd: price.value(row) };
        sales.push(StoredSale { sale, batch: batch.value(row), line: line.value(row) });
    }
    Ok(())
}

fn column<T: Array + 'static>(rows: &RecordBatch, index: usize) -> Result<&T, StoreError> {
    rows.column(index).as_any().downcast_ref::<T>().ok_or_else(|| StoreError::Unexpected {
        what: format!("column {index} of the sales is {}", rows.column(index).data_type()),
    })
}

fn numbers<const N: usize>(rows: &RecordBatch, indices: [usize; N]) -> Result<[&Float64Array; N], StoreError> {
    let found: Vec<&Float64Array> = indices.into_iter().map(|index| column(rows, index)).collect::<Result<_, _>>()?;
    found.try_into().map_err(|_| StoreError::Unexpected { what: "the sales lack a column".to_owned() })
}

/// The engine's code of a grade is its place in the trade's order, as here.
fn grade<G: Grade>(code: u8) -> Result<G, StoreError> {
    G::ALL
        .get(usize::from(code))
        .copied()
        .ok_or_else(|| StoreError::Unexpected { what: format!("no {} has the code {code}", G::SCALE) })
}
