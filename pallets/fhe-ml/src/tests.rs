//! Tests of the pallet, by what a user does.

mod agreement;
mod bootstrap_keys;
mod court;
mod deadlines;
mod jobs;
mod models;
mod offchain;
mod private;
mod rows;
mod seats;
mod server_keys;
mod submissions;
mod workers;
