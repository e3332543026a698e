//! `diamonds doctor`: whether the file, its folder and its server are well, and what to do where they are not.

use std::fmt::Write;
use std::fs::{self, Metadata};
use std::path::Path;
use std::time::{Duration, SystemTime};

use serde::Serialize;

use super::CommandError;
use super::console::Console;
use crate::control::{self, ReadStatus};
use crate::files::folder_of;
use crate::store::ServerNote;
use crate::system::{available_memory_bytes, free_disk_bytes};
use crate::text::count;

/// Less free memory than this is little for a training.
const LEAST_MEMORY_BYTES: u64 = 500_000_000;
/// Less free space than this is little, whatever the size of the file.
const LEAST_FREE_BYTES: u64 = 1_000_000_000;
/// By how much a clock may be behind the file.
const CLOCK_TOLERANCE: Duration = Duration::from_secs(300);

#[derive(Debug, clap::Args)]
pub struct Arguments {}

/// What was found of one thing.
#[derive(Debug, Serialize)]
struct Finding {
    /// The thing.
    about: &'static str,
    verdict: Verdict,
    /// What was found.
    found: String,
    /// What to do about it; absent if it is well.
    #[serde(skip_serializing_if = "Option::is_none")]
    remedy: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Verdict {
    /// It is well.
    Well,
    /// It should be looked at.
    Look,
    /// It does not work.
    Wrong,
}

impl Finding {
    fn well(about: &'static str, found: impl Into<String>) -> Self {
        Self { about, verdict: Verdict::Well, found: found.into(), remedy: None }
    }

    fn look(about: &'static str, found: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { about, verdict: Verdict::Look, found: found.into(), remedy: Some(remedy.into()) }
    }

    fn wrong(about: &'static str, found: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { about, verdict: Verdict::Wrong, found: found.into(), remedy: Some(remedy.into()) }
    }
}

pub fn run(_arguments: &Arguments, database: &Path, console: &Console) -> Result<(), CommandError> {
    let findings = examine(database);
    console.print(&findings, |findings| describe(findings))?;
    match findings.iter().filter(|finding| finding.verdict == Verdict::Wrong).count() {
        0 => Ok(()),
        wrong => Err(CommandError::Unwell { wrong }),
    }
}

fn examine(database: &Path) -> Vec<Finding> {
    let mut findings = vec![program(), file(database)];
    let about = fs::metadata(database).ok();
    if let Some(about) = &about {
        findings.extend([
            content(database),
            permissions(database, about),
            journal(database),
            server(database),
            clock(about),
        ]);
    }
    findings.push(space(database, about.as_ref()));
    findings
}

fn program() -> Finding {
    const ABOUT: &str = "program";
    let version = env!("CARGO_PKG_VERSION");
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    match available_memory_bytes() {
        Some(bytes) if bytes < LEAST_MEMORY_BYTES => Finding::look(
            ABOUT,
            format!("diamonds {version}, {cores} cores, {} of free memory", size(bytes)),
            "a training of many sales needs more: close other programs first",
        ),
        Some(bytes) => {
            Finding::well(ABOUT, format!("diamonds {version}, {cores} cores, {} of free memory", size(bytes)))
        }
        None => Finding::well(ABOUT, format!("diamonds {version}, {cores} cores")),
    }
}

fn file(database: &Path) -> Finding {
    const ABOUT: &str = "file";
    let path = database.display();
    match fs::metadata(database) {
        Ok(about) if about.is_file() => Finding::well(ABOUT, format!("{path}, {}", size(about.len()))),
        Ok(_) => Finding::wrong(ABOUT, format!("{path} is no file"), "name a file with --db"),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Finding::look(
            ABOUT,
            format!("{path} is not there yet"),
            "`diamonds ingest FILE` makes it; `diamonds demo` shows what it is for",
        ),
        Err(error) => Finding::wrong(ABOUT, format!("{path}: {error}"), "look at the rights of its folder"),
    }
}

/// Whether the file can be opened, alone or through its server, and whether there is a model.
fn content(database: &Path) -> Finding {
    const ABOUT: &str = "content";
    let status = match control::run(database, ReadStatus {}) {
        Ok(status) => status,
        Err(error) => {
            let remedy =
                "if another program has it open, close that; else `diamonds restore BACKUP` brings a backup back";
            return Finding::wrong(ABOUT, crate::text::with_causes(&error), remedy);
        }
    };
    let sales = count(status.sales);
    match (&status.champion, status.sales) {
        (Some(champion), _) => {
            Finding::well(ABOUT, format!("{sales} sales; model {} ({}) answers", champion.id, champion.family))
        }
        (None, 0) => Finding::look(ABOUT, "no sales yet", "`diamonds ingest FILE`, then `diamonds retrain`"),
        (None, _) => Finding::look(ABOUT, format!("{sales} sales, and no model"), "`diamonds retrain`"),
    }
}

/// Whether others can read the file, and whether this user can write beside it.
fn permissions(database: &Path, about: &Metadata) -> Finding {
    const ABOUT: &str = "rights";
    let folder = folder_of(database);
    if let Err(error) = tempfile::tempfile_in(folder) {
        return Finding::wrong(
            ABOUT,
            format!("nothing can be written into {}: {error}", folder.display()),
            "the journal and work folders stand beside the file: give this user the right to write there",
        );
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        let mode = about.mode() & 0o777;
        if mode & 0o077 != 0 {
            let remedy = format!("sales and customers are nobody else's: chmod 600 '{}'", database.display());
            return Finding::look(
                ABOUT,
                format!("other users of this machine may open the file (mode {mode:03o})"),
                remedy,
            );
        }
    }
    if about.permissions().readonly() {
        return Finding::wrong(ABOUT, "the file is read-only", "give this user the right to write it");
    }
    Finding::well(ABOUT, "this user alone reads and writes the file")
}

/// Journals beside the file: what was kept because something was wrong with it.
fn journal(database: &Path) -> Finding {
    const ABOUT: &str = "journal";
    let folder = folder_of(database);
    let stem = database.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let entries = fs::read_dir(folder);
    let names: Vec<String> = entries
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .filter(|name| name.starts_with(&format!("{stem}.journal")))
        .collect();
    let is_kept = |name: &&String| [".damaged-", ".unreadable-", ".of-"].iter().any(|mark| name.contains(mark));
    let kept: Vec<&str> = names.iter().filter(is_kept).map(String::as_str).collect();
    if !kept.is_empty() {
        return Finding::look(
            ABOUT,
            format!("kept because something was wrong with it: {}", kept.join(", ")),
            "requests in it are not in the log; docs/operating.md says what to do with it",
        );
    }
    let bytes: u64 =
        names.iter().filter_map(|name| fs::metadata(folder.join(name)).ok()).map(|about| about.len()).sum();
    Finding::well(ABOUT, format!("whole, {} to be taken into the file", size(bytes)))
}

fn server(database: &Path) -> Finding {
    const ABOUT: &str = "server";
    match (control::is_served(database), ServerNote::read(database)) {
        (true, Some(note)) => Finding::well(ABOUT, format!("process {} serves it at {}", note.pid, note.address)),
        (true, None) => Finding::well(ABOUT, "a server has it open"),
        (false, Some(note)) => Finding::look(
            ABOUT,
            format!("process {} served it at {} and ended without a word", note.pid, note.address),
            "nothing is lost: `diamonds serve` goes on where it stopped",
        ),
        (false, None) => Finding::well(ABOUT, "none has it open; `diamonds serve` starts one"),
    }
}

/// Whether the clock is behind what the file was written at: then new requests would stand before old ones.
fn clock(about: &Metadata) -> Finding {
    const ABOUT: &str = "clock";
    let ahead = about.modified().ok().and_then(|written| written.duration_since(SystemTime::now()).ok());
    match ahead.filter(|ahead| *ahead > CLOCK_TOLERANCE) {
        Some(ahead) => Finding::wrong(
            ABOUT,
            format!("the file was written {} minutes after the time that the clock shows", ahead.as_secs() / 60),
            "set the clock: the order of the log and the age of models follow it",
        ),
        None => Finding::well(ABOUT, format!("{} UTC", jiff::Timestamp::now().strftime("%Y-%m-%d %H:%M"))),
    }
}

/// Whether there is room for a compaction, which makes a second file, and for a backup.
fn space(database: &Path, about: Option<&Metadata>) -> Finding {
    const ABOUT: &str = "space";
    let folder = folder_of(database);
    let nearest = folder.ancestors().find(|folder| folder.exists()).unwrap_or_else(|| Path::new("."));
    let Some(free) = free_disk_bytes(nearest) else {
        return Finding::look(ABOUT, "the system does not say how much is free", "look yourself");
    };
    let wanted = LEAST_FREE_BYTES.max(about.map_or(0, Metadata::len));
    if free < wanted {
        let remedy = "free some: `diamonds requests prune` and `diamonds compact` make the file smaller";
        return Finding::look(ABOUT, format!("{} free; a copy of the file needs {}", size(free), size(wanted)), remedy);
    }
    Finding::well(ABOUT, format!("{} free", size(free)))
}

fn size(bytes: u64) -> String {
    bytesize::ByteSize(bytes).display().si().to_string()
}

fn describe(findings: &[Finding]) -> String {
    let mut text = String::new();
    for finding in findings {
        let mark = match finding.verdict {
            Verdict::Well => "well",
            Verdict::Look => "look",
            Verdict::Wrong => "WRONG",
        };
        // writing to a string cannot fail
        let _ = writeln!(text, "{mark:5}  {:8}  {}", finding.about, finding.found);
        if let Some(remedy) = &finding.remedy {
            let _ = writeln!(text, "                 {remedy}");
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::files::beside;

    #[test]
    fn what_is_not_there_yet_is_no_fault_and_what_is_no_database_is() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("a.duckdb");
        let verdict = |findings: &[Finding], about: &str| {
            findings.iter().find(|finding| finding.about == about).map(|finding| finding.verdict)
        };
        let nothing = examine(&path);
        assert_eq!((verdict(&nothing, "file"), verdict(&nothing, "content")), (Some(Verdict::Look), None));
        fs::write(&path, "no database").expect("written");
        let strange = examine(&path);
        assert_eq!(verdict(&strange, "content"), Some(Verdict::Wrong));
        fs::write(beside(&path, ".journal-0.damaged-1"), "x").expect("written");
        assert_eq!(verdict(&examine(&path), "journal"), Some(Verdict::Look));
    }

    #[test]
    fn a_file_from_the_future_says_that_the_clock_is_wrong() {
        let file = tempfile::NamedTempFile::new().expect("a file");
        let later = SystemTime::now() + Duration::from_secs(7_200);
        file.as_file().set_modified(later).expect("set");
        assert_eq!(clock(&fs::metadata(file.path()).expect("about it")).verdict, Verdict::Wrong);
        assert_eq!(clock(&fs::metadata(env!("CARGO_MANIFEST_DIR")).expect("about it")).verdict, Verdict::Well);
    }
}
