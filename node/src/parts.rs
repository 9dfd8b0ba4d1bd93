//! The types of this node's parts, with its runtime filled in.

use fhe_ml_runtime::{apis::RuntimeApi, opaque::Block};
use sc_service::{TFullBackend, TFullClient};

pub(crate) type Executor = sc_executor::WasmExecutor<sp_io::SubstrateHostFunctions>;
pub type FullClient = TFullClient<Block, RuntimeApi, Executor>;
pub type FullBackend = TFullBackend<Block>;
pub type FullPool = sc_transaction_pool::TransactionPoolHandle<Block, FullClient>;
