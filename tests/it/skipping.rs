//! Tests that need what is not here say so, and pass. `make test` counts them at the end.

use std::fs::OpenOptions;
use std::io::Write;

/// Says that the test that calls is skipped, and why: on standard error, and in the file named by `DIAMONDS_SKIPPED`.
pub fn skip(reason: &str) {
    // straight to the stream: what tests print is shown only when they fail
    let _ = writeln!(std::io::stderr(), "skipped: {reason}");
    if let Some(path) = std::env::var_os("DIAMONDS_SKIPPED") {
        let file = OpenOptions::new().create(true).append(true).open(path);
        let test = std::thread::current().name().unwrap_or("a test").to_owned();
        file.and_then(|mut file| writeln!(file, "{reason}: {test}")).expect("the list of skipped tests");
    }
}
