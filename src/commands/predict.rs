//! `diamonds predict`: the price of a stone, or of every stone in a file.

use std::fmt::Write;
use std::path::{Path, PathBuf};

use super::CommandError;
use super::console::Console;
use super::ingest::ReadingArguments;
use super::predict_file::{self, Task};
use super::stone_arguments::StoneArguments;
use crate::control::{self, Predict};
use crate::learning::evaluation::Confidence;
use crate::pricing::Prediction;
use crate::text::dollars;

#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// Price every stone of a file instead: any that ingest reads; - is standard input
    #[arg(value_name = "FILE")]
    file: Option<PathBuf>,
    #[command(flatten)]
    stone: StoneArguments<false>,
    /// With a file: where the priced rows go, by its ending .csv, .xlsx, .jsonl or .parquet; else CSV on standard output
    #[arg(long, value_name = "FILE", requires = "file")]
    out: Option<PathBuf>,
    #[command(flatten)]
    reading: ReadingArguments,
    /// Use this model instead of the champion: its number, or a family for its newest model
    #[arg(long, value_name = "ID|FAMILY")]
    model: Option<String>,
    /// Explain the price: what each property of the stone adds to the price of a typical one
    #[arg(long, conflicts_with = "file")]
    explain: bool,
    /// How often the range holds: 0.5, 0.8, 0.9 or 0.95
    #[arg(long, value_name = "SHARE", default_value = "0.9", value_parser = Confidence::parse)]
    confidence: Confidence,
}

pub fn run(arguments: &Arguments, database: &Path, console: &Console) -> Result<(), CommandError> {
    if let Some(file) = &arguments.file {
        if !arguments.stone.is_empty() {
            return Err(CommandError::StoneAndFile);
        }
        let (out, model) = (arguments.out.as_deref(), arguments.model.as_deref());
        let options = arguments.reading.options(database)?;
        let task = Task { file, out, model, options: &options, confidence: arguments.confidence };
        predict_file::run(&task, database, console)?;
        return arguments.reading.save(&options, database);
    }
    let stone = arguments.stone.read(console)?;
    let model = arguments.model.clone();
    let Arguments { explain, confidence, .. } = *arguments;
    let prediction = control::run(database, Predict { stone, model, explain, confidence })?;
    console.print(&prediction, describe)?;
    Ok(())
}

fn describe(prediction: &Prediction) -> String {
    let quote = &prediction.quote;
    let by = format!("model {}, {}", quote.model.id, quote.model.family);
    let mut text = if quote.is_unreliable() {
        format!(
            "No reliable price: {}. The model says {} ({by}).\n",
            quote.unreliable_because.join("; "),
            dollars(quote.price_usd)
        )
    } else {
        format!("{}  ({} a carat; {by})\n", dollars(quote.price_usd), dollars(quote.price_per_carat_usd))
    };
    // writing to a string cannot fail
    if let Some(range) = quote.range_usd {
        let share = range.confidence * 100.0;
        let _ =
            writeln!(text, "{share:.0} in 100 stones like it fetch {} to {}", dollars(range.low), dollars(range.high));
    }
    if let Some(not_told) = quote.not_told.as_ref().filter(|names| !names.is_empty()) {
        let _ = writeln!(text, "not told: {}; the price is that of such stones in general", not_told.join(", "));
    }
    if let Some(why) = &quote.explanation {
        let stone = why
            .typical
            .map(|stone| format!(" ({} ct, {}, {}, {})", stone.carat, stone.cut, stone.color, stone.clarity));
        let _ =
            writeln!(text, "why: the typical stone{} costs {}", stone.unwrap_or_default(), dollars(why.typical_usd));
        for reason in &why.reasons {
            let _ = writeln!(text, "  {}", reason.sentence);
        }
    }
    for warning in &quote.warnings {
        let _ = writeln!(text, "warning: {warning}");
    }
    let _ = writeln!(text, "prediction {}", prediction.id);
    text
}
