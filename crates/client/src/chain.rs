//! The chain, through a node's WebSocket, or through a light client.
//!
//! From the bottom up: what can go wrong (`error`), questions to a node (`rpc`), blocks and what is read at one,
//! the connection, and on top of it transactions and what is made of them.

mod account;
mod authority;
mod best_block;
mod blocks;
mod call;
mod connect;
mod connection;
mod court;
mod ended;
mod error;
mod identity;
mod keys;
mod light;
mod prices;
mod private;
mod requests;
mod rpc;
mod submit;

pub use account::{Account, AccountError};
pub use authority::JoinedCandidate;
pub use best_block::{BestBlock, Job, RegisteredKey, RegisteredModel, RegisteredWorker};
pub use call::Call;
pub use connect::Source;
pub use connection::Chain;
pub use ended::{EndedJob, FinishedJob};
pub use error::ChainError;
pub use light::{Light, LightError, Specification};
pub use prices::Prices;
pub use private::{Offer, RegisteredPrivateModel};
pub use requests::{PendingRequest, RequestedJob};
