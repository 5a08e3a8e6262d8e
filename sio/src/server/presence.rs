//! The users of other nodes, as those tell of them.

use std::sync::{Arc, Weak};
use std::time::Duration;

use serde_json::value::{RawValue, to_raw_value};
use sio_cluster::protocol::message::Query;
use sio_cluster::{Cluster, ClusterEvent, NodeId};
use tokio::time::sleep;

use crate::hub::presence::Presence;

/// Between two questions to a node that has not answered.
const AGAIN: Duration = Duration::from_secs(1);

/// Returns the users of this node for another.
pub(super) fn write(presence: &Arc<Presence>) -> Vec<Box<RawValue>> {
    let (number, users) = presence.users();
    to_raw_value(&number).into_iter().chain(users.iter().filter_map(|user| to_raw_value(user).ok())).collect()
}

/// A user has come or gone on another node.
pub(super) fn heard(
    presence: &Arc<Presence>,
    cluster: &Weak<Cluster>,
    from: NodeId,
    path: &str,
    args: &RawValue,
) {
    let Ok((user, is_there, number)) = serde_json::from_str::<(String, bool, u64)>(args.get()) else {
        return;
    };
    if presence.heard(from, path, (&user, is_there, number)) {
        ask(presence, cluster, from);
    }
}

/// Something has happened to the cluster.
pub(super) fn node_changed(presence: &Arc<Presence>, cluster: &Weak<Cluster>, event: &ClusterEvent) {
    match event {
        ClusterEvent::NodeUp { node, .. } | ClusterEvent::Lost { from: node, .. } => {
            ask(presence, cluster, *node);
        }
        ClusterEvent::NodeDown { node, .. } => presence.lost(*node),
        _ => {}
    }
}

/// Asks a node for all of its users, until it answers or is gone.
fn ask(presence: &Arc<Presence>, cluster: &Weak<Cluster>, node: NodeId) {
    if !presence.begin_asking(node) {
        return;
    }
    let (presence, cluster) = (Arc::downgrade(presence), Weak::clone(cluster));
    tokio::spawn(async move {
        loop {
            let Some(strong) = cluster.upgrade() else { return };
            let answer = strong.request_of(node, Query::Users).await;
            let Some(presence) = presence.upgrade() else { return };
            if !strong.nodes().contains(&node) {
                return presence.lost(node);
            }
            drop(strong);
            let users = answer.ok().filter(|answer| answer.missing.is_empty() && !answer.is_truncated);
            let known = users.and_then(|answer| {
                let mut items = answer.items.into_iter().map(|(_, item)| item);
                let number = serde_json::from_str(items.next()?.get()).ok()?;
                let users = items.filter_map(|item| serde_json::from_str(item.get()).ok()).collect();
                Some((number, users))
            });
            if let Some((number, users)) = known
                && !presence.heard_all(node, number, users)
            {
                return;
            }
            drop(presence);
            sleep(AGAIN).await;
        }
    });
}
