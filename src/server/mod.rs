//! The JSON API and the pages, over HTTP.
//!
//! tide routes, hyper serves the connections: see `http`. The content of answers comes from `pricing`.

mod api;
mod app;
mod blocking_work;
#[cfg(unix)]
mod control;
mod endpoint;
mod http;
mod pages;
mod pipeline;
mod request_filter;
mod request_log;
mod routes;

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

pub use app::App;
pub use http::problem::Problem;
pub use pipeline::Pipeline;
pub use request_log::{RequestLog, Retention};
pub use routes::build;

use http::connections::{self, serve_connections};
use http::hosts::KnownHosts;
#[cfg(unix)]
use http::limits::CONTROL_LIMITS;
use http::limits::PUBLIC_LIMITS;

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
    /// The folder cannot be watched.
    #[error("cannot watch {}", folder.display())]
    Watch {
        /// The folder.
        folder: PathBuf,
        /// Why it cannot be watched.
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

/// Serves the file at `address`, and for requests that call the server by one of `names`, until a signal stops it. Calls `ready` with the address when the server can answer.
///
/// # Errors
/// If it cannot start.
pub fn serve(
    store: Store,
    address: &str,
    names: Vec<String>,
    pipeline: Pipeline,
    retention: Retention,
    ready: impl FnOnce(SocketAddr),
) -> Result<(), ServerError> {
    system::raise_file_limit();
    system::return_memory();
    if let Some(folder) = &pipeline.watch {
        pipeline.prepare(store.path()).map_err(|source| ServerError::Watch { folder: folder.clone(), source })?;
    }
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|source| ServerError::Start { source })?;
    runtime.block_on(serve_on_runtime(store, address, names, pipeline, retention, ready))
}

async fn serve_on_runtime(
    store: Store,
    address: &str,
    names: Vec<String>,
    pipeline: Pipeline,
    retention: Retention,
    ready: impl FnOnce(SocketAddr),
) -> Result<(), ServerError> {
    let bind = |source| ServerError::Bind { address: address.to_owned(), source };
    let start = |source| ServerError::Start { source };
    let listener = TcpListener::bind(address).await.map_err(bind)?;
    let bound = listener.local_addr().map_err(bind)?;
    let stop_signal = connections::stop_signal().map_err(start)?;

    let database = store.path().to_owned();
    let log = RequestLog::start(store.try_clone()?, retention)?;
    let pricing = Arc::new(PricingService::new(store)?);
    let app = App::new(pricing.clone(), log.clone());
    let note = ServerNote { pid: std::process::id(), address: bound.to_string() };
    if let Err(error) = note.leave(&database) {
        tracing::warn!("cannot leave a note beside the file: {error}");
    }

    let stop = CancellationToken::new();
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
        tasks.spawn(pipeline.run(app.pricing.clone(), database.clone(), stop.clone()));
    }
    let hosts = KnownHosts::new(address, &names);
    tasks.spawn(serve_connections(listener, Arc::new(build(app)), PUBLIC_LIMITS, Some(hosts), stop.clone()));
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
