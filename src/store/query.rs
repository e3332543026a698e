//! SQL queries of the user.

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

/// The result of a query.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Table {
    /// Names of the columns.
    pub columns: Vec<String>,
    /// Rows, each with one value for each column: numbers, booleans and text; types that JSON does not have are text.
    pub rows: Vec<Vec<Value>>,
}

impl Store {
    /// Runs `sql` and returns its rows. The connection decides what the query may do: open the file with
    /// [`Store::open_read_only`].
    ///
    /// # Errors
    /// If DuckDB refuses the query, in its words.
    pub fn query(&self, sql: &str) -> Result<Table, StoreError> {
        let failed = |error: duckdb::Error| StoreError::Query { message: DatabaseMessage::from(error).to_string() };
        self.require_question(sql)?;
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
