//! A file that is to be ingested: its bytes, what kind it is, and where its columns are.

use std::io::{Read, Write};
use std::path::Path;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::StoreError;

/// The columns that a file of sales must have.
pub(super) const COLUMNS: [&str; 10] = ["carat", "cut", "color", "clarity", "depth", "table", "price", "x", "y", "z"];

/// Characters that may part the fields of a CSV file.
const DELIMITERS: [char; 4] = [',', ';', '\t', '|'];

/// A file to be ingested, whole.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Upload {
    pub(super) name: String,
    #[serde(with = "serde_bytes")]
    pub(super) bytes: Vec<u8>,
}

/// What kind of file it is, told by its content, and what is needed to lay it out.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Layout {
    /// Fields in lines under a header.
    Csv {
        delimiter: char,
        /// Line of the header, from 1.
        header_line: i64,
        field_count: i64,
        /// Places of [`COLUMNS`] in the header, from 1.
        places: [i64; 10],
    },
    /// One JSON object a line.
    JsonLines,
    /// Apache Parquet.
    Parquet,
}

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

    /// A file of that name and content.
    #[must_use]
    pub fn from_bytes(name: impl Into<String>, bytes: Vec<u8>) -> Self {
        Self { name: name.into(), bytes }
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its content.
    #[must_use]
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
    /// If it is none that can be ingested, with the line and what to do.
    pub(super) fn layout(&self) -> Result<Layout, StoreError> {
        if self.bytes.starts_with(b"PAR1") {
            return Ok(Layout::Parquet);
        }
        let text = self.text()?;
        let ends = if text.contains('\n') { '\n' } else { '\r' };
        let first_line = text.split(ends).enumerate().find(|(_, line)| !line.trim().is_empty());
        let Some((index, line)) = first_line else {
            return Err(self.bad("the file is empty: it needs a header line and one line a sale"));
        };
        if line.trim_start().starts_with('{') {
            return Ok(Layout::JsonLines);
        }
        if line.trim_start().starts_with('[') {
            return Err(self.bad("the file is one JSON array: write one object a line (JSON lines)"));
        }
        self.csv_layout(index, line)
    }

    /// The content without a mark of its encoding.
    fn content(&self) -> &[u8] {
        self.bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&self.bytes)
    }

    /// Writes the content for the engine to read, in lines that end with a line feed.
    pub(super) fn spool(&self, out: &mut impl Write) -> std::io::Result<()> {
        let content = self.content();
        if content.contains(&b'\n') || content.starts_with(b"PAR1") {
            return out.write_all(content);
        }
        // lines as old Macintosh programs end them
        let lines: Vec<u8> = content.iter().map(|byte| if *byte == b'\r' { b'\n' } else { *byte }).collect();
        out.write_all(&lines)
    }

    fn text(&self) -> Result<&str, StoreError> {
        let bytes = self.content();
        if bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff") {
            return Err(self.bad("the file is encoded as UTF-16: save it as UTF-8"));
        }
        std::str::from_utf8(bytes).map_err(|error| {
            let line = 1 + bytes[..error.valid_up_to()].split(|byte| *byte == b'\n').skip(1).count();
            self.bad(format!("line {line} holds a byte that is not UTF-8 text: save the file as CSV in UTF-8"))
        })
    }

    fn csv_layout(&self, index: usize, header: &str) -> Result<Layout, StoreError> {
        let fields_with = |delimiter: char| -> Vec<String> {
            split_outside_quotes(header, delimiter)
                .into_iter()
                .map(|field| field.trim().trim_matches('"').trim().to_lowercase())
                .collect()
        };
        let known_in =
            |fields: &[String]| COLUMNS.iter().filter(|name| fields.iter().any(|field| field == *name)).count();
        // of several as good, the last wins: so the comma comes last
        let (delimiter, fields) = DELIMITERS
            .into_iter()
            .rev()
            .map(|delimiter| (delimiter, fields_with(delimiter)))
            .max_by_key(|(_, fields)| known_in(fields))
            .unwrap_or((',', Vec::new()));
        let missing: Vec<&str> = COLUMNS.into_iter().filter(|name| !fields.iter().any(|field| field == name)).collect();
        if !missing.is_empty() {
            return Err(self.missing_columns(&missing, Some((index + 1, header))));
        }
        let mut places = [0; 10];
        for (place, name) in places.iter_mut().zip(COLUMNS) {
            let mut found = fields.iter().zip(1_i64..).filter(|(field, _)| *field == name);
            *place = found.next().map_or(0, |(_, place)| place);
            if found.next().is_some() {
                return Err(self.bad(format!("line {}: the column {name} occurs twice in the header", index + 1)));
            }
        }
        let as_count = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
        Ok(Layout::Csv { delimiter, header_line: as_count(index + 1), field_count: as_count(fields.len()), places })
    }

    /// The error for a file that lacks `missing`; `header` is its first line with its number, if it has one.
    pub(super) fn missing_columns(&self, missing: &[&str], header: Option<(usize, &str)>) -> StoreError {
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
            COLUMNS.join(", ")
        ))
    }

    pub(super) fn bad(&self, problem: impl Into<String>) -> StoreError {
        StoreError::BadFile { name: self.name.clone(), problem: problem.into() }
    }
}

/// The fields of a line; a delimiter between quotes is part of its field.
fn split_outside_quotes(line: &str, delimiter: char) -> Vec<&str> {
    let mut quoted = false;
    line.split(|character| {
        quoted ^= character == '"';
        character == delimiter && !quoted
    })
    .collect()
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
        let expected =
            Layout::Csv { delimiter: ';', header_line: 2, field_count: 11, places: [6, 3, 4, 5, 7, 8, 2, 9, 10, 11] };
        assert_eq!(layout(&format!("\n{shuffled}\n1;2\n")), Ok(expected));
    }

    #[test]
    fn kinds_are_told_by_content() {
        assert_eq!(layout("PAR1…"), Ok(Layout::Parquet));
        assert_eq!(layout("\n {\"carat\": 1}\n"), Ok(Layout::JsonLines));
        assert!(matches!(layout(&format!("\u{feff}{HEADER}\n")), Ok(Layout::Csv { delimiter: ',', .. })));
        assert!(matches!(layout(&format!("{HEADER}\r1,2\r")), Ok(Layout::Csv { header_line: 1, .. })));
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
        assert!(upload.layout().expect_err("not UTF-8").to_string().contains("line 3 holds a byte"));
        let upload = Upload::from_bytes("b.csv", b"\xff\xfec\0a\0".to_vec());
        assert!(upload.layout().expect_err("UTF-16").to_string().contains("UTF-16"));
    }
}
