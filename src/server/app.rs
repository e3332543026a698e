//! What every handler can reach.

use std::sync::Arc;

use super::RequestLog;
use crate::engine::Engine;

/// The state of the application.
#[derive(Clone)]
pub struct App {
    /// Answers questions.
    pub engine: Arc<Engine>,
    /// Takes down what was asked and answered.
    pub log: RequestLog,
}
