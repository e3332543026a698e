//! The state that every handler can use: prices from memory, and two functions for the file.

use std::path::PathBuf;
use std::sync::Arc;

use tokio::sync::Semaphore;

use super::RequestLog;
use super::access::{AccessControl, Caller};
use super::blocking_work::in_background;
use super::file_guard::FileState;
use super::http::client_limits::ClientLimits;
use super::http::origins::Origins;
use super::http::problem::Problem;
use super::metrics::Metrics;
use super::pending_uploads::PendingUploads;
use super::replication::ReplicaProgress;
use super::training::Trainings;
use super::written_document::WrittenDocument;
use crate::control::{Access, FileOwner, Operation};
use crate::pricing::{PricingError, PricingService};
use crate::store::{Store, StoreError};
use crate::text::with_causes;
use crate::words::Language;

/// Requests that may be in progress at a time; the server asks further clients to come back later.
const MAX_IN_FLIGHT: usize = 2_048;

/// Who acts when the server does something by itself.
pub const SERVER: &str = "server";

/// The state of the application.
#[derive(Clone)]
pub struct App {
    /// Prices stones and finds similar ones, from memory.
    pub pricing: Arc<PricingService>,
    /// Writes requests and their answers to the log.
    pub log: RequestLog,
    /// Decides who may do what.
    pub access: Arc<AccessControl>,
    /// Whether the file can be used.
    pub file: Arc<FileState>,
    /// Numbers for a monitoring.
    pub metrics: Arc<Metrics>,
    /// How much one client may ask.
    pub limits: Arc<ClientLimits>,
    /// The sites whose pages may use the API.
    pub origins: Arc<Origins>,
    /// Starts trainings, and knows how far they are.
    pub trainings: Arc<Trainings>,
    /// Files that somebody looks at before they go in.
    pub pending: Arc<PendingUploads>,
    /// The folder of the backups that the server makes, if it makes some.
    pub backup_folder: Option<PathBuf>,
    /// How far this server is that follows another one, if it does; then nothing but the log is changed here.
    pub replica: Option<Arc<ReplicaProgress>>,
    /// The description of the API, as it was last written.
    pub(super) written: Arc<WrittenDocument>,
    /// A permit for each request that may be in progress.
    pub(super) places: Arc<Semaphore>,
}

impl App {
    /// The state for the prices and the log of one file, and who may ask for them.
    pub fn new(pricing: Arc<PricingService>, log: RequestLog, access: AccessControl, origins: Origins) -> Self {
        // without the file nothing can be trained, and a training says so
        let database = pricing.reader().map(|store| store.path().to_owned()).unwrap_or_default();
        let (access, origins, metrics) = (Arc::new(access), Arc::new(origins), Arc::new(Metrics::new(&log)));
        Self {
            pricing,
            log,
            access,
            file: Arc::default(),
            metrics,
            limits: Arc::new(ClientLimits::new(None)),
            origins,
            trainings: Arc::new(Trainings::new(database)),
            pending: Arc::default(),
            backup_folder: None,
            replica: None,
            written: Arc::default(),
            places: Arc::new(Semaphore::new(MAX_IN_FLIGHT)),
        }
    }

    /// Reads the file: `read` gets a connection that sees every request that has been answered so far. It runs on a thread for
    /// blocking work.
    ///
    /// # Errors
    /// What `read` returns, or that the file cannot be read.
    pub async fn read<T, E>(&self, read: impl FnOnce(&Store) -> Result<T, E> + Send + 'static) -> Result<T, Problem>
    where
        T: Send + 'static,
        Problem: From<E>,
    {
        self.require_file()?;
        let app = self.clone();
        in_background(move || {
            app.log.flush()?;
            read(&app.pricing.reader()?).map_err(Problem::from)
        })
        .await?
    }

    /// Refuses to use a file that cannot be used.
    fn require_file(&self) -> Result<(), StoreError> {
        self.file
            .problem()
            .map_or(Ok(()), |problem| Err(StoreError::Unavailable { reason: problem.reason().to_owned() }))
    }

    /// Refuses a request that would change what a replica has from its copies.
    ///
    /// # Errors
    /// 421 if the server is a replica.
    pub fn require_own_file(&self) -> Result<(), Problem> {
        if self.replica.is_some() { Err(Problem::of_replica()) } else { Ok(()) }
    }

    /// Runs an operation of the command line for `caller`; it may change the file. The next request sees the change. It runs on a
    /// thread for blocking work.
    ///
    /// # Errors
    /// Why the operation failed; then nothing is changed.
    pub async fn run<O: Operation>(&self, operation: O, caller: &Caller) -> Result<O::Answer, Problem> {
        let app = self.clone();
        let actor = caller.actor().to_owned();
        // what is stored, and what the log has of it, is English
        let run = move || Language::English.write(|| app.run_operation(operation, &actor));
        Ok(in_background(run).await??)
    }

    /// As [`App::run`], on the calling thread; `actor` is noted as the one who changes the file.
    ///
    /// # Errors
    /// As for [`App::run`].
    pub(super) fn run_operation<O: Operation>(&self, operation: O, actor: &str) -> Result<O::Answer, PricingError> {
        self.require_file()?;
        let pricing = &self.pricing;
        if O::ACCESS.is_for_own_files() && self.replica.is_some() {
            pricing.reader()?.require_own()?;
        }
        let acting_for = actor.to_owned();
        let run_for_actor = move |store: &mut Store, pricing: Option<&PricingService>| {
            store.act_as(&acting_for);
            let answer = operation.run(&mut FileOwner { store, pricing });
            if !matches!(O::ACCESS, Access::Read) {
                let outcome = answer.as_ref().map_or_else(|error| with_causes(error), |_| "done".to_owned());
                tracing::info!(operation = O::NAME, actor = acting_for, "{}: {outcome}", O::NAME);
            }
            store.act_as(SERVER);
            answer
        };
        if O::ACCESS == Access::Replace {
            // it must have every connection; it gives itself memory
            let pricing = pricing.clone();
            return self.log.with_flushed_store(move |store| run_for_actor(store, Some(&pricing)));
        }
        let _memory = pricing.reader()?.large_operation()?;
        match O::ACCESS {
            Access::Replace => Err(StoreError::Unexpected { what: "it was handled before".to_owned() }.into()),
            // meanwhile the archiver moves no requests into the database, and nobody writes a checkpoint
            Access::Exclusive => pricing.hold(|| self.log.with_flushed_store(move |store| run_for_actor(store, None))),
            Access::Read => {
                self.log.flush()?;
                run_for_actor(&mut pricing.reader()?, Some(pricing))
            }
            Access::Log | Access::Write => {
                // operations that look a prediction up must find every one that has been answered
                self.log.flush()?;
                pricing.write(|store| run_for_actor(store, Some(pricing)))
            }
            Access::Change | Access::Create => {
                self.log.flush()?;
                let answer = pricing.change(|store| run_for_actor(store, Some(pricing)))?;
                // it may have changed who may do what
                self.access.reload(&pricing.reader()?)?;
                Ok(answer)
            }
        }
    }
}
