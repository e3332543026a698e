//! Numbers for a monitoring (Prometheus' text format).

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

use super::RequestLog;
use super::replication::ReplicaState;
use crate::monitoring::Status;
use crate::store::{self, Store};
use crate::system;

/// How long numbers that need the file are used again.
const STATUS_AGE: Duration = Duration::from_secs(30);
/// The methods that are counted by name.
const METHODS: [&str; 4] = ["GET", "HEAD", "OPTIONS", "POST"];
/// The bounds of the classes of latency, in seconds.
const LATENCIES: [f64; 12] = [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.1, 0.5, 2.5, 10.0];

/// What requests are counted by.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RequestLabels {
    method: String,
    route: String,
    status: u16,
}

/// What latencies are counted by.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RouteLabels {
    route: String,
}

/// The model that a number is about.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ModelLabels {
    model: String,
    family: String,
}

/// The field of stones that a number is about.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct FeatureLabels {
    feature: String,
}

/// Nothing: a number that only some servers have.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct NoLabels {}

/// A gauge of a number with a fraction.
type FloatGauge = Gauge<f64, std::sync::atomic::AtomicU64>;

/// Every number.
pub struct Metrics {
    registry: Registry,
    requests: Family<RequestLabels, Counter>,
    latencies: Family<RouteLabels, Histogram>,
    usable: Gauge,
    journal_bytes: Gauge,
    file_bytes: Gauge,
    free_disk_bytes: Gauge,
    sales: Gauge,
    new_sales: Gauge,
    model_age_seconds: Family<ModelLabels, Gauge>,
    live_outcomes: Gauge,
    live_error_usd: FloatGauge,
    live_coverage: FloatGauge,
    drift: Family<FeatureLabels, FloatGauge>,
    group_sizes: Histogram,
    engine_errors: Counter,
    replica_copy_age_seconds: Family<NoLabels, Gauge>,
    replica_follows: Family<NoLabels, Gauge>,
    /// When the numbers that need the file were read.
    read: Mutex<Option<Instant>>,
}

impl Metrics {
    /// The numbers of a server whose log is written by `log`.
    #[must_use]
    pub fn new(log: &RequestLog) -> Self {
        let mut metrics = Self {
            registry: Registry::with_prefix("diamonds"),
            requests: Family::default(),
            latencies: Family::new_with_constructor(|| Histogram::new(LATENCIES)),
            usable: Gauge::default(),
            journal_bytes: Gauge::default(),
            file_bytes: Gauge::default(),
            free_disk_bytes: Gauge::default(),
            sales: Gauge::default(),
            new_sales: Gauge::default(),
            model_age_seconds: Family::default(),
            live_outcomes: Gauge::default(),
            live_error_usd: FloatGauge::default(),
            live_coverage: FloatGauge::default(),
            drift: Family::default(),
            group_sizes: log.group_sizes().clone(),
            engine_errors: Counter::default(),
            replica_copy_age_seconds: Family::default(),
            replica_follows: Family::default(),
            read: Mutex::default(),
        };
        metrics.register();
        metrics
    }

    fn register(&mut self) {
        let registry = &mut self.registry;
        registry.register("requests", "Requests by route and status", self.requests.clone());
        registry.register("request_latency_seconds", "Time until the answer was ready", self.latencies.clone());
        registry.register("file_usable", "1 if the file is in its place and open, else 0", self.usable.clone());
        registry.register("journal_bytes", "Requests that are not in the database yet", self.journal_bytes.clone());
        registry.register("file_bytes", "Size of the database", self.file_bytes.clone());
        registry.register("free_disk_bytes", "Free space on the disk of the file", self.free_disk_bytes.clone());
        registry.register("sales", "Sales in the file", self.sales.clone());
        registry.register("new_sales", "Sales that the champion was not trained on", self.new_sales.clone());
        registry.register("model_age_seconds", "Age of the champion", self.model_age_seconds.clone());
        registry.register("live_outcomes", "Outcomes of stones that the champion priced", self.live_outcomes.clone());
        registry.register("live_error_usd", "Mean absolute error on these, in US dollars", self.live_error_usd.clone());
        registry.register("live_coverage", "Share of these within their range", self.live_coverage.clone());
        registry.register("drift", "Population stability index of what is asked, by field", self.drift.clone());
        registry.register(
            "log_group_requests",
            "Requests that were written to the disk at once",
            self.group_sizes.clone(),
        );
        registry.register("engine_errors", "Failures that DuckDB has reported", self.engine_errors.clone());
        registry.register(
            "replica_copy_age_seconds",
            "Age of the copy that a replica serves",
            self.replica_copy_age_seconds.clone(),
        );
        registry.register(
            "replica_follows",
            "1 if a replica reached at its last look what it follows, else 0",
            self.replica_follows.clone(),
        );
    }

    /// Counts an answered request; `route` is the path with names for its parameters, or what stands for unknown paths.
    pub fn count_request(&self, method: &str, route: &str, status: u16, latency: Duration) {
        // a stranger may send any word as a method
        let method = METHODS.into_iter().find(|known| *known == method).unwrap_or("other").to_owned();
        let labels = RequestLabels { method, route: route.to_owned(), status };
        self.requests.get_or_create(&labels).inc();
        self.latencies.get_or_create(&RouteLabels { route: route.to_owned() }).observe(latency.as_secs_f64());
    }

    /// Notes whether the file can be used.
    pub fn note_file(&self, is_usable: bool) {
        self.usable.set(i64::from(is_usable));
    }

    /// Notes what `store` says without a question to the database.
    pub fn note_sizes(&self, store: &Store) {
        let number = |bytes: u64| i64::try_from(bytes).unwrap_or(i64::MAX);
        self.journal_bytes.set(number(store.journal_bytes()));
        self.file_bytes.set(number(store.size_bytes()));
        if let Some(free) = system::free_disk_bytes(store.path()) {
            self.free_disk_bytes.set(number(free));
        }
    }

    /// Notes how far a replica is at `now`.
    pub fn note_replica(&self, state: &ReplicaState, now: Timestamp) {
        self.replica_copy_age_seconds.get_or_create(&NoLabels {}).set(now.as_second() - state.copy.made.as_second());
        self.replica_follows.get_or_create(&NoLabels {}).set(i64::from(state.problem.is_none()));
    }

    /// Whether the numbers of [`Metrics::note_status`] are old; if so, the caller reads them.
    pub fn needs_status(&self) -> bool {
        let mut read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        let is_old = read.is_none_or(|last| last.elapsed() >= STATUS_AGE);
        if is_old {
            *read = Some(Instant::now());
        }
        is_old
    }

    /// Notes the state of the file at `now`.
    pub fn note_status(&self, status: &Status, now: Timestamp) {
        self.sales.set(status.sales);
        self.new_sales.set(status.new_sales);
        self.model_age_seconds.clear();
        if let Some(champion) = &status.champion {
            let labels = ModelLabels { model: champion.id.to_string(), family: champion.family.clone() };
            self.model_age_seconds.get_or_create(&labels).set(now.as_second() - champion.trained.as_second());
        }
        if let Some(live) = status.champion.as_ref().and_then(|champion| champion.live) {
            self.live_outcomes.set(live.outcomes);
            self.live_error_usd.set(live.mae_usd);
            self.live_coverage.set(live.coverage.unwrap_or(f64::NAN));
        }
        self.drift.clear();
        for drift in &status.drift {
            if let Some(psi) = drift.psi {
                self.drift.get_or_create(&FeatureLabels { feature: drift.feature.clone() }).set(psi);
            }
        }
    }

    /// The text of all numbers.
    pub fn text(&self) -> String {
        let errors = store::count_engine_errors();
        self.engine_errors.inc_by(errors.saturating_sub(self.engine_errors.get()));
        let mut text = String::new();
        // writing to a string cannot fail
        let _ = encode(&mut text, &self.registry);
        text
    }
}
