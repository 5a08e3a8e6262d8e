//! The clusters of other servers that a node joins.

use sio::cluster::{Adapter, NodeJs, Python, SubscriptionMode};

/// A node that is a member of the clusters of other servers which are named.
pub(super) fn joined(adapter: Adapter, names: &str) -> sio::Result<Adapter> {
    names.split(',').filter(|name| !name.is_empty()).try_fold(adapter, |adapter, name| match name {
        "flask" => Ok(adapter.python(Python::flask().member())),
        "python" => Ok(adapter.python(Python::new().member())),
        "node" => Ok(adapter.node(NodeJs::new().member())),
        // Whichever mode its servers use.
        "node-sharded" | "node-sharded:dynamic-private" => {
            Ok(adapter.node(NodeJs::sharded().subscription_mode(SubscriptionMode::DynamicPrivate)))
        }
        "node-sharded:dynamic" => Ok(adapter.node(NodeJs::sharded())),
        "node-sharded:static" => {
            Ok(adapter.node(NodeJs::sharded().subscription_mode(SubscriptionMode::Static)))
        }
        _ => Err(sio::Error::new("no_such_cluster", format!("there is no cluster `{name}` to join"))),
    })
}
