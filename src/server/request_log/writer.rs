//! Writes the journal.

use std::sync::mpsc::{Receiver, Sender};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::oneshot;

use super::archiver::Task;
use crate::store::{Journal, JournalEntry, StoreError};
use crate::text::with_causes;

/// Requests that are written at a time at most.
const MAX_GROUP: usize = 512;

/// Is told when its request is on the disk, or why it is not.
pub(super) type Written = oneshot::Sender<Result<(), Arc<StoreError>>>;

/// What the writer is sent.
pub(super) enum Message {
    /// Write this.
    Write(JournalEntry, Written),
    /// Write what was sent before, and end.
    Finish,
}

/// Writes what waits, in groups, until told to finish. The archiver is told of every group.
pub(super) fn run(journal: &Mutex<Journal>, waiting: &Receiver<Message>, archiver: &Sender<Task>) {
    let mut entries = Vec::new();
    let mut replies = Vec::new();
    let mut finish = false;
    while !finish {
        let Ok(first) = waiting.recv() else { return };
        for message in std::iter::once(first).chain(waiting.try_iter()) {
            match message {
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
        if entries.is_empty() {
            continue;
        }
        let result = journal.lock().unwrap_or_else(PoisonError::into_inner).append(&entries).map_err(Arc::new);
        if let Err(error) = &result {
            tracing::error!("{}", with_causes(&**error));
        }
        entries.clear();
        for written in replies.drain(..) {
            // a client that hung up does not wait for this
            let _ = written.send(result.clone());
        }
        // it ends after this thread
        let _ = archiver.send(Task::Appended);
    }
}
