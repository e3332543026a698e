//! A file as a table of text: records of cells, each with its line, whatever it is stored in.

use std::fs::File;
use std::io::{BufReader, Cursor, Read, Seek, SeekFrom};
use std::path::Path;
use std::sync::Arc;

use calamine::{Data, Range, Reader, open_workbook_auto_from_rs};
use encoding_rs::{Encoding, UTF_8};
use serde_json::{Map, Value};
use tempfile::NamedTempFile;

use super::json_rows::for_each_object;
use super::lines::{self, LineDress};
use super::unpacking::{Packing, Unpacked, unpack};
use super::{ReadingError, encoding};

/// Signs that may part the cells of a line.
const DELIMITERS: [u8; 4] = [b',', b';', b'\t', b'|'];
/// Records at the beginning among which the header must be.
pub const START_RECORDS: usize = 40;
/// Bytes at the beginning that are looked at to find the delimiter.
const START_BYTES: u64 = 1 << 18;
/// Objects at the beginning of a JSON file whose keys are its columns.
const OBJECTS_WITH_KEYS: usize = 10_000;
/// Most bytes of a workbook: it is read as a whole.
const MAX_WORKBOOK_BYTES: u64 = 256 << 20;
/// Most cells of a sheet.
const MAX_CELLS: usize = 30_000_000;
/// The first bytes of an old Excel file.
const OLD_EXCEL: &[u8] = &[0xd0, 0xcf, 0x11, 0xe0];
/// The first bytes of a Parquet file.
const PARQUET: &[u8] = b"PAR1";

/// A record of a table.
#[derive(Debug, Clone, Copy)]
pub struct Record<'a> {
    /// The line at which it begins, from 1; of objects in JSON their number.
    pub line: u64,
    /// Its cells.
    pub cells: &'a [&'a str],
    /// Its text, if it is one.
    pub raw: Option<&'a str>,
}

impl Record<'_> {
    /// The record as it is in the file, or else its cells.
    #[must_use]
    pub fn text(&self) -> String {
        self.raw.map_or_else(|| self.cells.join(", "), str::to_owned)
    }
}

/// Receives records one by one.
pub type RecordSink<'a> = dyn FnMut(&Record<'_>) -> Result<(), ReadingError> + 'a;

/// A file of records.
pub struct Table {
    source: Source,
    /// What had to be done to read it, for people.
    pub notes: Vec<String>,
}

enum Source {
    /// Lines of cells.
    Lines { content: Content, encoding: &'static Encoding, dress: LineDress },
    /// A sheet of an office file.
    Sheet(Box<Range<Data>>),
    /// Objects, and the keys that are their columns.
    Objects { content: Content, encoding: &'static Encoding, keys: Vec<String> },
}

/// A file that is read from its beginning again and again.
enum Content {
    Given(File),
    Unpacked(NamedTempFile),
}

impl Content {
    fn reopen(&self) -> std::io::Result<File> {
        let mut file = match self {
            Self::Given(file) => file.try_clone()?,
            Self::Unpacked(file) => file.reopen()?,
        };
        file.seek(SeekFrom::Start(0))?;
        Ok(file)
    }
}

impl Table {
    /// The table in `file`; `None` for Parquet, which has columns of its own. What is unpacked goes to `folder`.
    ///
    /// # Errors
    /// If there is no table in it that can be read.
    pub fn open(file: File, folder: &Path) -> Result<Option<Self>, ReadingError> {
        Self::open_any(file, folder, true)
    }

    /// As [`Table::open`], but `None` for workbooks too, which must be held in memory as a whole.
    ///
    /// # Errors
    /// If there is no table in it that can be read.
    pub fn open_text(file: File, folder: &Path) -> Result<Option<Self>, ReadingError> {
        Self::open_any(file, folder, false)
    }

    fn open_any(file: File, folder: &Path, takes_workbooks: bool) -> Result<Option<Self>, ReadingError> {
        let workbook = |content: &Content, notes| {
            if takes_workbooks { Self::of_workbook(content, notes).map(Some) } else { Ok(None) }
        };
        let mut notes = Vec::new();
        let mut content = Content::Given(file);
        let mut start = beginning(&content)?;
        if let Some(packing) = Packing::of(&start) {
            match unpack(content.reopen()?, packing, folder)? {
                Unpacked::Workbook => return workbook(&content, notes),
                Unpacked::Content(unpacked, told) => {
                    notes.push(told);
                    content = Content::Unpacked(unpacked);
                    start = beginning(&content)?;
                }
            }
        }
        if start.starts_with(OLD_EXCEL) || Packing::of(&start) == Some(Packing::Zip) {
            return workbook(&content, notes);
        }
        if start.starts_with(PARQUET) {
            return Ok(None);
        }
        let encoding = encoding::detect(&mut content.reopen()?)?;
        if encoding != UTF_8 {
            notes.push(format!("its characters are read as {}", encoding.name()));
        }
        let mut start = Vec::new();
        encoding::decoded(content.reopen()?, encoding)?.take(START_BYTES).read_to_end(&mut start)?;
        let text = String::from_utf8_lossy(&start);
        Self::of_text(content, encoding, &text, notes).map(Some)
    }

    fn of_text(
        content: Content,
        encoding: &'static Encoding,
        start: &str,
        mut notes: Vec<String>,
    ) -> Result<Self, ReadingError> {
        let first = start.trim_start();
        if first.is_empty() {
            return Err(ReadingError::new("the file is empty: it needs a header line and one line for each sale"));
        }
        if first.contains('\0') {
            return Err(ReadingError::new(
                "the file is not text, nor a workbook or another kind that is known here: save the table as CSV or xlsx",
            ));
        }
        if first.starts_with(['{', '[']) {
            let mut table = Self { source: Source::Objects { content, encoding, keys: Vec::new() }, notes };
            let keys = table.find_keys()?;
            let Source::Objects { keys: found, .. } = &mut table.source else { return Ok(table) };
            *found = keys;
            return Ok(table);
        }
        let announced = first.lines().next().and_then(separator_of);
        let line_end = if start.contains('\n') { b'\n' } else { b'\r' };
        let delimiter = announced.unwrap_or_else(|| likeliest_delimiter(start, line_end));
        if delimiter != b',' {
            let name = if delimiter == b'\t' { "tabs".to_owned() } else { format!("{:?}", char::from(delimiter)) };
            notes.push(format!("its cells are parted by {name}"));
        }
        let dress = LineDress { delimiter, line_end };
        Ok(Self { source: Source::Lines { content, encoding, dress }, notes })
    }

    fn of_workbook(content: &Content, mut notes: Vec<String>) -> Result<Self, ReadingError> {
        let unreadable = |error: calamine::Error| {
            ReadingError::new(format!(
                "the workbook cannot be read ({error}): open it in a spreadsheet, and save the sheet as xlsx or CSV"
            ))
        };
        let file = content.reopen()?;
        if file.metadata()?.len() > MAX_WORKBOOK_BYTES {
            return Err(ReadingError::new("the workbook is too large to be read at once: save the sheet as CSV"));
        }
        let mut bytes = Vec::new();
        BufReader::new(file).read_to_end(&mut bytes)?;
        let bytes: Arc<[u8]> = bytes.into();
        let mut workbook = open_workbook_auto_from_rs(Cursor::new(bytes)).map_err(unreadable)?;
        let names = workbook.sheet_names();
        let mut found: Option<(usize, String, Range<Data>)> = None;
        for name in &names {
            let sheet = workbook.worksheet_range(name).map_err(unreadable)?;
            if sheet.get_size().0 * sheet.get_size().1 > MAX_CELLS {
                return Err(ReadingError::new(format!(
                    "the sheet {name} is too large to be read at once: save it as CSV"
                )));
            }
            let records: Vec<Vec<String>> =
                sheet.rows().take(START_RECORDS).map(|row| row.iter().map(text_of_cell).collect()).collect();
            let fit = records.iter().map(|cells| super::header::fit_of(cells)).max().unwrap_or_default();
            if found.as_ref().is_none_or(|(best, ..)| fit > *best) {
                found = Some((fit, name.clone(), sheet));
            }
        }
        let Some((_, name, sheet)) = found else {
            return Err(ReadingError::new("the workbook has no sheet"));
        };
        if names.len() > 1 {
            notes.push(format!("of its {} sheets, {name} is read", names.len()));
        }
        Ok(Self { source: Source::Sheet(Box::new(sheet)), notes })
    }

    /// The keys of the first objects, in the order in which they come.
    fn find_keys(&self) -> Result<Vec<String>, ReadingError> {
        let Source::Objects { content, encoding, .. } = &self.source else { return Ok(Vec::new()) };
        let mut keys: Vec<String> = Vec::new();
        let mut seen = 0;
        let read = for_each_object(BufReader::new(encoding::decoded(content.reopen()?, encoding)?), &mut |object| {
            for key in object.keys() {
                if !keys.contains(key) {
                    keys.push(key.clone());
                }
            }
            seen += 1;
            if seen < OBJECTS_WITH_KEYS { Ok(()) } else { Err(ReadingError::enough()) }
        });
        match read {
            Err(error) if !error.is_enough() => Err(error),
            _ if keys.is_empty() => Err(ReadingError::new("the JSON has no objects: write one for each sale")),
            _ => Ok(keys),
        }
    }

    /// Passes every record to `sink`, in their order; an empty line is none. Of JSON the first record has the keys.
    ///
    /// # Errors
    /// If the file cannot be read, or what `sink` returns.
    pub fn for_each_record(&self, sink: &mut RecordSink<'_>) -> Result<(), ReadingError> {
        let read = match &self.source {
            Source::Lines { content, encoding, dress } => {
                let reader = encoding::decoded(content.reopen()?, encoding)?;
                lines::for_each_record(reader, *dress, sink)
            }
            Source::Sheet(sheet) => {
                let first = u64::from(sheet.start().map_or(0, |(row, _)| row)) + 1;
                for (line, row) in (first..).zip(sheet.rows()) {
                    let cells: Vec<String> = row.iter().map(text_of_cell).collect();
                    let cells: Vec<&str> = cells.iter().map(String::as_str).collect();
                    if cells.iter().any(|cell| !cell.trim().is_empty()) {
                        sink(&Record { line, cells: &cells, raw: None })?;
                    }
                }
                Ok(())
            }
            Source::Objects { content, encoding, keys } => {
                let names: Vec<&str> = keys.iter().map(String::as_str).collect();
                sink(&Record { line: 0, cells: &names, raw: None })?;
                let mut number = 0;
                for_each_object(BufReader::new(encoding::decoded(content.reopen()?, encoding)?), &mut |object| {
                    number += 1;
                    let cells: Vec<String> = keys.iter().map(|key| text_of_value(&object, key)).collect();
                    let cells: Vec<&str> = cells.iter().map(String::as_str).collect();
                    sink(&Record { line: number, cells: &cells, raw: Some(&Value::Object(object).to_string()) })
                })
            }
        };
        match read {
            Err(error) if error.is_enough() => Ok(()),
            other => other,
        }
    }

    /// The first records.
    ///
    /// # Errors
    /// If the file cannot be read.
    pub fn start(&self) -> Result<Vec<(u64, Vec<String>)>, ReadingError> {
        let mut records = Vec::new();
        self.for_each_record(&mut |record| {
            records.push((record.line, record.cells.iter().map(|cell| (*cell).to_owned()).collect()));
            if records.len() < START_RECORDS { Ok(()) } else { Err(ReadingError::enough()) }
        })?;
        Ok(records)
    }
}

fn beginning(content: &Content) -> std::io::Result<Vec<u8>> {
    let mut start = Vec::new();
    content.reopen()?.take(8).read_to_end(&mut start)?;
    Ok(start)
}

/// The delimiter that a first line such as `sep=;` announces.
fn separator_of(line: &str) -> Option<u8> {
    match line.trim_start_matches('\u{feff}').strip_prefix("sep=")?.as_bytes() {
        [sign] => Some(*sign),
        _ => None,
    }
}

/// The delimiter by which the beginning of a file has the best header, and among such the most cells.
fn likeliest_delimiter(start: &str, line_end: u8) -> u8 {
    let fit = |delimiter: u8| {
        let mut best = (0, 0);
        let mut seen = 0;
        // what is odd in the beginning is told when the file is read
        let _ = lines::for_each_record(start.as_bytes(), LineDress { delimiter, line_end }, &mut |record| {
            best = best.max((super::header::fit_of(record.cells), record.cells.len()));
            seen += 1;
            if seen < START_RECORDS { Ok(()) } else { Err(ReadingError::enough()) }
        });
        best
    };
    // of equal ones the first counts
    DELIMITERS.into_iter().rev().max_by_key(|delimiter| fit(*delimiter)).unwrap_or(b',')
}

/// A cell as text; what Excel keeps of a number beyond the digits that it shows is left out.
fn text_of_cell(cell: &Data) -> String {
    match cell {
        Data::Empty | Data::Error(_) => String::new(),
        Data::Float(number) => {
            let rounded: f64 = format!("{number:.12e}").parse().unwrap_or(*number);
            format!("{rounded}")
        }
        Data::DateTime(time) => {
            let (year, month, day, ..) = time.to_ymd_hms_milli();
            format!("{year:04}-{month:02}-{day:02}")
        }
        other => other.to_string(),
    }
}

fn text_of_value(object: &Map<String, Value>, key: &str) -> String {
    match object.get(key) {
        None | Some(Value::Null | Value::Array(_) | Value::Object(_)) => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    }
}
