//! A file to be ingested: where it is, its kind, and the places of its columns. It is read piece by piece.

mod checked_sale;
mod csv_lines;
mod json_lines;
mod parquet_rows;
mod text_pieces;

use std::fs::File;
use std::io::{Cursor, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_bytes::ByteBuf;
use sha2::{Digest, Sha256};

use super::StoreError;
use super::converting::{open_aside, parquet_columns, parquet_to_csv};
use crate::diamond::{FIELD_COUNT, FIELDS, FieldValues};
use crate::reading::table::Table;
use crate::reading::{
    Purpose, ReadRow, ReadingError, ReadingOptions, ReadingPlan, SAMPLE, Scale, has_usual_proportions, is_known_name,
};

pub(super) use checked_sale::CheckedSale;
pub(super) use parquet_rows::for_each_parquet_row;
use text_pieces::for_each_piece;

/// Columns of a file of sales: the fields of a stone and the price.
pub(super) const COLUMN_COUNT: usize = FIELD_COUNT + 1;
/// Name of the column that holds the price.
const PRICE: &str = "price";
/// Characters that may separate the fields of a CSV file.
const DELIMITERS: [u8; 4] = [b',', b';', b'\t', b'|'];
/// The first bytes of a Parquet file.
const PARQUET_MAGIC: &[u8] = b"PAR1";
/// Bytes at the beginning of a file among which its header must be.
const START_BYTES: u64 = 1 << 20;
/// Bytes at the beginning of a file that tell whether it is in the standard form.
const SAMPLED_BYTES: u64 = 1 << 18;

/// Names of the columns of a file of sales: those of [`FIELDS`], then the price.
pub(super) fn column_names() -> [&'static str; COLUMN_COUNT] {
    std::array::from_fn(|place| FIELDS.get(place).map_or(PRICE, |field| field.name))
}

/// Those of [`column_names`] that a file must have and this one does not.
pub(super) fn missing_columns(has: impl Fn(&str) -> bool) -> Vec<&'static str> {
    let required = FIELDS.iter().filter(|field| field.required).map(|field| field.name);
    required.chain([PRICE]).filter(|name| !has(name)).collect()
}

/// A file to be ingested.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Upload {
    pub(super) name: String,
    content: UploadContent,
    /// What the user says of how it is to be read.
    #[serde(default)]
    pub options: ReadingOptions,
    /// The copy of what was not a regular file; it is removed with this value.
    #[serde(skip)]
    _copy: Option<Arc<tempfile::TempPath>>,
}

/// Where the content of a file is.
#[derive(Debug, Clone, Serialize, Deserialize)]
enum UploadContent {
    Bytes(ByteBuf),
    File(PathBuf),
}

/// The kind of a file, found from its content, and what is needed to read its rows.
pub(super) enum Layout {
    /// Lines of fields under a header.
    Csv(CsvLayout),
    /// One JSON object on each line.
    JsonLines,
    /// Apache Parquet.
    Parquet,
    /// Anything else that people have, and how it is read.
    Careful(Box<(Table, ReadingPlan)>),
}

/// What is added to the reason why a file is refused, if what was said of another may be to blame.
const RECALLED_AND_REFUSED: &str = ". It was read as you said of the last file with this header: say what holds for this one with --map, --decimal or --unit";

/// How a file is read.
pub(super) struct Prepared {
    pub layout: Layout,
    /// By which odd sales are told, if the layout does not tell them itself.
    pub scale: Option<Scale>,
}

/// What was said of files with a header.
type Recall<'a> = dyn Fn(&[String]) -> Result<Option<ReadingOptions>, StoreError> + 'a;

/// What is known of earlier files.
pub(super) struct Earlier<'a> {
    /// What was said of files with a header.
    pub recall: &'a Recall<'a>,
    /// The [`price_level`](crate::reading::price_level) of the sales so far.
    pub price_level: Option<f64>,
}

/// Nothing is known of earlier files.
const NOTHING: Earlier<'static> = Earlier { recall: &|_| Ok(None), price_level: None };

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
    /// What it has.
    pub content: RowContent<'a>,
}

/// What a row has.
pub(super) enum RowContent<'a> {
    /// Its fields in the order of [`column_names`], `None` where one is missing.
    Fields([Option<&'a str>; COLUMN_COUNT]),
    /// Values that are read already.
    Values(ReadRow),
    /// Nothing: the defect of the row as a whole.
    Defect(&'static str),
}

/// Receives the rows of a file one by one.
pub(super) type RowSink<'a> = dyn FnMut(UploadRow<'_>) -> Result<(), StoreError> + 'a;

impl Upload {
    /// The file at `path`; `-` is standard input. What is not a regular file is copied into a temporary one.
    ///
    /// # Errors
    /// If it cannot be read.
    pub fn read(path: &Path) -> Result<Self, StoreError> {
        let name = path.display().to_string();
        let found = if name == "-" { copy_of(&mut std::io::stdin().lock()) } else { Self::find(path) };
        match found {
            Ok((file, copy)) => Ok(Self {
                name,
                content: UploadContent::File(file),
                options: ReadingOptions::default(),
                _copy: copy.map(Arc::new),
            }),
            Err(source) => Err(StoreError::Read { name, source }),
        }
    }

    fn find(path: &Path) -> std::io::Result<(PathBuf, Option<tempfile::TempPath>)> {
        let mut file = File::open(path)?;
        if file.metadata()?.is_file() {
            // the file may be read by a process with another working directory
            return Ok((std::path::absolute(path)?, None));
        }
        copy_of(&mut file)
    }

    /// A file with this name and content.
    pub fn from_bytes(name: impl Into<String>, bytes: Vec<u8>) -> Self {
        Self {
            name: name.into(),
            content: UploadContent::Bytes(ByteBuf::from(bytes)),
            options: ReadingOptions::default(),
            _copy: None,
        }
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The path of its content, if it is not in memory.
    pub fn path(&self) -> Option<&Path> {
        match &self.content {
            UploadContent::Bytes(_) => None,
            UploadContent::File(path) => Some(path),
        }
    }

    /// The same upload, with a copy of its content in `folder`, where another process can read it; the copy is removed with the
    /// returned value.
    ///
    /// # Errors
    /// If the file cannot be copied.
    pub fn copied_to(&self, folder: &Path) -> Result<Self, StoreError> {
        Ok(Self { options: self.options.clone(), ..Self::copy_of(&self.name, &mut self.open()?, folder)? })
    }

    /// What `reader` has, copied to `folder` so that it stays as it is; the copy is removed with the returned value.
    ///
    /// # Errors
    /// If it cannot be copied.
    pub fn copy_of(name: &str, reader: &mut dyn Read, folder: &Path) -> Result<Self, StoreError> {
        let copy = tempfile::NamedTempFile::new_in(folder)
            .and_then(|mut copy| std::io::copy(reader, &mut copy).map(|_| copy.into_temp_path()))
            .map_err(|source| StoreError::Folder { path: folder.to_owned(), source })?;
        Ok(Self::of_temporary(name, copy))
    }

    /// The content of a temporary file, which is removed with the returned value.
    #[must_use]
    pub fn of_temporary(name: &str, file: tempfile::TempPath) -> Self {
        Self {
            name: name.to_owned(),
            content: UploadContent::File(file.to_path_buf()),
            options: ReadingOptions::default(),
            _copy: Some(Arc::new(file)),
        }
    }

    fn open_content(&self) -> std::io::Result<Box<dyn Read + '_>> {
        Ok(match &self.content {
            UploadContent::Bytes(bytes) => Box::new(Cursor::new(bytes.as_slice())),
            UploadContent::File(path) => Box::new(File::open(path)?),
        })
    }

    /// Opens its content for reading.
    ///
    /// # Errors
    /// If it cannot be opened.
    pub(super) fn open(&self) -> Result<Box<dyn Read + '_>, StoreError> {
        self.open_content().map_err(|source| self.unreadable(source))
    }

    /// SHA-256 of the content, in hexadecimal.
    pub(super) fn content_sha256(&self) -> Result<String, StoreError> {
        use std::fmt::Write;

        let mut file = self.open()?;
        let mut digest = Sha256::new();
        let mut buffer = vec![0; 1 << 20];
        loop {
            let read = file.read(&mut buffer).map_err(|source| self.unreadable(source))?;
            if read == 0 {
                break;
            }
            digest.update(&buffer[..read]);
        }
        Ok(digest.finalize().iter().fold(String::new(), |mut hex, byte| {
            // writing to a string cannot fail
            let _ = write!(hex, "{byte:02x}");
            hex
        }))
    }

    /// Finds out how it is to be read: in a plain way if it is in the standard form, else with care, for which `folder` may hold what is
    /// unpacked. If the user says nothing of it, what was said of an `earlier` file with the same header holds.
    ///
    /// # Errors
    /// If it cannot be ingested, with the line and the remedy.
    pub(super) fn prepare(&self, folder: &Path, earlier: &Earlier<'_>) -> Result<Prepared, StoreError> {
        if self.is_nothing_said() {
            match self.layout() {
                Ok(Layout::Parquet) => {
                    if let Some(scale) = self.parquet_scale(folder, earlier)? {
                        return Ok(Prepared {
                            layout: Layout::Parquet,
                            scale: Some(scale).filter(|_| !self.options.accept_odd),
                        });
                    }
                }
                Ok(layout @ (Layout::Csv(_) | Layout::JsonLines)) => {
                    if let Some(scale) = self.plain_scale(&layout, earlier.price_level)? {
                        return Ok(Prepared { layout, scale: Some(scale).filter(|_| !self.options.accept_odd) });
                    }
                }
                _ => {}
            }
        }
        Ok(Prepared { layout: self.careful_layout(folder, earlier)?, scale: None })
    }

    /// Whether the user says nothing of how its columns are to be read.
    fn is_nothing_said(&self) -> bool {
        ReadingOptions { accept_odd: false, ..self.options.clone() } == ReadingOptions::default()
    }

    /// The same upload where it has a path that DuckDB takes for no pattern, if need be as a copy in `folder`.
    fn located(&self, folder: &Path) -> Result<Self, StoreError> {
        let is_plain = |path: &Path| !path.to_string_lossy().contains(['*', '?', '[', '{']);
        if self.path().is_some_and(is_plain) { Ok(self.clone()) } else { self.copied_to(folder) }
    }

    /// The scale of its prices, if it is a Parquet file in the standard form, or one that cannot be read: that is told when its rows are.
    fn parquet_scale(&self, folder: &Path, earlier: &Earlier<'_>) -> Result<Option<Scale>, StoreError> {
        let located = self.located(folder)?;
        let Some(path) = located.path() else { return Ok(Some(Scale::default())) };
        let aside = open_aside(folder)?;
        let Ok(names) = parquet_columns(&aside, path) else { return Ok(Some(Scale::default())) };
        if !missing_columns(|wanted| names.iter().any(|name| name.eq_ignore_ascii_case(wanted))).is_empty() {
            return Ok(None);
        }
        let mut sample = StandardSample::default();
        for_each_parquet_row(&aside, self, path, Some(SAMPLE), &mut |row| {
            sample.add(&row);
            Ok(())
        })?;
        Ok(sample.scale(earlier.price_level, self.options.accept_odd))
    }

    /// Its content as a table of text, for which `folder` may hold what is unpacked or converted.
    ///
    /// # Errors
    /// If there is no table in it that can be read.
    pub fn table(&self, folder: &Path) -> Result<Table, StoreError> {
        let refused = |error: ReadingError| self.bad(error.to_string());
        let open = |path: &Path| File::open(path).map_err(|source| self.unreadable(source));
        let located = self.located(folder)?;
        let path = located.path().ok_or_else(|| self.bad("it has no path"))?;
        if let Some(table) = Table::open(open(path)?, folder).map_err(refused)? {
            return Ok(table);
        }
        // a Parquet file: its values become text, as those of any other table; the open file outlives its name
        let csv = tempfile::NamedTempFile::new_in(folder)
            .map_err(|source| StoreError::Folder { path: folder.to_owned(), source })?
            .into_temp_path();
        parquet_to_csv(path, &csv)?;
        Table::open(open(&csv)?, folder).map_err(refused)?.ok_or_else(|| self.bad("it is a Parquet file in another"))
    }

    /// The names of its columns, for which `folder` may hold what is unpacked or converted.
    ///
    /// # Errors
    /// If there is no table in it that can be read, or no line of it names columns.
    pub fn header(&self, folder: &Path) -> Result<Vec<String>, StoreError> {
        ReadingPlan::header_of(&self.table(folder)?).map_err(|error| self.bad(error.to_string()))
    }

    fn careful_layout(&self, folder: &Path, earlier: &Earlier<'_>) -> Result<Layout, StoreError> {
        let refused = |error: ReadingError| self.bad(error.to_string());
        let table = self.table(folder)?;
        let mut options = self.options.clone();
        let mut recalled = false;
        if self.is_nothing_said()
            && let Some(said) = (earlier.recall)(&ReadingPlan::header_of(&table).map_err(refused)?)?
        {
            options = ReadingOptions { accept_odd: options.accept_odd, ..said };
            recalled = true;
        }
        let purpose = Purpose::Sales { price_level: earlier.price_level };
        let mut plan = ReadingPlan::new(&table, &options, purpose).map_err(|error| {
            let why = if recalled { RECALLED_AND_REFUSED } else { "" };
            self.bad(format!("{error}{why}"))
        })?;
        if recalled {
            plan.report.notes.push("it is read as you said of the last file with this header".to_owned());
        }
        Ok(Layout::Careful(Box::new((table, plan))))
    }

    /// The scale of its prices, if the beginning of the file is in the standard form: columns by their own names alone, numbers with a
    /// decimal point, grades by their names, and in the usual units.
    fn plain_scale(&self, layout: &Layout, price_level: Option<f64>) -> Result<Option<Scale>, StoreError> {
        let mut start = Vec::new();
        self.open()?.take(SAMPLED_BYTES).read_to_end(&mut start).map_err(|source| self.unreadable(source))?;
        if start.len() as u64 == SAMPLED_BYTES {
            // the last line is cut
            let end = start.iter().rposition(|byte| matches!(byte, b'\n' | b'\r')).map_or(0, |place| place + 1);
            start.truncate(end);
        }
        if let Layout::Csv(CsvLayout { delimiter, header_line, line_end, .. }) = layout {
            let text = String::from_utf8_lossy(&start);
            let header = text.split(char::from(*line_end)).nth(header_line - 1).unwrap_or_default();
            let names = csv_lines::split_line(header, *delimiter);
            let is_other = |name: &String| {
                let own = name.trim().to_lowercase();
                !column_names().contains(&own.as_str()) && is_known_name(name)
            };
            if names.iter().any(is_other) {
                return Ok(None);
            }
        }
        let mut sample = StandardSample { is_json: matches!(layout, Layout::JsonLines), ..Default::default() };
        Self::from_bytes(self.name.clone(), start).for_each_text_row(layout, &mut |row| {
            sample.add(&row);
            Ok(())
        })?;
        Ok(sample.scale(price_level, self.options.accept_odd))
    }

    /// Finds out what kind of file it is, if it is in the standard form.
    ///
    /// # Errors
    /// If it is not.
    fn layout(&self) -> Result<Layout, StoreError> {
        let mut start = Vec::new();
        self.open()?.take(START_BYTES).read_to_end(&mut start).map_err(|source| self.unreadable(source))?;
        if start.starts_with(PARQUET_MAGIC) {
            return Ok(Layout::Parquet);
        }
        let start = start.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&start);
        if start.starts_with(b"\xff\xfe") || start.starts_with(b"\xfe\xff") {
            return Err(self.bad("the file is encoded as UTF-16: save it as UTF-8"));
        }
        let line_end = if start.contains(&b'\n') { b'\n' } else { b'\r' };
        let text = match std::str::from_utf8(start) {
            // the last character may be cut
            Err(error) if error.error_len().is_some() => {
                let line = 1 + memchr::memchr_iter(line_end, &start[..error.valid_up_to()]).count();
                return Err(self.not_utf8(line));
            }
            _ => String::from_utf8_lossy(start),
        };
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
    /// If the file cannot be read or is not UTF-8, or what `sink` returns.
    pub(super) fn for_each_text_row(&self, layout: &Layout, sink: &mut RowSink<'_>) -> Result<(), StoreError> {
        match layout {
            Layout::Csv(layout) => {
                let mut rows = csv_lines::CsvRows::new(layout);
                for_each_piece(self, layout.line_end, &mut |text, is_last| rows.read(text, is_last, sink))
            }
            Layout::JsonLines => {
                let mut line = 1;
                for_each_piece(self, b'\n', &mut |text, _| {
                    json_lines::for_each_row(text, &mut line, sink).map(|()| text.len())
                })
            }
            Layout::Careful(prepared) => {
                let (table, plan) = &**prepared;
                let mut failure = None;
                let read = plan.for_each_row(table, &mut |row, record| {
                    let line = i64::try_from(row.line).unwrap_or(i64::MAX);
                    let raw = || record.text();
                    sink(UploadRow { line, raw: &raw, content: RowContent::Values(row) }).map_err(|error| {
                        failure = Some(error);
                        ReadingError::interrupted()
                    })
                });
                match failure {
                    Some(error) => Err(error),
                    None => read.map_err(|error| self.bad(error.to_string())),
                }
            }
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
        self.for_each_text_row(&self.prepare(&std::env::temp_dir(), &NOTHING)?.layout, &mut |row| {
            rows += 1;
            let is_sale = match row.content {
                RowContent::Fields(fields) => CheckedSale::read(&fields).is_ok(),
                RowContent::Values(row) => {
                    row.problem.is_none() && CheckedSale::of_values(row.values, row.price_usd).is_ok()
                }
                RowContent::Defect(_) => false,
            };
            defects += i64::from(!is_sale);
            Ok(())
        })?;
        Ok((rows, defects))
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

    fn not_utf8(&self, line: usize) -> StoreError {
        self.bad(format!("line {line} has a byte that is not UTF-8 text: save the file as CSV in UTF-8"))
    }

    fn unreadable(&self, source: std::io::Error) -> StoreError {
        StoreError::Read { name: self.name.clone(), source }
    }

    pub(super) fn bad(&self, problem: impl Into<String>) -> StoreError {
        StoreError::BadFile { name: self.name.clone(), problem: problem.into() }
    }
}

/// The beginning of a file that may be in the standard form.
#[derive(Default)]
struct StandardSample {
    is_json: bool,
    sales: Vec<(FieldValues, Option<f64>)>,
    /// Whether a row needs a closer look.
    is_unclear: bool,
}

impl StandardSample {
    fn add(&mut self, row: &UploadRow<'_>) {
        match &row.content {
            RowContent::Fields(fields) => match CheckedSale::read(fields) {
                Ok(sale) if self.sales.len() < SAMPLE => self.sales.push((sale.values, Some(sale.price_usd))),
                Ok(_) => {}
                // what a number or a grade cannot be read from needs a closer look; a value that no stone has does not
                Err(defect) => self.is_unclear |= defect.is_unreadable || self.is_json,
            },
            // a line that is no object costs itself only
            _ => self.is_unclear |= !self.is_json,
        }
    }

    /// The scale of the prices; `None` if the file is not in the standard form.
    fn scale(self, price_level: Option<f64>, accepts_odd: bool) -> Option<Scale> {
        // fractions, or millimetres, as the careful way can tell
        if self.is_unclear || !has_usual_proportions(&self.sales) {
            return None;
        }
        // the careful way tells what is wrong
        Scale::of(&self.sales, price_level).ok().or_else(|| accepts_odd.then(Scale::default))
    }
}

/// A temporary file with everything that `reader` gives.
fn copy_of(reader: &mut dyn Read) -> std::io::Result<(PathBuf, Option<tempfile::TempPath>)> {
    let mut copy = tempfile::NamedTempFile::new()?;
    std::io::copy(reader, &mut copy)?;
    let copy = copy.into_temp_path();
    Ok((copy.to_path_buf(), Some(copy)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADER: &str = "carat,cut,color,clarity,depth,table,price,x,y,z";

    fn layout(text: &str) -> Result<Layout, String> {
        let upload = Upload::from_bytes("a.csv", text.as_bytes().to_vec());
        let prepared = upload.prepare(&std::env::temp_dir(), &NOTHING);
        prepared.map(|prepared| prepared.layout).map_err(|error| error.to_string())
    }

    #[test]
    fn columns_are_found_in_any_order_and_case() {
        let shuffled = "\"id; old\";Price ;\"Cut\";color;clarity;carat;depth;table;x;y;z";
        let mut places = [None; COLUMN_COUNT];
        places[..9].copy_from_slice(&[5, 2, 3, 4, 6, 7, 8, 9, 10].map(Some));
        places[COLUMN_COUNT - 1] = Some(1);
        let expected = CsvLayout { delimiter: b';', line_end: b'\n', header_line: 2, field_count: 11, places };
        let text = format!("\n{shuffled}\n7;4733;Ideal;H;SI2;1.1;62;55;6.61;6.65;4.11\n");
        assert!(matches!(layout(&text), Ok(Layout::Csv(found)) if found == expected));
    }

    #[test]
    fn kinds_are_told_by_content_and_what_is_not_in_the_standard_form_is_read_with_care() {
        const ROW: &str = "1.1,Ideal,H,SI2,62,55,4733,6.61,6.65,4.11";
        assert!(matches!(layout("PAR1…"), Ok(Layout::Parquet)));
        let json = "\n {\"carat\": 1.1, \"cut\": \"Ideal\", \"color\": \"H\", \"clarity\": \"SI2\", \"price\": 4733}\n";
        assert!(matches!(layout(json), Ok(Layout::JsonLines)));
        for plain in
            [format!("\u{feff}{HEADER}\n{ROW}\n"), format!("{HEADER}\r{ROW}\r"), format!("{HEADER}\n,,,,,,,,,0\n")]
        {
            assert!(matches!(layout(&plain), Ok(Layout::Csv(_))), "{plain}");
        }
        for careful in [
            format!("Stock as of today\n{HEADER}\n{ROW}\n"),
            format!("{HEADER},shape\n{ROW},Pear\n"),
            format!("{HEADER}\n{}\n", ROW.replace("4733", "\"4,733\"")),
            format!("{HEADER}\n{}\n", ROW.replace("Ideal", "EX")),
            format!("[{}]", json.trim()),
            json.to_uppercase(),
        ] {
            assert!(matches!(layout(&careful), Ok(Layout::Careful(_))), "{careful}");
        }
    }

    #[test]
    fn what_cannot_be_ingested_is_named_with_place_and_remedy() {
        let error = |text: &str| layout(text).err().unwrap_or_default();
        assert!(error("").contains("a.csv: the file is empty"));
        assert!(error(" \n\n").contains("is empty"));
        let missing = error("carat,cut,color,clarity,depth,table,x,y,z\n1.1,Ideal,H,SI2,62,55,6.61,6.65,4.11\n");
        assert!(missing.contains("no column price: its header, line 1, has carat, cut"), "{missing}");
        assert!(error("hello\nworld").contains("no line of it names columns such as carat"));
    }
}
