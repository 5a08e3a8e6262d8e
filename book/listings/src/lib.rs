//! The listings of the guides. Each module is what one chapter shows, and its tests are what the chapter claims.
//!
//! Nothing here is public, since an application's consumers are not either.

#![allow(
    dead_code,
    reason = "listings are there to be read; their tests call what can be run"
)]

mod acks;
mod admin;
mod arguments;
mod auth;
mod consumers;
mod containers;
mod contract;
mod deployment;
mod dev_server;
mod emits;
mod errors;
mod forwarding;
mod limits;
mod metrics;
mod middleware;
mod mounting;
mod moving;
mod namespaces;
mod nodes;
mod old_clients;
mod parsers;
mod questions;
mod recovery;
mod rooms;
mod side_by_side;
mod spans;
mod state;
mod stopping;
mod testing;
mod users;
mod webtransport;

/// The programs of the README compile.
#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
mod readme {}
