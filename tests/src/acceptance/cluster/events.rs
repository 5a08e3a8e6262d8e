//! The events that are about the cluster, in all of its namespaces.

use std::collections::BTreeSet;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use sio::Value;
use sio::emit::{FetchedSocket, Spread};
use sio::error::{AckError, EmitError};
use sio::prelude::*;

use super::super::events::{address, end_all};
use super::{Gap, Members, Node};
use crate::app::All;

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

/// The outcome of a question to a socket, on whichever node it is.
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

/// The events that are about the cluster.
#[derive(Debug)]
pub(super) struct ClusterEvents;

#[handlers]
impl ClusterEvents {
    async fn event_cluster(&mut self, server: Server, node: State<Node>) -> Members {
        node.members(&server)
    }

    async fn event_bulk(&mut self, socket: &Socket, bulk: Bulk) -> sio::Result<bool> {
        let sockets = address(socket.namespace().broadcast(), bulk.to, bulk.except);
        let rooms = bulk.rooms.unwrap_or_default();
        match bulk.op {
            Operation::Join => sockets.join(rooms).await?,
            Operation::Leave => sockets.leave(rooms).await?,
            Operation::Disconnect => end_all(&sockets, bulk.close.unwrap_or_default()).await?,
        }
        Ok(true)
    }

    #[event("fetch", concurrent)]
    async fn fetch(socket: Socket, node: State<Node>, selection: Selection) -> Fetched {
        let sockets = address(socket.namespace().broadcast(), selection.to, selection.except);
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

    #[event("rooms-all", concurrent)]
    async fn rooms_all(socket: Socket, node: State<Node>) -> AllRooms {
        let fetched = socket.namespace().fetch_rooms().await;
        let rooms = fetched.items.into_iter().collect();
        AllRooms { rooms, missing: node.names_of(&socket.server(), &fetched.missing) }
    }

    #[event("call-other", concurrent)]
    async fn call_other(socket: Socket, sid: String, wait: u64, arguments: All) -> sio::Result<Asked> {
        let Ok(sid) = sid.parse() else { return Ok(Asked::Gone(true)) };
        let other = socket.namespace().remote(&sid).timeout(Duration::from_millis(wait));
        Ok(match other.emit_with_ack::<Spread<Value>>("please", &arguments).await {
            Ok(Spread(answer)) => Asked::Ok(answer),
            Err(AckError::Timeout | AckError::Unreachable) => Asked::Timeout(true),
            Err(AckError::Disconnected | AckError::Emit(EmitError::Disconnected)) => Asked::Gone(true),
            Err(error) => return Err(error.into()),
        })
    }

    #[event("server-call", concurrent)]
    async fn server_call(
        socket: Socket,
        node: State<Node>,
        wait: u64,
        arguments: All,
    ) -> sio::Result<Probed> {
        let (namespace, limit) = (socket.namespace(), Duration::from_millis(wait));
        let answered =
            namespace.server_emit_with_ack_within::<Vec<Value>>(limit, "probe", &arguments).await?;
        let mut answers: Vec<_> = answered.items.into_iter().filter_map(|(_, answer)| answer.ok()).collect();
        answers.sort_unstable_by_key(|answer| answer.first().and_then(Value::as_str).map(str::to_owned));
        Ok(Probed { answers, missing: node.names_of(&socket.server(), &answered.missing) })
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

    /// How many tasks the whole process has.
    async fn event_tasks(&mut self) -> usize {
        tokio::runtime::Handle::current().metrics().num_alive_tasks()
    }
}
