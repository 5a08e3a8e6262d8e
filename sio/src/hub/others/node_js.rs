//! Sockets and rooms as Node's servers describe them to each other.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use futures_util::future::join;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use serde_json::value::{RawValue, to_raw_value};
use sio_cluster::Address;
use sio_cluster::protocol::message::Selection;
use sio_core::engine::config::Revision;
use sio_core::id::{NodeId, Sid};

use super::super::snapshot::Snapshot;
use super::super::{Gathered, Hub, Target};
use super::clustered::{Others, TURN};
use crate::handshake::Handshake;
use crate::peer::Peer;

/// A socket, as their `fetchSockets` gives it on.
#[derive(Serialize, Deserialize)]
struct Record {
    id: Sid,
    handshake: Request,
    rooms: Vec<Json>,
    #[serde(default)]
    data: Json,
}

/// The request that opened a session.
#[derive(Serialize, Deserialize, Default)]
#[serde(default)]
struct Request {
    headers: BTreeMap<String, Json>,
    time: String,
    address: String,
    xdomain: bool,
    secure: bool,
    issued: f64,
    url: String,
    query: BTreeMap<String, Json>,
    auth: Json,
}

impl Record {
    fn of(snapshot: Snapshot) -> Self {
        let Snapshot { sid, rooms, handshake, data, .. } = snapshot;
        let mut headers: BTreeMap<String, Json> = BTreeMap::new();
        for (name, value) in &handshake.headers() {
            let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
            headers.entry(name.as_str().to_owned()).or_insert_with(|| value.into());
        }
        let issued = handshake.time().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let query = handshake.query();
        let url = if query.is_empty() {
            handshake.path().to_owned()
        } else {
            format!("{}?{query}", handshake.path())
        };
        let data =
            data.into_iter().filter_map(|(name, json)| Some((name, serde_json::from_str(&json).ok()?)));
        Self {
            id: sid,
            rooms: rooms.into_iter().map(Json::from).collect(),
            data: Json::Object(data.collect()),
            handshake: Request {
                xdomain: headers.contains_key("origin"),
                headers,
                time: format!("{} s since 1970", issued.as_secs()),
                address: handshake.ip().map(|ip| ip.to_string()).unwrap_or_default(),
                secure: handshake.is_secure(),
                issued: issued.as_millis() as f64,
                query: handshake.query_params().map(|(name, value)| (name, value.into())).collect(),
                url,
                auth: Json::Object(serde_json::Map::new()),
            },
        }
    }

    fn into_snapshot(self, node: NodeId) -> Snapshot {
        let Self { id, handshake, rooms, data } = self;
        let text = |value: &Json| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let mut head = handshake.url.replace(['\n', '\r'], "");
        head.push('\n');
        for (name, value) in &handshake.headers {
            let line = format!("{name}: {}", text(value)).replace(['\n', '\r'], " ");
            head.push_str(&line);
            head.push('\n');
        }
        let address = handshake.address.parse().ok().map(|ip| SocketAddr::new(ip, 0));
        let revision = match handshake.query.get("EIO").and_then(Json::as_str) {
            Some("3") => Revision::V3,
            _ => Revision::V4,
        };
        let issued = Duration::from_millis(handshake.issued.clamp(0.0, 1e14) as u64);
        let data = match data {
            Json::Object(members) => {
                members.into_iter().map(|(name, value)| (name, value.to_string())).collect()
            }
            _ => Default::default(),
        };
        let peer = Peer { address, is_secure: handshake.secure };
        let handshake = Handshake::of_other_node(
            head.into_bytes(),
            peer,
            SystemTime::UNIX_EPOCH + issued,
            revision,
            None,
        );
        let mut rooms: Vec<String> = rooms.iter().map(text).collect();
        rooms.sort_unstable();
        Snapshot { sid: id, node: Some(node), rooms, user: None, handshake: Arc::new(handshake), data }
    }
}

/// The sockets of this node that are addressed, as Node's servers write them.
pub(crate) async fn described(hub: Arc<Hub>, selection: Selection) -> Vec<Box<RawValue>> {
    let mut items = Vec::new();
    for (number, member) in hub.members(&selection.target()).iter().enumerate() {
        if number % TURN == TURN - 1 {
            tokio::task::yield_now().await;
        }
        items.extend(to_raw_value(&Record::of(hub.snapshot(member))));
    }
    items
}

impl Others {
    /// Returns the sockets of Node's servers that are addressed.
    pub(super) async fn foreign_snapshots(&self, path: &str, target: &Target<'_>) -> Gathered<Vec<Snapshot>> {
        let found = self.foreign_sockets(path, target).await;
        found.map(|items| {
            let records = items.into_iter().filter_map(|(node, item)| {
                Some(serde_json::from_str::<Record>(item.get()).ok()?.into_snapshot(node))
            });
            records.collect()
        })
    }

    /// As they write them.
    pub(super) async fn foreign_sockets(
        &self,
        path: &str,
        target: &Target<'_>,
    ) -> Gathered<Vec<(NodeId, Box<RawValue>)>> {
        if !self.cluster().has_foreign_members() {
            return Gathered::of_this_node(Vec::new());
        }
        let to = Address { path, target: target.reborrow() };
        self.gathered(Ok(self.cluster().foreign_sockets(&to).await))
    }

    /// Returns the rooms of Node's servers, without those of single sockets.
    pub(super) async fn foreign_rooms(&self, path: &str) -> Gathered<Vec<String>> {
        if !self.cluster().has_foreign_members() {
            return Gathered::of_this_node(Vec::new());
        }
        let rooms = self.gathered(Ok(self.cluster().foreign_rooms(path).await));
        rooms.map(|items| {
            let names = items.iter().filter_map(|(_, item)| serde_json::from_str::<String>(item.get()).ok());
            names.filter(|name| name.parse::<Sid>().is_err()).collect()
        })
    }
}

/// Waits at the same time for the answers of the nodes of this cluster and for those of Node's servers.
pub(super) async fn both<T, U>(
    ours: impl Future<Output = Gathered<T>>,
    theirs: impl Future<Output = Gathered<U>>,
    put_together: impl FnOnce(T, U) -> T,
) -> Gathered<T> {
    let (ours, theirs) = join(ours, theirs).await;
    let mut missing = ours.missing;
    missing.extend(theirs.missing);
    missing.sort_unstable();
    let is_truncated = ours.is_truncated || theirs.is_truncated;
    Gathered { items: put_together(ours.items, theirs.items), missing, is_truncated }
}
