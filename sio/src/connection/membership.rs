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
use sio_core::socket::encode;
use sio_core::socket::packet::Event;
use sio_core::socket::reason::DisconnectReason;
use tokio::sync::Notify;

use crate::ack_wait::Waiter;
use crate::data::SocketData;
use crate::engine::mailbox::{Mailbox, PushError};
use crate::handshake::Handshake;
use crate::namespace::Namespace;

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
    /// Written under the lock of `state`; read without it where packets are sent.
    phase: AtomicU8,
    state: Mutex<State>,
    gone: Notify,
}

#[derive(Default)]
struct State {
    /// Packets sent before the client was accepted.
    held: Vec<Bytes>,
    held_bytes: usize,
    /// Events for the handlers that run one at a time.
    serial: VecDeque<Event>,
    /// Events for handlers that run beside the others, and how many of these run.
    concurrent: VecDeque<Event>,
    concurrent_running: usize,
    acks: AckTable<Waiter>,
    reason: Option<DisconnectReason>,
    was_accepted: bool,
    /// A handler or hook is at work.
    busy: bool,
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
            phase: AtomicU8::new(CONNECTING),
            state: Mutex::default(),
            gone: Notify::new(),
        }
    }

    pub(crate) fn is_connected(&self) -> bool {
        self.phase.load(Ordering::Acquire) == CONNECTED
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.phase.load(Ordering::Acquire) == CLOSED
    }

    /// Sends a packet to the client: at once, or after the CONNECT that still has to come.
    pub(crate) fn deliver(&self, frames: Bytes) -> Result<(), PushError> {
        match self.phase.load(Ordering::Acquire) {
            CONNECTED => self.mailbox.push(frames),
            CONNECTING => self.hold(frames),
            _ => Err(PushError::Closed),
        }
    }

    fn hold(&self, frames: Bytes) -> Result<(), PushError> {
        let mut state = self.lock();
        // The hook may have ended while the lock was waited for.
        match self.phase.load(Ordering::Acquire) {
            CONNECTED => return self.mailbox.push(frames),
            CLOSED => return Err(PushError::Closed),
            _ => {}
        }
        if !self.mailbox.would_fit(state.held.len(), state.held_bytes + frames.len()) {
            return Err(PushError::Full);
        }
        state.held_bytes += frames.len();
        state.held.push(frames);
        Ok(())
    }

    /// As [`Self::deliver`], but leaves it to the caller to wake the client's task, soon.
    pub(crate) fn deliver_unwoken(&self, frames: Bytes) -> Result<Option<Waker>, PushError> {
        match self.phase.load(Ordering::Acquire) {
            CONNECTED => self.mailbox.push_unwoken(frames),
            CONNECTING => self.hold(frames).map(|()| None),
            _ => Err(PushError::Closed),
        }
    }

    /// As [`Self::deliver`], but only if nothing else waits for this client: a packet that may be lost.
    pub(crate) fn deliver_volatile(&self, frames: Bytes) {
        if self.is_connected() && self.mailbox.is_empty() {
            let _ = self.mailbox.push(frames);
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
        self.mailbox.push_always(encode::connect(self.namespace.path(), &self.id, None));
        for frames in mem::take(&mut state.held) {
            self.mailbox.push_always(frames);
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
                state.serial.clear();
                state.concurrent.clear();
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
            self.mailbox.push_always(encode::disconnect(self.namespace.path()));
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

    /// Queues an event that has arrived. One that comes after the server has put the client out is late.
    pub(crate) fn push_event(&self, event: Event, is_concurrent: bool) {
        let mut state = self.lock();
        if state.reason.is_some() {
            return;
        }
        if is_concurrent { state.concurrent.push_back(event) } else { state.serial.push_back(event) }
    }

    /// True while fewer than `limit` events wait or run concurrently.
    pub(crate) fn has_room(&self, limit: usize) -> bool {
        let state = self.lock();
        state.serial.len() < limit && state.concurrent.len() + state.concurrent_running < limit
    }

    /// The next event in order, or the end.
    pub(crate) fn next_serial(&self) -> Next {
        let mut state = self.lock();
        let next = match (state.serial.pop_front(), state.reason) {
            (Some(event), _) => Next::Event(event),
            (None, Some(reason)) => Next::Closed(reason),
            (None, None) => Next::Nothing,
        };
        state.busy = !matches!(next, Next::Nothing);
        next
    }

    /// An event whose handler runs beside the others.
    pub(crate) fn next_concurrent(&self) -> Option<Event> {
        let mut state = self.lock();
        let event = state.concurrent.pop_front();
        state.concurrent_running += usize::from(event.is_some());
        event
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
        let waiting = state.serial.len() + state.concurrent.len() + state.concurrent_running;
        !state.busy && waiting == 0
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
