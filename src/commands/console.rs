//! What commands print: results on standard output, the rest on standard error.

use std::io::{self, Write};

use comfy_table::{CellAlignment, ContentArrangement, Table, presets};
use serde::Serialize;
use tracing::level_filters::LevelFilter;

/// The two streams and how they are to be used.
#[derive(Debug)]
pub struct Console {
    json: bool,
    quiet: bool,
}

impl Console {
    pub fn new(json: bool, quiet: bool) -> Self {
        Self { json, quiet }
    }

    /// Whether progress may be shown.
    pub fn shows_progress(&self) -> bool {
        !self.json && !self.quiet
    }

    /// Prints a result: as one JSON document, or as the text that `text` makes.
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

    /// Says what the user might do next.
    pub fn hint(&self, text: &str) {
        if self.shows_progress() {
            // nobody listening to standard error is no reason to fail
            let _ = writeln!(io::stderr(), "{text}");
        }
    }
}

/// The text with control characters written out: what strangers sent must not steer the terminal.
fn escape_control_chars(text: &str) -> String {
    text.chars().fold(String::with_capacity(text.len()), |mut shown, character| {
        if character.is_control() && character != '\n' && character != '\t' {
            shown.extend(character.escape_default());
        } else {
            shown.push(character);
        }
        shown
    })
}

/// A table of text; columns in `right` (from 0) are aligned to the right.
pub fn table(header: &[&str], rows: impl IntoIterator<Item = Vec<String>>, right: &[usize]) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Disabled);
    table.set_header(header.to_vec());
    for row in rows {
        table.add_row(row);
    }
    for index in right {
        if let Some(column) = table.column_mut(*index) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    let text = table.to_string();
    text.lines().map(str::trim_end).collect::<Vec<_>>().join("\n")
}

/// Sends the program's own words to standard error: warnings, and more if asked.
pub fn start_logging(quiet: bool, verbose: u8) {
    let level = match (quiet, verbose) {
        (true, _) => LevelFilter::ERROR,
        (false, 0) => LevelFilter::WARN,
        (false, 1) => LevelFilter::INFO,
        (false, 2) => LevelFilter::DEBUG,
        (false, _) => LevelFilter::TRACE,
    };
    let colors = std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
        && std::io::IsTerminal::is_terminal(&io::stderr());
    // a second start, as in tests, changes nothing
    let _ = tracing_subscriber::fmt().with_max_level(level).with_ansi(colors).with_writer(io::stderr).try_init();
}
