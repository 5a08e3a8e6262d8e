//! Packets on their way to a session's task: the queue, and the room in it.
//!
//! A queued entry is one packet as ready-made WebSocket frames, its attachments included, so nothing can get in
//! between.

mod bounds;
mod waiting;

use std::sync::PoisonError;

use bytes::Bytes;
use sio_core::engine::config::TransportKind;

use self::bounds::{BURST, OVERTAKEN};
pub(crate) use self::bounds::{How, PushError, QueueLimits};
use crate::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use crate::sync::{Mutex, MutexGuard, Notify};
use crate::transport::deflate;
use crate::transport::outgoing::{Amount, Entry, Queue};
use crate::transport::wire::Wire;
use crate::until::until;

/// Shared between a session's task (which empties it) and every handle that sends through the session.
#[derive(Debug)]
pub(crate) struct Outbox {
    state: Mutex<State>,
    /// Tells those who wait for room that the queue has shrunk, and those who wait for an upgrade that it is done.
    changed: Notify,
    limits: QueueLimits,
    /// True if packets that are never refused have gone beyond all bounds. Written under the lock of `state`.
    overfull: AtomicBool,
    /// Copies have filled more than half of the queue's soft bound. Written under the lock.
    filled: AtomicBool,
    /// A burst has filled the queue beyond its soft bound, and it has not been below since. Written under the lock.
    bursting: AtomicBool,
    /// The transport took no more when the task looked last: its buffers are full, or no GET waits.
    blocked: AtomicBool,
    /// The size from which on messages are compressed for the client; [`NEVER`] for one that has not agreed to that.
    deflate_from: AtomicU32,
}

/// No message is as large as this: a client with it gets none that are compressed.
const NEVER: u32 = u32::MAX;

#[derive(Debug, Default)]
struct State {
    queue: Queue,
    /// A packet in the queue, or one that was in it since it was last empty, must not be compressed.
    must_stay_plain: bool,
    /// Bytes and packets not yet handed to the transport, those that the task has taken included.
    bytes: usize,
    packets: usize,
    /// How many packets have ever been handed to the transport, modulo 2^32 or more.
    settled: usize,
    /// The transport in use, for those who ask from outside.
    transport: Option<TransportKind>,
    /// No packets are taken any more.
    refusing: bool,
    /// How many senders wait for room, and how many only give way.
    waiting: u32,
    giving_way: u32,
}

impl Outbox {
    pub(crate) fn new(limits: QueueLimits) -> Self {
        Self {
            state: Mutex::default(),
            changed: Notify::new(),
            limits,
            overfull: AtomicBool::new(false),
            filled: AtomicBool::new(false),
            bursting: AtomicBool::new(false),
            blocked: AtomicBool::new(false),
            deflate_from: AtomicU32::new(NEVER),
        }
    }

    /// Takes a packet out of `entry` and queues it, if there is room. False for a volatile one that is lost.
    ///
    /// A burst beyond the hard bound is [`PushError::Full`] once. The client is lost then: later packets are refused.
    pub(crate) fn offer(&self, entry: &mut Entry, how: How) -> Result<bool, PushError> {
        let mut state = self.lock();
        if state.refusing {
            return Err(PushError::Closed);
        }
        if how == How::Volatile && (state.packets > 0 || self.is_blocked()) {
            return Ok(false);
        }
        let size = entry.size();
        if !state.fits(size, self.limits) {
            let is_burst = how == How::Fanout;
            let factor = match how {
                How::Fanout => BURST,
                How::Overtaken => OVERTAKEN,
                How::Now | How::Volatile => return Err(PushError::Full),
            };
            if !state.fits(size, self.limits.times(factor)) {
                drop(state);
                if is_burst {
                    self.refuse();
                }
                return Err(PushError::Full);
            }
            if is_burst {
                self.bursting.store(true, Ordering::Relaxed);
            }
        }
        state.enqueue(entry.take());
        if how == How::Fanout && !state.is_within(self.limits.half()) {
            self.filled.store(true, Ordering::Relaxed);
        }
        Ok(true)
    }

    /// Queues a packet whatever the limits say; false when none are taken any more.
    pub(crate) fn add(&self, entry: Entry) -> bool {
        let mut state = self.lock();
        if state.refusing {
            return false;
        }
        state.enqueue(entry);
        if !state.is_within(self.limits.times(2)) {
            self.overfull.store(true, Ordering::Relaxed);
        }
        true
    }

    /// Lets everybody who waits look again whether it is still wanted.
    pub(crate) fn release_waiting(&self) {
        self.changed.notify_waiters();
    }

    /// True when senders of many copies had better let the client's task run: it has more than half of its soft bound
    /// to take and could go on, or it is in a burst.
    pub(crate) fn is_pressed(&self) -> bool {
        self.filled.load(Ordering::Relaxed) && (self.is_bursting() || !self.is_blocked())
    }

    /// Returns whether these packets, which wait elsewhere, and one more of this size would be within the limits of
    /// such a queue.
    pub(crate) fn would_fit(&self, packets: usize, bytes: usize, how: How) -> bool {
        let limits = if how == How::Fanout { self.limits.times(BURST) } else { self.limits };
        packets < limits.packets && bytes <= limits.bytes
    }

    /// The bytes that wait for the transport.
    pub(crate) fn waiting_bytes(&self) -> usize {
        self.lock().bytes
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

    /// True while a burst fills the queue beyond its soft bound.
    pub(crate) fn is_bursting(&self) -> bool {
        self.bursting.load(Ordering::Relaxed)
    }

    fn is_blocked(&self) -> bool {
        self.blocked.load(Ordering::Relaxed)
    }

    /// Sets whether the transport cannot take anything now.
    pub(crate) fn set_blocked(&self, blocked: bool) {
        if self.is_blocked() == blocked {
            return;
        }
        self.blocked.store(blocked, Ordering::Relaxed);
        if self.lock().giving_way > 0 {
            self.changed.notify_waiters();
        }
    }

    /// True while the client is what everything waits for: the queue is at its limits, or somebody waits for room in
    /// it.
    pub(crate) fn is_clogged(&self) -> bool {
        self.is_full() || self.lock().waiting > 0
    }

    /// True while nothing is queued that the task has not taken.
    pub(crate) fn is_taken(&self) -> bool {
        self.lock().queue.is_empty()
    }

    /// Everything queued, as canonical frames. The entries count against the limits until the transport says that
    /// they are done.
    pub(crate) fn take(&self) -> Queue {
        self.take_all().0
    }

    /// The same, and whether all of it may be compressed.
    fn take_all(&self) -> (Queue, bool) {
        let mut state = self.lock();
        let must_stay_plain = std::mem::take(&mut state.must_stay_plain);
        (std::mem::take(&mut state.queue), !must_stay_plain)
    }

    /// Everything queued, as a WebSocket writes it. Packets that are longer on this wire count with their bytes
    /// there, since the transport reports those as done.
    pub(crate) fn take_frames(&self, wire: Wire) -> Queue {
        let (mut packets, compress) = self.take_all();
        let change = wire.frame(&mut packets, self.deflate_from().filter(|_| compress));
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

    /// The transport has taken over this much: there is room for more. Returns true if nothing else is queued, as far
    /// as that was looked at.
    pub(crate) fn settle(&self, done: Amount) -> bool {
        if done.bytes == 0 && done.packets == 0 {
            return false;
        }
        let mut state = self.lock();
        // Close frames are written without having been queued, when the session is closed.
        state.packets = state.packets.saturating_sub(done.packets);
        state.settled = state.settled.wrapping_add(done.packets);
        state.bytes = state.bytes.saturating_sub(done.bytes);
        if self.is_overfull() && state.is_within(self.limits.times(2)) {
            self.overfull.store(false, Ordering::Relaxed);
        }
        if self.filled.load(Ordering::Relaxed) && state.is_within(self.limits.half()) {
            self.filled.store(false, Ordering::Relaxed);
        }
        if self.is_bursting() && state.fits(0, self.limits) {
            self.bursting.store(false, Ordering::Relaxed);
        }
        let is_empty = state.queue.is_empty();
        if state.waiting + state.giving_way > 0 {
            drop(state);
            self.changed.notify_waiters();
        }
        is_empty
    }

    /// Counts what was never queued here and is still to be written: the transport will say that it is done.
    pub(crate) fn owe(&self, unsent: Amount) {
        let mut state = self.lock();
        state.packets += unsent.packets;
        state.bytes += unsent.bytes;
    }

    /// Takes no more packets; what is queued is still sent.
    pub(crate) fn refuse(&self) {
        self.lock().refusing = true;
        self.changed.notify_waiters();
    }

    /// True when no packets are taken any more.
    pub(crate) fn is_refusing(&self) -> bool {
        self.lock().refusing
    }

    /// Lets messages from this size on be compressed for the client, which has agreed to it.
    pub(crate) fn set_deflate_from(&self, threshold: usize) {
        deflate::set_used();
        self.deflate_from.store(u32::try_from(threshold).unwrap_or(NEVER), Ordering::Relaxed);
    }

    /// The size from which on messages are compressed for the client, if they are.
    pub(crate) fn deflate_from(&self) -> Option<usize> {
        let threshold = self.deflate_from.load(Ordering::Relaxed);
        usize::try_from(threshold).ok().filter(|_| threshold != NEVER)
    }

    /// Compresses a packet for the client, if it has agreed to that. To be called without a lock: it takes time.
    #[inline]
    pub(crate) fn prepare(&self, entry: &mut Entry) {
        if entry.frames.len() > self.deflate_from.load(Ordering::Relaxed) as usize
            && let Some(threshold) = self.deflate_from()
        {
            entry.deflate(threshold);
        }
    }

    pub(crate) fn set_transport(&self, transport: TransportKind) {
        self.lock().transport = Some(transport);
        self.changed.notify_waiters();
    }

    /// Waits while polling is used and `is_wanted` says that it is worth waiting for another transport.
    pub(crate) async fn until_upgraded(&self, is_wanted: impl Fn() -> bool) {
        let is_over = || self.transport() != TransportKind::Polling || self.is_refusing() || !is_wanted();
        until(&self.changed, || is_over().then_some(())).await;
    }

    /// The transport that the session uses now.
    pub(crate) fn transport(&self) -> TransportKind {
        self.lock().transport.unwrap_or(TransportKind::Polling)
    }

    /// Drops what is queued; later packets are refused, senders that wait are released.
    pub(crate) fn close(&self) {
        let mut state = self.lock();
        state.refusing = true;
        let queue = std::mem::take(&mut state.queue);
        drop(state);
        drop(queue);
        self.changed.notify_waiters();
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // No user code runs under this lock, and every update is complete before the next statement.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Returns whether there is room for so many bytes. A packet that alone exceeds the limit may go when nothing
    /// else waits: it could never go otherwise.
    fn fits(&self, size: usize, limits: QueueLimits) -> bool {
        self.packets < limits.packets && (self.bytes + size <= limits.bytes || self.packets == 0)
    }

    fn is_within(&self, limits: QueueLimits) -> bool {
        self.packets <= limits.packets && self.bytes <= limits.bytes
    }

    fn enqueue(&mut self, entry: Entry) {
        self.must_stay_plain |= !entry.compress;
        let frames = entry.into_frames();
        self.bytes += frames.len();
        self.packets += 1;
        self.queue.push(frames);
    }
}

#[cfg(test)]
mod tests;
