//! Rows of a file with one JSON object on each line.

use serde_json::{Map, Value};

use super::{RowContent, RowSink, StoreError, UploadRow, column_names};

const NO_OBJECT: &str = "the line is not a JSON object";

/// Passes each line of `text` to `sink`, and moves `line`, the number of the first one, past them; a line of white space is
/// not a row. Other members of the objects are ignored.
pub(super) fn for_each_row(text: &str, line: &mut i64, sink: &mut RowSink<'_>) -> Result<(), StoreError> {
    let names = column_names();
    for raw in text.split_terminator('\n') {
        let number = *line;
        *line += 1;
        let raw = raw.trim_end_matches('\r');
        if raw.trim().is_empty() {
            continue;
        }
        let object: Option<Map<String, Value>> = serde_json::from_str(raw).ok();
        let texts = object.as_ref().map(|object| names.map(|name| object.get(name).and_then(text_of)));
        let content = match &texts {
            Some(texts) => RowContent::Fields(texts.each_ref().map(Option::as_deref)),
            None => RowContent::Defect(NO_OBJECT),
        };
        sink(UploadRow { line: number, raw: &|| raw.to_owned(), content })?;
    }
    Ok(())
}

/// A value as text; `None` for null.
fn text_of(value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    }
}
