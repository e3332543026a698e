//! `diamonds requests`: the log.

use std::collections::HashSet;
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use uuid::Uuid;

use super::CommandError;
use super::console::{Console, table};
use crate::control::{
    Access, ExportRequests, FileAccess, ListRequests, PruneRequests, ReplayRequests, ShowRequest, run as run_operation,
};
use crate::files::move_file;
use crate::monitoring::{Distribution, Replay};
use crate::store::{ExportFormat, LoggedRequest, PrunedRequests, RequestFilter, RequestPruning};
use crate::text::{count, dollars, signed_dollars, signed_percent};
use crate::times::parse_time;

#[derive(Debug, clap::Subcommand)]
pub enum Arguments {
    /// Requests, newest first
    List {
        /// Most requests in the list
        #[arg(long, value_name = "N", default_value_t = 50)]
        limit: u32,
        /// Only those answered with this status
        #[arg(long, value_name = "CODE")]
        status: Option<u16>,
        /// Only those to this path
        #[arg(long)]
        path: Option<String>,
        /// Only those answered by the model of this number
        #[arg(long, value_name = "ID")]
        model: Option<i64>,
        /// Only those since then: a time in UTC (2026-03-01, 2026-03-01T12:00) or an age (2h, 30m, 7d)
        #[arg(long, value_name = "TIME", value_parser = parse_time)]
        since: Option<Timestamp>,
        /// Only those before then, written like --since
        #[arg(long, value_name = "TIME", value_parser = parse_time)]
        until: Option<Timestamp>,
        /// Only those before the request of this id: the next page
        #[arg(long, value_name = "ID")]
        before: Option<Uuid>,
    },
    /// One request with its body and its answer
    Show {
        /// Id of the request
        id: Uuid,
    },
    /// Requests as they come, until Ctrl-C
    Tail {
        /// Only those answered with this status
        #[arg(long, value_name = "CODE")]
        status: Option<u16>,
        /// Only those to this path
        #[arg(long)]
        path: Option<String>,
    },
    /// Write the log with its bodies into a file: Parquet, CSV or JSON lines, by the ending of its name
    Export {
        /// The file, such as requests.parquet, requests.csv or requests.jsonl; nothing may exist there yet
        file: PathBuf,
        /// Only requests since then: a time in UTC (2026-03-01, 2026-03-01T12:00) or an age (2h, 30m, 7d)
        #[arg(long, value_name = "TIME", value_parser = parse_time)]
        since: Option<Timestamp>,
        /// Only those before then, written like --since
        #[arg(long, value_name = "TIME", value_parser = parse_time)]
        until: Option<Timestamp>,
    },
    /// Price stones from the log again, by another model
    Replay {
        /// Number of the model, or a family for its newest model
        #[arg(long, value_name = "ID|FAMILY")]
        model: String,
        /// Only requests since then: a time in UTC (2026-03-01, 2026-03-01T12:00) or an age (2h, 30m, 7d)
        #[arg(long, value_name = "TIME", value_parser = parse_time)]
        since: Option<Timestamp>,
        /// Most stones; the newest count
        #[arg(long, value_name = "N", default_value_t = 20_000)]
        limit: usize,
    },
    /// Delete old requests; charts keep their numbers, predictions stay
    Prune {
        /// Those that arrived before then: a time in UTC (2026-03-01) or an age (90d)
        #[arg(long, value_name = "TIME", value_parser = parse_time)]
        before: Timestamp,
        /// Export them first, as Parquet files in a folder for each day
        #[arg(long, value_name = "DIR")]
        export: Option<PathBuf>,
        /// Delete predictions of that time too, except for those with an outcome
        #[arg(long)]
        predictions: bool,
        /// Only count them
        #[arg(long)]
        dry_run: bool,
    },
}

pub fn run(arguments: &Arguments, database: &Path, console: &Console) -> Result<(), CommandError> {
    match arguments {
        Arguments::List { limit, status, path, model, since, until, before } => {
            let filter = RequestFilter {
                limit: *limit,
                status: *status,
                path: path.clone(),
                model: *model,
                since: *since,
                until: *until,
                before: *before,
            };
            let requests = run_operation(database, ListRequests { filter })?;
            console.print(&json!({ "requests": requests }), |_| list(&requests))?;
        }
        Arguments::Show { id } => console.print(&run_operation(database, ShowRequest { id: *id })?, show)?,
        Arguments::Tail { status, path } => tail(database, console, *status, path.as_deref())?,
        Arguments::Export { file, since, until } => {
            let name = file.file_name().unwrap_or_default().to_string_lossy();
            let format = ExportFormat::of_name(&name).ok_or_else(|| CommandError::ExportName { path: file.clone() })?;
            if file.exists() {
                return Err(CommandError::FileExists { path: file.clone() });
            }
            // the owner's folder goes with it: it stays until the file is moved
            let mut access = FileAccess::open(database, Access::Read)?;
            let exported = access.run(ExportRequests { since: *since, until: *until, format })?;
            move_file(&exported.path, file)?;
            console.print(&json!({ "file": file, "requests": exported.requests }), |_| {
                format!("{}: {} requests", file.display(), count(exported.requests))
            })?;
        }
        Arguments::Replay { model, since, limit } => {
            let replay =
                run_operation(database, ReplayRequests { model: model.clone(), since: *since, limit: *limit })?;
            console.print(&replay, describe_replay)?;
        }
        Arguments::Prune { before, export, predictions, dry_run } => {
            // the server may run in another folder
            let export_to = export.as_ref().map(std::path::absolute).transpose()?;
            let pruning =
                RequestPruning { before: *before, with_predictions: *predictions, export_to, dry_run: *dry_run };
            let pruned = run_operation(database, PruneRequests { pruning })?;
            console.print(&pruned, |pruned| describe_pruned(pruned, *dry_run))?;
            if !dry_run && pruned.requests > 0 {
                console.hint(
                    "The file keeps its size, and new requests use the space; `diamonds compact` makes it smaller.",
                );
            }
        }
    }
    Ok(())
}

/// Pause between two looks for new requests.
const TAIL_INTERVAL: Duration = Duration::from_secs(1);
/// Requests that are listed at a time.
const LISTED: u32 = 1_000;
/// How long after its arrival a request is in the log at the latest: answers take no longer.
const LATEST: SignedDuration = SignedDuration::from_secs(60);

/// Prints requests as they come: in JSON, one object a line.
fn tail(database: &Path, console: &Console, status: Option<u16>, path: Option<&str>) -> Result<(), CommandError> {
    let mut filter = RequestFilter {
        limit: LISTED,
        status,
        path: path.map(str::to_owned),
        since: Some(Timestamp::now()),
        ..RequestFilter::default()
    };
    // those that were shown and are listed again
    let mut shown: HashSet<Uuid> = HashSet::new();
    loop {
        let mut requests = list_all(database, &filter)?;
        let listed = requests.iter().map(|request| request.id).collect();
        let newest = requests.first().map(|request| request.time);
        requests.retain(|request| !shown.contains(&request.id));
        shown = listed;
        for request in requests.iter().rev() {
            console.print(request, |request| {
                let model = request.model_id.map(|id| format!("model {id}")).unwrap_or_default();
                format!(
                    "{}  {} {:<5} {} µs  {}  {model}",
                    request.time.strftime("%H:%M:%S"),
                    request.status,
                    request.method,
                    request.latency_us,
                    path_and_query(request)
                )
            })?;
        }
        // one that arrived before and was answered after this look may still come
        let next = newest.and_then(|newest| newest.checked_sub(LATEST).ok());
        filter.since = filter.since.max(next);
        std::thread::sleep(TAIL_INTERVAL);
    }
}

/// Every request that matches the filter, newest first, however many there are.
fn list_all(database: &Path, filter: &RequestFilter) -> Result<Vec<LoggedRequest>, CommandError> {
    let mut filter = filter.clone();
    let mut all = Vec::new();
    loop {
        let page = run_operation(database, ListRequests { filter: filter.clone() })?;
        let is_last = page.len() < filter.limit as usize;
        filter.before = page.last().map(|last| last.id);
        all.extend(page);
        if is_last {
            return Ok(all);
        }
    }
}

fn describe_pruned(pruned: &PrunedRequests, dry_run: bool) -> String {
    let verb = if dry_run { "would be deleted" } else { "are deleted" };
    let mut text = format!(
        "{} requests and {} predictions before {} {verb}.",
        count(pruned.requests),
        count(pruned.predictions),
        pruned.before.strftime("%Y-%m-%d %H:%M")
    );
    if let (Some(first), Some(last)) = (pruned.exported.first(), pruned.exported.last()) {
        // writing to a string cannot fail
        let _ =
            write!(text, "\nExported in {} files: {} to {}", pruned.exported.len(), first.display(), last.display());
    }
    text
}

fn list(requests: &[LoggedRequest]) -> String {
    if requests.is_empty() {
        return "No such request is in the log.".to_owned();
    }
    let rows = requests.iter().map(|request| {
        vec![
            request.id.to_string(),
            request.time.strftime("%Y-%m-%d %H:%M:%S").to_string(),
            request.method.clone(),
            path_and_query(request),
            request.status.to_string(),
            request.latency_us.to_string(),
            request.model_id.map(|id| id.to_string()).unwrap_or_default(),
            match (&request.client, &request.key_name) {
                (Some(client), Some(key_name)) => format!("{client} ({key_name})"),
                (client, _) => client.clone().unwrap_or_default(),
            },
        ]
    });
    table(&["id", "time (UTC)", "method", "path", "status", "µs", "model", "client"], rows, &[4, 5, 6])
}

fn show(request: &LoggedRequest) -> String {
    let mut text = format!("{} {}\n", request.method, path_and_query(request));
    let lines = [
        ("id", request.id.to_string()),
        ("time", format!("{} UTC", request.time.strftime("%Y-%m-%d %H:%M:%S%.6f"))),
        ("status", request.status.to_string()),
        ("latency", format!("{} µs", request.latency_us)),
        ("model", request.model_id.map_or_else(|| "none".to_owned(), |id| id.to_string())),
        ("client", request.client.clone().unwrap_or_else(|| "unknown".to_owned())),
        ("key", request.key_name.clone().unwrap_or_else(|| "none".to_owned())),
        ("request", request.request_body.clone().unwrap_or_default()),
        ("response", request.response_body.clone().unwrap_or_default()),
    ];
    // writing to a string cannot fail
    for (name, value) in lines {
        let _ = writeln!(text, "  {name:9} {value}");
    }
    text
}

fn describe_replay(replay: &Replay) -> String {
    let (Some(usd), Some(share)) = (&replay.change_usd, &replay.change_share) else {
        return "No priced stone is in the log of that time.".to_owned();
    };
    let as_count = |number: usize| count(i64::try_from(number).unwrap_or(i64::MAX));
    let row = |name: &str, of: &Distribution, write: &dyn Fn(f64) -> String| {
        [of.mean, of.p5, of.p25, of.median, of.p75, of.p95].into_iter().fold(vec![name.to_owned()], |mut row, value| {
            row.push(write(value));
            row
        })
    };
    let changes = [row("in dollars", usd, &signed_dollars), row("in percent", share, &signed_percent)];
    let moved = replay.most_moved.iter().map(|one| {
        vec![
            one.prediction.to_string(),
            format!("{} ct", one.stone.carat),
            one.stone.cut.to_string(),
            one.stone.color.to_string(),
            one.stone.clarity.to_string(),
            one.answered_by.to_string(),
            dollars(one.was_usd),
            dollars(one.would_be_usd),
            signed_percent(one.would_be_usd / one.was_usd - 1.0),
        ]
    });
    let mut text = format!(
        "{} stones priced again by model {} ({})\n\n{}\n\nThose that would move most\n\n{}\n",
        as_count(replay.stones),
        replay.model.id,
        replay.model.family,
        table(&["change", "mean", "5 %", "25 %", "median", "75 %", "95 %"], changes, &[1, 2, 3, 4, 5, 6]),
        table(
            &["prediction", "weight", "cut", "color", "clarity", "model", "was", "would be", "change"],
            moved,
            &[1, 5, 6, 7, 8]
        )
    );
    if replay.without_price > 0 {
        // writing to a string cannot fail
        let _ = writeln!(text, "\nFor {} more it finds no price.", as_count(replay.without_price));
    }
    text
}

fn path_and_query(request: &LoggedRequest) -> String {
    match &request.query {
        Some(query) => format!("{}?{query}", request.path),
        None => request.path.clone(),
    }
}
