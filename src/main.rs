//! The `diamonds` program.

use std::error::Error;
use std::io::Write;
use std::process::ExitCode;

use clap::Parser;
use diamonds::commands::{Cli, CommandError};

fn main() -> ExitCode {
    match Cli::parse().run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let code = error.exit_code();
            if code != 0 {
                report(&error);
            }
            code.into()
        }
    }
}

/// Prints the error and everything that caused it.
fn report(error: &CommandError) {
    let mut text = format!("error: {error}\n");
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(&format!("  because: {cause}\n"));
        source = cause.source();
    }
    // nobody listening to standard error is no reason for another error
    let _ = std::io::stderr().write_all(text.as_bytes());
}
