//! [`Outbox`]: what waits for the broker, and what it has taken a moment ago.
//!
//! ```text
//!  push ──► waiting ──► under way ──► tail ──► gone
//!                       given to      taken by the broker
//!                       the link      less than 2 s ago
//! ```
//!
//! After a reconnect the tail is sent again, since the broker may have died before it passed it on; then what was under
//! way, then what was held. Receivers drop what they have.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use sio_core::cluster::frame::{Flags, Header, LANE_ALL};
use sio_core::cluster::lane::{Lane, Outgoing};
use sio_core::cluster::node::NodeId;
use tokio::sync::Notify;

use crate::bus::{Frame, Topic};
use crate::counters::Counters;

/// Frames that wait while there is a broker.
const UP_FRAMES: usize = 65_536;

/// Bytes of them.
const UP_BYTES: usize = 32 << 20;

/// How long what the broker has taken is kept.
const TAIL: Duration = Duration::from_secs(2);

/// Bytes of it.
const TAIL_BYTES: usize = 1 << 20;

/// Frames that are given to the link at once.
const BATCH: usize = 256;

/// Bytes of them: the broker must take a batch within three seconds.
const BATCH_BYTES: usize = 1 << 20;

#[derive(Debug)]
pub(crate) struct Outbox {
    inner: Mutex<Inner>,
    counters: Arc<Counters>,
    /// Something waits.
    pub(crate) ready: Notify,
    /// Some of what waited has gone.
    room: Notify,
    hold: Duration,
    hold_bytes: usize,
}

#[derive(Debug)]
struct Inner {
    stage: Stage,
    lanes: Outgoing,
    waiting: VecDeque<Entry>,
    /// Bytes of those that wait.
    bytes: usize,
    under_way: Vec<Entry>,
    tail: VecDeque<Entry>,
    tail_bytes: usize,
    /// Nodes among which the broker's memory is divided.
    nodes: usize,
    /// The time of the last tick: the clock is read once a second, not for every frame.
    now: Instant,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// There is no broker.
    Down,
    Up,
    /// Nothing more is sent, ever.
    Closed,
}

#[derive(Debug, Clone)]
struct Entry {
    frame: Frame,
    /// It only tells of the node, and is not sent again.
    is_control: bool,
    /// Since when it is held; for the tail, when the broker took it.
    since: Option<Instant>,
}

/// The treatment of a frame while there is no broker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// It is held.
    Held,
    /// It is dropped.
    Volatile,
    /// It is dropped, and takes no number: it only tells of the node.
    Control,
}

/// The result of a reconnect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Begun {
    /// Frames that are sent again.
    pub(crate) resent: u64,
}

impl Outbox {
    pub(crate) fn new(hold: Duration, hold_bytes: usize, counters: Arc<Counters>, now: Instant) -> Self {
        let inner = Inner {
            stage: Stage::Down,
            lanes: Outgoing::default(),
            waiting: VecDeque::new(),
            bytes: 0,
            under_way: Vec::new(),
            tail: VecDeque::new(),
            tail_bytes: 0,
            nodes: 1,
            now,
        };
        Self {
            inner: Mutex::new(inner),
            counters,
            ready: Notify::new(),
            room: Notify::new(),
            hold,
            hold_bytes,
        }
    }

    /// Takes a frame, whose place in its lane is put in here. Never waits. Returns lane and number, unless none was
    /// taken.
    pub(crate) fn push(&self, topic: Topic, mut payload: Vec<u8>, kind: Kind) -> Option<(u32, u64)> {
        let mut inner = self.lock();
        match (inner.stage, kind) {
            (Stage::Closed, _) | (Stage::Down, Kind::Control) => return None,
            (Stage::Down, Kind::Volatile) => {
                self.counters.volatile_dropped(1);
                return None;
            }
            _ => {}
        }
        let is_up = inner.stage == Stage::Up;
        let is_full = inner.waiting.len() >= UP_FRAMES || inner.bytes + payload.len() > UP_BYTES;
        let (lane, number) = match kind {
            Kind::Control => match lane_of(&topic) {
                Lane::Rooms(rooms) => inner.lanes.next_to_rooms(rooms),
                Lane::All | Lane::Node(_) => (LANE_ALL, inner.lanes.next()),
            },
            Kind::Held | Kind::Volatile => {
                let (to, now) = (lane_of(&topic), inner.now);
                inner.lanes.take(to, now)
            }
        };
        if is_up && is_full {
            // The number is used up: receivers see the gap.
            if kind != Kind::Control {
                self.counters.queue_dropped(1);
            }
            return Some((lane, number));
        }
        Header::place(&mut payload, lane, number);
        if kind != Kind::Control && matches!(topic, Topic::Rooms(_)) {
            Header::place_before(&mut payload, inner.lanes.next());
        }
        if !is_up {
            Header::mark(&mut payload, Flags::LATE);
        }
        inner.bytes += payload.len();
        let since = (!is_up).then(now);
        inner.waiting.push_back(Entry {
            frame: Frame { topic, payload: payload.into() },
            is_control: kind == Kind::Control,
            since,
        });
        if is_up {
            drop(inner);
            self.ready.notify_one();
        } else {
            self.prune(&mut inner, since.expect("frames that are held have a time"));
        }
        Some((lane, number))
    }

    /// Uses up a number: nobody is known who would receive the frame, but one who was only thought to be dead is to
    /// know that it has missed it.
    pub(crate) fn skip(&self) -> u64 {
        let mut inner = self.lock();
        let now = inner.now;
        inner.lanes.take(Lane::All, now).1
    }

    /// Returns the number that the next frame to everybody will have.
    pub(crate) fn next_number(&self) -> u64 {
        self.lock().lanes.next()
    }

    /// Returns frames for the link; none if none wait.
    pub(crate) fn take(&self) -> Vec<Frame> {
        let mut inner = self.lock();
        let (mut count, mut bytes) = (0, 0);
        for entry in inner.waiting.iter().take(BATCH) {
            let size = entry.frame.payload.len();
            if count > 0 && bytes + size > BATCH_BYTES {
                break;
            }
            count += 1;
            bytes += size;
        }
        inner.bytes -= bytes;
        let batch: Vec<Entry> = inner.waiting.drain(..count).collect();
        let frames = batch.iter().map(|entry| entry.frame.clone()).collect();
        inner.under_way = batch;
        frames
    }

    /// The broker has taken what was under way.
    pub(crate) fn confirmed(&self, now: Instant) {
        let mut inner = self.lock();
        let mut taken = std::mem::take(&mut inner.under_way);
        self.counters.sent(taken.len() as u64);
        for mut entry in taken.drain(..).filter(|entry| !entry.is_control && !entry.is_foreign()) {
            entry.since = Some(now);
            inner.tail_bytes += entry.frame.payload.len();
            inner.tail.push_back(entry);
        }
        // Its memory serves the next batch.
        inner.under_way = taken;
        let most = TAIL_BYTES.min(self.most_held(&inner));
        inner.prune_tail(now, TAIL, most);
        drop(inner);
        self.room.notify_waiters();
    }

    /// The broker is gone: from now on things are held.
    pub(crate) fn down(&self, now: Instant) {
        let mut inner = self.lock();
        if inner.stage == Stage::Closed {
            return;
        }
        inner.stage = Stage::Down;
        inner.now = now;
        inner.prune_tail(now, TAIL, usize::MAX);
        // Volatile frames among them have numbers, so they are held as well.
        inner.under_way.retain(|entry| entry.may_repeat(&self.counters));
        inner.waiting.retain(|entry| !entry.is_control);
        let Inner { under_way, waiting, .. } = &mut *inner;
        under_way.iter_mut().chain(waiting.iter_mut()).for_each(|entry| {
            entry.since.get_or_insert(now);
        });
        inner.bytes = inner.waiting.iter().map(|entry| entry.frame.payload.len()).sum();
        self.prune(&mut inner, now);
    }

    /// The number that a HELLO has to carry: that of the first frame to everybody which will be sent, so that receivers
    /// do not take what was held for lost.
    pub(crate) fn first_number(&self, now: Instant) -> u64 {
        let mut inner = self.lock();
        inner.now = now;
        // A frame that was sent, and is not sent again for its age, is no loss.
        inner.prune_tail(now, self.hold + TAIL, usize::MAX);
        self.prune(&mut inner, now);
        let mut all = inner.tail.iter().chain(&inner.under_way).chain(&inner.waiting);
        let first = all.find(|entry| entry.frame.topic == Topic::All);
        first.map_or_else(|| inner.lanes.next(), |entry| number_of(&entry.frame))
    }

    /// The broker is back: sends the tail again, then what was under way, then what was held.
    pub(crate) fn up(&self, now: Instant) -> Begun {
        let mut inner = self.lock();
        if inner.stage == Stage::Closed {
            return Begun { resent: 0 };
        }
        let Inner { tail, under_way, waiting, .. } = &mut *inner;
        let resent = tail.len() + under_way.len();
        let mut again = std::mem::take(tail);
        again.extend(under_way.drain(..));
        again.append(waiting);
        again.iter_mut().for_each(|entry| entry.since = None);
        inner.now = now;
        inner.tail_bytes = 0;
        inner.bytes = again.iter().map(|entry| entry.frame.payload.len()).sum();
        inner.waiting = again;
        inner.stage = Stage::Up;
        drop(inner);
        self.counters.resent(resent as u64);
        self.ready.notify_one();
        Begun { resent: resent as u64 }
    }

    /// To be called about every second.
    pub(crate) fn tick(&self, now: Instant) {
        let mut inner = self.lock();
        inner.now = now;
        inner.lanes.forget(now);
        match inner.stage {
            Stage::Up => inner.prune_tail(now, TAIL, usize::MAX),
            Stage::Down => self.prune(&mut inner, now),
            Stage::Closed => {}
        }
    }

    /// The nodes among which the broker's memory is divided, this one included.
    pub(crate) fn set_nodes(&self, nodes: usize) {
        self.lock().nodes = nodes.max(1);
    }

    /// The lanes to single nodes, for a heartbeat that is pushed next.
    pub(crate) fn lanes_to_nodes(&self) -> BTreeMap<NodeId, (u32, u64)> {
        self.lock().lanes.nodes()
    }

    /// The topics of rooms whose next number is to be told now, at each heartbeat.
    pub(crate) fn rooms_to_mark(&self) -> Vec<u16> {
        self.lock().lanes.rooms_to_mark()
    }

    /// Sends nothing more.
    pub(crate) fn close(&self) {
        let mut inner = self.lock();
        inner.stage = Stage::Closed;
        inner.waiting.clear();
        inner.tail.clear();
        inner.under_way.clear();
        inner.bytes = 0;
        inner.tail_bytes = 0;
        drop(inner);
        self.room.notify_waiters();
        self.ready.notify_one();
    }

    pub(crate) fn is_up(&self) -> bool {
        self.lock().stage == Stage::Up
    }

    /// How much waits.
    pub(crate) fn len(&self) -> usize {
        let inner = self.lock();
        inner.waiting.len() + inner.under_way.len()
    }

    /// Waits until half of the queue is empty.
    pub(crate) async fn has_room(&self) {
        self.wait(|inner| inner.waiting.len() < UP_FRAMES / 2 && inner.bytes < UP_BYTES / 2).await;
    }

    /// Waits until the broker has taken everything that was pushed.
    pub(crate) async fn is_sent(&self) {
        self.wait(|inner| inner.waiting.is_empty() && inner.under_way.is_empty()).await;
    }

    async fn wait(&self, is_so: impl Fn(&Inner) -> bool) {
        loop {
            let mut room = std::pin::pin!(self.room.notified());
            // Listens before it looks: room that is made in between is not missed.
            room.as_mut().enable();
            {
                let inner = self.lock();
                if is_so(&inner) || inner.stage == Stage::Closed {
                    return;
                }
            }
            room.await;
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        // Nothing in here panics half-way; and a poisoned outbox would end the node's part in the cluster for good.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The time, of tokio's clock, which tests can stop.
pub(crate) fn now() -> Instant {
    tokio::time::Instant::now().into_std()
}

const fn lane_of(topic: &Topic) -> Lane {
    match topic {
        Topic::Node(node) => Lane::Node(*node),
        Topic::Rooms(rooms) => Lane::Rooms(*rooms),
        _ => Lane::All,
    }
}

fn number_of(frame: &Frame) -> u64 {
    Header::read(&frame.payload).map_or(0, |(header, _)| header.number)
}

mod bounds;
mod foreign;
#[cfg(test)]
mod tests;
