//! Files as people have them: whatever they are stored in, and however they write numbers, grades and names of columns, what comes out
//! are rows of the fields of a sale, and a report of how each was read.
//!
//! A [`Table`](table::Table) gives records of text. A [`ReadingPlan`] looks at all of them once, decides what each column is and how
//! its numbers are written, and then reads them. Where a file can be read in two ways that matter, nothing is guessed.

mod columns;
mod date;
#[cfg(test)]
mod dresses;
mod encoding;
mod header;
mod json_rows;
mod lines;
mod plan;
mod profile;
mod report;
mod rows;
mod scale;
mod survey;
pub mod table;
mod target;
mod unpacking;

pub use columns::{UNITS, Unit};
pub use plan::{Purpose, ReadingOptions, ReadingPlan};
pub use report::{ColumnReading, GradeCount, ReadingReport};
pub use rows::{ReadRow, RowProblem, TEXT_COUNT, complete};
pub use scale::{SAMPLE, Scale, has_usual_proportions, price_level};
pub use target::{Target, is_known_name};

/// Why a file cannot be read, and what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ReadingError {
    message: String,
    /// Whether it only says that enough was read.
    is_enough: bool,
}

impl ReadingError {
    fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), is_enough: false }
    }

    /// Ends a reading that has seen enough; it is no error.
    fn enough() -> Self {
        Self { message: String::new(), is_enough: true }
    }

    /// Ends a reading whose receiver has failed, for a reason of its own.
    #[must_use]
    pub fn interrupted() -> Self {
        Self::new("the reading was interrupted")
    }

    fn is_enough(&self) -> bool {
        self.is_enough
    }
}

impl From<std::io::Error> for ReadingError {
    fn from(error: std::io::Error) -> Self {
        Self::new(format!("the file cannot be read: {error}"))
    }
}
