//! The command line: one file for each command. A command reads its arguments, calls the modules below, and prints.

mod backup;
mod batches;
mod compact;
mod completions;
mod console;
mod demo;
mod doctor;
mod error;
mod export;
mod generate;
mod ingest;
mod keys;
mod location;
mod man;
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

pub use completions::answer_shell;
pub use error::CommandError;

use console::{Console, LogFormat};

/// The heading of the options that every command has.
const GLOBAL: &str = "Options of every command";

/// What somebody does who has just got the program.
const FIRST_STEPS: &str = "\
First steps:
  diamonds demo              look at it with made-up sales; nothing is left behind
  diamonds ingest sales.csv  add your own, whatever the file looks like
  diamonds retrain           learn their prices
  diamonds serve             answer on a page and over an API";

/// Prices diamonds: sales, trained models, their metrics and every API request in one DuckDB file.
#[derive(Debug, Parser)]
#[command(name = "diamonds", version, max_term_width = 100, after_help = FIRST_STEPS)]
pub struct Cli {
    /// The file that holds everything [default: diamonds.duckdb in the platform's data folder]
    #[arg(long, global = true, value_name = "FILE", env = "DIAMONDS_DB", help_heading = GLOBAL)]
    db: Option<PathBuf>,
    /// Print one JSON document and nothing else
    #[arg(long, global = true, help_heading = GLOBAL)]
    json: bool,
    /// Print results only: no progress, no hints
    #[arg(short, long, global = true, conflicts_with = "verbose", help_heading = GLOBAL)]
    quiet: bool,
    /// Say more on standard error; twice for even more
    #[arg(short, long, global = true, action = clap::ArgAction::Count, help_heading = GLOBAL)]
    verbose: u8,
    /// How to write log messages on standard error
    #[arg(long, global = true, value_enum, value_name = "FORMAT", default_value = "text", help_heading = GLOBAL)]
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
    /// Look at the program with made-up sales; nothing is left behind
    #[command(after_help = "Example: diamonds demo")]
    Demo(demo::Arguments),
    /// Add sales from CSV, Parquet or JSON lines; rows that are known already change nothing
    #[command(after_help = "Example: diamonds ingest sales.csv stock.xlsx --dry-run")]
    Ingest(ingest::Arguments),
    /// Train every model family on the sales, and promote the best model if it beats the champion
    #[command(after_help = "Example: diamonds retrain --budget 5m")]
    Retrain(retrain::Arguments),
    /// Serve the JSON API and the page
    #[command(after_help = "Example: diamonds serve --addr 0.0.0.0:8080 --host prices.example --backup-to backups")]
    Serve(Box<serve::Arguments>),
    /// Price one stone
    #[command(after_help = "Example: diamonds predict --carat 1.1 --cut Ideal --color H --clarity SI2")]
    Predict(predict::Arguments),
    /// The champion's prices by weight band, colour and clarity, to print
    #[command(after_help = "Example: diamonds price-list --cut Ideal --per-carat --out list.xlsx")]
    PriceList(price_list::Arguments),
    /// Find sold stones of the same cut, color and clarity, nearest weight first
    #[command(after_help = "Example: diamonds similar --carat 1.1 --cut Ideal --color H --clarity SI2")]
    Similar(similar::Arguments),
    /// The history of models
    #[command(subcommand, after_help = "Example: diamonds models compare 3 7")]
    Models(models::Arguments),
    /// Files for other programs: sales to train on, and the log by days
    #[command(subcommand, after_help = "Example: diamonds export sales for-the-cluster")]
    Export(export::Arguments),
    /// The log of requests to the API
    #[command(subcommand, after_help = "Example: diamonds requests list --status 422 --since 2h")]
    Requests(requests::Arguments),
    /// The quotes that were given to customers
    #[command(subcommand, after_help = "Example: diamonds quotes list")]
    Quotes(quotes::Arguments),
    /// What stands on quotes: the shop's name, address, logo and currency
    #[command(subcommand, after_help = "Example: diamonds shop set --name \"Rossi & Figli\" --logo logo.png")]
    Shop(shop::Arguments),
    /// The prices that priced stones really fetched
    #[command(subcommand, after_help = "Example: diamonds outcomes ingest sold.csv")]
    Outcomes(outcomes::Arguments),
    /// The history of ingested files
    #[command(subcommand, after_help = "Example: diamonds batches show 3")]
    Batches(batches::Arguments),
    /// The keys of people and programs that use the server
    #[command(subcommand, after_help = "Example: diamonds keys create --role price --name counter")]
    Keys(keys::Arguments),
    /// The state of the file: champion, live accuracy, drift, and what to do next
    #[command(after_help = "Example: diamonds status")]
    Status(status::Arguments),
    /// Whether the file, its folder and its server are well, and what to do where they are not
    #[command(after_help = "Example: diamonds doctor")]
    Doctor(doctor::Arguments),
    /// Query the file in SQL, read-only
    #[command(after_help = "Example: diamonds sql \"SELECT color, avg(price_usd / carat) FROM sale GROUP BY color\"")]
    Sql(sql::Arguments),
    /// Copy the file, also while it is served
    #[command(after_help = "Example: diamonds backup backups/today.duckdb")]
    Backup(backup::Arguments),
    /// Bring a backup back; what is there before is kept
    #[command(after_help = "Example: diamonds restore backups/today.duckdb")]
    Restore(restore::Arguments),
    /// Make the file as small as its content, also while it is served
    #[command(after_help = "Example: diamonds compact")]
    Compact,
    /// Make up realistic sales as CSV, for demonstrations and load
    #[command(after_help = "Example: diamonds generate --rows 54000 > sales.csv")]
    Generate(generate::Arguments),
    /// What a shell needs to complete commands, models and families
    #[command(after_help = "Example: source <(diamonds completions bash)")]
    Completions(completions::Arguments),
    /// Write manual pages into a folder
    #[command(after_help = "Example: diamonds man /usr/local/share/man/man1")]
    Man(man::Arguments),
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
            Command::Demo(arguments) => demo::run(arguments, &console),
            Command::Ingest(arguments) => ingest::run(arguments, &database()?, &console),
            Command::Retrain(arguments) => retrain::run(arguments, &database()?, &console),
            Command::Serve(arguments) => serve::run(arguments, &database()?, &console),
            Command::Predict(arguments) => predict::run(arguments, &database()?, &console),
            Command::PriceList(arguments) => price_list::run(arguments, &database()?, &console),
            Command::Similar(arguments) => similar::run(arguments, &database()?, &console),
            Command::Models(arguments) => models::run(arguments, &database()?, &console),
            Command::Export(arguments) => export::run(arguments, &database()?, &console),
            Command::Requests(arguments) => requests::run(arguments, &database()?, &console),
            Command::Quotes(arguments) => quotes::run(arguments, &database()?, &console),
            Command::Shop(arguments) => shop::run(arguments, &database()?, &console),
            Command::Outcomes(arguments) => outcomes::run(arguments, &database()?, &console),
            Command::Batches(arguments) => batches::run(arguments, &database()?, &console),
            Command::Keys(arguments) => keys::run(arguments, &database()?, &console),
            Command::Status(arguments) => status::run(arguments, &database()?, &console),
            Command::Doctor(arguments) => doctor::run(arguments, &database()?, &console),
            Command::Sql(arguments) => sql::run(arguments, &database()?, &console),
            Command::Backup(arguments) => backup::run(arguments, &database()?, &console),
            Command::Restore(arguments) => restore::run(arguments, &database()?, &console),
            Command::Compact => compact::run(&database()?, &console),
            Command::Generate(arguments) => generate::run(arguments),
            Command::Completions(arguments) => completions::run(arguments),
            Command::Man(arguments) => man::run(arguments),
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
