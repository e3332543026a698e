//! The journal: requests that were answered and are not in the database yet.
//!
//! A request must be on the disk before its answer is sent. A commit of the database is slow, and waits while a checkpoint is
//! written; appending to a file and syncing it does not. So requests are first written to a file beside the database, all
//! waiting ones at once. A fraction of a second later they are imported into the database, piece by piece, each in one
//! transaction that also notes how far the journal is imported: whatever is interrupted, every request gets into the database,
//! once.
//!
//! There are two files: one is written while the content of the other is imported. They are overwritten, never
//! truncated, because syncing bytes within a file takes half as long as making it longer. Their format is in `groups`.

mod groups;

use std::borrow::Cow;
use std::fs::{File, OpenOptions};
use std::io::{self, Cursor, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use duckdb::params;
use uuid::Uuid;

use self::groups::{Format, GROUP_HEAD_BYTES, GroupReader, HEADER_BYTES, Opened};
use super::migrations::predictions_of;
use super::requests::{ImportedUpTo, JournalEntry, NewRequest};
use super::rows::execute;
use super::{Store, StoreError};
use crate::files::{beside, folder_of};

/// A file that became longer than this, because the database was slow, is truncated after its import.
const KEPT_BYTES: u64 = 64 * 1024 * 1024;
/// Greatest length of a file: when the database is that far behind, requests are refused.
const MAX_SEGMENT_BYTES: u64 = 1024 * 1024 * 1024;
/// Bytes of groups that are imported in one transaction, and one group more: memory is bounded, whatever the length of the file.
const PIECE_BYTES: usize = 4 * 1024 * 1024;
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
    /// How many groups it has.
    groups: u32,
}

impl Journal {
    /// Appends `entries` and waits until they are on the disk.
    ///
    /// # Errors
    /// If they cannot be written, or the database is too far behind; then none of them is in the journal.
    pub fn append(&mut self, entries: &[JournalEntry]) -> Result<(), StoreError> {
        let Self { current, buffer, .. } = self;
        if current.end > MAX_SEGMENT_BYTES {
            return Err(StoreError::JournalFull { path: current.path.clone() });
        }
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
            Ok(()) => {
                let next = JournalSegment::new(file, path, self.current.number + 1);
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

/// Starts a segment in `file`. The header is synced with the first group.
fn write_header(file: &mut File, database_id: Uuid, number: u64) -> io::Result<()> {
    file.seek(SeekFrom::Start(0))?;
    file.write_all(&groups::header(database_id, number))
}

impl JournalSegment {
    fn new(file: File, path: PathBuf, number: u64) -> Self {
        Self { file, path, number, end: HEADER_BYTES as u64, groups: 0 }
    }

    fn is_empty(&self) -> bool {
        self.end == HEADER_BYTES as u64
    }

    /// Writes a group whose head is not filled in yet.
    fn write_group(&mut self, group: &mut [u8]) -> io::Result<()> {
        groups::write_head(group, self.number, self.groups)?;
        // a group that failed half-way is overwritten
        self.file.seek(SeekFrom::Start(self.end))?;
        self.file.write_all(group)?;
        self.file.sync_data()?;
        self.end += group.len() as u64;
        self.groups += 1;
        Ok(())
    }
}

/// Opens the file at `path`, of which the first `most` bytes count; one that does not exist is empty.
fn open(path: &Path, most: u64) -> Result<Opened<File>, StoreError> {
    let opened = match File::open(path) {
        Ok(file) => GroupReader::open(file, most),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Opened::Empty),
        Err(error) => Err(error),
    };
    opened.map_err(|source| StoreError::Journal { path: path.to_owned(), source })
}

/// The requests of the next groups: at least one group, and further ones up to [`PIECE_BYTES`]. Empty after the last group.
fn read_piece<R: Read + Seek>(
    groups: &mut GroupReader<R>,
    path: &Path,
) -> Result<Vec<NewRequest<'static>>, StoreError> {
    let failed = |source| StoreError::Journal { path: path.to_owned(), source };
    let mut requests = Vec::new();
    let mut bytes = 0;
    while bytes < PIECE_BYTES {
        let Some(entries) = groups.next_group().map_err(failed)? else { break };
        bytes += entries.len();
        let mut rest = entries.as_slice();
        while !rest.is_empty() {
            let mut request = NewRequest::from_entry(&mut rest)?;
            if groups.format == Format::WithoutPredictions {
                request.predictions = Cow::Owned(predictions_of(&request));
            }
            requests.push(request);
        }
    }
    Ok(requests)
}

/// How many requests the complete groups of a journal of these `bytes` have; 0 if it is not a journal.
///
/// # Errors
/// If a group is complete and its entries cannot be read.
pub fn count_journal_requests(bytes: &[u8]) -> Result<usize, StoreError> {
    let path = Path::new("-");
    let failed = |source| StoreError::Journal { path: path.to_owned(), source };
    let Opened::Journal(mut groups) = GroupReader::open(Cursor::new(bytes), u64::MAX).map_err(failed)? else {
        return Ok(0);
    };
    let mut count = 0;
    loop {
        match read_piece(&mut groups, path)?.len() {
            0 => return Ok(count),
            more => count += more,
        }
    }
}

impl Store {
    /// Length of the journals, in bytes: requests that are not in the database yet, and space for further ones.
    #[must_use]
    pub fn journal_bytes(&self) -> u64 {
        let lengths = paths_of(self.path()).map(|path| std::fs::metadata(path).map_or(0, |about| about.len()));
        lengths.iter().sum()
    }

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
        File::open(folder_of(&first))
            .and_then(|folder| folder.sync_all())
            .map_err(|source| StoreError::Journal { path: first.clone(), source })?;
        // each owner has an id of its own: if a copy of the file was served meanwhile, neither imports the journals of the
        // other
        let database_id = Uuid::now_v7();
        let sql = include_str!("../../../sql/queries/schema/update_setting.sql");
        execute(&self.connection, "note the id of the journal", sql, params!["file_id", database_id.to_string()])?;
        let number = self.journal_number()? + 1;
        write_header(&mut file, database_id, number)
            .map_err(|source| StoreError::Journal { path: first.clone(), source })?;
        let current = JournalSegment::new(file, first, number);
        Ok(Journal { database_id, current, spare: Some((spare, second)), buffer: Vec::new() })
    }

    /// Imports the requests of `segment` into the database.
    ///
    /// # Errors
    /// If the database fails or the file cannot be read; then the rest is imported the next time.
    pub fn import(&mut self, segment: &JournalSegment) -> Result<(), StoreError> {
        match open(&segment.path, segment.end)? {
            Opened::Journal(mut groups) if groups.number == segment.number => {
                self.import_groups(&mut groups, &segment.path)?;
                if groups.damaged || groups.position != segment.end {
                    // the server goes on with this file: the damage is kept in a copy
                    copy_aside(&segment.path, &damaged_suffix())?;
                }
                Ok(())
            }
            _ => {
                Err(StoreError::Unexpected { what: format!("{} does not hold what it should", segment.path.display()) })
            }
        }
    }

    /// Imports the groups that are not imported yet, piece by piece.
    fn import_groups<R: Read + Seek>(&mut self, groups: &mut GroupReader<R>, path: &Path) -> Result<(), StoreError> {
        let ImportedUpTo { number, position } = self.imported_piece()?;
        if number == groups.number && position.is_some_and(|position| position > groups.position) {
            groups.skip_to(position.unwrap_or_default());
        }
        loop {
            let requests = read_piece(groups, path)?;
            let is_last = requests.is_empty();
            let position = (!is_last).then_some(groups.position);
            self.insert_requests(&requests, ImportedUpTo { number: groups.number, position })?;
            if is_last {
                return Ok(());
            }
        }
    }

    /// Imports the journals of a server that was killed, and removes them.
    ///
    /// # Errors
    /// If they cannot be read or the database fails; then they stay.
    pub(super) fn import_left_over(&mut self) -> Result<(), StoreError> {
        let database_id = self.file_id()?;
        let imported = self.journal_number()?;
        let mut left = Vec::new();
        for path in paths_of(&self.path) {
            match open(&path, u64::MAX)? {
                Opened::Journal(groups) if groups.database_id != database_id => {
                    let suffix = format!(".of-{}.{}", groups.database_id, groups.number);
                    set_aside(&path, &suffix, "belongs to another file")?;
                }
                Opened::Journal(groups) if groups.number > imported => left.push((groups, path)),
                Opened::Journal(_) | Opened::Empty => {}
                Opened::Unreadable(file) => {
                    // one that waits has one of the next numbers
                    let waiting = [imported + 1, imported + 2];
                    let known = waiting.into_iter().find_map(|number| {
                        GroupReader::open_damaged(file.try_clone().ok()?, database_id, number).ok().flatten()
                    });
                    if let Some(groups) = known {
                        left.push((groups, path));
                    } else {
                        let suffix = format!(".unreadable-{}", Uuid::now_v7());
                        set_aside(&path, &suffix, "is damaged, or a later version wrote it")?;
                    }
                }
            }
        }
        left.sort_by_key(|(groups, _)| groups.number);
        for (mut groups, path) in left {
            self.import_groups(&mut groups, &path)?;
            if groups.damaged {
                let reason = "is damaged: what can be read of it is in the database";
                set_aside(&path, &damaged_suffix(), reason)?;
            }
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

    /// The number of the last segment that is imported as a whole.
    fn journal_number(&self) -> Result<u64, StoreError> {
        self.setting("journal_number")
    }

    /// The segment that was imported last in pieces, and how far.
    fn imported_piece(&self) -> Result<ImportedUpTo, StoreError> {
        self.setting("journal_piece")
    }
}

fn damaged_suffix() -> String {
    format!(".damaged-{}", Uuid::now_v7())
}

/// Keeps a copy of a journal in which something is damaged.
fn copy_aside(path: &Path, suffix: &str) -> Result<(), StoreError> {
    let to = beside(path, suffix);
    tracing::error!(
        "{} is damaged: what can be read of it is in the database, and a copy of it is {}",
        path.display(),
        to.display()
    );
    std::fs::copy(path, &to).map(|_| ()).map_err(|source| StoreError::Journal { path: to, source })
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
            key_name: None,
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

    fn content(file: &Path) -> Vec<String> {
        let Opened::Journal(mut groups) = open(file, u64::MAX).expect("readable") else { panic!("no journal") };
        read_piece(&mut groups, file).expect("requests").into_iter().map(|request| request.path).collect()
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
            assert_eq!(content(&file), ["/a"]);
        }
        let mut changed = whole.clone();
        *changed.last_mut().expect("bytes") ^= 1;
        std::fs::write(&file, &changed).expect("written");
        assert_eq!(content(&file), ["/a"]);
        for length in 0..HEADER_BYTES {
            std::fs::write(&file, &whole[..length]).expect("written");
            assert!(!matches!(open(&file, u64::MAX).expect("readable"), Opened::Journal(_)));
        }
    }

    fn names_in(folder: &Path, part: &str) -> usize {
        std::fs::read_dir(folder)
            .expect("the folder")
            .filter(|entry| entry.as_ref().expect("an entry").file_name().to_string_lossy().contains(part))
            .count()
    }

    #[test]
    fn a_flipped_bit_costs_its_own_group_only_and_the_damaged_file_is_kept() {
        let (folder, path) = folder();
        let store = Store::open(&path).expect("a store");
        let mut journal = store.journal().expect("a journal");
        let mut ends = vec![HEADER_BYTES];
        for paths in [&["/a"][..], &["/b", "/c"], &["/d"], &["/e"]] {
            journal.append(&entries(paths)).expect("written");
            ends.push(usize::try_from(journal.current.end).expect("a length"));
        }
        drop((store, journal));
        let [file, _] = paths_of(&path);
        let whole = std::fs::read(&file).expect("a journal");
        // in the mark, the number, the length and the entries of the second group
        for flipped in [0, 5, 17, GROUP_HEAD_BYTES + 9].map(|offset| ends[1] + offset) {
            let mut changed = whole.clone();
            changed[flipped] ^= 4;
            std::fs::write(&file, &changed).expect("written");
            assert_eq!(content(&file), ["/a", "/d", "/e"], "{flipped}");
        }
        assert_eq!(logged(&Store::open(&path).expect("a store")), ["/a", "/d", "/e"]);
        assert_eq!(names_in(folder.path(), "journal-0.damaged-"), 1);
        assert!(!exists(&path));
    }

    #[test]
    fn an_import_that_was_interrupted_goes_on_after_its_last_piece() {
        let (_folder, path) = folder();
        let mut store = Store::open(&path).expect("a store");
        let mut journal = store.journal().expect("a journal");
        journal.append(&entries(&["/a", "/b"])).expect("written");
        let end_of_first = journal.current.end;
        journal.append(&entries(&["/c"])).expect("written");
        let number = journal.current.number;
        let first: Vec<NewRequest<'static>> = ["/a", "/b"].map(request).into();
        store.insert_requests(&first, ImportedUpTo { number, position: Some(end_of_first) }).expect("imported");
        drop((store, journal));
        assert_eq!(logged(&Store::open(&path).expect("a store")), ["/a", "/b", "/c"]);
    }

    #[test]
    fn a_journal_much_longer_than_a_piece_is_imported_as_a_whole() {
        let (_folder, path) = folder();
        let mut store = Store::open_to_serve(&path).expect("a store");
        let mut journal = store.journal().expect("a journal");
        let body = vec![b'x'; 1_000_000];
        let entry = |path: &str| NewRequest { request_body: Cow::Borrowed(&body), ..request(path) }.to_entry();
        for _ in 0..60 {
            journal.append(&[entry("/a").expect("an entry"), entry("/b").expect("an entry")]).expect("written");
        }
        let segment = journal.rotate().expect("a rotation").expect("something was written");
        store.import(&segment).expect("imported");
        journal.recycle(segment);
        drop((store, journal));
        assert_eq!(
            Store::open(&path).expect("a store").count_requests(Timestamp::UNIX_EPOCH).expect("a count").all,
            120
        );
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
        assert_eq!(names_in(path.parent().expect("a folder"), ".journal-0.of-"), 1);
    }
}
