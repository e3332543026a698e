//! A look at all of a file, before it is decided how it is read.

use super::ReadingError;
use super::header::find_header;
use super::profile::ColumnProfile;
use super::scale::{SAMPLE, median};
use super::table::Table;
use super::target::plain_name;
use crate::diamond::number::{Marks, is_missing};

/// What was seen of a file.
pub(super) struct Survey {
    pub header_line: u64,
    pub header: Vec<String>,
    pub profiles: Vec<ColumnProfile>,
    /// The first records.
    pub sample: Vec<Vec<String>>,
    /// How often the header comes again.
    pub headers_again: u64,
    /// Lines of totals.
    pub totals: u64,
}

impl Survey {
    pub fn of(table: &Table) -> Result<Self, ReadingError> {
        let start = table.start()?;
        let place = find_header(&start)?;
        let (header_line, header) = &start[place];
        let header_line = *header_line;
        let mut header: Vec<String> = header.iter().map(|name| name.trim().to_owned()).collect();
        let lengths: Vec<usize> = start[place + 1..].iter().map(|(_, cells)| cells.len()).collect();
        if !lengths.is_empty() && lengths.iter().all(|length| *length == header.len() + 1) {
            // rows have a name, and its column has none
            header.insert(0, String::new());
        }
        let mut survey = Self {
            header_line,
            profiles: header.iter().map(|_| ColumnProfile::default()).collect(),
            header,
            sample: Vec::new(),
            headers_again: 0,
            totals: 0,
        };
        table.for_each_record(&mut |record| {
            let cells = record.cells;
            if record.line <= header_line || is_ruler(cells) {
                return Ok(());
            }
            if is_header_again(&survey.header, cells) {
                survey.headers_again += 1;
            } else if is_total(cells) {
                survey.totals += 1;
            } else {
                for (profile, cell) in survey.profiles.iter_mut().zip(cells) {
                    profile.add(cell);
                }
                if survey.sample.len() < SAMPLE {
                    survey.sample.push(cells.iter().map(|cell| (*cell).to_owned()).collect());
                }
            }
            Ok(())
        })?;
        if survey.sample.is_empty() {
            return Err(ReadingError::new("the file has no sales, only a header: add one line for each sale"));
        }
        Ok(survey)
    }

    pub fn cell(&self, record: usize, place: usize) -> &str {
        self.sample[record].get(place).map_or("", |cell| cell.trim())
    }

    /// The median of the numbers in a column, read with `marks`.
    pub fn median(&self, place: usize, marks: Marks) -> Option<f64> {
        median((0..self.sample.len()).filter_map(|record| marks.read(self.cell(record, place))).collect())
    }

    pub fn headers(&self) -> String {
        self.header.iter().filter(|name| !name.trim().is_empty()).map(String::as_str).collect::<Vec<_>>().join(", ")
    }
}

/// Whether a record has nothing but lines and signs for nothing, as under a header.
pub(super) fn is_ruler(cells: &[&str]) -> bool {
    cells.iter().all(|cell| cell.bytes().all(|byte| matches!(byte, b'-' | b'=' | b'_' | b'+' | b':' | b' ' | b'\r')))
}

/// Whether a record only adds others up: it begins with such a word, and most of it is empty.
pub(super) fn is_total(cells: &[&str]) -> bool {
    let mut filled = cells.iter().map(|cell| cell.trim()).filter(|cell| !is_missing(cell));
    let begins = filled.next().is_some_and(|first| {
        let word = plain_name(first);
        [
            "total",
            "totals",
            "grand total",
            "subtotal",
            "sub total",
            "sum",
            "average",
            "totale",
            "summe",
            "gesamt",
            "somme",
        ]
        .contains(&word.as_str())
    });
    begins && filled.count() * 2 < cells.len()
}

/// Whether a record is the header again, as in files that were put together.
pub(super) fn is_header_again(header: &[String], cells: &[&str]) -> bool {
    let same = |(name, cell): (&String, &&str)| name.trim().eq_ignore_ascii_case(cell.trim());
    cells.len() >= header.len() && header.iter().zip(cells).all(same)
}
