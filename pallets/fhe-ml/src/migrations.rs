//! Storage migrations.

mod v4;

pub use v4::MigrateToV4;
