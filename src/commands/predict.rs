//! `diamonds predict`: the price of a stone, or of every stone in a file.

use std::fmt::Write;
use std::path::{Path, PathBuf};

use super::CommandError;
use super::console::Console;
use super::ingest::ReadingArguments;
use super::predict_file::{self, Task};
use super::stone_arguments::StoneArguments;
use crate::control::{self, Predict};
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
}

pub fn run(arguments: &Arguments, database: &Path, console: &Console) -> Result<(), CommandError> {
    if let Some(file) = &arguments.file {
        if !arguments.stone.is_empty() {
            return Err(CommandError::StoneAndFile);
        }
        let (out, model) = (arguments.out.as_deref(), arguments.model.as_deref());
        let options = arguments.reading.options(database)?;
        let task = Task { file, out, model, options: &options };
        predict_file::run(&task, database, console)?;
        return arguments.reading.save(&options, database);
    }
    let stone = arguments.stone.read(console)?;
    let model = arguments.model.clone();
    let prediction = control::run(database, Predict { stone, model, explain: arguments.explain })?;
    console.print(&prediction, describe)?;
    Ok(())
}

fn describe(prediction: &Prediction) -> String {
    let quote = &prediction.quote;
    let mut text = format!(
        "{}  ({} a carat; model {}, {})\n",
        dollars(quote.price_usd),
        dollars(quote.price_per_carat_usd),
        quote.model.id,
        quote.model.family
    );
    // writing to a string cannot fail
    if let Some(range) = quote.range_usd {
        let share = range.confidence * 100.0;
        let _ =
            writeln!(text, "{share:.0} in 100 stones like it fetch {} to {}", dollars(range.low), dollars(range.high));
    }
    let assumed: Vec<String> =
        quote.assumed.entries().map(|(field, value)| format!("{} {}", field.name, field.write(value))).collect();
    if !assumed.is_empty() {
        let _ = writeln!(text, "filled in from similar stones: {}", assumed.join(", "));
    }
    if let Some(why) = &quote.explanation {
        let _ = writeln!(text, "why: a typical stone costs {}", dollars(why.typical_usd));
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
