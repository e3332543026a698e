//! Rows of a CSV file (RFC 4180): a quoted field may hold delimiters, doubled quotes and line breaks.
//!
//! Every line is reported with its number, also if it cannot be read.

use csv::{ReaderBuilder, StringRecord, Terminator};

use super::{CsvLayout, RowContent, RowSink, StoreError, UploadRow};

/// The defect of a line with a quoted field that extends over lines that do not belong to it.
const OPEN_QUOTE: &str = "a quoted field is not closed on its line";
const WRONG_FIELD_COUNT: &str = "the number of fields is not that of the header";

/// The fields of one line.
pub(super) fn split_line(line: &str, delimiter: u8) -> Vec<String> {
    let mut record = StringRecord::new();
    let mut reader = reader_over(line, delimiter, b'\n');
    match reader.read_record(&mut record) {
        Ok(true) => record.iter().map(str::to_owned).collect(),
        _ => Vec::new(),
    }
}

fn reader_over(text: &str, delimiter: u8, line_end: u8) -> csv::Reader<&[u8]> {
    ReaderBuilder::new()
        .delimiter(delimiter)
        .terminator(Terminator::Any(line_end))
        .has_headers(false)
        .flexible(true)
        .from_reader(text.as_bytes())
}

/// Longest record over several lines, in bytes: a quote that is open for longer was never meant to be.
const MAX_RECORD_BYTES: usize = 1 << 20;

/// Reads the rows of a file, piece by piece.
pub(super) struct CsvRows<'a> {
    layout: &'a CsvLayout,
    record: StringRecord,
    /// Line of the next record, from 1.
    line: i64,
    /// Lines that are still to be skipped, up to the header.
    skipped: usize,
}

impl<'a> CsvRows<'a> {
    pub fn new(layout: &'a CsvLayout) -> Self {
        Self { layout, record: StringRecord::new(), line: 1, skipped: layout.header_line }
    }

    /// Passes the rows in `text` to `sink`, and returns how many bytes of it are done: a record that goes on in the next piece
    /// is not. `text` ends with a line, or the file. A line of white space is not a row.
    pub fn read(&mut self, text: &str, is_last: bool, sink: &mut RowSink<'_>) -> Result<usize, StoreError> {
        let line_end = char::from(self.layout.line_end);
        let lines_in = |part: &str| i64::try_from(part.matches(line_end).count()).unwrap_or(i64::MAX);
        // offset of the next record; the reader skips blank lines before it
        let mut start: usize = text.split_inclusive(line_end).take(self.skipped).map(str::len).sum();
        self.skipped -= text[..start].split_inclusive(line_end).count();
        self.line += lines_in(&text[..start]);
        'reader: loop {
            let base = start;
            let mut reader = reader_over(&text[base..], self.layout.delimiter, self.layout.line_end);
            // the text is UTF-8 and records may differ in length, so reading does not fail
            while reader.read_record(&mut self.record).unwrap_or(false) {
                let record = &self.record;
                let end = base + usize::try_from(reader.position().byte()).unwrap_or(usize::MAX);
                let blank = text[start..end].len() - text[start..end].trim_start_matches([line_end, '\r']).len();
                let whole = &text[start + blank..end];
                let raw = whole.trim_end_matches([line_end, '\r']);
                let is_closed = !raw.contains('"') || has_closed_quotes(raw, char::from(self.layout.delimiter));
                if !is_last && !is_closed && end == text.len() && whole.len() < MAX_RECORD_BYTES {
                    return Ok(start);
                }
                self.line += lines_in(&text[start..start + blank]);
                let line = self.line;
                let has_all_fields = is_closed && record.len() == self.layout.field_count;
                if !has_all_fields && let Some((first_line, _)) = raw.split_once(line_end) {
                    // the open quote is on the first line: the lines below it are read again without it
                    let raw = first_line.trim_end_matches('\r');
                    sink(UploadRow { line, raw: &|| raw.to_owned(), content: RowContent::Defect(OPEN_QUOTE) })?;
                    start += blank + first_line.len() + 1;
                    self.line += 1;
                    continue 'reader;
                }
                if !raw.trim().is_empty() {
                    let content = if has_all_fields {
                        RowContent::Fields(self.layout.places.map(|place| record.get(place?)))
                    } else if is_closed {
                        RowContent::Defect(WRONG_FIELD_COUNT)
                    } else {
                        RowContent::Defect(OPEN_QUOTE)
                    };
                    sink(UploadRow { line, raw: &|| raw.to_owned(), content })?;
                }
                self.line += lines_in(whole);
                start = end;
            }
            self.line += lines_in(&text[start..]);
            return Ok(text.len());
        }
    }
}

/// Whether each quoted field of `record` ends correctly: its closing quote is before a delimiter or at the end. The
/// reader itself treats text after a closing quote as a part of the field.
fn has_closed_quotes(record: &str, delimiter: char) -> bool {
    let mut characters = record.chars().peekable();
    let mut is_field_start = true;
    while let Some(character) = characters.next() {
        if character == '"' && is_field_start {
            loop {
                match characters.next() {
                    None => return false,
                    Some('"') if characters.next_if_eq(&'"').is_none() => break,
                    Some(_) => {}
                }
            }
            if characters.peek().is_some_and(|next| *next != delimiter) {
                return false;
            }
        }
        is_field_start = character == delimiter;
    }
    true
}

#[cfg(test)]
mod tests {
    use super::super::COLUMN_COUNT;
    use super::*;

    /// Line, text and fields of each row; for a bad row, its defect.
    fn rows(text: &str) -> Vec<(i64, String, String)> {
        let whole = rows_in_pieces(text, |_| false);
        assert_eq!(rows_in_pieces(text, |_| true), whole, "in pieces of a line each");
        whole
    }

    fn rows_in_pieces(text: &str, piece_ends: impl Fn(&usize) -> bool) -> Vec<(i64, String, String)> {
        let mut places = [None; COLUMN_COUNT];
        places[..2].copy_from_slice(&[Some(0), Some(1)]);
        let layout = CsvLayout { delimiter: b',', line_end: b'\n', header_line: 1, field_count: 2, places };
        let mut found = Vec::new();
        let mut sink = |row: UploadRow<'_>| {
            let said = match row.content {
                RowContent::Fields([first, second, None, ..]) => {
                    format!("{}|{}", first.unwrap_or_default(), second.unwrap_or_default())
                }
                RowContent::Defect(defect) => defect.to_owned(),
                _ => "the file has no third column".to_owned(),
            };
            found.push((row.line, (row.raw)(), said));
            Ok(())
        };
        let mut csv = CsvRows::new(&layout);
        // what is left of a piece comes again with the next one
        let mut start = 0;
        for (place, _) in text.match_indices('\n').filter(|(place, _)| piece_ends(place)) {
            start += csv.read(&text[start..=place], false, &mut sink).expect("the sink takes all");
        }
        csv.read(&text[start..], true, &mut sink).expect("the sink takes all");
        found
    }

    fn row(line: i64, raw: &str, said: &str) -> (i64, String, String) {
        (line, raw.to_owned(), said.to_owned())
    }

    #[test]
    fn a_quoted_field_may_hold_delimiters_quotes_and_line_breaks() {
        assert_eq!(
            rows("a,b\r\n\r\n\"1,\n2\",\"say \"\"x\"\"\"\r\n3,4\r\n"),
            // the carriage return at the end of a line stays in the last field: code that reads fields trims them
            [row(3, "\"1,\n2\",\"say \"\"x\"\"\"", "1,\n2|say \"x\"\r"), row(5, "3,4", "3|4\r")]
        );
    }

    #[test]
    fn an_open_quote_costs_its_own_line_only() {
        assert_eq!(
            rows("a,b\n1,\"2\n3,4\n\n5,\"6\"\n7,\"8"),
            [row(2, "1,\"2", OPEN_QUOTE), row(3, "3,4", "3|4"), row(5, "5,\"6\"", "5|6"), row(6, "7,\"8", OPEN_QUOTE)]
        );
    }

    #[test]
    fn lines_with_too_few_or_too_many_fields_are_kept_apart() {
        assert_eq!(
            rows("a,b\n1\n  \n1,2,3\n1,2"),
            [row(2, "1", WRONG_FIELD_COUNT), row(4, "1,2,3", WRONG_FIELD_COUNT), row(5, "1,2", "1|2")]
        );
    }
}
