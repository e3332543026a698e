//! One parcel: its stones with their prices, and what they come to.

use askama::Template;
use jiff::tz::TimeZone;
use serde_json::{Value, json};

use crate::pricing::ParcelTotal;
use crate::pricing::stone_files::ADDED;
use crate::server::pages::desk::read_margin;
use crate::server::pages::filters;
use crate::server::pages::local;
use crate::store::{ParcelRecord, ParcelRow};
use crate::words::marked;

#[derive(Template)]
#[template(path = "parcel.html")]
pub struct ParcelPage {
    parcel: ParcelRecord,
    time: String,
    rows: Vec<ParcelRow>,
    total: ParcelTotal,
    /// What the rows are in the order of, with `-` before it if the largest comes first.
    sort: String,
    /// The margin as it was typed.
    margin: String,
    margin_error: Option<String>,
    /// The share of the lower end that is paid at most.
    paid_share: Option<f64>,
}

/// What rows can be in the order of, with the headings of its columns.
const ORDERS: [(&str, &str); 4] =
    [("line", marked("Line")), ("carat", marked("Stone")), ("price", marked("Price")), ("low", marked("Nine in ten"))];

impl ParcelPage {
    /// The page of `parcel`, whose rows are shown in the order that `sort` names, for a buyer with `margin` percent.
    pub fn new(parcel: ParcelRecord, mut rows: Vec<ParcelRow>, sort: &str, margin: String, zone: &TimeZone) -> Self {
        let priced = rows.iter().filter_map(|row| Some((row.carat?, row.price_usd?, row.range_usd)));
        let total = ParcelTotal::of(priced);
        let (order, is_descending) = sort.strip_prefix('-').map_or((sort, false), |order| (order, true));
        let order = ORDERS.iter().map(|(name, _)| *name).find(|name| *name == order).unwrap_or("line");
        #[expect(clippy::cast_precision_loss, reason = "a parcel has some thousand lines")]
        let key = |row: &ParcelRow| match order {
            "carat" => row.carat,
            "price" => row.price_usd,
            "low" => row.range_usd.map(|range| range[0]),
            _ => Some(row.line as f64),
        };
        // rows without a value stand at the end, whatever the order
        rows.sort_by(|one, other| match (key(one), key(other)) {
            (Some(one), Some(other)) if is_descending => other.total_cmp(&one),
            (Some(one), Some(other)) => one.total_cmp(&other),
            (one, other) => other.is_some().cmp(&one.is_some()),
        });
        let (percent, margin_error) = read_margin(&margin);
        Self {
            time: local(parcel.time, zone),
            sort: if is_descending { format!("-{order}") } else { order.to_owned() },
            margin_error,
            paid_share: percent.map(|percent| 1.0 - percent / 100.0),
            margin,
            parcel,
            rows,
            total,
        }
    }

    /// Heading, address and direction of each column that can be sorted by.
    fn headings(&self) -> Vec<(&'static str, String, Option<&'static str>)> {
        let heading = |(name, label): (&'static str, &'static str)| {
            let direction = match self.sort.strip_prefix('-') {
                Some(order) if order == name => Some("descending"),
                None if self.sort == name => Some("ascending"),
                _ => None,
            };
            let next = if direction == Some("ascending") { format!("-{name}") } else { name.to_owned() };
            (label, format!("/parcels/{}?sort={next}", self.parcel.number), direction)
        };
        ORDERS.into_iter().map(heading).collect()
    }

    /// What is paid at most for something that fetches `range` nine times in ten.
    fn limit(&self, range: Option<[f64; 2]>) -> Option<f64> {
        Some(range?[0] * self.paid_share?)
    }

    /// The address of the desk with the stone of a row.
    fn address(row: &ParcelRow) -> Option<String> {
        let mut query = form_urlencoded::Serializer::new(String::new());
        Some(format!("/?{}", query.append_pair("stone", row.stone.as_ref()?).finish()))
    }
}

/// What a download adds to the cells of a row: see [`ADDED`].
pub fn added_values(row: &ParcelRow, model: i64) -> [Value; ADDED.len()] {
    let said: Vec<&str> = row.problem.iter().chain(&row.warnings).map(String::as_str).collect();
    [
        json!(row.price_usd),
        json!(row.range_usd.map(|range| range[0])),
        json!(row.range_usd.map(|range| range[1])),
        row.prediction.map_or(Value::Null, |_| json!(model)),
        row.prediction.map_or(Value::Null, |id| json!(id.to_string())),
        json!(said.join("; ")),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(sort: &str, margin: &str) -> ParcelPage {
        let row = |line: i64, carat: f64, price: Option<f64>| ParcelRow {
            line,
            carat: Some(carat),
            price_usd: price,
            range_usd: price.map(|price| [price * 0.8, price * 1.2]),
            ..ParcelRow::default()
        };
        let rows = vec![row(2, 0.5, Some(900.0)), row(3, 1.0, None), row(4, 0.7, Some(300.0))];
        let parcel = ParcelRecord {
            number: 1001,
            time: jiff::Timestamp::UNIX_EPOCH,
            made_by: "page".to_owned(),
            name: "spring".to_owned(),
            model: 1,
            header: Vec::new(),
            priced: 2,
            left: 1,
            total_usd: 1_200.0,
        };
        ParcelPage::new(parcel, rows, sort, margin.to_owned(), &TimeZone::UTC)
    }

    #[test]
    fn rows_are_sorted_and_those_without_a_price_stand_at_the_end() {
        let lines = |sort: &str| page(sort, "").rows.iter().map(|row| row.line).collect::<Vec<_>>();
        assert_eq!(lines(""), [2, 3, 4]);
        assert_eq!(lines("price"), [4, 2, 3]);
        assert_eq!(lines("-price"), [2, 4, 3]);
        assert_eq!(lines("-carat"), [3, 4, 2]);
        assert_eq!(lines("nothing"), [2, 3, 4]);
        let headings = page("price", "").headings();
        assert_eq!(headings[2], ("Price", "/parcels/1001?sort=-price".to_owned(), Some("ascending")));
    }

    #[test]
    fn the_margin_comes_off_the_lower_end_of_each_stone_and_of_all() {
        let with = page("", "25 %");
        assert!((with.limit(with.rows[0].range_usd).expect("a limit") - 540.0).abs() < 1e-9);
        assert!(with.limit(with.total.range_usd).expect("a limit") > 0.75 * 960.0, "errors partly cancel");
        assert!(page("", "200").margin_error.is_some());
        assert_eq!(page("", "").limit(Some([1.0, 2.0])), None);
    }
}
