//! `diamonds serve`: the API and the page.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use bytesize::ByteSize;
use ipnet::IpNet;
use jiff::SignedDuration;

use super::CommandError;
use super::console::Console;
use crate::exchange::read_node;
use crate::server::{Backups, CopySource, Following, Origin, Origins, ServerOptions, TlsFiles};
use crate::store::Store;
use crate::times::parse_age;
use crate::{control, server};

#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// Address to listen on; port 0 picks a free one
    #[arg(long, value_name = "HOST:PORT", default_value = "127.0.0.1:8080")]
    addr: String,
    /// Name by which the server may be called, besides its address and localhost; may be given more than once
    #[arg(long, value_name = "NAME")]
    host: Vec<String>,
    /// Address by which browsers reach the server, such as `https://prices.shop.example`, where a proxy is in between
    #[arg(long, value_name = "URL")]
    origin: Option<Origin>,
    /// Site whose pages may use the API, such as `https://shop.example`; may be given more than once
    #[arg(long, value_name = "URL")]
    allow_origin: Vec<Origin>,
    /// Certificate for encryption, and those that vouch for it, as a PEM file; read again at SIGHUP
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    tls_cert: Option<PathBuf>,
    /// Private key of the certificate, as a PEM file
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    tls_key: Option<PathBuf>,
    /// Network of proxies that say in X-Forwarded-For who asks, such as 10.0.0.0/8; may be given more than once
    #[arg(long, value_name = "CIDR")]
    trusted_proxy: Vec<IpNet>,
    /// Requests a second of one key, or else of one address; 0 for any number [default: 1000, and any number on this machine]
    #[arg(long, value_name = "N")]
    rate_limit: Option<u32>,
    /// Let everybody who reaches the server do everything, without a key
    #[arg(long)]
    open: bool,
    /// Ingest files that arrive in this folder; they are moved to done/ or failed/ in it, with a report beside them
    #[arg(long, value_name = "DIR")]
    watch: Option<PathBuf>,
    /// How long a file in the folder must not have changed before it is ingested; one whose last line is not ended, six times as long
    #[arg(long, value_name = "AGE", value_parser = parse_age, default_value = "5s")]
    watch_settle: SignedDuration,
    /// Retrain, in a process of low priority, when this many new sales have come; promotes only a better model
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    retrain_after: Option<u64>,
    /// Delete requests from the log when they are so old, such as 90d; predictions stay
    #[arg(long, value_name = "AGE", value_parser = parse_age)]
    keep_requests: Option<SignedDuration>,
    /// Delete the oldest requests when the content of the file is larger, such as 20GB
    #[arg(long, value_name = "SIZE")]
    max_size: Option<ByteSize>,
    /// Make backups in this folder, each proved by opening it
    #[arg(long, value_name = "DIR")]
    backup_to: Option<PathBuf>,
    /// Time between two backups
    #[arg(long, value_name = "AGE", value_parser = parse_age, default_value = "24h", requires = "backup_to")]
    backup_every: SignedDuration,
    /// How many of the newest backups to keep
    #[arg(long, value_name = "N", default_value_t = 7, requires = "backup_to")]
    backups: usize,
    /// Follow another server: serve its newest backup, from a file, a folder, or an address such as
    /// `http://prices:8080/v1/backups/latest`, and refuse changes. `none` makes a replica a file of its own
    #[arg(long, value_name = "FILE_OR_URL", conflicts_with_all = ["watch", "retrain_after"])]
    replica_of: Option<String>,
    /// Time between two looks for a newer backup
    #[arg(long, value_name = "AGE", value_parser = parse_age, default_value = "30s", requires = "replica_of")]
    replica_every: SignedDuration,
    /// Key of the role manage that opens the address; better in the environment, where other users cannot see it
    #[arg(long, value_name = "KEY", env = "DIAMONDS_PRIMARY_KEY", hide_env_values = true)]
    primary_key: Option<String>,
    /// Certificates of those who vouch for the address, as a PEM file, instead of those whom everybody trusts
    #[arg(long, value_name = "FILE", requires = "replica_of")]
    primary_ca: Option<PathBuf>,
    /// Name of this machine in exports of the log, such as shop-3
    #[arg(long, value_name = "NAME", value_parser = read_node)]
    node: Option<String>,
}

/// What [`Arguments::replica_of`] says of a file that is to be a replica no longer.
const NO_REPLICA: &str = "none";

impl Arguments {
    /// The server to follow, if there is one. A file that is a replica is served as one only, or it would be forgotten that its content
    /// is that of another.
    fn following(&self, store: &mut Store) -> Result<Option<Following>, CommandError> {
        let Some(name) = &self.replica_of else {
            store.require_own()?;
            return Ok(None);
        };
        if name == NO_REPLICA {
            store.end_replica()?;
            return Ok(None);
        }
        let source = CopySource::new(name, self.primary_key.as_deref(), self.primary_ca.as_deref());
        let source = source.map_err(|problem| CommandError::ReplicaOf { problem })?;
        Ok(Some(Following { source, every: self.replica_every.unsigned_abs() }))
    }
}

pub fn run(arguments: &Arguments, database: &Path, console: &Console) -> Result<(), CommandError> {
    let mut store = control::open_to_serve(database)?;
    let following = arguments.following(&mut store)?;
    if let Some(node) = &arguments.node {
        store.set_node(node)?;
    }
    if following.is_none() && store.champion()?.is_none() {
        console.hint(
            "No model is trained yet: run `diamonds ingest FILE.csv` and `diamonds retrain`, then there are prices.",
        );
    }
    let pipeline = server::Pipeline {
        watch: arguments.watch.clone(),
        settle: arguments.watch_settle.unsigned_abs(),
        retrain_after: arguments.retrain_after,
    };
    let retention =
        server::Retention { keep: arguments.keep_requests, max_bytes: arguments.max_size.map(|size| size.as_u64()) };
    let tls = arguments.tls_cert.clone().zip(arguments.tls_key.clone());
    let tls = tls.map(|(certificate, key)| TlsFiles { certificate, key });
    let scheme = if tls.is_some() { "https" } else { "http" };
    let origins = Origins {
        is_encrypted: tls.is_some() || arguments.origin.as_ref().is_some_and(Origin::is_encrypted),
        own: arguments.origin.clone(),
        allowed: arguments.allow_origin.clone(),
    };
    let options = ServerOptions {
        address: arguments.addr.clone(),
        hosts: arguments.host.clone(),
        origins,
        is_open: arguments.open,
        tls,
        trusted_proxies: arguments.trusted_proxy.clone(),
        requests_per_second: arguments.rate_limit,
        pipeline,
        retention,
        backups: arguments.backup_to.clone().map(|folder| Backups {
            folder,
            every: arguments.backup_every.unsigned_abs(),
            keep: arguments.backups,
        }),
        following,
    };
    server::serve(store, options, |address| {
        let mut out = io::stdout().lock();
        // the server works even if nobody reads its first line
        let _ = writeln!(out, "listening on {scheme}://{address}").and_then(|()| out.flush());
    })?;
    Ok(())
}
