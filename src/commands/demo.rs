//! `diamonds demo`: made-up sales, a model and the pages, for a first look. Nothing is left behind.

use std::fs::File;
use std::io::{self, BufWriter, IsTerminal, Write};
use std::path::Path;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use tempfile::TempDir;

use super::CommandError;
use super::console::Console;
use super::retrain::train;
use crate::control;
use crate::generator::Generator;
use crate::retraining::{PromotionPolicy, RetrainingSettings};
use crate::server::{self, ServerOptions};
use crate::store::Upload;

/// Made-up sales: enough for ranges and similar stones, few enough for seconds.
const SALES: u64 = 5_000;
/// Families that are trained in seconds.
const FAMILIES: [&str; 2] = ["linear", "xgboost"];
/// How long settings are searched for.
const BUDGET: Duration = Duration::from_secs(3);

/// Ctrl-C ends all of it.
static STOP: AtomicBool = AtomicBool::new(false);

#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// Address to listen on; port 0 picks a free one
    #[arg(long, value_name = "HOST:PORT", default_value = "127.0.0.1:0")]
    addr: String,
    /// Do not open the page in a browser
    #[arg(long)]
    no_browser: bool,
}

pub fn run(arguments: &Arguments, console: &Console) -> Result<(), CommandError> {
    let folder = tempfile::Builder::new().prefix("diamonds-demo-").tempdir()?;
    let database = folder.path().join("demo.duckdb");
    console.hint(&format!("Making up {SALES} sales, and training on them: a few seconds."));
    ingest_made_up_sales(&folder, &database)?;
    let settings = RetrainingSettings {
        families: FAMILIES.map(str::to_owned).into(),
        trials: None,
        fresh: false,
        budget: Some(BUDGET),
        seed: 42,
        promotion: PromotionPolicy::Auto,
    };
    train(&database, &settings, &STOP, console)?;
    let store = control::open_to_serve(&database)?;
    let options = ServerOptions { address: arguments.addr.clone(), ..ServerOptions::default() };
    let opens_browser = !arguments.no_browser && io::stdout().is_terminal();
    server::serve(store, options, |address| {
        let page = format!("http://{address}");
        let mut out = io::stdout().lock();
        // the server works even if nobody reads its first line
        let _ = writeln!(out, "listening on {page}").and_then(|()| out.flush());
        console.hint(
            "Everything here is made up, and gone when this ends: Ctrl-C. Your own sales: `diamonds ingest FILE`.",
        );
        if opens_browser {
            // where there is no browser, the address is there to be copied
            let _ = open::that_detached(&page);
        }
    })?;
    Ok(())
}

fn ingest_made_up_sales(folder: &TempDir, database: &Path) -> Result<(), CommandError> {
    let path = folder.path().join("made-up sales.csv");
    let mut file = BufWriter::new(File::create(&path)?);
    Generator::new(1).write_csv(&mut file, SALES, 0.0)?;
    file.flush()?;
    drop(file);
    control::ingest(database, Upload::read(&path)?, false)?;
    Ok(())
}
