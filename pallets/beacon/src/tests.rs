//! Tests of the pallet.

mod bias;
mod contribution;
mod order;
mod randomness;
