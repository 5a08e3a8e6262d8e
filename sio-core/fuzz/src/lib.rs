//! The fuzzers: functions that take any bytes, and panic where the code behind them does or where it contradicts an
//! oracle.
//!
//! The same functions are run in three ways: by `make fuzz` on a stable compiler, by cargo-fuzz with the programs in
//! `fuzz_targets`, and by the workspace's tests with the corpus alone.

#![allow(clippy::unwrap_used, reason = "a fuzzer fails by panicking")]

pub mod corpus;
pub mod mutate;
pub mod random;
pub mod targets;
