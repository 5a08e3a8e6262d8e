//! [`RoomTopics`]: events for a room go to the nodes that have members of it.
//!
//! The rooms of all namespaces are divided among a few [topics](sio_core::cluster::room_topic). A node subscribes those of
//! the rooms that it has, and an event for one room goes to that room's topic; everything else goes to all nodes.
//!
//! **The rule**: an event goes to a topic of rooms only if every node that can have a member of the room has subscribed
//! the topic before the event reaches the broker. So
//!
//! * a socket that joins the first room of a topic is in it at once, and [`RoomTopics::settled`] is waited for before the
//!   program goes on: the broker has confirmed by then. Others learn of the membership later than that;
//! * a change that makes sockets of other nodes join rooms is not confirmed. For [`WIDE`] seconds after it its sender sends
//!   everything for those rooms to all nodes: a node that needs longer is thought dead by all others;
//! * while any node that is alive does not know these topics, or has another number of them, everything goes to all.
//!
//! Order holds as before: what a node sends goes by one connection, whatever the topic, and comes by one connection. Each
//! topic is a lane of its sender, in which receivers see repeats and losses from the first frame on that they get; a mark
//! after it tells of a last one that was lost. Beside its number a frame has that of the next one to everybody: so what a
//! sender repeats after a reconnect does not come behind what followed it, to those who have subscribed only since.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use sio_core::cluster::room_topic::topic_of;
use sio_core::id::Sid;
use tokio::sync::Notify;

use crate::bus::Topic;
use crate::local::Address;
use crate::supervisor::Line;

/// Begins the names of rooms that sockets enter without waiting: those of users.
const HIDDEN: char = '\0';

/// For so many seconds everything goes to all nodes for rooms that sockets of other nodes were made to join.
const WIDE: u8 = 30;

/// For so many seconds a topic stays subscribed of which there is no room any more: rooms come and go.
const IDLE: u8 = 30;

pub(crate) struct RoomTopics {
    count: u16,
    inner: Mutex<Inner>,
    line: Arc<Line>,
    /// Topics were subscribed, or cannot be.
    told: Notify,
    /// All nodes that are alive know the same topics.
    are_common: AtomicBool,
    /// Topics for which everything goes to all nodes.
    wide: AtomicUsize,
}

struct Inner {
    topics: Box<[Entry]>,
    /// There is a connection on which topics are subscribed.
    is_live: bool,
    /// Topics that are subscribed no more, of which the receiver does not know yet.
    left: Vec<u16>,
}

#[derive(Clone, Copy, Default)]
struct Entry {
    /// The rooms of this node that are in it.
    rooms: i64,
    stage: Stage,
    /// Ticks since there were any.
    idle: u8,
    /// Ticks for which everything goes to all.
    wide: u8,
}

#[derive(Clone, Copy, PartialEq, Eq, Default)]
enum Stage {
    #[default]
    Out,
    Asked,
    Subscribed,
}

impl RoomTopics {
    /// None without topics.
    pub(crate) fn new(count: u16, line: &Arc<Line>) -> Option<Self> {
        let inner = Inner {
            topics: vec![Entry::default(); usize::from(count)].into(),
            is_live: false,
            left: Vec::new(),
        };
        (count > 0).then(|| Self {
            count,
            inner: Mutex::new(inner),
            line: Arc::clone(line),
            told: Notify::new(),
            are_common: AtomicBool::new(false),
            wide: AtomicUsize::new(0),
        })
    }

    /// The announcement of a node that knows these topics.
    pub(crate) fn ability(count: u16) -> Option<String> {
        (count > 0).then(|| format!("rooms/{count}"))
    }

    /// A room of this node has got its first member.
    pub(crate) fn created(&self, path: &str, room: &str) {
        let is_new = {
            let mut inner = self.lock();
            let entry = inner.entry(topic_of(path, room, self.count));
            entry.rooms += 1;
            entry.ask()
        };
        if is_new {
            self.line.topics.notify_one();
        }
    }

    /// A room of this node has lost its last member.
    pub(crate) fn deleted(&self, path: &str, room: &str) {
        self.lock().entry(topic_of(path, room, self.count)).rooms -= 1;
    }

    /// Waits until the topics of these rooms are subscribed, or nothing can be: events of that time do not arrive here in
    /// any case, and are counted.
    pub(crate) async fn settled(&self, path: &str, rooms: &[String]) {
        loop {
            let mut told = std::pin::pin!(self.told.notified());
            // Listens before it looks: what is told in between is not missed.
            told.as_mut().enable();
            if self.is_settled(path, rooms) {
                return;
            }
            told.await;
        }
    }

    /// Returns whether these topics are subscribed, or nothing can be; asks for those that are not.
    pub(crate) fn is_settled(&self, path: &str, rooms: &[String]) -> bool {
        let mut inner = self.lock();
        let (mut is_new, mut waits) = (false, false);
        for room in rooms {
            let entry = inner.entry(topic_of(path, room, self.count));
            // Another task may be about to tell that it has created the room.
            is_new |= entry.ask();
            waits |= entry.stage == Stage::Asked;
        }
        if is_new {
            self.line.topics.notify_one();
        }
        !waits || !inner.is_live
    }

    /// The topics to be subscribed from now on, for a connection that is there.
    pub(crate) fn topics(&self) -> Vec<Topic> {
        let mut inner = self.lock();
        inner.is_live = true;
        let mut topics = Vec::new();
        let Inner { topics: entries, left, .. } = &mut *inner;
        for (number, entry) in (0..).zip(entries) {
            if entry.rooms <= 0 && entry.idle >= IDLE && entry.stage != Stage::Out {
                entry.stage = Stage::Out;
                left.push(number);
            } else if entry.stage != Stage::Out {
                topics.push(Topic::Rooms(number));
            }
        }
        topics
    }

    pub(crate) fn subscribed(&self, topics: &[Topic]) {
        {
            let mut inner = self.lock();
            for topic in topics {
                if let Topic::Rooms(number) = topic {
                    inner.entry(*number).stage = Stage::Subscribed;
                }
            }
        }
        self.told.notify_waiters();
    }

    /// Nobody waits any more.
    pub(crate) fn cut(&self) {
        self.lock().is_live = false;
        self.told.notify_waiters();
    }

    /// Nothing comes any more of the topics that were left. The receiver learns of it behind what has come before; if its
    /// queue is full, by the next tick.
    pub(crate) fn left(&self) {
        let left = &mut self.lock().left;
        while left.last().is_some_and(|topic| self.line.queue.mark_left(*topic)) {
            left.pop();
        }
    }

    /// To be called about every second.
    pub(crate) fn tick(&self, is_up: bool) {
        let mut inner = self.lock();
        let mut wide = 0;
        for entry in &mut inner.topics {
            entry.idle = if entry.rooms > 0 { 0 } else { entry.idle.saturating_add(1) };
            // Messages to others are held while there is no broker.
            entry.wide = entry.wide.saturating_sub(u8::from(is_up));
            wide += usize::from(entry.wide > 0);
        }
        self.wide.store(wide, Relaxed);
        drop(inner);
        self.left();
    }

    pub(crate) fn set_common(&self, are_common: bool) {
        self.are_common.store(are_common, Relaxed);
    }

    /// Sockets of other nodes are made to join these rooms.
    pub(crate) fn widen(&self, path: &str, rooms: &[String]) {
        let mut inner = self.lock();
        for room in rooms {
            let entry = inner.entry(topic_of(path, room, self.count));
            if entry.wide == 0 {
                self.wide.fetch_add(1, Relaxed);
            }
            entry.wide = WIDE;
        }
    }

    /// The topic to which an event may go; `None`: to all.
    pub(crate) fn topic(&self, to: &Address<'_>) -> Option<Topic> {
        let room = to.target.single().filter(|room| !room.starts_with(HIDDEN))?;
        // A socket's own room is on no list.
        if !self.are_common.load(Relaxed) || room.parse::<Sid>().is_ok() {
            return None;
        }
        let topic = topic_of(to.path, room, self.count);
        let is_wide = self.wide.load(Relaxed) > 0 && self.lock().entry(topic).wide > 0;
        (!is_wide).then_some(Topic::Rooms(topic))
    }

    /// How many are subscribed.
    pub(crate) fn len(&self) -> usize {
        self.lock().topics.iter().filter(|entry| entry.stage == Stage::Subscribed).count()
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn entry(&mut self, topic: u16) -> &mut Entry {
        &mut self.topics[usize::from(topic)]
    }
}

impl Entry {
    /// Returns whether it is to be subscribed now.
    fn ask(&mut self) -> bool {
        self.idle = 0;
        let is_new = self.stage == Stage::Out;
        if is_new {
            self.stage = Stage::Asked;
        }
        is_new
    }
}
