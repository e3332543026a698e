//! Reads the stones of a parcel, and prices them.

use std::path::Path;

use uuid::Uuid;

use crate::diamond::{StoneDescription, write_line};
use crate::learning::evaluation::Confidence;
use crate::pricing::stone_files::stone_of_row;
use crate::pricing::{Prediction, PredictionOrigin, PricingError, ServedModel, Snapshot};
use crate::reading::{Purpose, ReadingError, ReadingOptions, ReadingPlan};
use crate::server::http::attachments::RequestIdentity;
use crate::server::http::problem::Problem;
use crate::server::http::sent_forms::SentFile;
use crate::store::{NewParcel, ParcelRow, PredictionRecord, PredictionSource, Upload};
use crate::words::{Language, say};

/// Most stones of a parcel: more belong into a file that `diamonds predict` prices.
const MOST_STONES: usize = 2_000;
/// The name of a parcel without one.
const NAMELESS: &str = "pasted";

/// What was sent.
pub enum SentStones {
    /// Text, as spreadsheets copy it, or a stone in each line.
    Pasted(String),
    /// A file.
    File(SentFile),
}

/// A row that was read: its line, its cells, and the stone or why it is none.
type StoneRow = (i64, Vec<String>, Result<StoneDescription, String>);

/// The rows of a parcel, and the names of its own columns; or why nothing of it can be read.
type ReadStones = Result<(Vec<String>, Vec<StoneRow>), String>;

/// Reads and prices a parcel, which is called `given`, or by its file. The inner error is for whoever sent it.
///
/// # Errors
/// If the file of sales cannot be read.
pub fn price(
    sent: &SentStones,
    given: &str,
    folder: &Path,
    identity: RequestIdentity,
    snapshot: &Snapshot,
    model: &ServedModel,
) -> Result<Result<NewParcel, String>, Problem> {
    let read = match sent {
        SentStones::File(file) => read_table(&file.name, &file.content, folder)?,
        SentStones::Pasted(text) if text.trim().is_empty() => {
            Err(say!("nothing was sent: paste rows of a spreadsheet, or choose a file"))
        }
        SentStones::Pasted(text) => match read_table(NAMELESS, text.as_bytes(), folder)? {
            Ok(read) => Ok(read),
            // without a header each line may tell a stone
            Err(problem) => read_lines(text).ok_or(problem),
        },
    };
    let (header, rows) = match read {
        Ok((_, rows)) if rows.is_empty() => {
            return Ok(Err(say!("it has no stones: there is nothing below its header")));
        }
        Ok((_, rows)) if rows.len() > MOST_STONES => {
            return Ok(Err(say!(
                "it has {} stones, and a parcel {} at most: `diamonds predict FILE` and the API price any number",
                rows.len(),
                MOST_STONES
            )));
        }
        Ok(read) => read,
        Err(problem) => return Ok(Err(problem)),
    };
    let name = match sent {
        _ if !given.is_empty() => given.to_owned(),
        SentStones::File(file) => file.name.clone(),
        SentStones::Pasted(_) => NAMELESS.to_owned(),
    };
    let mut parcel = NewParcel {
        time: identity.time,
        name,
        model: model.id,
        header,
        rows: Vec::with_capacity(rows.len()),
        predictions: Vec::with_capacity(rows.len()),
    };
    for (position, (line, cells, stone)) in (0..).zip(rows) {
        let row = ParcelRow { line, cells, ..ParcelRow::default() };
        let row = match stone {
            Err(problem) => ParcelRow { problem: Some(problem), ..row },
            // what is stored is English
            Ok(stone) => match Language::English.write(|| snapshot.quote(&stone, model, Confidence::default())) {
                Ok(quote) => {
                    let prediction = Prediction { id: Uuid::now_v7(), quote };
                    let origin = PredictionOrigin {
                        request: Some(identity.id),
                        position,
                        time: identity.time,
                        source: PredictionSource::Page,
                    };
                    let record = prediction.to_record(stone, origin);
                    let row = priced_row(row, &record);
                    parcel.predictions.push(record);
                    row
                }
                Err(error @ PricingError::NoPrice { .. }) => ParcelRow { problem: Some(error.to_string()), ..row },
                Err(error) => return Err(error.into()),
            },
        };
        parcel.rows.push(row);
    }
    Ok(Ok(parcel))
}

fn priced_row(row: ParcelRow, record: &PredictionRecord) -> ParcelRow {
    let is_reliable = record.reliable.unwrap_or(true);
    ParcelRow {
        prediction: Some(record.id),
        stone: Some(write_line(&record.stone)),
        carat: Some(record.stone.carat),
        price_usd: is_reliable.then_some(record.price_usd),
        range_usd: record.range_usd.map(|range| [range.low, range.high]),
        warnings: record.warnings.clone(),
        problem: (!is_reliable).then(|| say!("no reliable price: {}", record.unreliable_because.join("; "))),
        ..row
    }
}

/// The rows of a file of any kind that has a header.
fn read_table(name: &str, content: &[u8], folder: &Path) -> Result<ReadStones, Problem> {
    let folder = tempfile::tempdir_in(folder).map_err(|error| Problem::internal(error.to_string()))?;
    let table = match Upload::from_bytes(name, content.to_vec()).table(folder.path()) {
        Ok(table) => table,
        Err(error) => return Ok(Err(error.to_string())),
    };
    let plan = match ReadingPlan::new(&table, &ReadingOptions::default(), Purpose::Stones) {
        Ok(plan) => plan,
        Err(error) => return Ok(Err(error.to_string())),
    };
    let mut rows: Vec<StoneRow> = Vec::new();
    let read = plan.for_each_row(&table, &mut |row, record| {
        if rows.len() > MOST_STONES {
            return Err(ReadingError::interrupted());
        }
        let cells = record.cells.iter().map(|cell| cell.trim().to_owned()).collect();
        rows.push((i64::try_from(row.line).unwrap_or(i64::MAX), cells, stone_of_row(row)));
        Ok(())
    });
    match read {
        Err(error) if rows.len() <= MOST_STONES => Ok(Err(error.to_string())),
        _ => Ok(Ok((plan.header().to_vec(), rows))),
    }
}

/// A stone in each line; `None` if no line tells one.
fn read_lines(text: &str) -> Option<(Vec<String>, Vec<StoneRow>)> {
    let lines = (1..).zip(text.lines()).filter(|(_, line)| !line.trim().is_empty());
    let rows: Vec<StoneRow> =
        lines.map(|(number, line)| (number, vec![line.trim().to_owned()], StoneDescription::from_line(line))).collect();
    rows.iter().any(|(_, _, stone)| stone.is_ok()).then(|| (vec!["stone".to_owned()], rows))
}
