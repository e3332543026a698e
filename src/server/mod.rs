//! The JSON API and the pages, over HTTP.
//!
//! tide routes, hyper serves the connections: see `http`. The content of answers comes from `pricing`.

mod access;
mod api;
mod app;
mod backups;
mod blocking_work;
#[cfg(unix)]
mod control;
mod endpoint;
mod file_guard;
mod http;
mod metrics;
mod pages;
mod pending_uploads;
mod pipeline;
mod replication;
mod request_filter;
mod request_log;
mod routes;
mod training;
mod written_document;

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use ipnet::IpNet;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

pub use access::AccessControl;
pub use app::App;
pub use backups::Backups;
pub use http::origins::{Origin, Origins};
pub use http::problem::Problem;
pub use http::tls::TlsFiles;
pub use pipeline::Pipeline;
pub use replication::{CopySource, Following};
pub use request_log::{RequestLog, Retention};
pub use routes::build;

use app::SERVER;
use file_guard::FileGuard;
use http::client_limits::ClientLimits;
use http::connections::{self, PublicRules, serve_connections};
use http::hosts::KnownHosts;
#[cfg(unix)]
use http::limits::CONTROL_LIMITS;
use http::limits::PUBLIC_LIMITS;
use http::tls::TlsListener;
use replication::Replication;

use crate::pricing::{PricingError, PricingService};
use crate::store::{ServerNote, Store, StoreError};
use crate::system;

/// Why a server cannot start or continue.
#[derive(Debug, thiserror::Error)]
pub enum ServerError {
    /// The server cannot listen on the address.
    #[error("cannot listen on {address}: choose another with --addr, such as 127.0.0.1:0 for any free port")]
    Bind {
        /// The address.
        address: String,
        /// What the system reports.
        source: io::Error,
    },
    /// The files for encryption cannot be used.
    #[error("cannot encrypt connections: --tls-cert and --tls-key name files in PEM")]
    Encryption {
        /// Which file, and what is wrong with it.
        source: io::Error,
    },
    /// Others than this machine reach the address, and nothing keeps them out.
    #[error(
        "{address} can be reached from other machines, and there is no key: whoever reaches it could read the log, promote models \
         and record outcomes. Make a key with `diamonds keys create --role manage --name NAME`, or give --open to let everybody \
         in, or listen on 127.0.0.1 only"
    )]
    Unprotected {
        /// The address.
        address: SocketAddr,
    },
    /// The folder cannot be watched.
    #[error("cannot watch {}", folder.display())]
    Watch {
        /// The folder.
        folder: PathBuf,
        /// Why it cannot be watched.
        source: io::Error,
    },
    /// Backups cannot be written.
    #[error("cannot write backups to {}", folder.display())]
    Backups {
        /// The folder.
        folder: PathBuf,
        /// What the system reports.
        source: io::Error,
    },
    /// The system refuses threads or signals.
    #[error("cannot start the server")]
    Start {
        /// What the system reports.
        source: io::Error,
    },
    /// The data for answers cannot be read.
    #[error(transparent)]
    Pricing(#[from] PricingError),
    /// The database fails.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// How to serve a file.
#[derive(Default)]
pub struct ServerOptions {
    /// The address to listen on: host and port.
    pub address: String,
    /// Names by which the server may be called, besides its address and localhost.
    pub hosts: Vec<String>,
    /// The sites whose pages may use the API, and that of the server itself.
    pub origins: Origins,
    /// Whether everybody may do everything, also where there are keys.
    pub is_open: bool,
    /// The files for encryption; without them there is none.
    pub tls: Option<TlsFiles>,
    /// Proxies whose word on the address of a client counts.
    pub trusted_proxies: Vec<IpNet>,
    /// Requests a second of one client, 0 for any number. If absent, clients of this machine may send any number, others 1,000.
    pub requests_per_second: Option<u32>,
    /// What happens by itself.
    pub pipeline: Pipeline,
    /// How long requests stay in the log.
    pub retention: Retention,
    /// The backups that it makes by itself.
    pub backups: Option<Backups>,
    /// The server that it follows.
    pub following: Option<Following>,
}

/// Serves the file of `store` until a signal stops it. Calls `ready` with the address when the server can answer.
///
/// # Errors
/// If it cannot start.
pub fn serve(mut store: Store, mut options: ServerOptions, ready: impl FnOnce(SocketAddr)) -> Result<(), ServerError> {
    system::raise_file_limit();
    system::return_memory();
    let pipeline = &options.pipeline;
    if let Some(folder) = &pipeline.watch {
        pipeline.prepare(store.path()).map_err(|source| ServerError::Watch { folder: folder.clone(), source })?;
    }
    if let Some(backups) = &options.backups {
        backups.prepare().map_err(|source| ServerError::Backups { folder: backups.folder.clone(), source })?;
    }
    // keys come with the first copy: before it nobody may be let in
    let replication = options.following.take().map(|following| following.begin(&mut store)).transpose()?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|source| ServerError::Start { source })?;
    runtime.block_on(serve_on_runtime(store, options, replication, ready))
}

/// Where requests come from over the network.
enum PublicListener {
    Plain(TcpListener),
    Encrypted(TlsListener),
}

/// Forgets clients that have not asked for a while, until `stop` is cancelled.
async fn forget_idle_clients(clients: Arc<ClientLimits>, stop: CancellationToken) {
    /// Pause between two times.
    const INTERVAL: Duration = Duration::from_secs(60);
    loop {
        tokio::select! {
            () = tokio::time::sleep(INTERVAL) => clients.forget_idle(),
            () = stop.cancelled() => return,
        }
    }
}

/// Reads certificate and key again whenever the process gets SIGHUP, until `stop` is cancelled.
async fn reload_certificates(listener: TlsListener, stop: CancellationToken) {
    loop {
        tokio::select! {
            () = connections::reload_signal() => {}
            () = stop.cancelled() => return,
        }
        match listener.reload() {
            Ok(()) => tracing::info!("certificate and key are read again"),
            Err(error) => tracing::error!("certificate and key stay as they were: {error}"),
        }
    }
}

async fn serve_on_runtime(
    mut store: Store,
    options: ServerOptions,
    replication: Option<Replication>,
    ready: impl FnOnce(SocketAddr),
) -> Result<(), ServerError> {
    let ServerOptions { address, hosts, origins, is_open, tls, trusted_proxies, .. } = options;
    let (pipeline, retention) = (options.pipeline, options.retention);
    let bind = |source| ServerError::Bind { address: address.clone(), source };
    let start = |source| ServerError::Start { source };
    let listener = TcpListener::bind(&address).await.map_err(bind)?;
    let bound = listener.local_addr().map_err(bind)?;
    let listener = match tls {
        None => PublicListener::Plain(listener),
        Some(files) => PublicListener::Encrypted(
            TlsListener::new(listener, files).map_err(|source| ServerError::Encryption { source })?,
        ),
    };
    let stop_signal = connections::stop_signal().map_err(start)?;

    store.act_as(SERVER);
    let access = AccessControl::new(&store, is_open)?;
    if !bound.ip().is_loopback() && access.needs_no_key() {
        if !is_open {
            return Err(ServerError::Unprotected { address: bound });
        }
        tracing::warn!(
            "{bound} is open: whoever reaches it may read the log, promote models and record outcomes, without a key"
        );
    }
    let mut names = hosts;
    names.extend(origins.own.as_ref().map(Origin::host));
    let hosts = KnownHosts::new(&address, &names);
    let database = store.path().to_owned();
    let log = RequestLog::start(store.try_clone()?, retention)?;
    let pricing = Arc::new(PricingService::new(store)?);
    let clients = Arc::new(ClientLimits::new(options.requests_per_second));
    let app = App::new(pricing.clone(), log.clone(), access, origins);
    let backup_folder = options.backups.as_ref().map(|backups| backups.folder.clone());
    let app = App {
        limits: clients.clone(),
        backup_folder,
        replica: replication.as_ref().map(|one| one.progress.clone()),
        ..app
    };
    let file = app.file.clone();
    let note = ServerNote { pid: std::process::id(), address: bound.to_string() };
    if let Err(error) = note.leave(&database) {
        tracing::warn!("cannot leave a note beside the file: {error}");
    }

    let stop = app.trainings.server_stops();
    let tasks = TaskTracker::new();
    #[cfg(unix)]
    tasks.spawn(serve_connections(
        control::Socket::bind(&database).map_err(start)?,
        Arc::new(control::build(app.clone())),
        CONTROL_LIMITS,
        None,
        stop.clone(),
    ));
    if pipeline.watch.is_some() || pipeline.retrain_after.is_some() {
        tasks.spawn(pipeline.run(app.pricing.clone(), app.file.clone(), app.trainings.clone(), stop.clone()));
    }
    if let Some(backups) = options.backups {
        tasks.spawn(backups.run(app.clone(), stop.clone()));
    }
    if let Some(replication) = replication {
        tasks.spawn(replication.run(app.clone(), stop.clone()));
    }
    tasks.spawn(forget_idle_clients(clients.clone(), stop.clone()));
    let public = Some(PublicRules { hosts, clients, trusted_proxies });
    let application = Arc::new(build(app));
    match listener {
        PublicListener::Plain(listener) => {
            tasks.spawn(serve_connections(listener, application, PUBLIC_LIMITS, public, stop.clone()));
        }
        PublicListener::Encrypted(listener) => {
            tasks.spawn(reload_certificates(listener.clone(), stop.clone()));
            tasks.spawn(serve_connections(listener, application, PUBLIC_LIMITS, public, stop.clone()));
        }
    }
    tasks.spawn(FileGuard::new(pricing.clone(), log.clone(), file).run(stop.clone()));
    ready(bound);
    stop_signal.await;
    stop.cancel();
    tasks.close();
    tasks.wait().await;

    log.finish();
    pricing.finish();
    ServerNote::remove(&database);
    Ok(())
}
