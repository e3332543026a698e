//! How a file was read, for people.

use serde::{Deserialize, Serialize};

use super::profile::ColumnProfile;
use super::target::plain_name;
use crate::diamond::{Field, GradeReading};

/// Most grades of a column that are listed in a report.
const MAX_LISTED: usize = 20;

/// How a column was read, for people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ColumnReading {
    /// Its name in the file.
    pub header: String,
    /// What it is taken for.
    pub read_as: String,
    /// How, in a few words.
    pub rule: String,
    /// Its first values.
    pub examples: Vec<String>,
    /// Rows that have a value.
    pub filled: u64,
}

impl ColumnReading {
    /// Whether somebody should look at it: it is read as another quality than its name, or in another way than as it is.
    #[must_use]
    pub fn is_remarkable(&self) -> bool {
        let is_by_its_name = plain_name(&self.header) == self.read_as.replace('_', " ");
        let is_as_it_is = matches!(self.rule.as_str(), AS_IT_IS | GRADES | KEPT);
        !is_as_it_is || !is_by_its_name && self.rule != KEPT
    }
}

/// Rules that need no attention.
pub(super) const AS_IT_IS: &str = "as it is";
pub(super) const GRADES: &str = "grades";
pub(super) const KEPT: &str = "kept beside the sale";

/// How often a name of a grade came that is not the standard one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GradeCount {
    /// The field.
    pub field: String,
    /// The name in the file.
    pub written: String,
    /// The grade that it was read as; `None` if it has no counterpart.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub read_as: Option<String>,
    /// Why.
    pub reason: String,
    /// In how many rows.
    pub count: u64,
}

/// How a file was read, for people.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReadingReport {
    /// What was done or noticed, in sentences.
    pub notes: Vec<String>,
    /// The line of the header, from 1.
    pub header_line: u64,
    /// The columns that are read.
    pub columns: Vec<ColumnReading>,
    /// The names of the columns that are left out.
    pub ignored: Vec<String>,
    /// Names of grades that are not the standard ones.
    pub grades: Vec<GradeCount>,
}

/// Adds the names of grades in a column that are not the standard ones.
pub(super) fn count_grades(field: &Field, profile: &ColumnProfile, grades: &mut Vec<GradeCount>) {
    if field.is_number() {
        return;
    }
    let mut found: Vec<GradeCount> = profile
        .words
        .iter()
        .filter_map(|(word, count)| {
            let (rank, reason) = match field.read_grade(word) {
                GradeReading::Grade(_) => return None,
                GradeReading::OtherName(rank, reason) => (Some(rank), reason),
                GradeReading::NoCounterpart(reason) => (None, reason),
                GradeReading::Unknown => (None, "it is not known"),
            };
            Some(GradeCount {
                field: field.name.to_owned(),
                written: word.clone(),
                read_as: rank.and_then(|rank| field.grade_name(rank.into())).map(str::to_owned),
                reason: reason.to_owned(),
                count: *count,
            })
        })
        .collect();
    found.sort_by(|a, b| b.count.cmp(&a.count).then_with(|| a.written.cmp(&b.written)));
    found.truncate(MAX_LISTED);
    grades.extend(found);
}
