//! What the rest of the program hands to a session's task: packets to send and commands.
//!
//! Senders push and wake the task only when it is not already going to look. A queued entry is one
//! packet as ready-made WebSocket frames, its attachments included, so nothing can get in between.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Waker};

use bytes::Bytes;
use sio_core::engine::config::TransportKind;
use tokio::sync::Notify;

use super::command::Command;
use crate::transport::outgoing::{Done, Entry, Queue};
use crate::transport::wire::Wire;

/// Bounds of the outgoing queue of one connection.
#[derive(Debug, Clone, Copy)]
pub(crate) struct QueueLimits {
    pub(crate) bytes: usize,
    pub(crate) packets: usize,
}

/// Why a packet was not queued.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PushError {
    /// The queue has no room now.
    Full,
    /// The session has ended.
    Closed,
}

/// Shared between a session's task (which empties it) and every handle that sends through the session.
#[derive(Debug)]
pub(crate) struct Mailbox {
    state: Mutex<State>,
    /// Tells those who wait for room that the queue has shrunk, and those who wait for an upgrade that it is done.
    changed: Notify,
    limits: QueueLimits,
    /// The form of the packets, on polling and in general; a WebSocket knows its own.
    wire: Wire,
    /// A POST is under way.
    posting: AtomicBool,
    /// What is never refused has gone beyond all bounds. Written under the lock of `state`.
    overfull: AtomicBool,
}

#[derive(Debug, Default)]
struct State {
    queue: Queue,
    /// A packet in the queue, or one that was in it since it was last empty, must not be compressed.
    must_stay_plain: bool,
    /// Bytes and packets not yet handed to the transport, those that the task has taken included.
    bytes: usize,
    packets: usize,
    commands: VecDeque<Command>,
    /// The transport in use, for those who ask from outside.
    transport: Option<TransportKind>,
    waker: Option<Waker>,
    /// The task is running, or has been woken and will look here before it sleeps.
    awake: bool,
    /// The task is to run once more from its beginning before it sleeps.
    nudged: bool,
    /// No packets are taken any more.
    refusing: bool,
    /// The session has ended: nothing is taken any more.
    closed: bool,
    waiting: usize,
}

impl Mailbox {
    pub(crate) fn new(limits: QueueLimits, wire: Wire) -> Self {
        Self {
            state: Mutex::default(),
            changed: Notify::new(),
            limits,
            wire,
            posting: AtomicBool::new(false),
            overfull: AtomicBool::new(false),
        }
    }

    /// What the request that opened the session asked for.
    pub(crate) fn wire(&self) -> Wire {
        self.wire
    }

    /// Queues a packet if there is room for it.
    pub(crate) fn push(&self, entry: impl Into<Entry>) -> Result<(), PushError> {
        if let Some(waker) = self.push_unwoken(entry)? {
            waker.wake();
        }
        Ok(())
    }

    /// As [`Self::push`], but leaves it to the caller to wake the task, soon.
    pub(crate) fn push_unwoken(&self, entry: impl Into<Entry>) -> Result<Option<Waker>, PushError> {
        self.offer(&mut Some(entry.into()))
    }

    /// As [`Self::push_unwoken`], but the packet is only taken when there is room: who waits for that needs no copy.
    fn offer(&self, offered: &mut Option<Entry>) -> Result<Option<Waker>, PushError> {
        let mut state = self.lock();
        if state.refusing {
            return Err(PushError::Closed);
        }
        // A packet that alone exceeds the limit may go when nothing else waits: it could never go otherwise.
        let size = offered.as_ref().map_or(0, |entry| entry.frames.len());
        let fits = state.packets < self.limits.packets
            && (state.bytes + size <= self.limits.bytes || state.packets == 0);
        if !fits {
            return Err(PushError::Full);
        }
        Ok(offered.take().and_then(|entry| state.enqueue(entry)))
    }

    /// Queues a packet whatever the limits say: acks and control packets, whose number is bounded by what
    /// the peer itself sends. That is read no further while twice the limits are exceeded.
    pub(crate) fn push_always(&self, entry: impl Into<Entry>) {
        let mut state = self.lock();
        if state.refusing {
            return;
        }
        let waker = state.enqueue(entry.into());
        self.note_overfull(&state);
        drop(state);
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    /// Queues a packet, waiting while the queue is full, unless it is not wanted any more by then.
    ///
    /// Cancel safe: a dropped future has queued nothing.
    pub(crate) async fn push_waiting(
        &self,
        entry: impl Into<Entry>,
        is_wanted: impl Fn() -> bool,
    ) -> Result<(), PushError> {
        let entry = entry.into();
        let size = entry.frames.len();
        let mut offered = Some(entry);
        loop {
            if !is_wanted() {
                return Err(PushError::Closed);
            }
            match self.offer(&mut offered) {
                Ok(waker) => {
                    waker.into_iter().for_each(Waker::wake);
                    return Ok(());
                }
                Err(PushError::Full) => self.until_room(size, &is_wanted).await,
                Err(PushError::Closed) => return Err(PushError::Closed),
            }
        }
    }

    /// Waits while there is no room for so many bytes and `is_wanted` says that it is worth waiting for.
    pub(crate) async fn until_room(&self, size: usize, is_wanted: impl Fn() -> bool) {
        loop {
            let notified = self.changed.notified();
            tokio::pin!(notified);
            // Registered before the checks, so that what changes in between is not missed.
            notified.as_mut().enable();
            if !is_wanted() {
                return;
            }
            {
                let mut state = self.lock();
                let fits = state.packets < self.limits.packets
                    && (state.bytes + size <= self.limits.bytes || state.packets == 0);
                if fits || state.refusing {
                    return;
                }
                state.waiting += 1;
            }
            let _waiting = Waiting(self);
            notified.await;
        }
    }

    /// Lets everybody who waits look again whether it is still wanted.
    pub(crate) fn release_waiting(&self) {
        self.changed.notify_waiters();
    }

    /// Whether a queue of this size would be within the limits.
    pub(crate) fn would_fit(&self, packets: usize, bytes: usize) -> bool {
        packets < self.limits.packets && bytes <= self.limits.bytes
    }

    /// True while the queue is at its limits.
    pub(crate) fn is_full(&self) -> bool {
        let state = self.lock();
        !state.refusing && (state.packets >= self.limits.packets || state.bytes >= self.limits.bytes)
    }

    /// True while packets that are never refused have gone far beyond the limits.
    pub(crate) fn is_overfull(&self) -> bool {
        self.overfull.load(Ordering::Relaxed)
    }

    fn note_overfull(&self, state: &State) {
        let is_overfull = state.packets > self.limits.packets.saturating_mul(2)
            || state.bytes > self.limits.bytes.saturating_mul(2);
        self.overfull.store(is_overfull, Ordering::Relaxed);
    }

    /// True while the client is what everything waits for: the queue is at its limits, or somebody waits for room in it.
    pub(crate) fn is_clogged(&self) -> bool {
        self.is_full() || self.lock().waiting > 0
    }

    /// True when nothing waits to be written: what volatile packets ask.
    pub(crate) fn is_empty(&self) -> bool {
        self.lock().packets == 0
    }

    /// Hands a command to the task; false when the session has ended.
    pub(crate) fn command(&self, command: Command) -> bool {
        let mut state = self.lock();
        if state.closed {
            return false;
        }
        state.commands.push_back(command);
        let waker = state.rouse();
        drop(state);
        if let Some(waker) = waker {
            waker.wake();
        }
        true
    }

    /// Marks a POST as under way for as long as the guard lives; none when there is one already.
    pub(crate) fn begin_post(&self) -> Option<Posting<'_>> {
        let was_posting = self.posting.swap(true, Ordering::AcqRel);
        (!was_posting).then_some(Posting(&self.posting))
    }

    /// Makes the task look at its sockets again.
    pub(crate) fn nudge(&self) {
        let mut state = self.lock();
        state.nudged = true;
        let waker = state.rouse();
        drop(state);
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    /// The task runs: until it parks, nobody needs to wake it. Returns the commands that came in.
    pub(crate) fn begin(&self) -> VecDeque<Command> {
        let mut state = self.lock();
        state.awake = true;
        state.nudged = false;
        std::mem::take(&mut state.commands)
    }

    /// Everything queued, as canonical frames. The entries count against the limits until the transport says that
    /// they are done.
    pub(crate) fn take(&self) -> Queue {
        let mut state = self.lock();
        state.must_stay_plain = false;
        std::mem::take(&mut state.queue)
    }

    /// Everything queued, as a WebSocket writes it. What is longer on this wire counts with the bytes that it has there:
    /// those are what the transport says are done.
    pub(crate) fn take_frames(&self, wire: Wire) -> Queue {
        let mut packets = self.take();
        let change = wire.frame(&mut packets);
        if change != 0 {
            let mut state = self.lock();
            state.bytes = state.bytes.saturating_add_signed(change);
        }
        packets
    }

    /// Takes entries from the front for as long as `accept` wants them, for a polling answer, and says whether that
    /// may be compressed.
    pub(crate) fn take_while(&self, mut accept: impl FnMut(&Bytes) -> bool) -> (Queue, bool) {
        let mut state = self.lock();
        let count = state.queue.iter().take_while(|entry| accept(entry)).count();
        let taken = state.queue.drain(..count).collect();
        let must_stay_plain = state.must_stay_plain;
        // Which packet it is about is not kept: what goes out between it and an empty queue is not compressed either.
        state.must_stay_plain &= !state.queue.is_empty();
        (taken, !must_stay_plain)
    }

    /// Gives entries back that could not be delivered, in front of what was queued since, with what
    /// [`take_while`](Self::take_while) said of them.
    pub(crate) fn give_back(&self, entries: Queue, compress: bool) {
        let mut state = self.lock();
        state.queue.insert_many(0, entries);
        state.must_stay_plain |= !compress;
    }

    /// The task is about to sleep: true when it may, false when something came in meanwhile. With `blocked`,
    /// packets are left queued on purpose, since the transport cannot take them now.
    pub(crate) fn park(&self, cx: &Context<'_>, blocked: bool) -> bool {
        let mut state = self.lock();
        if state.nudged || !state.commands.is_empty() || (!blocked && !state.queue.is_empty()) {
            return false;
        }
        state.awake = false;
        match &mut state.waker {
            Some(waker) => waker.clone_from(cx.waker()),
            empty => *empty = Some(cx.waker().clone()),
        }
        true
    }

    /// The transport has taken over this much: there is room for more.
    pub(crate) fn settle(&self, done: Done) {
        if done.bytes == 0 && done.packets == 0 {
            return;
        }
        let mut state = self.lock();
        // Close frames are written without having been queued, when the mailbox is closed.
        state.packets = state.packets.saturating_sub(done.packets);
        state.bytes = state.bytes.saturating_sub(done.bytes);
        self.note_overfull(&state);
        if state.waiting > 0 {
            drop(state);
            self.changed.notify_waiters();
        }
    }

    /// Counts what was never queued here and is still to be written: the transport will say that it is done.
    pub(crate) fn owe(&self, unsent: Done) {
        let mut state = self.lock();
        state.packets += unsent.packets;
        state.bytes += unsent.bytes;
        self.note_overfull(&state);
    }

    /// Takes no more packets; what is queued is still sent, and commands are still taken.
    pub(crate) fn refuse_packets(&self) {
        self.lock().refusing = true;
        self.changed.notify_waiters();
    }

    pub(crate) fn set_transport(&self, transport: TransportKind) {
        self.lock().transport = Some(transport);
        self.changed.notify_waiters();
    }

    /// Waits while another transport is used and `is_wanted` says that it is worth waiting for.
    pub(crate) async fn until_transport(&self, transport: TransportKind, is_wanted: impl Fn() -> bool) {
        loop {
            let notified = self.changed.notified();
            tokio::pin!(notified);
            // Registered before the checks, so that what changes in between is not missed.
            notified.as_mut().enable();
            if self.transport() == transport || self.is_closed() || !is_wanted() {
                return;
            }
            notified.await;
        }
    }

    /// The transport that the session uses now.
    pub(crate) fn transport(&self) -> TransportKind {
        self.lock().transport.unwrap_or(TransportKind::Polling)
    }

    /// Ends the mailbox: later packets and commands are refused, senders that wait are released.
    pub(crate) fn close(&self) {
        let mut state = self.lock();
        state.refusing = true;
        state.closed = true;
        state.queue = Queue::new();
        let commands = std::mem::take(&mut state.commands);
        drop(state);
        drop(commands);
        self.changed.notify_waiters();
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.lock().refusing
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // No user code runs under this lock, and every update is complete before the next statement.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn enqueue(&mut self, Entry { frames, compress }: Entry) -> Option<Waker> {
        self.must_stay_plain |= !compress;
        self.bytes += frames.len();
        self.packets += 1;
        self.queue.push(frames);
        self.rouse()
    }

    /// Marks the task as awake; gives what wakes it when it is asleep. To be called without the lock.
    fn rouse(&mut self) -> Option<Waker> {
        if std::mem::replace(&mut self.awake, true) { None } else { self.waker.take() }
    }
}

/// A POST under way.
pub(crate) struct Posting<'a>(&'a AtomicBool);

impl Drop for Posting<'_> {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Release);
    }
}

/// Counts a sender as waiting for as long as it waits.
struct Waiting<'a>(&'a Mailbox);

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.lock().waiting -= 1;
    }
}

#[cfg(test)]
mod tests {
    use sio_core::engine::packet::Packet;

    use super::*;

    #[test]
    fn nothing_is_counted_when_all_has_gone() {
        for wire in [Wire::V4, Wire::V3 { base64: false }, Wire::V3 { base64: true }] {
            let mailbox = Mailbox::new(QueueLimits { bytes: 1000, packets: 10 }, wire);
            for _ in 0..3 {
                for packet in [Packet::decode_binary(vec![1; 200].into()), Packet::Noop] {
                    mailbox.push(packet.frame()).unwrap();
                }
                for frames in mailbox.take_frames(wire) {
                    // The transport takes a packet in two portions.
                    let bytes = frames.len() / 2;
                    mailbox.settle(Done { packets: 0, bytes });
                    mailbox.settle(Done { packets: 1, bytes: frames.len() - bytes });
                }
                let state = mailbox.lock();
                assert_eq!((state.packets, state.bytes), (0, 0));
            }
        }
    }
}
