//! The service: chain events in, evaluations and deliveries out.

use crate::{
	LOG_TARGET,
	blobs::{BestState, job_blobs},
	calibration::Speed,
	delivery::{Mailbox, SendError, Sender},
	evaluation::{Evaluation, Evaluator, Parts},
	journal::{Journal, JournalError},
	metrics::Metrics,
	older_runtime::{is_before_spec_5, knows_court},
	private_models::PrivateModelsOptions,
	scheduler::{Action, Evaluated, Scheduler},
	watch::{Looked, looked_at},
	watcher::{WatchShare, Watcher},
};
use fhe_ml_engine::SelfTestError;
use fhe_ml_primitives::{
	AssignedJob, FailureReason, FheMlApi, Outcome, Step, WorkerId,
	format::{ENGINE_VERSION, is_known_engine},
	worker_key::KEY_TYPE,
};
use futures::{
	StreamExt,
	channel::mpsc::{UnboundedReceiver, UnboundedSender, unbounded},
};
use prometheus_endpoint::{PrometheusError, Registry};
use sc_client_api::BlockchainEvents;
use sc_transaction_pool_api::TransactionPool;
use sp_api::{ApiError, ProvideRuntimeApi};
use sp_blockchain::HeaderBackend;
use sp_consensus::SyncOracle;
use sp_core::{H256, offchain::OffchainStorage};
use sp_keystore::KeystorePtr;
use sp_runtime::{AccountId32, SaturatedConversion, traits::Block as BlockT};
use std::{
	marker::PhantomData,
	num::NonZeroUsize,
	panic::{AssertUnwindSafe, catch_unwind},
	path::PathBuf,
	sync::Arc,
	thread::available_parallelism,
	time::{Duration, Instant},
};
use thread_priority::ThreadPriority;

/// Jobs that are taken in at one time; the oldest. The others wait on the chain.
const MAX_QUEUED: u32 = 1024;

/// Work units a second that the chain's deadlines count with (`WorkPerBlock` of the runtime, two seconds).
const MIN_UNITS_PER_SECOND: f64 = 250_000.0;

/// What a worker needs of its node.
pub struct WorkerParams<Client, Pool, Storage> {
	/// The chain.
	pub client: Arc<Client>,
	/// The transaction pool.
	pub pool: Arc<Pool>,
	/// Where the worker keys are (key type `fhe!`).
	pub keystore: KeystorePtr,
	/// The node's offchain database.
	pub offchain_storage: Storage,
	/// Whether the node is catching up.
	pub sync_oracle: Arc<dyn SyncOracle + Send + Sync>,
	/// Path of the journal.
	pub journal: PathBuf,
	/// Threads that evaluate models; by default all cores but one, which is for authoring.
	pub threads: Option<NonZeroUsize>,
	/// The private models that this node evaluates.
	pub private_models: PrivateModelsOptions,
	/// Bytes of memory for expanded selectors of bootstrap keys.
	pub selector_memory: usize,
	/// How many of the jobs of others are evaluated again.
	pub watch: WatchShare,
	/// Where the metrics go.
	pub registry: Option<Registry>,
}

/// What happens to an outcome between its evaluation and its delivery.
pub trait Conduct: Send + 'static {
	/// Delivers another outcome than the one that was evaluated, if it is not honest.
	fn deliver(outcome: Outcome) -> Outcome;
}

/// Delivers what was evaluated.
pub struct Honest;

impl Conduct for Honest {
	fn deliver(outcome: Outcome) -> Outcome {
		outcome
	}
}

/// Why the worker did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
	/// The journal cannot be opened.
	#[error(transparent)]
	Journal(#[from] JournalError),
	/// The metrics are registered already.
	#[error("the worker's metrics: {0}")]
	Metrics(#[from] PrometheusError),
	/// This machine does not compute what every other machine computes.
	#[error("{0}; its results would be taken for lies, so the worker does not start")]
	SelfTest(#[from] SelfTestError),
	/// The threads cannot be made.
	#[error("the worker's threads: {0}")]
	Threads(#[from] rayon::ThreadPoolBuildError),
}

/// An evaluation that has ended.
struct Finished {
	assigned: AssignedJob,
	evaluated: Evaluated,
	time: Duration,
}

/// The worker service of a node. Tests of the chain have workers that are not [`Honest`].
pub struct Worker<Client, Pool, Storage, C = Honest> {
	client: Arc<Client>,
	keystore: KeystorePtr,
	sync_oracle: Arc<dyn SyncOracle + Send + Sync>,
	scheduler: Scheduler,
	journal: Arc<Journal>,
	mailbox: Mailbox<Storage>,
	sender: Sender<Client, Pool>,
	threads: rayon::ThreadPool,
	evaluator: Arc<Evaluator>,
	finished_sender: UnboundedSender<Finished>,
	finished: UnboundedReceiver<Finished>,
	watcher: Watcher,
	looked_sender: UnboundedSender<Looked>,
	looked: UnboundedReceiver<Looked>,
	metrics: Metrics,
	conduct: PhantomData<C>,
}

impl<Client, Pool, Storage, Block, C> Worker<Client, Pool, Storage, C>
where
	Block: BlockT<Hash = H256>,
	Client: ProvideRuntimeApi<Block>
		+ HeaderBackend<Block>
		+ BlockchainEvents<Block>
		+ Send
		+ Sync
		+ 'static,
	Client::Api: FheMlApi<Block, AccountId32, u128>,
	Pool: TransactionPool<Block = Block> + 'static,
	Storage: OffchainStorage,
	C: Conduct,
{
	/// Opens the journal and makes the threads.
	///
	/// # Errors
	/// If this machine fails the self-test, the journal or the threads cannot be had, or the metrics are registered
	/// already.
	pub fn new(params: WorkerParams<Client, Pool, Storage>) -> Result<Self, StartError> {
		fhe_ml_engine::self_test()?;
		let WorkerParams { client, pool, keystore, offchain_storage, sync_oracle, journal, .. } =
			params;
		let cores = available_parallelism().map_or(1, NonZeroUsize::get);
		let threads = params.threads.map_or(cores.saturating_sub(1).max(1), NonZeroUsize::get);
		if let Some(folder) = journal.parent() {
			// The journal's own error tells what is wrong if this fails.
			let _ = std::fs::create_dir_all(folder);
		}
		let journal = Journal::open_or_replace(&journal)?;
		let metrics = Metrics::new(params.registry.as_ref())?;
		metrics.set_threads(threads);
		let evaluation_threads = rayon::ThreadPoolBuilder::new()
			.num_threads(threads)
			.thread_name(|number| format!("fhe-ml-eval-{number}"))
			.start_handler(|_| give_way())
			.build()?;
		show_speed(threads, &metrics)?;
		let (finished_sender, finished) = unbounded();
		let (looked_sender, looked) = unbounded();
		let genesis = client.info().genesis_hash;
		let evaluator = Evaluator::new(genesis, params.private_models, params.selector_memory);
		metrics.set_private_models(evaluator.private().refresh());
		Ok(Self {
			scheduler: Scheduler::new(threads, journal.load()?),
			journal: Arc::new(journal),
			mailbox: Mailbox::new(offchain_storage),
			sender: Sender { client: client.clone(), pool, keystore: keystore.clone() },
			threads: evaluation_threads,
			evaluator: Arc::new(evaluator),
			client,
			keystore,
			sync_oracle,
			finished_sender,
			finished,
			watcher: Watcher::new(params.watch),
			looked_sender,
			looked,
			metrics,
			conduct: PhantomData,
		})
	}

	/// Runs until the node stops. Blocks for milliseconds at a time.
	pub async fn run(mut self) {
		let mut imports = self.client.import_notification_stream().fuse();
		self.look_at_chain().await;
		loop {
			futures::select! {
				import = imports.next() => match import {
					Some(import) if import.is_new_best => self.look_at_chain().await,
					Some(_) => {},
					None => return,
				},
				finished = self.finished.next() => {
					if let Some(finished) = finished {
						self.take_in(finished).await;
					}
				},
				looked = self.looked.next() => {
					if let Some(looked) = looked {
						self.take_in_watched(looked).await;
					}
				},
			}
		}
	}

	/// The worker keys in the keystore.
	fn local_workers(&self) -> Vec<WorkerId> {
		self.keystore.sr25519_public_keys(KEY_TYPE).into_iter().map(Into::into).collect()
	}

	async fn look_at_chain(&mut self) {
		if self.sync_oracle.is_major_syncing() {
			return;
		}
		let workers = self.local_workers();
		if workers.is_empty() {
			return;
		}
		self.metrics.set_private_models(self.evaluator.private().refresh());
		let info = self.client.info();
		let (best, number) = (info.best_hash, info.best_number.saturated_into());
		self.show_workers(best, &workers);
		match assigned_jobs(&*self.client, best, workers.clone()) {
			Ok(assigned) => {
				let complete = assigned.len() < MAX_QUEUED as usize;
				let actions = self.scheduler.block(number, assigned, complete);
				self.act(actions).await;
			},
			Err(error) => log::error!(target: LOG_TARGET, "cannot list jobs at {best}: {error}"),
		}
		if let Err(error) = self.watch(best, number, &workers).await {
			log::error!(target: LOG_TARGET, "cannot watch at {best}: {error}");
		}
	}

	/// Lists what others have done, challenges what was wrong of it, and looks at the next job if there is nothing else
	/// to do.
	async fn watch(&mut self, best: H256, number: u32, ours: &[WorkerId]) -> Result<(), ApiError> {
		let Some(worker) = ours.first().filter(|_| self.watcher.is_on()) else { return Ok(()) };
		if !knows_court(&*self.client, best)? {
			return Ok(());
		}
		let (first, last) = self.watcher.blocks(number).into_inner();
		let api = self.client.runtime_api();
		self.watcher.ended(api.ended_between(best, first, last, worker.clone())?, ours);
		for (job, part) in self.watcher.wrong() {
			let view = self.client.runtime_api().court(best, job.job)?;
			match view.is_some_and(|view| view.trial.is_none()) {
				true => self.challenge(&job, part).await,
				false => self.watcher.settled(job.job),
			}
		}
		self.look_at_next();
		Ok(())
	}

	async fn challenge(&mut self, job: &AssignedJob, part: u32) {
		match self.sender.challenge(job, part).await {
			Ok(()) => {
				self.metrics.challenged();
				let job = job.job;
				log::warn!(target: LOG_TARGET, "job {job}: part {part} is wrong, and challenged");
			},
			Err(error) => log::warn!(target: LOG_TARGET, "job {}: no challenge: {error}", job.job),
		}
	}

	fn look_at_next(&mut self) {
		let (queued, running, _) = self.scheduler.counts();
		if queued.saturating_add(running) > 0 {
			return;
		}
		let Some(job) = self.watcher.next() else { return };
		let (client, evaluator) = (self.client.clone(), self.evaluator.clone());
		let looked = self.looked_sender.clone();
		self.threads.spawn(move || {
			// The receiver is gone only when the node stops.
			let _ = looked.unbounded_send(looked_at(&*client, &evaluator, job));
		});
	}

	async fn take_in_watched(&mut self, looked: Looked) {
		self.watcher.looked_at(&looked.job, looked.wrong_part);
		self.metrics.watched(looked.wrong_part.is_some());
		if let Some(part) = looked.wrong_part {
			self.challenge(&looked.job, part).await;
		}
		self.look_at_next();
	}

	/// Shows in the metrics what the chain thinks of our workers.
	fn show_workers(&self, best: H256, ours: &[WorkerId]) {
		let all = self.client.runtime_api().workers(best).unwrap_or_default();
		for (worker, record) in all.iter().filter(|(worker, _)| ours.contains(worker)) {
			self.metrics.set_worker(worker, record);
		}
	}

	async fn take_in(&mut self, mut finished: Finished) {
		if let Evaluated::Outcome(outcome) = &mut finished.evaluated {
			*outcome = C::deliver(outcome.clone());
			let kind = self.evaluator.kind(&finished.assigned);
			self.metrics.evaluated(outcome, kind, finished.time);
			log::info!(
				target: LOG_TARGET,
				"job {}: evaluated in {:?}",
				finished.assigned.job,
				finished.time,
			);
		}
		let actions = self.scheduler.finished(&finished.assigned, finished.evaluated);
		self.act(actions).await;
	}

	async fn act(&mut self, actions: Vec<Action>) {
		for action in actions {
			match action {
				Action::Evaluate(assigned) => {
					log_error(self.journal.begin(&assigned));
					self.evaluate(assigned);
				},
				Action::Deliver(assigned, outcome) => {
					log_error(self.journal.finish(&assigned, outcome.clone()));
					// That this machine cannot do it is no result to vote for: others will say otherwise.
					let crashed = Outcome::Failed(FailureReason::EvaluationCrashed);
					if assigned.step != Step::Post && outcome == crashed {
						log::warn!(target: LOG_TARGET, "job {}: left to others", assigned.job);
						continue;
					}
					self.mailbox.put(&assigned, &outcome);
					match self.sender.send(&assigned, &outcome).await {
						Ok(Some(sent)) => {
							self.mailbox.mark_sent(&assigned, sent);
							self.metrics.sent();
						},
						Ok(None) => {},
						Err(error @ SendError::Pool(_)) => {
							log::debug!(target: LOG_TARGET, "job {}: {error}", assigned.job);
						},
						Err(error) => {
							log::warn!(target: LOG_TARGET, "job {}: {error}", assigned.job);
						},
					}
				},
				Action::Decline(assigned) => {
					if !is_known_engine(assigned.engine) {
						log::error!(
							target: LOG_TARGET,
							"job {}: asks for version {} of the engine, and this node has {ENGINE_VERSION}; it is \
							declined and the worker suspended: run the node of that version, then resume the worker",
							assigned.job,
							assigned.engine,
						);
					}
					if let Err(error) = self.sender.decline(&assigned).await {
						log::debug!(target: LOG_TARGET, "job {}: {error}", assigned.job);
					}
				},
				Action::Forget(task) => {
					log_error(self.journal.forget(&task));
					self.mailbox.clear(&task.worker, task.job);
				},
			}
		}
		self.metrics.set_jobs(self.scheduler.counts());
	}

	fn evaluate(&self, assigned: AssignedJob) {
		let client = self.client.clone();
		let finished = self.finished_sender.clone();
		let evaluator = self.evaluator.clone();
		let (journal, metrics) = (self.journal.clone(), self.metrics.clone());
		self.threads.spawn(move || {
			let start = Instant::now();
			let run = || {
				let known = evaluator.known(&assigned);
				match job_blobs(&*client, &assigned, &known) {
					Some(blobs) => {
						let best = BestState::<_, Block>::new(&*client, &assigned);
						let parts = Journaled { journal: &journal, assigned: &assigned, metrics };
						match evaluator.evaluate(&assigned, known, &blobs, &best, &parts) {
							Evaluation::Outcome(outcome) => Evaluated::Outcome(outcome),
							Evaluation::NotHeld => Evaluated::NotHeld,
							Evaluation::Gone => Evaluated::Gone,
						}
					},
					None => Evaluated::Gone,
				}
			};
			let crashed = Outcome::Failed(FailureReason::EvaluationCrashed);
			let evaluated =
				catch_unwind(AssertUnwindSafe(run)).unwrap_or(Evaluated::Outcome(crashed));
			let time = start.elapsed();
			// The receiver is gone only when the node stops.
			let _ = finished.unbounded_send(Finished { assigned, evaluated, time });
		});
	}
}

/// The parts of one job in the journal.
struct Journaled<'a> {
	journal: &'a Journal,
	assigned: &'a AssignedJob,
	metrics: Metrics,
}

impl Parts for Journaled<'_> {
	fn known(&self, part: u32) -> Option<Vec<u8>> {
		let known = self.journal.part(self.assigned, part);
		known.inspect_err(|error| log::error!(target: LOG_TARGET, "{error}")).ok().flatten()
	}

	fn save(&self, part: u32, bytes: &[u8]) {
		log_error(self.journal.save_part(self.assigned, part, bytes));
	}

	fn rows(&self, count: u32) {
		self.metrics.rows(count);
	}
}

impl<Client, Pool, Storage, C> Drop for Worker<Client, Pool, Storage, C> {
	/// The node stops. What was finished is in the journal; what runs is begun again after the next start.
	fn drop(&mut self) {
		let (queued, running, _) = self.scheduler.counts();
		if queued.saturating_add(running) > 0 {
			log::info!(
				target: LOG_TARGET,
				"the worker stops; {running} evaluations are begun again and {queued} jobs taken up at the next start",
			);
		}
	}
}

/// The jobs of our workers, also of a runtime that is to be upgraded.
fn assigned_jobs<Client, Block>(
	client: &Client,
	at: Block::Hash,
	workers: Vec<WorkerId>,
) -> Result<Vec<AssignedJob>, ApiError>
where
	Block: BlockT,
	Client: ProvideRuntimeApi<Block>,
	Client::Api: FheMlApi<Block, AccountId32, u128>,
{
	let api = client.runtime_api();
	if is_before_spec_5(client, at)? {
		#[allow(deprecated)] // That is what it is for.
		let jobs = api.assigned_jobs_before_version_4(at, workers, MAX_QUEUED)?;
		return Ok(jobs.into_iter().map(Into::into).collect());
	}
	api.assigned_jobs(at, workers, MAX_QUEUED)
}

/// Lets every other thread of the machine go first: blocks are authored on time whatever is evaluated.
fn give_way() {
	if let Err(error) = ThreadPriority::Min.set_for_current() {
		log::warn!(target: LOG_TARGET, "evaluation runs at normal priority: {error:?}");
	}
}

/// Measures how fast this machine is, and warns if that is not enough to make the deadlines of a worker with much
/// to do.
fn show_speed(threads: usize, metrics: &Metrics) -> Result<(), StartError> {
	let one = rayon::ThreadPoolBuilder::new().num_threads(1).build()?;
	let Some(speed) = one.install(Speed::measure) else { return Ok(()) };
	metrics.set_speed(&speed);
	let all = speed.units_per_second * threads as f64;
	log::info!(
		target: LOG_TARGET,
		"{threads} evaluation threads of {:.0} work units a second, a server key is prepared in {:?}",
		speed.units_per_second,
		speed.key_preparation,
	);
	if all < MIN_UNITS_PER_SECOND {
		log::warn!(
			target: LOG_TARGET,
			"this machine is slow: deadlines are made for {MIN_UNITS_PER_SECOND} work units a second, and it \
			does {all:.0}; under load it will miss some and be suspended",
		);
	}
	Ok(())
}

/// A journal that cannot be written costs a repeated evaluation after a crash, not the job.
fn log_error(result: Result<(), JournalError>) {
	if let Err(error) = result {
		log::error!(target: LOG_TARGET, "{error}");
	}
}
