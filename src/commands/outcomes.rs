//! `diamonds outcomes`: the prices that priced stones really fetched.

use std::fmt::Write;
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde_json::json;
use uuid::Uuid;

use super::CommandError;
use super::console::{Console, table};
use crate::control::{self, ImportOutcomes, IngestOutcomes, IngestOutcomesAnswer, ListOutcomes, OutcomeRow};
use crate::diamond::number::{MarkCounts, Marks};
use crate::pricing::{MAX_PRICE_USD, MIN_PRICE_USD};
use crate::reading::ReadingError;
use crate::store::{RecordedOutcome, Upload};
use crate::text::{count, dollars, signed_dollars};

/// Names of the two columns of a file; the first may also be called `id`.
const COLUMNS: [&str; 2] = ["prediction", "price_usd"];
/// Most mistakes of a file that are listed.
const MAX_MISTAKES: usize = 10;

#[derive(Debug, clap::Subcommand)]
pub enum Arguments {
    /// Outcomes, the last recorded first
    List {
        /// Most outcomes in the list
        #[arg(long, value_name = "N", default_value_t = 50)]
        limit: u32,
    },
    /// Record what stones fetched, from a file of any kind with the columns prediction (the id of the answer) and `price_usd`.
    /// All of a file or nothing
    Import {
        /// The file; - is standard input
        file: PathBuf,
    },
    /// Turn outcomes into sales, for the next retrain: those of stones with every measurement given. Known sales change
    /// nothing
    Ingest {
        /// Only report how many
        #[arg(long)]
        dry_run: bool,
    },
}

#[derive(Serialize)]
struct ImportReport {
    file: String,
    recorded: usize,
}

pub fn run(arguments: &Arguments, database: &Path, console: &Console) -> Result<(), CommandError> {
    match arguments {
        Arguments::List { limit } => {
            let outcomes = control::run(database, ListOutcomes { limit: *limit })?;
            console.print(&json!({ "outcomes": outcomes }), |_| list(&outcomes))?;
        }
        Arguments::Import { file } => {
            let name = file.display().to_string();
            let rows = read_rows(&name, file)?;
            let report = ImportReport { file: name.clone(), recorded: rows.len() };
            control::run(database, ImportOutcomes { file: name, rows })?;
            console.print(&report, |report| format!("{} outcomes are recorded.", report.recorded))?;
            console.hint(
                "Next: `diamonds status` shows how the models fared; `diamonds outcomes ingest` makes sales of them.",
            );
        }
        Arguments::Ingest { dry_run } => {
            let answer = control::run(database, IngestOutcomes { dry_run: *dry_run })?;
            console.print(&answer, |answer| describe_ingest(answer, *dry_run))?;
        }
    }
    Ok(())
}

/// The rows of a file of outcomes.
fn read_rows(name: &str, file: &Path) -> Result<Vec<OutcomeRow>, CommandError> {
    let bad = |problem: String| CommandError::BadOutcomes { name: name.to_owned(), problem };
    let refused = |error: ReadingError| bad(error.to_string());
    let folder = tempfile::tempdir()?;
    let records = Upload::read(file)?.table(folder.path())?;
    let start = records.start().map_err(refused)?;
    let place_in = |header: &[String], names: &[&str]| {
        header.iter().position(|title| names.iter().any(|name| title.trim().eq_ignore_ascii_case(name)))
    };
    let found = start.iter().find_map(|(line, header)| {
        Some((*line, place_in(header, &[COLUMNS[0], "id"])?, place_in(header, &[COLUMNS[1], "price", "sold for"])?))
    });
    let Some((header_line, id_place, price_place)) = found else {
        let first = start.first().map(|(_, header)| header.join(",")).unwrap_or_default();
        return Err(bad(format!(
            "its first line must name the columns {} and {}; it is {first:?}",
            COLUMNS[0], COLUMNS[1],
        )));
    };
    // the signs of all prices decide how each is read
    let mut counts = MarkCounts::default();
    records
        .for_each_record(&mut |record| {
            if record.line > header_line {
                counts.count(record.cells.get(price_place).copied().unwrap_or_default());
            }
            Ok(())
        })
        .map_err(refused)?;
    let marks = Marks::decide(&counts, None, true).map_err(|both| bad(format!("the column {}: {both}", COLUMNS[1])))?;
    let mut rows = Vec::new();
    let mut mistakes = Vec::new();
    records
        .for_each_record(&mut |record| {
            let line = record.line;
            if line <= header_line {
                return Ok(());
            }
            let text = |place: usize| record.cells.get(place).map_or("", |cell| cell.trim());
            let price = marks.read(text(price_place)).filter(|price| (MIN_PRICE_USD..=MAX_PRICE_USD).contains(price));
            match (text(id_place).parse::<Uuid>(), price) {
                (Ok(prediction), Some(price_usd)) => rows.push(OutcomeRow { line, prediction, price_usd }),
                (Err(_), _) => {
                    mistakes.push(format!("line {line}: {:?} is not the id of a prediction", text(id_place)));
                }
                (_, None) => mistakes
                    .push(format!("line {line}: {:?} is not a price of at least {MIN_PRICE_USD}", text(price_place))),
            }
            Ok(())
        })
        .map_err(refused)?;
    match mistakes.len() {
        0 if rows.is_empty() => Err(bad("it has no outcomes, only a header".to_owned())),
        0 => Ok(rows),
        many => {
            mistakes.truncate(MAX_MISTAKES);
            let more = if many > MAX_MISTAKES { format!("; and {} more", many - MAX_MISTAKES) } else { String::new() };
            Err(bad(format!("{}{more}. Nothing was recorded", mistakes.join("; "))))
        }
    }
}

fn list(outcomes: &[RecordedOutcome]) -> String {
    if outcomes.is_empty() {
        return "No outcome is known yet: `diamonds outcomes import FILE` or POST /v1/predictions/{id}/outcome records some."
            .to_owned();
    }
    let rows = outcomes.iter().map(|outcome| {
        vec![
            outcome.prediction.to_string(),
            outcome.time.strftime("%Y-%m-%d %H:%M:%S").to_string(),
            outcome.model.to_string(),
            dollars(outcome.predicted_usd),
            dollars(outcome.price_usd),
            signed_dollars(outcome.predicted_usd - outcome.price_usd),
            match outcome.within_range {
                Some(true) => "within its range",
                Some(false) => "outside of its range",
                None => "",
            }
            .to_owned(),
        ]
    });
    table(&["prediction", "recorded (UTC)", "model", "predicted", "fetched", "error", ""], rows, &[2, 3, 4, 5])
}

fn describe_ingest(answer: &IngestOutcomesAnswer, dry_run: bool) -> String {
    let mut text = match &answer.report {
        None => "No outcome has all measurements of its stone.".to_owned(),
        Some(report) => {
            let verb = if dry_run { "would become" } else { "became" };
            format!("{} outcomes {verb} sales, {} are known.", count(report.accepted), count(report.known))
        }
    };
    if answer.unmeasured > 0 {
        // writing to a string cannot fail
        let _ = write!(
            text,
            "\n{} are of stones of which a measurement was assumed, and stay outcomes: nobody should learn from what nobody \
             measured.",
            count(answer.unmeasured)
        );
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "01a20896-3162-7364-a6f7-2c6f03aa2d1e";

    fn read(content: &[u8]) -> Result<Vec<OutcomeRow>, CommandError> {
        let file = tempfile::NamedTempFile::new().expect("a file");
        std::fs::write(file.path(), content).expect("written");
        read_rows("f.csv", file.path())
    }

    #[test]
    fn rows_are_read_whatever_the_order_of_columns_and_the_dress_of_numbers() {
        let csv = format!("\u{feff}price_usd,note,ID\r\n4800,\"a, b\",{ID}\r\n 5000.5,,{ID}\r\n");
        let rows = read(csv.as_bytes()).expect("rows");
        assert_eq!(rows.iter().map(|row| (row.line, row.price_usd)).collect::<Vec<_>>(), [(2, 4_800.0), (3, 5_000.5)]);
        let european = format!("Outcomes of May;\nPrediction;Price\n{ID};4.800,50 $\n");
        let rows = read(european.as_bytes()).expect("rows");
        assert_eq!(rows.iter().map(|row| (row.line, row.price_usd)).collect::<Vec<_>>(), [(3, 4_800.5)]);
    }

    #[test]
    fn every_mistake_is_named_with_its_line() {
        let said = |csv: &str| read(csv.as_bytes()).expect_err("refused").to_string();
        let mistakes = said(&format!("prediction,price_usd\nabc,5\n{ID},-3\n{ID},4\n"));
        assert!(
            mistakes.contains("line 2: \"abc\" is not the id") && mistakes.contains("line 3: \"-3\" is not a price"),
            "{mistakes}"
        );
        assert!(said("id,cost\n1,2").contains("must name the columns prediction and price_usd"));
        assert!(said("id,price_usd\n").contains("no outcomes"));
    }
}
