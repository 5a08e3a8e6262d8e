//! Questions of a [`Cluster`] to other nodes.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::value::RawValue;
use sio_core::cluster::frame::Kind;
use sio_core::cluster::gather::Gathered;
use sio_core::cluster::message::{Query, Request, ServerEvent};
use sio_core::cluster::node::NodeId;

use crate::bus::Topic;
use crate::cluster::Cluster;
use crate::error::PublishError;

impl Cluster {
    /// Sends an event to all other nodes and waits for their answers: no longer than `limit` or, without one, the time of
    /// [`Options::request_timeout`](crate::Options::request_timeout).
    ///
    /// # Errors
    ///
    /// [`PublishError`] if it is too large.
    pub async fn server_ask(
        &self,
        path: &str,
        event: &str,
        args: Box<RawValue>,
        limit: Option<Duration>,
    ) -> Result<Gathered<(NodeId, Box<RawValue>)>, PublishError> {
        let limit = limit.unwrap_or(self.node.request_timeout);
        self.gather(
            None,
            limit,
            |_| false,
            |id| {
                let limit = u64::try_from(limit.as_millis()).unwrap_or(u64::MAX);
                let event =
                    ServerEvent { id: Some(id), limit, nsp: path.to_owned(), event: event.to_owned(), args };
                self.push(Topic::All, Kind::ServerEvent, &event)
            },
        )
        .await
    }

    /// Asks all other nodes, and waits for their answers for the time of
    /// [`Options::request_timeout`](crate::Options::request_timeout). Nodes that are known, and did not answer, are
    /// named.
    ///
    /// # Errors
    ///
    /// [`PublishError`] if the question is too large.
    pub async fn request(&self, what: Query) -> Result<Gathered<(NodeId, Box<RawValue>)>, PublishError> {
        self.question(None, what, |_| false).await
    }

    /// As [`Cluster::request`], and stops waiting when the items that have come are enough; nodes that have not answered
    /// until then are missing.
    ///
    /// # Errors
    ///
    /// As [`Cluster::request`].
    pub async fn request_until(
        &self,
        what: Query,
        is_enough: impl Fn(&[(NodeId, Box<RawValue>)]) -> bool + Send,
    ) -> Result<Gathered<(NodeId, Box<RawValue>)>, PublishError> {
        self.question(None, what, is_enough).await
    }

    /// Asks one node.
    ///
    /// # Errors
    ///
    /// As [`Cluster::request`].
    pub async fn request_of(
        &self,
        node: NodeId,
        what: Query,
    ) -> Result<Gathered<(NodeId, Box<RawValue>)>, PublishError> {
        self.question(Some(node), what, |_| false).await
    }

    /// Returns one node, or all that are known, in two parts: those that a question waits for, and those that it does
    /// not wait for, since they are suspect, or there is no broker.
    pub(crate) fn awaited(&self, node: Option<NodeId>) -> (Vec<NodeId>, Vec<NodeId>) {
        let state = self.node.state();
        let known: BTreeSet<NodeId> = match node {
            Some(node) => [node].into(),
            None => state.members.iter().map(|(node, _)| node).collect(),
        };
        let is_up = self.is_up();
        let trusted: BTreeSet<NodeId> = state.members.trusted().collect();
        known.into_iter().partition(|node| is_up && trusted.contains(node))
    }

    /// Returns how many requests wait for answers.
    #[must_use]
    pub fn open_requests(&self) -> usize {
        self.node.requests.len()
    }

    /// Returns how many questions of other nodes to sockets of this one are open.
    #[must_use]
    pub fn open_replies(&self) -> usize {
        self.node.replies.len()
    }

    async fn question(
        &self,
        node: Option<NodeId>,
        what: Query,
        is_enough: impl Fn(&[(NodeId, Box<RawValue>)]) -> bool + Send,
    ) -> Result<Gathered<(NodeId, Box<RawValue>)>, PublishError> {
        let limit = self.node.request_timeout;
        self.gather(node, limit, is_enough, |id| {
            let limit = u64::try_from(limit.as_millis()).unwrap_or(u64::MAX);
            let topic = node.map_or(Topic::All, Topic::Node);
            self.push(topic, Kind::Request, &Request { id, limit, what })
        })
        .await
    }

    async fn gather(
        &self,
        node: Option<NodeId>,
        limit: Duration,
        is_enough: impl Fn(&[(NodeId, Box<RawValue>)]) -> bool + Send,
        send: impl FnOnce(u64) -> Result<(), PublishError>,
    ) -> Result<Gathered<(NodeId, Box<RawValue>)>, PublishError> {
        let (asked, untrusted) = self.awaited(node);
        if asked.is_empty() {
            return Ok(Gathered { items: Vec::new(), missing: untrusted, is_truncated: false });
        }
        let waiting = self.node.requests.begin(asked);
        send(waiting.id)?;
        let mut gathered = waiting.finish(limit, is_enough).await;
        gathered.missing.extend(untrusted);
        gathered.missing.sort_unstable();
        Ok(gathered)
    }
}
