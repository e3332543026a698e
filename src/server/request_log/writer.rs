//! Writes the journal.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use prometheus_client::metrics::histogram::Histogram;
use tokio::sync::oneshot;

use super::archiver::Task;
use crate::store::{Journal, JournalEntry, StoreError};
use crate::text::with_causes;

/// Most requests that are written at once.
const MAX_GROUP: usize = 512;
/// Bytes from which no further request is added to a group.
const FULL_GROUP_BYTES: usize = 4 * 1024 * 1024;

/// Pause between two messages that say that the journal cannot be written.
const TELL_INTERVAL: Duration = Duration::from_secs(10);

/// Called when its request is on the disk, or with the reason why it is not.
pub(super) type Written = oneshot::Sender<Result<(), Arc<StoreError>>>;

/// Messages to the writer.
pub(super) enum Message {
    /// Write this request.
    Write(JournalEntry, Written),
    /// Write the requests sent before, and end.
    Finish,
}

/// Writes the waiting requests, in groups, until it gets [`Finish`](Message::Finish). The archiver gets a message for every
/// group, and `group_sizes` the number of its requests.
pub(super) fn run(
    journal: &Mutex<Journal>,
    waiting: &Receiver<Message>,
    archiver: &Sender<Task>,
    is_failing: &AtomicBool,
    group_sizes: &Histogram,
) {
    let mut told: Option<Instant> = None;
    let mut entries = Vec::new();
    let mut replies = Vec::new();
    let mut finish = false;
    while !finish {
        let Ok(first) = waiting.recv() else { return };
        let mut bytes = 0;
        for message in std::iter::once(first).chain(waiting.try_iter()) {
            match message {
                Message::Write(entry, written) => {
                    bytes += entry.bytes();
                    entries.push(entry);
                    replies.push(written);
                }
                Message::Finish => finish = true,
            }
            if finish || entries.len() >= MAX_GROUP || bytes >= FULL_GROUP_BYTES {
                break;
            }
        }
        if entries.is_empty() {
            continue;
        }
        let result = journal.lock().unwrap_or_else(PoisonError::into_inner).append(&entries).map_err(Arc::new);
        is_failing.store(result.is_err(), Ordering::Release);
        match &result {
            Ok(()) => {
                told = None;
                // a group has at most some hundred requests
                group_sizes.observe(f64::from(u32::try_from(entries.len()).unwrap_or(u32::MAX)));
            }
            // it is the same for each group until it is over
            Err(error) if told.is_none_or(|last| last.elapsed() >= TELL_INTERVAL) => {
                tracing::error!("{}", with_causes(&**error));
                told = Some(Instant::now());
            }
            Err(_) => {}
        }
        entries.clear();
        for written in replies.drain(..) {
            // this fails if nobody waits for the result any more
            let _ = written.send(result.clone());
        }
        // the archiver ends after this thread
        let _ = archiver.send(Task::Appended);
    }
}
