//! Bounds of programs and their runs.

/// Most bytes of a program.
pub(crate) const MAX_BYTES: usize = 512 << 10;
/// Most nodes of a program.
pub(crate) const MAX_NODES: usize = 4096;
/// Most operator sets of a program, through which every node looks.
pub(crate) const MAX_OPERATOR_SETS: usize = 16;
/// Most elements of a tensor.
pub(crate) const MAX_ELEMENTS: usize = 1 << 20;
/// Most dimensions of a tensor.
pub(crate) const MAX_RANK: usize = 16;
/// Most memory of all tensors of a run in numbers of f64, 64 MiB.
pub(crate) const MAX_CREATED: usize = 1 << 23;
/// Most operations of a run, each about one of floating point.
pub(crate) const MAX_OPERATIONS: usize = 1 << 27;
