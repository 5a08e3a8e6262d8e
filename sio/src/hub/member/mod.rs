//! One client's member of one namespace: what the socket's handles, its task and the connection share.

mod events;
pub(crate) mod expiry;
mod sending;

use std::collections::VecDeque;
use std::mem;
use std::sync::{Arc, PoisonError};

use bytes::Bytes;
use sio_core::id::Sid;
use sio_core::socket::acks::AckTable;
use sio_core::socket::reason::DisconnectReason;

use self::events::Load;
pub(crate) use self::events::{Amount, Delay, Next, Waiting};
use self::expiry::Expiry;
use super::Namespace;
use super::limits::Limits;
use super::state::{ConnectionState, Holding, may_come_back};
use crate::codec::Codec;
use crate::data::SocketData;
use crate::engine::mailbox::Mailbox;
use crate::engine::{CloseReason, Command};
use crate::handshake::Handshake;
use crate::hub::answer::Waiter;
use crate::sync::atomic::{AtomicU8, Ordering};
use crate::sync::{Mutex, MutexGuard, Notify};
use crate::transport::outgoing::Entry;
use crate::until::until;

/// Where a member is on its way through the namespace. All changes are made by [`Member::enter`].
///
/// ```text
/// Connecting ── accept ──▶ Connected
///     │                        │
///     └── close ──▶ Left ◀── close
///                     │
///                set_released
///                     ▼
///                 Released
/// ```
enum Stage {
    /// The `connect` hook runs: what is sent is held back.
    Connecting(Held),
    Connected,
    /// Refused, or gone.
    Left(Gone),
    /// The `disconnect` hook has ended, and the socket has been forgotten.
    Released(Gone),
}

/// Packets sent before the client was accepted.
#[derive(Default)]
struct Held {
    entries: Vec<Entry>,
    bytes: usize,
}

#[derive(Debug, Clone, Copy)]
struct Gone {
    reason: DisconnectReason,
    was_accepted: bool,
}

/// The stage as it can be read without the lock, where packets are sent.
const CONNECTING: u8 = 0;
const CONNECTED: u8 = 1;
const CLOSED: u8 = 2;

impl Stage {
    fn phase(&self) -> u8 {
        match self {
            Self::Connecting(_) => CONNECTING,
            Self::Connected => CONNECTED,
            Self::Left(_) | Self::Released(_) => CLOSED,
        }
    }

    fn gone(&self) -> Option<Gone> {
        match self {
            Self::Connecting(_) | Self::Connected => None,
            Self::Left(gone) | Self::Released(gone) => Some(*gone),
        }
    }

    fn reason(&self) -> Option<DisconnectReason> {
        self.gone().map(|gone| gone.reason)
    }
}

impl Default for Stage {
    fn default() -> Self {
        Self::Connecting(Held::default())
    }
}

pub(crate) struct Member {
    pub(crate) id: Sid,
    pub(crate) namespace: Namespace,
    pub(crate) mailbox: Arc<Mailbox>,
    pub(crate) handshake: Arc<Handshake>,
    pub(crate) data: SocketData,
    /// None where nothing is limited.
    pub(crate) limits: Option<Arc<Limits>>,
    recovery: Option<Recoverable>,
    /// That of the stage; written under the lock of `state`.
    phase: AtomicU8,
    expiry: Expiry,
    load: Load,
    state: Mutex<State>,
    gone: Notify,
}

#[derive(Default)]
struct State {
    stage: Stage,
    /// Events in the order of arrival, of both kinds.
    events: VecDeque<Waiting>,
    /// How many of them are for handlers that run beside the others, and how many such handlers run.
    concurrent_waiting: usize,
    concurrent_running: usize,
    /// The bytes of all events that wait, and of those that are being handled; of the `connect` hook, those of its
    /// auth payload.
    waiting_bytes: usize,
    running_bytes: usize,
    /// The bytes of what the consumer is at work on, if it is.
    handling: Option<usize>,
    acks: AckTable<Waiter>,
    /// A handler or hook is at work.
    busy: bool,
}

/// The kept state of a client that may come back.
struct Recoverable {
    state: Arc<ConnectionState>,
    /// It has come back.
    is_recovered: bool,
}

impl Member {
    /// A client that wants to enter, for the first time. `state`: what is kept of it, if it may come back.
    pub(crate) fn new(
        id: Sid,
        namespace: Namespace,
        mailbox: Arc<Mailbox>,
        handshake: Arc<Handshake>,
        limits: Option<Arc<Limits>>,
        state: Option<Arc<ConnectionState>>,
    ) -> Arc<Self> {
        let recovery = state.map(|state| Recoverable { state, is_recovered: false });
        let data = SocketData::default();
        let this = Arc::new(Self::build(id, namespace, mailbox, handshake, data, limits, recovery));
        if let Some(recovery) = &this.recovery {
            recovery.state.begin(&this);
        }
        this
    }

    /// A client that wants to go on where it was.
    pub(crate) fn resuming(
        state: Arc<ConnectionState>,
        before: &Self,
        mailbox: Arc<Mailbox>,
        handshake: Arc<Handshake>,
    ) -> Arc<Self> {
        let data = SocketData::shared_with(&before.data);
        let (id, namespace, limits) = (before.id.clone(), before.namespace.clone(), before.limits.clone());
        let recovery = Some(Recoverable { state, is_recovered: true });
        Arc::new(Self::build(id, namespace, mailbox, handshake, data, limits, recovery))
    }

    fn build(
        id: Sid,
        namespace: Namespace,
        mailbox: Arc<Mailbox>,
        handshake: Arc<Handshake>,
        data: SocketData,
        limits: Option<Arc<Limits>>,
        recovery: Option<Recoverable>,
    ) -> Self {
        Self {
            id,
            namespace,
            mailbox,
            handshake,
            data,
            limits,
            recovery,
            phase: AtomicU8::new(CONNECTING),
            expiry: Expiry::default(),
            load: Load::default(),
            state: Mutex::default(),
            gone: Notify::new(),
        }
    }

    /// Returns the codec of the client.
    pub(crate) fn codec(&self) -> Codec {
        Codec::new(self.namespace.hub.common.encoding, self.handshake.revision())
    }

    pub(crate) fn is_recovered(&self) -> bool {
        self.recovery.as_ref().is_some_and(|recovery| recovery.is_recovered)
    }

    /// Returns the state that is kept of the client, if it may come back.
    pub(crate) fn state(&self) -> Option<&Arc<ConnectionState>> {
        self.recovery.as_ref().map(|recovery| &recovery.state)
    }

    pub(crate) fn is_connected(&self) -> bool {
        self.phase.load(Ordering::Acquire) == CONNECTED
    }

    /// True while the `connect` hook decides.
    pub(crate) fn is_connecting(&self) -> bool {
        self.phase.load(Ordering::Acquire) == CONNECTING
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.phase.load(Ordering::Acquire) == CLOSED
    }

    /// Returns whether the rooms of this member count for its client: it is connected, on its way back, or has just lost
    /// its connection and may come back.
    pub(crate) fn keeps_rooms(&self) -> bool {
        match self.phase.load(Ordering::Acquire) {
            CONNECTED => true,
            CONNECTING => self.is_recovered(),
            _ => self.state().is_some_and(|state| {
                state.holding(self) == Holding::This && (self.is_recovered() || self.was_accepted())
            }),
        }
    }

    /// Lets the client in: what it has missed goes out, then CONNECT, then what was held back. False when the client
    /// left meanwhile.
    pub(crate) fn accept(&self) -> bool {
        let recovery = self.state();
        let mut missed = recovery.map(|recovery| recovery.take_missed(self)).unwrap_or_default();
        // Before the lock is taken, for which broadcasts wait.
        missed.iter_mut().for_each(|entry| self.mailbox.outbox.prepare(entry));
        let pid = recovery.map(|recovery| recovery.pid.as_str());
        let connect = self.codec().connect(self.namespace.path(), &self.id, pid);
        let mut state = self.lock();
        let Stage::Connecting(held) = &mut state.stage else { return false };
        let held = mem::take(&mut held.entries);
        for entry in missed {
            self.mailbox.push_prepared(entry);
        }
        self.mailbox.push_prepared(connect);
        for entry in held {
            self.mailbox.push_prepared(entry);
        }
        self.enter(&mut state, Stage::Connected);
        true
    }

    /// True once the client has been let in, even if it has left since.
    pub(crate) fn was_accepted(&self) -> bool {
        let state = self.lock();
        state.stage.gone().map_or_else(|| self.is_connected(), |gone| gone.was_accepted)
    }

    /// Ends the member for everybody else. With `discard`, events that wait are dropped, because the server
    /// disconnected the client; otherwise they are handled before the `disconnect` hook, since they came before the
    /// end. The first reason stays.
    pub(crate) fn close(&self, reason: DisconnectReason, discard: bool) {
        self.close_with(reason, discard, None);
    }

    /// As [`Self::close`], with a last packet for a client that was let in.
    fn close_with(&self, reason: DisconnectReason, discard: bool, last: Option<Bytes>) {
        let waiters = {
            let mut state = self.lock();
            if state.stage.gone().is_some() {
                return;
            }
            if discard {
                state.events.clear();
                state.waiting_bytes = 0;
                state.concurrent_waiting = 0;
                self.load.note(&state);
            }
            let was_accepted = self.is_connected();
            self.enter(&mut state, Stage::Left(Gone { reason, was_accepted }));
            // Nothing follows it but what was on its way already.
            if let Some(last) = last.filter(|_| was_accepted) {
                self.mailbox.push_prepared(last);
            }
            state.acks.drain()
        };
        let hub = &self.namespace.hub;
        let mut given_up = 0;
        waiters.for_each(|waiter| {
            given_up += 1;
            waiter.disconnected();
        });
        if let Some(counters) = &hub.common.counters {
            counters.acks_disconnected.add(given_up);
        }
        // Other nodes go on when this one stops.
        let may_move = reason == DisconnectReason::ServerShuttingDown && hub.common.others.is_some();
        let is_over = !may_move && !may_come_back(reason);
        if let Some(recovery) = self.recovery.as_ref().filter(|_| is_over) {
            recovery.state.end(self);
        }
        self.gone.notify_waiters();
        self.mailbox.outbox.release_waiting();
    }

    /// The client was refused: it was never here, and will not come back.
    pub(crate) fn refuse(&self) {
        if let Some(recovery) = &self.recovery {
            recovery.state.end(self);
        }
    }

    /// Disconnects the client from the namespace.
    pub(crate) fn disconnect(&self) {
        let last = self.codec().disconnect(self.namespace.path());
        self.close_with(DisconnectReason::ServerNamespaceDisconnect, true, Some(last));
        self.mailbox.inbox.nudge();
    }

    /// Ends the client's connection when what is queued has been sent.
    pub(crate) fn close_connection(&self, reason: CloseReason) {
        self.mailbox.inbox.command(Command::Close(reason));
    }

    pub(crate) fn reason(&self) -> Option<DisconnectReason> {
        self.lock().stage.reason()
    }

    /// Waits for the end.
    pub(crate) async fn closed(&self) -> DisconnectReason {
        until(&self.gone, || self.reason()).await
    }

    /// The `disconnect` hook has ended, and the socket has left its rooms.
    pub(crate) fn set_released(&self) {
        let mut state = self.lock();
        if let Some(gone) = state.stage.gone() {
            self.enter(&mut state, Stage::Released(gone));
        }
        drop(state);
        self.gone.notify_waiters();
    }

    /// Waits until the `disconnect` hook has ended.
    pub(crate) async fn until_released(&self) {
        until(&self.gone, || matches!(self.lock().stage, Stage::Released(_)).then_some(())).await;
    }

    /// Changes the stage.
    fn enter(&self, state: &mut State, stage: Stage) {
        self.phase.store(stage.phase(), Ordering::Release);
        state.stage = stage;
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // No user code runs under this lock.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
