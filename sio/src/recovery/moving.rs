//! Clients that come back at another node than the one that they had left.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::SystemTime;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use bytes::Bytes;
use hyper::Request;
use serde_json::value::RawValue;
use sio_cluster::protocol::message::HandedState;
use sio_cluster::{Missed, Replay};
use sio_core::id::PrivateId;
use sio_core::socket::DisconnectReason;
use tokio::runtime::Handle;

use super::kept::{Kept, Parked};
use crate::engine::mailbox::Mailbox;
use crate::engine::outbox::QueueLimits;
use crate::engine::{CloseReason, Command, session};
use crate::handshake::Handshake;
use crate::hub::Namespace;
use crate::hub::limits::Limits;
use crate::hub::member::Member;
use crate::hub::others::change_of;
use crate::hub::state::{ConnectionState, From, Given};
use crate::peer::Peer;
use crate::places::network;
use crate::transport::outgoing::Entry;
use crate::transport::wire::Wire;

impl Kept {
    /// Takes a client out, which has come to another node; its connection here, if one looks alive, is closed.
    pub(crate) fn give(&self, pid: &PrivateId, from: From) -> Option<HandedState> {
        let mut clients = self.lock();
        let state = clients.states.remove(pid)?;
        // Under both locks: nothing can be sent to it, and it cannot come back, until it is out.
        let taken = self.hub.take_out(&state.sid, || state.give(from));
        let parked = clients.parked.remove(&state.sid);
        drop(clients);
        if taken.is_none() {
            self.unpark(&state.sid);
        }
        let was_parked = parked.is_some();
        // Without the lock: the namespace may end with it.
        drop(parked);
        let (member, rooms, given) = taken?;
        let texts = self.hub.common.shared.texts(&member.data);
        let data =
            texts.into_iter().filter_map(|(name, text)| Some((name, RawValue::from_string(text).ok()?)));
        let data = data.collect();
        if was_parked {
            // It may hold the socket itself.
            member.data.clear();
        } else if !member.is_closed() {
            member.close(DisconnectReason::TransportClose, false);
            member.mailbox.inbox.command(Command::Violation(CloseReason::TransportClose));
        }
        let events = given.events.iter();
        Some(HandedState {
            nsp: self.hub.path.to_string(),
            sid: state.sid.clone(),
            ip: member.handshake.ip(),
            rooms: rooms.iter().map(|room| room.to_string()).collect(),
            data,
            after: given.after,
            events: events.map(|(offset, entry)| (*offset, STANDARD_NO_PAD.encode(&entry.frames))).collect(),
            seen: given.seen,
            lanes: Vec::new(),
        })
    }

    /// Returns whether a client, which has come to another node, is being told here that its connection ends, and heard
    /// meanwhile: for a moment yet, since it knows.
    pub(crate) fn is_parting(&self, pid: &PrivateId) -> bool {
        let state = self.lock().states.get(pid).cloned();
        let member = state.and_then(|state| state.holder());
        let parting = member.filter(|member| !member.is_closed() && member.mailbox.outbox.is_refusing());
        if let Some(member) = &parting {
            member.mailbox.inbox.command(Command::Heard);
        }
        parting.is_some()
    }

    /// Takes in a client that comes from another node, and waits for it. `hold` keeps the namespace alive for it.
    pub(crate) fn take_in(
        self: &Arc<Self>,
        pid: PrivateId,
        handed: HandedState,
        limits: Option<Arc<Limits>>,
        hold: Option<Box<dyn Send>>,
        replay: Replay<'_>,
    ) {
        let Ok(runtime) = Handle::try_current() else { return };
        let HandedState { sid, ip, rooms, data, after, events, seen, .. } = handed;
        let (request, ()) = Request::new(()).into_parts();
        let peer = ip.map(|ip| Peer::new(SocketAddr::new(ip, 0), false)).unwrap_or_default();
        let handshake = Arc::new(Handshake::of(&request, peer, SystemTime::now()));
        let Some(place) = self.parking.take(&handshake) else { return };
        let decoded = events.into_iter().map(|(offset, run)| {
            let run = STANDARD_NO_PAD.decode(run).ok()?;
            Some((offset, self.entry(run.into())))
        });
        let Some(events) = decoded.collect::<Option<Vec<_>>>() else { return };
        let account = self.memory.account(handshake.ip().map(network));
        let state = Arc::new(ConnectionState::new(sid.clone(), pid, self.bounds, account));
        let mailbox = Arc::new(Mailbox::new(QueueLimits { bytes: 0, packets: 0 }, Wire::V4));
        let namespace = Namespace::of(&self.hub);
        let member =
            Member::new(sid.clone(), namespace, mailbox, handshake, limits, Some(Arc::clone(&state)));
        let texts = data.iter().map(|(name, text)| (name.as_str(), text.get()));
        self.hub.common.shared.put_back(&member.data, texts);
        // It is away, and may come back.
        member.close(DisconnectReason::TransportClose, false);
        member.set_released();
        let until = session::later(self.options.max_disconnection);
        let mut clients = self.lock();
        let is_in = self.hub.put_in(&member, &rooms, |newcomer| {
            state.fill(Given { after, events, seen });
            replay(&mut |target, missed| {
                if newcomer.is_addressed(target) {
                    match missed {
                        Missed::Event { offset, run } => state.add(*offset, self.entry(run.clone())),
                        Missed::Change(deed) => newcomer.change(change_of(deed)),
                    }
                }
            })
        });
        if !is_in {
            return;
        }
        clients.states.insert(pid, state);
        self.wait_for(clients, &runtime, sid, Parked { until, pid, _place: place, _pass: hold });
    }

    fn entry(&self, run: Bytes) -> Entry {
        self.memory.count(run).into()
    }

    /// The clients that are waited for.
    pub(crate) fn parked(&self) -> Vec<PrivateId> {
        self.lock().parked.values().map(|parked| parked.pid).collect()
    }
}
