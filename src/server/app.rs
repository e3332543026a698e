//! What every handler can reach.

use std::sync::Arc;

use tokio::sync::Semaphore;

use super::RequestLog;
use crate::engine::Engine;

/// Requests that may be under way at a time; more are asked to come back.
const MAX_IN_FLIGHT: usize = 2_048;

/// The state of the application.
#[derive(Clone)]
pub struct App {
    /// Answers questions.
    pub engine: Arc<Engine>,
    /// Takes down what was asked and answered.
    pub log: RequestLog,
    /// A place for each request that may be under way.
    pub(super) places: Arc<Semaphore>,
}

impl App {
    /// The state over an engine and the log of its file.
    #[must_use]
    pub fn new(engine: Arc<Engine>, log: RequestLog) -> Self {
        Self { engine, log, places: Arc::new(Semaphore::new(MAX_IN_FLIGHT)) }
    }
}
