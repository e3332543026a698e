//! What a release is made of: the archive, and the script that installs it.

use std::path::Path;
use std::process::{Command, Output};

use crate::program::TestFolder;

/// Runs a script of `packaging/`.
fn script(name: &str, arguments: &[&str]) -> Output {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("packaging").join(name);
    Command::new("sh").arg(path).args(arguments).output().expect("a shell")
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

#[test]
fn an_archive_is_installed_where_its_checksum_holds() {
    let test_folder = TestFolder::new();
    let [archives, home] = ["archives", "home"].map(|name| test_folder.path(name).display().to_string());
    let target = match (std::env::consts::OS, std::env::consts::ARCH) {
        ("linux", "x86_64") => "x86_64-unknown-linux-gnu",
        ("linux", "aarch64") => "aarch64-unknown-linux-gnu",
        ("macos", "aarch64") => "aarch64-apple-darwin",
        ("macos", "x86_64") => "x86_64-apple-darwin",
        other => panic!("no archive is made for {other:?}"),
    };
    let made = script("archive.sh", &[env!("CARGO_BIN_EXE_diamonds"), target, &archives]);
    assert!(made.status.success(), "{}", said(&made));
    let name = format!("diamonds-{}-{target}.tar.gz", env!("CARGO_PKG_VERSION"));
    assert!(said(&made).contains(&name), "{}", said(&made));

    let installed = script("install.sh", &["--from", &archives, "--to", &home]);
    assert!(installed.status.success() && said(&installed).contains("diamonds demo"), "{}", said(&installed));
    let program = Path::new(&home).join("bin/diamonds");
    let version = Command::new(&program).arg("--version").output().expect("the program");
    assert_eq!(String::from_utf8_lossy(&version.stdout).trim(), concat!("diamonds ", env!("CARGO_PKG_VERSION")));
    for file in ["man/man1/diamonds-serve.1", "bash-completion/completions/diamonds", "zsh/site-functions/_diamonds"] {
        assert!(Path::new(&home).join("share").join(file).exists(), "{file}");
    }

    // into a folder beside where one is
    let beside = Command::new("sh")
        .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("packaging/install.sh"))
        .args(["--from", "archives", "--to", "beside"])
        .current_dir(test_folder.path("."))
        .output()
        .expect("a shell");
    assert!(beside.status.success() && test_folder.path("beside/bin/diamonds").exists(), "{}", said(&beside));

    // an archive that is not what its checksum says changes nothing
    std::fs::write(Path::new(&archives).join(&name), "something else").expect("a file");
    let other = test_folder.path("other").display().to_string();
    let refused = script("install.sh", &["--from", &archives, "--to", &other]);
    assert!(!refused.status.success() && said(&refused).contains("nothing was installed"), "{}", said(&refused));
    assert!(!Path::new(&other).exists());
    for (arguments, says) in [
        (vec!["--from", archives.as_str(), "--version", "9.9.9"], "there is no diamonds-9.9.9"),
        (vec!["--from", "https://releases.invalid"], "say which version"),
        (vec![], "say where the archives are"),
        (vec!["--form", "x"], "--form is unknown"),
    ] {
        let refused = script("install.sh", &arguments);
        assert!(!refused.status.success() && said(&refused).contains(says), "{arguments:?}: {}", said(&refused));
    }
}

#[test]
fn the_formula_names_every_archive_with_its_checksum() {
    let test_folder = TestFolder::new();
    let folder = test_folder.path("archives");
    std::fs::create_dir_all(&folder).expect("a folder");
    let targets =
        ["aarch64-apple-darwin", "x86_64-apple-darwin", "aarch64-unknown-linux-gnu", "x86_64-unknown-linux-gnu"];
    let folder_name = folder.display().to_string();
    let arguments = ["1.2.3", "https://releases.example/v1.2.3", folder_name.as_str()];
    assert!(said(&script("formula.sh", &arguments)).contains("has no diamonds-1.2.3-aarch64-apple-darwin"));
    for (place, target) in targets.iter().enumerate() {
        let name = format!("diamonds-1.2.3-{target}.tar.gz");
        std::fs::write(folder.join(format!("{name}.sha256")), format!("{place:064}  {name}\n")).expect("a file");
    }
    let formula = script("formula.sh", &arguments);
    assert!(formula.status.success(), "{}", said(&formula));
    let formula = said(&formula);
    for (place, target) in targets.iter().enumerate() {
        let named = format!(
            "url \"https://releases.example/v1.2.3/diamonds-1.2.3-{target}.tar.gz\"\n      sha256 \"{place:064}\""
        );
        assert!(formula.contains(&named), "{target}: {formula}");
    }
}

/// The file for containers starts servers with options that there are.
#[test]
fn the_commands_of_the_compose_file_are_commands_of_the_program() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("packaging/compose/compose.yaml");
    let text = std::fs::read_to_string(path).expect("the file");
    let commands: Vec<Vec<String>> = text
        .lines()
        .filter_map(|line| line.trim().strip_prefix("command: "))
        .map(|list| serde_json::from_str(list).expect("a list"))
        .collect();
    assert_eq!(commands.len(), 3);
    let test_folder = TestFolder::new();
    for command in commands {
        let arguments: Vec<&str> = command.iter().map(String::as_str).chain(["--help"]).collect();
        assert!(test_folder.succeed(&arguments).stdout.contains("--replica-of"), "{command:?}");
    }
}
