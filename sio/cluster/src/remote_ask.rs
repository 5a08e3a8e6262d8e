//! [`RemoteAsk`]: a question to the sockets of other nodes.

use std::fmt;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use sio_core::cluster::ask::{Ask, Outcome};
use sio_core::cluster::asking::Asking;
use sio_core::cluster::broadcast::Broadcast;
use sio_core::cluster::foreign::Event;
use sio_core::cluster::frame::{Flags, Kind};
use sio_core::cluster::message::{self, Cancel};
use sio_core::cluster::node::NodeId;
use sio_core::id::Sid;

use crate::bus::Topic;
use crate::cluster::Cluster;
use crate::error::PublishError;
use crate::local::{Address, Packet};
use crate::node::Node;
use crate::outbox;

/// A question to the sockets of other nodes: made by [`Cluster::ask`].
///
/// Every socket that is addressed appears once, with its answer or with the reason why there is none. Dropping it tells
/// the other nodes to forget it.
///
/// It has no clock: whoever waits for the answers calls [`RemoteAsk::expire`] when the time is over.
pub struct RemoteAsk {
    node: Arc<Node>,
    id: u64,
    topic: Topic,
}

impl Cluster {
    /// Sends an event to sockets of other nodes that are to acknowledge it. `limit`: how long their answers are
    /// awaited; their nodes forget the question a second later.
    ///
    /// Nodes that are suspect are not awaited. While there is no broker nothing is sent, and all nodes are missing.
    ///
    /// # Errors
    ///
    /// As [`Cluster::check`].
    pub fn ask(&self, to: &Address<'_>, packet: &Packet, limit: Duration) -> Result<RemoteAsk, PublishError> {
        self.ask_all(to, packet, limit, None)
    }

    /// As [`Cluster::ask`], and asks servers of other kinds too, if there are any that are told, by the same event in
    /// their terms. Those whose format cannot tell whose an answer is get the event, and are not asked.
    ///
    /// # Errors
    ///
    /// As [`Cluster::check`] and [`Cluster::prepare`].
    pub fn ask_all(
        &self,
        to: &Address<'_>,
        packet: &Packet,
        limit: Duration,
        event: Option<&Event>,
    ) -> Result<RemoteAsk, PublishError> {
        self.check(to.path, &to.target, packet.run.len())?;
        let foreign = self.foreign_asked(to, event)?;
        let node = &self.node;
        let single = to.target.single().and_then(|room| room.parse::<Sid>().ok());
        let single = single.and_then(|sid| self.sole_owner_of(&sid));
        let topic = single.map_or(Topic::All, Topic::Node);
        let (asked, untrusted) = self.awaited(single);
        let all: Vec<NodeId> = asked.iter().chain(&foreign).copied().collect();
        let id = node.asks.begin(&all, &untrusted);
        self.ask_foreign(to, event, id, limit);
        let ask = RemoteAsk { node: Arc::clone(node), id, topic: topic.clone() };
        if !asked.is_empty() {
            let event = Broadcast {
                path: to.path,
                target: to.target.reborrow(),
                offset: None,
                run: packet.run.clone(),
            };
            let limit = u64::try_from(limit.as_millis()).unwrap_or(u64::MAX);
            let body = Ask { id, limit, event };
            let mut frame = node.begin(Kind::Ask, packet.flags(), body.len_hint());
            body.write(&mut frame);
            node.line.outbox.push(topic, frame, outbox::Kind::Held);
        }
        Ok(ask)
    }

    /// Returns how many questions to sockets of other nodes are open.
    #[must_use]
    pub fn open_asks(&self) -> usize {
        self.node.asks.len()
    }
}

impl RemoteAsk {
    /// Returns a socket that has come to its end, with its answer or the reason why there is none; `None` after the
    /// last. The task is woken when there is another.
    pub fn poll_next(&mut self, context: &mut Context<'_>) -> Poll<Option<(Sid, Outcome)>> {
        self.node.asks.poll(self.id, context)
    }

    /// The time is over: those who have not answered appear with [`Outcome::Timeout`], and nodes that have not said
    /// whom they have asked are missing.
    pub fn expire(&mut self) {
        self.with(|asking| asking.expire());
    }

    /// Returns a socket that has come to its end, if there is one now.
    pub fn take(&mut self) -> Option<(Sid, Outcome)> {
        self.with(Asking::take).flatten()
    }

    /// Returns how many sockets are known that did not appear yet. There may be more: nodes tell one after the other.
    #[must_use]
    pub fn left(&self) -> usize {
        self.with(|asking| asking.left()).unwrap_or(0)
    }

    /// Returns whether everybody has appeared.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.with(|asking| asking.is_over()).unwrap_or(true)
    }

    /// Returns the nodes that have not said whom they have asked, and will not, in order.
    #[must_use]
    pub fn missing(&self) -> Vec<NodeId> {
        self.with(|asking| asking.missing().to_vec()).unwrap_or_default()
    }

    fn with<R>(&self, look: impl FnOnce(&mut Asking) -> R) -> Option<R> {
        self.node.asks.with(self.id, look)
    }
}

impl Drop for RemoteAsk {
    fn drop(&mut self) {
        if self.node.asks.end(self.id) {
            let mut frame = self.node.begin(Kind::Cancel, Flags::NONE, 32);
            message::write(&mut frame, &Cancel { ask: self.id });
            self.node.line.outbox.push(self.topic.clone(), frame, outbox::Kind::Held);
        }
    }
}

impl fmt::Debug for RemoteAsk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RemoteAsk").field("id", &self.id).field("left", &self.left()).finish_non_exhaustive()
    }
}
