//! Characters: UTF-8 as a rule, and what spreadsheets write besides.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE};
use encoding_rs_io::{DecodeReaderBytes, DecodeReaderBytesBuilder};

/// Bytes that are looked at, at a time.
const PIECE: usize = 1 << 20;

/// Finds how the characters of `file` are written. A mark at its beginning tells; else what is valid UTF-8 from beginning to end is
/// UTF-8, and the rest is guessed from what it would say.
///
/// # Errors
/// If it cannot be read.
pub fn detect(file: &mut File) -> std::io::Result<&'static Encoding> {
    file.seek(SeekFrom::Start(0))?;
    let mut piece = vec![0; PIECE];
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Deny);
    let mut is_utf8 = true;
    let mut is_first = true;
    // the beginning of a character that the last piece has cut
    let mut cut: Vec<u8> = Vec::new();
    loop {
        let length = read_full(file, &mut piece)?;
        let bytes = &piece[..length];
        if is_first {
            if let Some((encoding, _)) = Encoding::for_bom(bytes) {
                return Ok(encoding);
            }
            if let Some(encoding) = utf16_without_mark(bytes) {
                return Ok(encoding);
            }
            is_first = false;
        }
        if is_utf8 {
            let joined = [&cut[..], bytes].concat();
            cut.clear();
            if let Err(error) = std::str::from_utf8(&joined) {
                match error.error_len() {
                    None if length == PIECE => cut.extend(&joined[error.valid_up_to()..]),
                    _ => is_utf8 = false,
                }
            }
        }
        let is_last = length < PIECE;
        if !is_utf8 {
            // a piece with what is not UTF-8 tells enough
            detector.feed(bytes, true);
            return Ok(detector.guess(None, Utf8Detection::Deny));
        }
        detector.feed(bytes, false);
        if is_last {
            return Ok(UTF_8);
        }
    }
}

/// UTF-16 of letters that ASCII has: every other byte is 0.
fn utf16_without_mark(bytes: &[u8]) -> Option<&'static Encoding> {
    let start = &bytes[..bytes.len().min(1_000) & !1];
    let zeros = |from: usize| start.iter().skip(from).step_by(2).filter(|byte| **byte == 0).count();
    let (even, odd) = (zeros(0), zeros(1));
    let many = start.len() / 4;
    match (even > many, odd > many) {
        (true, false) => Some(UTF_16BE),
        (false, true) => Some(UTF_16LE),
        _ => None,
    }
}

fn read_full(file: &mut File, piece: &mut [u8]) -> std::io::Result<usize> {
    let mut length = 0;
    while length < piece.len() {
        match file.read(&mut piece[length..])? {
            0 => break,
            read => length += read,
        }
    }
    Ok(length)
}

/// Reads `file` from its beginning as UTF-8, whatever it is written in, without a mark.
///
/// # Errors
/// If it cannot be read.
pub fn decoded(mut file: File, encoding: &'static Encoding) -> std::io::Result<DecodeReaderBytes<File, Vec<u8>>> {
    file.seek(SeekFrom::Start(0))?;
    Ok(DecodeReaderBytesBuilder::new().encoding(Some(encoding)).strip_bom(true).build(file))
}
