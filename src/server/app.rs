//! What every handler can reach: prices from memory, and two doors to the file.

use std::sync::Arc;

use tokio::sync::Semaphore;

use super::RequestLog;
use super::http::problem::Problem;
use super::http::request_parts::in_background;
use crate::control::{Access, FileOwner, Operation};
use crate::pricing::{PricingError, PricingService};
use crate::store::Store;

/// Requests that may be under way at a time; more are asked to come back.
const MAX_IN_FLIGHT: usize = 2_048;

/// The state of the application.
#[derive(Clone)]
pub struct App {
    /// Prices stones and finds similar ones, from memory.
    pub pricing: Arc<PricingService>,
    /// Takes down what was asked and answered.
    pub log: RequestLog,
    /// A place for each request that may be under way.
    pub(super) places: Arc<Semaphore>,
}

impl App {
    /// The state over the prices and the log of one file.
    pub fn new(pricing: Arc<PricingService>, log: RequestLog) -> Self {
        Self { pricing, log, places: Arc::new(Semaphore::new(MAX_IN_FLIGHT)) }
    }

    /// Reads the file: `read` gets a connection that sees every request that was answered by now. It runs away from the threads
    /// that serve.
    ///
    /// # Errors
    /// What `read` says, or that the file cannot be read.
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

    /// Changes the file, or asks it what a command may ask. The next request sees what has changed. It runs away from the
    /// threads that serve.
    ///
    /// # Errors
    /// What keeps the operation from being done; then nothing is changed.
    pub async fn run<O: Operation>(&self, operation: O) -> Result<O::Answer, Problem> {
        let app = self.clone();
        Ok(in_background(move || app.run_operation(operation)).await??)
    }

    /// As [`App::run`], on the calling thread.
    ///
    /// # Errors
    /// As there.
    pub(super) fn run_operation<O: Operation>(&self, operation: O) -> Result<O::Answer, PricingError> {
        let pricing = &self.pricing;
        match O::ACCESS {
            // nothing more of the log goes to the database meanwhile, and nobody writes a checkpoint
            Access::Exclusive => pricing.hold(|| {
                self.log.with_flushed_store(move |store| operation.run(&mut FileOwner { store, pricing: None }))
            }),
            Access::Read => {
                self.log.flush()?;
                let mut store = pricing.reader()?;
                operation.run(&mut FileOwner { store: &mut store, pricing: Some(pricing) })
            }
            Access::Write => {
                // what was answered by now is there for operations that look a prediction up
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
