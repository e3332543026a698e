//! `diamonds man`: manual pages.

use std::path::PathBuf;

use clap::CommandFactory;

use super::{Cli, CommandError};

#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// The folder that the pages are written into, one for each command
    #[arg(value_name = "DIR")]
    folder: PathBuf,
}

pub fn run(arguments: &Arguments) -> Result<(), CommandError> {
    std::fs::create_dir_all(&arguments.folder)?;
    clap_mangen::generate_to(Cli::command(), &arguments.folder)?;
    Ok(())
}
