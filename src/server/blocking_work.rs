//! Blocking work, away from the threads that serve requests.

use super::http::problem::Problem;

/// Runs blocking work on a thread that does not serve requests.
///
/// # Errors
/// 500 if it panics.
pub async fn in_background<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, Problem> {
    tokio::task::spawn_blocking(work).await.map_err(|error| Problem::internal(error.to_string()))
}
