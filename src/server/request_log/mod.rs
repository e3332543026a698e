//! The log of requests: each is on the disk before its answer leaves.
//!
//! One thread writes the journal, as many requests at a time as wait. Another takes what was written into the database,
//! aside, so that nobody who asks for a price waits for the database.

mod archiver;
mod writer;

use std::sync::mpsc::{Sender, SyncSender, TrySendError, channel, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use tokio::sync::oneshot;

use crate::server::http::problem::Problem;
use crate::store::{JournalEntry, Store, StoreError};
use crate::text::with_causes;
use archiver::Archiver;

/// Requests that may wait to be written; past that, clients are asked to come back later.
const MAX_WAITING: usize = 4_096;

/// The way to the threads that write.
#[derive(Clone)]
pub struct RequestLog {
    queue: SyncSender<writer::Message>,
    tasks: Sender<archiver::Task>,
    /// The writer, then the archiver.
    threads: Arc<Mutex<Vec<JoinHandle<()>>>>,
}

impl RequestLog {
    /// Starts the threads, over the file of `store`.
    ///
    /// # Errors
    /// If the journal cannot be made or the system denies a thread.
    pub fn start(store: Store) -> Result<Self, StoreError> {
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
        let writer = thread("request-log", Box::new(move || writer::run(&written_to, &waiting, &appended)))?;
        let archiver = Archiver::new(store, journal);
        let archiver = thread("request-archiver", Box::new(move || archiver.run(&to_do)))?;
        Ok(Self { queue, tasks, threads: Arc::new(Mutex::new(vec![writer, archiver])) })
    }

    /// Waits until a request is on the disk.
    ///
    /// # Errors
    /// If too many wait already, or the disk does not take it: then the request is not in the log.
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
            Ok(Err(error)) => Err(Problem::internal(with_causes(&*error))),
            Err(_) => Err(Problem::new(503, "the server is stopping")),
        }
    }

    /// Takes all that is written by now into the database. It is slow: keep it away from threads that serve.
    ///
    /// # Errors
    /// If the database fails or the log has ended.
    pub fn flush(&self) -> Result<(), StoreError> {
        self.with_flushed_store(|_| Ok(()))
    }

    /// Does `work` on the file when all that is written by now is in the database, and while nothing more goes there.
    ///
    /// # Errors
    /// What `work` says; or that the database fails or the log has ended.
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
            // nobody may be waiting any more
            let _ = done.send(store.map_err(E::from).and_then(work));
        }));
        self.tasks.send(task).map_err(|_| StoreError::LogEnded)?;
        when_done.recv().map_err(|_| E::from(StoreError::LogEnded))?
    }

    /// Whether requests can be logged, and so be answered.
    #[must_use]
    pub fn is_running(&self) -> bool {
        let threads = self.threads.lock().unwrap_or_else(PoisonError::into_inner);
        !threads.is_empty() && threads.iter().all(|thread| !thread.is_finished())
    }

    /// Writes what waits, takes it into the database and ends the threads.
    pub fn finish(&self) {
        let mut threads = self.threads.lock().unwrap_or_else(PoisonError::into_inner);
        // a thread that is gone already has nothing to finish
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
