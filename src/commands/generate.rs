//! `diamonds generate`: made-up sales.

use std::io::{self, BufWriter, Write};

use super::{CommandError, parse_within};
use crate::generator::Generator;

#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// Number of sales
    #[arg(long, value_name = "N")]
    rows: u64,
    /// Seed of every random choice: the same seed gives the same bytes
    #[arg(long, value_name = "S", default_value_t = 1)]
    seed: u64,
    /// Leave out the first N sales of the seed, so that two files overlap or continue each other
    #[arg(long, value_name = "N", default_value_t = 0)]
    skip: u64,
    /// Share of rows with mistakes as real files have them: price -1, a size of 0, an unknown grade
    #[arg(long, value_name = "SHARE", default_value_t = 0.0, value_parser = parse_share)]
    dirty: f64,
    /// Add the day of each sale, in 2025, and let prices rise by this share in that year, such as 0.3
    #[arg(long, value_name = "SHARE", value_parser = parse_change)]
    yearly_change: Option<f64>,
}

pub fn run(arguments: &Arguments) -> Result<(), CommandError> {
    let mut out = BufWriter::with_capacity(1 << 16, io::stdout().lock());
    let generator = Generator::starting_at(arguments.seed, arguments.skip);
    let generator = match arguments.yearly_change {
        Some(change) => generator.with_yearly_change(change),
        None => generator,
    };
    generator.write_csv(&mut out, arguments.rows, arguments.dirty)?;
    out.flush()?;
    Ok(())
}

fn parse_share(text: &str) -> Result<f64, String> {
    parse_within(text, &(0.0..=1.0), "is not a share: write a number from 0 to 1, such as 0.01")
}

fn parse_change(text: &str) -> Result<f64, String> {
    parse_within(text, &(-0.9..=9.0), "is not a change: write a number from -0.9 to 9, such as 0.3 for 30 % more")
}
