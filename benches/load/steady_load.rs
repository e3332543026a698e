//! Asks a server for prices at a steady rate and tells how long the answers take, second by second.
//!
//!     steady_load HOST:PORT RATE SECONDS OUT
//!
//! Latency is counted from when a request was due, not from when it could be sent: a server that stalls is charged for
//! all that had to wait. Writes OUT.csv (second, answers, p50, p99, p99.9 and worst in ms) and OUT.svg, a plot of them.

use std::fmt::Write as _;
use std::io::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

/// Connections that share the load.
const CONNECTIONS: u64 = 32;
const STONE: &str =
    r#"{"carat":1.1,"cut":"Ideal","color":"H","clarity":"SI2","depth":62.0,"table":55,"x":6.61,"y":6.65,"z":4.11}"#;

type Failure = Box<dyn std::error::Error + Send + Sync>;

fn main() -> Result<(), Failure> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [address, rate, seconds, out] = &arguments[..] else {
        return Err("usage: steady_load HOST:PORT RATE SECONDS OUT".into());
    };
    let (rate, seconds): (u64, u64) = (rate.parse()?, seconds.parse()?);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let mut answers = runtime.block_on(load(address, rate, seconds))?;
    answers.sort_unstable();

    let mut csv = "second,answers,p50_ms,p99_ms,p999_ms,max_ms\n".to_owned();
    let mut lines = Vec::new();
    for (second, of_second) in answers.chunk_by(|a, b| a.0 == b.0).map(|chunk| (chunk[0].0, chunk)) {
        let latencies: Vec<u64> = of_second.iter().map(|(_, latency)| *latency).collect();
        let [p50, p99, p999, max] = [0.5, 0.99, 0.999, 1.0].map(|share| quantile_ms(&latencies, share));
        writeln!(csv, "{second},{},{p50:.3},{p99:.3},{p999:.3},{max:.3}", latencies.len())?;
        lines.push((second, [p50, p99, p999, max]));
    }
    std::fs::write(format!("{out}.csv"), csv)?;
    std::fs::write(format!("{out}.svg"), plot(&lines))?;
    let mut all: Vec<u64> = answers.into_iter().map(|(_, latency)| latency).collect();
    all.sort_unstable();
    let [p50, p99, p999, max] = [0.5, 0.99, 0.999, 1.0].map(|share| quantile_ms(&all, share));
    writeln!(
        std::io::stdout(),
        "{} answers in {seconds} s: p50 {p50:.2} ms, p99 {p99:.2} ms, p99.9 {p999:.2} ms, worst {max:.2} ms",
        all.len()
    )?;
    Ok(())
}

/// The second in which each request was due, and how long after that it was answered, in microseconds.
async fn load(address: &str, rate: u64, seconds: u64) -> Result<Vec<(u64, u64)>, Failure> {
    let next = Arc::new(AtomicU64::new(0));
    let begun = Instant::now();
    let mut connections = Vec::new();
    for _ in 0..CONNECTIONS {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
        tokio::spawn(connection);
        let (next, address) = (next.clone(), address.to_owned());
        connections.push(tokio::spawn(async move {
            let mut answers = Vec::new();
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                let due = Duration::from_micros(number * 1_000_000 / rate);
                if due >= Duration::from_secs(seconds) {
                    return Ok::<_, Failure>(answers);
                }
                tokio::time::sleep_until((begun + due).into()).await;
                let request = hyper::Request::post("/v1/predictions")
                    .header("Host", &address)
                    .header("Content-Type", "application/json")
                    .body(Full::new(Bytes::from_static(STONE.as_bytes())))?;
                let response = sender.send_request(request).await?;
                if response.status() != hyper::StatusCode::OK {
                    return Err(format!("answered {}", response.status()).into());
                }
                response.into_body().collect().await?;
                let latency = begun.elapsed().saturating_sub(due);
                answers.push((due.as_secs(), u64::try_from(latency.as_micros())?));
            }
        }));
    }
    let mut answers = Vec::new();
    for connection in connections {
        answers.extend(connection.await??);
    }
    Ok(answers)
}

/// The quantile of sorted latencies, in milliseconds.
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "small numbers"
)]
fn quantile_ms(sorted: &[u64], share: f64) -> f64 {
    let index = ((sorted.len() as f64 * share).ceil() as usize).clamp(1, sorted.len()) - 1;
    sorted[index] as f64 / 1e3
}

/// The sheet that is plotted on.
const SHEET: &str = r##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="-60 -20 1040 420" font-family="sans-serif" font-size="13">
<rect x="-60" y="-20" width="1040" height="420" fill="#fff"/>
"##;

/// One line a quantile, over the seconds; the height is logarithmic, from 0.1 ms to 10 s.
#[expect(clippy::cast_precision_loss, reason = "small numbers")]
fn plot(lines: &[(u64, [f64; 4])]) -> String {
    const WIDTH: f64 = 900.0;
    const HEIGHT: f64 = 360.0;
    const NAMES: [(&str, &str); 4] =
        [("p50", "#2b6cb0"), ("p99", "#2f855a"), ("p99.9", "#b7791f"), ("worst", "#c53030")];
    let last = lines.last().map_or(1, |line| line.0.max(1)) as f64;
    let height_of = |ms: f64| HEIGHT * (1.0 - (ms.clamp(0.1, 10_000.0).log10() + 1.0) / 5.0);
    let mut svg = SHEET.to_owned();
    for ms in [0.1, 1.0, 10.0, 100.0, 1_000.0, 10_000.0] {
        let y = height_of(ms);
        let _ = writeln!(
            svg,
            "<path d=\"M0 {y}H{WIDTH}\" stroke=\"#ddd\"/><text x=\"-8\" y=\"{y}\" text-anchor=\"end\">{ms} ms</text>"
        );
    }
    for (index, (name, color)) in NAMES.iter().enumerate() {
        let points: Vec<String> = lines
            .iter()
            .map(|(second, quantiles)| {
                format!("{:.1},{:.1}", *second as f64 / last * WIDTH, height_of(quantiles[index]))
            })
            .collect();
        let y = 20 * (index + 1);
        let _ = writeln!(svg, "<polyline fill=\"none\" stroke=\"{color}\" points=\"{}\"/>", points.join(" "));
        let _ = writeln!(svg, "<text x=\"{}\" y=\"{y}\" fill=\"{color}\">{name}</text>", WIDTH + 10.0);
    }
    let _ = writeln!(svg, "<text x=\"{}\" y=\"{}\" text-anchor=\"end\">{last} s</text>", WIDTH, HEIGHT + 18.0);
    svg.push_str("</svg>\n");
    svg
}
