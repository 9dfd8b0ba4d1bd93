//! Tests of the pallet, by what a user does.

mod agreement;
mod deadlines;
mod jobs;
mod models;
mod offchain;
mod server_keys;
mod submissions;
mod workers;
