//! Questions that the user puts to the file in SQL.

use duckdb::arrow::array::{Array, ArrayRef, AsArray};
use duckdb::arrow::datatypes::{
    DataType, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type, UInt8Type, UInt16Type, UInt32Type,
    UInt64Type,
};
use duckdb::arrow::util::display::{ArrayFormatter, FormatOptions};
use serde_json::Value;

use super::{Store, StoreError};

/// The answer to a query.
#[derive(Debug, Clone, PartialEq)]
pub struct Table {
    /// Names of the columns.
    pub columns: Vec<String>,
    /// Rows, each with one value a column. Numbers, booleans and text are such; what JSON does not know is text.
    pub rows: Vec<Vec<Value>>,
}

impl Store {
    /// Runs `sql` and gives what it answers. What the query may do is for the connection to say: open the file with
    /// [`Store::open_read_only`].
    ///
    /// # Errors
    /// If the engine refuses the query, in its words.
    pub fn query(&self, sql: &str) -> Result<Table, StoreError> {
        let failed = |error: duckdb::Error| StoreError::Query { message: plain(&error) };
        let mut statement = self.connection.prepare(sql).map_err(failed)?;
        let batches: Vec<_> = statement.query_arrow([]).map_err(failed)?.collect();
        let columns = statement.schema().fields().iter().map(|field| field.name().clone()).collect();
        let mut rows = Vec::new();
        for batch in &batches {
            for row in 0..batch.num_rows() {
                let values = batch.columns().iter().map(|column| value_at(column, row)).collect::<Result<_, _>>()?;
                rows.push(values);
            }
        }
        Ok(Table { columns, rows })
    }
}

/// The engine's message without its advice on how to program against it.
fn plain(error: &duckdb::Error) -> String {
    match error {
        duckdb::Error::DuckDBFailure(_, Some(message)) if message.contains("read-only mode") => {
            "this only reads the file; `diamonds ingest` and `diamonds retrain` change it".to_owned()
        }
        duckdb::Error::DuckDBFailure(_, Some(message)) => message.trim_end().to_owned(),
        other => other.to_string(),
    }
}

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
        DataType::Float32 => column.as_primitive::<Float32Type>().value(row).into(),
        DataType::Float64 => column.as_primitive::<Float64Type>().value(row).into(),
        // sums of integers come as decimals of 38 digits
        DataType::Decimal128(..) => {
            let text = formatted()?;
            serde_json::from_str(&text).unwrap_or(Value::String(text))
        }
        _ => Value::String(formatted()?),
    })
}
