//! The format of a journal's file, and how its groups are read.
//!
//! A file is a header (format, id of the database while this owner has it, number of the segment, checksum) and groups. A group
//! is a head (mark, number of the segment, its place in it, length, checksum) and entries. The number tells groups of this
//! segment from the rest of an earlier one in the same file. Groups stand alone: damage to one does not hide those after it.

use std::io::{self, Read, Seek, SeekFrom};

use memchr::memmem;
use uuid::Uuid;

/// The first bytes of a journal's file; the digit is the version of the format.
const MAGIC: &[u8; 8] = b"DIAMJNL3";
/// The first bytes of version 2, in which the checksum of each group covered that of the one before.
const MAGIC_CHAINED: &[u8; 8] = b"DIAMJNL2";
/// The first bytes of version 1, in which predictions were only in the bodies of requests.
const MAGIC_WITHOUT_PREDICTIONS: &[u8; 8] = b"DIAMJNL1";
pub(super) const HEADER_BYTES: usize = 8 + 16 + 8 + 4;
/// The first bytes of a group.
const MARK: &[u8; 4] = b"\xd1GRP";
/// Mark, number, place, length, checksum.
pub(super) const GROUP_HEAD_BYTES: usize = 4 + 8 + 4 + 4 + 4;
/// Length and checksum of a group of the versions before.
const CHAINED_HEAD_BYTES: usize = 4 + 4;
/// Bytes of a header that may be wrong so that it can still be told whose it was.
const DAMAGED_HEADER_BYTES: usize = 2;
/// Bytes that are searched for a group at a time.
const SEARCHED_BYTES: usize = 1 << 20;

/// The version of a file's format.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    WithoutPredictions,
    Chained,
    StandAlone,
}

/// The header of the segment `number`.
pub(super) fn header(database_id: Uuid, number: u64) -> [u8; HEADER_BYTES] {
    let mut header = [0; HEADER_BYTES];
    header[..8].copy_from_slice(MAGIC);
    header[8..24].copy_from_slice(database_id.as_bytes());
    header[24..32].copy_from_slice(&number.to_le_bytes());
    let checksum = crc32fast::hash(&header[..32]);
    header[32..].copy_from_slice(&checksum.to_le_bytes());
    header
}

/// Fills in the head of `group`, which is the head and the entries.
pub(super) fn write_head(group: &mut [u8], number: u64, place: u32) -> io::Result<()> {
    let (head, entries) = group.split_at_mut(GROUP_HEAD_BYTES);
    let length = u32::try_from(entries.len()).map_err(|_| io::Error::other("a group is longer than 4 GiB"))?;
    head[..4].copy_from_slice(MARK);
    head[4..12].copy_from_slice(&number.to_le_bytes());
    head[12..16].copy_from_slice(&place.to_le_bytes());
    head[16..20].copy_from_slice(&length.to_le_bytes());
    let checksum = checksum_of(&head[4..20], entries);
    head[20..].copy_from_slice(&checksum.to_le_bytes());
    Ok(())
}

fn checksum_of(before: &[u8], entries: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(before);
    hasher.update(entries);
    hasher.finalize()
}

/// What a journal's file is.
pub(super) enum Opened<R> {
    /// Nothing was ever synced in it.
    Empty,
    /// A journal of this program.
    Journal(GroupReader<R>),
    /// Its header is damaged, or of another format.
    Unreadable(R),
}

/// Reads the groups of a journal's file one by one.
pub(super) struct GroupReader<R> {
    file: R,
    /// Where reading ends at the latest.
    length: u64,
    pub format: Format,
    pub database_id: Uuid,
    pub number: u64,
    /// Where the next group begins.
    pub position: u64,
    /// Of the last group, or of the header: for chained formats.
    checksum: u32,
    /// The place of the next group in its segment.
    place: u32,
    /// Whether the groups before the next one were skipped, and so not counted.
    skipped: bool,
    /// Whether something that was a group cannot be read.
    pub damaged: bool,
}

impl<R: Read + Seek> GroupReader<R> {
    /// Reads the header of `file`, of which the first `most` bytes count.
    pub fn open(mut file: R, most: u64) -> io::Result<Opened<R>> {
        let length = file.seek(SeekFrom::End(0))?.min(most);
        let mut header = [0; HEADER_BYTES];
        if length < HEADER_BYTES as u64 {
            return Ok(Opened::Empty);
        }
        file.seek(SeekFrom::Start(0))?;
        file.read_exact(&mut header)?;
        // a file system may have made the file longer and not have written it
        if header.iter().all(|byte| *byte == 0) {
            return Ok(Opened::Empty);
        }
        let checksum = crc32fast::hash(&header[..32]);
        let format = match header.first_chunk() {
            Some(MAGIC) => Format::StandAlone,
            Some(MAGIC_CHAINED) => Format::Chained,
            Some(MAGIC_WITHOUT_PREDICTIONS) => Format::WithoutPredictions,
            _ => return Ok(Opened::Unreadable(file)),
        };
        if header[32..] != checksum.to_le_bytes() {
            return Ok(Opened::Unreadable(file));
        }
        Ok(Opened::Journal(Self {
            file,
            length,
            format,
            database_id: Uuid::from_slice(&header[8..24]).unwrap_or_default(),
            number: header[24..32].iter().rev().fold(0, |number, byte| number << 8 | u64::from(*byte)),
            position: HEADER_BYTES as u64,
            checksum,
            place: 0,
            skipped: false,
            damaged: false,
        }))
    }

    /// Reads the groups of a `file` whose header is damaged, if it was that of the segment `number`: all but
    /// [`DAMAGED_HEADER_BYTES`] are as they must be. Another segment differs in its checksum too.
    pub fn open_damaged(mut file: R, database_id: Uuid, number: u64) -> io::Result<Option<Self>> {
        let length = file.seek(SeekFrom::End(0))?;
        let mut found = [0; HEADER_BYTES];
        file.seek(SeekFrom::Start(0))?;
        file.read_exact(&mut found)?;
        let expected = header(database_id, number);
        let damaged = found.iter().zip(expected).filter(|(found, expected)| **found != *expected).count();
        Ok((damaged <= DAMAGED_HEADER_BYTES).then_some(Self {
            file,
            length,
            format: Format::StandAlone,
            database_id,
            number,
            position: HEADER_BYTES as u64,
            checksum: 0,
            place: 0,
            skipped: false,
            damaged: true,
        }))
    }

    /// The entries of the next group. `None` after the last one: the clients of later requests got no answer.
    pub fn next_group(&mut self) -> io::Result<Option<Vec<u8>>> {
        match self.format {
            Format::StandAlone => self.next_alone(),
            Format::Chained | Format::WithoutPredictions => self.next_chained(),
        }
    }

    /// Goes on at `position`, where a group of this segment ends.
    pub fn skip_to(&mut self, position: u64) {
        self.position = position;
        self.skipped = true;
    }

    fn next_chained(&mut self) -> io::Result<Option<Vec<u8>>> {
        let Some([l0, l1, l2, l3, checks @ ..]) = self.read_at::<CHAINED_HEAD_BYTES>(self.position)? else {
            return Ok(None);
        };
        let Some(entries) = self.read_entries(u32::from_le_bytes([l0, l1, l2, l3]))? else { return Ok(None) };
        let expected = checksum_of(&self.checksum.to_le_bytes(), &entries);
        if entries.is_empty() || checks != expected.to_le_bytes() {
            return Ok(None);
        }
        self.checksum = expected;
        self.position += (CHAINED_HEAD_BYTES + entries.len()) as u64;
        Ok(Some(entries))
    }

    fn next_alone(&mut self) -> io::Result<Option<Vec<u8>>> {
        let mut searched_from = self.position;
        loop {
            let found = self.read_alone(searched_from)?;
            if let Some((place, entries)) = found {
                self.damaged |= place != self.place && !std::mem::take(&mut self.skipped);
                self.place = place.wrapping_add(1);
                self.position = searched_from + (GROUP_HEAD_BYTES + entries.len()) as u64;
                return Ok(Some(entries));
            }
            // a head of this segment without its entries: they were not written to the end, or are damaged
            self.damaged |= self.is_head_at(searched_from)?;
            match self.find_head(searched_from + 1)? {
                Some(next) => searched_from = next,
                None => return Ok(None),
            }
        }
    }

    /// The place and the entries of the group at `position`, if there is one of this segment.
    fn read_alone(&mut self, position: u64) -> io::Result<Option<(u32, Vec<u8>)>> {
        if !self.is_head_at(position)? {
            return Ok(None);
        }
        let Some(head) = self.read_at::<GROUP_HEAD_BYTES>(position)? else { return Ok(None) };
        let number_at = |from: usize| u32::from_le_bytes([head[from], head[from + 1], head[from + 2], head[from + 3]]);
        let Some(entries) = self.read_entries(number_at(16))? else { return Ok(None) };
        let whole = checksum_of(&head[4..20], &entries) == number_at(20);
        Ok(whole.then(|| (number_at(12), entries)))
    }

    /// What every group of this segment begins with.
    fn beginning(&self) -> [u8; 12] {
        let mut beginning = [0; 12];
        beginning[..4].copy_from_slice(MARK);
        beginning[4..].copy_from_slice(&self.number.to_le_bytes());
        beginning
    }

    fn is_head_at(&mut self, position: u64) -> io::Result<bool> {
        let beginning = self.beginning();
        Ok(self.read_at::<GROUP_HEAD_BYTES>(position)?.is_some_and(|head| head.starts_with(&beginning)))
    }

    /// Where the next group of this segment may begin, from `from` on.
    fn find_head(&mut self, mut from: u64) -> io::Result<Option<u64>> {
        let beginning = self.beginning();
        let mut searched = Vec::with_capacity(SEARCHED_BYTES);
        while from < self.length {
            searched.clear();
            self.file.seek(SeekFrom::Start(from))?;
            let bytes = (SEARCHED_BYTES as u64).min(self.length - from);
            self.file.by_ref().take(bytes).read_to_end(&mut searched)?;
            if let Some(offset) = memmem::find(&searched, &beginning) {
                return Ok(Some(from + offset as u64));
            }
            // the beginning may be on both sides of the border
            let next = from + searched.len().saturating_sub(beginning.len() - 1).max(1) as u64;
            from = if from + bytes >= self.length { self.length } else { next };
        }
        Ok(None)
    }

    /// `N` bytes at `position`; `None` if the file ends before.
    fn read_at<const N: usize>(&mut self, position: u64) -> io::Result<Option<[u8; N]>> {
        if position + N as u64 > self.length {
            return Ok(None);
        }
        let mut bytes = [0; N];
        self.file.seek(SeekFrom::Start(position))?;
        self.file.read_exact(&mut bytes)?;
        Ok(Some(bytes))
    }

    /// `length` bytes from where the last reading ended; `None` if the file ends before.
    fn read_entries(&mut self, length: u32) -> io::Result<Option<Vec<u8>>> {
        let position = self.file.stream_position()?;
        if position + u64::from(length) > self.length {
            return Ok(None);
        }
        let mut entries = vec![0; length as usize];
        self.file.read_exact(&mut entries)?;
        Ok(Some(entries))
    }
}
