//! What somebody at the counter has entered.

use serde_json::{Value, json};

use super::buyer::BuyerFields;
use crate::diamond::{FIELDS, Field, FieldError, StoneDescription, read_line};
use crate::server::http::request_parts::last_text;

/// Most stones that are shown side by side.
pub const MOST_PINNED: usize = 4;

/// Everything that the form of the desk sends.
pub struct Entered {
    /// Name and text of each field of the stone that is not empty; fields of the line count as entered in their own.
    pub fields: Vec<(&'static str, String)>,
    /// The line for a whole stone, if it could not be read.
    pub line: String,
    /// What is wrong with it.
    pub line_error: Option<String>,
    /// The margin and the asking price.
    pub buyer: BuyerFields,
    /// The stones to compare with.
    pub pinned: Vec<StoneDescription>,
    /// Whether a customer looks on.
    pub is_for_customer: bool,
}

impl Entered {
    /// Reads what was sent. Unknown parameters are ignored: links and browsers may add them.
    pub fn read(pairs: &[(String, String)]) -> Self {
        let last = |name: &str| last_text(pairs, name);
        let line = last("stone").to_owned();
        let (told, line_error) = match read_line(&line) {
            Ok(told) => (told, None),
            Err(error) => (Vec::new(), Some(error)),
        };
        let fields = FIELDS.iter().filter_map(|field| {
            let of_line = told.iter().find(|(name, _)| *name == field.name).map(|(_, text)| text.as_str());
            let text = of_line.unwrap_or_else(|| last(field.name));
            (!text.is_empty()).then(|| (field.name, text.to_owned()))
        });
        let pinned = pairs
            .iter()
            .filter(|(name, _)| name == "pin")
            .filter_map(|(_, line)| StoneDescription::from_line(line).ok());
        Self {
            fields: fields.collect(),
            line: if line_error.is_some() { line } else { String::new() },
            line_error,
            buyer: BuyerFields::read(pairs.iter().map(|(name, text)| (name.as_str(), text.as_str()))),
            pinned: pinned.take(MOST_PINNED).collect(),
            is_for_customer: last("view") == "customer",
        }
    }

    /// Whether anything of a stone was entered.
    pub fn has_stone(&self) -> bool {
        !self.fields.is_empty() || self.line_error.is_some()
    }

    /// The stone, with a sentence on each value that was read as another than it is written.
    ///
    /// # Errors
    /// Every bad field at once.
    pub fn stone(&self) -> Result<(StoneDescription, Vec<String>), Vec<FieldError>> {
        if let Some(error) = &self.line_error {
            return Err(vec![FieldError::new("stone", error, self.line.as_str())]);
        }
        StoneDescription::read_text(self.fields.iter().map(|(name, text)| (*name, text.as_str())), &[])
    }

    /// The text of a field; empty if it was not entered.
    pub fn text(&self, field: &str) -> &str {
        self.fields.iter().find(|(name, _)| *name == field).map_or("", |(_, text)| text)
    }

    /// What the log keeps of it: the stone as it was entered. The margin and the asking price are the buyer's own.
    pub fn for_the_log(&self) -> String {
        let mut kept: serde_json::Map<String, Value> =
            self.fields.iter().map(|(name, text)| ((*name).to_owned(), json!(text))).collect();
        if self.line_error.is_some() {
            kept.insert("stone".to_owned(), json!(self.line));
        }
        Value::Object(kept).to_string()
    }
}

/// The address of the desk with a stone, those pinned to it, and the view.
#[must_use]
pub fn address(stone: &StoneDescription, pinned: &[StoneDescription], is_for_customer: bool) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    for (name, text) in stone_fields(stone) {
        query.append_pair(name, &text);
    }
    for stone in pinned {
        query.append_pair("pin", &crate::diamond::write_line(stone));
    }
    if is_for_customer {
        query.append_pair("view", "customer");
    }
    format!("/?{}", query.finish())
}

/// Name and text of each field that is told.
pub fn stone_fields(stone: &StoneDescription) -> Vec<(&'static str, String)> {
    let told = FIELDS.iter().zip(stone.values()).filter_map(|(field, value)| Some((field, value?)));
    told.map(|(field, value)| (field.name, text_of(field, value))).collect()
}

/// A value as a form takes it: without its unit.
fn text_of(field: &Field, value: f64) -> String {
    if field.is_number() { value.to_string() } else { field.grade_name(value).unwrap_or_default().to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diamond::{Clarity, Color, Cut};

    fn read(pairs: &[(&str, &str)]) -> Entered {
        let owned: Vec<_> = pairs.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect();
        Entered::read(&owned)
    }

    #[test]
    fn a_line_fills_the_fields_in_and_goes_before_them() {
        let entered = read(&[("stone", "1,02 ideal h si2"), ("carat", "2"), ("table", "57")]);
        let (stone, notes) = entered.stone().expect("a stone");
        assert_eq!((stone.carat, stone.color, stone.measurements.table), (1.02, Color::H, Some(57.0)));
        assert_eq!((entered.line.as_str(), notes.len()), ("", 1));
        let wrong = read(&[("stone", "1.02 idael"), ("carat", "2")]);
        assert_eq!(wrong.line, "1.02 idael");
        assert_eq!(wrong.stone().expect_err("a bad line")[0].field, "stone");
    }

    #[test]
    fn an_address_leads_back_to_the_stone_and_those_pinned() {
        let stone = StoneDescription::of_four_cs(1.02, Cut::VeryGood, Color::H, Clarity::SI2);
        let other = StoneDescription { carat: 0.5, ..stone };
        let address = address(&stone, &[other, stone], true);
        let pairs: Vec<_> = form_urlencoded::parse(address.trim_start_matches("/?").as_bytes()).into_owned().collect();
        let entered = Entered::read(&pairs);
        assert_eq!(entered.stone().expect("a stone").0, stone);
        assert_eq!((entered.pinned, entered.is_for_customer), (vec![other, stone], true));
    }

    #[test]
    fn the_log_keeps_nothing_of_the_buyer() {
        let kept = read(&[("carat", "1.02"), ("margin", "37"), ("asking", "4123")]).for_the_log();
        assert_eq!(kept, r#"{"carat":"1.02"}"#);
    }
}
