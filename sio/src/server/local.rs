//! [`Here`]: this server, as the other nodes of its cluster reach it.

use std::future::ready;
use std::sync::{Arc, Weak};

use serde_json::value::RawValue;
use sio_cluster::protocol::message::{Deed, Query};
use sio_cluster::{Address, AskedHere, Asker, BoxFuture, ClusterEvent, Local, NodeId, Packet};

use super::ServerInner;
use crate::cluster::{Cluster, Listeners};
use crate::engine::outbox::How;
use crate::hub::Hub;
use crate::hub::others::{answer, change_of, path_of};

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

    fn ask(&self, to: &Address<'_>, packet: Packet, asker: &Asker) -> AskedHere {
        let Some(hub) = self.hub(to.path) else { return AskedHere::default() };
        let how = if packet.is_volatile { How::Volatile } else { How::Fanout };
        hub.ask_for(&to.target, &packet.run, packet.compress, how, asker)
    }

    fn change(&self, to: &Address<'_>, deed: &Deed) -> usize {
        let Some(hub) = self.hub(to.path) else { return 0 };
        hub.apply(&to.target, change_of(deed))
    }

    fn query(&self, query: Query) -> BoxFuture<Vec<Box<RawValue>>> {
        // Of a namespace in which nobody is here, there is nothing.
        match path_of(&query).and_then(|path| self.hub(path)) {
            Some(hub) => Box::pin(answer(hub, query)),
            None => Box::pin(ready(Vec::new())),
        }
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
