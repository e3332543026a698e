//! The command line: one file for each command. A command reads its arguments, calls the modules below, and prints.

mod backup;
mod batches;
mod compact;
mod console;
mod error;
mod generate;
mod ingest;
mod keys;
mod location;
mod model_card;
mod models;
mod outcomes;
mod predict;
mod predict_file;
mod price_list;
mod quotes;
mod requests;
mod restore;
mod retrain;
mod serve;
mod shop;
mod similar;
mod sql;
mod status;
mod stone_arguments;

use std::ops::RangeInclusive;
use std::path::PathBuf;

use clap::{Parser, Subcommand};

pub use error::CommandError;

use console::{Console, LogFormat};

/// Prices diamonds: sales, trained models, their metrics and every API request in one DuckDB file.
#[derive(Debug, Parser)]
#[command(name = "diamonds", version, max_term_width = 100)]
pub struct Cli {
    /// The file that holds everything [default: diamonds.duckdb in the platform's data folder]
    #[arg(long, global = true, value_name = "FILE", env = "DIAMONDS_DB")]
    db: Option<PathBuf>,
    /// Print one JSON document and nothing else
    #[arg(long, global = true)]
    json: bool,
    /// Print results only: no progress, no hints
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    quiet: bool,
    /// Say more on standard error; twice for even more
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    verbose: u8,
    /// How to write log messages on standard error
    #[arg(long, global = true, value_enum, value_name = "FORMAT", default_value = "text")]
    log: LogFormat,
    #[command(subcommand)]
    command: Command,
}

/// Reads a number within `allowed`; anything else is told with what to write instead.
fn parse_within(text: &str, allowed: &RangeInclusive<f64>, instead: &str) -> Result<f64, String> {
    text.parse().ok().filter(|number| allowed.contains(number)).ok_or_else(|| format!("{text:?} {instead}"))
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Add sales from CSV, Parquet or JSON lines; rows that are known already change nothing
    Ingest(ingest::Arguments),
    /// Train every model family on the sales, and promote the best model if it beats the champion
    Retrain(retrain::Arguments),
    /// Serve the JSON API and the page
    Serve(Box<serve::Arguments>),
    /// Price one stone
    Predict(predict::Arguments),
    /// The champion's prices by weight band, colour and clarity, to print
    PriceList(price_list::Arguments),
    /// Find sold stones of the same cut, color and clarity, nearest weight first
    Similar(similar::Arguments),
    /// The history of models
    #[command(subcommand)]
    Models(models::Arguments),
    /// The log of requests to the API
    #[command(subcommand)]
    Requests(requests::Arguments),
    /// The quotes that were given to customers
    #[command(subcommand)]
    Quotes(quotes::Arguments),
    /// What stands on quotes: the shop's name, address, logo and currency
    #[command(subcommand)]
    Shop(shop::Arguments),
    /// The prices that priced stones really fetched
    #[command(subcommand)]
    Outcomes(outcomes::Arguments),
    /// The history of ingested files
    #[command(subcommand)]
    Batches(batches::Arguments),
    /// The keys of people and programs that use the server
    #[command(subcommand)]
    Keys(keys::Arguments),
    /// The state of the file: champion, live accuracy, drift, and what to do next
    Status(status::Arguments),
    /// Query the file in SQL, read-only
    Sql(sql::Arguments),
    /// Copy the file, also while it is served
    Backup(backup::Arguments),
    /// Bring a backup back; what is there before is kept
    Restore(restore::Arguments),
    /// Make the file as small as its content, also while it is served
    Compact,
    /// Make up realistic sales as CSV, for demonstrations and load
    Generate(generate::Arguments),
}

impl Cli {
    /// Runs the command.
    ///
    /// # Errors
    /// Why it failed, in words for the user.
    pub fn run(self) -> Result<(), CommandError> {
        console::start_logging(self.quiet, self.verbose, self.log);
        let console = Console::new(self.json, self.quiet);
        let database = || location::database(self.db.as_deref());
        match &self.command {
            Command::Ingest(arguments) => ingest::run(arguments, &database()?, &console),
            Command::Retrain(arguments) => retrain::run(arguments, &database()?, &console),
            Command::Serve(arguments) => serve::run(arguments, &database()?, &console),
            Command::Predict(arguments) => predict::run(arguments, &database()?, &console),
            Command::PriceList(arguments) => price_list::run(arguments, &database()?, &console),
            Command::Similar(arguments) => similar::run(arguments, &database()?, &console),
            Command::Models(arguments) => models::run(arguments, &database()?, &console),
            Command::Requests(arguments) => requests::run(arguments, &database()?, &console),
            Command::Quotes(arguments) => quotes::run(arguments, &database()?, &console),
            Command::Shop(arguments) => shop::run(arguments, &database()?, &console),
            Command::Outcomes(arguments) => outcomes::run(arguments, &database()?, &console),
            Command::Batches(arguments) => batches::run(arguments, &database()?, &console),
            Command::Keys(arguments) => keys::run(arguments, &database()?, &console),
            Command::Status(arguments) => status::run(arguments, &database()?, &console),
            Command::Sql(arguments) => sql::run(arguments, &database()?, &console),
            Command::Backup(arguments) => backup::run(arguments, &database()?, &console),
            Command::Restore(arguments) => restore::run(arguments, &database()?, &console),
            Command::Compact => compact::run(&database()?, &console),
            Command::Generate(arguments) => generate::run(arguments),
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        super::Cli::command().debug_assert();
    }
}
