//! `diamonds price-list`: prices by weight band, colour and clarity.

use std::fmt::Write;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use rust_xlsxwriter::{Color as Ink, Format, FormatAlign, FormatBorder, Note, Workbook, XlsxError};
use serde_json::json;
use tempfile::NamedTempFile;

use super::CommandError;
use super::console::{Console, table};
use crate::control::{self, KeepPriceList, ReadPriceList};
use crate::diamond::{Clarity, Cut, Grade};
use crate::files::folder_of;
use crate::pricing::{PriceCell, PriceList, PriceListWanted};
use crate::text::{count, dollars, signed_percent};

#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// Of stones of this cut; left out, of the cut that is sold most
    #[arg(long, value_name = "GRADE")]
    cut: Option<Cut>,
    /// By the carat instead of by the stone
    #[arg(long)]
    per_carat: bool,
    /// Where the weight bands begin, in carats, such as 0.3,0.4,0.5,0.7,1; left out, those of the trade
    #[arg(long, value_name = "CARATS", value_parser = read_bands)]
    bands: Option<Bands>,
    /// Of this model instead of the champion: its number, or a family for its newest model
    #[arg(long, value_name = "ID|FAMILY")]
    model: Option<String>,
    /// Show by how much prices changed since this model, or since the `last` list that was kept
    #[arg(long, value_name = "ID|FAMILY|last")]
    compare: Option<String>,
    /// Keep the list in the file, so that a later one can be compared with it
    #[arg(long)]
    keep: bool,
    /// Write it into this file, by its ending .csv or .xlsx
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

/// Where weight bands begin.
#[derive(Debug, Clone)]
struct Bands(Vec<f64>);

fn read_bands(text: &str) -> Result<Bands, String> {
    PriceListWanted::read_bands(text).map(Bands)
}

pub fn run(arguments: &Arguments, database: &Path, console: &Console) -> Result<(), CommandError> {
    let write = match &arguments.out {
        None => None,
        Some(out) if out.exists() => return Err(CommandError::FileExists { path: out.clone() }),
        Some(out) => match out.extension().and_then(|ending| ending.to_str()).map(str::to_ascii_lowercase).as_deref() {
            Some("csv") => Some((out, false)),
            Some("xlsx") => Some((out, true)),
            _ => return Err(CommandError::PriceListName { path: out.clone() }),
        },
    };
    let bands = arguments.bands.clone().map(|Bands(bands)| bands).unwrap_or_default();
    let wanted = PriceListWanted { cut: arguments.cut, bands };
    let (model, compare) = (arguments.model.clone(), arguments.compare.clone());
    let list = control::run(database, ReadPriceList { wanted, model, compare })?;
    let Some((out, is_workbook)) = write else {
        console.print(&list, |list| describe(list, arguments.per_carat))?;
        return keep(arguments, list, database, console);
    };
    let part = NamedTempFile::new_in(folder_of(out))?;
    if is_workbook {
        write_workbook(&list, arguments.per_carat, part.reopen()?).map_err(io::Error::other)?;
    } else {
        list.write_csv(part.reopen()?)?;
    }
    part.persist_noclobber(out).map_err(|error| error.error)?;
    console.print(&json!({ "file": out, "bands": list.bands.len() }), |_| {
        format!("{}: {} weight bands of cut {}", out.display(), list.bands.len(), list.cut)
    })?;
    keep(arguments, list, database, console)
}

/// Keeps the list, if that is wanted.
fn keep(arguments: &Arguments, list: PriceList, database: &Path, console: &Console) -> Result<(), CommandError> {
    if arguments.keep {
        let cut = list.cut;
        let number = control::run(database, KeepPriceList { list })?;
        console.hint(&format!(
            "Kept as list {number} of cut {cut}: `diamonds price-list --compare last` shows later what has changed since."
        ));
    }
    Ok(())
}

/// What the list is, in one line.
fn title(list: &PriceList, per_carat: bool) -> String {
    let corrected =
        list.corrected_by.map_or_else(String::new, |share| format!(", corrected by {}", signed_percent(share)));
    format!(
        "Cut {}, US dollars a {}, by model {} ({}){corrected}, {}; {} sales so far",
        list.cut,
        if per_carat { "carat" } else { "stone" },
        list.model.id,
        list.model.family,
        list.made_at.strftime("%-d %B %Y"),
        count(list.sales)
    )
}

fn describe(list: &PriceList, per_carat: bool) -> String {
    let mut text = title(list, per_carat);
    let compared = list.compared_in_words();
    if let Some(other) = &compared {
        // writing to a string cannot fail
        let _ = write!(text, "\nbelow each price: the change since {other}");
    }
    text.push_str("\n(…): no such stone was sold; *: one or two were\n");
    let header: Vec<&str> = [""].into_iter().chain(Clarity::ALL.iter().rev().map(|clarity| clarity.name())).collect();
    let right: Vec<usize> = (1..header.len()).collect();
    for band in &list.bands {
        let mut rows = Vec::new();
        for row in &band.colors {
            let mut cells = vec![row.color.name().to_owned()];
            cells.extend(row.clarities.iter().map(|cell| cell.words(per_carat)));
            rows.push(cells);
            if compared.is_some() {
                let mut changes = vec![String::new()];
                changes.extend(row.clarities.iter().map(|cell| cell.change.map_or_else(String::new, signed_percent)));
                rows.push(changes);
            }
        }
        let weight = if per_carat { String::new() } else { format!(", a stone of {} ct", band.carat) };
        let _ = write!(text, "\n{}{weight}\n{}\n", band.words(), table(&header, rows, &right));
    }
    text
}

/// A sheet that looks like a printed list: a block for each weight band; what a price says besides stands in a note.
fn write_workbook(list: &PriceList, per_carat: bool, file: File) -> Result<(), XlsxError> {
    let mut workbook = Workbook::new();
    let bold = Format::new().set_bold();
    let head = Format::new().set_bold().set_align(FormatAlign::Right).set_border_bottom(FormatBorder::Thin);
    let [price, few, unsold] = ["#,##0", "#,##0\"*\"", "(#,##0)"].map(|format| Format::new().set_num_format(format));
    let unsold = unsold.set_font_color(Ink::Gray);
    let change = Format::new().set_num_format("+0.0%;-0.0%;0.0%").set_font_size(8).set_font_color(Ink::Gray);
    let sheet = workbook.add_worksheet();
    sheet.set_name(list.cut.name())?.set_paper_size(9).set_print_fit_to_pages(1, 0);
    sheet.write_string_with_format(0, 0, title(list, per_carat), &bold)?;
    sheet.write_string(1, 0, "(…): no such stone was sold; *: one or two were")?;
    let compared = list.compared_in_words();
    if let Some(other) = &compared {
        let since = format!("below each price: the change since {other}");
        sheet.write_string(2, 0, since)?;
    }
    let mut line = 4;
    let mut breaks = Vec::new();
    for (place, band) in list.bands.iter().enumerate() {
        if place > 0 && place % BANDS_ON_A_SHEET == 0 {
            breaks.push(line);
        }
        sheet.write_string_with_format(line, 0, band.words(), &bold)?;
        for (column, clarity) in (1..).zip(Clarity::ALL.iter().rev()) {
            sheet.write_string_with_format(line, column, clarity.name(), &head)?;
        }
        for row in &band.colors {
            line += 1;
            sheet.write_string_with_format(line, 0, row.color.name(), &bold)?;
            for (column, cell) in (1..).zip(&row.clarities) {
                let format = match (cell.is_unsold(), cell.is_rarely_sold()) {
                    (true, _) => &unsold,
                    (_, true) => &few,
                    _ => &price,
                };
                sheet.write_number_with_format(line, column, cell.usd(per_carat), format)?;
                sheet.insert_note(
                    line,
                    column,
                    &Note::new(beside(cell, band.carat, per_carat)).set_author("diamonds"),
                )?;
            }
            if compared.is_some() {
                line += 1;
                for (column, cell) in (1..).zip(&row.clarities) {
                    if let Some(share) = cell.change {
                        sheet.write_number_with_format(line, column, share, &change)?;
                    }
                }
            }
        }
        line += 2;
    }
    sheet.set_page_breaks(&breaks)?;
    sheet.set_column_width(0, 16)?;
    workbook.save_to_writer(file)
}

/// Weight bands that a printed sheet has, so that none is cut in two.
const BANDS_ON_A_SHEET: usize = 6;

/// What a price says besides: the range, and how many such stones were sold.
fn beside(cell: &PriceCell, carat: f64, per_carat: bool) -> String {
    let by = if per_carat { carat } else { 1.0 };
    let range = match cell.range_usd {
        Some(range) => format!("nine in ten: {} to {}; ", dollars(range.low / by), dollars(range.high / by)),
        None if cell.reliable => String::new(),
        None => "outside of what was sold: only what the model says; ".to_owned(),
    };
    format!("{range}{} sold", count(i64::try_from(cell.sales).unwrap_or(i64::MAX)))
}
