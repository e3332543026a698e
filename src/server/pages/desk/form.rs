//! The form of the desk: one field for each field of a stone, with what was entered and what is wrong with it.

use super::entered::Entered;
use crate::diamond::{FIELDS, Field, FieldError};
use crate::words::translate;

/// The form.
pub struct StoneForm {
    /// The line for a whole stone, as far as it could not be read.
    pub line: String,
    /// What is wrong with it.
    pub line_error: Option<String>,
    /// The numbers that every stone has.
    pub required: Vec<TextField>,
    /// The grades.
    pub scales: Vec<ScaleField>,
    /// The measures that may be unknown.
    pub measurements: Vec<TextField>,
    /// Whether any of them was entered.
    pub is_measured: bool,
}

/// A text field.
pub struct TextField {
    /// Its name.
    pub name: &'static str,
    /// Its name for people.
    pub label: String,
    /// Its unit.
    pub unit: &'static str,
    /// What was entered.
    pub value: String,
    /// What is wrong with it.
    pub error: Option<String>,
}

/// A scale of grades, of which one is chosen.
pub struct ScaleField {
    /// Its name.
    pub name: &'static str,
    /// Its name for people.
    pub label: &'static str,
    /// The grades, best first.
    pub choices: Vec<Choice>,
    /// What is wrong with what was entered.
    pub error: Option<String>,
}

/// A grade.
pub struct Choice {
    /// Its name.
    pub name: &'static str,
    /// What it means.
    pub meaning: &'static str,
    /// Whether it is the one that was chosen.
    pub chosen: bool,
}

impl StoneForm {
    /// The form with what was entered, and `errors` at their fields.
    pub fn new(entered: &Entered, errors: &[FieldError]) -> Self {
        let error = |name: &str| errors.iter().find(|error| error.field == name).map(|error| error.message.clone());
        let text_field = |field: &'static Field| TextField {
            name: field.name,
            // x, y and z: certificates show the letter next to the word
            label: if field.name.len() == 1 {
                format!("{} {}", translate(field.label), field.name)
            } else {
                translate(field.label).to_string()
            },
            unit: field.unit(),
            value: entered.text(field.name).to_owned(),
            error: error(field.name),
        };
        let (required, optional): (Vec<_>, Vec<_>) =
            FIELDS.iter().filter(|field| field.is_number()).partition(|field| field.required);
        let mut measurements: Vec<TextField> = optional.into_iter().map(text_field).collect();
        // lengths first, as on certificates
        measurements.sort_by_key(|field| field.unit != "mm");
        let scales = FIELDS.iter().filter(|field| !field.is_number());
        Self {
            line: entered.line.clone(),
            line_error: entered.line_error.clone(),
            required: required.into_iter().map(text_field).collect(),
            scales: scales.map(|field| scale_field(field, entered.text(field.name), error(field.name))).collect(),
            is_measured: measurements.iter().any(|field| !field.value.is_empty()),
            measurements,
        }
    }
}

fn scale_field(field: &'static Field, chosen: &str, error: Option<String>) -> ScaleField {
    let chosen = field.read_grade(chosen).rank().map(usize::from);
    let choices = field
        .grades()
        .iter()
        .enumerate()
        .rev()
        .map(|(rank, grade)| Choice { name: grade.name, meaning: grade.meaning, chosen: chosen == Some(rank) })
        .collect();
    ScaleField { name: field.name, label: field.label, choices, error }
}
