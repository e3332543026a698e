//! A file to be ingested: its bytes, its kind, and the places of its columns.

mod checked_sale;
mod csv_lines;
mod json_lines;
mod parquet_rows;

use std::io::Read;
use std::path::Path;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::StoreError;
use crate::diamond::{FIELD_COUNT, FIELDS};

pub(super) use checked_sale::CheckedSale;
pub(super) use parquet_rows::for_each_parquet_row;

/// Columns of a file of sales: the fields of a stone and the price.
pub(super) const COLUMN_COUNT: usize = FIELD_COUNT + 1;
/// Name of the column that holds the price.
const PRICE: &str = "price";
/// Characters that may separate the fields of a CSV file.
const DELIMITERS: [u8; 4] = [b',', b';', b'\t', b'|'];
/// The first bytes of a Parquet file.
const PARQUET_MAGIC: &[u8] = b"PAR1";

/// Names of the columns of a file of sales: those of [`FIELDS`], then the price.
pub(super) fn column_names() -> [&'static str; COLUMN_COUNT] {
    std::array::from_fn(|place| FIELDS.get(place).map_or(PRICE, |field| field.name))
}

/// Those of [`column_names`] that a file must have and this one does not.
pub(super) fn missing_columns(has: impl Fn(&str) -> bool) -> Vec<&'static str> {
    let required = FIELDS.iter().filter(|field| field.required_in_sales).map(|field| field.name);
    required.chain([PRICE]).filter(|name| !has(name)).collect()
}

/// A file to be ingested, in memory.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Upload {
    pub(super) name: String,
    #[serde(with = "serde_bytes")]
    pub(super) bytes: Vec<u8>,
}

/// The kind of a file, found from its content, and what is needed to read its rows.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Layout {
    /// Lines of fields under a header.
    Csv(CsvLayout),
    /// One JSON object on each line.
    JsonLines,
    /// Apache Parquet.
    Parquet,
}

/// The layout of a CSV file.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct CsvLayout {
    /// The byte between two fields.
    pub delimiter: u8,
    /// The byte at the end of a line.
    pub line_end: u8,
    /// Line of the header, from 1.
    pub header_line: usize,
    /// How many fields the header has.
    pub field_count: usize,
    /// Places of [`column_names`] in the header, from 0; `None` for a column that is neither there nor required.
    pub places: [Option<usize>; COLUMN_COUNT],
}

/// A row of a file.
pub(super) struct UploadRow<'a> {
    /// Its line, from 1; in a Parquet file its row.
    pub line: i64,
    /// The row as it is in the file.
    pub raw: &'a dyn Fn() -> String,
    /// Its fields in the order of [`column_names`], `None` where one is missing; or the defect of the row as a whole.
    pub fields: Result<[Option<&'a str>; COLUMN_COUNT], &'static str>,
}

/// Receives the rows of a file one by one.
pub(super) type RowSink<'a> = dyn FnMut(UploadRow<'_>) -> Result<(), StoreError> + 'a;

impl Upload {
    /// Reads the file at `path`; `-` is standard input.
    ///
    /// # Errors
    /// If it cannot be read.
    pub fn read(path: &Path) -> Result<Self, StoreError> {
        let name = path.display().to_string();
        let bytes = if name == "-" {
            let mut bytes = Vec::new();
            std::io::stdin().lock().read_to_end(&mut bytes).map(|_| bytes)
        } else {
            std::fs::read(path)
        };
        match bytes {
            Ok(bytes) => Ok(Self { name, bytes }),
            Err(source) => Err(StoreError::Read { name, source }),
        }
    }

    /// A file with this name and content.
    pub fn from_bytes(name: impl Into<String>, bytes: Vec<u8>) -> Self {
        Self { name: name.into(), bytes }
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its content.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// SHA-256 of the content, in hexadecimal.
    pub(super) fn content_sha256(&self) -> String {
        use std::fmt::Write;

        Sha256::digest(&self.bytes).iter().fold(String::new(), |mut hex, byte| {
            // writing to a string cannot fail
            let _ = write!(hex, "{byte:02x}");
            hex
        })
    }

    /// Finds out what kind of file it is.
    ///
    /// # Errors
    /// If it cannot be ingested, with the line and the remedy.
    pub(super) fn layout(&self) -> Result<Layout, StoreError> {
        if self.bytes.starts_with(PARQUET_MAGIC) {
            return Ok(Layout::Parquet);
        }
        let text = self.text()?;
        let line_end = if text.contains('\n') { b'\n' } else { b'\r' };
        let first_line = text.split(char::from(line_end)).enumerate().find(|(_, line)| !line.trim().is_empty());
        let Some((index, line)) = first_line else {
            return Err(self.bad("the file is empty: it needs a header line and one line for each sale"));
        };
        if line.trim_start().starts_with('{') {
            return Ok(Layout::JsonLines);
        }
        if line.trim_start().starts_with('[') {
            return Err(self.bad("the file is one JSON array: write one object a line (JSON lines)"));
        }
        self.csv_layout(index + 1, line, line_end).map(Layout::Csv)
    }

    /// Passes the rows of a text file to `sink`, in their order.
    ///
    /// # Errors
    /// What `sink` returns.
    pub(super) fn for_each_text_row(&self, layout: &Layout, sink: &mut RowSink<'_>) -> Result<(), StoreError> {
        match layout {
            Layout::Csv(layout) => csv_lines::for_each_row(self.text()?, layout, sink),
            Layout::JsonLines => json_lines::for_each_row(self.text()?, sink),
            Layout::Parquet => Ok(()),
        }
    }

    /// How many rows the file has, and how many of them cannot be sales. It works without a database, and so not for Parquet,
    /// whose rows are not counted.
    ///
    /// # Errors
    /// If the file cannot be ingested.
    pub fn count_rows(&self) -> Result<(i64, i64), StoreError> {
        let (mut rows, mut defects) = (0, 0);
        self.for_each_text_row(&self.layout()?, &mut |row| {
            rows += 1;
            let is_sale = row.fields.is_ok_and(|fields| CheckedSale::read(&fields).is_ok());
            defects += i64::from(!is_sale);
            Ok(())
        })?;
        Ok((rows, defects))
    }

    /// The content as text, without a byte order mark.
    fn text(&self) -> Result<&str, StoreError> {
        let bytes = self.bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&self.bytes);
        if bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff") {
            return Err(self.bad("the file is encoded as UTF-16: save it as UTF-8"));
        }
        std::str::from_utf8(bytes).map_err(|error| {
            let line_end = if bytes.contains(&b'\n') { b'\n' } else { b'\r' };
            let line = 1 + bytes[..error.valid_up_to()].split(|byte| *byte == line_end).skip(1).count();
            self.bad(format!("line {line} has a byte that is not UTF-8 text: save the file as CSV in UTF-8"))
        })
    }

    fn csv_layout(&self, header_line: usize, header: &str, line_end: u8) -> Result<CsvLayout, StoreError> {
        let names = column_names();
        let fields_with = |delimiter: u8| -> Vec<String> {
            let fields = csv_lines::split_line(header, delimiter);
            fields.into_iter().map(|field| field.trim().to_lowercase()).collect()
        };
        let known_in =
            |fields: &[String]| names.iter().filter(|name| fields.iter().any(|field| field == *name)).count();
        // of several that are equally good, the last counts: so the comma comes last
        let (delimiter, fields) = DELIMITERS
            .into_iter()
            .rev()
            .map(|delimiter| (delimiter, fields_with(delimiter)))
            .max_by_key(|(_, fields)| known_in(fields))
            .unwrap_or((b',', Vec::new()));
        let missing = missing_columns(|name| fields.iter().any(|field| field == name));
        if !missing.is_empty() {
            return Err(self.lacks_columns(&missing, Some((header_line, header))));
        }
        let mut places = [None; COLUMN_COUNT];
        for (place, name) in places.iter_mut().zip(names) {
            let mut found = fields.iter().enumerate().filter(|(_, field)| *field == name);
            *place = found.next().map(|(place, _)| place);
            if found.next().is_some() {
                return Err(self.bad(format!("line {header_line}: the column {name} occurs twice in the header")));
            }
        }
        Ok(CsvLayout { delimiter, line_end, header_line, field_count: fields.len(), places })
    }

    /// The error for a file without the columns `missing`; `header` is the header's line number and text, if any.
    pub(super) fn lacks_columns(&self, missing: &[&str], header: Option<(usize, &str)>) -> StoreError {
        const SHOWN: usize = 120;
        let plural = if missing.len() == 1 { "column" } else { "columns" };
        let found = header.map_or_else(String::new, |(line, text)| {
            let mut shown: String = text.chars().take(SHOWN).collect();
            if text.chars().count() > SHOWN {
                shown.push('…');
            }
            format!(" in its header (line {line}: {shown:?})")
        });
        self.bad(format!(
            "the file has no {plural} {}{found}: a file of sales has the columns {}, in any order",
            missing.join(", "),
            column_names().join(", ")
        ))
    }

    pub(super) fn bad(&self, problem: impl Into<String>) -> StoreError {
        StoreError::BadFile { name: self.name.clone(), problem: problem.into() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADER: &str = "carat,cut,color,clarity,depth,table,price,x,y,z";

    fn layout(text: &str) -> Result<Layout, String> {
        Upload::from_bytes("a.csv", text.as_bytes().to_vec()).layout().map_err(|error| error.to_string())
    }

    #[test]
    fn columns_are_found_in_any_order_and_case() {
        let shuffled = "\"id; old\";Price ;\"Cut\";color;clarity;carat;depth;table;x;y;z";
        let mut places = [None; COLUMN_COUNT];
        places[..9].copy_from_slice(&[5, 2, 3, 4, 6, 7, 8, 9, 10].map(Some));
        places[COLUMN_COUNT - 1] = Some(1);
        let expected = CsvLayout { delimiter: b';', line_end: b'\n', header_line: 2, field_count: 11, places };
        assert_eq!(layout(&format!("\n{shuffled}\n1;2\n")), Ok(Layout::Csv(expected)));
    }

    #[test]
    fn kinds_are_told_by_content() {
        assert_eq!(layout("PAR1…"), Ok(Layout::Parquet));
        assert_eq!(layout("\n {\"carat\": 1}\n"), Ok(Layout::JsonLines));
        assert!(matches!(layout(&format!("\u{feff}{HEADER}\n")), Ok(Layout::Csv(CsvLayout { delimiter: b',', .. }))));
        assert!(matches!(layout(&format!("{HEADER}\r1,2\r")), Ok(Layout::Csv(CsvLayout { header_line: 1, .. }))));
    }

    #[test]
    fn what_cannot_be_ingested_is_named_with_place_and_remedy() {
        let error = |text: &str| layout(text).expect_err(text);
        assert!(error("").contains("a.csv: the file is empty"));
        assert!(error(" \n\n").contains("is empty"));
        assert!(error("[{\"carat\": 1}]").contains("one object a line"));
        let missing = error("carat,cut,color,clarity,depth,table,x,y,z\n");
        assert!(missing.contains("no column price in its header (line 1:"), "{missing}");
        assert!(error("hello\nworld").contains("no columns carat, cut"));
        assert!(error(&format!("{HEADER},PRICE\n")).contains("column price occurs twice"));
        let upload = Upload::from_bytes("b.csv", b"carat\n1\n\xff\n".to_vec());
        assert!(upload.layout().expect_err("not UTF-8").to_string().contains("line 3 has a byte"));
        let upload = Upload::from_bytes("b.csv", b"carat\r1\r\xff\r".to_vec());
        assert!(upload.layout().expect_err("not UTF-8").to_string().contains("line 3 has a byte"));
        let upload = Upload::from_bytes("b.csv", b"\xff\xfec\0a\0".to_vec());
        assert!(upload.layout().expect_err("UTF-16").to_string().contains("UTF-16"));
    }
}
