//! The way of rows in and out of the database: one function for each kind of statement, values read by column name.

use std::str::FromStr;

use duckdb::types::{FromSql, FromSqlError, FromSqlResult, TimeUnit, ToSql, ToSqlOutput, Value, ValueRef};
use duckdb::{Connection, OptionalExt, Params, Row};
use jiff::Timestamp;
use serde::de::DeserializeOwned;
use uuid::Uuid;

use super::StoreError;
use crate::diamond::{FIELDS, Field, FieldValues};

/// The rows that `sql` answers, each as `read` reads it. `action` is what an error says was being done.
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

/// The only row that `sql` answers.
pub(super) fn query_row<T>(
    connection: &Connection,
    action: &'static str,
    sql: &str,
    parameters: impl Params,
    read: impl FnOnce(&Row<'_>) -> duckdb::Result<T>,
) -> Result<T, StoreError> {
    connection.query_row(sql, parameters, read).map_err(StoreError::database(action))
}

/// The first row that `sql` answers, if there is one.
pub(super) fn query_optional_row<T>(
    connection: &Connection,
    action: &'static str,
    sql: &str,
    parameters: impl Params,
    read: impl FnOnce(&Row<'_>) -> duckdb::Result<T>,
) -> Result<Option<T>, StoreError> {
    connection.query_row(sql, parameters, read).optional().map_err(StoreError::database(action))
}

/// Runs a statement that changes rows, and gives their number.
pub(super) fn execute(
    connection: &Connection,
    action: &'static str,
    sql: &str,
    parameters: impl Params,
) -> Result<i64, StoreError> {
    let changed = connection.execute(sql, parameters).map_err(StoreError::database(action))?;
    Ok(i64::try_from(changed).unwrap_or(i64::MAX))
}

/// A time for a column or a parameter.
pub(super) fn sql_time(time: Timestamp) -> Value {
    Value::Timestamp(TimeUnit::Microsecond, time.as_microsecond())
}

/// A column of the type `TIMESTAMP`, which is UTC here.
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

/// A text column that holds a value in its usual notation, such as a UUID.
pub(super) struct TextColumn<T>(pub T);

impl<T: FromStr> FromSql for TextColumn<T>
where
    T::Err: std::error::Error + Send + Sync + 'static,
{
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        value.as_str()?.parse().map(Self).map_err(|error| FromSqlError::Other(Box::new(error)))
    }
}

/// A text column that holds JSON which this program wrote.
pub(super) struct JsonColumn<T>(pub T);

impl<T: DeserializeOwned> FromSql for JsonColumn<T> {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        serde_json::from_str(value.as_str()?).map(Self).map_err(|error| FromSqlError::Other(Box::new(error)))
    }
}

/// The UUID in the text column `name`.
pub(super) fn read_uuid(row: &Row<'_>, name: &str) -> duckdb::Result<Uuid> {
    Ok(row.get::<_, TextColumn<Uuid>>(name)?.0)
}

/// The time in the column `name`.
pub(super) fn read_time(row: &Row<'_>, name: &str) -> duckdb::Result<Timestamp> {
    Ok(row.get::<_, TimeColumn>(name)?.0)
}

/// The stone in the columns that are named after [`FIELDS`]; `NULL` is an unknown value.
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

/// A value to append, borrowed where it can be: rows of the log are appended by the ten thousand a second.
pub(super) enum SqlValue<'a> {
    Null,
    Text(&'a str),
    OwnedText(String),
    Double(f64),
    BigInt(i64),
    Time(Timestamp),
}

impl SqlValue<'_> {
    pub fn id(id: Uuid) -> Self {
        Self::OwnedText(id.to_string())
    }
}

impl ToSql for SqlValue<'_> {
    fn to_sql(&self) -> duckdb::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Self::Null => ValueRef::Null,
            Self::Text(text) => ValueRef::Text(text.as_bytes()),
            Self::OwnedText(text) => ValueRef::Text(text.as_bytes()),
            Self::Double(number) => ValueRef::Double(*number),
            Self::BigInt(number) => ValueRef::BigInt(*number),
            Self::Time(time) => ValueRef::Timestamp(TimeUnit::Microsecond, time.as_microsecond()),
        }))
    }
}

impl<'a, T> From<Option<T>> for SqlValue<'a>
where
    T: Into<SqlValue<'a>>,
{
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

impl<'a> From<&'a str> for SqlValue<'a> {
    fn from(text: &'a str) -> Self {
        Self::Text(text)
    }
}

impl From<f64> for SqlValue<'_> {
    fn from(number: f64) -> Self {
        Self::Double(number)
    }
}

impl From<i64> for SqlValue<'_> {
    fn from(number: i64) -> Self {
        Self::BigInt(number)
    }
}

/// A value of `field` as the database stores it: a number, or the name of a grade.
pub(super) fn sql_field_value(field: &'static Field, value: Option<f64>) -> SqlValue<'static> {
    match value {
        Some(rank) if !field.is_number() => field.grade_name(rank).into(),
        number => number.into(),
    }
}

/// `sql` with `{stone_columns}` replaced by the columns of [`FIELDS`], and `{equal_stones}` by the condition that those of `copy`
/// and `stored` are the same: the statements that handle whole stones do not list their columns, so that a new field needs no
/// change in them.
pub(super) fn with_stone_columns(sql: &str) -> String {
    let columns = FIELDS.each_ref().map(|field| field.column);
    let equal = columns.map(|column| format!("copy.{column} IS NOT DISTINCT FROM stored.{column}"));
    sql.replace("{stone_columns}", &columns.join(", ")).replace("{equal_stones}", &equal.join(" AND "))
}
