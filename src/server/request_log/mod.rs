//! The log of requests: each is on the disk before its answer leaves.
//!
//! One thread writes the journal, all waiting requests at once. Another moves what was written into the database, so that no
//! answer waits for the database.

mod archiver;
mod writer;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Sender, SyncSender, TrySendError, channel, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use prometheus_client::metrics::histogram::Histogram;
use tokio::sync::oneshot;

use crate::server::http::problem::Problem;
use crate::store::{JournalEntry, Store, StoreError};
use archiver::Archiver;
pub use archiver::Retention;

/// Requests that may wait to be written; beyond that, clients are asked to come back later.
const MAX_WAITING: usize = 4_096;

/// The bounds of the classes of numbers of requests that are written at once.
const GROUP_SIZES: [f64; 8] = [1.0, 2.0, 4.0, 8.0, 16.0, 64.0, 256.0, 512.0];

/// What clients are told while the journal cannot be written.
pub const CANNOT_BE_LOGGED: &str = "requests cannot be logged at this moment, and therefore not answered; the log of the process says why: try again later";

/// The connection to the threads that write.
#[derive(Clone)]
pub struct RequestLog {
    queue: SyncSender<writer::Message>,
    tasks: Sender<archiver::Task>,
    /// The writer, then the archiver.
    threads: Arc<Mutex<Vec<JoinHandle<()>>>>,
    /// Whether the last group could not be written.
    is_failing: Arc<AtomicBool>,
    /// How many requests were written at once.
    group_sizes: Histogram,
}

impl RequestLog {
    /// Starts the threads, over the file of `store`; requests stay in its log as long as `retention` says.
    ///
    /// # Errors
    /// If the journal cannot be created or a thread cannot be started.
    pub fn start(store: Store, retention: Retention) -> Result<Self, StoreError> {
        let thread = |name: &str, work: Box<dyn FnOnce() + Send>| {
            std::thread::Builder::new()
                .name(name.to_owned())
                .spawn(work)
                .map_err(|source| StoreError::Thread { source })
        };
        let journal = Arc::new(Mutex::new(store.journal()?));
        let (queue, waiting) = sync_channel(MAX_WAITING);
        let (tasks, to_do) = channel();
        let (written_to, appended) = (journal.clone(), tasks.clone());
        let is_failing = Arc::new(AtomicBool::new(false));
        let failing = is_failing.clone();
        let group_sizes = Histogram::new(GROUP_SIZES);
        let sizes = group_sizes.clone();
        let write = move || writer::run(&written_to, &waiting, &appended, &failing, &sizes);
        let writer = thread("request-log", Box::new(write))?;
        let archiver = Archiver::new(store, journal, retention);
        let archiver = thread("request-archiver", Box::new(move || archiver.run(&to_do)))?;
        Ok(Self { queue, tasks, threads: Arc::new(Mutex::new(vec![writer, archiver])), is_failing, group_sizes })
    }

    /// Waits until a request is on the disk.
    ///
    /// # Errors
    /// If too many wait already, or the disk fails: then the request is not in the log.
    pub async fn write(&self, entry: JournalEntry) -> Result<(), Problem> {
        let (written, when_written) = oneshot::channel();
        self.queue.try_send(writer::Message::Write(entry, written)).map_err(|error| match error {
            TrySendError::Full(_) => {
                Problem::new(503, "more requests come in than can be logged: try again in a moment")
            }
            TrySendError::Disconnected(_) => Problem::new(503, "the server is stopping"),
        })?;
        match when_written.await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) if matches!(*error, StoreError::JournalFull { .. }) => {
                Err(Problem::new(503, "more requests come in than can be logged: try again in a moment"))
            }
            // the thread that writes tells the reason, once
            Ok(Err(_)) => Err(Problem::new(503, CANNOT_BE_LOGGED)),
            Err(_) => Err(Problem::new(503, "the server is stopping")),
        }
    }

    /// Moves everything that has been written so far into the database. It is slow: call it on a thread for blocking work.
    ///
    /// # Errors
    /// If the database fails or the log has ended.
    pub fn flush(&self) -> Result<(), StoreError> {
        self.with_flushed_store(|_| Ok(()))
    }

    /// Runs `work` on the file when everything that has been written so far is in the database; meanwhile nothing more goes
    /// there.
    ///
    /// # Errors
    /// What `work` returns; or that the database fails or the log has ended.
    pub fn with_flushed_store<T, E>(
        &self,
        work: impl FnOnce(&mut Store) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let (done, when_done) = sync_channel(1);
        let task = archiver::Task::WithFlushedStore(Box::new(move |store| {
            // the caller may have gone
            let _ = done.send(store.map_err(E::from).and_then(work));
        }));
        self.tasks.send(task).map_err(|_| StoreError::LogEnded)?;
        when_done.recv().map_err(|_| E::from(StoreError::LogEnded))?
    }

    /// Runs `work` on the connection through which the log is written, whatever the journal has; meanwhile nothing is imported.
    ///
    /// # Errors
    /// What `work` returns; or that the log has ended.
    pub fn with_store<T, E>(&self, work: impl FnOnce(&mut Store) -> Result<T, E> + Send + 'static) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let (done, when_done) = sync_channel(1);
        let task = archiver::Task::WithStore(Box::new(move |store| {
            // the caller may have gone
            let _ = done.send(work(store));
        }));
        self.tasks.send(task).map_err(|_| StoreError::LogEnded)?;
        when_done.recv().map_err(|_| E::from(StoreError::LogEnded))?
    }

    /// How many requests were written at once, of every group so far.
    #[must_use]
    pub fn group_sizes(&self) -> &Histogram {
        &self.group_sizes
    }

    /// Whether requests can be logged, and therefore answered.
    #[must_use]
    pub fn is_running(&self) -> bool {
        let threads = self.threads.lock().unwrap_or_else(PoisonError::into_inner);
        !threads.is_empty() && threads.iter().all(|thread| !thread.is_finished())
    }

    /// Whether requests could not be written the last time, and nobody has found since that there is space again.
    #[must_use]
    pub fn is_failing(&self) -> bool {
        self.is_failing.load(Ordering::Acquire)
    }

    /// Notes that there is space again: the next requests show whether that is so.
    pub fn expect_space(&self) {
        self.is_failing.store(false, Ordering::Release);
    }

    /// Writes the waiting requests, moves them into the database and ends the threads.
    pub fn finish(&self) {
        let mut threads = self.threads.lock().unwrap_or_else(PoisonError::into_inner);
        // a thread that has ended already has nothing to finish
        let ends: [&dyn Fn(); 2] =
            [&|| drop(self.queue.send(writer::Message::Finish)), &|| drop(self.tasks.send(archiver::Task::Finish))];
        for (thread, end) in threads.drain(..).zip(ends) {
            end();
            if thread.join().is_err() {
                tracing::error!("a thread that writes the request log panicked");
            }
        }
    }
}
