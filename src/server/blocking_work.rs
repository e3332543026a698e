//! Blocking work, away from the threads that serve requests.

use tokio::sync::oneshot;

use super::http::problem::Problem;
use crate::system;
use crate::words::Language;

/// Runs work that takes long and that nobody at a counter waits for on a thread of its own, with a low priority where that
/// does not slow answers down as well.
///
/// # Errors
/// 500 if it panics, or there is no thread.
pub async fn in_background_of_low_priority<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Problem> {
    let (done, when_done) = oneshot::channel();
    let run = move || {
        if cfg!(target_os = "linux") {
            system::lower_priority();
        }
        // the asker may have gone
        let _ = done.send(work());
    };
    std::thread::Builder::new()
        .name("large-operation".to_owned())
        .spawn(run)
        .map_err(|error| Problem::internal(error.to_string()))?;
    when_done.await.map_err(|_| Problem::internal("the operation panicked"))
}

/// Runs blocking work on a thread that does not serve requests, in the language of the reader.
///
/// # Errors
/// 500 if it panics.
pub async fn in_background<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, Problem> {
    let language = Language::of_reader();
    tokio::task::spawn_blocking(move || language.write(work))
        .await
        .map_err(|error| Problem::internal(error.to_string()))
}
