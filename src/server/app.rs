//! The state that every handler can use: prices from memory, and two functions for the file.

use std::sync::Arc;

use tokio::sync::Semaphore;

use super::RequestLog;
use super::blocking_work::in_background;
use super::http::problem::Problem;
use crate::control::{Access, FileOwner, Operation};
use crate::pricing::{PricingError, PricingService};
use crate::store::{Store, StoreError};

/// Requests that may be in progress at a time; the server asks further clients to come back later.
const MAX_IN_FLIGHT: usize = 2_048;

/// The state of the application.
#[derive(Clone)]
pub struct App {
    /// Prices stones and finds similar ones, from memory.
    pub pricing: Arc<PricingService>,
    /// Writes requests and their answers to the log.
    pub log: RequestLog,
    /// A permit for each request that may be in progress.
    pub(super) places: Arc<Semaphore>,
}

impl App {
    /// The state for the prices and the log of one file.
    pub fn new(pricing: Arc<PricingService>, log: RequestLog) -> Self {
        Self { pricing, log, places: Arc::new(Semaphore::new(MAX_IN_FLIGHT)) }
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
        let app = self.clone();
        in_background(move || {
            app.log.flush()?;
            read(&app.pricing.reader()?).map_err(Problem::from)
        })
        .await?
    }

    /// Runs an operation of the command line, which may change the file. The next request sees the change. It runs on a thread
    /// for blocking work.
    ///
    /// # Errors
    /// Why the operation failed; then nothing is changed.
    pub async fn run<O: Operation>(&self, operation: O) -> Result<O::Answer, Problem> {
        let app = self.clone();
        Ok(in_background(move || app.run_operation(operation)).await??)
    }

    /// As [`App::run`], on the calling thread.
    ///
    /// # Errors
    /// As for [`App::run`].
    pub(super) fn run_operation<O: Operation>(&self, operation: O) -> Result<O::Answer, PricingError> {
        let pricing = &self.pricing;
        if O::ACCESS == Access::Replace {
            // it must have every connection; it gives itself memory
            let pricing = pricing.clone();
            return self
                .log
                .with_flushed_store(move |store| operation.run(&mut FileOwner { store, pricing: Some(&pricing) }));
        }
        let _memory = pricing.reader()?.large_operation()?;
        match O::ACCESS {
            Access::Replace => Err(StoreError::Unexpected { what: "it was handled before".to_owned() }.into()),
            // meanwhile the archiver moves no requests into the database, and nobody writes a checkpoint
            Access::Exclusive => pricing.hold(|| {
                self.log.with_flushed_store(move |store| operation.run(&mut FileOwner { store, pricing: None }))
            }),
            Access::Read => {
                self.log.flush()?;
                let mut store = pricing.reader()?;
                operation.run(&mut FileOwner { store: &mut store, pricing: Some(pricing) })
            }
            Access::Write => {
                // operations that look a prediction up must find every one that has been answered
                self.log.flush()?;
                pricing.write(|store| operation.run(&mut FileOwner { store, pricing: Some(pricing) }))
            }
            Access::Change | Access::Create => {
                self.log.flush()?;
                pricing.change(|store| operation.run(&mut FileOwner { store, pricing: Some(pricing) }))
            }
        }
    }
}
