//! `diamonds similar`: sold stones like a given one.

use std::path::Path;

use super::CommandError;
use super::console::{Console, table};
use super::stone_arguments::StoneArguments;
use crate::control::{self, FindSimilar};
use crate::pricing::{MAX_SIMILAR, SimilarStones};
use crate::text::dollars;

#[derive(Debug, clap::Args)]
pub struct Arguments {
    #[command(flatten)]
    stone: StoneArguments,
    /// Number of stones in the list
    #[arg(short, long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u16).range(1..=MAX_SIMILAR as i64))]
    n: u16,
}

pub fn run(arguments: &Arguments, database: &Path, console: &Console) -> Result<(), CommandError> {
    let stone = arguments.stone.read(console)?;
    let similar = control::run(database, FindSimilar { stone, n: arguments.n.into() })?;
    console.print(&similar, describe)?;
    Ok(())
}

fn describe(similar: &SimilarStones) -> String {
    if similar.stones.is_empty() {
        return "No stone of this cut, color and clarity was sold.".to_owned();
    }
    let rows = similar.stones.iter().map(|found| {
        let stone = &found.sale.stone;
        let mut row = vec![stone.weight_carat.to_string(), dollars(found.sale.price_usd)];
        // the four Cs come first
        let measures = &stone.values()[4..];
        row.extend(measures.iter().map(|measure| measure.map(|measure| measure.to_string()).unwrap_or_default()));
        row
    });
    format!(
        "{} of {} stones of this cut, color and clarity, nearest weight first\n\n{}",
        similar.count,
        similar.available,
        table(&["carat", "price", "depth", "table", "x", "y", "z"], rows, &[0, 1, 2, 3, 4, 5, 6])
    )
}
