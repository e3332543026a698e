//! What a customer can say of a stone: the four Cs, and as many measurements as are at hand.
//!
//! One reader serves the JSON API, the query string, the page's form and the command line, so that all of them accept
//! the same stones and refuse the same mistakes in the same words.

use std::ops::RangeInclusive;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::{Clarity, Color, Cut, Grade};

/// Names of the measurements that may be left out.
pub const MEASUREMENTS: [&str; 5] = ["depth", "table", "x", "y", "z"];

/// What is taken for a weight, in carats: the largest cut diamond weighs 545 ct, the smallest that are graded 0.01 ct.
const CARATS: RangeInclusive<f64> = 0.001..=1_000.0;
/// What is taken for a length, in millimetres.
const MILLIMETRES: RangeInclusive<f64> = 0.01..=200.0;
/// What is taken for a proportion, in percent.
const PERCENT: RangeInclusive<f64> = 0.1..=100.0;
/// Unknown fields that are listed; one who sends more has mistaken the address, not a name.
const MAX_UNKNOWN_FIELDS: usize = 20;

/// One thing that is wrong with one field.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct FieldError {
    /// Name of the field.
    pub field: String,
    /// What is wrong and what to write instead.
    pub message: String,
    /// What was given; `null` if nothing was.
    pub value: Value,
}

/// A stone as described by somebody who may not have measured it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"carat": 1.1, "cut": "Ideal", "color": "H", "clarity": "SI2"}))]
pub struct StoneDescription {
    /// Weight in carats: 1 ct is 200 mg.
    #[schema(minimum = 0.001, maximum = 1000)]
    pub carat: f64,
    /// How well it is cut. Upper or lower case is all the same, here and in the other grades.
    pub cut: Cut,
    /// How colourless it is, from D, the best, to J.
    pub color: Color,
    /// How free of inclusions it is, from IF, the best, to I1.
    pub clarity: Clarity,
    /// Height as a share of the width, in percent: 200 · z / (x + y).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 0.1, maximum = 100)]
    pub depth: Option<f64>,
    /// Width of the flat top as a share of the whole width, in percent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 0.1, maximum = 100)]
    pub table: Option<f64>,
    /// Length in millimetres.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 0.01, maximum = 200)]
    pub x: Option<f64>,
    /// Width in millimetres.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 0.01, maximum = 200)]
    pub y: Option<f64>,
    /// Height in millimetres.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 0.01, maximum = 200)]
    pub z: Option<f64>,
}

impl StoneDescription {
    /// Reads a description from the fields of a JSON object. Fields named in `others` belong to somebody else and are
    /// passed over; any further field is an error. A `null` counts as left out.
    ///
    /// # Errors
    /// Every bad field at once.
    pub fn from_fields(fields: &Map<String, Value>, others: &[&str]) -> Result<Self, Vec<FieldError>> {
        let mut reader = FieldReader { fields, errors: Vec::new() };
        let carat = reader.number("carat", CARATS, Requirement::Required);
        let cut = reader.grade::<Cut>();
        let color = reader.grade::<Color>();
        let clarity = reader.grade::<Clarity>();
        let [depth, table, x, y, z] =
            [("depth", PERCENT), ("table", PERCENT), ("x", MILLIMETRES), ("y", MILLIMETRES), ("z", MILLIMETRES)]
                .map(|(name, range)| reader.number(name, range, Requirement::Optional));
        reader.refuse_unknown(others);
        let errors = reader.errors;
        match (carat, cut, color, clarity) {
            (Some(carat), Some(cut), Some(color), Some(clarity)) if errors.is_empty() => {
                Ok(Self { carat, cut, color, clarity, depth, table, x, y, z })
            }
            _ => Err(errors),
        }
    }

    /// Reads a description from pairs of text, as a query string, a form or a command line gives them. Empty text
    /// counts as left out.
    ///
    /// # Errors
    /// Every bad field at once.
    pub fn from_text<'a>(
        pairs: impl IntoIterator<Item = (&'a str, &'a str)>,
        others: &[&str],
    ) -> Result<Self, Vec<FieldError>> {
        let mut fields = Map::new();
        for (name, text) in pairs {
            let is_number = name == "carat" || MEASUREMENTS.contains(&name);
            let text = text.trim();
            let value = match text.parse::<f64>() {
                _ if text.is_empty() => continue,
                Ok(number) if is_number && number.is_finite() => Value::from(number),
                _ => Value::from(text),
            };
            fields.insert(name.to_owned(), value);
        }
        Self::from_fields(&fields, others)
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Requirement {
    Required,
    Optional,
}

struct FieldReader<'a> {
    fields: &'a Map<String, Value>,
    errors: Vec<FieldError>,
}

impl FieldReader<'_> {
    /// A number within `range`, all of which is above 0.
    fn number(&mut self, name: &str, range: RangeInclusive<f64>, need: Requirement) -> Option<f64> {
        let value = self.fields.get(name).filter(|value| !value.is_null());
        let Some(value) = value else {
            if need == Requirement::Required {
                self.blame(name, "is required".to_owned());
            }
            return None;
        };
        let text = value.as_str().unwrap_or_default().trim();
        let message = match value.as_f64() {
            Some(number) if range.contains(&number) => return Some(number),
            Some(number) if number <= 0.0 => "must be above 0".to_owned(),
            Some(number) if number < *range.start() => format!("must be at least {}", range.start()),
            Some(_) => format!("must be at most {}", range.end()),
            None if text.parse().is_ok_and(f64::is_finite) => "must be a number: write it without quotes".to_owned(),
            None if text.contains(',') => "must be a number: write it with a point, as in 1.1".to_owned(),
            None => "must be a number".to_owned(),
        };
        self.blame(name, message);
        None
    }

    fn grade<G: Grade + std::str::FromStr>(&mut self) -> Option<G> {
        let choices = || G::ALL.iter().rev().map(|grade| grade.name()).collect::<Vec<_>>().join(", ");
        let message = match self.fields.get(G::SCALE).filter(|value| !value.is_null()) {
            None => format!("is required: one of {}", choices()),
            Some(value) => match value.as_str().and_then(|text| text.parse().ok()) {
                Some(grade) => return Some(grade),
                None => format!("must be one of {}", choices()),
            },
        };
        self.blame(G::SCALE, message);
        None
    }

    fn refuse_unknown(&mut self, others: &[&str]) {
        const KNOWN: [&str; 4] = ["carat", "cut", "color", "clarity"];
        let is_known = |name: &str| KNOWN.contains(&name) || MEASUREMENTS.contains(&name) || others.contains(&name);
        let unknown = self.fields.keys().map(String::as_str).filter(|name| !is_known(name));
        for name in unknown.take(MAX_UNKNOWN_FIELDS) {
            let known: Vec<&str> = KNOWN.iter().chain(&MEASUREMENTS).chain(others).copied().collect();
            self.errors.push(FieldError {
                field: name.to_owned(),
                message: format!("is not a field here: the fields are {}", known.join(", ")),
                value: self.fields[name].clone(),
            });
        }
    }

    fn blame(&mut self, field: &str, message: String) {
        let value = self.fields.get(field).cloned().unwrap_or(Value::Null);
        self.errors.push(FieldError { field: field.to_owned(), message, value });
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(value: &Value) -> Result<StoneDescription, Vec<FieldError>> {
        StoneDescription::from_fields(value.as_object().expect("an object"), &[])
    }

    #[test]
    fn the_four_cs_are_enough() {
        let stone = read(&json!({"carat": 1.1, "cut": "ideal", "color": "h", "clarity": " si2 "})).expect("a stone");
        assert_eq!((stone.cut, stone.color, stone.clarity), (Cut::Ideal, Color::H, Clarity::SI2));
        assert_eq!(stone.depth, None);
    }

    #[test]
    fn every_bad_field_is_named_at_once() {
        let errors = read(&json!({"carat": 0, "cut": "Great", "clarity": 3, "x": "6.1", "y": -1, "colour": "H"}))
            .expect_err("nothing is right");
        let seen: Vec<(&str, &str)> =
            errors.iter().map(|error| (error.field.as_str(), error.message.as_str())).collect();
        assert_eq!(seen[0], ("carat", "must be above 0"));
        assert_eq!(seen[1], ("cut", "must be one of Ideal, Premium, Very Good, Good, Fair"));
        assert_eq!(seen[2], ("color", "is required: one of D, E, F, G, H, I, J"));
        assert_eq!(seen[3].0, "clarity");
        assert_eq!(seen[4], ("x", "must be a number: write it without quotes"));
        assert_eq!(seen[5], ("y", "must be above 0"));
        assert!(seen[6].0 == "colour" && seen[6].1.starts_with("is not a field here"));
    }

    #[test]
    fn text_and_json_read_the_same_stone() {
        let json = read(&json!({"carat": 1.1, "cut": "Ideal", "color": "H", "clarity": "SI2", "x": 6.61}));
        let pairs =
            [("carat", " 1.10 "), ("cut", "Ideal"), ("color", "H"), ("clarity", "SI2"), ("x", "6.61"), ("y", "")];
        assert_eq!(StoneDescription::from_text(pairs, &[]), json);
    }

    #[test]
    fn text_that_is_no_finite_number_is_refused() {
        for text in ["nan", "inf", "1,1", "one"] {
            let pairs = [("carat", text), ("cut", "Ideal"), ("color", "H"), ("clarity", "SI2")];
            let errors = StoneDescription::from_text(pairs, &[]).expect_err(text);
            assert_eq!(errors[0].field, "carat", "{text}");
        }
    }
}
