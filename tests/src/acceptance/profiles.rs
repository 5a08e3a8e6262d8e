//! The servers that run the acceptance application: each with options, and therefore capabilities, of its own.

use std::time::Duration;

use sio::error::BuildError;
use sio::options::{Cookie, Eio3, Parser, Recovery};
use sio::prelude::*;

use super::{Profile, main::application};

/// The abilities of every profile, of all that a case may ask for.
const COMMON: [&str; 6] =
    ["volatile", "local", "broadcast-ack", "dynamic-namespaces", "remote-sockets", "cors"];

/// An ability of a server.
#[derive(Debug)]
pub(super) struct Capabilities(pub(super) Vec<&'static str>);

impl Capabilities {
    /// The abilities of every profile, and of this one.
    pub(super) fn with(more: &[&'static str]) -> Self {
        Self([&COMMON, more].concat())
    }
}

/// The profile `main`.
///
/// Suites ask it for what the others can do as well, to know which of those to run against.
pub(super) fn main(origins: &[String], beside: &[Profile]) -> Result<Server, BuildError> {
    let optional = [(Profile::Recovery, "recovery"), (Profile::Msgpack, "msgpack"), (Profile::Eio3, "eio3")];
    let others = optional.iter().filter(|(profile, _)| beside.contains(profile)).map(|(_, name)| *name);
    let capabilities: Vec<_> =
        ["compression", "cookie", "connect-timeout"].into_iter().chain(others).collect();
    application(origins)
        .connect_timeout(Duration::from_secs(3))
        .max_payload(100_000)
        .cookie(Cookie::new("accept_io"))
        .http_compression(1024)
        .state(Capabilities::with(&capabilities))
        .build()
}

/// The profile `recovery`.
pub(super) fn recovery(origins: &[String]) -> Result<Server, BuildError> {
    let recovery = Recovery::default().max_disconnection(Duration::from_secs(4)).skip_middleware(true);
    let builder = application(origins).connection_state_recovery(recovery);
    builder.state(Capabilities::with(&["recovery"])).build()
}

/// The profile `msgpack`.
pub(super) fn msgpack(origins: &[String]) -> Result<Server, BuildError> {
    application(origins).parser(Parser::MessagePack).state(Capabilities::with(&["msgpack"])).build()
}

/// The profile `eio3`.
pub(super) fn eio3(origins: &[String]) -> Result<Server, BuildError> {
    application(origins).allow_eio3(Eio3::new().client_ids(true)).state(Capabilities::with(&["eio3"])).build()
}
