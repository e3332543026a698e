//! What much data costs: the same work with more and more sales, beside the database's own reader in the same run, and a log of many
//! requests.
//!
//!     make bench-growth                                   54,000 and 5.4 million sales, ten million requests
//!     SIZES="54000" REQUESTS=1000000 make bench-growth
//!
//! Prints tables for docs/performance.md. The sales are made up. It needs Linux, ten gigabytes of disk for 5.4 million sales and
//! ten million requests, and some minutes.

#![expect(clippy::print_stdout, reason = "a benchmark prints its figures")]

use std::error::Error;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

type Outcome<T> = Result<T, Box<dyn Error>>;

/// From this number of sales on only `linear` is trained: the others are bounded in the sales they see, and take minutes.
const MOST_FOR_ALL_FAMILIES: u64 = 100_000;
/// Questions for a median.
const QUESTIONS: usize = 2_000;

fn main() -> Outcome<()> {
    let program = PathBuf::from(std::env::args_os().nth(1).ok_or("name the program to measure")?);
    let sizes = std::env::var("SIZES").unwrap_or_else(|_| "54000 5400000".to_owned());
    let requests: u64 = std::env::var("REQUESTS").unwrap_or_else(|_| "10000000".to_owned()).parse()?;
    println!("| sales | work | seconds | peak MB | ratio to the database's own reader |");
    println!("|---|---|---|---|---|");
    for size in sizes.split_whitespace() {
        measure_sales(&program, size.parse()?)?;
    }
    if requests > 0 {
        println!("\n| requests in the log | work | seconds |\n|---|---|---|");
        measure_log(&program, requests)?;
    }
    Ok(())
}

/// What a command took.
struct Cost {
    seconds: f64,
    peak_mb: u64,
}

/// Runs a command to its end.
fn run(command: &mut Command) -> Outcome<Cost> {
    let started = Instant::now();
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::inherit()).spawn()?;
    let mut peak_mb = 0;
    loop {
        peak_mb = peak_mb.max(memory_mb(child.id(), "VmHWM"));
        if let Some(status) = child.try_wait()? {
            if !status.success() {
                return Err(format!("{command:?} failed").into());
            }
            return Ok(Cost { seconds: started.elapsed().as_secs_f64(), peak_mb });
        }
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// Memory of a process as the system counts it (`VmRSS`, `VmHWM`), in megabytes; 0 if it has ended.
fn memory_mb(pid: u32, kind: &str) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with(kind)).unwrap_or_default();
    line.split_whitespace().nth(1).and_then(|number| number.parse::<u64>().ok()).unwrap_or(0) / 1_000
}

fn row(sales: u64, work: &str, cost: &Cost, raw: Option<f64>) {
    let ratio = raw.map_or_else(String::new, |raw| format!("{:.2} ×", cost.seconds / raw));
    println!("| {sales} | {work} | {:.2} | {} | {ratio} |", cost.seconds, cost.peak_mb);
}

/// A served file, stopped when it goes out of scope.
struct Server {
    child: Child,
    address: String,
    ready: Duration,
}

impl Server {
    fn start(program: &Path, database: &Path) -> Outcome<Self> {
        let started = Instant::now();
        let mut child = Command::new(program)
            .arg("--db")
            .arg(database)
            .args(["serve", "--addr", "127.0.0.1:0"])
            .stdout(Stdio::piped())
            .spawn()?;
        let mut line = String::new();
        BufReader::new(child.stdout.as_mut().ok_or("no output")?).read_line(&mut line)?;
        let address = line.trim().strip_prefix("listening on http://").ok_or("the server did not start")?.to_owned();
        Ok(Self { child, address, ready: started.elapsed() })
    }

    /// The times of `count` answers on one connection, in seconds, sorted.
    fn ask(&self, path: &str, count: usize) -> Outcome<Vec<f64>> {
        let mut stream = TcpStream::connect(&self.address)?;
        stream.set_nodelay(true)?;
        let mut times = Vec::with_capacity(count);
        for _ in 0..count {
            let started = Instant::now();
            write!(stream, "GET {path} HTTP/1.1\r\nHost: {}\r\n\r\n", self.address)?;
            let status = read_answer(&mut stream)?;
            if status != 200 {
                return Err(format!("{path}: {status}").into());
            }
            times.push(started.elapsed().as_secs_f64());
        }
        times.sort_by(f64::total_cmp);
        Ok(times)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // it may have ended already
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Reads an answer with a length, and returns its status.
fn read_answer(stream: &mut TcpStream) -> Outcome<u16> {
    let mut answer = Vec::new();
    let mut buffer = vec![0; 65_536];
    loop {
        let read = stream.read(&mut buffer)?;
        if read == 0 {
            return Err("the connection was closed".into());
        }
        answer.extend_from_slice(&buffer[..read]);
        let Some(end) = answer.windows(4).position(|part| part == b"\r\n\r\n") else { continue };
        let head = String::from_utf8_lossy(&answer[..end]).to_lowercase();
        let length = head.lines().find_map(|line| line.strip_prefix("content-length:")).ok_or("no length")?;
        if answer.len() >= end + 4 + length.trim().parse::<usize>()? {
            return Ok(head.split_whitespace().nth(1).unwrap_or_default().parse()?);
        }
    }
}

fn measure_sales(program: &Path, sales: u64) -> Outcome<()> {
    let folder = tempfile::tempdir_in(std::env::current_exe()?.parent().ok_or("no folder")?)?;
    let at = |name: &str| folder.path().join(name);
    let csv = at("sales.csv");
    let mut file = std::io::BufWriter::new(std::fs::File::create(&csv)?);
    diamonds::generator::Generator::new(1).write_csv(&mut file, sales, 0.0)?;
    file.flush()?;
    drop(file);
    let ours = |database: &str, arguments: &[&str]| {
        let mut command = Command::new(program);
        command.arg("--db").arg(at(database)).arg("--quiet").args(arguments);
        command
    };
    let csv = csv.display().to_string();

    let started = Instant::now();
    duckdb::Connection::open(at("raw.duckdb"))?
        .execute_batch(&format!("CREATE TABLE sale AS FROM read_csv('{csv}'); CHECKPOINT"))?;
    let raw = started.elapsed().as_secs_f64();
    println!("| {sales} | the database's own reader | {raw:.2} | | 1 |");
    row(sales, "ingest", &run(&mut ours("a.duckdb", &["ingest", &csv]))?, Some(raw));
    row(sales, "ingest the same file again", &run(&mut ours("a.duckdb", &["ingest", &csv]))?, Some(raw));
    drop(diamonds::store::Store::open(&at("b.duckdb"))?);
    let server = Server::start(program, &at("b.duckdb"))?;
    let cost = run(&mut ours("b.duckdb", &["ingest", &csv]))?;
    let cost = Cost { peak_mb: memory_mb(server.child.id(), "VmHWM"), ..cost };
    row(sales, "ingest beside a server (memory of the server)", &cost, Some(raw));
    drop(server);
    row(sales, "retrain --family linear", &run(&mut ours("a.duckdb", &["retrain", "--family", "linear"]))?, None);
    if sales <= MOST_FOR_ALL_FAMILIES {
        row(sales, "retrain, every family", &run(&mut ours("a.duckdb", &["retrain"]))?, None);
    }
    let stone = ["--carat", "1.1", "--cut", "Ideal", "--color", "H", "--clarity", "SI2"];
    row(sales, "predict", &run(&mut ours("a.duckdb", &[&["predict"], &stone[..]].concat()))?, None);
    let server = Server::start(program, &at("a.duckdb"))?;
    let ready = Cost { seconds: server.ready.as_secs_f64(), peak_mb: memory_mb(server.child.id(), "VmHWM") };
    row(sales, "ready to serve", &ready, None);
    let path = "/v1/similar?carat=1.1&cut=Ideal&color=H&clarity=SI2";
    let first = server.ask(path, 1)?[0];
    std::thread::sleep(Duration::from_secs(8));
    let median = server.ask(path, QUESTIONS)?[QUESTIONS / 2];
    let memory = || memory_mb(server.child.id(), "VmRSS");
    row(sales, "similar stones, the first answer", &Cost { seconds: first, peak_mb: memory() }, None);
    println!("| {sales} | similar stones, median of an answer over HTTP | {median:.6} | {} | |", memory());
    Ok(())
}

fn measure_log(program: &Path, requests: u64) -> Outcome<()> {
    let folder = tempfile::tempdir_in(std::env::current_exe()?.parent().ok_or("no folder")?)?;
    let database = folder.path().join("log.duckdb");
    let mut csv = Vec::new();
    diamonds::generator::Generator::new(1).write_csv(&mut csv, 5_000, 0.0)?;
    let upload = diamonds::store::Upload::from_bytes("sales.csv", csv);
    diamonds::store::Store::open(&database)?.ingest(&upload, false)?;
    let ours = |arguments: &[&str]| {
        let mut command = Command::new(program);
        command.arg("--db").arg(&database).arg("--quiet").args(arguments);
        command
    };
    run(&mut ours(&["retrain", "--family", "linear"]))?;
    duckdb::Connection::open(&database)?
        .execute_batch(&include_str!("fill_log.sql").replace("{requests}", &requests.to_string()))?;
    let row = |work: &str, seconds: f64| println!("| {requests} | {work} | {seconds:.3} |");
    let server = Server::start(program, &database)?;
    row("ready to serve", server.ready.as_secs_f64());
    let memory_mb_at_start = memory_mb(server.child.id(), "VmRSS");
    // old requests are added up in the first seconds
    std::thread::sleep(Duration::from_secs(10));
    for path in ["/requests", "/requests?status=422", "/requests?path=/v1/predictions", "/v1/requests?limit=100"] {
        row(&format!("`{path}`, median"), server.ask(path, 21)?[10]);
    }
    row("status", run(&mut ours(&["status"]))?.seconds);
    row("requests replay --model 1", run(&mut ours(&["requests", "replay", "--model", "1"]))?.seconds);
    row("requests prune --before 15d", run(&mut ours(&["requests", "prune", "--before", "15d"]))?.seconds);
    row("compact", run(&mut ours(&["compact"]))?.seconds);
    println!(
        "\nmemory of the server: {memory_mb_at_start} MB at its start, {} MB now",
        memory_mb(server.child.id(), "VmRSS")
    );
    server.ask("/v1/similar?carat=1&cut=Ideal&color=G&clarity=VS1", 1_000)?;
    // the value is dropped: the server is killed
    drop(server);
    row("ready to serve after a kill", Server::start(program, &database)?.ready.as_secs_f64());
    Ok(())
}
