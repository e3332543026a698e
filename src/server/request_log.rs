//! Writes the log of requests: one thread, its own connection, as many requests in one transaction as wait. In quiet
//! moments it moves them to their archive and writes a checkpoint: both would hold answers up.

use std::io;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::sync::oneshot;

use super::problem::Problem;
use crate::store::{JournalEntry, NewRequest, RequestWriter, Store};

/// Requests that may wait to be written; past that, clients are asked to come back later.
const MAX_WAITING: usize = 4_096;
/// Requests that are written in one transaction at most.
const MAX_GROUP: usize = 512;

/// Requests that are archived at a time: a request that comes meanwhile waits for no more than these.
const ARCHIVED_AT_A_TIME: u32 = 2_000;
/// How long nobody must have asked anything for the moment to be quiet.
const QUIET: Duration = Duration::from_secs(1);

/// Told when its request is on the disk, or why it is not.
type Written = oneshot::Sender<Result<(), String>>;

/// Something to be done between two groups.
type Between = Box<dyn FnOnce(&mut Store) + Send>;

enum Message {
    Write(JournalEntry, Written),
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
        let side = store.try_clone().map_err(io::Error::other)?;
        let (queue, waiting) = sync_channel(MAX_WAITING);
        let thread = std::thread::Builder::new()
            .name("request-log".to_owned())
            .spawn(move || write_groups(&store, side, &waiting))?;
        Ok(Self { queue, thread: Arc::new(Mutex::new(Some(thread))) })
    }

    /// Waits until `request` is on the disk.
    ///
    /// # Errors
    /// If too many wait already, or the file cannot be written: then the request is not in the log.
    pub async fn write(&self, request: &NewRequest) -> Result<(), Problem> {
        let entry = request.to_entry()?;
        let (written, when_written) = oneshot::channel();
        self.queue.try_send(Message::Write(entry, written)).map_err(|error| match error {
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

/// Writes through `store` until told to finish; whatever else is to be done goes through `side`.
fn write_groups(store: &Store, mut side: Store, waiting: &Receiver<Message>) {
    let mut writer = None;
    let mut entries = Vec::new();
    let mut replies = Vec::new();
    let mut between = Vec::new();
    // what a server left that was killed
    let mut is_tidy = false;
    let mut is_tidying = false;
    let mut finish = false;
    while !finish {
        let patience = if is_tidying { Duration::ZERO } else { QUIET };
        let first = match waiting.recv_timeout(patience) {
            Ok(first) => first,
            Err(RecvTimeoutError::Timeout) => {
                if !is_tidy {
                    is_tidy = tidy(&mut side);
                    is_tidying = !is_tidy;
                }
                continue;
            }
            Err(RecvTimeoutError::Disconnected) => return,
        };
        for message in std::iter::once(first).chain(waiting.try_iter()) {
            match message {
                Message::Between(work) => between.push(work),
                Message::Write(entry, written) => {
                    entries.push(entry);
                    replies.push(written);
                }
                Message::Finish => finish = true,
            }
            if finish || entries.len() >= MAX_GROUP {
                break;
            }
        }
        if !entries.is_empty() {
            let result = write(store, &mut writer, &entries);
            (is_tidy, is_tidying) = (false, false);
            entries.clear();
            for written in replies.drain(..) {
                // a client that hung up does not wait for this
                let _ = written.send(result.clone());
            }
        }
        for work in between.drain(..) {
            work(&mut side);
        }
    }
    tidy(&mut side);
}

/// Writes one group. A writer that failed is not used again.
fn write<'a>(store: &'a Store, writer: &mut Option<RequestWriter<'a>>, entries: &[JournalEntry]) -> Result<(), String> {
    let result = match writer {
        Some(writer) => writer.write(entries),
        None => store.request_writer().and_then(|fresh| writer.insert(fresh).write(entries)),
    };
    result.map_err(|error| {
        *writer = None;
        let source = std::error::Error::source(&error).map(ToString::to_string).unwrap_or_default();
        tracing::error!("{error}: {source}");
        format!("{error}: {source}")
    })
}

/// Moves a part of the journal to the archive, and writes a checkpoint once nothing is left to move. Says whether all is
/// done. If it fails, nothing is lost: it is tried again in the next quiet moment.
fn tidy(store: &mut Store) -> bool {
    let tidied = store.archive_requests(ARCHIVED_AT_A_TIME).and_then(|is_empty| {
        if is_empty {
            store.checkpoint()?;
        }
        Ok(is_empty)
    });
    tidied.unwrap_or_else(|error| {
        tracing::warn!("{error}: {}", std::error::Error::source(&error).map(ToString::to_string).unwrap_or_default());
        true
    })
}
