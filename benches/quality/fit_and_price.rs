//! Fits a family to the sales of one file and prices the stones of another, for comparisons with other programs:
//!
//!     cargo run --release --example fit_and_price -- FIT.csv PRICE.csv FAMILY SEED [TRIALS] [BUDGET_SECONDS] [SETTINGS]
//!
//! Both files are such as `diamonds ingest` takes. `SETTINGS` is a JSON object of the family's hyper-parameters that are
//! tried first. Prints one JSON document: seconds, trials, hyper-parameters, and one
//! row for each priced stone, in the file's order: what it fetched, and what the model says of it, whole, without sizes and by the four Cs.

use std::path::Path;
use std::time::{Duration, Instant};

use diamonds::diamond::Sale;
use diamonds::learning::families::{FitPlan, SilentObserver, find_family};
use diamonds::learning::promises::{FittedPrices, fit_model};
use diamonds::store::{Store, Upload};
use serde_json::{Map, Value, json};

type Failure = Box<dyn std::error::Error>;

fn main() -> Result<(), Failure> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [fit_on, price, family, seed, more @ ..] = &arguments[..] else {
        return Err("FIT.csv PRICE.csv FAMILY SEED [TRIALS] [BUDGET_SECONDS] [SETTINGS]".into());
    };
    let start: Option<Map<String, Value>> = more.get(2).map(|text| serde_json::from_str(text)).transpose()?;
    let plan = FitPlan {
        seed: seed.parse()?,
        trials: more.first().map_or(Ok(60), |text| text.parse())?,
        threads: 2,
        budget: more.get(1).map(|text| text.parse().map(Duration::from_secs_f64)).transpose()?,
        start: start.as_ref(),
        observer: &SilentObserver,
    };
    let (known, asked) = (sales(Path::new(fit_on))?, sales(Path::new(price))?);
    let started = Instant::now();
    let FittedPrices { prices, trials, hyperparameters, .. } = fit_model(find_family(family)?, &known, &plan)?;
    let fit_seconds = started.elapsed().as_secs_f64();
    let rows: Vec<Value> = asked
        .iter()
        .map(|sale| {
            let mut row = json!(sale);
            row["predicted_usd"] = json!(prices.price_usd(&sale.stone));
            row["without_sizes_usd"] = json!(prices.price_usd(&sale.stone.without_sizes()));
            row["four_cs_usd"] = json!(prices.price_usd(&sale.stone.with_four_cs_only()));
            row
        })
        .collect();
    let document = json!({
        "fit_seconds": fit_seconds,
        "trials": trials.len(),
        "hyperparameters": hyperparameters,
        "rows": rows,
    });
    #[expect(clippy::print_stdout, reason = "that is what it is for")]
    {
        println!("{document}");
    }
    Ok(())
}

/// The sales of a file, as `diamonds` understands it.
fn sales(path: &Path) -> Result<Vec<Sale>, Failure> {
    let folder = tempfile::tempdir()?;
    let mut store = Store::open(&folder.path().join("sales.duckdb"))?;
    store.ingest(&Upload::read(path)?, false)?;
    let mut sales = Vec::new();
    store.for_each_sale(&mut |block| sales.extend(block.iter().map(|stored| stored.sale)))?;
    Ok(sales)
}
