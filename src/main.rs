//! The `diamonds` program.

use std::error::Error;
use std::io::Write;
use std::process::ExitCode;

use clap::Parser;
use diamonds::commands::{Cli, CommandError, answer_shell};
use diamonds::system::keep_files_private;
use diamonds::text::escape_control_chars;

fn main() -> ExitCode {
    answer_shell();
    keep_files_private();
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

/// Prints the error and all its causes.
fn report(error: &CommandError) {
    let mut lines = vec![format!("error: {error}")];
    let causes = std::iter::successors(error.source(), |cause| (*cause).source());
    lines.extend(causes.map(|cause| format!("  because: {cause}")));
    // a closed standard error is not worth another error
    let _ = writeln!(std::io::stderr(), "{}", escape_control_chars(&lines.join("\n")));
}
