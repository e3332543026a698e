//! The real sales and what other libraries say of them. They lie outside the project; where they are absent, the tests
//! that need them say so and pass.

use std::path::{Path, PathBuf};

use diamonds::diamond::{Dimensions, Sale, StoneDescription};

use crate::skipping::skip;

/// The folder named by `DIAMONDS_SHARED`, or `../shared`; `None`, with a word on standard error, where there is none.
pub fn folder() -> Option<PathBuf> {
    let folder = std::env::var_os("DIAMONDS_SHARED")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared"), PathBuf::from);
    if folder.join("data").is_dir() {
        return Some(folder);
    }
    skip("no shared data");
    None
}

/// Path of the real sales.
pub fn real_csv(folder: &Path) -> PathBuf {
    folder.join("data/diamonds-5000.csv")
}

/// The real sales with their row numbers in the file (from 1), but for the rows that the notebook drops.
pub fn real_sales(folder: &Path) -> Vec<(usize, Sale)> {
    read_sales(&std::fs::read_to_string(real_csv(folder)).expect("the real sales"))
}

/// The sales in `text`, which has the columns of the challenge's file in its order, with their row numbers (from 1); without
/// those that have no price or no size.
pub fn read_sales(text: &str) -> Vec<(usize, Sale)> {
    let number = |text: &str| text.parse::<f64>().expect("a number");
    let mut sales = Vec::new();
    for (index, line) in text.lines().skip(1).enumerate() {
        let fields: Vec<&str> = line.split(',').collect();
        let sale = Sale {
            stone: StoneDescription::of_four_cs(
                number(fields[0]),
                fields[1].parse().expect("a cut"),
                fields[2].parse().expect("a color"),
                fields[3].parse().expect("a clarity"),
            )
            .with_dimensions(Dimensions {
                depth_percent: number(fields[4]),
                table_percent: number(fields[5]),
                x_mm: number(fields[7]),
                y_mm: number(fields[8]),
                z_mm: number(fields[9]),
            }),
            price_usd: number(fields[6]),
            sold_on: None,
        };
        let stone = sale.stone;
        if sale.price_usd > 0.0 && stone.x_mm * stone.y_mm * stone.z_mm > 0.0 {
            sales.push((index + 1, sale));
        }
    }
    sales
}

/// One row of the notebook's test set, and what the references say of it.
pub struct ReferenceRow {
    pub row: usize,
    pub price_usd: f64,
    pub linear_log_usd: f64,
    pub xgboost_log_usd: f64,
}

/// The notebook's 998 test rows, in its order.
pub fn reference_rows(folder: &Path) -> Vec<ReferenceRow> {
    let text = std::fs::read_to_string(folder.join("reference/notebook-test-rows.csv")).expect("the reference");
    let mut lines = text.lines();
    let header: Vec<&str> = lines.next().expect("a header").split(',').collect();
    let column = |name: &str| header.iter().position(|title| *title == name).expect("a column");
    let [row, price, linear, xgboost] = ["row", "price_usd", "linear_log_usd", "xgboost_log_usd"].map(column);
    lines
        .map(|line| {
            let fields: Vec<&str> = line.split(',').collect();
            let number = |index: usize| fields[index].parse::<f64>().expect("a number");
            ReferenceRow {
                row: fields[row].parse().expect("a row number"),
                price_usd: number(price),
                linear_log_usd: number(linear),
                xgboost_log_usd: number(xgboost),
            }
        })
        .collect()
}

/// The notebook's figures.
pub fn reference_metrics(folder: &Path) -> serde_json::Value {
    let text = std::fs::read_to_string(folder.join("reference/notebook-metrics.json")).expect("the reference");
    serde_json::from_str(&text).expect("JSON")
}

/// The notebook's split of the real sales: training sales, and test sales in the order of [`reference_rows`].
pub fn notebook_split(folder: &Path) -> (Vec<Sale>, Vec<Sale>) {
    let sales = real_sales(folder);
    let rows = reference_rows(folder);
    let test = rows
        .iter()
        .map(|reference| sales.iter().find(|(row, _)| *row == reference.row).expect("a test row is a sale").1)
        .collect();
    let is_test = |row: usize| rows.iter().any(|reference| reference.row == row);
    (sales.iter().filter(|(row, _)| !is_test(*row)).map(|(_, sale)| *sale).collect(), test)
}
