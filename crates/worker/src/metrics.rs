//! What the worker shows to Prometheus.

use crate::calibration::Speed;
use fhe_ml_primitives::{Fhe, Outcome, WorkerId, WorkerRecord, WorkerStatus};
use prometheus_endpoint::{
	Counter, CounterVec, F64, Gauge, GaugeVec, Histogram, HistogramOpts, Opts, PrometheusError,
	Registry, U64, register,
};
use sp_runtime::AccountId32;
use std::time::Duration;

/// The worker's metrics; without a registry they count for nobody.
#[derive(Clone)]
pub struct Metrics {
	jobs: GaugeVec<U64>,
	evaluations: CounterVec<U64>,
	evaluation_seconds: Histogram,
	rows: Counter<U64>,
	watched: CounterVec<U64>,
	challenges: Counter<U64>,
	worker: GaugeVec<F64>,
	transactions: Counter<U64>,
	threads: Gauge<U64>,
	private_models: Gauge<U64>,
	speed: Gauge<F64>,
}

impl Metrics {
	/// Registers all metrics.
	///
	/// # Errors
	/// If a metric of one of these names is registered already.
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
					Opts::new(
						"fhe_ml_evaluations_total",
						"Finished evaluations by outcome and kind of circuit",
					),
					&["outcome", "kind"],
				)?,
				registry,
			)?,
			evaluation_seconds: register(Histogram::with_opts(evaluation_seconds)?, registry)?,
			rows: register(
				Counter::new(
					"fhe_ml_rows_total",
					"Evaluated rows; it grows while a job of many rows is under way",
				)?,
				registry,
			)?,
			watched: register(
				CounterVec::new(
					Opts::new(
						"fhe_ml_watched_total",
						"Jobs of others that were evaluated again, by what was found: right or wrong",
					),
					&["found"],
				)?,
				registry,
			)?,
			challenges: register(
				Counter::new("fhe_ml_challenges_total", "Outcomes of others that were challenged")?,
				registry,
			)?,
			worker: register(
				GaugeVec::new(
					Opts::new(
						"fhe_ml_worker",
						"This node's workers as the chain has them: active (1 or 0), bond in FHE, open, \
						completed, missed, slashed",
					),
					&["worker", "what"],
				)?,
				registry,
			)?,
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
			private_models: register(
				Gauge::new(
					"fhe_ml_private_models",
					"Private models of which this node has the file",
				)?,
				registry,
			)?,
			speed: register(
				Gauge::new(
					"fhe_ml_work_units_per_second",
					"Work units that one thread of this machine does in a second, as measured at the start",
				)?,
				registry,
			)?,
		})
	}

	pub(crate) fn set_threads(&self, threads: usize) {
		self.threads.set(threads as u64);
	}

	pub(crate) fn set_private_models(&self, count: usize) {
		self.private_models.set(count as u64);
	}

	pub(crate) fn set_speed(&self, speed: &Speed) {
		self.speed.set(speed.units_per_second);
	}

	pub(crate) fn set_jobs(&self, (queued, running, done): (usize, usize, usize)) {
		for (stage, count) in [("queued", queued), ("running", running), ("done", done)] {
			self.jobs.with_label_values(&[stage]).set(count as u64);
		}
	}

	pub(crate) fn set_worker(
		&self,
		worker: &WorkerId,
		record: &WorkerRecord<AccountId32, u128, u32>,
	) {
		let worker = format!("0x{}", hex::encode(worker));
		for (what, value) in [
			("active", f64::from(u8::from(record.status == WorkerStatus::Active))),
			("bond", Fhe(record.bond).to_f64()),
			("open", f64::from(record.open_jobs)),
			("completed", record.completed as f64),
			("missed", f64::from(record.missed)),
			("slashed", f64::from(record.slashed)),
		] {
			self.worker.with_label_values(&[worker.as_str(), what]).set(value);
		}
	}

	pub(crate) fn evaluated(&self, outcome: &Outcome, kind: &str, time: Duration) {
		let label = match outcome {
			Outcome::Completed(_) => "completed",
			Outcome::Failed(_) => "failed",
		};
		self.evaluations.with_label_values(&[label, kind]).inc();
		self.evaluation_seconds.observe(time.as_secs_f64());
	}

	/// A job of others was looked at.
	pub(crate) fn watched(&self, is_wrong: bool) {
		let found = if is_wrong { "wrong" } else { "right" };
		self.watched.with_label_values(&[found]).inc();
	}

	/// An outcome of others was challenged.
	pub(crate) fn challenged(&self) {
		self.challenges.inc();
	}

	/// Rows of a job that is under way.
	pub(crate) fn rows(&self, count: u32) {
		self.rows.inc_by(count.into());
	}

	pub(crate) fn sent(&self) {
		self.transactions.inc();
	}
}
