//! The same sales in every dress that people give them: whatever it is, they come back as they are.

use std::fmt::Write as _;
use std::io::Write as _;

use proptest::prelude::*;

use super::table::Table;
use super::{Purpose, ReadingOptions, ReadingPlan};
use crate::diamond::{FIELDS, FieldValues, Sale};
use crate::generator::Generator;

/// How a table is written.
#[derive(Debug, Clone)]
#[expect(clippy::struct_excessive_bools, reason = "each is a habit of its own")]
struct Dress {
    delimiter: char,
    decimal: char,
    thousands: &'static str,
    currency: (&'static str, &'static str),
    percent: bool,
    per_carat: bool,
    measurements: Option<char>,
    names: usize,
    title: bool,
    header_again: bool,
    row_names: bool,
    crlf: bool,
    encoding: &'static str,
    packed: bool,
    grades: bool,
    missing: &'static str,
}

fn dress() -> impl Strategy<Value = Dress> {
    let marks = prop_oneof![
        Just((',', '.', "")),
        Just((';', ',', "")),
        Just(('\t', ',', ".")),
        Just((';', '.', ",")),
        Just(('|', '.', "'")),
        Just((';', ',', " ")),
        Just(('\t', '.', ",")),
    ];
    let currency = prop_oneof![Just(("", "")), Just(("$", "")), Just(("", " USD")), Just(("US$ ", ""))];
    let flags = any::<[bool; 7]>();
    let encoding = prop_oneof![Just("utf-8"), Just("bom"), Just("utf-16le"), Just("windows-1252")];
    let measurements = prop_oneof![Just(None), Just(Some('x')), Just(Some('*'))];
    let missing = prop_oneof![Just(""), Just("NA"), Just("-")];
    (marks, currency, flags, encoding, measurements, 0_usize..4, missing, any::<bool>()).prop_map(
        |((delimiter, decimal, thousands), currency, flags, encoding, measurements, names, missing, grades)| {
            let [percent, per_carat, title, header_again, row_names, crlf, packed] = flags;
            Dress {
                delimiter,
                decimal,
                thousands,
                currency,
                percent,
                per_carat,
                measurements,
                names,
                title,
                header_again,
                row_names,
                crlf,
                encoding,
                packed,
                grades,
                missing,
            }
        },
    )
}

impl Dress {
    fn number(&self, value: f64, is_money: bool) -> String {
        let text = format!("{value}");
        let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
        let mut written = String::new();
        for (place, digit) in whole.chars().enumerate() {
            if is_money && place > 0 && (whole.len() - place).is_multiple_of(3) {
                written.push_str(self.thousands);
            }
            written.push(digit);
        }
        if !fraction.is_empty() {
            let _ = write!(written, "{}{fraction}", self.decimal);
        }
        written
    }

    fn grade(&self, field: usize, rank: f64) -> String {
        let name = FIELDS[field].grade_name(rank).expect("a grade");
        match (self.grades, name) {
            (true, "Ideal") => "EX".to_owned(),
            (true, "Very Good") => "V.Good".to_owned(),
            (true, "IF") => "FL".to_owned(),
            (true, "VVS1") => "VVS 1".to_owned(),
            (true, other) => other.to_lowercase(),
            (false, other) => other.to_owned(),
        }
    }

    fn header(&self) -> Vec<&'static str> {
        let names: [&str; 10] = [
            ["carat", "Carat Weight", "weight", "Carat (ct)"][self.names],
            ["cut", "Cut Grade", "CUT", "Make"][self.names],
            ["color", "Colour", "COLOR", "Color Grade"][self.names],
            ["clarity", "Purity", "CLARITY", "Clarity Grade"][self.names],
            ["depth", "Depth %", "DEPTH", "Total Depth"][self.names],
            ["table", "Table %", "TABLE", "Table (%)"][self.names],
            ["x", "Length", "X", "x (mm)"][self.names],
            ["y", "Width", "Y", "y (mm)"][self.names],
            ["z", "Height", "Z", "z (mm)"][self.names],
            if self.per_carat {
                "Price per carat"
            } else {
                ["price", "Total Price", "PRICE", "Sale price (USD)"][self.names]
            },
        ];
        let mut header = Vec::new();
        if self.row_names {
            header.push("");
        }
        header.extend(&names[..6]);
        match self.measurements {
            Some(_) => header.push("Measurements"),
            None => header.extend(&names[6..9]),
        }
        header.push(names[9]);
        header.push("Comment");
        header
    }

    fn cells(&self, number: usize, values: &FieldValues, price: f64) -> Vec<String> {
        let value =
            |place: usize| values[place].map(|value| self.number(value, false)).unwrap_or(self.missing.to_owned());
        let percent = |place: usize| match (self.percent, values[place]) {
            (true, Some(_)) => format!("{} %", value(place)),
            _ => value(place),
        };
        let mut cells = Vec::new();
        if self.row_names {
            cells.push(number.to_string());
        }
        cells.push(value(0));
        cells.extend((1..4).map(|place| self.grade(place, values[place].expect("a grade"))));
        cells.extend([percent(4), percent(5)]);
        match self.measurements {
            Some(sign) => cells.push(format!("{}-{}{sign}{}", value(6), value(7), value(8))),
            None => cells.extend((6..9).map(value)),
        }
        cells.push(format!("{}{}{}", self.currency.0, self.number(price, true), self.currency.1));
        cells.push(format!("schön {number}"));
        cells
    }

    fn write(&self, sales: &[(FieldValues, f64)]) -> Vec<u8> {
        let line_end = if self.crlf { "\r\n" } else { "\n" };
        let join = |cells: Vec<String>| {
            let quoted =
                cells.into_iter().map(|cell| if cell.contains(self.delimiter) { format!("\"{cell}\"") } else { cell });
            quoted.collect::<Vec<_>>().join(&self.delimiter.to_string())
        };
        let header = || join(self.header().into_iter().map(str::to_owned).collect());
        let mut lines = Vec::new();
        if self.title {
            lines.extend(["Inventory of the shop".to_owned(), String::new()]);
        }
        lines.push(header());
        for (number, (values, price)) in sales.iter().enumerate() {
            if self.header_again && number == sales.len() / 2 {
                lines.push(header());
            }
            lines.push(join(self.cells(number, values, *price)));
        }
        let text = lines.join(line_end) + line_end;
        let bytes = match self.encoding {
            "bom" => [b"\xef\xbb\xbf", text.as_bytes()].concat(),
            "utf-16le" => [0xff, 0xfe].into_iter().chain(text.encode_utf16().flat_map(u16::to_le_bytes)).collect(),
            "windows-1252" => encoding_rs::WINDOWS_1252.encode(&text).0.into_owned(),
            _ => text.into_bytes(),
        };
        if !self.packed {
            return bytes;
        }
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(&bytes).and_then(|()| encoder.finish()).expect("memory takes all")
    }
}

/// What is read from `bytes`: the values and price of each row.
fn read(bytes: &[u8]) -> Vec<(FieldValues, Option<f64>)> {
    let folder = tempfile::tempdir().expect("a folder");
    let mut file = tempfile::tempfile_in(folder.path()).expect("a file");
    file.write_all(bytes).expect("written");
    let table = Table::open(file, folder.path()).expect("a table").expect("not Parquet");
    let plan =
        ReadingPlan::new(&table, &ReadingOptions::default(), Purpose::Sales { price_level: None }).expect("a plan");
    let mut rows = Vec::new();
    plan.for_each_row(&table, &mut |row, record| {
        assert_eq!(row.problem, None, "{record:?}");
        rows.push((row.values, row.price_usd));
        Ok(())
    })
    .expect("readable");
    rows
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn the_same_sales_come_back_from_every_dress(dress in dress(), seed in 0_u64..1_000, without_table in any::<bool>()) {
        let made: Vec<Sale> = Generator::new(seed).take(40).collect();
        let sales: Vec<(FieldValues, f64)> = made
            .iter()
            .map(|sale| {
                let mut values = sale.stone.values();
                if without_table {
                    values[5] = None;
                }
                let price = if dress.per_carat { (sale.price_usd / sale.stone.weight_carat).round() } else { sale.price_usd };
                (values, price)
            })
            .collect();
        let found = read(&dress.write(&sales));
        prop_assert_eq!(found.len(), sales.len());
        for ((found, found_price), (values, price)) in found.iter().zip(&sales) {
            let expected = if dress.per_carat { (price * values[0].expect("a weight") * 100.0).round() / 100.0 } else { *price };
            prop_assert_eq!(*found_price, Some(expected));
            prop_assert_eq!(found, values);
        }
    }
}
