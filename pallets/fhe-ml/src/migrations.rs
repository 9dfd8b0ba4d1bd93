//! Storage migrations.

mod v4;
mod v5;

pub use v4::MigrateToV4;
pub use v5::MigrateToV5;
