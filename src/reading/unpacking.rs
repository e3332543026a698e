//! Compressed files: what they hold is unpacked into a file beside, within bounds.

use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom, Write};
use std::path::Path;

use flate2::read::MultiGzDecoder;
use tempfile::NamedTempFile;
use zip::ZipArchive;

use super::ReadingError;

/// A file may unpack to so many times its size, or to the least bound: beyond, it is made to fill disks.
const MAX_FACTOR: u64 = 250;
const LEAST_BOUND: u64 = 64 << 20;
/// Most bytes that an office file may unpack to: its tables are read as a whole.
const MAX_WORKBOOK_BYTES: u64 = 1 << 30;

/// How a file is packed, by its first bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Packing {
    /// gzip (RFC 1952).
    Gzip,
    /// Zstandard (RFC 8878).
    Zstandard,
    /// A zip archive, which an office file is too.
    Zip,
}

impl Packing {
    /// The packing of a file that begins so.
    #[must_use]
    pub fn of(start: &[u8]) -> Option<Self> {
        match start {
            [0x1f, 0x8b, ..] => Some(Self::Gzip),
            [0x28, 0xb5, 0x2f, 0xfd, ..] => Some(Self::Zstandard),
            [b'P', b'K', 3, 4, ..] => Some(Self::Zip),
            _ => None,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Gzip => "gzip",
            Self::Zstandard => "Zstandard",
            Self::Zip => "zip",
        }
    }
}

/// What a packed file holds.
pub enum Unpacked {
    /// An office file, which is read as it is.
    Workbook,
    /// The content, in a file of `folder`, and a sentence on what was unpacked.
    Content(NamedTempFile, String),
}

/// Unpacks `file` into a file of `folder`.
///
/// # Errors
/// If it is damaged, unpacks to too much, or is an archive of several files.
pub fn unpack(mut file: File, packing: Packing, folder: &Path) -> Result<Unpacked, ReadingError> {
    let packed = file.metadata().map_err(ReadingError::from)?.len();
    let bound = packed.saturating_mul(MAX_FACTOR).max(LEAST_BOUND);
    file.seek(SeekFrom::Start(0))?;
    let reader = BufReader::new(file);
    match packing {
        Packing::Gzip => copy_bounded(MultiGzDecoder::new(reader), bound, folder, packing, None),
        Packing::Zstandard => copy_bounded(zstd::stream::read::Decoder::new(reader)?, bound, folder, packing, None),
        Packing::Zip => unpack_archive(reader, bound, folder),
    }
}

fn unpack_archive(reader: BufReader<File>, bound: u64, folder: &Path) -> Result<Unpacked, ReadingError> {
    let damaged = |error: zip::result::ZipError| ReadingError::new(format!("the zip archive cannot be read: {error}"));
    let mut archive = ZipArchive::new(reader).map_err(damaged)?;
    let names: Vec<String> = archive
        .file_names()
        .map(|name| name.map(std::borrow::Cow::into_owned))
        .collect::<Result<_, _>>()
        .map_err(damaged)?;
    if names.iter().any(|name| name == "[Content_Types].xml" || name == "content.xml") {
        let mut bytes = 0;
        for index in 0..archive.len() {
            bytes += archive.by_index_raw(index).map_err(damaged)?.size();
        }
        if bytes > MAX_WORKBOOK_BYTES {
            return Err(ReadingError::new("the workbook is too large to be read at once: save the sheet as CSV"));
        }
        return Ok(Unpacked::Workbook);
    }
    // what a Mac adds beside each file is none of the user's
    let is_content = |name: &&String| !name.ends_with('/') && !name.starts_with("__MACOSX/") && !name.contains("/.");
    let content: Vec<&String> = names.iter().filter(is_content).collect();
    match content[..] {
        [] => Err(ReadingError::new("the zip archive is empty")),
        [name] => {
            let entry = archive.by_name(name).map_err(damaged)?;
            copy_bounded(entry, bound, folder, Packing::Zip, Some(name))
        }
        [first, second, ..] => Err(ReadingError::new(format!(
            "the zip archive has {} files ({first}, {second}…): unpack it, and name the one with the sales",
            content.len()
        ))),
    }
}

fn copy_bounded(
    reader: impl Read,
    bound: u64,
    folder: &Path,
    packing: Packing,
    name: Option<&str>,
) -> Result<Unpacked, ReadingError> {
    let mut content = NamedTempFile::new_in(folder)?;
    let copied = io::copy(&mut reader.take(bound + 1), &mut content).map_err(|error| {
        ReadingError::new(format!("what is packed with {} cannot be unpacked: {error}", packing.name()))
    })?;
    if copied > bound {
        return Err(ReadingError::new(format!(
            "it unpacks to more than {} MB, {MAX_FACTOR} times its size: unpack it first if it is meant so",
            bound >> 20
        )));
    }
    content.flush()?;
    let told = match name {
        Some(name) => format!("unpacked {name} from the {} archive", packing.name()),
        None => format!("unpacked with {}", packing.name()),
    };
    Ok(Unpacked::Content(content, told))
}
