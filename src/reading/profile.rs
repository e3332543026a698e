//! What the values of a column are, from all of them.

use std::collections::HashMap;

use crate::diamond::number::{MarkCounts, foreign_currency, is_missing};

/// Distinct texts of a column that are counted; a column with more is no column of grades.
const MAX_DISTINCT: usize = 400;
/// Longest text that may be a grade or a shape.
const LONGEST_WORD: usize = 40;
/// Examples that are shown of a column.
const EXAMPLES: usize = 3;

/// The values of a column.
#[derive(Debug, Default)]
pub struct ColumnProfile {
    /// Values that are not missing.
    pub filled: u64,
    /// What they say about decimal signs.
    pub marks: MarkCounts,
    /// How often each short text comes, as long as there are few.
    pub words: HashMap<String, u64>,
    /// The first texts.
    pub examples: Vec<String>,
    /// A currency other than the US dollar in one of the values.
    pub currency: Option<&'static str>,
    /// Whether there were more words than are counted.
    is_varied: bool,
}

impl ColumnProfile {
    /// Adds the value of a record.
    pub fn add(&mut self, cell: &str) {
        let text = cell.trim();
        if is_missing(text) {
            return;
        }
        self.filled += 1;
        let before = self.marks.others;
        self.marks.count(text);
        let is_number = before == self.marks.others;
        let has_sign = !text.is_ascii() || text.bytes().any(|byte| byte.is_ascii_alphabetic());
        if is_number && has_sign {
            self.currency = self.currency.or_else(|| foreign_currency(text));
        }
        if !self.is_varied && text.len() <= LONGEST_WORD {
            if let Some(count) = self.words.get_mut(text) {
                *count += 1;
            } else if self.words.len() < MAX_DISTINCT {
                self.words.insert(text.to_owned(), 1);
            } else {
                self.is_varied = true;
            }
        }
        if self.examples.len() < EXAMPLES {
            self.examples.push(text.to_owned());
        }
    }

    /// The share of the counted values that `is_one` finds to be one.
    pub fn share_of_words(&self, is_one: impl Fn(&str) -> bool) -> f64 {
        let all: u64 = self.words.values().sum();
        let those: u64 = self.words.iter().filter(|(word, _)| is_one(word)).map(|(_, count)| count).sum();
        #[expect(clippy::cast_precision_loss, reason = "a share")]
        let share = those as f64 / all.max(1) as f64;
        share
    }

    /// The share of the values that are numbers.
    pub fn share_of_numbers(&self) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "a share")]
        let share = self.marks.numbers() as f64 / self.filled.max(1) as f64;
        share
    }
}
