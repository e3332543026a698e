//! `diamonds export`: sales for a training in another program, and the log for any engine.

use std::path::{Path, PathBuf};

use bytesize::ByteSize;
use jiff::Timestamp;

use super::CommandError;
use super::console::Console;
use crate::control::{self, ReadNode};
use crate::exchange::{SalesExportReport, SalesExportSettings, export_log, export_sales, read_node, this_node};
use crate::store::LogTable;
use crate::text::count;

#[derive(Debug, clap::Subcommand)]
pub enum Arguments {
    /// Write what models learn from the sales into a new folder, without the holdout, for a training on a cluster
    #[command(after_help = "Example: diamonds export sales for-the-cluster --buckets 16")]
    Sales {
        /// The folder, which is made
        folder: PathBuf,
        /// Number of parts: so many workers can share the rows
        #[arg(long, value_name = "N", default_value_t = 8, value_parser = clap::value_parser!(u32).range(1..=1024))]
        buckets: u32,
        /// Seed of every random choice of the training
        #[arg(long, value_name = "N", default_value_t = 42)]
        seed: u64,
        /// Settings that the job tries before the training, each on one worker; 1 for none but those of the start
        #[arg(long, value_name = "N", default_value_t = 1)]
        trials: usize,
    },
    /// Add what is new in the log of requests to a folder of Parquet files, one folder for each day
    #[command(after_help = "Example: diamonds export requests /mnt/lake/requests --node shop-3")]
    Requests(LogArguments),
    /// Add the prices that were answered since the last time to a folder of Parquet files, one folder for each day
    #[command(after_help = "Example: diamonds export predictions /mnt/lake/predictions --node shop-3")]
    Predictions(LogArguments),
}

#[derive(Debug, clap::Args)]
pub struct LogArguments {
    /// The folder; what it has already stays
    folder: PathBuf,
    /// Name of this machine, which each row has as `node`: several may share a folder [default: the name that `serve --node` gave it, or the host's]
    #[arg(long, value_name = "NAME", value_parser = read_node)]
    node: Option<String>,
}

pub fn run(arguments: &Arguments, database: &Path, console: &Console) -> Result<(), CommandError> {
    match arguments {
        Arguments::Sales { folder, buckets, seed, trials } => {
            let settings = SalesExportSettings { buckets: *buckets, seed: *seed, trials: *trials };
            let report = export(database, folder, &settings, console)?;
            console.print(&report, describe)?;
            let folder = report.folder.display();
            console.hint(&format!(
                "Next: train on it as docs/cluster.md shows, and `diamonds models import RESULT`; {folder}/manifest.json says what is \
                 in it."
            ));
        }
        Arguments::Requests(arguments) => export_table(LogTable::Requests, arguments, database, console)?,
        Arguments::Predictions(arguments) => export_table(LogTable::Predictions, arguments, database, console)?,
    }
    Ok(())
}

fn export_table(
    table: LogTable,
    arguments: &LogArguments,
    database: &Path,
    console: &Console,
) -> Result<(), CommandError> {
    let told = arguments.node.clone().map_or_else(|| control::run(database, ReadNode {}), |node| Ok(Some(node)))?;
    let node = told.unwrap_or_else(this_node);
    let report = export_log(database, table, &arguments.folder, &node, Timestamp::now())?;
    console.print(&report, |report| match report.files.len() {
        0 => format!(
            "Nothing new until {}: {} has all of it.",
            report.until.strftime("%Y-%m-%d %H:%M UTC"),
            arguments.folder.display()
        ),
        files => format!(
            "{} {} until {}, in {files} {} in {}.",
            count(report.rows),
            table.name(),
            report.until.strftime("%Y-%m-%d %H:%M UTC"),
            if files == 1 { "file" } else { "files" },
            arguments.folder.display()
        ),
    })?;
    Ok(())
}

/// Exports, and shows how far it is.
fn export(
    database: &Path,
    folder: &Path,
    settings: &SalesExportSettings,
    console: &Console,
) -> Result<SalesExportReport, CommandError> {
    let bar = console.bar("{bar:30} {human_pos:>11} of {human_len} sales  {elapsed}", 0);
    let report = export_sales(database, folder, settings, &|done, of| {
        bar.set_length(u64::try_from(of).unwrap_or(u64::MAX));
        bar.set_position(u64::try_from(done).unwrap_or(u64::MAX));
    });
    bar.finish_and_clear();
    Ok(report?)
}

fn describe(report: &SalesExportReport) -> String {
    let as_count = |number: usize| count(i64::try_from(number).unwrap_or(i64::MAX));
    format!(
        "{} sales in {}: {} rows in {} files, {}.\n{} sales are held out: they stay here, to judge the model that comes back.",
        count(report.sales),
        report.folder.display(),
        count(report.rows),
        as_count(report.files),
        ByteSize(report.bytes).display().si(),
        as_count(report.held_out)
    )
}
