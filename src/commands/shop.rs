//! `diamonds shop`: what stands on quotes.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::CommandError;
use super::console::Console;
use crate::control::{ReadShop, SetShop, run as run_operation};
use crate::store::{Logo, Shop};

#[derive(Debug, clap::Subcommand)]
pub enum Arguments {
    /// Set what stands on quotes from now on; what is not given stays as it is
    Set(Box<SetArguments>),
    /// What stands on quotes
    Show,
}

#[derive(Debug, clap::Args)]
#[group(required = true, multiple = true)]
pub struct SetArguments {
    /// The name of the shop
    #[arg(long, value_parser = Shop::read_name)]
    name: Option<String>,
    /// Its address; "\n" begins a new line
    #[arg(long, value_parser = |text: &str| Shop::read_address(&text.replace("\\n", "\n")))]
    address: Option<String>,
    /// A picture of at most 200 kB: PNG, JPEG or WebP
    #[arg(long, value_name = "FILE", conflicts_with = "no_logo")]
    logo: Option<PathBuf>,
    /// Take the picture away
    #[arg(long)]
    no_logo: bool,
    /// The currency of quotes, by its three letters, such as EUR
    #[arg(long, value_parser = Shop::read_currency, requires = "rate")]
    currency: Option<String>,
    /// What one US dollar is worth in that currency, such as 0.92
    #[arg(long, value_parser = Shop::read_rate)]
    rate: Option<f64>,
    /// For how many days a quote is good
    #[arg(long, value_name = "DAYS", value_parser = Shop::read_valid_days)]
    valid_days: Option<i64>,
    /// The zone of the times on quotes, such as Europe/Rome; that of the machine if it is never set
    #[arg(long, value_name = "ZONE", value_parser = Shop::read_time_zone)]
    time_zone: Option<String>,
}

pub fn run(arguments: &Arguments, database: &Path, console: &Console) -> Result<(), CommandError> {
    match arguments {
        Arguments::Set(wanted) => {
            // the first command on a new file may be this one
            let old = if database.exists() { run_operation(database, ReadShop {})? } else { Shop::default() };
            let shop = changed(old, wanted)?;
            run_operation(database, SetShop { shop: shop.clone() })?;
            console.print(&as_json(&shop), |_| describe(&shop))?;
        }
        Arguments::Show => {
            let shop = run_operation(database, ReadShop {})?;
            console.print(&as_json(&shop), |_| describe(&shop))?;
        }
    }
    Ok(())
}

fn changed(old: Shop, wanted: &SetArguments) -> Result<Shop, CommandError> {
    let logo = match &wanted.logo {
        Some(path) => Some(read_logo(path)?),
        None if wanted.no_logo => None,
        None => old.logo,
    };
    Ok(Shop {
        name: wanted.name.clone().unwrap_or(old.name),
        address: wanted.address.clone().unwrap_or(old.address),
        currency: wanted.currency.clone().unwrap_or(old.currency),
        per_dollar: wanted.rate.unwrap_or(old.per_dollar),
        valid_days: wanted.valid_days.unwrap_or(old.valid_days),
        time_zone: wanted.time_zone.clone().unwrap_or(old.time_zone),
        logo,
    })
}

fn read_logo(path: &Path) -> Result<Logo, CommandError> {
    let refuse = |problem: String| CommandError::BadPicture { path: path.to_owned(), problem };
    let bytes = std::fs::read(path).map_err(|error| refuse(format!("cannot be read: {error}")))?;
    Logo::read(bytes).map_err(refuse)
}

fn as_json(shop: &Shop) -> Value {
    json!({
        "name": shop.name, "address": shop.address, "currency": shop.currency, "per_dollar": shop.per_dollar,
        "valid_days": shop.valid_days, "time_zone": shop.time_zone, "logo_bytes": shop.logo.as_ref().map(|logo| logo.bytes.len()),
    })
}

fn describe(shop: &Shop) -> String {
    let told = |text: &str| if text.is_empty() { "not told".to_owned() } else { text.replace('\n', ", ") };
    let logo = shop.logo.as_ref().map_or_else(
        || "none".to_owned(),
        |logo| format!("{}, {} kB", logo.media_type, logo.bytes.len().div_ceil(1000)),
    );
    let currency = match shop.currency.as_str() {
        "USD" => "USD".to_owned(),
        other => format!("{other}, {} for a dollar", shop.per_dollar),
    };
    let zone = if shop.time_zone.is_empty() { "that of the machine" } else { &shop.time_zone };
    format!(
        "Name       {}\nAddress    {}\nLogo       {logo}\nCurrency   {currency}\nGood for   {} days\nTime zone  {zone}",
        told(&shop.name),
        told(&shop.address),
        shop.valid_days,
    )
}
