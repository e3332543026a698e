//! What every handler can reach.

use std::sync::Arc;

use tokio::sync::Semaphore;

use super::RequestLog;
use crate::control::{FileOwner, Operation};
use crate::pricing::{PricingError, PricingService};
use crate::store::{Store, StoreError};

/// Requests that may be under way at a time; more are asked to come back.
const MAX_IN_FLIGHT: usize = 2_048;

/// The state of the application.
#[derive(Clone)]
pub struct App {
    /// Answers questions.
    pub pricing: Arc<PricingService>,
    /// Takes down what was asked and answered.
    pub log: RequestLog,
    /// A place for each request that may be under way.
    pub(super) places: Arc<Semaphore>,
}

impl App {
    /// The state over an engine and the log of its file.
    #[must_use]
    pub fn new(pricing: Arc<PricingService>, log: RequestLog) -> Self {
        Self { pricing, log, places: Arc::new(Semaphore::new(MAX_IN_FLIGHT)) }
    }

    /// A connection to ask the file for its history, every request that was answered by now included. It is slow: keep it
    /// away from threads that serve.
    ///
    /// # Errors
    /// If the file cannot be read or written.
    pub fn history(&self) -> Result<Store, StoreError> {
        self.log.flush()?;
        self.pricing.reader()
    }

    /// Does what commands ask of the file. Of a change, the next request sees what has changed. It is slow: keep it away
    /// from threads that serve.
    ///
    /// # Errors
    /// What keeps it from being done; then nothing is changed.
    pub fn run<O: Operation>(&self, operation: O) -> Result<O::Answer, PricingError> {
        let pricing = &self.pricing;
        if O::CHANGES {
            // what was answered by now is there for those who look a prediction up
            self.log.flush()?;
            pricing.change(|store| operation.run(&mut FileOwner { store, pricing: Some(pricing) }))
        } else {
            operation.run(&mut FileOwner { store: &mut self.history()?, pricing: Some(pricing) })
        }
    }
}
