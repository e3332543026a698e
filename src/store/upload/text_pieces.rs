//! Reads a file of text piece by piece: each piece ends with a line, so that memory does not depend on the size of the file.

use std::io::Read;

use super::{StoreError, Upload};

/// Bytes that are read at a time.
const PIECE_BYTES: usize = 2 << 20;
/// Longest line that is read, in bytes: a file with a longer one is not a table.
const MAX_LINE_BYTES: usize = 64 << 20;

/// What takes the pieces: it gets a piece, and whether it is the last one, and returns how many bytes of it are done. The rest
/// comes again at the beginning of the next piece.
pub(super) type PieceSink<'a> = dyn FnMut(&str, bool) -> Result<usize, StoreError> + 'a;

/// Passes the text of `upload`, without a byte order mark, to `sink`.
///
/// # Errors
/// If the file cannot be read or is not UTF-8, or what `sink` returns.
pub(super) fn for_each_piece(upload: &Upload, line_end: u8, sink: &mut PieceSink<'_>) -> Result<(), StoreError> {
    let mut file = upload.open()?;
    let mut buffer: Vec<u8> = Vec::with_capacity(2 * PIECE_BYTES);
    // lines of the file before the buffer
    let mut lines = 0;
    let mut is_start = true;
    loop {
        let before = buffer.len();
        let read = (&mut file)
            .take(PIECE_BYTES as u64)
            .read_to_end(&mut buffer)
            .map_err(|source| upload.unreadable(source))?;
        if is_start && buffer.starts_with(b"\xef\xbb\xbf") {
            buffer.drain(..3);
        }
        is_start = false;
        let is_last = read == 0;
        let end = match buffer[before.min(buffer.len())..].iter().rposition(|byte| *byte == line_end) {
            _ if is_last => buffer.len(),
            Some(place) => before + place + 1,
            None if buffer.len() > MAX_LINE_BYTES => {
                return Err(upload.bad(format!(
                    "line {} is longer than {} MiB: is this a table?",
                    lines + 1,
                    MAX_LINE_BYTES >> 20
                )));
            }
            None => continue,
        };
        let text = std::str::from_utf8(&buffer[..end]).map_err(|error| {
            let line = 1 + lines + count_of(line_end, &buffer[..error.valid_up_to()]);
            upload.not_utf8(line)
        })?;
        let done = sink(text, is_last)?;
        if is_last {
            return Ok(());
        }
        lines += count_of(line_end, &buffer[..done]);
        buffer.drain(..done);
    }
}

fn count_of(wanted: u8, bytes: &[u8]) -> usize {
    memchr::memchr_iter(wanted, bytes).count()
}
