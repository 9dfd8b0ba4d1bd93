//! Tests of the pallet, by what a user does.

mod deadlines;
mod jobs;
mod models;
mod offchain;
mod random_calls;
mod server_keys;
mod submissions;
mod workers;
