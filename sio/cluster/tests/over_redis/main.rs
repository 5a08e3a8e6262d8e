//! Nodes over a real Redis, which is killed, paused, slowed and cut off.

mod faults;
mod proxy;
mod server;
mod start;
#[path = "../support/mod.rs"]
mod support;
