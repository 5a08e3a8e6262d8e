//! Nodes over a real Redis, which is killed, paused, slowed and cut off.

mod faults;
mod proxy;
mod redis;
mod sentinel;
mod start;
#[path = "../support/mod.rs"]
mod support;
