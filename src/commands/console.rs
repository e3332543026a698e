//! The output of commands: results on standard output, everything else on standard error.

use std::io::{self, Write};

use comfy_table::{CellAlignment, ColumnConstraint, ContentArrangement, Table, Width, presets};
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;
use tracing::level_filters::LevelFilter;

use crate::text::escape_control_chars;

/// The two streams and their settings.
#[derive(Debug)]
pub struct Console {
    json: bool,
    quiet: bool,
}

impl Console {
    pub fn new(json: bool, quiet: bool) -> Self {
        Self { json, quiet }
    }

    /// Whether to show progress.
    pub fn shows_progress(&self) -> bool {
        !self.json && !self.quiet
    }

    /// A bar by this template of `indicatif`, for so many steps; hidden where no progress is shown.
    pub fn bar(&self, template: &str, steps: u64) -> ProgressBar {
        let bar = if self.shows_progress() { ProgressBar::new(steps) } else { ProgressBar::hidden() };
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        bar
    }

    /// Prints a result: as one JSON document, or as the text of `text`.
    pub fn print<T: Serialize>(&self, result: &T, text: impl FnOnce(&T) -> String) -> io::Result<()> {
        let mut out = io::stdout().lock();
        if self.json {
            serde_json::to_writer(&mut out, result)?;
            writeln!(out)?;
        } else {
            let text = text(result);
            writeln!(out, "{}", escape_control_chars(text.trim_end()))?;
        }
        out.flush()
    }

    /// Prints a hint for the next step.
    pub fn hint(&self, text: &str) {
        if self.shows_progress() {
            // a closed standard error is no reason to fail
            let _ = writeln!(io::stderr(), "{}", escape_control_chars(text));
        }
    }
}

/// A table of text; columns in `right` (from 0) are aligned to the right. If it is wider than the terminal, cells are wrapped
/// between words.
pub fn table(header: &[&str], rows: impl IntoIterator<Item = Vec<String>>, right: &[usize]) -> String {
    table_within(terminal_columns(), header, rows, right)
}

fn table_within(
    columns: Option<u16>,
    header: &[&str],
    rows: impl IntoIterator<Item = Vec<String>>,
    right: &[usize],
) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Disabled);
    table.set_header(header.to_vec());
    let mut longest_words = header.iter().map(|title| longest_word(title)).collect::<Vec<_>>();
    for row in rows {
        for (longest, cell) in longest_words.iter_mut().zip(&row) {
            *longest = longest_word(cell).max(*longest);
        }
        table.add_row(row);
    }
    if let Some(columns) = columns {
        table.set_content_arrangement(ContentArrangement::Dynamic).set_width(columns);
        for (column, longest) in table.column_iter_mut().zip(longest_words) {
            // and the space on both sides of a cell
            column.set_constraint(ColumnConstraint::LowerBoundary(Width::Fixed(longest.saturating_add(2))));
        }
    }
    for index in right {
        if let Some(column) = table.column_mut(*index) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    let text = table.to_string();
    text.lines().map(str::trim_end).collect::<Vec<_>>().join("\n")
}

fn longest_word(text: &str) -> u16 {
    let longest = text.split_whitespace().map(|word| word.chars().count()).max().unwrap_or_default();
    u16::try_from(longest).unwrap_or(u16::MAX)
}

/// The maximal width: that in `COLUMNS`, else that of the terminal; `None` if the output is not a terminal.
fn terminal_columns() -> Option<u16> {
    let named = std::env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok()).filter(|columns| *columns > 0);
    named.or_else(|| Table::new().width())
}

/// The form of log messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum LogFormat {
    /// For people
    Text,
    /// One JSON object a line, for programs
    Json,
}

/// Sends the program's log messages to standard error: warnings, and more if wanted. In JSON, what has happened is told too.
pub fn start_logging(quiet: bool, verbose: u8, format: LogFormat) {
    let level = match (quiet, verbose) {
        (true, _) => LevelFilter::ERROR,
        (false, 0) if format == LogFormat::Json => LevelFilter::INFO,
        (false, 0) => LevelFilter::WARN,
        (false, 1) => LevelFilter::INFO,
        (false, 2) => LevelFilter::DEBUG,
        (false, _) => LevelFilter::TRACE,
    };
    let colors = std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
        && std::io::IsTerminal::is_terminal(&io::stderr());
    // when a message cannot be written, as on a full disk, there is nobody to tell; to say so would panic
    let subscriber = tracing_subscriber::fmt().with_max_level(level).with_writer(io::stderr).log_internal_errors(false);
    // another call, as in tests, changes nothing
    let _ = match format {
        LogFormat::Text => subscriber.with_ansi(colors).try_init(),
        LogFormat::Json => subscriber.json().flatten_event(true).try_init(),
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_break_between_words_only() {
        let row =
            vec!["01a20896-3162-7364-a6f7-2c6f03aa2d1e".to_owned(), "much longer than there is room for".to_owned()];
        let wide = table_within(None, &["id", "reason"], [row.clone()], &[]);
        assert_eq!(wide.lines().count(), 2);
        let narrow = table_within(Some(50), &["id", "reason"], [row.clone()], &[]);
        assert!(narrow.lines().count() > 2 && narrow.lines().all(|line| line.chars().count() <= 50), "{narrow}");
        for width in [10, 40, 60] {
            let text = table_within(Some(width), &["id", "reason"], [row.clone()], &[]);
            for word in row.iter().flat_map(|cell| cell.split_whitespace()) {
                assert!(text.split_whitespace().any(|found| found == word), "{word} at {width}: {text}");
            }
        }
    }
}
