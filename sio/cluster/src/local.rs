//! [`Local`]: the server that a cluster belongs to.

use std::future::Future;
use std::pin::Pin;

use bytes::Bytes;
use serde_json::value::RawValue;
use sio_core::cluster::broadcast::Target;
use sio_core::cluster::foreign::Event;
use sio_core::cluster::frame::Flags;
use sio_core::cluster::message::{Deed, HandedState, Query, Selection};
use sio_core::cluster::node::NodeId;
use sio_core::id::PrivateId;

use crate::event::ClusterEvent;
use crate::replies::{AskedHere, Asker};
use crate::ring::Missed;

/// A boxed future.
pub type BoxFuture<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// The sockets of a namespace that an event or a change is for.
#[derive(Debug, Clone)]
pub struct Address<'a> {
    /// The namespace.
    pub path: &'a str,
    /// The sockets in it that are addressed.
    pub target: Target<'a>,
}

/// An event, as clients get it.
#[derive(Debug, Clone)]
pub struct Packet {
    /// The packet as a run of WebSocket frames.
    pub run: Bytes,
    /// True if it may be lost.
    pub is_volatile: bool,
    /// True if the message or polling answer that brings it may be compressed.
    pub compress: bool,
    /// The number under which it is kept for clients that come back.
    pub offset: Option<u64>,
}

/// Gives what a client may have missed, in order. False, without anything, if not all of it is known.
pub type Replay<'a> = &'a dyn Fn(&mut dyn FnMut(&Target<'_>, &Missed)) -> bool;

/// The answer to a claim.
#[derive(Debug)]
pub enum Claimed {
    /// The client has gone from here with this state, and cannot come back here any more. The caller fills in what it
    /// knows of lanes.
    State(Box<HandedState>),
    /// The client is here, and its end is near: what it has sent before is still being handled. [`Cluster::hand_claimed`]
    /// is to be called then.
    ///
    /// [`Cluster::hand_claimed`]: crate::Cluster::hand_claimed
    Later,
    /// There is no such client here.
    Unknown,
}

/// The server that a cluster belongs to, as far as other nodes reach it.
///
/// Methods are called on the task that receives, one after the other, so that the order of events is kept. They must
/// not block.
pub trait Local: Send + Sync + 'static {
    /// Delivers an event to sockets of this node.
    fn broadcast(&self, to: &Address<'_>, packet: Packet);

    /// Delivers an event to sockets of this node, each with an ack id of its own, and returns them. The answer of each,
    /// or the end of it, is told to `asker`, which may be cloned and kept; that somebody waits for answers is forgotten
    /// when [`AskedHere::hold`] is dropped. By default nobody is asked.
    fn ask(&self, to: &Address<'_>, packet: Packet, asker: &Asker) -> AskedHere {
        let _ = (to, packet, asker);
        AskedHere::default()
    }

    /// Delivers an event of servers of another kind to sockets of this node. By default to nobody.
    fn event_of_others(&self, to: &Address<'_>, event: Event) {
        let _ = (to, event);
    }

    /// As [`Local::ask`], with an event of servers of another kind. By default nobody is asked.
    fn ask_for_others(&self, to: &Address<'_>, event: Event, asker: &Asker) -> AskedHere {
        let _ = (to, event, asker);
        AskedHere::default()
    }

    /// Returns the namespaces that there are on this node, for servers of other kinds. By default none.
    fn namespaces(&self) -> Vec<String> {
        Vec::new()
    }

    /// Returns the rooms that there are in a namespace on this node, for servers of other kinds; with the ids of its
    /// sockets, if those are wanted. By default none.
    fn rooms(&self, path: &str, with_sockets: bool) -> Vec<String> {
        let _ = (path, with_sockets);
        Vec::new()
    }

    /// Returns the sockets of this node that are addressed, for servers of Node: an object each, with `id`, `handshake`,
    /// `rooms` and `data`. By default none.
    fn sockets_for_others(&self, to: Selection) -> BoxFuture<Vec<Box<RawValue>>> {
        let _ = to;
        Box::pin(std::future::ready(Vec::new()))
    }

    /// Applies a change to sockets of this node; rooms are joined and left for clients that are away, too. Returns to how
    /// many.
    fn change(&self, to: &Address<'_>, deed: &Deed) -> usize;

    /// Answers a question of another node with items. A [`Query::Change`] does not come here.
    fn query(&self, query: Query) -> BoxFuture<Vec<Box<RawValue>>>;

    /// Takes an event of another node. Returns the answer, if one is awaited.
    fn server_event(
        &self,
        from: NodeId,
        path: &str,
        event: &str,
        args: Box<RawValue>,
    ) -> BoxFuture<Option<Box<RawValue>>>;

    /// Takes out the state of a client that has come to another node, if it is here, with the events after the offset.
    /// Its connection here, should one still be open, is closed.
    fn claim(&self, path: &str, pid: PrivateId, offset: Option<u64>) -> Claimed {
        let _ = (path, pid, offset);
        Claimed::Unknown
    }

    /// Returns whether clients may come here: not when the server stops.
    fn lets_in(&self) -> bool {
        true
    }

    /// Takes the state of a client that comes here, and what it may have missed on the way: `replay` gives that, and is
    /// called while nothing can be delivered to the client in another way.
    fn handed(&self, pid: PrivateId, state: HandedState, replay: Replay<'_>) {
        let _ = (pid, state, replay);
    }

    /// Takes note of something that has happened to the cluster.
    fn event(&self, event: ClusterEvent);

    /// Returns the number of sockets of this node, for the status of others.
    fn sockets(&self) -> u64 {
        0
    }
}

impl Packet {
    /// Makes an event that must arrive and may be compressed.
    #[must_use]
    pub const fn new(run: Bytes) -> Self {
        Self { run, is_volatile: false, compress: true, offset: None }
    }

    pub(crate) fn flags(&self) -> Flags {
        Flags::VOLATILE.when(self.is_volatile)
            | Flags::PLAIN.when(!self.compress)
            | Flags::OFFSET.when(self.offset.is_some())
    }
}
