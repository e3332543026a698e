//! Links the C++ and OpenMP run-times statically on Linux, so that `diamonds` runs where no compiler is installed.
//!
//! The crates that build DuckDB and XGBoost ask for `stdc++` and `gomp`, the standard library asks for `gcc_s`, all as
//! shared libraries. A linker searches folder by folder and takes the static archive where a folder holds no shared
//! one: so a folder that holds only the archives, searched before the compiler's own, decides for all three.

use std::path::{Path, PathBuf};
use std::process::Command;

/// Name under which a library is asked for, and the archive of the compiler that answers to it.
const ARCHIVES: [(&str, &str); 3] =
    [("libstdc++.a", "libstdc++.a"), ("libgomp.a", "libgomp.a"), ("libgcc_s.a", "libgcc_eh.a")];

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-env-changed=CXX");
    let target_os = std::env::var("CARGO_CFG_TARGET_OS").unwrap_or_default();
    let target_env = std::env::var("CARGO_CFG_TARGET_ENV").unwrap_or_default();
    if target_os != "linux" || target_env != "gnu" {
        return;
    }
    let Some(out) = std::env::var_os("OUT_DIR") else {
        return;
    };
    let folder = PathBuf::from(out).join("static-runtimes");
    for (asked, archive) in ARCHIVES {
        match find_archive(archive) {
            Some(found) => {
                if let Err(error) = place(&found, &folder.join(asked)) {
                    println!("cargo:warning={archive} stays a shared library: {error}");
                }
            }
            None => println!("cargo:warning={archive} not found: it stays a shared library"),
        }
    }
    println!("cargo:rustc-link-search=native={}", folder.display());
}

/// Asks the C++ compiler where it keeps `archive`; `None` if it has none.
fn find_archive(archive: &str) -> Option<PathBuf> {
    let compiler = std::env::var("CXX").unwrap_or_else(|_| "c++".to_owned());
    let mut words = compiler.split_whitespace();
    let output = Command::new(words.next()?).args(words).arg(format!("-print-file-name={archive}")).output().ok()?;
    let path = PathBuf::from(String::from_utf8(output.stdout).ok()?.trim());
    path.is_absolute().then_some(path)
}

/// Copies `from` to `to`, making the folder if need be.
fn place(from: &Path, to: &Path) -> std::io::Result<()> {
    if let Some(folder) = to.parent() {
        std::fs::create_dir_all(folder)?;
    }
    std::fs::copy(from, to).map(drop)
}
