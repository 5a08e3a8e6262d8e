//! One client's membership of one namespace: what the socket's handles, its task and the connection share.

use std::collections::VecDeque;
use std::mem;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Waker;

use bytes::Bytes;
use sio_core::args::Args;
use sio_core::id::Sid;
use sio_core::socket::acks::AckTable;
use sio_core::socket::packet::Event;
use sio_core::socket::reason::DisconnectReason;
use tokio::sync::Notify;

use super::limits::Limits;
use crate::ack_wait::Waiter;
use crate::data::SocketData;
use crate::engine::mailbox::{Mailbox, PushError};
use crate::handshake::Handshake;
use crate::namespace::Namespace;
use crate::parser::Parser;
use crate::transport::outgoing::Entry;

/// The `connect` hook runs: what is sent is held back.
const CONNECTING: u8 = 0;
const CONNECTED: u8 = 1;
/// Refused, or gone.
const CLOSED: u8 = 2;

pub(crate) struct Membership {
    pub(crate) id: Sid,
    pub(crate) namespace: Namespace,
    pub(crate) mailbox: Arc<Mailbox>,
    pub(crate) handshake: Arc<Handshake>,
    pub(crate) data: SocketData,
    pub(crate) limits: Limits,
    /// Written under the lock of `state`; read without it where packets are sent.
    phase: AtomicU8,
    state: Mutex<State>,
    gone: Notify,
}

#[derive(Default)]
struct State {
    /// Packets sent before the client was accepted.
    held: Vec<Entry>,
    held_bytes: usize,
    /// Events in the order of arrival, of both kinds.
    events: VecDeque<Waiting>,
    /// How many of them are for handlers that run beside the others, and how many such handlers run.
    concurrent_waiting: usize,
    concurrent_running: usize,
    acks: AckTable<Waiter>,
    reason: Option<DisconnectReason>,
    was_accepted: bool,
    /// A handler or hook is at work.
    busy: bool,
}

/// An event that nobody has taken up.
struct Waiting {
    event: Event,
    is_concurrent: bool,
}

/// What a socket's task is to do next.
pub(crate) enum Next {
    Event(Event),
    Nothing,
    Closed(DisconnectReason),
}

impl Membership {
    pub(crate) fn new(
        id: Sid,
        namespace: Namespace,
        mailbox: Arc<Mailbox>,
        handshake: Arc<Handshake>,
    ) -> Self {
        Self {
            id,
            namespace,
            mailbox,
            handshake,
            data: SocketData::default(),
            limits: Limits::default(),
            phase: AtomicU8::new(CONNECTING),
            state: Mutex::default(),
            gone: Notify::new(),
        }
    }

    /// How packets of this client are written.
    pub(crate) fn parser(&self) -> Parser {
        self.namespace.inner.parser
    }

    pub(crate) fn is_connected(&self) -> bool {
        self.phase.load(Ordering::Acquire) == CONNECTED
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.phase.load(Ordering::Acquire) == CLOSED
    }

    /// Sends a packet to the client: at once, or after the CONNECT that still has to come.
    pub(crate) fn deliver(&self, entry: Entry) -> Result<(), PushError> {
        match self.phase.load(Ordering::Acquire) {
            CONNECTED => self.mailbox.push(entry),
            CONNECTING => self.hold(entry),
            _ => Err(PushError::Closed),
        }
    }

    fn hold(&self, entry: Entry) -> Result<(), PushError> {
        let mut state = self.lock();
        // The hook may have ended while the lock was waited for.
        match self.phase.load(Ordering::Acquire) {
            CONNECTED => return self.mailbox.push(entry),
            CLOSED => return Err(PushError::Closed),
            _ => {}
        }
        if !self.mailbox.would_fit(state.held.len(), state.held_bytes + entry.frames.len()) {
            return Err(PushError::Full);
        }
        state.held_bytes += entry.frames.len();
        state.held.push(entry);
        Ok(())
    }

    /// As [`Self::deliver`], but leaves it to the caller to wake the client's task, soon.
    pub(crate) fn deliver_unwoken(&self, entry: Entry) -> Result<Option<Waker>, PushError> {
        match self.phase.load(Ordering::Acquire) {
            CONNECTED => self.mailbox.push_unwoken(entry),
            CONNECTING => self.hold(entry).map(|()| None),
            _ => Err(PushError::Closed),
        }
    }

    /// As [`Self::deliver`], but only if nothing else waits for this client: a packet that may be lost.
    pub(crate) fn deliver_volatile(&self, entry: Entry) {
        if self.is_connected() && self.mailbox.is_empty() {
            let _ = self.mailbox.push(entry);
        }
    }

    /// Sends an answer that the client has asked for.
    pub(crate) fn answer(&self, frame: Bytes) {
        if self.is_connected() {
            self.mailbox.push_always(frame);
        }
    }

    /// Lets the client in: CONNECT goes out, then what was held back. False when the client left meanwhile.
    pub(crate) fn accept(&self) -> bool {
        let mut state = self.lock();
        if self.phase.load(Ordering::Acquire) != CONNECTING {
            return false;
        }
        self.mailbox.push_always(self.parser().connect(self.namespace.path(), &self.id, None));
        for entry in mem::take(&mut state.held) {
            self.mailbox.push_always(entry);
        }
        state.was_accepted = true;
        self.phase.store(CONNECTED, Ordering::Release);
        true
    }

    /// True once the client has been let in, even if it has left since.
    pub(crate) fn was_accepted(&self) -> bool {
        self.lock().was_accepted
    }

    /// Ends the membership for everybody else. With `discard`, events that wait are dropped: the server put
    /// the client out; else they are handled before the `disconnect` hook, since they came before the end.
    /// The first reason stays.
    pub(crate) fn close(&self, reason: DisconnectReason, discard: bool) {
        let waiters = {
            let mut state = self.lock();
            if state.reason.is_some() {
                return;
            }
            state.reason = Some(reason);
            state.held = Vec::new();
            if discard {
                state.events.clear();
                state.concurrent_waiting = 0;
            }
            self.phase.store(CLOSED, Ordering::Release);
            state.acks.drain()
        };
        waiters.for_each(Waiter::disconnected);
        self.gone.notify_waiters();
    }

    /// Puts the client out of the namespace.
    pub(crate) fn disconnect(&self) {
        if self.is_connected() {
            self.mailbox.push_always(self.parser().disconnect(self.namespace.path()));
        }
        self.close(DisconnectReason::ServerNamespaceDisconnect, true);
        self.mailbox.nudge();
    }

    pub(crate) fn reason(&self) -> Option<DisconnectReason> {
        self.lock().reason
    }

    /// Waits for the end.
    pub(crate) async fn closed(&self) -> DisconnectReason {
        loop {
            let gone = self.gone.notified();
            tokio::pin!(gone);
            // Registered before the check, so that an end in between is not missed.
            gone.as_mut().enable();
            if let Some(reason) = self.reason() {
                return reason;
            }
            gone.await;
        }
    }

    /// Tells those who wait for the end of the `disconnect` hook that the socket has been forgotten.
    #[cfg(feature = "testing")]
    pub(crate) fn removed(&self) {
        self.gone.notify_waiters();
    }

    /// Waits until the `disconnect` hook has ended.
    #[cfg(feature = "testing")]
    pub(crate) async fn until_removed(&self) {
        loop {
            let gone = self.gone.notified();
            tokio::pin!(gone);
            gone.as_mut().enable();
            if self.namespace.inner.adapter.socket(&self.id).is_none() {
                return;
            }
            gone.await;
        }
    }

    /// Queues an event that has arrived. One that comes after the server has put the client out is late.
    pub(crate) fn push_event(&self, event: Event, is_concurrent: bool) {
        let mut state = self.lock();
        if state.reason.is_some() {
            return;
        }
        state.concurrent_waiting += usize::from(is_concurrent);
        state.events.push_back(Waiting { event, is_concurrent });
    }

    /// True while fewer than `limit` events of either kind wait or run concurrently.
    pub(crate) fn has_room(&self, limit: usize) -> bool {
        let state = self.lock();
        let serial = state.events.len() - state.concurrent_waiting;
        serial < limit && state.concurrent_waiting + state.concurrent_running < limit
    }

    /// The next event of those that are handled one at a time, or the end. Concurrent events that came before it have
    /// been taken.
    pub(crate) fn next_serial(&self) -> Next {
        let mut state = self.lock();
        let next = match (state.events.pop_front(), state.reason) {
            (Some(waiting), _) => Next::Event(waiting.event),
            (None, Some(reason)) => Next::Closed(reason),
            (None, None) => Next::Nothing,
        };
        state.busy = !matches!(next, Next::Nothing);
        next
    }

    /// An event whose handler runs beside the others: the first of them, or with `in_order` only one that no other event
    /// precedes.
    pub(crate) fn next_concurrent(&self, in_order: bool) -> Option<Event> {
        let mut state = self.lock();
        if state.concurrent_waiting == 0 {
            return None;
        }
        let at = state.events.iter().position(|waiting| waiting.is_concurrent)?;
        if in_order && at > 0 {
            return None;
        }
        let waiting = state.events.remove(at)?;
        state.concurrent_waiting -= 1;
        state.concurrent_running += 1;
        Some(waiting.event)
    }

    pub(crate) fn concurrent_ended(&self) {
        self.lock().concurrent_running -= 1;
    }

    pub(crate) fn set_busy(&self) {
        self.lock().busy = true;
    }

    /// True when no handler runs and no event waits.
    pub(crate) fn is_idle(&self) -> bool {
        let state = self.lock();
        !state.busy && state.events.len() + state.concurrent_running == 0
    }

    /// Remembers who waits for the answer to an event. False when the socket has gone.
    pub(crate) fn await_ack(&self, id: u64, waiter: Waiter) -> bool {
        let mut state = self.lock();
        if state.reason.is_some() {
            return false;
        }
        // Ids come from one counter: an occupied one would mean 2^64 events ago.
        state.acks.insert(id, waiter).is_ok()
    }

    /// Nobody waits for this answer any more.
    pub(crate) fn forget_ack(&self, id: u64) {
        let forgotten = self.lock().acks.take(id);
        drop(forgotten);
    }

    /// The client has answered. An answer that nobody waits for is ignored.
    pub(crate) fn on_ack(&self, id: u64, args: Args) {
        let waiter = self.lock().acks.take(id);
        if let Some(waiter) = waiter {
            waiter.answered(args);
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // No user code runs under this lock.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
