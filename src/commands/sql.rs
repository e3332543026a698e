//! `diamonds sql`: SQL queries on the file.

use std::path::Path;

use serde_json::{Map, Value};

use super::CommandError;
use super::console::{Console, table};
use crate::control::{self, RunQuery};
use crate::store::{QueryLimits, Table};

#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// A query in DuckDB's SQL; `SHOW TABLES` lists the tables, `DESCRIBE sale` the columns of one
    #[arg(allow_hyphen_values = true)]
    query: String,
    /// Most rows of the answer
    #[arg(long, value_name = "N", default_value_t = 100_000)]
    limit: usize,
    /// Longest time that the query may take, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 60)]
    timeout: u64,
}

pub fn run(arguments: &Arguments, database: &Path, console: &Console) -> Result<(), CommandError> {
    let sql = arguments.query.clone();
    let limits = QueryLimits { rows: arguments.limit, seconds: arguments.timeout, asker: Some(std::process::id()) };
    let answer = control::run(database, RunQuery { sql, limits })?;
    let columns = distinct(&answer.columns);
    let objects: Vec<Map<String, Value>> =
        answer.rows.iter().map(|row| columns.iter().cloned().zip(row.iter().cloned()).collect()).collect();
    console.print(&objects, |_| describe(&answer))?;
    if answer.is_cut {
        console.hint(&format!("There are more than {} rows: --limit shows more.", arguments.limit));
    }
    Ok(())
}

/// The names, made distinct: the second `a` is `a_2`.
fn distinct(names: &[String]) -> Vec<String> {
    let mut distinct: Vec<String> = Vec::with_capacity(names.len());
    for name in names {
        let mut fresh = name.clone();
        let mut number = 2;
        while distinct.contains(&fresh) {
            fresh = format!("{name}_{number}");
            number += 1;
        }
        distinct.push(fresh);
    }
    distinct
}

fn describe(answer: &Table) -> String {
    let header: Vec<&str> = answer.columns.iter().map(String::as_str).collect();
    let numeric: Vec<usize> = (0..header.len())
        .filter(|column| {
            !answer.rows.is_empty() && answer.rows.iter().all(|row| row[*column].is_number() || row[*column].is_null())
        })
        .collect();
    let rows = answer.rows.iter().map(|row| row.iter().map(cell).collect());
    table(&header, rows, &numeric)
}

fn cell(value: &Value) -> String {
    match value {
        Value::Null => "NULL".to_owned(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}
