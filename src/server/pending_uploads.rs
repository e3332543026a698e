//! Files that somebody has sent and looks at before they go in.

use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::{SignedDuration, Timestamp};

use crate::store::Upload;

/// Most files that wait at a time: of more the oldest goes.
const MOST: usize = 8;
/// How long a file waits.
const LIFE: SignedDuration = SignedDuration::from_hours(1);

/// The files, each under a secret name. They are removed with this value.
#[derive(Debug, Default)]
pub struct PendingUploads(Mutex<Vec<PendingUpload>>);

#[derive(Debug)]
struct PendingUpload {
    token: String,
    since: Timestamp,
    upload: Upload,
}

impl PendingUploads {
    fn lock(&self) -> MutexGuard<'_, Vec<PendingUpload>> {
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Timestamp::now();
        waiting.retain(|one| now.duration_since(one.since) < LIFE);
        waiting
    }

    /// Keeps `upload` under the name `token`.
    pub fn put(&self, token: &str, upload: Upload) {
        let mut waiting = self.lock();
        let surplus = (waiting.len() + 1).saturating_sub(MOST);
        waiting.drain(..surplus);
        waiting.push(PendingUpload { token: token.to_owned(), since: Timestamp::now(), upload });
    }

    /// The file of that name, which goes on waiting.
    pub fn find(&self, token: &str) -> Option<Upload> {
        self.lock().iter().find(|one| one.token == token).map(|one| one.upload.clone())
    }

    /// Lets the file of that name go.
    pub fn remove(&self, token: &str) {
        self.lock().retain(|one| one.token != token);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_files_wait_and_are_found_by_their_name() {
        let pending = PendingUploads::default();
        for number in 0..=MOST {
            pending.put(&number.to_string(), Upload::from_bytes(format!("{number}.csv"), Vec::new()));
        }
        assert!(pending.find("0").is_none(), "the oldest went");
        assert_eq!(pending.find("1").expect("a file").name(), "1.csv");
        pending.remove("1");
        assert!(pending.find("1").is_none() && pending.find("2").is_some());
    }
}
