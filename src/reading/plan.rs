//! How a file is read: what the user says of it, the plan that follows from all its values, and the rows that the plan gives.

use serde::{Deserialize, Serialize};

use super::columns::{Columns, PlannedColumn};
use super::header::find_header;
use super::report::{ColumnReading, ReadingReport, count_grades};
use super::scale::Scale;
use super::survey::{Survey, is_header_again, is_ruler, is_total};
use super::table::{Record, Table};
use super::{ReadRow, ReadingError, RowProblem};
use crate::diamond::number::Decimal;

/// What the user says of how a file is to be read.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ReadingOptions {
    /// The header of each target that is named, such as `price` and `Total Price`.
    pub map: Vec<(String, String)>,
    /// The decimal sign.
    pub decimal: Option<Decimal>,
    /// Whether stones of other shapes than round go in.
    pub any_shape: bool,
    /// Whether what is odd goes in.
    pub accept_odd: bool,
    /// Units other than the usual: of `carat`, `size` or `price`.
    pub units: Vec<(String, String)>,
    /// US dollars for a unit of the currency of the prices.
    pub rate: Option<f64>,
}

impl ReadingOptions {
    /// The part of it that holds for other files too: a rate and the word to take what is odd are of one file.
    #[must_use]
    pub fn lasting(&self) -> Self {
        Self { rate: None, accept_odd: false, ..self.clone() }
    }

    /// The same, and what `more` says besides or instead.
    #[must_use]
    pub fn and(mut self, more: Self) -> Self {
        let is_said_again = |pairs: &[(String, String)], name: &str| pairs.iter().any(|(other, _)| other == name);
        self.map.retain(|(name, _)| !is_said_again(&more.map, name));
        self.units.retain(|(name, _)| !is_said_again(&more.units, name));
        self.map.extend(more.map);
        self.units.extend(more.units);
        Self {
            decimal: more.decimal.or(self.decimal),
            rate: more.rate.or(self.rate),
            any_shape: self.any_shape || more.any_shape,
            accept_odd: self.accept_odd || more.accept_odd,
            ..self
        }
    }

    /// Reads one of [`ReadingOptions::map`] or [`ReadingOptions::units`], such as `price=Total Price`.
    ///
    /// # Errors
    /// If it has no equals sign.
    pub fn read_pair(text: &str) -> Result<(String, String), String> {
        let (name, value) = text.split_once('=').ok_or("write it as NAME=VALUE")?;
        Ok((name.trim().to_lowercase(), value.trim().to_owned()))
    }
}

/// What a file is read for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Purpose {
    /// Each row is a sale, and must have a price.
    Sales {
        /// The [`price_level`](super::price_level) of the sales so far.
        price_level: Option<f64>,
    },
    /// Each row is a stone.
    Stones,
}

/// Receives the rows of a file one by one, each with the record that it was read from.
pub type RowSink<'a> = dyn FnMut(ReadRow, &Record<'_>) -> Result<(), ReadingError> + 'a;

/// How a file is read.
pub struct ReadingPlan {
    header: Vec<String>,
    header_line: u64,
    pub(super) columns: Vec<PlannedColumn>,
    scale: Option<Scale>,
    /// How it is read, for people.
    pub report: ReadingReport,
}

impl ReadingPlan {
    /// The names of the columns of `table`.
    ///
    /// # Errors
    /// If no line of it names columns.
    pub fn header_of(table: &Table) -> Result<Vec<String>, ReadingError> {
        let start = table.start()?;
        let (_, header) = &start[find_header(&start)?];
        Ok(header.iter().map(|name| name.trim().to_owned()).collect())
    }

    /// Looks at all of `table`, and decides how it is read for `purpose`.
    ///
    /// # Errors
    /// If it lacks columns, or can be read in two ways that matter, or is in another unit: in a sentence that says what to do.
    pub fn new(table: &Table, options: &ReadingOptions, purpose: Purpose) -> Result<Self, ReadingError> {
        let survey = Survey::of(table)?;
        let mut notes = table.notes.clone();
        for (count, what) in [(survey.headers_again, "that are the header again"), (survey.totals, "of totals")] {
            if count > 0 {
                notes.push(format!("lines {what}, which are passed over: {count}"));
            }
        }
        let mut columns = Columns::new(&survey, notes);
        columns.assign(options)?;
        columns.require(purpose)?;
        let planned = columns.plan(options)?;
        let mut report = ReadingReport { notes: columns.notes, header_line: survey.header_line, ..Default::default() };
        for (column, rule) in &planned {
            let profile = &survey.profiles[column.place];
            report.columns.push(ColumnReading {
                header: survey.header[column.place].clone(),
                read_as: column.target.name().to_owned(),
                rule: rule.clone(),
                examples: profile.examples.clone(),
                filled: profile.filled,
            });
            if let Some(field) = column.target.field() {
                count_grades(field, profile, &mut report.grades);
            }
        }
        let is_read = |place: usize| planned.iter().any(|(column, _)| column.place == place);
        let unread =
            survey.header.iter().enumerate().filter(|(place, name)| !is_read(*place) && !name.trim().is_empty());
        report.ignored = unread.map(|(_, name)| name.clone()).collect();
        let mut plan = Self {
            header: survey.header.clone(),
            header_line: survey.header_line,
            columns: planned.into_iter().map(|(column, _)| column).collect(),
            scale: None,
            report,
        };
        if !options.accept_odd {
            let read = |cells: &Vec<String>| {
                let row = plan.read(0, &cells.iter().map(String::as_str).collect::<Vec<_>>());
                row.problem.is_none().then_some((row.values, row.price_usd))
            };
            let earlier = match purpose {
                Purpose::Sales { price_level } => price_level,
                Purpose::Stones => None,
            };
            plan.scale = Some(Scale::of(&survey.sample.iter().filter_map(read).collect::<Vec<_>>(), earlier)?);
        }
        Ok(plan)
    }

    /// Reads every record after the header, and passes it on with its text.
    ///
    /// # Errors
    /// If the file cannot be read, or what `sink` returns.
    pub fn for_each_row(&self, table: &Table, sink: &mut RowSink<'_>) -> Result<(), ReadingError> {
        table.for_each_record(&mut |record| {
            let (line, cells) = (record.line, record.cells);
            if line <= self.header_line || is_ruler(cells) || is_header_again(&self.header, cells) || is_total(cells) {
                return Ok(());
            }
            let mut row = self.read(line, cells);
            if let Some(scale) = self.scale.as_ref().filter(|_| row.problem.is_none()) {
                row.problem = scale
                    .oddity(&row.values, row.price_usd)
                    .map(|(column, reason)| RowProblem { column: Some(column), reason });
            }
            sink(row, record)
        })
    }

    /// The names of the columns.
    #[must_use]
    pub fn header(&self) -> &[String] {
        &self.header
    }
}
