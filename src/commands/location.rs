//! The path of the file.

use std::path::{Path, PathBuf};

use super::CommandError;

/// The file named by the user, or the default one in the platform's data folder.
pub fn database(named: Option<&Path>) -> Result<PathBuf, CommandError> {
    let Some(path) = named else {
        return directories::ProjectDirs::from("", "", "diamonds")
            .map(|folders| folders.data_dir().join("diamonds.duckdb"))
            .ok_or(CommandError::NoDataFolder);
    };
    let bad = |reason| CommandError::BadLocation { path: path.to_owned(), reason };
    let Some(text) = path.to_str() else { return Err(bad("it is not UTF-8")) };
    if text.contains('?') {
        return Err(bad("the database would take what follows the question mark for options"));
    }
    if text.ends_with(std::path::is_separator) || path.is_dir() {
        return Err(bad("it is a folder"));
    }
    // a path from the root is always a path, whatever special names DuckDB has, such as :memory: or ~
    std::path::absolute(path).map_err(|_| bad("it is empty"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_the_database_would_take_for_something_else_are_paths_or_refused() {
        for name in [":memory:", "~/file.duckdb", "s3://bucket/file"] {
            assert!(database(Some(Path::new(name))).expect(name).is_absolute());
        }
        for name in ["what?.duckdb", "folder/", "/", ""] {
            assert!(database(Some(Path::new(name))).is_err(), "{name}");
        }
    }
}
