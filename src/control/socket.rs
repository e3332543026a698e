//! The path of a file's socket.

use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use crate::files::beside;

/// The suffix of a socket's name while its server starts.
pub const STARTING_SUFFIX: &str = ".new";
/// Longest path of a socket that every Unix accepts, in bytes: macOS has room for 104 with the final zero.
const LONGEST_SOCKET_PATH_BYTES: usize = 103;
/// Longest path of a socket here: the suffix must fit while its server starts.
const MAX_PATH_BYTES: usize = LONGEST_SOCKET_PATH_BYTES - STARTING_SUFFIX.len();

/// The socket of the file at `database`: beside it, or, if that path is too long for a socket, in the folder for temporary
/// files, with a hash of the path as its name.
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
        for length in 90..110 {
            let database = format!("/{}", "x".repeat(length));
            let starting = beside(&path_of(Path::new(&database)), STARTING_SUFFIX);
            assert!(starting.as_os_str().len() <= LONGEST_SOCKET_PATH_BYTES, "{}", starting.display());
        }
    }
}
