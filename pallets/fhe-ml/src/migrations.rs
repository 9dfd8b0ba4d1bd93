//! Storage migrations.

mod v4;
mod v5;
mod v6;

pub use v4::MigrateToV4;
pub use v5::MigrateToV5;
pub use v6::MigrateToV6;
