//! `diamonds serve`: the API and the page.

use std::io::{self, Write};
use std::path::Path;

use super::CommandError;
use super::console::Console;
use crate::{control, server};

#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// Where to listen; port 0 picks a free one
    #[arg(long, value_name = "HOST:PORT", default_value = "127.0.0.1:8080")]
    addr: String,
}

pub fn run(arguments: &Arguments, database: &Path, console: &Console) -> Result<(), CommandError> {
    let store = control::own(database)?;
    if store.champion()?.is_none() {
        console.hint(
            "No model is trained yet: prices can be had after `diamonds ingest FILE.csv` and `diamonds retrain`.",
        );
    }
    server::serve(store, &arguments.addr, |address| {
        let mut out = io::stdout().lock();
        // a server whose start nobody reads still serves
        let _ = writeln!(out, "listening on http://{address}").and_then(|()| out.flush());
    })?;
    Ok(())
}
