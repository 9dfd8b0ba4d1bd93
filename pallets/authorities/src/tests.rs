mod candidates;
mod double_seals;
mod offline;
