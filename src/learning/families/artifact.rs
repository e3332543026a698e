//! Artifacts: the bytes of a family's model, compressed with Zstandard.

use std::borrow::Cow;
use std::io::{self, Read};

/// The first bytes of a Zstandard frame (RFC 8878).
const MAGIC: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];
/// Level of compression: higher ones take several times as long and save a few percent.
const LEVEL: i32 = 9;
/// Most bytes of a decompressed model: what says it is larger is damaged.
const MAX_BYTES: u64 = 2_000_000_000;

/// The artifact of a model whose family wrote `bytes`.
///
/// # Errors
/// If the library fails.
pub fn compress_artifact(bytes: &[u8]) -> io::Result<Vec<u8>> {
    zstd::bulk::compress(bytes, LEVEL)
}

/// The bytes that the family wrote. Artifacts of earlier versions are not compressed.
///
/// # Errors
/// If the artifact is damaged.
pub fn decompress_artifact(artifact: &[u8]) -> io::Result<Cow<'_, [u8]>> {
    if !artifact.starts_with(&MAGIC) {
        return Ok(Cow::Borrowed(artifact));
    }
    let mut bytes = Vec::new();
    zstd::Decoder::new(artifact)?.take(MAX_BYTES + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MAX_BYTES {
        return Err(io::Error::other(format!("it has more than {MAX_BYTES} bytes")));
    }
    Ok(Cow::Owned(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_artifact_becomes_the_same_bytes_and_earlier_ones_are_read() {
        let bytes = br#"{"trees": [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]}"#;
        let artifact = compress_artifact(bytes).expect("compressed");
        assert!(artifact.len() < bytes.len(), "{}", artifact.len());
        assert_eq!(*decompress_artifact(&artifact).expect("whole"), bytes[..]);
        assert_eq!(*decompress_artifact(bytes).expect("as it is"), bytes[..]);
        assert!(decompress_artifact(&artifact[..artifact.len() - 3]).is_err());
    }
}
