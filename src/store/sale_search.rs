//! Looks sales up: filtered, sorted, counted by grade and by their place on a map of weight and price.

use std::path::PathBuf;

use duckdb::{Row, params};
use jiff::civil::Date;
use uuid::Uuid;

use super::rows::{TextColumn, query_row, query_rows, read_stone_values, sql_path, with_stone_columns};
use super::{ExportFormat, Store, StoreError};
use crate::diamond::{FIELDS, Field, StoneDescription};

/// Which sales are looked for; without any condition all of them.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct SaleFilter {
    /// Grades of which one must fit, for each scale that has any here.
    pub grades: Vec<ChosenGrade>,
    /// Least and greatest weight in carats, both included.
    pub carat: [Option<f64>; 2],
    /// Lowest and highest price in US dollars, both included.
    pub price_usd: [Option<f64>; 2],
    /// First and last day of the sale, both included; then sales whose day is not known are left out.
    pub sold_on: [Option<Date>; 2],
    /// The file that brought it.
    pub batch: Option<i64>,
}

/// A grade of a scale.
#[derive(Debug, Clone, Copy)]
pub struct ChosenGrade {
    /// The scale.
    pub scale: &'static Field,
    /// Name of the grade.
    pub name: &'static str,
}

impl PartialEq for ChosenGrade {
    fn eq(&self, other: &Self) -> bool {
        (self.scale.name, self.name) == (other.scale.name, other.name)
    }
}

impl ChosenGrade {
    /// The grade of `scale` that is called `name`, in whatever case.
    pub fn find(scale: &'static Field, name: &str) -> Option<Self> {
        let grade = scale.grades().iter().find(|grade| grade.name.eq_ignore_ascii_case(name))?;
        Some(Self { scale, name: grade.name })
    }
}

/// By what sales are sorted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SaleOrderKey {
    /// The file that brought them, and their line in it.
    Arrival,
    /// Weight.
    Carat,
    /// Price.
    Price,
    /// Price by weight.
    PricePerCarat,
    /// The day of the sale; those whose day is not known come last.
    Day,
}

/// The order of sales.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SaleOrder {
    /// By what they are sorted.
    pub key: SaleOrderKey,
    /// Whether the greatest, or latest, comes first.
    pub is_descending: bool,
}

/// What a filter lets through, in numbers.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FoundSales {
    /// How many sales.
    pub count: i64,
    /// Least and greatest weight in carats; `None` if there are no sales.
    pub carat: Option<[f64; 2]>,
    /// Lowest and highest price in US dollars; `None` if there are no sales.
    pub price_usd: Option<[f64; 2]>,
}

/// A sale in a list.
#[derive(Debug, Clone, PartialEq)]
pub struct ListedSale {
    /// Number of the batch that brought it.
    pub batch: i64,
    /// Its line in the batch's file.
    pub line: i64,
    /// The stone, with the measures that are known.
    pub stone: StoneDescription,
    /// What it fetched, in US dollars.
    pub price_usd: f64,
    /// The day of the sale, if it is known.
    pub sold_on: Option<Date>,
    /// Laboratory and number of its certificate; empty if none is known.
    pub certificate: String,
}

/// The sales of a grade.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SalesOfGrade {
    /// Rank of the grade, 0 for the worst.
    pub rank: usize,
    /// How many.
    pub count: i64,
    /// The prices a carat, in US dollars, that a tenth, a quarter, half, three quarters and nine tenths are below. They are close,
    /// not exact.
    pub per_carat_usd: [f64; 5],
}

/// A map of weight and price, divided into cells that are equally high and wide by the logarithm.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SaleGrid {
    /// Least and greatest weight, in carats.
    pub carat: [f64; 2],
    /// Lowest and highest price, in US dollars.
    pub price_usd: [f64; 2],
    /// Number of columns and rows.
    pub cells: [u32; 2],
}

/// The sales in a cell of a map.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SalesOfCell {
    /// Number of its column, from 0 for the lightest.
    pub column: u32,
    /// Number of its row, from 0 for the cheapest.
    pub row: u32,
    /// How many.
    pub count: i64,
    /// The mean rank of the grade that was asked for.
    pub mean_rank: f64,
}

impl Default for SaleOrder {
    fn default() -> Self {
        Self { key: SaleOrderKey::Arrival, is_descending: true }
    }
}

impl SaleOrder {
    fn sql(self) -> String {
        let direction = if self.is_descending { "DESC" } else { "ASC" };
        let keys = match self.key {
            SaleOrderKey::Arrival => return format!("batch_id {direction}, line_number {direction}"),
            SaleOrderKey::Carat => "carat",
            SaleOrderKey::Price => "price_usd",
            SaleOrderKey::PricePerCarat => "price_usd / carat",
            SaleOrderKey::Day => "sold_on",
        };
        format!("{keys} {direction} NULLS LAST")
    }
}

impl SaleGrid {
    /// Logarithm of the width and height of a cell.
    fn steps(&self) -> [f64; 2] {
        let step = |[least, most]: [f64; 2], cells: u32| ((most / least).ln() / f64::from(cells)).max(1e-9);
        [step(self.carat, self.cells[0]), step(self.price_usd, self.cells[1])]
    }

    /// Least and greatest weight in carats, and lowest and highest price in US dollars, of a cell.
    #[must_use]
    pub fn bounds(&self, column: u32, row: u32) -> [[f64; 2]; 2] {
        let of = |least: f64, step: f64, number: u32| {
            [number, number + 1].map(|edge| least * (step * f64::from(edge)).exp())
        };
        let [width, height] = self.steps();
        [of(self.carat[0], width, column), of(self.price_usd[0], height, row)]
    }
}

impl SaleFilter {
    /// Whether it needs the days of sales.
    fn needs_days(&self) -> bool {
        self.sold_on.iter().any(Option::is_some)
    }

    /// The same without the grades of `scale`: what is counted beside each of its grades.
    #[must_use]
    pub fn without(&self, scale: &Field) -> Self {
        let grades = self.grades.iter().filter(|grade| grade.scale.name != scale.name).copied();
        Self { grades: grades.collect(), ..self.clone() }
    }

    /// The condition. Everything in it is a number, a day or the name of a grade, so nothing needs to be escaped.
    fn sql(&self) -> String {
        let mut conditions = vec!["true".to_owned()];
        for scale in FIELDS.iter().filter(|field| !field.is_number()) {
            let names: Vec<String> = self
                .grades
                .iter()
                .filter(|grade| grade.scale.name == scale.name)
                .map(|grade| format!("'{}'", grade.name))
                .collect();
            if !names.is_empty() {
                conditions.push(format!("{} IN ({})", scale.column, names.join(", ")));
            }
        }
        for (column, [from, to]) in [("carat", self.carat), ("price_usd", self.price_usd)] {
            // a scientific notation is a DOUBLE, whatever its size
            conditions.extend(from.map(|from| format!("{column} >= {from:e}")));
            conditions.extend(to.map(|to| format!("{column} <= {to:e}")));
        }
        let [from, to] = self.sold_on;
        conditions.extend(from.map(|from| format!("sold_on >= DATE '{from}'")));
        conditions.extend(to.map(|to| format!("sold_on <= DATE '{to}'")));
        conditions.extend(self.batch.map(|batch| format!("batch_id = {batch}")));
        conditions.join(" AND ")
    }

    /// `sql` with its sales and its condition. `needs_days` says whether it needs days besides.
    fn fill(&self, sql: &str, needs_days: bool) -> String {
        let sales = if needs_days || self.needs_days() {
            include_str!("../../sql/queries/sale/search/dated_sales.sql")
        } else {
            include_str!("../../sql/queries/sale/search/sales.sql")
        };
        sql.replace("{sales}", sales).replace("{filter}", &self.sql())
    }
}

impl Store {
    /// Whether the day of any sale is known.
    ///
    /// # Errors
    /// If the database fails.
    pub fn has_days_of_sales(&self) -> Result<bool, StoreError> {
        let sql = include_str!("../../sql/queries/sale/has_days.sql");
        query_row(&self.connection, "look for days of sales", sql, [], |row| row.get("has_days"))
    }

    /// How many sales `filter` lets through, and where they lie.
    ///
    /// # Errors
    /// If the database fails.
    pub fn count_found_sales(&self, filter: &SaleFilter) -> Result<FoundSales, StoreError> {
        let sql = filter.fill(include_str!("../../sql/queries/sale/search/count_found_sales.sql"), false);
        query_row(&self.connection, "count sales", &sql, [], |row| {
            let ends = |least: &str, most: &str| -> duckdb::Result<Option<[f64; 2]>> {
                let least: Option<f64> = row.get(least)?;
                Ok(least.zip(row.get(most)?).map(|(least, most)| [least, most]))
            };
            Ok(FoundSales {
                count: row.get("sale_count")?,
                carat: ends("least_carat", "most_carat")?,
                price_usd: ends("least_price_usd", "most_price_usd")?,
            })
        })
    }

    /// `limit` at most of the sales that `filter` lets through, in `order`, without the first `skipped`.
    ///
    /// # Errors
    /// If the database fails.
    pub fn find_sales(
        &self,
        filter: &SaleFilter,
        order: SaleOrder,
        limit: u32,
        skipped: u32,
    ) -> Result<Vec<ListedSale>, StoreError> {
        let sql = include_str!("../../sql/queries/sale/search/list_found_sales.sql").replace("{order}", &order.sql());
        let sql = with_stone_columns(&filter.fill(&sql, order.key == SaleOrderKey::Day));
        let read = |row: &Row<'_>| {
            let day: Option<TextColumn<Date>> = row.get("day")?;
            let sale = |stone| -> duckdb::Result<ListedSale> {
                Ok(ListedSale {
                    batch: row.get("batch_id")?,
                    line: row.get("line_number")?,
                    stone,
                    price_usd: row.get("price_usd")?,
                    sold_on: day.map(|day| day.0),
                    certificate: row.get::<_, Option<String>>("certificate")?.unwrap_or_default(),
                })
            };
            // a stone in the table has its four Cs
            StoneDescription::from_values(&read_stone_values(row)?).map(sale).transpose()
        };
        let found = query_rows(&self.connection, "find sales", &sql, params![limit, skipped], read)?;
        Ok(found.into_iter().flatten().collect())
    }

    /// How many of the sales that `filter` lets through have each grade of `scale`: its rank and their number, the worst first. Grades
    /// that none has are left out.
    ///
    /// # Errors
    /// If the database fails.
    pub fn count_found_sales_by_grade(
        &self,
        filter: &SaleFilter,
        scale: &Field,
    ) -> Result<Vec<(usize, i64)>, StoreError> {
        let sql = include_str!("../../sql/queries/sale/search/count_found_sales_by_grade.sql");
        let sql = filter.fill(sql, false).replace("{grade}", scale.column);
        query_rows(&self.connection, "count sales by grade", &sql, [], |row| {
            Ok((row.get("grade_code")?, row.get("sale_count")?))
        })
    }

    /// How the prices of the sales that `filter` lets through are spread for each grade of `scale`, the worst first. Grades that none has
    /// are left out.
    ///
    /// # Errors
    /// If the database fails.
    pub fn spread_found_sales_by_grade(
        &self,
        filter: &SaleFilter,
        scale: &Field,
    ) -> Result<Vec<SalesOfGrade>, StoreError> {
        let sql = include_str!("../../sql/queries/sale/search/spread_found_sales_by_grade.sql");
        let sql = filter.fill(sql, false).replace("{grade}", scale.column);
        query_rows(&self.connection, "spread sales by grade", &sql, [], |row| {
            let mut per_carat_usd = [0.0; 5];
            for (value, name) in
                per_carat_usd.iter_mut().zip(["tenth", "quarter", "half", "three_quarters", "nine_tenths"])
            {
                *value = row.get(name)?;
            }
            Ok(SalesOfGrade { rank: row.get("grade_code")?, count: row.get("sale_count")?, per_carat_usd })
        })
    }

    /// The sales that `filter` lets through by the cells of `grid`, which must enclose them. Empty cells are left out. The mean
    /// ranks are those of `scale`.
    ///
    /// # Errors
    /// If the database fails.
    pub fn count_found_sales_by_cell(
        &self,
        filter: &SaleFilter,
        grid: &SaleGrid,
        scale: &Field,
    ) -> Result<Vec<SalesOfCell>, StoreError> {
        let sql = include_str!("../../sql/queries/sale/search/count_found_sales_by_place.sql");
        let sql = filter.fill(sql, false).replace("{grade}", scale.column);
        let [width, height] = grid.steps();
        let parameters = params![grid.carat[0], width, grid.price_usd[0], height, grid.cells[0], grid.cells[1]];
        query_rows(&self.connection, "count sales by place", &sql, parameters, |row| {
            Ok(SalesOfCell {
                column: row.get("cell_column")?,
                row: row.get("cell_row")?,
                count: row.get("sale_count")?,
                mean_rank: row.get("mean_rank")?,
            })
        })
    }

    /// Writes the sales that `filter` lets through into a new file in the work folder, in `order`, and returns its path.
    ///
    /// # Errors
    /// If the database fails, or there is no space.
    pub fn export_found_sales(
        &self,
        filter: &SaleFilter,
        order: SaleOrder,
        format: ExportFormat,
    ) -> Result<PathBuf, StoreError> {
        let path = self.work_folder().join(format!("found-sales-{}", Uuid::now_v7()));
        let names = FIELDS.each_ref().map(|field| format!("{} AS \"{}\"", field.column, field.name));
        let sql = include_str!("../../sql/queries/sale/search/export_found_sales.sql")
            .replace("{named_stone_columns}", &names.join(", "))
            .replace("{order}", &order.sql())
            .replace("{options}", format.options());
        let has_details = include_str!("../../sql/queries/sale/has_details.sql");
        let has_details: bool =
            query_row(&self.connection, "look for details of sales", has_details, [], |row| row.get("has_details"))?;
        let sql = filter.fill(&sql, has_details).replace("{path}", &sql_path(&path));
        self.connection.execute_batch(&sql).map_err(StoreError::database("export sales"))?;
        Ok(path)
    }
}
