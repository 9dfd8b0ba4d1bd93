//! What the worker shows to Prometheus.

use fhe_ml_primitives::Outcome;
use prometheus_endpoint::{
	Counter, CounterVec, Gauge, GaugeVec, Histogram, HistogramOpts, Opts, PrometheusError,
	Registry, U64, register,
};
use std::time::Duration;

/// The worker's metrics; without a registry they count for nobody.
#[derive(Clone)]
pub struct Metrics {
	jobs: GaugeVec<U64>,
	evaluations: CounterVec<U64>,
	evaluation_seconds: Histogram,
	transactions: Counter<U64>,
	threads: Gauge<U64>,
}

impl Metrics {
	/// Registers all metrics.
	pub fn new(registry: Option<&Registry>) -> Result<Self, PrometheusError> {
		let unseen = Registry::new();
		let registry = registry.unwrap_or(&unseen);
		let evaluation_seconds = HistogramOpts::new(
			"fhe_ml_evaluation_seconds",
			"Time of one evaluation, with reading its blobs from the state",
		)
		.buckets(vec![0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0]);
		Ok(Self {
			jobs: register(
				GaugeVec::new(
					Opts::new("fhe_ml_jobs", "Jobs of this node's worker keys by stage"),
					&["stage"],
				)?,
				registry,
			)?,
			evaluations: register(
				CounterVec::new(
					Opts::new("fhe_ml_evaluations_total", "Finished evaluations by outcome"),
					&["outcome"],
				)?,
				registry,
			)?,
			evaluation_seconds: register(Histogram::with_opts(evaluation_seconds)?, registry)?,
			transactions: register(
				Counter::new(
					"fhe_ml_transactions_total",
					"Results that the worker itself sent to the pool",
				)?,
				registry,
			)?,
			threads: register(
				Gauge::new("fhe_ml_threads", "Threads that evaluate models")?,
				registry,
			)?,
		})
	}

	pub(crate) fn set_threads(&self, threads: usize) {
		self.threads.set(threads as u64);
	}

	pub(crate) fn set_jobs(&self, (queued, running, done): (usize, usize, usize)) {
		for (stage, count) in [("queued", queued), ("running", running), ("done", done)] {
			self.jobs.with_label_values(&[stage]).set(count as u64);
		}
	}

	pub(crate) fn evaluated(&self, outcome: &Outcome, time: Duration) {
		let label = match outcome {
			Outcome::Completed(_) => "completed",
			Outcome::Failed(_) => "failed",
		};
		self.evaluations.with_label_values(&[label]).inc();
		self.evaluation_seconds.observe(time.as_secs_f64());
	}

	pub(crate) fn sent(&self) {
		self.transactions.inc();
	}
}
