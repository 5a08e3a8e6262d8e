//! The acceptance application as one node of a cluster, in the profile `cluster`.

use std::{
    collections::{BTreeSet, HashMap},
    env,
    sync::{Arc, Mutex, OnceLock, PoisonError},
    time::Duration,
};

use serde::{Deserialize, Serialize};
use sio::Value;
use sio::cluster::{Adapter, ClusterEvent, Forwarding, NodeId};
use sio::emit::{FetchedSocket, Spread};
use sio::error::{AckError, ConnectError, EmitError};
use sio::options::Recovery;
use sio::prelude::*;

use super::{
    events::{self, Called, Cast, FORBIDDEN, Forbidden, Identity, RoomCalled, Sequence, Typed, TypedAnswer},
    joined::joined,
    journal::{Entry, Journal},
    main::{Introduction, anyone, introduction, namespace, options, repeat, room, said, welcome},
    profiles::Capabilities,
    value::Described,
};
use crate::app::All;

/// What a node can do beside what every profile can; with `RECOVERY` clients come back at any node, also if theirs has
/// ended in order. `cluster-partial`: it cannot be a member of every kind of foreign cluster, over every broker, yet.
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
    "join-python",
    "dedupe",
    "prompt-namespaces",
    "amqp",
    "cluster-partial",
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

/// Something that is done to everybody who is addressed.
#[derive(Debug, Deserialize)]
struct Bulk {
    op: Operation,
    to: Option<Vec<String>>,
    except: Option<Vec<String>>,
    rooms: Option<Vec<String>>,
    close: Option<bool>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Operation {
    Join,
    Leave,
    Disconnect,
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

/// Sockets that a question is about.
#[derive(Debug, Deserialize)]
struct Selection {
    to: Option<Vec<String>>,
    except: Option<Vec<String>>,
    local: Option<bool>,
}

/// The answer to `fetch`.
#[derive(Debug, Serialize)]
struct Fetched {
    sockets: Vec<FetchedItem>,
    missing: BTreeSet<String>,
}

#[derive(Debug, Serialize, PartialEq, Eq, PartialOrd, Ord)]
struct FetchedItem {
    id: String,
    node: String,
    rooms: BTreeSet<String>,
    user: Option<String>,
}

/// The answer to `rooms-all`.
#[derive(Debug, Serialize)]
struct AllRooms {
    rooms: BTreeSet<String>,
    missing: BTreeSet<String>,
}

/// What became of a question to a socket, wherever it is.
#[derive(Debug, Serialize)]
#[serde(rename_all = "lowercase")]
enum Asked {
    /// All arguments of its answer.
    Ok(Vec<Value>),
    /// It has not answered in time: `true`.
    Timeout(bool),
    /// It is not there: `true`.
    Gone(bool),
}

/// The answer to `server-call`.
#[derive(Debug, Serialize)]
struct Probed {
    answers: Vec<Vec<Value>>,
    missing: BTreeSet<String>,
}

/// How many sockets a user has.
#[derive(Debug, Serialize)]
struct UserSockets {
    sockets: usize,
}

async fn fetch(socket: &Socket, node: &Node, selection: Selection) -> Fetched {
    let sockets = events::address(socket.namespace().broadcast(), selection.to, selection.except);
    let sockets = if selection.local.unwrap_or_default() { sockets.local() } else { sockets };
    let fetched = sockets.fetch_sockets().await;
    let server = socket.server();
    let item = |socket: &FetchedSocket| {
        let node = socket.node().map_or_else(|| node.name.to_string(), |id| node.name_of(&server, id));
        let own = std::iter::once(socket.id().to_string());
        let rooms = socket.rooms().iter().cloned().chain(own).collect();
        FetchedItem { id: socket.id().to_string(), node, rooms, user: socket.user().map(str::to_owned) }
    };
    let mut sockets: Vec<_> = fetched.items.iter().map(item).collect();
    sockets.sort_unstable();
    Fetched { sockets, missing: node.names_of(&server, &fetched.missing) }
}

async fn call_other(socket: &Socket, sid: &str, wait: u64, arguments: &All) -> sio::Result<Asked> {
    let Ok(sid) = sid.parse() else { return Ok(Asked::Gone(true)) };
    let other = socket.namespace().remote(&sid).timeout(Duration::from_millis(wait));
    Ok(match other.emit_with_ack::<Spread<Value>>("please", arguments).await {
        Ok(Spread(answer)) => Asked::Ok(answer),
        Err(AckError::Timeout | AckError::Unreachable) => Asked::Timeout(true),
        Err(AckError::Disconnected | AckError::Emit(EmitError::Disconnected)) => Asked::Gone(true),
        Err(error) => return Err(error.into()),
    })
}

async fn server_call(socket: &Socket, node: &Node, wait: u64, arguments: &All) -> sio::Result<Probed> {
    let (namespace, limit) = (socket.namespace(), Duration::from_millis(wait));
    let answered = namespace.server_emit_with_ack_within::<Vec<Value>>(limit, "probe", arguments).await?;
    let mut answers: Vec<_> = answered.items.into_iter().filter_map(|(_, answer)| answer.ok()).collect();
    answers.sort_unstable_by_key(|answer| answer.first().and_then(Value::as_str).map(str::to_owned));
    Ok(Probed { answers, missing: node.names_of(&socket.server(), &answered.missing) })
}

async fn bulk(socket: &Socket, bulk: Bulk) -> bool {
    let sockets = events::address(socket.namespace().broadcast(), bulk.to, bulk.except);
    let rooms = bulk.rooms.unwrap_or_default();
    match bulk.op {
        Operation::Join => sockets.join(rooms).await,
        Operation::Leave => sockets.leave(rooms).await,
        Operation::Disconnect => events::end_all(&sockets, bulk.close.unwrap_or_default()).await,
    }
    true
}

/// A namespace with all the events, and those that are about the cluster.
macro_rules! clustered {
    ($name:ident [$($namespace:literal),+] $admit:ident) => {
        namespace!($name [$($namespace),+] $admit {
            async fn event_cluster(&mut self, server: Server, node: State<Node>) -> Members {
                node.members(&server)
            }

            async fn event_bulk(&mut self, socket: &Socket, operation: Bulk) -> bool {
                bulk(socket, operation).await
            }

            #[event("fetch", concurrent)]
            async fn fetch(socket: Socket, node: State<Node>, selection: Selection) -> Fetched {
                fetch(&socket, &node, selection).await
            }

            #[event("rooms-all", concurrent)]
            async fn rooms_all(socket: Socket, node: State<Node>) -> AllRooms {
                let fetched = socket.namespace().fetch_rooms().await;
                let rooms = fetched.items.into_iter().collect();
                AllRooms { rooms, missing: node.names_of(&socket.server(), &fetched.missing) }
            }

            #[event("call-other", concurrent)]
            async fn call_other(
                socket: Socket,
                sid: String,
                milliseconds: u64,
                arguments: All,
            ) -> sio::Result<Asked> {
                call_other(&socket, &sid, milliseconds, &arguments).await
            }

            #[event("server-call", concurrent)]
            async fn server_call(
                socket: Socket,
                node: State<Node>,
                milliseconds: u64,
                arguments: All,
            ) -> sio::Result<Probed> {
                server_call(&socket, &node, milliseconds, &arguments).await
            }

            #[event("server-cast")]
            async fn server_cast(&mut self, socket: &Socket, arguments: All) -> sio::Result<bool> {
                socket.namespace().server_emit("server-cast", &arguments).await?;
                Ok(true)
            }

            async fn event_identify(&mut self, socket: &Socket, user: String) -> sio::Result<bool> {
                socket.change_user(user)?;
                Ok(true)
            }

            #[event("user-cast")]
            async fn user_cast(
                &mut self,
                socket: &Socket,
                user: String,
                event: String,
                arguments: Vec<Value>,
            ) -> sio::Result<bool> {
                socket.namespace().user(user).emit(&event, &All(arguments)).await?;
                Ok(true)
            }

            #[event("user", concurrent)]
            async fn user(socket: Socket, user: String) -> UserSockets {
                UserSockets { sockets: socket.namespace().user(user).count().await.items }
            }

            async fn event_gaps(&mut self, node: State<Node>) -> Vec<Gap> {
                node.gaps()
            }
        });
    };
}

clustered!(Open ["/", "/a"] anyone);
clustered!(Auth ["/auth"] welcome);
clustered!(Room ["/{room}"] room);

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
        .wait(variable("CLUSTER_WAIT").is_some_and(|wait| wait == "1"));
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
