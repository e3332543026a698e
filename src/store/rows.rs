//! Rows in and out of the database: one function for each kind of statement, values read by column name.

use std::collections::HashMap;
use std::path::Path;
use std::str::FromStr;
use std::sync::Arc;

use duckdb::arrow::array::{
    Array, ArrayRef, BooleanArray, FixedSizeBinaryBuilder, Float32Array, Float64Array, Int64Array, RecordBatch,
    StringArray, TimestampMicrosecondArray,
};
use duckdb::arrow::datatypes::{DataType, Field as ArrowField, Schema};
use duckdb::types::{FromSql, FromSqlError, FromSqlResult, TimeUnit, Value, ValueRef};
use duckdb::{Appender, Connection, OptionalExt, Params, Row};
use jiff::Timestamp;
use serde::de::DeserializeOwned;
use uuid::Uuid;

use super::StoreError;
use crate::diamond::{FIELDS, Field, FieldValues};

/// The rows of `sql`, each read by `read`. `action` names what is being done, for errors.
pub(super) fn query_rows<T>(
    connection: &Connection,
    action: &'static str,
    sql: &str,
    parameters: impl Params,
    read: impl FnMut(&Row<'_>) -> duckdb::Result<T>,
) -> Result<Vec<T>, StoreError> {
    let query = || -> duckdb::Result<Vec<T>> {
        let mut statement = connection.prepare(sql)?;
        statement.query_map(parameters, read)?.collect()
    };
    query().map_err(StoreError::database(action))
}

/// The only row of `sql`.
pub(super) fn query_row<T>(
    connection: &Connection,
    action: &'static str,
    sql: &str,
    parameters: impl Params,
    read: impl FnOnce(&Row<'_>) -> duckdb::Result<T>,
) -> Result<T, StoreError> {
    connection.query_row(sql, parameters, read).map_err(StoreError::database(action))
}

/// The first row of `sql`, if there is one.
pub(super) fn query_optional_row<T>(
    connection: &Connection,
    action: &'static str,
    sql: &str,
    parameters: impl Params,
    read: impl FnOnce(&Row<'_>) -> duckdb::Result<T>,
) -> Result<Option<T>, StoreError> {
    connection.query_row(sql, parameters, read).optional().map_err(StoreError::database(action))
}

/// Runs a statement that changes rows, and returns their number.
pub(super) fn execute(
    connection: &Connection,
    action: &'static str,
    sql: &str,
    parameters: impl Params,
) -> Result<i64, StoreError> {
    let changed = connection.execute(sql, parameters).map_err(StoreError::database(action))?;
    Ok(i64::try_from(changed).unwrap_or(i64::MAX))
}

/// A path as the content of a literal, for statements that take no parameters.
pub(super) fn sql_path(path: &Path) -> String {
    path.display().to_string().replace('\'', "''")
}

/// A time as a value for a column or a parameter.
pub(super) fn sql_time(time: Timestamp) -> Value {
    Value::Timestamp(TimeUnit::Microsecond, time.as_microsecond())
}

/// A value of a `TIMESTAMP` column, which is always in UTC here.
pub(super) struct TimeColumn(pub Timestamp);

impl FromSql for TimeColumn {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        match value {
            ValueRef::Timestamp(TimeUnit::Microsecond, micros) => {
                Timestamp::from_microsecond(micros).map(Self).map_err(|_| FromSqlError::OutOfRange(micros.into()))
            }
            _ => Err(FromSqlError::InvalidType),
        }
    }
}

/// A value that a text column contains in its usual notation, such as a UUID.
pub(super) struct TextColumn<T>(pub T);

impl<T: FromStr> FromSql for TextColumn<T>
where
    T::Err: std::error::Error + Send + Sync + 'static,
{
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        value.as_str()?.parse().map(Self).map_err(|error| FromSqlError::Other(Box::new(error)))
    }
}

/// A value that a text column contains as JSON, written by this program.
pub(super) struct JsonColumn<T>(pub T);

impl<T: DeserializeOwned> FromSql for JsonColumn<T> {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        serde_json::from_str(value.as_str()?).map(Self).map_err(|error| FromSqlError::Other(Box::new(error)))
    }
}

/// Reads the UUID in the text column `name`.
pub(super) fn read_uuid(row: &Row<'_>, name: &str) -> duckdb::Result<Uuid> {
    Ok(row.get::<_, TextColumn<Uuid>>(name)?.0)
}

/// Reads the time in the column `name`.
pub(super) fn read_time(row: &Row<'_>, name: &str) -> duckdb::Result<Timestamp> {
    Ok(row.get::<_, TimeColumn>(name)?.0)
}

/// The stone in the columns of [`FIELDS`]; `NULL` is an unknown value.
pub(super) fn read_stone_values(row: &Row<'_>) -> duckdb::Result<FieldValues> {
    let mut values = FieldValues::default();
    for (value, field) in values.iter_mut().zip(&FIELDS) {
        *value = if field.is_number() {
            row.get(field.column)?
        } else {
            row.get::<_, Option<String>>(field.column)?.and_then(|text| field.rank_of(&text)).map(f64::from)
        };
    }
    Ok(values)
}

/// Rows for a table, column by column: value by value, DuckDB would take three times as long.
#[derive(Default)]
pub(super) struct Columns {
    fields: Vec<ArrowField>,
    arrays: Vec<ArrayRef>,
}

impl Columns {
    fn with(mut self, field: ArrowField, array: ArrayRef) -> Self {
        self.fields.push(field);
        self.arrays.push(array);
        self
    }

    fn with_array(self, name: &str, array: impl Array + 'static) -> Self {
        self.with(ArrowField::new(name, array.data_type().clone(), true), Arc::new(array))
    }

    /// A column of text, or of an enumeration.
    pub fn texts<S: AsRef<str>>(self, name: &str, values: impl IntoIterator<Item = Option<S>>) -> Self {
        self.with_array(name, values.into_iter().collect::<StringArray>())
    }

    pub fn doubles(self, name: &str, values: impl IntoIterator<Item = Option<f64>>) -> Self {
        self.with_array(name, values.into_iter().collect::<Float64Array>())
    }

    pub fn singles(self, name: &str, values: Vec<f32>) -> Self {
        self.with_array(name, Float32Array::from(values))
    }

    pub fn booleans(self, name: &str, values: impl IntoIterator<Item = Option<bool>>) -> Self {
        self.with_array(name, values.into_iter().collect::<BooleanArray>())
    }

    pub fn integers(self, name: &str, values: impl IntoIterator<Item = Option<i64>>) -> Self {
        self.with_array(name, values.into_iter().collect::<Int64Array>())
    }

    pub fn times(self, name: &str, values: impl IntoIterator<Item = Timestamp>) -> Self {
        let micros = values.into_iter().map(Timestamp::as_microsecond);
        self.with_array(name, TimestampMicrosecondArray::from_iter_values(micros))
    }

    pub fn ids(self, name: &str, values: impl IntoIterator<Item = Option<Uuid>>) -> Self {
        let mut bytes = FixedSizeBinaryBuilder::new(UUID_BYTES);
        for id in values {
            match id {
                // every id has the builder's width
                Some(id) => bytes.append_value(id.as_bytes()).unwrap_or_default(),
                None => bytes.append_null(),
            }
        }
        let field = ArrowField::new(name, DataType::FixedSizeBinary(UUID_BYTES), true);
        let metadata = HashMap::from([(EXTENSION_TYPE_NAME_KEY.to_owned(), "arrow.uuid".to_owned())]);
        self.with(field.with_metadata(metadata), Arc::new(bytes.finish()))
    }

    /// The column of a stone's field; the values are in the order of [`FIELDS`].
    pub fn field(self, field: &'static Field, values: impl IntoIterator<Item = Option<f64>>) -> Self {
        if field.is_number() {
            self.doubles(field.column, values)
        } else {
            self.texts(field.column, values.into_iter().map(|rank| field.grade_name(rank?)))
        }
    }

    /// Appends the rows to `table`; columns that are not given get their default.
    pub fn append_to(self, connection: &Connection, table: &str) -> duckdb::Result<()> {
        self.append(|columns| connection.appender_with_columns(table, columns))
    }

    /// Appends the rows to the temporary table `table`.
    pub fn append_to_temporary(self, connection: &Connection, table: &str) -> duckdb::Result<()> {
        self.append(|columns| connection.appender_with_columns_to_catalog_and_db(table, "temp", "main", columns))
    }

    fn append<'a>(self, open: impl FnOnce(&[&str]) -> duckdb::Result<Appender<'a>>) -> duckdb::Result<()> {
        let names: Vec<String> = self.fields.iter().map(|field| field.name().clone()).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let rows = RecordBatch::try_new(Arc::new(Schema::new(self.fields)), self.arrays)
            .map_err(|error| duckdb::Error::ToSqlConversionFailure(Box::new(error)))?;
        let mut appender = open(&names)?;
        appender.append_record_batch(rows)?;
        appender.flush()
    }
}

const UUID_BYTES: i32 = 16;
/// Key of the metadata that says what the bytes of a column mean.
const EXTENSION_TYPE_NAME_KEY: &str = "ARROW:extension:name";

/// `sql` with `{stone_columns}` replaced by the columns of [`FIELDS`], and `{equal_stones}` by the condition that those of
/// `copy` and `stored` are the same, `{stone_codes}` by the columns with grades as numbers, their ranks: the statements that handle whole stones do not list their columns, so that a new field
/// needs no change in them.
pub(super) fn with_stone_columns(sql: &str) -> String {
    let columns = FIELDS.each_ref().map(|field| field.column);
    let equal = columns.map(|column| format!("copy.{column} IS NOT DISTINCT FROM stored.{column}"));
    let codes = FIELDS.each_ref().map(|field| {
        let column = field.column;
        if field.is_number() { column.to_owned() } else { format!("CAST(enum_code({column}) AS UTINYINT) AS {column}") }
    });
    sql.replace("{stone_columns}", &columns.join(", "))
        .replace("{equal_stones}", &equal.join(" AND "))
        .replace("{stone_codes}", &codes.join(", "))
}
