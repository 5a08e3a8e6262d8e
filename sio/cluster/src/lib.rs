//! Several `sio` servers that act as one, over a broker.
//!
//! Applications use this through `sio`. By itself it is for two kinds of programs: those that are no server and want to
//! send to the clients of servers (see [`Emitter`]), and those that bring their own broker (see [`Bus`]).
//!
//! # How it works
//!
//! ```text
//! Broadcast ──► Cluster ──► Outbox ──► supervisor ──► Link ──► broker ──► Link ──► Sink ──► receiver ──► Local
//!               numbers     holds      connects,                                  drops     repeats,     the other
//!               frames      while      resubscribes,                              what has  losses       server's
//!                           down       sends again                                no room                sockets
//! ```
//!
//! A node's own sockets are never reached through the broker, so no fault of the broker keeps them waiting. Every
//! frame has a number. By it a receiver drops what comes twice and counts what is missing; therefore a sender may send
//! again what a broken connection may have lost.
//!
//! Nothing here waits without a limit, and nothing grows without a bound.
#![forbid(unsafe_code)]
#![deny(missing_docs)]

#[cfg(any(feature = "amqp", feature = "nats", feature = "postgres", feature = "redis"))]
mod address;
#[cfg(feature = "amqp")]
mod amqp;
mod answering;
mod asks;
mod awaited;
mod bundling;
pub mod bus;
mod cluster;
mod counters;
mod emitter;
mod error;
mod event;
mod faults;
mod foreign;
mod handover;
mod local;
mod memory;
mod moved;
mod moving;
mod names;
#[cfg(feature = "nats")]
mod nats;
mod node;
mod options;
mod outbox;
#[cfg(any(feature = "nats", feature = "postgres"))]
mod parts;
mod ports;
#[cfg(feature = "postgres")]
mod postgres;
mod questions;
mod random;
mod receiver;
#[cfg(feature = "redis")]
mod redis;
mod remote_ask;
mod replies;
mod replying;
mod requests;
mod ring;
mod room_topics;
mod rooms;
mod signing;
mod sink;
mod supervisor;
#[cfg(any(feature = "amqp", feature = "nats", feature = "postgres", feature = "redis"))]
mod task;
mod telling;
#[cfg(any(feature = "nats-tls", feature = "postgres-tls"))]
mod tls;
mod url;
mod way;

pub use sio_core::cluster as protocol;
pub use sio_core::cluster::ask::Outcome;
pub use sio_core::cluster::foreign::{Event, Inexpressible};
pub use sio_core::cluster::gather::Gathered;
pub use sio_core::cluster::node::{NodeId, Tag};

#[cfg(feature = "amqp")]
pub use self::amqp::{AmqpBus, AmqpLink};
pub use self::bus::{Bus, BusError};
pub use self::cluster::Cluster;
pub use self::counters::Counts;
pub use self::emitter::{EmitError, Emitter, Emitting};
pub use self::error::{OptionsError, PublishError, StartError};
pub use self::event::{ClusterEvent, LossCause, NodeStatus, Status};
pub use self::faults::Faults;
#[cfg(feature = "python")]
pub use self::foreign::Python;
#[cfg(feature = "node")]
pub use self::foreign::{NodeJs, SubscriptionMode};
pub use self::local::{Address, BoxFuture, Claimed, Local, Packet, Replay};
pub use self::memory::{MemoryBroker, MemoryBus, MemoryLink};
#[cfg(feature = "nats")]
pub use self::nats::{NatsBus, NatsLink};
pub use self::options::Options;
pub use self::ports::Prepared;
#[cfg(feature = "postgres")]
pub use self::postgres::{PostgresBus, PostgresLink};
#[cfg(feature = "redis")]
pub use self::redis::{RedisBus, RedisLink};
pub use self::remote_ask::RemoteAsk;
pub use self::replies::{AskedHere, Asker};
pub use self::ring::{Missed, Noted};
pub use self::way::Way;
