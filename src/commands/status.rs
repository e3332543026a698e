//! `diamonds status`: the state of the file, and what to do next.

use std::fmt::Write;
use std::path::Path;

use super::CommandError;
use super::console::{Console, table};
use crate::control::{self, ReadStatus};
use crate::monitoring::{ChampionStatus, Status};
use crate::text::{count, dollars, percent, signed_percent};

#[derive(Debug, clap::Args)]
pub struct Arguments {}

pub fn run(_arguments: &Arguments, database: &Path, console: &Console) -> Result<(), CommandError> {
    let status = control::run(database, ReadStatus {})?;
    console.print(&status, describe)?;
    Ok(())
}

fn describe(status: &Status) -> String {
    let mut text = match &status.champion {
        Some(champion) => describe_champion(champion),
        None => "No model is trained yet.\n".to_owned(),
    };
    let lines = [
        ("sales", format!("{}, {} of them new to the champion", count(status.sales), count(status.new_sales))),
        (
            "requests",
            format!("{} in all, {} in the last day", count(status.requests.all), count(status.requests.last_day)),
        ),
        ("file", format!("{}, {:.1} MB", status.file.display(), megabytes(status.file_bytes))),
    ];
    // writing to a string cannot fail
    for (name, value) in lines {
        let _ = writeln!(text, "  {name:9} {value}");
    }
    if let Some(replica) = &status.replica {
        let copy = replica.copy.as_ref().map_or_else(
            || "no copy has come yet".to_owned(),
            |copy| format!("its copy of {} UTC", copy.made.strftime("%Y-%m-%d %H:%M")),
        );
        let _ = writeln!(text, "  replica   of {}: {copy}", replica.source);
    }
    if let Some(level) = &status.level {
        let _ = writeln!(
            text,
            "  level     {} stones since fetched {} against its prices ({} to {}, 95 %)",
            level.prices,
            signed_percent(level.median),
            signed_percent(level.low),
            signed_percent(level.high)
        );
    }
    if status.drift.iter().any(|drift| drift.psi.is_some()) {
        let rows = status.drift.iter().map(|drift| {
            vec![
                drift.feature.clone(),
                drift.asked.to_string(),
                drift.psi.map(|psi| format!("{psi:.3}")).unwrap_or_default(),
                drift.verdict.words().to_owned(),
            ]
        });
        let rows = table(&["", "stones", "PSI", "stones priced in 30 days"], rows, &[1, 2]);
        let _ = write!(text, "\n{rows}\n");
    } else if status.champion.is_some() {
        let asked = status.drift.iter().map(|drift| drift.asked).max().unwrap_or_default();
        let needed = Status::min_asked();
        let _ = writeln!(text, "  drift     {asked} stones were priced in 30 days: {needed} are needed");
    }
    let _ = write!(text, "\nNext\n");
    for advice in &status.advice {
        let _ = writeln!(text, "  {advice}");
    }
    text
}

fn describe_champion(champion: &ChampionStatus) -> String {
    let metrics = &champion.metrics;
    let mut text = format!(
        "Model {}, {}, answers\n  trained   {} UTC, {} days ago\n  held out  MAE {}, MAPE {}, R² {:.4}\n",
        champion.id,
        champion.family,
        champion.trained.strftime("%Y-%m-%d %H:%M"),
        champion.age_days,
        dollars(metrics.mae_usd),
        percent(metrics.mape, 1),
        metrics.r2
    );
    // writing to a string cannot fail
    let _ = match &champion.live {
        Some(live) => writeln!(
            text,
            "  live      MAE {}, MAPE {} of {} outcomes{}",
            dollars(live.mae_usd),
            percent(live.mape, 1),
            count(live.outcomes),
            live.coverage.map(|share| format!("; {} were within their range", percent(share, 0))).unwrap_or_default()
        ),
        None => writeln!(text, "  live      no outcome is recorded: add some with `diamonds outcomes import FILE`"),
    };
    text
}

#[expect(clippy::cast_precision_loss, reason = "for people")]
fn megabytes(bytes: u64) -> f64 {
    bytes as f64 / 1e6
}
