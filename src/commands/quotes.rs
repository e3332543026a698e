//! `diamonds quotes`: the quotes that were given to customers.

use std::path::Path;

use jiff::Timestamp;
use serde_json::json;

use super::CommandError;
use super::console::{Console, table};
use crate::control::{ListQuotes, run as run_operation};
use crate::store::{QuoteFilter, StoredQuote};
use crate::text::dollars;
use crate::times::parse_time;

#[derive(Debug, clap::Subcommand)]
pub enum Arguments {
    /// Quotes, newest first
    List {
        /// Most quotes in the list
        #[arg(long, value_name = "N", default_value_t = 50)]
        limit: u32,
        /// Only those whose customer, note, certificate or stone contains this
        #[arg(long, value_name = "TEXT")]
        text: Option<String>,
        /// Only those made since then
        #[arg(long, value_name = "TIME", value_parser = parse_time)]
        since: Option<Timestamp>,
        /// Only those made before then
        #[arg(long, value_name = "TIME", value_parser = parse_time)]
        until: Option<Timestamp>,
    },
}

pub fn run(arguments: &Arguments, database: &Path, console: &Console) -> Result<(), CommandError> {
    let Arguments::List { limit, text, since, until } = arguments;
    let filter =
        QuoteFilter { limit: *limit, text: text.clone(), since: *since, until: *until, ..QuoteFilter::default() };
    let quotes = run_operation(database, ListQuotes { filter })?;
    console.print(&json!({ "quotes": quotes }), |_| list(&quotes))?;
    Ok(())
}

fn list(quotes: &[StoredQuote]) -> String {
    if quotes.is_empty() {
        return "No quote: the desk of `diamonds serve` makes them.".to_owned();
    }
    let rows = quotes.iter().map(|quote| {
        vec![
            format!("Q-{}", quote.number),
            quote.time.strftime("%Y-%m-%d %H:%M").to_string(),
            quote.details.customer.clone(),
            quote.stone.clone(),
            dollars(quote.price_usd),
            quote.sold_usd.map(dollars).unwrap_or_default(),
        ]
    });
    table(&["number", "time (UTC)", "customer", "stone", "price", "sold for"], rows, &[4, 5])
}
