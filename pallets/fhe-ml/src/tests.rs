//! Tests of the pallet, by what a user does.

mod jobs;
mod models;
mod offchain;
mod server_keys;
mod submissions;
mod workers;
