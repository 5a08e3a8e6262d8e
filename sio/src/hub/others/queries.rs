//! Questions of one node to the others, and the answers of this one.

use std::collections::BTreeMap;
use std::future::ready;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use futures_util::future::join;
use serde::{Deserialize, Serialize};
use serde_json::value::{RawValue, to_raw_value};
use sio_cluster::protocol::message::{Change as WireChange, Deed, Query, Selection};
use sio_core::engine::config::Revision;
use sio_core::id::{NodeId, Sid};

use super::super::snapshot::Snapshot;
use super::super::{Change, Gathered, Hub, Target};
use super::Others;
use super::clustered::{TURN, deed};
use super::node_js::both;
use crate::error::EmitError;
use crate::handshake::Handshake;
use crate::peer::Peer;

/// The name of the event by which nodes tell each other of their users. Applications listen to others.
pub(crate) const PRESENCE: &str = "\0presence";

/// A socket on its way from node to node.
#[derive(Serialize, Deserialize)]
struct Record {
    sid: Sid,
    #[serde(default)]
    rooms: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    user: Option<String>,
    /// Path, query and headers of the request that opened the session.
    #[serde(default)]
    head: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    peer: Option<SocketAddr>,
    #[serde(default)]
    secure: bool,
    /// When the request came, in milliseconds since 1970.
    #[serde(default)]
    time: u64,
    /// The revision of Engine.IO.
    #[serde(default)]
    eio: u8,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    subprotocol: Option<String>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    data: BTreeMap<String, Box<RawValue>>,
}

impl Record {
    fn of(snapshot: Snapshot) -> Self {
        let Snapshot { sid, rooms, user, handshake, data, .. } = snapshot;
        let time = handshake.time().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let data =
            data.into_iter().filter_map(|(name, text)| Some((name, RawValue::from_string(text).ok()?)));
        Self {
            sid,
            rooms,
            user,
            head: String::from_utf8_lossy(handshake.head()).into_owned(),
            peer: handshake.peer(),
            secure: handshake.is_secure(),
            time: u64::try_from(time.as_millis()).unwrap_or(u64::MAX),
            eio: if handshake.revision() == Revision::V3 { 3 } else { 4 },
            subprotocol: handshake.subprotocol().map(str::to_owned),
            data: data.collect(),
        }
    }

    fn into_snapshot(self, node: NodeId) -> Snapshot {
        let handshake = Handshake::of_other_node(
            self.head.into_bytes(),
            Peer { address: self.peer, is_secure: self.secure },
            SystemTime::UNIX_EPOCH + Duration::from_millis(self.time.min(MAX_TIME)),
            if self.eio == 3 { Revision::V3 } else { Revision::V4 },
            self.subprotocol.map(String::into_boxed_str),
        );
        let data = self.data.into_iter().map(|(name, json)| (name, Box::<str>::from(json).into_string()));
        Snapshot {
            sid: self.sid,
            node: Some(node),
            rooms: self.rooms,
            user: self.user,
            handshake: Arc::new(handshake),
            data: data.collect(),
        }
    }
}

/// The end of the year 9999, in milliseconds: later times are nonsense, and some clocks cannot hold them.
const MAX_TIME: u64 = 253_402_300_799_000;

impl Others {
    /// Returns their sockets that are addressed.
    pub(crate) async fn snapshots(&self, path: &str, target: &Target<'_>) -> Gathered<Vec<Snapshot>> {
        let ours = async {
            let answers = self.query(target, Query::Sockets(Selection::new(path, target))).await;
            answers.map(|items| {
                let records = items.into_iter().filter_map(|(node, item)| {
                    Some(serde_json::from_str::<Record>(item.get()).ok()?.into_snapshot(node))
                });
                records.collect::<Vec<_>>()
            })
        };
        both(ours, self.foreign_snapshots(path, target), |ours, theirs| {
            ours.into_iter().chain(theirs).collect()
        })
        .await
    }

    /// Returns how many of their sockets are addressed.
    pub(crate) async fn count(&self, path: &str, target: &Target<'_>) -> Gathered<usize> {
        let ours = async {
            self.query(target, Query::Count(Selection::new(path, target))).await.map(|items| sum(&items))
        };
        both(ours, self.foreign_sockets(path, target), |ours, theirs| ours + theirs.len()).await
    }

    /// Returns whether any of their sockets is addressed, as soon as one is known.
    pub(crate) async fn is_any(&self, path: &str, target: &Target<'_>) -> Gathered<bool> {
        let what = Query::Count(Selection::new(path, target));
        let is_one = |items: &[(NodeId, Box<RawValue>)]| items.iter().any(|(_, item)| item.get() != "0");
        let ours =
            self.gathered(self.cluster().request_until(what, is_one).await).map(|items| is_one(&items));
        if ours.items || !self.cluster().has_foreign_members() {
            return ours;
        }
        both(ready(ours), self.foreign_sockets(path, target), |ours, theirs| ours || !theirs.is_empty()).await
    }

    /// Returns the rooms in which somebody is on them.
    pub(crate) async fn rooms(&self, path: &str) -> Gathered<Vec<String>> {
        let ours = async {
            let answers = self.gathered(self.cluster().request(Query::Rooms(path.to_owned())).await);
            let name = |item: &RawValue| serde_json::from_str(item.get()).ok();
            answers.map(|items| items.iter().filter_map(|(_, item)| name(item)).collect::<Vec<String>>())
        };
        both(ours, self.foreign_rooms(path), |ours, theirs| ours.into_iter().chain(theirs).collect()).await
    }

    /// Returns the users who are on them, with how many sockets each.
    pub(crate) async fn users(&self, path: &str) -> Gathered<Vec<(String, usize)>> {
        let answers = self.gathered(self.cluster().request(Query::Online(path.to_owned())).await);
        answers
            .map(|items| items.iter().filter_map(|(_, item)| serde_json::from_str(item.get()).ok()).collect())
    }

    /// Makes a change to their sockets, and returns to how many.
    pub(crate) async fn change_counted(
        &self,
        path: &str,
        target: &Target<'_>,
        change: Change<'_>,
    ) -> Gathered<usize> {
        let change = WireChange { to: Selection::new(path, target), deed: deed(change) };
        self.query(target, Query::Change(change)).await.map(|items| sum(&items))
    }

    /// Sends an event to their programs.
    pub(crate) fn server_emit(&self, path: &str, event: &str, args: Box<RawValue>) -> Result<(), EmitError> {
        self.cluster().server_emit_foreign(path, event, &args);
        Ok(self.cluster().server_emit(path, event, args)?)
    }

    /// As [`Self::server_emit`], and waits for their answers.
    pub(crate) async fn server_ask(
        &self,
        path: &str,
        event: &str,
        args: Box<RawValue>,
        limit: Option<Duration>,
    ) -> Result<Gathered<Vec<(NodeId, Box<RawValue>)>>, EmitError> {
        if !self.cluster().has_foreign_members() {
            let answers = self.cluster().server_ask(path, event, args, limit).await?;
            return Ok(self.gathered(Ok(answers)));
        }
        let said = args.clone();
        let theirs = self.cluster().foreign_answers(path, event, &said, limit);
        let (ours, theirs) = join(self.cluster().server_ask(path, event, args, limit), theirs).await;
        let (ours, theirs) = (self.gathered(Ok(ours?)), self.gathered(Ok(theirs)));
        Ok(both(ready(ours), ready(theirs), |ours, theirs| ours.into_iter().chain(theirs).collect()).await)
    }

    /// Tells them that a user has come to this node, or gone.
    pub(crate) fn tell_presence(&self, path: &str, user: &str, is_here: bool, number: u64) {
        let told = to_raw_value(&(user, is_here, number))
            .map(|args| self.cluster().server_emit(path, PRESENCE, args));
        debug_assert!(matches!(told, Ok(Ok(()))), "it is short");
    }

    /// Asks the node of the only socket that is addressed, or all.
    async fn query(&self, target: &Target<'_>, what: Query) -> Gathered<Vec<(NodeId, Box<RawValue>)>> {
        let sid = target.single().and_then(|room| room.parse::<Sid>().ok());
        let answers = match sid.and_then(|sid| self.cluster().sole_owner_of(&sid)) {
            Some(owner) => self.cluster().request_of(owner, what).await,
            None => self.cluster().request(what).await,
        };
        self.gathered(answers)
    }

    /// A question that cannot be sent reaches nobody.
    pub(super) fn gathered<T>(
        &self,
        answers: Result<sio_cluster::Gathered<T>, sio_cluster::PublishError>,
    ) -> Gathered<Vec<T>> {
        match answers {
            Ok(sio_cluster::Gathered { items, missing, is_truncated }) => {
                Gathered { items, missing, is_truncated }
            }
            Err(error) => {
                tracing::error!(target: "sio::cluster", %error, "a question is asked on this node only");
                Gathered { items: Vec::new(), missing: self.cluster().nodes(), is_truncated: false }
            }
        }
    }
}

/// The sum of the numbers that several nodes have answered.
fn sum(items: &[(NodeId, Box<RawValue>)]) -> usize {
    items.iter().filter_map(|(_, item)| item.get().parse::<usize>().ok()).sum()
}

/// Returns the change that another node asks for.
pub(crate) fn change_of(deed: &Deed) -> Change<'_> {
    match deed {
        Deed::Join(rooms) => Change::Join(rooms),
        Deed::Leave(rooms) => Change::Leave(rooms),
        Deed::Disconnect(close) => Change::Disconnect { close: *close },
    }
}

/// Answers a question of another node about the members of a namespace.
pub(crate) async fn answer(hub: Arc<Hub>, query: Query) -> Vec<Box<RawValue>> {
    match query {
        Query::Sockets(selection) => {
            let mut items = Vec::new();
            for (number, member) in hub.members(&selection.target()).iter().enumerate() {
                if number % TURN == TURN - 1 {
                    tokio::task::yield_now().await;
                }
                items.extend(to_raw_value(&Record::of(hub.snapshot(member))));
            }
            items
        }
        Query::Count(selection) => to_raw_value(&hub.count(&selection.target())).into_iter().collect(),
        Query::Rooms(_) => hub.rooms().iter().filter_map(|room| to_raw_value(room).ok()).collect(),
        Query::Online(_) => hub.users().iter().filter_map(|user| to_raw_value(&user).ok()).collect(),
        // Changes are made where they arrive, and later questions are answered by nobody.
        _ => Vec::new(),
    }
}

/// Returns the namespace that a question is about.
pub(crate) fn path_of(query: &Query) -> Option<&str> {
    match query {
        Query::Sockets(selection) | Query::Count(selection) => Some(&selection.nsp),
        Query::Rooms(path) | Query::Online(path) => Some(path),
        _ => None,
    }
}
