//! Lines of cells (RFC 4180, with any delimiter): a quoted cell may hold delimiters, doubled quotes and line breaks.
//!
//! A quote that is never closed would swallow what follows: where it does not end within some lines, or the record that it makes is
//! not as long as the others, the line is read alone, and the quote as a sign like any other.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Read};

use csv_core::{ReadRecordResult, Reader, ReaderBuilder};

use super::ReadingError;
use super::table::{Record, RecordSink};

/// Lines that one record may have.
const MAX_LINES: usize = 60;
/// Longest record over several lines, in bytes.
const MAX_RECORD_BYTES: usize = 1 << 20;
/// Longest line, in bytes: beyond, it is no table.
const MAX_LINE_BYTES: u64 = 16 << 20;

/// What parts lines and cells.
#[derive(Debug, Clone, Copy)]
pub struct LineDress {
    pub delimiter: u8,
    pub line_end: u8,
}

/// Splits a text into cells.
struct Splitter {
    reader: Reader,
    output: Vec<u8>,
    ends: Vec<usize>,
    /// How many cells the last text had.
    count: usize,
}

impl Splitter {
    fn new(dress: LineDress, quoting: bool) -> Self {
        let reader = ReaderBuilder::new()
            .delimiter(dress.delimiter)
            .terminator(csv_core::Terminator::Any(dress.line_end))
            .quoting(quoting)
            .build();
        Self { reader, output: vec![0; 1 << 12], ends: vec![0; 64], count: 0 }
    }

    /// Splits `text`, which ends with the end of a line; `false` if a quote is open at its end.
    fn split(&mut self, text: &[u8]) -> bool {
        self.reader.reset();
        let (mut read, mut written, mut cells) = (0, 0, 0);
        loop {
            let (result, taken, put, ended) =
                self.reader.read_record(&text[read..], &mut self.output[written..], &mut self.ends[cells..]);
            (read, written, cells) = (read + taken, written + put, cells + ended);
            match result {
                ReadRecordResult::OutputFull => self.output.resize(self.output.len() * 2, 0),
                ReadRecordResult::OutputEndsFull => self.ends.resize(self.ends.len() * 2, 0),
                ReadRecordResult::Record => {
                    self.count = cells;
                    return true;
                }
                ReadRecordResult::InputEmpty | ReadRecordResult::End => {
                    self.count = cells;
                    return false;
                }
            }
        }
    }

    fn cells(&self) -> Vec<&str> {
        let mut from = 0;
        self.ends[..self.count]
            .iter()
            .map(|end| {
                let cell = std::str::from_utf8(&self.output[from..*end]).unwrap_or_default();
                from = *end;
                cell
            })
            .collect()
    }
}

/// Lines, of which some may come again.
struct Lines<R> {
    reader: BufReader<R>,
    line_end: u8,
    again: VecDeque<Vec<u8>>,
}

impl<R: Read> Lines<R> {
    /// The next line with its end; the last one gets an end if it has none.
    fn next(&mut self) -> Result<Option<Vec<u8>>, ReadingError> {
        if let Some(line) = self.again.pop_front() {
            return Ok(Some(line));
        }
        let mut line = Vec::new();
        self.reader.by_ref().take(MAX_LINE_BYTES).read_until(self.line_end, &mut line)?;
        match line.last() {
            None => return Ok(None),
            Some(last) if *last == self.line_end => {}
            Some(_) if line.len() as u64 == MAX_LINE_BYTES => {
                return Err(ReadingError::new("it has a line of more than 16 MB: it is no table"));
            }
            Some(_) => line.push(self.line_end),
        }
        Ok(Some(line))
    }
}

/// Passes every record of `reader`, which is UTF-8, to `sink`; lines of white space and of delimiters alone are none, and neither is a
/// first line such as `sep=;`.
///
/// # Errors
/// If it cannot be read, or what `sink` returns.
pub fn for_each_record(reader: impl Read, dress: LineDress, sink: &mut RecordSink<'_>) -> Result<(), ReadingError> {
    let mut lines =
        Lines { reader: BufReader::with_capacity(1 << 18, reader), line_end: dress.line_end, again: VecDeque::new() };
    let (mut splitter, mut plain) = (Splitter::new(dress, true), Splitter::new(dress, false));
    // how many records there were of each number of cells
    let mut lengths: Vec<(usize, u64)> = Vec::new();
    let mut number = 0;
    while let Some(first) = lines.next()? {
        number += 1;
        if number == 1 && first.starts_with(b"sep=") {
            continue;
        }
        if first.iter().all(u8::is_ascii_whitespace) {
            continue;
        }
        let mut text = first;
        let mut more = 0;
        let mut is_quoted = splitter.split(&text);
        if !is_quoted {
            let length = text.len();
            let mut ends = vec![length];
            is_quoted = loop {
                if more == MAX_LINES || text.len() > MAX_RECORD_BYTES {
                    break false;
                }
                let Some(next) = lines.next()? else { break false };
                text.extend(&next);
                ends.push(text.len());
                more += 1;
                if splitter.split(&text) {
                    let usual = lengths.iter().max_by_key(|(_, times)| *times);
                    break usual.is_none_or(|(length, _)| *length == splitter.count);
                }
            };
            if !is_quoted {
                for pair in ends.windows(2).rev() {
                    lines.again.push_front(text[pair[0]..pair[1]].to_owned());
                }
                text.truncate(length);
                more = 0;
                plain.split(&text);
            }
        }
        let cells = if is_quoted { splitter.cells() } else { plain.cells() };
        if cells.iter().any(|cell| !cell.trim().is_empty()) {
            match lengths.iter_mut().find(|(length, _)| *length == cells.len()) {
                Some((_, times)) => *times += 1,
                None => lengths.push((cells.len(), 1)),
            }
            let raw = std::str::from_utf8(&text).unwrap_or_default();
            sink(&Record { line: number, cells: &cells, raw: Some(raw.trim_end_matches(['\n', '\r'])) })?;
        }
        number += more as u64;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn records(text: &str) -> Vec<(u64, Vec<String>)> {
        let mut found = Vec::new();
        for_each_record(text.as_bytes(), LineDress { delimiter: b',', line_end: b'\n' }, &mut |record| {
            found.push((record.line, record.cells.iter().map(|cell| cell.trim_end().to_owned()).collect()));
            Ok(())
        })
        .expect("readable");
        found
    }

    #[test]
    fn a_quote_spans_lines_only_if_it_makes_a_record_like_the_others() {
        let text = "a,b\r\n1,\"two\r\nlines, \"\"quoted\"\"\"\r\n\r\n3,\"open\r\n4,four\r\n5,5";
        let expected: [(u64, [&str; 2]); 5] = [
            (1, ["a", "b"]),
            (2, ["1", "two\r\nlines, \"quoted\""]),
            (5, ["3", "\"open"]),
            (6, ["4", "four"]),
            (7, ["5", "5"]),
        ];
        let expected: Vec<(u64, Vec<String>)> =
            expected.iter().map(|(line, cells)| (*line, cells.map(str::to_owned).to_vec())).collect();
        assert_eq!(records(text), expected);
    }

    #[test]
    fn a_quote_that_is_never_closed_costs_no_line_however_many_follow() {
        let text: String =
            std::iter::once("a,\"open\n".to_owned()).chain((2..200).map(|line| format!("{line},b\n"))).collect();
        let found = records(&text);
        assert_eq!(found.len(), 199);
        assert!(found.iter().zip(1..).all(|((line, _), expected)| *line == expected));
        // nor is much read again and again for it
        let long = format!("a,\"{}\n2,b\n3,c\n", "x".repeat(MAX_RECORD_BYTES));
        assert_eq!(records(&long).len(), 3);
    }

    #[test]
    fn lines_without_cells_are_none_and_lines_are_counted() {
        assert_eq!(records("sep=,\n,,\n \nx\n"), [(4, vec!["x".to_owned()])]);
        let wide = vec!["1"; 500].join(",");
        assert_eq!(records(&wide)[0].1.len(), 500);
    }
}
