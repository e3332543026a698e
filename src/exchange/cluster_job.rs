//! A training on a cluster from here: the export, the job, and the model that it brings.

use std::ffi::OsString;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::str::FromStr;

use super::manifest::RESULT;
use super::{ExchangeError, ImportSettings, SalesExportSettings, export_sales, import_model};
use crate::retraining::RetrainingReport;

/// The scripts, which are part of the program.
const FORESTS: &str = include_str!("../../cluster/forests.py");
/// What a job calls its trials where it tells how far it is.
const TRIALS: &str = "trials";
/// Lines at the end of what a job says on standard error that are shown if it fails.
const LAST_LINES: usize = 12;

/// What trains on a cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Engine {
    /// Dask.
    Dask,
    /// Spark.
    Spark,
}

impl Engine {
    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Dask => "dask",
            Self::Spark => "spark",
        }
    }

    /// Its job and what that needs of Python.
    fn scripts(self) -> [&'static str; 2] {
        match self {
            Self::Dask => {
                [include_str!("../../cluster/dask/train.py"), include_str!("../../cluster/dask/requirements.txt")]
            }
            Self::Spark => {
                [include_str!("../../cluster/spark/train.py"), include_str!("../../cluster/spark/requirements.txt")]
            }
        }
    }

    /// The packages of Python without which it does not run.
    fn modules(self) -> &'static str {
        match self {
            Self::Dask => "dask.dataframe, distributed, pyarrow, xgboost.dask",
            Self::Spark => "pyarrow, pyspark, xgboost.spark",
        }
    }
}

/// A cluster: `dask://HOST:8786` or `spark://HOST:7077`, or `dask` or `spark` alone for one that is started here for the training.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cluster {
    engine: Engine,
    /// The address of the scheduler or master, as the engine writes it.
    scheduler: Option<String>,
}

impl FromStr for Cluster {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, address) = text.split_once("://").map_or((text, None), |(name, rest)| (name, Some(rest)));
        let advice = || format!("{text:?} is not a cluster: write dask://HOST:8786, spark://HOST:7077, dask or spark");
        let (engine, scheme) = match name {
            "dask" => (Engine::Dask, "tcp"),
            "spark" => (Engine::Spark, "spark"),
            _ => return Err(advice()),
        };
        let has_port = |address: &str| {
            address.rsplit_once(':').is_some_and(|(host, port)| !host.is_empty() && port.parse::<u16>().is_ok())
        };
        match address {
            Some(address) if !has_port(address) => Err(advice()),
            address => Ok(Self { engine, scheduler: address.map(|address| format!("{scheme}://{address}")) }),
        }
    }
}

/// A training on a cluster.
#[derive(Debug, Clone)]
pub struct ClusterTraining {
    /// The cluster.
    pub cluster: Cluster,
    /// Workers to train with.
    pub workers: u32,
    /// A folder that the workers see under the same path: the export goes into it for the time of the training.
    pub folder: PathBuf,
    /// Seed of every random choice.
    pub seed: u64,
    /// Settings that are tried before, each by one worker; 0 or 1 for none but those of the start.
    pub trials: usize,
    /// How the model is taken in.
    pub import: ImportSettings,
}

/// Watches a training on a cluster.
pub trait ClusterObserver {
    /// So many of all sales have been exported.
    fn exported(&self, done: usize, all: usize);
    /// The job has begun, with this Python.
    fn started(&self, python: &str);
    /// So many trials of all have ended.
    fn tried(&self, done: u64, trials: u64);
    /// A forest has so many of its rounds.
    fn trained(&self, forest: &str, done: u64, rounds: u64);
}

/// Trains a model on a cluster: exports the sales of the file at `database`, runs the job, and takes in what it brings.
///
/// # Errors
/// If the sales cannot be exported, there is no Python for the job, the job fails, or its model is not taken in.
pub fn train_on_cluster(
    database: &Path,
    training: &ClusterTraining,
    observer: &dyn ClusterObserver,
) -> Result<RetrainingReport, ExchangeError> {
    let ClusterTraining { cluster, workers, folder, seed, trials, import } = training;
    std::fs::create_dir_all(folder).map_err(ExchangeError::file("create the folder", folder))?;
    let work = tempfile::Builder::new()
        .prefix("diamonds-cluster-")
        .tempdir_in(folder)
        .map_err(ExchangeError::file("create a folder in", folder))?;
    let work_path = std::path::absolute(work.path()).map_err(ExchangeError::file("use the folder", folder))?;
    let scripts = Scripts::write(cluster.engine, &work_path.join("job"))?;
    // before minutes go into the export
    let python = Python::find(cluster.engine, &scripts)?;
    let [export, result] = ["export", "result"].map(|name| work_path.join(name));
    let settings = SalesExportSettings { buckets: (4 * workers).clamp(8, 1024), seed: *seed, trials: *trials };
    export_sales(database, &export, &settings, &|done, all| observer.exported(done, all))?;
    observer.started(&python.in_words());
    let mut command = python.command();
    command.arg(&scripts.job).arg(&export).arg(&result).args(["--workers", &workers.to_string()]);
    if let Some(scheduler) = &cluster.scheduler {
        command.args(["--scheduler", scheduler]);
    }
    run(command, cluster.engine, observer)?;
    if !result.join(RESULT).exists() {
        return Err(ExchangeError::Job { engine: cluster.engine.name(), said: "it ended without a result".to_owned() });
    }
    import_model(database, &result, import)
}

/// The scripts of a job, written to a folder.
struct Scripts {
    job: PathBuf,
    requirements: PathBuf,
}

impl Scripts {
    fn write(engine: Engine, folder: &Path) -> Result<Self, ExchangeError> {
        let of_engine = folder.join(engine.name());
        let [job, requirements] = ["train.py", "requirements.txt"].map(|name| of_engine.join(name));
        let [job_text, requirements_text] = engine.scripts();
        std::fs::create_dir_all(&of_engine).map_err(ExchangeError::file("create the folder", &of_engine))?;
        for (path, text) in
            [(&folder.join("forests.py"), FORESTS), (&job, job_text), (&requirements, requirements_text)]
        {
            std::fs::write(path, text).map_err(ExchangeError::file("write", path))?;
        }
        Ok(Self { job, requirements })
    }
}

/// What runs the job.
enum Python {
    /// A Python that has what the job needs.
    Ready(OsString),
    /// `uv`, which fetches what the job needs.
    Uv { requirements: PathBuf },
}

impl Python {
    /// The Python named by `DIAMONDS_PYTHON`, or the usual one, if it has what the job needs; or else `uv`.
    fn find(engine: Engine, scripts: &Scripts) -> Result<Self, ExchangeError> {
        let named = std::env::var_os("DIAMONDS_PYTHON");
        let program = named.clone().unwrap_or_else(|| "python3".into());
        let imports = format!("import {}", engine.modules());
        let quiet = |command: &mut Command| {
            command
                .stdin(Stdio::null())
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .status()
                .is_ok_and(|status| status.success())
        };
        if quiet(Command::new(&program).args(["-c", &imports])) {
            return Ok(Self::Ready(program));
        }
        if named.is_none() && quiet(Command::new("uv").arg("--version")) {
            return Ok(Self::Uv { requirements: scripts.requirements.clone() });
        }
        Err(ExchangeError::NoPython {
            program: program.to_string_lossy().into_owned(),
            engine: engine.name(),
            needs: engine.scripts()[1].trim().replace('\n', " "),
        })
    }

    fn command(&self) -> Command {
        match self {
            Self::Ready(program) => Command::new(program),
            Self::Uv { requirements } => {
                let mut command = Command::new("uv");
                command.args(["run", "--no-project", "--with-requirements"]).arg(requirements).arg("python");
                command
            }
        }
    }

    fn in_words(&self) -> String {
        match self {
            Self::Ready(program) => program.to_string_lossy().into_owned(),
            Self::Uv { .. } => "uv".to_owned(),
        }
    }
}

/// Runs the job to its end.
fn run(mut command: Command, engine: Engine, observer: &dyn ClusterObserver) -> Result<(), ExchangeError> {
    let failed = |said: String| ExchangeError::Job { engine: engine.name(), said };
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| failed(error.to_string()))?;
    let complaints = child.stderr.take();
    // both are read at the same time: a full pipe would stop the job
    let complaints = std::thread::spawn(move || {
        let mut said = Vec::new();
        if let Some(mut stream) = complaints {
            let _ = stream.read_to_end(&mut said);
        }
        String::from_utf8_lossy(&said).into_owned()
    });
    for line in child.stdout.take().into_iter().flat_map(|stream| BufReader::new(stream).lines()) {
        let Ok(line) = line else { break };
        match read_progress(&line) {
            Some((TRIALS, done, trials)) => observer.tried(done, trials),
            Some((forest, done, rounds)) => observer.trained(forest, done, rounds),
            None => tracing::info!("{line}"),
        }
    }
    let status = child.wait().map_err(|error| failed(error.to_string()))?;
    let said = complaints.join().unwrap_or_default();
    if status.success() {
        tracing::debug!("{said}");
        return Ok(());
    }
    let lines: Vec<&str> = said.lines().filter(|line| !line.trim().is_empty()).collect();
    let last = &lines[lines.len().saturating_sub(LAST_LINES)..];
    Err(failed(if last.is_empty() { status.to_string() } else { last.join("\n  ") }))
}

/// The forest, its rounds so far and all its rounds, in a line `progress FOREST DONE/ROUNDS`.
fn read_progress(line: &str) -> Option<(&str, u64, u64)> {
    let (forest, rounds) = line.strip_prefix("progress ")?.split_once(' ')?;
    let (done, rounds) = rounds.split_once('/')?;
    Some((forest, done.parse().ok()?, rounds.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cluster_is_an_address_or_the_name_of_what_is_started_here() {
        let cluster = |text: &str| text.parse::<Cluster>();
        let there = cluster("dask://10.0.0.7:8786").expect("an address");
        assert_eq!((there.engine, there.scheduler.as_deref()), (Engine::Dask, Some("tcp://10.0.0.7:8786")));
        let there = cluster("spark://master:7077").expect("an address");
        assert_eq!((there.engine, there.scheduler.as_deref()), (Engine::Spark, Some("spark://master:7077")));
        assert_eq!(cluster("spark").expect("a name").scheduler, None);
        for wrong in ["ray://host:1", "dask://host", "dask://:8786", "spark://host:port", ""] {
            assert!(cluster(wrong).is_err_and(|advice| advice.contains("dask://HOST:8786")), "{wrong}");
        }
    }

    #[test]
    fn the_lines_of_a_job_tell_how_far_it_is() {
        assert_eq!(read_progress("progress on_trend 20/300"), Some(("on_trend", 20, 300)));
        assert_eq!(read_progress("3 forests in result"), None);
    }
}
