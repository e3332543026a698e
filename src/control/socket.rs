//! Where the socket of a file lies.

use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use crate::files::beside;

/// Longest path that every Unix takes for a socket, in bytes.
const MAX_PATH_BYTES: usize = 100;

/// The socket of the file at `database`: beside it, or, where that path is too long for a socket, in the folder for
/// temporary files, named by a hash of it.
#[must_use]
pub fn path_of(database: &Path) -> PathBuf {
    let path = beside(database, ".sock");
    if path.as_os_str().len() <= MAX_PATH_BYTES {
        return path;
    }
    let digest = Sha256::digest(path.as_os_str().as_encoded_bytes());
    let mut first = [0; 16];
    first.copy_from_slice(&digest[..16]);
    std::env::temp_dir().join(format!("diamonds-{:032x}.sock", u128::from_be_bytes(first)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_socket_lies_beside_its_file_unless_the_path_is_too_long() {
        assert_eq!(path_of(Path::new("/data/diamonds.duckdb")), Path::new("/data/diamonds.duckdb.sock"));
        let long = format!("/{}/diamonds.duckdb", "x".repeat(200));
        let path = path_of(Path::new(&long));
        assert!(path.as_os_str().len() <= MAX_PATH_BYTES && path.starts_with(std::env::temp_dir()));
        assert_ne!(path, path_of(Path::new(&long.replace('x', "y"))));
    }
}
