//! The acceptance application as one node of a cluster, in the profile `cluster`.

mod events;

use std::{
    collections::{BTreeSet, HashMap},
    env,
    sync::{Arc, Mutex, OnceLock, PoisonError},
    time::Duration,
};

use serde::Serialize;
use sio::Value;
use sio::cluster::{Adapter, ClusterEvent, Forwarding, NodeId};
use sio::emit::Spread;
use sio::options::{Eio3, Recovery};
use sio::prelude::*;

use self::events::ClusterEvents;
use super::{
    hooks::{Arrival, Departure},
    joined::joined,
    main::{Events, options, room, welcome},
    profiles::Capabilities,
};
use crate::app::All;

/// The abilities of a node beside those of every profile; with `RECOVERY` clients come back at any node, also if theirs has
/// ended in order.
const CAPABILITIES: [&str; 14] = [
    "cluster",
    "cluster-recovery",
    "cluster-recovery-term",
    "users",
    "gaps",
    "emitter",
    "emitter-node",
    "emitter-python",
    "join-node",
    "join-node-sharded",
    "join-python",
    "dedupe",
    "prompt-namespaces",
    "amqp",
];

/// And unless `FORWARD` says otherwise.
const FORWARD: &str = "forward";

/// The node as it tells of itself.
#[derive(Debug, Serialize)]
struct Members {
    node: String,
    nodes: BTreeSet<String>,
    up: bool,
}

/// A loss, as the application was told of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct Gap {
    node: Option<String>,
    lost: u64,
}

/// The events of the cluster that the application was told.
#[derive(Debug, Default)]
struct Heard {
    names: HashMap<NodeId, String>,
    gaps: Vec<Gap>,
}

/// This node, for its handlers.
#[derive(Debug, Clone)]
pub(super) struct Node {
    name: Arc<str>,
    heard: Arc<Mutex<Heard>>,
    /// The server itself, for listeners of the cluster.
    server: Arc<OnceLock<Server>>,
}

impl Node {
    fn new(name: &str) -> Self {
        Self { name: name.into(), heard: Arc::default(), server: Arc::default() }
    }

    fn hears(&self, event: &ClusterEvent) {
        let mut heard = self.heard.lock().unwrap_or_else(PoisonError::into_inner);
        match event {
            ClusterEvent::NodeUp { node, name } => {
                heard.names.insert(*node, name.clone());
            }
            ClusterEvent::Lost { from, frames, .. } => {
                let gap = Gap { node: heard.names.get(from).cloned(), lost: *frames };
                heard.gaps.push(gap);
            }
            _ => {}
        }
    }

    /// The name of a node of the cluster, or what can be said of one that has none.
    fn name_of(&self, server: &Server, node: NodeId) -> String {
        if server.cluster().is_some_and(|cluster| cluster.me() == node) {
            return self.name.to_string();
        }
        let heard = self.heard.lock().unwrap_or_else(PoisonError::into_inner);
        let known = heard.names.get(&node).cloned();
        let named = || server.cluster().and_then(|cluster| cluster.name_of(node));
        known.or_else(named).unwrap_or_else(|| node.to_string())
    }

    fn names_of(&self, server: &Server, nodes: &[NodeId]) -> BTreeSet<String> {
        nodes.iter().map(|node| self.name_of(server, *node)).collect()
    }

    /// Tells the observers among this node's own sockets of an event that another node, or an emitter, has sent.
    async fn observed(self, from: NodeId, Spread(arguments): Spread<Value>) {
        let known = {
            let heard = self.heard.lock().unwrap_or_else(PoisonError::into_inner);
            heard.names.get(&from).cloned()
        };
        let cluster = self.server.get().and_then(Server::cluster);
        let known = known.or_else(|| cluster.and_then(|cluster| cluster.name_of(from)));
        let sender = Value::from(known.as_deref().unwrap_or("emitter"));
        let arguments = All(std::iter::once(sender).chain(arguments).collect());
        for namespace in self.server.get().map(Server::namespaces).unwrap_or_default() {
            if let Err(error) = namespace.to("observers").local().emit("server-cast", &arguments).await {
                tracing::warn!(%error, "observers are not told");
            }
        }
    }

    fn gaps(&self) -> Vec<Gap> {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner).gaps.clone()
    }

    fn members(&self, server: &Server) -> Members {
        let cluster = server.cluster().expect("the profile has an adapter");
        let nodes = cluster.status().nodes.into_iter().map(|node| node.name);
        Members {
            node: self.name.to_string(),
            nodes: nodes.chain([self.name.to_string()]).collect(),
            up: cluster.is_up(),
        }
    }
}

/// `/` and `/a`, where everybody gets in.
#[derive(Debug)]
pub struct Open {
    events: Events,
    cluster: ClusterEvents,
}

#[consumer(namespace = ["/", "/a"], handlers = [events, cluster])]
impl Open {
    async fn connect(client: Arrival) -> Self {
        Self { events: client.let_in(), cluster: ClusterEvents }
    }

    async fn disconnect(&mut self, client: Departure) {
        client.leaves(&self.events);
    }
}

/// `/auth`, which says what a client has shown.
#[derive(Debug)]
pub struct Auth {
    events: Events,
    cluster: ClusterEvents,
}

#[consumer(namespace = "/auth", handlers = [events, cluster])]
impl Auth {
    async fn connect(client: Arrival) -> Result<Self, ConnectError> {
        welcome(&client.socket, &client.auth).await?;
        Ok(Self { events: client.let_in(), cluster: ClusterEvents })
    }

    async fn disconnect(&mut self, client: Departure) {
        client.leaves(&self.events);
    }
}

/// `/room-1`, `/room-2` and so on.
#[derive(Debug)]
pub struct Room {
    events: Events,
    cluster: ClusterEvents,
}

#[consumer(namespace = "/{room}", handlers = [events, cluster])]
impl Room {
    async fn connect(client: Arrival) -> Result<Self, ConnectError> {
        room(&client.socket, &client.auth).await?;
        Ok(Self { events: client.let_in(), cluster: ClusterEvents })
    }

    async fn disconnect(&mut self, client: Departure) {
        client.leaves(&self.events);
    }
}

/// Returns whether the environment names a broker.
pub(super) fn is_configured() -> bool {
    variable("CLUSTER").is_some()
}

/// Makes the node that the environment describes, which has entered its cluster.
pub(super) async fn start(origins: &[String]) -> sio::Result<Server> {
    let server = server(origins)?;
    server.start().await?;
    Ok(server)
}

fn server(origins: &[String]) -> sio::Result<Server> {
    let missing = || sio::Error::new("no_cluster", "`CLUSTER` must be the URL of a broker");
    let url = variable("CLUSTER").ok_or_else(missing)?;
    let name = variable("NODE").unwrap_or_else(|| std::process::id().to_string());
    let adapter = joined(Adapter::url(&url), &variable("JOIN").unwrap_or_default())?
        .prefix(variable("CLUSTER_NAME").unwrap_or_else(|| "accept".to_owned()))
        .name(&*name)
        .wait(variable("CLUSTER_WAIT").is_some_and(|wait| wait == "1"))
        .room_topics(variable("ROOM_TOPICS").map_or(Ok(0), |topics| topics.parse())?);
    let node = Node::new(&name);
    let (hearing, observing, probed) = (node.clone(), node.clone(), Arc::clone(&node.name));
    let own = Arc::clone(&node.server);
    let mut builder = options(origins)
        .consumer::<Open>()
        .consumer::<Auth>()
        .consumer::<Room>()
        .adapter(adapter)
        .on_cluster(move |event| hearing.hears(event))
        .on_server_event("probe", move |_, Spread(arguments): Spread<Value>| {
            let answer: Vec<_> = std::iter::once(Value::from(&*probed)).chain(arguments).collect();
            std::future::ready(answer)
        })
        .on_server_event("server-cast", move |from, arguments| observing.clone().observed(from, arguments))
        .state(node);
    let mut capabilities = CAPABILITIES.to_vec();
    if variable("FORWARD").is_some_and(|forward| forward == "0") {
        builder = builder.forwarding(Forwarding::off());
    } else {
        capabilities.push(FORWARD);
    }
    if variable("EIO3").is_some() {
        builder = builder.allow_eio3(Eio3::new());
    }
    if let Some(path) = variable("METRICS") {
        builder = builder.metrics_path(path);
    }
    if let Some(seconds) = variable("RECOVERY") {
        let recovery = Recovery::default().max_disconnection(Duration::from_secs_f64(seconds.parse()?));
        builder = builder.connection_state_recovery(recovery);
    }
    let server = builder.state(Capabilities::with(&capabilities)).build()?;
    own.get_or_init(|| server.clone());
    Ok(server)
}

/// A variable of the environment that says something.
fn variable(name: &str) -> Option<String> {
    env::var(name).ok().filter(|value| !value.is_empty())
}
