//! The worker of this node's types.

use crate::parts::{FullBackend, FullClient, FullPool};
use fhe_ml_runtime::opaque::Block;
use fhe_ml_worker::{Conduct, StartError, Worker, WorkerParams};
use futures::future::{BoxFuture, FutureExt};
use sc_client_api::Backend;

/// What a worker starts from.
pub type Params =
	WorkerParams<FullClient, FullPool, <FullBackend as Backend<Block>>::OffchainStorage>;
/// Starts a worker, which runs in the future.
pub type StartWorker = fn(Params) -> Result<BoxFuture<'static, ()>, StartError>;

/// Starts a worker of this conduct: an honest one, but for tests of the chain.
pub fn start_worker<C: Conduct>(params: Params) -> Result<BoxFuture<'static, ()>, StartError> {
	Ok(Worker::<_, _, _, C>::new(params)?.run().boxed())
}
