//! A document that is written once for each set of models.

use std::sync::{Arc, Mutex, PoisonError, Weak};

use crate::pricing::Snapshot;

/// The document as it was last written: it changes with the models only, and any change of them makes another snapshot. A snapshot
/// that has been replaced is not kept for it: it may be large.
#[derive(Default)]
pub struct WrittenDocument(Mutex<Option<(Weak<Snapshot>, Arc<str>)>>);

impl WrittenDocument {
    /// The text, if it was written for this snapshot.
    pub fn of(&self, snapshot: &Arc<Snapshot>) -> Option<Arc<str>> {
        let written = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        written.as_ref().filter(|(of, _)| Weak::ptr_eq(of, &Arc::downgrade(snapshot))).map(|(_, text)| text.clone())
    }

    /// Keeps the text that was written for this snapshot.
    pub fn set(&self, snapshot: &Arc<Snapshot>, text: Arc<str>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some((Arc::downgrade(snapshot), text));
    }
}
