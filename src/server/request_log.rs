//! Writes the log of requests: one thread, its own connection, as many requests in one transaction as wait.

use std::io;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use tokio::sync::oneshot;

use super::problem::Problem;
use crate::store::{NewRequest, Store};

/// Requests that may wait to be written; past that, clients are asked to come back later.
const MAX_WAITING: usize = 4_096;
/// Requests that are written in one transaction at most.
const MAX_GROUP: usize = 512;

/// Told when its request is on the disk, or why it is not.
type Written = oneshot::Sender<Result<(), String>>;

/// Something to be done between two groups.
type Between = Box<dyn FnOnce(&mut Store) + Send>;

enum Message {
    Write(Box<NewRequest>, Written),
    Between(Between),
    Finish,
}

/// The way to the thread that writes.
#[derive(Clone)]
pub struct RequestLog {
    queue: SyncSender<Message>,
    thread: Arc<Mutex<Option<JoinHandle<()>>>>,
}

impl RequestLog {
    /// Starts the thread, which writes through `store`.
    ///
    /// # Errors
    /// If the system denies a thread.
    pub fn start(store: Store) -> io::Result<Self> {
        let (queue, waiting) = sync_channel(MAX_WAITING);
        let thread =
            std::thread::Builder::new().name("request-log".to_owned()).spawn(move || write_groups(store, &waiting))?;
        Ok(Self { queue, thread: Arc::new(Mutex::new(Some(thread))) })
    }

    /// Waits until `request` is on the disk.
    ///
    /// # Errors
    /// If too many wait already, or the file cannot be written: then the request is not in the log.
    pub async fn write(&self, request: NewRequest) -> Result<(), Problem> {
        let (written, when_written) = oneshot::channel();
        self.queue.try_send(Message::Write(Box::new(request), written)).map_err(|error| match error {
            TrySendError::Full(_) => {
                Problem::new(503, "more requests come in than can be logged: try again in a moment")
            }
            TrySendError::Disconnected(_) => Problem::new(503, "the server is stopping"),
        })?;
        match when_written.await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(cause)) => Err(Problem::internal(format!("the request could not be logged: {cause}"))),
            Err(_) => Err(Problem::new(503, "the server is stopping")),
        }
    }

    /// Does `work` while no request is being written. Waits for it: not for threads that serve.
    ///
    /// # Errors
    /// If the thread has ended.
    pub fn between_groups<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Store) -> T + Send + 'static,
    ) -> io::Result<T> {
        let (done, when_done) = sync_channel(1);
        let work: Between = Box::new(move |store| {
            // nobody may be waiting any more
            let _ = done.send(work(store));
        });
        self.queue.send(Message::Between(work)).map_err(|_| stopped())?;
        when_done.recv().map_err(|_| stopped())
    }

    /// Writes what waits and ends the thread.
    pub fn finish(&self) {
        // if the thread is gone already there is nothing to finish
        let _ = self.queue.send(Message::Finish);
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if thread.is_some_and(|thread| thread.join().is_err()) {
            tracing::error!("the thread that writes the request log panicked");
        }
    }
}

fn stopped() -> io::Error {
    io::Error::other("the request log has ended")
}

fn write_groups(mut store: Store, waiting: &Receiver<Message>) {
    let mut requests = Vec::new();
    let mut replies = Vec::new();
    let mut finish = false;
    while !finish {
        let Ok(first) = waiting.recv() else { return };
        let mut between = Vec::new();
        for message in std::iter::once(first).chain(waiting.try_iter()) {
            match message {
                Message::Between(work) => between.push(work),
                Message::Write(request, written) => {
                    requests.push(*request);
                    replies.push(written);
                }
                Message::Finish => finish = true,
            }
            if finish || requests.len() >= MAX_GROUP {
                break;
            }
        }
        let result = if requests.is_empty() { Ok(()) } else { store.log_requests(&requests) };
        requests.clear();
        let result = result.map_err(|error| {
            let source = std::error::Error::source(&error).map(ToString::to_string).unwrap_or_default();
            tracing::error!("{error}: {source}");
            format!("{error}: {source}")
        });
        for written in replies.drain(..) {
            // a client that hung up does not wait for this
            let _ = written.send(result.clone());
        }
        for work in between {
            work(&mut store);
        }
    }
}
