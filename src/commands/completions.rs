//! `diamonds completions`: what a shell needs to complete commands, options, models and families.
//!
//! The script that a shell loads asks this program what may come next, so that models of the file are there too.

use std::ffi::OsStr;
use std::io::{self, Write};

use clap::CommandFactory;
use clap_complete::engine::CompletionCandidate;
use clap_complete::env::Shells;

use super::{Cli, CommandError, location};
use crate::control::{self, ListModels};

/// The variable by which a script asks for completions.
const VARIABLE: &str = "DIAMONDS_COMPLETE";

#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// The shell
    #[arg(value_name = "SHELL", value_parser = clap::builder::PossibleValuesParser::new(["bash", "elvish", "fish", "powershell", "zsh"]))]
    shell: String,
}

pub fn run(arguments: &Arguments) -> Result<(), CommandError> {
    let shells = Shells::builtins();
    let Some(shell) = shells.completer(&arguments.shell) else { return Ok(()) };
    let mut out = io::stdout().lock();
    // whoever types the name has the program on the path, wherever this was written
    shell.write_registration(VARIABLE, "diamonds", "diamonds", "diamonds", &mut out)?;
    out.flush()?;
    Ok(())
}

/// Answers the script of a shell, and ends; does nothing if none asks.
pub fn answer_shell() {
    clap_complete::CompleteEnv::with_factory(Cli::command).var(VARIABLE).bin("diamonds").complete();
}

/// The models of the file that is named in the environment, or of the usual one, whose number begins so.
pub fn models(current: &OsStr) -> Vec<CompletionCandidate> {
    let named = std::env::var_os("DIAMONDS_DB").map(std::path::PathBuf::from);
    let found = location::database(named.as_deref()).ok().filter(|path| path.exists());
    let models = found.and_then(|database| control::run(&database, ListModels {}).ok()).unwrap_or_default();
    let begins = |id: &str| id.starts_with(&*current.to_string_lossy());
    models
        .iter()
        .filter(|model| begins(&model.id.to_string()))
        .map(|model| {
            let mark = if model.champion { ", champion" } else { "" };
            CompletionCandidate::new(model.id.to_string()).help(Some(format!("{}{mark}", model.family).into()))
        })
        .collect()
}
