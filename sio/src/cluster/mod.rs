//! Several servers that act as one: what is sent from one of them reaches the clients of all.
//!
//! An [`Adapter`] is all that a program needs: `Server::builder().adapter(Adapter::redis("redis://10.0.0.5"))`. Programs
//! that are no server send by an [`Emitter`].
//!
//! # Examples
//!
//! ```no_run
//! # #[cfg(feature = "redis")]
//! # async fn example() -> sio::Result {
//! use sio::Server;
//! use sio::cluster::Adapter;
//!
//! let server = Server::builder().adapter(Adapter::redis("redis://10.0.0.5")).build()?;
//! server.serve("0.0.0.0:3000").await?;
//! # Ok(())
//! # }
//! ```
//!
//! # What reaches all nodes
//!
//! Everything that is sent by a [`Broadcast`](crate::emit::Broadcast), whichever handle made it: to everybody, to rooms, to
//! the ids of sockets, with [`except`](crate::emit::Broadcast::except) and without the sender; and its
//! [`join`](crate::emit::Broadcast::join), [`leave`](crate::emit::Broadcast::leave) and
//! [`disconnect`](crate::emit::Broadcast::disconnect). [`local`](crate::emit::Broadcast::local) keeps it on this node. Clients of
//! this node are always reached directly: they do not notice the state of the broker.
//!
//! Lists of sockets and rooms, such as [`Namespace::sockets`](crate::Namespace::sockets), are those of this node.
//!
//! # When the broker is gone
//!
//! Nothing fails, and nobody waits. What is for other nodes is held for some seconds ([`Adapter::hold`]) and sent when
//! the broker is back; volatile events are dropped. What is lost is counted, by those who lost it too:
//! [`ClusterEvent`] tells, [`Cluster::status`] counts. [`strict`](crate::emit::Broadcast::strict) is for those who must know.

mod adapter;
pub(crate) mod forward;
mod handle;
mod server_emit;
mod server_events;

#[cfg(feature = "python")]
pub use sio_cluster::Python;
#[cfg(feature = "redis")]
pub use sio_cluster::RedisBus;
pub use sio_cluster::protocol::members::{Difference, Why};
pub use sio_cluster::{
    BusError, ClusterEvent, Counts, EmitError, Emitter, Emitting, LossCause, NodeId, NodeStatus, Options,
    OptionsError, Status, Tag, bus,
};
#[cfg(feature = "node")]
pub use sio_cluster::{NodeJs, SubscriptionMode};

pub use self::adapter::Adapter;
pub use self::forward::Forwarding;
pub use self::handle::Cluster;
pub(crate) use self::handle::Listeners;
pub(crate) use self::server_events::ServerEvents;
