//! `diamonds keys`: who may use the server.

use std::path::Path;

use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use super::CommandError;
use super::console::{Console, table};
use crate::access::{KEY_PREFIX, Role, SecretDigest, generate_secret};
use crate::control::{AddKey, ListAuditEvents, ListKeys, RevokeKey, run as run_operation};
use crate::store::{ApiKey, AuditEvent, NewApiKey};
use crate::times::parse_age;

#[derive(Debug, clap::Subcommand)]
pub enum Arguments {
    /// Make a key and show it, this once
    Create {
        /// What its holder may do: prices and similar stones; also read the log and the models; or everything
        #[arg(long)]
        role: Role,
        /// Its name in the log, such as that of the shop or the program that uses it
        #[arg(long, value_parser = parse_name)]
        name: String,
        /// How long it is valid, such as 90d; for ever if left out
        #[arg(long, value_name = "AGE", value_parser = parse_age)]
        expires: Option<SignedDuration>,
    },
    /// Every key, newest first, without its secret
    List,
    /// Refuse a key from now on
    Revoke {
        /// Its name
        name: String,
    },
    /// Who changed what, newest first
    Audit {
        /// Most changes in the list
        #[arg(long, value_name = "N", default_value_t = 50)]
        limit: u32,
    },
}

/// Longest name of a key, in bytes.
const LONGEST_NAME: usize = 64;

fn parse_name(text: &str) -> Result<String, String> {
    let is_plain = |sign: char| sign.is_ascii_alphanumeric() || matches!(sign, '-' | '_' | '.' | '@');
    if text.is_empty() || text.len() > LONGEST_NAME || !text.chars().all(is_plain) {
        return Err(format!("a name has 1 to {LONGEST_NAME} letters, digits or any of - _ . @"));
    }
    Ok(text.to_owned())
}

pub fn run(arguments: &Arguments, database: &Path, console: &Console) -> Result<(), CommandError> {
    match arguments {
        Arguments::Create { role, name, expires } => {
            let secret = generate_secret(KEY_PREFIX).map_err(std::io::Error::other)?;
            let expires = expires.map(|age| Timestamp::now() + age);
            let key = NewApiKey { name: name.clone(), role: *role, digest: SecretDigest::of(&secret), expires };
            let made = run_operation(database, AddKey { key })?;
            console.print(
                &json!({ "key": secret, "name": made.name, "role": made.role, "expires": made.expires }),
                |_| secret.clone(),
            )?;
            console.hint(
                "Keep it now: it is shown this once. Programs send it as Authorization: Bearer KEY, people at /login.",
            );
        }
        Arguments::List => {
            let keys = run_operation(database, ListKeys {})?;
            console.print(&json!({ "keys": keys }), |_| list(&keys))?;
        }
        Arguments::Revoke { name } => {
            run_operation(database, RevokeKey { name: name.clone() })?;
            console.print(&json!({ "revoked": name }), |_| format!("The key {name} is refused from now on."))?;
        }
        Arguments::Audit { limit } => {
            let events = run_operation(database, ListAuditEvents { limit: *limit })?;
            console.print(&json!({ "events": events }), |_| list_events(&events))?;
        }
    }
    Ok(())
}

fn list(keys: &[ApiKey]) -> String {
    if keys.is_empty() {
        return "There is no key: `diamonds keys create --role price --name NAME` makes the first. From then on a server asks for \
                one."
            .to_owned();
    }
    let now = Timestamp::now();
    let day = |time: Timestamp| time.strftime("%Y-%m-%d %H:%M").to_string();
    let rows = keys.iter().map(|key| {
        let state = match (key.revoked, key.expires) {
            (Some(time), _) => format!("revoked {}", day(time)),
            (None, Some(end)) if end <= now => format!("expired {}", day(end)),
            (None, Some(end)) => format!("until {}", day(end)),
            (None, None) => String::new(),
        };
        vec![key.name.clone(), key.role.to_string(), day(key.created), state]
    });
    table(&["name", "role", "made (UTC)", ""], rows, &[])
}

fn list_events(events: &[AuditEvent]) -> String {
    if events.is_empty() {
        return "Nothing has been changed yet.".to_owned();
    }
    let rows = events.iter().map(|event| {
        let time = event.time.strftime("%Y-%m-%d %H:%M:%S").to_string();
        vec![time, event.actor.clone(), event.action.clone(), event.subject.clone()]
    });
    table(&["time (UTC)", "who", "what", "of"], rows, &[])
}
