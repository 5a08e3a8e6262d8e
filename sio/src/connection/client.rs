//! The Socket.IO side of a session: packets to the sockets they are for.

mod admission;
mod arrival;
#[cfg(feature = "cluster")]
mod claims;
mod expiring;
mod input;
mod joining;
mod observed;

use std::any::Any;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use bytestring::ByteString;
use sio_core::args::Args;
use sio_core::engine::config::Revision;
use sio_core::id::Sid;
use sio_core::socket::client::{Action, Client as Protocol, Key};
use sio_core::socket::packet::{Event, Kind, Packet};
use sio_core::socket::reason::DisconnectReason;
use sio_core::socket::recovery::take_resume;
use sio_core::v3;
use smallvec::SmallVec;

use self::arrival::Heavy;
#[cfg(feature = "cluster")]
use self::claims::Claims;
use self::joining::Joining;
use super::Reception;
use super::limits::Rates;
use super::unfinished::Unfinished;
use crate::Socket;
use crate::codec::{Codec, Decoder};
use crate::engine::{CloseReason, Handler, Message, Sender, session};
use crate::handshake::Handshake;
use crate::hub::Hub;
use crate::hub::member::{Delay, Member};
use crate::log_limiter::{About, limited};
use crate::namespaces::registration::Running;
use crate::namespaces::{Closed, Door, Pass};
use crate::short::short;
use crate::turn;

/// The error for a client that tries to enter one namespace too many.
const TOO_MANY: &str = "Too many namespaces";

/// A client and its sockets.
pub(crate) struct Client {
    reception: Arc<Reception>,
    /// Handlers may ask for it.
    _server: Option<Arc<dyn Any + Send + Sync>>,
    sender: Sender,
    handshake: Arc<Handshake>,
    protocol: Protocol,
    decoder: Decoder,
    /// A message that waits to be decoded.
    heavy: Option<Box<Heavy>>,
    sockets: SmallVec<[Slot; 1]>,
    /// The socket whose turn it is: the one that the last turn had no time for.
    first: usize,
    /// Those who wait for their state from another node.
    #[cfg(feature = "cluster")]
    claims: Claims,
    /// Of a packet whose attachments have not all arrived.
    unfinished: Unfinished,
    rates: Rates,
    /// When the session was opened, until it is closed.
    opened: Option<Instant>,
}

/// A socket and the task of its consumer.
struct Slot {
    key: Key,
    member: Arc<Member>,
    /// None when it has ended.
    task: Option<Running>,
    is_accepted: bool,
    door: Arc<Door>,
    /// None in a namespace that is always there. The last field: the namespace ends after the task.
    pass: Option<Pass>,
}

impl Client {
    pub(crate) fn new(reception: Arc<Reception>, sender: Sender, handshake: Arc<Handshake>) -> Self {
        let revision = handshake.revision();
        let mut this = Self {
            protocol: Protocol::new(reception.max_namespaces),
            decoder: Codec::new(reception.encoding, revision).decoder(),
            heavy: None,
            sockets: SmallVec::new(),
            first: 0,
            #[cfg(feature = "cluster")]
            claims: Claims::default(),
            unfinished: Unfinished::default(),
            rates: Rates::default(),
            opened: Some(session::now()),
            _server: reception.server.upgrade(),
            reception,
            sender,
            handshake,
        };
        this.tell_opened();
        if revision == Revision::V3 {
            // It is put into `/` without asking.
            this.on_packet(v3::socket::connect()).expect("the first packet breaks no rule");
        }
        this
    }

    fn on_packet(&mut self, packet: Packet) -> Result<(), CloseReason> {
        if packet.kind == Kind::Connect {
            // A client that the server has disconnected may come back at once, before its old socket has been looked
            // at again.
            self.sockets.iter_mut().for_each(|slot| slot.report(&mut self.protocol));
        }
        let action = self.protocol.handle(packet).map_err(|violation| {
            let violation = violation.to_string();
            tracing::debug!(target: "sio::socket", violation = &*short(&violation), "closing the connection");
            CloseReason::ForcedClose
        })?;
        match action {
            Action::Event { key, event } => self.on_event(key, event),
            Action::Ack { key, id, args } => {
                if let Some(slot) = self.slot(key) {
                    slot.member.on_ack(id, args);
                }
            }
            Action::Connect { key, namespace, auth } => match self.may_connect() {
                Ok(()) => self.on_connect(key, &namespace, auth),
                Err(wait) => {
                    self.protocol.refused(key);
                    self.refuse_hurried(&namespace, wait);
                }
            },
            Action::Leave { key } => {
                if let Some(slot) = self.slot(key) {
                    slot.member.close(DisconnectReason::ClientNamespaceDisconnect, false);
                }
                #[cfg(feature = "cluster")]
                self.give_up_claim(key);
            }
            Action::TooManyNamespaces { namespace } => match self.may_connect() {
                Ok(()) => self.refuse(&namespace, TOO_MANY),
                Err(wait) => self.refuse_hurried(&namespace, wait),
            },
            Action::Ignore => {}
        }
        Ok(())
    }

    fn on_event(&mut self, key: Key, event: Event) {
        if let Some(slot) = self.slot(key) {
            let delay = slot.door.observers.as_ref().map(|observers| {
                let socket = Socket::new(Arc::clone(&slot.member));
                observers.received(&socket, &event.name, &event.args);
                Delay::begin()
            });
            // Looked up here, once: the event carries it on.
            let info = slot.door.special(&event.name);
            slot.member.push_event(event, info, delay);
        }
    }

    fn on_connect(&mut self, key: Key, path: &ByteString, auth: Option<Args>) {
        if self.sender.mailbox().outbox.is_refusing() {
            // It is being told of the end, and could not be told of this.
            self.protocol.refused(key);
            return;
        }
        // Those that the client has left count for as long as their handlers are at work.
        if self.sockets.len() >= self.reception.max_namespaces.saturating_mul(2) {
            self.protocol.refused(key);
            return self.refuse(path, TOO_MANY);
        }
        let (door, pass) = match self.reception.namespaces.enter(path, &self.entrant()) {
            Ok(entered) => entered,
            Err(closed) => {
                self.protocol.refused(key);
                let message = match closed {
                    Closed::Unknown => {
                        self.log_unknown(path);
                        "Invalid namespace"
                    }
                    Closed::Full => TOO_MANY,
                };
                return self.refuse(path, message);
            }
        };
        let (resume, auth) = match (auth, &door.kept) {
            (Some(auth), Some(_)) => {
                warn_of_payload(&door, auth.raw());
                take_resume(auth)
            }
            (auth, _) => (None, auth),
        };
        let joining = Joining { key, door, pass, resume, auth };
        #[cfg(feature = "cluster")]
        let Some(joining) = self.claim(joining) else { return };
        self.join(joining);
    }

    /// The id that an older client gives itself in this namespace, where that is to be its id here.
    fn own_id(&self, hub: &Hub) -> Option<Sid> {
        let id = Sid::of_session(&hub.path, self.handshake.own_session()?);
        // It may just have left and not have been forgotten yet: two sockets of one id would be taken for each other.
        let is_taken = self.sockets.iter().any(|slot| slot.member.id == id) || hub.member(&id).is_some();
        (!is_taken).then_some(id)
    }

    /// How long a packet may take from its text to its last attachment.
    fn packet_timeout(&self) -> Duration {
        self.reception.packet_timeout
    }

    fn slot(&self, key: Key) -> Option<&Slot> {
        self.sockets.iter().find(|slot| slot.key == key)
    }

    fn poll_sockets(&mut self, cx: &mut Context<'_>) {
        #[cfg(feature = "cluster")]
        self.poll_claims(cx);
        let (count, mut has_ended) = (self.sockets.len(), false);
        for offset in 0..count {
            let index = (self.first + offset) % count;
            if offset > 0 {
                turn::worked();
                if turn::is_over() {
                    turn::put_off();
                    self.first = index;
                    break;
                }
            }
            let slot = &mut self.sockets[index];
            if let Some(task) = &mut slot.task {
                if task.as_mut().poll(cx).is_ready() {
                    slot.task = None;
                    has_ended = true;
                }
                slot.report(&mut self.protocol);
            }
        }
        if has_ended {
            self.sockets.retain(|slot| slot.task.is_some());
        }
    }
}

impl Slot {
    /// Tells the protocol what has become of the member.
    fn report(&mut self, protocol: &mut Protocol) {
        if !self.is_accepted && self.member.was_accepted() {
            self.is_accepted = true;
            protocol.accepted(self.key);
        }
        if self.is_accepted && self.member.is_closed() {
            protocol.left(self.key);
        } else if !self.is_accepted && self.task.is_none() {
            protocol.refused(self.key);
        }
    }
}

impl Handler for Client {
    fn on_message(&mut self, message: Message) -> Result<(), CloseReason> {
        self.take_message(message)
    }

    fn is_ready(&self) -> bool {
        self.heavy.is_none() && self.has_room_for_input()
    }

    fn poll(&mut self, cx: &mut Context<'_>) {
        self.poll_heavy(cx);
        self.poll_sockets(cx);
        if self.unfinished.bytes() > 0 && !self.has_room_for_input() {
            // The client cannot go on with it while nothing is read.
            self.unfinished.restart(self.packet_timeout());
        }
    }

    fn deadline(&self) -> Option<Instant> {
        if self.sockets.is_empty() && !self.protocol.has_ever_joined() {
            return self.opened.map(|opened| session::after(opened, self.reception.connect_timeout));
        }
        match (self.unfinished.deadline(), self.expiry()) {
            (Some(unfinished), Some(expiry)) => Some(unfinished.min(expiry)),
            (unfinished, expiry) => unfinished.or(expiry),
        }
    }

    fn on_timeout(&mut self, now: Instant) -> Result<(), CloseReason> {
        if self.expiry().is_some_and(|due| due <= now) {
            self.expire(now);
            // If more is due, it is found in the next turn.
            return Ok(());
        }
        if self.unfinished.bytes() > 0 && !self.has_room_for_input() {
            self.unfinished.restart(self.packet_timeout());
            return Ok(());
        }
        let late = if self.unfinished.bytes() > 0 {
            "the attachments of a packet have not come in time"
        } else {
            "it has joined no namespace in time"
        };
        tracing::debug!(target: "sio::socket", late, "closing a connection");
        Err(CloseReason::ForcedClose)
    }

    /// Every namespace is told: a client that only saw its transport close would come back by itself.
    fn on_closing(&mut self) {
        for slot in &self.sockets {
            slot.member.disconnect();
        }
    }

    fn on_upgrade(&mut self) {
        self.tell_upgraded();
    }

    fn is_idle(&self) -> bool {
        self.heavy.is_none() && self.sockets.iter().all(|slot| slot.member.is_idle())
    }

    fn on_close(&mut self, reason: CloseReason) {
        if let (CloseReason::SlowClient, Some(slot)) = (reason, self.sockets.first()) {
            log_slow(&slot.member);
        }
        self.heavy = None;
        self.tell_closed(reason);
        #[cfg(feature = "cluster")]
        {
            self.claims = Claims::default();
        }
        for slot in &self.sockets {
            slot.member.close(reason.into(), false);
            #[cfg(feature = "cluster")]
            slot.door.hand_claimed(&slot.member);
        }
    }

    fn poll_closed(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        self.poll_sockets(cx);
        if self.sockets.is_empty() { Poll::Ready(()) } else { Poll::Pending }
    }
}

/// One line for the whole connection.
fn log_slow(member: &Member) {
    let namespace = &*short(member.namespace.path());
    limited!(
        WARN, member.namespace.hub.common.logs, About::namespace(namespace), target: "sio::socket",
        { socket = %member.id, namespace, },
        "disconnected a slow client: it does not take what is sent to it"
    );
}

/// Says that a client will not be able to come back. The official clients put what they need for that into the auth
/// payload, as members of an object: of a text, its letters are sent then, and `connect` refuses the client for good.
fn warn_of_payload(door: &Door, auth: &str) {
    if matches!(auth.trim_start().as_bytes().first(), None | Some(b'{' | b'n')) {
        return;
    }
    let path = &*short(door.path());
    limited!(
        WARN, door.hub.common.logs, About::namespace(path), target: "sio::socket", { namespace = path, },
        "an auth payload is no object: with connection state recovery such clients cannot come back, let them send an \
         object"
    );
}
