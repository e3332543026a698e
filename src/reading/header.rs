//! Where the header of a table is.

use super::ReadingError;
use super::target::{Target, targets_of_name};
use crate::diamond::FIELDS;

/// Targets that a header must have at least.
const LEAST_FIT: usize = 2;

/// How many targets the names in `cells` may be of.
#[must_use]
pub fn fit_of<C: AsRef<str>>(cells: &[C]) -> usize {
    let mut found: Vec<Target> = Vec::new();
    for cell in cells {
        let text = cell.as_ref();
        // a cell of a longer text is a remark, not a name
        if text.chars().count() > 40 {
            continue;
        }
        if let Some((target, _)) = targets_of_name(text).into_iter().find(|(target, _)| !found.contains(target)) {
            found.push(target);
        }
    }
    found.len()
}

/// Whether the names in `cells` are those of a table of stones: some of them may be columns, or one is one of the four Cs by its own
/// name.
#[must_use]
pub fn names_columns<C: AsRef<str>>(cells: &[C]) -> bool {
    let is_four_c =
        |cell: &C| FIELDS.iter().any(|field| field.required && field.name.eq_ignore_ascii_case(cell.as_ref()));
    fit_of(cells) >= LEAST_FIT || cells.iter().any(is_four_c)
}

/// The place of the header among the first records: the one whose names fit best, of such the first.
///
/// # Errors
/// If none is a header.
pub fn find_header(records: &[(u64, Vec<String>)]) -> Result<usize, ReadingError> {
    // the keys of objects in JSON are no line of the file
    if records.first().is_some_and(|(line, _)| *line == 0) {
        return Ok(0);
    }
    let best = records
        .iter()
        .enumerate()
        .map(|(place, (_, cells))| (fit_of(cells), std::cmp::Reverse(place)))
        .max()
        .filter(|(fit, _)| *fit >= LEAST_FIT);
    if let Some((_, std::cmp::Reverse(place))) = best {
        return Ok(place);
    }
    let seen = records.first().map(|(_, cells)| cells.join(", ")).unwrap_or_default();
    let seen: String = seen.chars().take(120).collect();
    Err(ReadingError::new(format!(
        "no line of it names columns such as carat, cut, color, clarity and price; it begins with {seen:?}: add a header line"
    )))
}
