//! [`Cluster`]: what a server knows of the other nodes.

use std::any::Any;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use sio_cluster::{ClusterEvent, NodeId, StartError, Status};
use tokio::sync::{Mutex, OnceCell};

use super::forward::Forward;
use super::server_events::ServerEvents;

use crate::guarded;
use crate::http::Elsewhere;

/// A server's cluster, as that server sees it: [`Server::cluster`](crate::Server::cluster) returns it.
///
/// # Examples
///
/// ```
/// # use sio::prelude::*;
/// # fn example(server: &Server) {
/// if let Some(cluster) = server.cluster() {
///     for node in cluster.status().nodes {
///         println!("{} has {} sockets", node.name, node.sockets);
///     }
/// }
/// # }
/// ```
pub struct Cluster {
    pub(crate) node: Arc<sio_cluster::Cluster>,
    pub(crate) listeners: Arc<Listeners>,
    pub(crate) server_events: Arc<ServerEvents>,
    /// None if nothing is passed on.
    pub(crate) forward: Option<Arc<Forward>>,
    /// The tasks for other nodes, which run beside the server.
    pub(crate) beside: Mutex<Option<Box<dyn Any + Send>>>,
    entered: OnceCell<()>,
    /// A request has begun to start it, because nobody else had.
    pub(crate) is_late: AtomicBool,
}

/// The listeners for what happens to a cluster, in the order in which they were added.
#[derive(Default)]
pub(crate) struct Listeners(Vec<Box<Listener>>);

type Listener = dyn Fn(&ClusterEvent) + Send + Sync;

impl Cluster {
    pub(crate) fn new(
        node: Arc<sio_cluster::Cluster>,
        listeners: Listeners,
        server_events: ServerEvents,
        forward: Option<Arc<Forward>>,
    ) -> Self {
        let is_late = AtomicBool::new(false);
        Self {
            node,
            listeners: Arc::new(listeners),
            server_events: Arc::new(server_events),
            forward,
            beside: Mutex::default(),
            entered: OnceCell::new(),
            is_late,
        }
    }

    /// Returns the id of this node. It is new at every start.
    #[must_use]
    pub fn me(&self) -> NodeId {
        self.node.me()
    }

    /// Returns the other nodes that are alive.
    #[must_use]
    pub fn nodes(&self) -> Vec<NodeId> {
        self.node.nodes()
    }

    /// Returns the name of another node: that which it was given, or, of a server of another kind, as much as it tells of
    /// itself. `None` if it has none, or is not known.
    #[must_use]
    pub fn name_of(&self, node: NodeId) -> Option<String> {
        let nodes = self.node.status().nodes;
        let known = nodes.into_iter().find(|known| known.id == node).map(|known| known.name);
        known.filter(|name| !name.is_empty()).or_else(|| self.node.foreign_name(node))
    }

    /// Returns whether the broker is there.
    #[must_use]
    pub fn is_up(&self) -> bool {
        self.node.is_up()
    }

    /// Returns whether the broker is there and all nodes are heard:
    /// [`Broadcast::strict`](crate::emit::Broadcast::strict) sends while it is so.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.node.is_whole()
    }

    /// Returns the state of the broker and of the other nodes, and counters: for pages of operators and for metrics.
    #[must_use]
    pub fn status(&self) -> Status {
        self.node.status()
    }

    /// Waits until there is room for what is sent to other nodes: for programs that produce events faster than a broker
    /// takes them. Others need not: what has no room is dropped, and counted in
    /// [`Counts::queue_dropped`](super::Counts::queue_dropped).
    pub async fn ready(&self) {
        self.node.ready().await;
    }

    /// Returns how many questions are open: those of this node to others, and those of others to this one. Each ends at
    /// its limit, or a second after it.
    #[must_use]
    pub fn open_questions(&self) -> usize {
        self.node.open_requests() + self.node.open_asks() + self.node.open_replies()
    }

    /// Enters the cluster, if that has not been done.
    pub(crate) async fn enter(
        &self,
        local: impl FnOnce() -> Arc<dyn sio_cluster::Local>,
    ) -> Result<(), StartError> {
        self.entered.get_or_try_init(|| self.node.start(local())).await.copied()
    }

    /// Returns the way to the sessions of other nodes, if requests are passed on.
    pub(crate) fn elsewhere(&self) -> Option<Arc<dyn Elsewhere>> {
        let forward = self.forward.clone()?;
        Some(forward)
    }

    pub(crate) fn is_entered(&self) -> bool {
        self.entered.initialized()
    }
}

impl Listeners {
    pub(crate) fn add(&mut self, listener: impl Fn(&ClusterEvent) + Send + Sync + 'static) {
        self.0.push(Box::new(listener));
    }

    /// One that panics keeps nothing from the others.
    pub(crate) fn tell(&self, event: &ClusterEvent) {
        for listener in &self.0 {
            guarded::call("a listener for events of the cluster", || listener(event));
        }
    }
}

impl fmt::Debug for Cluster {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.node.fmt(f)
    }
}

impl fmt::Debug for Listeners {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Listeners").field("len", &self.0.len()).finish()
    }
}
