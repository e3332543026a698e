//! The journal: requests that were answered and are not in the database yet.
//!
//! A request must be on the disk before its answer is sent. A commit of the database is slow, and waits while a checkpoint is
//! written; appending to a file and syncing it does not. So requests are first written to a file beside the database, all
//! waiting ones at once. A fraction of a second later they are imported into the database, in one transaction that also
//! notes the journal's number: whatever is interrupted, every request gets into the database, once.
//!
//! There are two files: one is written while the content of the other is imported. They are overwritten, never
//! truncated, because syncing bytes within a file takes half as long as making it longer. A file is a header (format, id of the
//! database while this owner has it, number, checksum) and groups (length, checksum, entries). Each checksum covers the one
//! before it, so that the rest of an earlier segment is never read as a part of this one.

use std::borrow::Cow;
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use duckdb::params;
use uuid::Uuid;

use super::migrations::predictions_of;
use super::requests::{JournalEntry, NewRequest};
use super::rows::execute;
use super::{Store, StoreError};
use crate::files::beside;

/// The first bytes of a journal's file; the digit is the version of the format.
const MAGIC: &[u8; 8] = b"DIAMJNL2";
/// The first bytes of version 1, in which predictions were only in the bodies of requests.
const MAGIC_WITHOUT_PREDICTIONS: &[u8; 8] = b"DIAMJNL1";
const HEADER_BYTES: usize = 8 + 16 + 8 + 4;
/// Length and checksum of a group.
const GROUP_HEAD_BYTES: usize = 4 + 4;
/// A file that became longer than this, because the database was slow, is truncated after its import.
const KEPT_BYTES: u64 = 64 * 1024 * 1024;
/// The suffixes of the two files' names.
const SUFFIXES: [&str; 2] = [".journal-0", ".journal-1"];

/// The paths of the two files of the database at `database`.
fn paths_of(database: &Path) -> [PathBuf; 2] {
    SUFFIXES.map(|suffix| beside(database, suffix))
}

/// Whether there are journals beside the database: those of a running server, or of one that was killed.
pub(super) fn exists(database: &Path) -> bool {
    paths_of(database).iter().any(|path| path.exists())
}

/// The journal of a database, which only the database's owner writes.
pub struct Journal {
    database_id: Uuid,
    current: JournalSegment,
    /// The file that is written next; `None` while its content is imported.
    spare: Option<(File, PathBuf)>,
    buffer: Vec<u8>,
}

/// The requests written to one of the files between two rotations.
pub struct JournalSegment {
    file: File,
    path: PathBuf,
    number: u64,
    /// Where the next group goes.
    end: u64,
    /// Checksum of the last group, or of the header.
    checksum: u32,
}

impl Journal {
    /// Appends `entries` and waits until they are on the disk.
    ///
    /// # Errors
    /// If they cannot be written; then none of them is in the journal.
    pub fn append(&mut self, entries: &[JournalEntry]) -> Result<(), StoreError> {
        let Self { current, buffer, .. } = self;
        buffer.clear();
        buffer.resize(GROUP_HEAD_BYTES, 0);
        for entry in entries {
            buffer.extend_from_slice(entry.as_bytes());
        }
        current.write_group(buffer).map_err(|source| StoreError::Journal { path: current.path.clone(), source })
    }

    /// Continues with the other file, and returns what was written since the last rotation. `None` if nothing was, or if
    /// the other file has not been recycled yet.
    ///
    /// # Errors
    /// If the other file cannot be started; then nothing has changed.
    pub fn rotate(&mut self) -> Result<Option<JournalSegment>, StoreError> {
        if self.current.is_empty() {
            return Ok(None);
        }
        let Some((mut file, path)) = self.spare.take() else { return Ok(None) };
        match write_header(&mut file, self.database_id, self.current.number + 1) {
            Ok(checksum) => {
                let next = JournalSegment::new(file, path, self.current.number + 1, checksum);
                Ok(Some(std::mem::replace(&mut self.current, next)))
            }
            Err(source) => {
                let error = StoreError::Journal { path: path.clone(), source };
                self.spare = Some((file, path));
                Err(error)
            }
        }
    }

    /// Whether everything that was written has been imported.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.current.is_empty() && self.spare.is_some()
    }

    /// Takes a file back after its requests have been imported.
    pub fn recycle(&mut self, segment: JournalSegment) {
        if segment.end > KEPT_BYTES {
            // if it cannot be truncated, it only takes space
            let _ = segment.file.set_len(0);
        }
        self.spare = Some((segment.file, segment.path));
    }
}

/// Starts a segment in `file`, and returns the header's checksum. The header is synced with the first group.
fn write_header(file: &mut File, database_id: Uuid, number: u64) -> io::Result<u32> {
    let mut header = [0; HEADER_BYTES];
    header[..8].copy_from_slice(MAGIC);
    header[8..24].copy_from_slice(database_id.as_bytes());
    header[24..32].copy_from_slice(&number.to_le_bytes());
    let checksum = crc32fast::hash(&header[..32]);
    header[32..].copy_from_slice(&checksum.to_le_bytes());
    file.seek(SeekFrom::Start(0))?;
    file.write_all(&header)?;
    Ok(checksum)
}

impl JournalSegment {
    fn new(file: File, path: PathBuf, number: u64, checksum: u32) -> Self {
        Self { file, path, number, end: HEADER_BYTES as u64, checksum }
    }

    fn is_empty(&self) -> bool {
        self.end == HEADER_BYTES as u64
    }

    /// Writes a group whose head is not filled in yet.
    fn write_group(&mut self, group: &mut [u8]) -> io::Result<()> {
        let (head, entries) = group.split_at_mut(GROUP_HEAD_BYTES);
        let checksum = chain(self.checksum, entries);
        let length = u32::try_from(entries.len()).map_err(|_| io::Error::other("a group is longer than 4 GiB"))?;
        head[..4].copy_from_slice(&length.to_le_bytes());
        head[4..].copy_from_slice(&checksum.to_le_bytes());
        // a group that failed half-way is overwritten
        self.file.seek(SeekFrom::Start(self.end))?;
        self.file.write_all(group)?;
        self.file.sync_data()?;
        self.end += group.len() as u64;
        self.checksum = checksum;
        Ok(())
    }

    /// The requests of this segment.
    fn requests(&self) -> Result<Vec<NewRequest<'static>>, StoreError> {
        match read(&self.path, self.end)? {
            JournalFile::Content(found) if found.number == self.number && found.end == self.end => Ok(found.requests),
            _ => Err(StoreError::Unexpected { what: format!("{} does not hold what it should", self.path.display()) }),
        }
    }
}

fn chain(previous: u32, entries: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(&previous.to_le_bytes());
    hasher.update(entries);
    hasher.finalize()
}

/// What a journal's file is.
enum JournalFile {
    /// There is none, or nothing was ever synced in it.
    Empty,
    /// A journal of this program.
    Content(JournalContent),
    /// Its header is damaged, or of another format.
    Unreadable,
}

/// The content of a journal's file.
struct JournalContent {
    database_id: Uuid,
    number: u64,
    requests: Vec<NewRequest<'static>>,
    /// Where the last complete group ends.
    end: u64,
}

/// Reads a file up to the last complete group within the first `most` bytes: the clients of later requests got no answer.
fn read(path: &Path, most: u64) -> Result<JournalFile, StoreError> {
    let failed = |source| StoreError::Journal { path: path.to_owned(), source };
    let mut bytes = Vec::new();
    match File::open(path) {
        Ok(file) => file.take(most).read_to_end(&mut bytes).map_err(failed)?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(JournalFile::Empty),
        Err(error) => return Err(failed(error)),
    };
    parse(&bytes)
}

/// How many requests the complete groups of a journal of these `bytes` have; 0 if it is not a journal.
///
/// # Errors
/// If a group is complete and its entries cannot be read.
pub fn count_journal_requests(bytes: &[u8]) -> Result<usize, StoreError> {
    Ok(match parse(bytes)? {
        JournalFile::Content(content) => content.requests.len(),
        JournalFile::Empty | JournalFile::Unreadable => 0,
    })
}

/// The content of a journal's file.
fn parse(bytes: &[u8]) -> Result<JournalFile, StoreError> {
    let Some((header, mut rest)) = bytes.split_first_chunk::<HEADER_BYTES>() else { return Ok(JournalFile::Empty) };
    // a file system may have made the file longer and not have written it
    if header.iter().all(|byte| *byte == 0) {
        return Ok(JournalFile::Empty);
    }
    let mut checksum = crc32fast::hash(&header[..32]);
    let is_old = header[..8] == *MAGIC_WITHOUT_PREDICTIONS;
    if !(is_old || header[..8] == *MAGIC) || header[32..] != checksum.to_le_bytes() {
        return Ok(JournalFile::Unreadable);
    }
    let mut found = JournalContent {
        database_id: Uuid::from_slice(&header[8..24]).unwrap_or_default(),
        number: header[24..32].iter().rev().fold(0, |number, byte| number << 8 | u64::from(*byte)),
        requests: Vec::new(),
        end: HEADER_BYTES as u64,
    };
    while let Some((head, after)) = rest.split_first_chunk::<GROUP_HEAD_BYTES>() {
        let [l0, l1, l2, l3, checks @ ..] = *head;
        let length = u32::from_le_bytes([l0, l1, l2, l3]) as usize;
        let Some((mut entries, after)) = after.split_at_checked(length) else { break };
        let expected = chain(checksum, entries);
        if length == 0 || checks != expected.to_le_bytes() {
            break;
        }
        while !entries.is_empty() {
            let mut request = NewRequest::from_entry(&mut entries)?;
            if is_old {
                request.predictions = Cow::Owned(predictions_of(&request));
            }
            found.requests.push(request);
        }
        found.end += (GROUP_HEAD_BYTES + length) as u64;
        checksum = expected;
        rest = after;
    }
    Ok(JournalFile::Content(found))
}

impl Store {
    /// Starts the journal of this file. The process must be the file's owner.
    ///
    /// # Errors
    /// If its files cannot be made.
    pub fn journal(&self) -> Result<Journal, StoreError> {
        let [first, second] = paths_of(&self.path);
        let make = |path: &Path| {
            let mut options = OpenOptions::new();
            options.create(true).truncate(true).read(true).write(true);
            // the requests of customers are private
            #[cfg(unix)]
            std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
            options.open(path).map_err(|source| StoreError::Journal { path: path.to_owned(), source })
        };
        let (mut file, spare) = (make(&first)?, make(&second)?);
        // sync the folder, so that the files' names are on the disk as well
        #[cfg(unix)]
        File::open(first.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new(".")))
            .and_then(|folder| folder.sync_all())
            .map_err(|source| StoreError::Journal { path: first.clone(), source })?;
        // each owner has an id of its own: if a copy of the file was served meanwhile, neither imports the journals of the
        // other
        let database_id = Uuid::now_v7();
        let sql = include_str!("../../sql/queries/schema/update_setting.sql");
        execute(&self.connection, "note the id of the journal", sql, params!["file_id", database_id.to_string()])?;
        let number = self.journal_number()? + 1;
        let checksum = write_header(&mut file, database_id, number)
            .map_err(|source| StoreError::Journal { path: first.clone(), source })?;
        let current = JournalSegment::new(file, first, number, checksum);
        Ok(Journal { database_id, current, spare: Some((spare, second)), buffer: Vec::new() })
    }

    /// Imports the requests of `segment` into the database.
    ///
    /// # Errors
    /// If the database fails or the file cannot be read; then nothing has changed.
    pub fn import(&mut self, segment: &JournalSegment) -> Result<(), StoreError> {
        self.insert_requests(&segment.requests()?, segment.number)
    }

    /// Imports the journals of a server that was killed, and removes them.
    ///
    /// # Errors
    /// If they cannot be read or the database fails; then they stay.
    pub(super) fn import_left_over(&mut self) -> Result<(), StoreError> {
        let database_id = self.file_id()?;
        let absorbed = self.journal_number()?;
        let mut left = Vec::new();
        for path in paths_of(&self.path) {
            match read(&path, u64::MAX)? {
                JournalFile::Content(found) if found.database_id != database_id => {
                    let suffix = format!(".of-{}.{}", found.database_id, found.number);
                    set_aside(&path, &suffix, "belongs to another file")?;
                }
                JournalFile::Content(found) if found.number > absorbed => left.push(found),
                JournalFile::Content(_) | JournalFile::Empty => {}
                JournalFile::Unreadable => {
                    let suffix = format!(".unreadable-{}", Uuid::now_v7());
                    set_aside(&path, &suffix, "is damaged, or a later version wrote it")?;
                }
            }
        }
        left.sort_by_key(|found| found.number);
        for found in left {
            self.insert_requests(&found.requests, found.number)?;
        }
        self.remove_journals();
        Ok(())
    }

    /// Removes the journals. Their requests must be in the database.
    pub fn remove_journals(&self) {
        for path in paths_of(&self.path) {
            // one that stays does no harm: its number says that it has been imported
            let _ = std::fs::remove_file(path);
        }
    }

    fn file_id(&self) -> Result<Uuid, StoreError> {
        self.setting("file_id")
    }

    fn journal_number(&self) -> Result<u64, StoreError> {
        self.setting("journal_number")
    }
}

/// Renames a journal that must neither be imported nor deleted, such as that of a database that was here before.
fn set_aside(path: &Path, suffix: &str, reason: &str) -> Result<(), StoreError> {
    let to = beside(path, suffix);
    tracing::warn!("{} {reason}: it is now {}", path.display(), to.display());
    std::fs::rename(path, &to).map_err(|source| StoreError::Journal { path: path.to_owned(), source })
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::store::RequestFilter;

    fn request(path: &str) -> NewRequest<'static> {
        NewRequest {
            id: Uuid::now_v7(),
            time: Timestamp::from_microsecond(1_700_000_000_000_001).expect("a time"),
            method: "POST".to_owned(),
            path: path.to_owned(),
            query: None,
            status: 200,
            latency_us: 40,
            model_id: Some(2),
            client: Some("127.0.0.1:50000".to_owned()),
            request_body: Cow::Borrowed(b"{\"carat\":1}"),
            response_body: Cow::Borrowed(b"\xff\0"),
            predictions: Cow::Borrowed(&[]),
        }
    }

    fn entries(paths: &[&str]) -> Vec<JournalEntry> {
        paths.iter().map(|path| request(path).to_entry().expect("an entry")).collect()
    }

    fn logged(store: &Store) -> Vec<String> {
        let filter = RequestFilter { limit: 100, ..RequestFilter::default() };
        let mut paths: Vec<String> =
            store.requests(&filter).expect("a list").into_iter().map(|request| request.path).collect();
        paths.sort_unstable();
        paths
    }

    fn content(file: &Path) -> JournalContent {
        match read(file, u64::MAX).expect("readable") {
            JournalFile::Content(content) => content,
            JournalFile::Empty | JournalFile::Unreadable => panic!("no journal"),
        }
    }

    fn folder() -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("a.duckdb");
        (folder, path)
    }

    #[test]
    fn what_was_rotated_out_is_imported_and_the_files_take_turns() {
        let (_folder, path) = folder();
        let mut store = Store::open(&path).expect("a store");
        let mut journal = store.journal().expect("a journal");
        assert!(journal.rotate().expect("a rotation").is_none(), "nothing was written");
        // the second segment of a file is shorter than its first: the rest of the first must not count
        for paths in [&["/a", "/b", "/c"][..], &["/d"], &["/e"], &["/f"]] {
            journal.append(&entries(paths)).expect("written");
            let segment = journal.rotate().expect("a rotation").expect("something was written");
            store.import(&segment).expect("imported");
            journal.recycle(segment);
        }
        assert_eq!(logged(&store), ["/a", "/b", "/c", "/d", "/e", "/f"]);
        journal.append(&entries(&["/g"])).expect("written");
        let first = journal.rotate().expect("a rotation").expect("something was written");
        journal.append(&entries(&["/h"])).expect("written");
        assert!(journal.rotate().expect("a rotation").is_none(), "the other file is not back yet");
        store.import(&first).expect("imported");
        journal.recycle(first);
        assert!(journal.rotate().expect("a rotation").is_some());
    }

    #[test]
    fn what_a_killed_server_left_is_imported_once_in_order() {
        let (_folder, path) = folder();
        let mut store = Store::open(&path).expect("a store");
        let mut journal = store.journal().expect("a journal");
        journal.append(&entries(&["/a"])).expect("written");
        let first = journal.rotate().expect("a rotation").expect("something was written");
        journal.append(&entries(&["/b"])).expect("written");
        journal.append(&entries(&["/c"])).expect("written");
        // as after a kill: the first file has been imported, but not recycled
        store.import(&first).expect("imported");
        drop((store, journal, first));
        assert!(exists(&path));
        let store = Store::open_read_only(&path).expect("a store");
        assert_eq!(logged(&store), ["/a", "/b", "/c"]);
        assert!(!exists(&path));
        drop(store);
        assert_eq!(logged(&Store::open(&path).expect("a store")), ["/a", "/b", "/c"]);
    }

    #[test]
    fn a_group_that_was_torn_is_left_out_and_those_before_it_are_not() {
        let (_folder, path) = folder();
        let store = Store::open(&path).expect("a store");
        let mut journal = store.journal().expect("a journal");
        journal.append(&entries(&["/a"])).expect("written");
        journal.append(&entries(&["/b", "/c"])).expect("written");
        drop((store, journal));
        let [file, _] = paths_of(&path);
        let whole = std::fs::read(&file).expect("a journal");
        for torn in [whole.len() - 1, whole.len() / 2 + HEADER_BYTES] {
            std::fs::write(&file, &whole[..torn]).expect("written");
            let found = content(&file);
            assert_eq!(found.requests.len(), 1);
        }
        let mut changed = whole.clone();
        *changed.last_mut().expect("bytes") ^= 1;
        std::fs::write(&file, &changed).expect("written");
        assert_eq!(content(&file).requests.len(), 1);
        for length in 0..HEADER_BYTES {
            std::fs::write(&file, &whole[..length]).expect("written");
            assert!(!matches!(read(&file, u64::MAX).expect("readable"), JournalFile::Content(_)));
        }
    }

    #[test]
    fn a_journal_that_cannot_be_read_is_set_aside() {
        let (folder, path) = folder();
        let [first, second] = paths_of(&path);
        drop(Store::open(&path).expect("a file"));
        std::fs::write(&first, b"DIAMJNL9 and forty bytes of a header that are not known here").expect("a file");
        std::fs::write(&second, [0; 4_096]).expect("a file");
        drop(Store::open(&path).expect("the file opens all the same"));
        let kept: Vec<String> = std::fs::read_dir(folder.path())
            .expect("the folder")
            .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
            .filter(|name| name.contains("journal"))
            .collect();
        assert!(kept.len() == 1 && kept[0].contains("journal-0.unreadable-"), "{kept:?}");
    }

    #[test]
    fn a_journal_of_another_file_is_set_aside() {
        let (_folder, path) = folder();
        let store = Store::open(&path).expect("a store");
        let mut journal = store.journal().expect("a journal");
        journal.append(&entries(&["/a"])).expect("written");
        drop((store, journal));
        std::fs::remove_file(&path).expect("removed");
        assert!(logged(&Store::open(&path).expect("a store")).is_empty());
        let aside = std::fs::read_dir(path.parent().expect("a folder"))
            .expect("a folder")
            .filter(|entry| entry.as_ref().expect("a file").file_name().to_string_lossy().contains(".journal-0.of-"))
            .count();
        assert_eq!(aside, 1);
    }
}
