//! Reads all sales, for training and for the index of similar stones.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use duckdb::arrow::array::{Array, Date32Array, DictionaryArray, Float64Array, Int64Array, RecordBatch, UInt8Array};
use duckdb::arrow::datatypes::UInt8Type;
use duckdb::{Connection, Params, params};
use jiff::Span;
use jiff::civil::{Date, date};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::converting::open_aside;
use super::rows::{query_row, query_rows, sql_path, with_stone_columns};
use super::work_folder::WorkFolder;
use super::{Store, StoreError};
use crate::diamond::{Clarity, Color, Cut, FIELD_COUNT, FIELDS, Field, FieldValues, Grade, Sale, Stone};
use crate::files::move_file;
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

/// The sales at one moment, in a file outside of the database, for a training.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExportedSales {
    /// The file, in Parquet format, in order of arrival. Who asked for it may move or remove it.
    pub path: PathBuf,
    /// Number of sales.
    pub rows: usize,
    /// Numbers of the batches that brought them, and how many sales each brought.
    pub batches: Vec<(i64, i64)>,
    /// Salt of the hash that decides which of them are the holdout.
    pub holdout_salt: String,
}

/// Sales that can be read again and again, block by block, in order of arrival: they need not fit in memory.
pub trait SaleBlocks: Send + Sync {
    /// Passes all sales to `visit`.
    ///
    /// # Errors
    /// If they cannot be read.
    fn for_each_block(&self, visit: &mut dyn FnMut(&[StoredSale])) -> Result<(), StoreError>;
}

/// Exported sales, in a folder of this process; the file is removed with this value.
pub struct SalesFile {
    connection: Mutex<Connection>,
    path: PathBuf,
    _folder: WorkFolder,
}

impl SalesFile {
    /// Takes over a file that was exported from `database`.
    ///
    /// # Errors
    /// If it cannot be moved or opened.
    pub fn take_over(exported: &ExportedSales, database: &Path) -> Result<Self, StoreError> {
        let folder = WorkFolder::create(database)?;
        let path = folder.path().join("sales.parquet");
        move_file(&exported.path, &path)
            .map_err(|source| StoreError::Folder { path: folder.path().to_owned(), source })?;
        let connection = open_aside(folder.path())?;
        Ok(Self { connection: Mutex::new(connection), path, _folder: folder })
    }
}

impl SaleBlocks for SalesFile {
    fn for_each_block(&self, visit: &mut dyn FnMut(&[StoredSale])) -> Result<(), StoreError> {
        let connection = self.connection.lock().unwrap_or_else(PoisonError::into_inner);
        let sql = with_stone_columns(include_str!("../../sql/queries/sale/read_exported_sales.sql"));
        let path = self.path.display().to_string();
        for_each_stored_block(&connection, &sql, params![path], visit)
    }
}

impl Store {
    /// Writes every sale into a file in the work folder.
    ///
    /// # Errors
    /// If the database fails, or there is no space.
    pub fn export_sales(&self) -> Result<ExportedSales, StoreError> {
        let exporting = || StoreError::database("export the sales");
        let path = self.work_folder().join(format!("sales-{}.parquet", Uuid::now_v7()));
        let transaction = self.connection.unchecked_transaction().map_err(exporting())?;
        let sql = if self.has_days_of_sales()? {
            include_str!("../../sql/queries/sale/export_dated_sales.sql")
        } else {
            include_str!("../../sql/queries/sale/export_sales.sql")
        };
        let sql = with_stone_columns(sql).replace("{path}", &sql_path(&path));
        transaction.execute_batch(&sql).map_err(exporting())?;
        let sql = include_str!("../../sql/queries/sale/count_sales_by_batch.sql");
        let batches: Vec<(i64, i64)> = query_rows(&transaction, "count the sales", sql, [], |row| {
            Ok((row.get("batch_id")?, row.get("sale_count")?))
        })?;
        let holdout_salt = self.holdout_salt()?;
        transaction.commit().map_err(exporting())?;
        let rows = batches.iter().map(|(_, rows)| usize::try_from(*rows).unwrap_or_default()).sum();
        Ok(ExportedSales { path, rows, batches, holdout_salt })
    }

    /// The salt of the hash that decides which sales are the holdout.
    ///
    /// # Errors
    /// If the database fails, or splits its sales in a way that this program does not know.
    pub fn holdout_salt(&self) -> Result<String, StoreError> {
        let version: u32 = self.setting("holdout_hash")?;
        if version != HASH_VERSION {
            return Err(StoreError::Unexpected {
                what: format!(
                    "its sales are split by version {version} of the hash, this program knows {HASH_VERSION}"
                ),
            });
        }
        self.setting("holdout_salt")
    }

    /// Passes every sale to `visit`, block by block, in order of arrival.
    ///
    /// # Errors
    /// If the database fails.
    pub fn for_each_sale(&self, visit: &mut dyn FnMut(&[StoredSale])) -> Result<(), StoreError> {
        let sql = with_stone_columns(include_str!("../../sql/queries/sale/read_sales.sql"));
        for_each_stored_block(&self.connection, &sql, params![None::<i64>], visit)
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

    /// A few thousand of the sales, always the same ones as long as none is added or removed.
    ///
    /// # Errors
    /// If the database fails.
    pub fn sample_sales(&self) -> Result<Vec<Sale>, StoreError> {
        let sql = with_stone_columns(include_str!("../../sql/queries/sale/sample_sale_values.sql"));
        let mut sales = Vec::new();
        for_each_sale_values(&self.connection, &sql, &mut |values, price_usd| {
            sales.extend(Stone::from_known_values(&values).map(|stone| Sale { stone, price_usd, sold_on: None }));
        })?;
        Ok(sales)
    }

    /// Passes the sales in the dataset of model `id` to `visit`, block by block, in order of arrival.
    ///
    /// # Errors
    /// If the database fails.
    pub fn for_each_sale_of_model(&self, id: i64, visit: &mut dyn FnMut(&[Sale])) -> Result<(), StoreError> {
        let sql = with_stone_columns(include_str!("../../sql/queries/sale/read_sales.sql"));
        let mut sales = Vec::new();
        for_each_stored_block(&self.connection, &sql, params![id], &mut |block| {
            sales.clear();
            sales.extend(block.iter().map(|stored| stored.sale));
            visit(&sales);
        })
    }

    /// Passes `most` sales at the most that came after model `id` was trained to `visit`, those of the newest batches first.
    ///
    /// # Errors
    /// If the database fails.
    pub fn for_each_sale_after_model(
        &self,
        id: i64,
        most: u32,
        visit: &mut dyn FnMut(&Sale),
    ) -> Result<(), StoreError> {
        let sql = with_stone_columns(include_str!("../../sql/queries/sale/read_sales_after_model.sql"));
        for_each_stored_block(&self.connection, &sql, params![id, most], &mut |block| {
            for stored in block {
                visit(&stored.sale);
            }
        })
    }

    /// Passes the sales of these grades in the dataset of model `id` to `visit`, in order of arrival.
    ///
    /// # Errors
    /// If the database fails.
    pub fn for_each_sale_of_grades(
        &self,
        id: i64,
        (cut, color, clarity): (Cut, Color, Clarity),
        visit: &mut dyn FnMut(&Sale),
    ) -> Result<(), StoreError> {
        let sql = with_stone_columns(include_str!("../../sql/queries/sale/read_sales_of_grades.sql"));
        let parameters = params![id, cut.name(), color.name(), clarity.name()];
        for_each_stored_block(&self.connection, &sql, parameters, &mut |block| {
            for stored in block {
                visit(&stored.sale);
            }
        })
    }

    /// Passes the number of sales of each combination of grades in the dataset of model `id` to `visit`.
    ///
    /// # Errors
    /// If the database fails.
    pub fn count_sales_by_grades(
        &self,
        id: i64,
        visit: &mut dyn FnMut((Cut, Color, Clarity), usize),
    ) -> Result<(), StoreError> {
        let sql = include_str!("../../sql/queries/sale/count_sales_by_grades.sql");
        let rows = query_rows(&self.connection, "count the sales", sql, params![id], |row| {
            Ok((row.get("cut")?, row.get("color")?, row.get("clarity")?, row.get("sale_count")?))
        })?;
        for (cut, color, clarity, count) in rows {
            let (cut, color, clarity): (usize, usize, usize) = (cut, color, clarity);
            let grades = Cut::from_rank(cut).zip(Color::from_rank(color)).zip(Clarity::from_rank(clarity));
            let ((cut, color), clarity) = grades.ok_or_else(|| StoreError::Unexpected {
                what: "a sale has a grade that this program does not know".to_owned(),
            })?;
            visit((cut, color, clarity), count);
        }
        Ok(())
    }
}

/// Passes the sales that `sql` selects, with batch and line, to `visit`.
fn for_each_stored_block(
    connection: &Connection,
    sql: &str,
    parameters: impl Params,
    visit: &mut dyn FnMut(&[StoredSale]),
) -> Result<(), StoreError> {
    let reading = || StoreError::database("read the sales");
    let mut statement = connection.prepare(sql).map_err(reading())?;
    let mut sales = Vec::new();
    for batch in statement.stream_arrow(parameters).map_err(reading())? {
        sales.clear();
        append_sales(&batch.map_err(reading())?, &mut sales)?;
        visit(&sales);
    }
    Ok(())
}

/// Passes the values of each sale that `sql` selects, in the order of [`FIELDS`], and its price to `visit`. The rows are not
/// collected: memory does not depend on their number.
///
/// # Errors
/// If the database fails.
pub(super) fn for_each_sale_values(
    connection: &Connection,
    sql: &str,
    visit: &mut dyn FnMut(FieldValues, f64),
) -> Result<(), StoreError> {
    let reading = || StoreError::database("read the sales");
    let mut statement = connection.prepare(sql).map_err(reading())?;
    for batch in statement.stream_arrow([]).map_err(reading())? {
        let batch = batch.map_err(reading())?;
        let rows = SaleColumns::of(&batch)?;
        for row in 0..rows.count {
            visit(rows.values(row), rows.price.value(row));
        }
    }
    Ok(())
}

/// The column of a field: its numbers, or the codes of its grades, which are their ranks; the database has them as an
/// enumeration, an exported file as numbers.
enum FieldColumn<'a> {
    Numbers(&'a Float64Array),
    Ranks(&'a UInt8Array),
}

impl<'a> FieldColumn<'a> {
    fn of(rows: &'a RecordBatch, field: &Field) -> Result<Self, StoreError> {
        if field.is_number() {
            return Ok(Self::Numbers(column(rows, field.column)?));
        }
        if let Ok(codes) = column(rows, field.column) {
            return Ok(Self::Ranks(codes));
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

/// The columns of sales.
struct SaleColumns<'a> {
    count: usize,
    fields: [FieldColumn<'a>; FIELD_COUNT],
    price: &'a Float64Array,
}

impl<'a> SaleColumns<'a> {
    fn of(rows: &'a RecordBatch) -> Result<Self, StoreError> {
        let fields: Vec<FieldColumn<'_>> =
            FIELDS.iter().map(|field| FieldColumn::of(rows, field)).collect::<Result<_, _>>()?;
        let fields = fields.try_into().unwrap_or_else(|_| unreachable!("as many columns as fields"));
        Ok(Self { count: rows.num_rows(), fields, price: column(rows, "price_usd")? })
    }

    fn values(&self, row: usize) -> FieldValues {
        self.fields.each_ref().map(|field| field.value(row))
    }
}

fn append_sales(rows: &RecordBatch, sales: &mut Vec<StoredSale>) -> Result<(), StoreError> {
    let batch: &Int64Array = column(rows, "batch_id")?;
    let line: &Int64Array = column(rows, "line_number")?;
    let columns = SaleColumns::of(rows)?;
    // only a training asks for it
    let sold_on = rows.column_by_name("sold_on").and_then(|days| days.as_any().downcast_ref::<Date32Array>());
    sales.reserve(columns.count);
    for row in 0..columns.count {
        let stone = Stone::from_known_values(&columns.values(row)).ok_or_else(|| StoreError::Unexpected {
            what: format!("line {} of batch {} is without one of the four Cs", line.value(row), batch.value(row)),
        })?;
        let day = sold_on.filter(|days| days.is_valid(row)).and_then(|days| day_after_epoch(days.value(row)));
        let sale = Sale { stone, price_usd: columns.price.value(row), sold_on: day };
        sales.push(StoredSale { sale, batch: batch.value(row), line: line.value(row) });
    }
    Ok(())
}

/// The day that is so many days after 1970-01-01.
fn day_after_epoch(days: i32) -> Option<Date> {
    date(1970, 1, 1).checked_add(Span::new().try_days(days).ok()?).ok()
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
