//! Trainings that the server starts: one at a time, in a process of its own, which says how far it is.

use std::io;
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::retraining::PromotionPolicy;
use crate::words::marked;

/// Lines of a training's log that are kept for somebody who asks why it failed.
const KEPT_LINES: usize = 20;

/// What came of a training that was ended before it had judged its models.
pub const STOPPED_EARLY: &str =
    marked("it was stopped before its models were judged: those that were stored by then are among the models");

/// What to train.
#[derive(Debug, Clone, Default)]
pub struct TrainingWanted {
    /// Names of the families; every one if there is none.
    pub families: Vec<String>,
    /// Time for the search of settings; none is limited if absent.
    pub budget: Option<Duration>,
    /// Whether the best new model becomes the champion.
    pub promotion: PromotionPolicy,
}

/// A training that is under way.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RunningTraining {
    /// When it began.
    pub started: Timestamp,
    /// The family that is searched at the moment.
    pub family: Option<String>,
    /// Trials that have ended, of that family.
    pub done: u64,
    /// Trials that are planned.
    pub planned: u64,
    /// The least error so far in US dollars: mean absolute, on a part of the training sales.
    pub best_mae_usd: Option<f64>,
    /// Whether it was asked to stop, and keep the best so far.
    pub is_stopping: bool,
    /// Its process.
    #[serde(skip)]
    pid: Option<u32>,
}

/// A training that has ended.
#[derive(Debug, Clone, PartialEq)]
pub struct EndedTraining {
    /// When it ended.
    pub ended: Timestamp,
    /// What it reports: the document of `diamonds retrain --json`; or why it failed.
    pub outcome: Result<Value, String>,
}

/// The trainings of a server.
#[derive(Debug)]
pub struct Trainings {
    database: PathBuf,
    state: Mutex<State>,
    /// Counts changes, for those who watch.
    changes: watch::Sender<u64>,
    /// Cancelled when the server stops.
    server_stops: CancellationToken,
}

#[derive(Debug, Default)]
struct State {
    running: Option<RunningTraining>,
    last: Option<EndedTraining>,
}

/// Why a training was not started.
#[derive(Debug, thiserror::Error)]
pub enum NotStarted {
    /// Another one is under way.
    #[error("a training is under way: wait until it has ended, or stop it")]
    Running,
    /// The system refuses.
    #[error("the training cannot be started")]
    Failed(#[from] io::Error),
}

/// What a line of a training's log says of its progress.
#[derive(Deserialize)]
struct ProgressLine {
    family: String,
    trial: u64,
    trials: u64,
    best_mae_usd: f64,
}

impl Trainings {
    /// No training yet, on the file at `database`.
    pub fn new(database: PathBuf) -> Self {
        let (state, changes) = (Mutex::default(), watch::Sender::default());
        Self { database, state, changes, server_stops: CancellationToken::new() }
    }

    /// The training that is under way, if there is one, and the last one that has ended.
    pub fn now(&self) -> (Option<RunningTraining>, Option<EndedTraining>) {
        let state = self.lock();
        (state.running.clone(), state.last.clone())
    }

    /// Tells of every change.
    pub fn watch(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }

    /// What is cancelled when the server stops.
    pub fn server_stops(&self) -> CancellationToken {
        self.server_stops.clone()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // what is known of the training holds after a panic too
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn change(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.lock());
        self.changes.send_modify(|count| *count += 1);
    }

    /// Starts a training.
    ///
    /// # Errors
    /// If one is under way, or the system refuses.
    pub fn start(self: &Arc<Self>, wanted: &TrainingWanted) -> Result<(), NotStarted> {
        let mut state = self.lock();
        if state.running.is_some() {
            return Err(NotStarted::Running);
        }
        let child = self.spawn(wanted)?;
        state.running = Some(RunningTraining {
            started: Timestamp::now(),
            family: None,
            done: 0,
            planned: 0,
            best_mae_usd: None,
            is_stopping: false,
            pid: child.id(),
        });
        drop(state);
        self.changes.send_modify(|count| *count += 1);
        let trainings = self.clone();
        tokio::spawn(async move {
            let outcome = trainings.follow(child).await;
            match &outcome {
                Ok(_) => tracing::info!("training is done"),
                Err(reason) => tracing::error!("training failed: {reason}"),
            }
            trainings.change(|state| {
                state.running = None;
                state.last = Some(EndedTraining { ended: Timestamp::now(), outcome });
            });
        });
        Ok(())
    }

    fn spawn(&self, wanted: &TrainingWanted) -> io::Result<Child> {
        let mut command = Command::new(std::env::current_exe()?);
        command.arg("--db").arg(&self.database).args(["--json", "-v", "--log", "json", "retrain"]);
        for family in &wanted.families {
            command.args(["--family", family]);
        }
        if let Some(budget) = wanted.budget {
            command.args(["--budget", &format!("{}s", budget.as_secs())]);
        }
        command.args(["--promote", wanted.promotion.name()]);
        command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            // a server that stops does not leave its training running
            .kill_on_drop(true)
            .spawn()
    }

    /// Reads what the training says until it ends.
    async fn follow(&self, mut child: Child) -> Result<Value, String> {
        let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
        let report = async {
            let mut text = String::new();
            if let Some(mut stdout) = stdout {
                stdout.read_to_string(&mut text).await?;
            }
            Ok::<_, io::Error>(text)
        };
        let progress = async {
            let mut kept: Vec<String> = Vec::new();
            if let Some(stderr) = stderr {
                let mut lines = BufReader::new(stderr).lines();
                while let Some(line) = lines.next_line().await? {
                    if let Ok(progress) = serde_json::from_str::<ProgressLine>(&line) {
                        self.note(progress);
                    } else if !line.starts_with('{') {
                        kept.push(line);
                        kept.drain(..kept.len().saturating_sub(KEPT_LINES));
                    }
                }
            }
            Ok::<_, io::Error>(kept)
        };
        let watched = tokio::try_join!(report, progress);
        let status = child.wait().await.map_err(|error| format!("it cannot be watched: {error}"))?;
        let (report, kept) = watched.map_err(|error| format!("what it says cannot be read: {error}"))?;
        if !status.success() {
            let was_stopped = self.lock().running.as_ref().is_some_and(|running| running.is_stopping);
            return Err(match (was_stopped, kept.is_empty()) {
                (true, _) => STOPPED_EARLY.to_owned(),
                (false, true) => status.to_string(),
                (false, false) => kept.join("\n"),
            });
        }
        serde_json::from_str(&report).map_err(|error| format!("its report cannot be read: {error}"))
    }

    fn note(&self, ProgressLine { family, trial, trials, best_mae_usd }: ProgressLine) {
        self.change(|state| {
            if let Some(running) = &mut state.running {
                running.family = Some(family);
                (running.done, running.planned) = (trial, trials);
                running.best_mae_usd = Some(best_mae_usd);
            }
        });
    }

    /// Asks the training to stop, and to keep the best that it has found; a second time, it ends at once and keeps what is stored.
    /// Whether one was under way.
    pub fn stop(&self) -> bool {
        let mut was_running = false;
        self.change(|state| {
            if let Some(running) = &mut state.running {
                running.is_stopping = true;
                was_running = true;
                if let Some(pid) = running.pid {
                    interrupt(pid);
                }
            }
        });
        was_running
    }
}

/// Sends what Ctrl-C sends.
fn interrupt(pid: u32) {
    #[cfg(unix)]
    {
        use rustix::process::{Pid, Signal, kill_process};
        let id = i32::try_from(pid).ok().and_then(Pid::from_raw);
        if let Some(Err(error)) = id.map(|id| kill_process(id, Signal::INT)) {
            tracing::warn!("the training cannot be asked to stop: {error}");
        }
    }
    #[cfg(not(unix))]
    tracing::warn!("process {pid} cannot be asked to stop on this system");
}
