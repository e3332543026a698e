//! Runs the program as a user would: its own process, its own file.

use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use diamonds::generator::Generator;
use serde_json::Value;
use tempfile::TempDir;

/// A folder of its own with a file of its own.
pub struct TestFolder {
    folder: TempDir,
}

/// What a finished command said.
pub struct CommandOutput {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

impl CommandOutput {
    /// The JSON document on standard output.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.stdout)
            .unwrap_or_else(|error| panic!("{error} in {:?}; standard error: {}", self.stdout, self.stderr))
    }
}

impl From<Output> for CommandOutput {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8(output.stdout).expect("UTF-8 on standard output"),
            stderr: String::from_utf8(output.stderr).expect("UTF-8 on standard error"),
        }
    }
}

impl TestFolder {
    pub fn new() -> Self {
        Self { folder: tempfile::tempdir().expect("a folder") }
    }

    /// One with sales, a linear model of number 1, and a champion of boosted trees of number 2.
    pub fn trained(rows: usize) -> Self {
        let test_folder = Self::new();
        let sales = test_folder.write_sales("sales.csv", 5, 0, rows);
        test_folder.succeed(&["ingest", &sales]);
        test_folder.succeed(&["retrain", "--family", "linear"]);
        test_folder.succeed(&["retrain", "--family", "xgboost", "--trials", "4", "--promote", "always"]);
        test_folder
    }

    /// Gives the file a salt of its own choosing, so that the same sales judge models in every run of a test.
    pub fn fix_holdout(&self) {
        duckdb::Connection::open(self.database())
            .expect("the file")
            .execute_batch("UPDATE setting SET value = 'test' WHERE name = 'holdout_salt'")
            .expect("a row");
    }

    pub fn database(&self) -> PathBuf {
        self.folder.path().join("diamonds.duckdb")
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes a file and gives its path.
    pub fn write(&self, name: &str, content: impl AsRef<[u8]>) -> String {
        let path = self.path(name);
        std::fs::write(&path, content).expect("a file");
        path.display().to_string()
    }

    /// Writes made-up sales and gives the file's path.
    pub fn write_sales(&self, name: &str, seed: u64, first: u64, rows: usize) -> String {
        let mut csv = Vec::new();
        Generator::starting_at(seed, first).write_csv(&mut csv, rows as u64, 0.0).expect("memory takes all");
        self.write(name, csv)
    }

    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_diamonds"));
        command
            .args(arguments)
            .env("DIAMONDS_DB", self.database())
            .env("NO_COLOR", "1")
            .current_dir(self.folder.path())
            .stdin(Stdio::null());
        command
    }

    pub fn run(&self, arguments: &[&str]) -> CommandOutput {
        self.command(arguments).output().expect("the program runs").into()
    }

    pub fn run_with_input(&self, arguments: &[&str], input: &[u8]) -> CommandOutput {
        let mut child = self
            .command(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program runs");
        child.stdin.take().expect("its input").write_all(input).expect("it reads");
        child.wait_with_output().expect("it ends").into()
    }

    /// Runs a command that must succeed.
    pub fn succeed(&self, arguments: &[&str]) -> CommandOutput {
        let said = self.run(arguments);
        assert_eq!(said.code, 0, "{arguments:?}: {}{}", said.stdout, said.stderr);
        said
    }

    /// Runs a command that must fail with `code`, and gives what it says.
    pub fn fail(&self, code: i32, arguments: &[&str]) -> String {
        let said = self.run(arguments);
        assert_eq!(said.code, code, "{arguments:?}: {}{}", said.stdout, said.stderr);
        assert_eq!(said.stdout, "", "{arguments:?}");
        said.stderr
    }

    /// Runs a command that must succeed and print JSON.
    pub fn json(&self, arguments: &[&str]) -> Value {
        self.succeed(&[&["--json"], arguments].concat()).json()
    }

    /// The single value that a query answers.
    pub fn value(&self, sql: &str) -> Value {
        let rows = self.json(&["sql", sql]);
        let row = rows[0].as_object().expect("a row");
        row.values().next().expect("a value").clone()
    }
}

/// A running server, stopped when it goes out of scope.
pub struct Server {
    child: Child,
    pub address: String,
    /// Reads what it says on standard error: a pipe that nobody reads would stop it.
    listener: Option<JoinHandle<String>>,
}

impl Server {
    pub fn start(test_folder: &TestFolder) -> Self {
        Self::start_with(test_folder, &[])
    }

    /// Starts a server with more arguments.
    pub fn start_with(test_folder: &TestFolder, more: &[&str]) -> Self {
        Self::start_at(test_folder, "127.0.0.1:0", more)
    }

    /// Starts a server that listens on `address`, with more arguments.
    pub fn start_at(test_folder: &TestFolder, address: &str, more: &[&str]) -> Self {
        Self::start_command(test_folder.command(&[&["serve", "--addr", address], more].concat()))
    }

    /// Starts a server that can have so many kilobytes of address space.
    #[cfg(target_os = "linux")]
    pub fn start_with_address_space(test_folder: &TestFolder, kilobytes: u64, more: &[&str]) -> Self {
        Self::start_in_shell(test_folder, &format!("ulimit -v {kilobytes}"), more)
    }

    /// Starts a server in a shell that has run `commands`, which may set limits.
    #[cfg(target_os = "linux")]
    pub fn start_in_shell(test_folder: &TestFolder, commands: &str, more: &[&str]) -> Self {
        let program = test_folder.command(&[&["serve", "--addr", "127.0.0.1:0"], more].concat());
        let mut shell = Command::new("sh");
        shell.arg("-c").arg(format!("{commands}; exec \"$0\" \"$@\"")).arg(program.get_program());
        shell.args(program.get_args()).stdin(Stdio::null()).current_dir(test_folder.folder.path());
        shell.envs(program.get_envs().filter_map(|(name, value)| Some((name, value?))));
        Self::start_command(shell)
    }

    fn start_command(mut command: Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the program runs");
        let mut line = String::new();
        BufReader::new(child.stdout.as_mut().expect("its output")).read_line(&mut line).expect("a line");
        let Some((_, address)) = line.trim().strip_prefix("listening on ").and_then(|url| url.split_once("://")) else {
            let mut stderr = String::new();
            let _ = child.stderr.take().expect("its errors").read_to_string(&mut stderr);
            panic!("the server did not start: {line}{stderr}");
        };
        let mut stderr = child.stderr.take().expect("its errors");
        let listener = std::thread::spawn(move || {
            let mut said = Vec::new();
            // what was said until it was killed counts
            let _ = stderr.read_to_end(&mut said);
            String::from_utf8_lossy(&said).into_owned()
        });
        Self { address: address.to_owned(), child, listener: Some(listener) }
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    pub fn get(&self, path: &str) -> Answer {
        agent().get(self.url(path)).call().map(Answer::from).expect("an answer")
    }

    pub fn post(&self, path: &str, body: &Value) -> Answer {
        self.post_text(path, "application/json", &body.to_string())
    }

    pub fn post_text(&self, path: &str, content_type: &str, body: &str) -> Answer {
        agent()
            .post(self.url(path))
            .header("Content-Type", content_type)
            .send(body)
            .map(Answer::from)
            .expect("an answer")
    }

    /// Sends a form as a page of this server does, and gives the answer itself, be it a redirection.
    pub fn post_form(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let mut form = form_urlencoded::Serializer::new(String::new());
        form.extend_pairs(fields);
        let agent: ureq::Agent =
            ureq::Agent::config_builder().http_status_as_error(false).max_redirects(0).build().into();
        agent
            .post(self.url(path))
            .header("Content-Type", "application/x-www-form-urlencoded")
            .header("Sec-Fetch-Site", "same-origin")
            .header("Accept", "text/html")
            .send(form.finish())
            .map(Answer::from)
            .expect("an answer")
    }

    /// Asks the server to stop as a service manager does, and gives its exit code.
    pub fn stop(mut self) -> i32 {
        send_signal(self.pid(), "TERM");
        self.child.wait().expect("it ends").code().unwrap_or(-1)
    }

    /// As [`Server::stop`], and gives what it has said on standard error.
    pub fn stop_and_listen(mut self) -> String {
        send_signal(self.pid(), "TERM");
        assert!(self.child.wait().expect("it ends").success());
        self.listener.take().expect("not taken").join().expect("no panic")
    }

    /// Waits for the server to end by itself, and gives its exit code.
    pub fn wait(mut self) -> i32 {
        self.child.wait().expect("it ends").code().unwrap_or(-1)
    }

    /// Kills the server without warning.
    pub fn kill(mut self) {
        self.child.kill().expect("it can be killed");
        self.child.wait().expect("it ends");
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // it may have ended already
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What a server answered.
pub struct Answer {
    pub status: u16,
    pub headers: ureq::http::HeaderMap,
    pub body: String,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error} in {:?}", self.body))
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map(|value| value.to_str().expect("text")).unwrap_or_default()
    }
}

impl From<ureq::http::Response<ureq::Body>> for Answer {
    fn from(mut response: ureq::http::Response<ureq::Body>) -> Self {
        let body = response.body_mut().with_config().limit(1 << 30).read_to_vec().expect("a whole body");
        Self {
            status: response.status().as_u16(),
            headers: response.headers().clone(),
            body: String::from_utf8_lossy(&body).into_owned(),
        }
    }
}

/// `text` without the ids in it, which differ from run to run.
pub fn without_ids(text: &str) -> String {
    let is_of_id = |character: char| character.is_ascii_hexdigit() || character == '-';
    text.split_inclusive(|character| !is_of_id(character))
        .map(|part| match part.trim_end_matches(|character| !is_of_id(character)) {
            id if id.len() == 36 && id.matches('-').count() == 4 => part.replace(id, "ID"),
            _ => part.to_owned(),
        })
        .collect()
}

/// A client that takes every status for an answer.
pub fn agent() -> ureq::Agent {
    ureq::Agent::config_builder().http_status_as_error(false).build().into()
}

/// Sends a signal to a process, by the system's own command.
pub fn send_signal(pid: u32, signal: &str) {
    let sent = Command::new("kill").arg(format!("-{signal}")).arg(pid.to_string()).status().expect("kill runs");
    assert!(sent.success());
}

/// The files that a folder holds.
pub fn files_in(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = std::fs::read_dir(folder)
        .expect("a folder")
        .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

/// Waits until `is_so`; the limit is for a program that never gets there: a training beside others may take minutes.
pub fn wait_until(what: &str, mut is_so: impl FnMut() -> bool) {
    let started = Instant::now();
    while !is_so() {
        assert!(started.elapsed() < Duration::from_secs(600), "waited in vain until {what}");
        std::thread::sleep(Duration::from_millis(50));
    }
}
