//! [`Here`]: this server, as the other nodes of its cluster reach it.

use std::future::ready;
use std::sync::{Arc, Weak};

use serde_json::value::RawValue;
use sio_cluster::protocol::message::{Deed, HandedState, Query, Selection};
use sio_cluster::{
    Address, AskedHere, Asker, BoxFuture, Claimed, ClusterEvent, Event, Local, NodeId, Packet, Replay,
};
use sio_core::id::PrivateId;

use super::{ServerInner, presence};
use crate::cluster::{Cluster, Listeners, ServerEvents};
use crate::engine::outbox::How;
use crate::hub::others::{PRESENCE, answer, change_of, described, path_of};
use crate::hub::presence::Presence;
use crate::hub::state::From;
use crate::hub::{Hub, Target};
use crate::namespaces::Entrant;

/// Gives what arrives to the server's namespaces. It does not keep the server alive.
pub(super) struct Here {
    server: Weak<ServerInner>,
    listeners: Arc<Listeners>,
    server_events: Arc<ServerEvents>,
    presence: Option<Arc<Presence>>,
    node: Weak<sio_cluster::Cluster>,
}

impl Here {
    pub(super) fn new(server: &Arc<ServerInner>, cluster: &Cluster) -> Self {
        Self {
            server: Arc::downgrade(server),
            listeners: Arc::clone(&cluster.listeners),
            server_events: Arc::clone(&cluster.server_events),
            presence: server.reception.namespaces.presence().cloned(),
            node: Arc::downgrade(&cluster.node),
        }
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

    fn event_of_others(&self, to: &Address<'_>, event: Event) {
        if let Some(hub) = self.hub(to.path) {
            hub.deliver_foreign(&to.target, event);
        }
    }

    fn ask_for_others(&self, to: &Address<'_>, event: Event, asker: &Asker) -> AskedHere {
        let Some(hub) = self.hub(to.path) else { return AskedHere::default() };
        hub.ask_for_foreign(&to.target, event, asker)
    }

    fn namespaces(&self) -> Vec<String> {
        let Some(server) = self.server.upgrade() else { return Vec::new() };
        server.reception.namespaces.all().iter().map(|door| door.path().to_owned()).collect()
    }

    fn rooms(&self, path: &str, with_sockets: bool) -> Vec<String> {
        let Some(hub) = self.hub(path) else { return Vec::new() };
        let mut rooms = hub.rooms();
        if with_sockets {
            let members = hub.members(&Target::everybody());
            rooms.extend(members.iter().map(|member| member.id.to_string()));
        }
        rooms
    }

    fn sockets_for_others(&self, to: Selection) -> BoxFuture<Vec<Box<RawValue>>> {
        match self.hub(&to.nsp) {
            Some(hub) => Box::pin(described(hub, to)),
            None => Box::pin(ready(Vec::new())),
        }
    }

    fn change(&self, to: &Address<'_>, deed: &Deed) -> usize {
        let Some(hub) = self.hub(to.path) else { return 0 };
        hub.apply(&to.target, change_of(deed))
    }

    fn query(&self, query: Query) -> BoxFuture<Vec<Box<RawValue>>> {
        if matches!(query, Query::Users) {
            // Now, so that changes that are told later are not among them.
            return Box::pin(ready(self.presence.as_ref().map(presence::write).unwrap_or_default()));
        }
        // Of a namespace in which nobody is here, there is nothing.
        match path_of(&query).and_then(|path| self.hub(path)) {
            Some(hub) => Box::pin(answer(hub, query)),
            None => Box::pin(ready(Vec::new())),
        }
    }

    fn server_event(
        &self,
        from: NodeId,
        path: &str,
        event: &str,
        args: Box<RawValue>,
    ) -> BoxFuture<Option<Box<RawValue>>> {
        if event == PRESENCE {
            if let Some(presence) = &self.presence {
                presence::heard(presence, &self.node, from, path, &args);
            }
            return Box::pin(ready(None));
        }
        self.server_events.call(from, event, &args)
    }

    fn claim(&self, path: &str, pid: PrivateId, offset: Option<u64>) -> Claimed {
        let Some(server) = self.server.upgrade() else { return Claimed::Unknown };
        let door = server.reception.namespaces.get(path);
        let kept = door.as_ref().and_then(|door| door.kept.as_ref());
        if kept.is_some_and(|kept| kept.is_parting(&pid)) {
            return Claimed::Later;
        }
        let state = kept.and_then(|kept| kept.give(&pid, From::Offset(offset)));
        state.map_or(Claimed::Unknown, |state| Claimed::State(Box::new(state)))
    }

    fn lets_in(&self) -> bool {
        self.server.upgrade().is_some_and(|server| server.shutdown.lets_in())
    }

    fn handed(&self, pid: PrivateId, state: HandedState, replay: Replay<'_>) {
        let Some(server) = self.server.upgrade() else { return };
        if server.shutdown.is_over() {
            return;
        }
        let entrant = Entrant { ip: state.ip, dynamic: 0 };
        let Ok((door, pass)) = server.reception.namespaces.enter(&state.nsp, &entrant) else { return };
        if let (Some(kept), Ok(hold)) = (&door.kept, door.hold(state.ip)) {
            let hold = hold.map(|hold| Box::new(hold) as Box<dyn Send>);
            let limits = door.has_rates.then(Arc::default);
            kept.take_in(pid, state, limits, hold, replay);
        }
        // Not before: the namespace ends with the last who is in it.
        drop(pass);
    }

    fn event(&self, event: ClusterEvent) {
        if let Some(presence) = &self.presence {
            presence::node_changed(presence, &self.node, &event);
        }
        self.listeners.tell(&event);
    }

    fn sockets(&self) -> u64 {
        self.server.upgrade().map_or(0, |server| server.engine.session_count() as u64)
    }
}
