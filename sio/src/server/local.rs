//! [`Here`]: this server, as the other nodes of its cluster reach it.

use std::future::ready;
use std::sync::{Arc, Weak};

use serde_json::value::RawValue;
use sio_cluster::protocol::message::{Deed, Query};
use sio_cluster::{Address, BoxFuture, ClusterEvent, Local, NodeId, Packet};

use super::ServerInner;
use crate::cluster::{Cluster, Listeners};
use crate::engine::outbox::How;
use crate::hub::{Change, Hub};

/// Gives what arrives to the server's namespaces. It does not keep the server alive.
pub(super) struct Here {
    server: Weak<ServerInner>,
    listeners: Arc<Listeners>,
}

impl Here {
    pub(super) fn new(server: &Arc<ServerInner>, cluster: &Cluster) -> Self {
        Self { server: Arc::downgrade(server), listeners: Arc::clone(&cluster.listeners) }
    }

    /// Returns the namespace of a path, if there is one here. It is not made for those who are elsewhere.
    fn hub(&self, path: &str) -> Option<Arc<Hub>> {
        let door = self.server.upgrade()?.reception.namespaces.get(path)?;
        Some(Arc::clone(&door.hub))
    }
}

impl Local for Here {
    fn broadcast(&self, to: &Address<'_>, packet: Packet) {
        let Some(hub) = self.hub(to.path) else { return };
        let Packet { run, is_volatile, compress, offset } = packet;
        let how = if is_volatile { How::Volatile } else { How::Fanout };
        hub.deliver_arrived(&to.target, run, offset, compress, how);
    }

    fn change(&self, to: &Address<'_>, deed: &Deed) -> usize {
        let Some(hub) = self.hub(to.path) else { return 0 };
        let change = match deed {
            Deed::Join(rooms) => Change::Join(rooms),
            Deed::Leave(rooms) => Change::Leave(rooms),
            Deed::Disconnect(close) => Change::Disconnect { close: *close },
        };
        hub.apply(&to.target, change)
    }

    fn query(&self, _: Query) -> BoxFuture<Vec<Box<RawValue>>> {
        Box::pin(ready(Vec::new()))
    }

    fn server_event(
        &self,
        _: NodeId,
        _: &str,
        _: &str,
        _: Box<RawValue>,
    ) -> BoxFuture<Option<Box<RawValue>>> {
        Box::pin(ready(None))
    }

    fn event(&self, event: ClusterEvent) {
        self.listeners.tell(&event);
    }

    fn sockets(&self) -> u64 {
        self.server.upgrade().map_or(0, |server| server.engine.session_count() as u64)
    }
}
