//! Several servers that act as one: what one of them sends reaches the clients of all, once.

mod addressing;
mod balancer;
mod changes;
mod dead_nodes;
mod faults;
mod forward;
mod handover;
mod metrics;
mod namespaces;
mod outage;
mod payloads;
mod processes;
#[path = "../../../sio/cluster/tests/brokers/proxy.rs"]
#[allow(dead_code, reason = "not every test needs all of it")]
mod proxy;
mod questions;
mod rooms;
mod server_events;
#[path = "../../../sio/cluster/tests/brokers/servers/mod.rs"]
mod servers;
mod strict;
mod support;
mod users;

use self::servers::redis;
