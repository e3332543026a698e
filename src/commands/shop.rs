//! `diamonds shop`: what stands on quotes.

use std::path::{Path, PathBuf};

use jiff::tz::TimeZone;
use serde_json::{Value, json};

use super::console::Console;
use super::{CommandError, parse_within};
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
    #[arg(long, value_parser = parse_line)]
    name: Option<String>,
    /// Its address; "\n" begins a new line
    #[arg(long)]
    address: Option<String>,
    /// A picture of at most 200 kB: PNG, JPEG or WebP
    #[arg(long, value_name = "FILE", conflicts_with = "no_logo")]
    logo: Option<PathBuf>,
    /// Take the picture away
    #[arg(long)]
    no_logo: bool,
    /// The currency of quotes, by its three letters, such as EUR
    #[arg(long, value_parser = parse_currency, requires = "rate")]
    currency: Option<String>,
    /// What one US dollar is worth in that currency, such as 0.92
    #[arg(long, value_parser = parse_rate)]
    rate: Option<f64>,
    /// For how many days a quote is good
    #[arg(long, value_name = "DAYS", value_parser = clap::value_parser!(i64).range(1..=3650))]
    valid_days: Option<i64>,
    /// The zone of the times on quotes, such as Europe/Rome; that of the machine if it is never set
    #[arg(long, value_name = "ZONE", value_parser = parse_time_zone)]
    time_zone: Option<String>,
}

/// Longest name, in characters.
const LONGEST_NAME: usize = 100;
/// Largest picture, in bytes.
const LARGEST_LOGO: usize = 200_000;
/// How pictures begin, and their media type.
const PICTURES: [(&[u8], &str); 3] =
    [(b"\x89PNG\r\n\x1a\n", "image/png"), (b"\xff\xd8\xff", "image/jpeg"), (b"RIFF", "image/webp")];

fn parse_line(text: &str) -> Result<String, String> {
    let text = text.trim();
    if text.chars().count() > LONGEST_NAME || text.contains(char::is_control) {
        return Err(format!("a name is one line of at most {LONGEST_NAME} characters"));
    }
    Ok(text.to_owned())
}

fn parse_currency(text: &str) -> Result<String, String> {
    let is_code = text.len() == 3 && text.bytes().all(|letter| letter.is_ascii_alphabetic());
    if is_code {
        Ok(text.to_ascii_uppercase())
    } else {
        Err(format!("{text:?} is no currency: write three letters, such as EUR"))
    }
}

fn parse_rate(text: &str) -> Result<f64, String> {
    parse_within(text, &(1e-4..=1e6), "is no rate: write what one US dollar is worth, such as 0.92")
}

fn parse_time_zone(text: &str) -> Result<String, String> {
    match TimeZone::get(text) {
        Ok(_) => Ok(text.to_owned()),
        Err(error) => {
            Err(format!("{text:?} is no time zone that this machine knows ({error}): write one such as Europe/Rome"))
        }
    }
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
        address: wanted.address.as_ref().map_or(old.address, |text| text.replace("\\n", "\n").trim().to_owned()),
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
    if bytes.len() > LARGEST_LOGO {
        return Err(refuse(format!("has {} kB: a picture of at most 200 kB fits a quote", bytes.len() / 1000)));
    }
    let known = PICTURES.iter().find(|(beginning, _)| bytes.starts_with(beginning));
    let (_, media_type) = known.ok_or_else(|| refuse("is no PNG, JPEG or WebP picture".to_owned()))?;
    Ok(Logo { media_type: (*media_type).to_owned(), bytes })
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
