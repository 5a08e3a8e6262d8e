//! Nodes that write down what happens to them.

#![allow(dead_code, reason = "not every test needs all of it")]

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::time::Duration;

use bytes::Bytes;
use serde_json::value::{RawValue, to_raw_value};
use sio_cluster::protocol::broadcast::Target;
use sio_cluster::protocol::message::{Deed, Query};
use sio_cluster::protocol::room_topic::topic_of;
use sio_cluster::{
    Address, AskedHere, Asker, BoxFuture, Cluster, ClusterEvent, Local, NodeId, Options, Packet,
};
use sio_core::engine::frame::{Frames, write_binary_frame};
use sio_core::id::Sid;
use tokio::sync::Notify;
use tokio::time::{Instant, timeout};

/// Topics of rooms, where there are any.
pub(crate) const TOPICS: u16 = 64;

/// How long anything may take: far more than it does.
const DEADLINE: Duration = Duration::from_secs(60);

/// Writes down what happens to a node.
#[derive(Default)]
pub(crate) struct Journal {
    entries: Mutex<Entries>,
    changed: Notify,
    /// True if the receiving task is held at the next event.
    is_held: Mutex<bool>,
    released: Condvar,
    /// How long answers take, in milliseconds.
    pub(crate) answers_after: AtomicU64,
    /// The sockets that a question reaches.
    pub(crate) sockets: Mutex<Vec<Sid>>,
}

#[derive(Default)]
pub(crate) struct Entries {
    /// Sender and number of every event, and when it came.
    pub(crate) news: Vec<(u64, u64, Instant)>,
    /// Path and rooms of every event and change.
    pub(crate) addresses: Vec<(String, Vec<String>)>,
    pub(crate) packets: Vec<Packet>,
    pub(crate) deeds: Vec<Deed>,
    pub(crate) events: Vec<(ClusterEvent, Instant)>,
    pub(crate) server_events: Vec<(NodeId, String, String)>,
    pub(crate) queries: Vec<Query>,
    /// Those who have asked, and what.
    pub(crate) askers: Vec<(Asker, Packet)>,
    /// How often nobody waited for the answers to a question any more.
    pub(crate) released: Arc<AtomicU64>,
}

/// Counts that it is dropped.
struct Hold(Arc<AtomicU64>);

impl Drop for Hold {
    fn drop(&mut self) {
        self.0.fetch_add(1, Relaxed);
    }
}

impl Journal {
    pub(crate) fn read(&self) -> MutexGuard<'_, Entries> {
        self.entries.lock().expect("no test panics with it")
    }

    fn write(&self, write: impl FnOnce(&mut Entries)) {
        write(&mut self.read());
        self.changed.notify_waiters();
    }

    /// Holds the receiving task at the next event, or releases it.
    pub(crate) fn hold(&self, is_held: bool) {
        *self.is_held.lock().expect("no test panics with it") = is_held;
        self.released.notify_all();
    }

    /// Waits until this is so.
    pub(crate) async fn until(&self, what: &str, is_so: impl Fn(&Entries) -> bool) {
        let wait = async {
            loop {
                let mut changed = std::pin::pin!(self.changed.notified());
                changed.as_mut().enable();
                if is_so(&self.read()) {
                    return;
                }
                changed.await;
            }
        };
        if timeout(DEADLINE, wait).await.is_err() {
            let entries = self.read();
            let events: Vec<_> = entries.events.iter().map(|(event, _)| event).collect();
            panic!(
                "waited for: {what}; {} news, {} packets, {} deeds, {} server events, {events:?}",
                entries.news.len(),
                entries.packets.len(),
                entries.deeds.len(),
                entries.server_events.len()
            );
        }
    }

    /// The numbers that came from this sender, in order of arrival.
    pub(crate) fn numbers(&self, sender: u64) -> Vec<u64> {
        self.read().news.iter().filter(|(from, ..)| *from == sender).map(|(_, number, _)| *number).collect()
    }

    pub(crate) fn lost(&self) -> u64 {
        self.read().lost()
    }

    pub(crate) fn count(&self, is_one: impl Fn(&ClusterEvent) -> bool) -> usize {
        self.read().count(is_one)
    }

    /// When an event of this kind came last.
    pub(crate) fn last(&self, is_one: impl Fn(&ClusterEvent) -> bool) -> Option<Instant> {
        self.read().events.iter().rev().find(|(event, _)| is_one(event)).map(|(_, at)| *at)
    }
}

impl Entries {
    /// How many frames were reported as lost.
    pub(crate) fn lost(&self) -> u64 {
        let lost = self.events.iter().map(|(event, _)| match event {
            ClusterEvent::Lost { frames, .. } => *frames,
            _ => 0,
        });
        lost.sum()
    }

    /// Events of the cluster of this kind.
    pub(crate) fn count(&self, is_one: impl Fn(&ClusterEvent) -> bool) -> usize {
        self.events.iter().filter(|(event, _)| is_one(event)).count()
    }
}

impl Local for Journal {
    fn broadcast(&self, to: &Address<'_>, packet: Packet) {
        let is_held = || self.is_held.lock().expect("no test panics with it");
        let must_wait = *is_held();
        if must_wait {
            // A worker that only stood still could be the one that looks at the network for all of them.
            tokio::task::block_in_place(|| {
                drop(
                    self.released.wait_while(is_held(), |is_held| *is_held).expect("no test panics with it"),
                );
            });
        }
        let rooms = to.target.rooms.iter().map(|room| room.to_string()).collect();
        self.write(|entries| {
            let payload =
                Frames::new(packet.run.clone()).next().map(|(_, payload)| payload).unwrap_or_default();
            if let (Some((sender, rest)), true) = (payload.split_first_chunk::<8>(), payload.len() >= 16) {
                let number = u64::from_le_bytes(rest[..8].try_into().expect("eight bytes"));
                entries.news.push((u64::from_le_bytes(*sender), number, Instant::now()));
            }
            entries.addresses.push((to.path.to_owned(), rooms));
            // Large ones would be kept by the thousand.
            if packet.run.len() < 1024 {
                entries.packets.push(packet);
            }
        });
    }

    fn ask(&self, _: &Address<'_>, packet: Packet, asker: &Asker) -> AskedHere {
        let sids = self.sockets.lock().expect("no test panics with it").clone();
        let hold = Hold(Arc::clone(&self.read().released));
        self.write(|entries| entries.askers.push((asker.clone(), packet)));
        AskedHere { sids, hold: Some(Box::new(hold)) }
    }

    fn change(&self, to: &Address<'_>, deed: &Deed) -> usize {
        let rooms = to.target.rooms.iter().map(|room| room.to_string()).collect();
        self.write(|entries| {
            entries.addresses.push((to.path.to_owned(), rooms));
            entries.deeds.push(deed.clone());
        });
        3
    }

    fn query(&self, query: Query) -> BoxFuture<Vec<Box<RawValue>>> {
        let after = Duration::from_millis(self.answers_after.load(Relaxed));
        let items = match &query {
            // More than a page.
            Query::Rooms(_) => (0..3).map(|n| raw(&format!("{n}{}", "x".repeat(200_000)))).collect(),
            _ => vec![raw(&5)],
        };
        self.write(|entries| entries.queries.push(query));
        Box::pin(async move {
            tokio::time::sleep(after).await;
            items
        })
    }

    fn server_event(
        &self,
        from: NodeId,
        path: &str,
        event: &str,
        args: Box<RawValue>,
    ) -> BoxFuture<Option<Box<RawValue>>> {
        self.write(|entries| {
            entries.server_events.push((from, format!("{path} {event}"), args.get().to_owned()))
        });
        Box::pin(async move { Some(args) })
    }

    fn event(&self, event: ClusterEvent) {
        self.write(|entries| entries.events.push((event, Instant::now())));
    }

    fn sockets(&self) -> u64 {
        7
    }
}

pub(crate) fn raw<T: serde::Serialize + ?Sized>(value: &T) -> Box<RawValue> {
    to_raw_value(value).expect("JSON")
}

/// Waits until this is so, of which nobody is told.
pub(crate) async fn eventually(what: &str, is_so: impl Fn() -> bool) {
    let wait = async {
        while !is_so() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    assert!(timeout(DEADLINE, wait).await.is_ok(), "waited for: {what}");
}

/// Rooms of which no two have the same topic.
pub(crate) fn rooms<const N: usize>() -> [String; N] {
    let mut rooms: Vec<String> = Vec::new();
    let topic = |room: &str| topic_of("/", room, TOPICS);
    for room in (0..).map(|number| format!("room-{number}")) {
        if rooms.iter().all(|other| topic(other) != topic(&room)) {
            rooms.push(room);
        }
        if rooms.len() == N {
            break;
        }
    }
    rooms.try_into().expect("so many")
}

/// A node and its journal.
pub(crate) struct Node {
    pub(crate) cluster: Arc<Cluster>,
    pub(crate) journal: Arc<Journal>,
    /// The sender that its news name.
    pub(crate) sender: u64,
    sent: AtomicU64,
}

impl Node {
    /// A node that has entered.
    pub(crate) async fn start(options: Options) -> Self {
        let node = Self::new(&options);
        node.cluster.start(node.journal.clone()).await.expect("the node starts");
        node
    }

    pub(crate) fn new(options: &Options) -> Self {
        let cluster = Cluster::new(options).expect("the options can be");
        let sender = cluster.me().get();
        Self { cluster, journal: Arc::default(), sender, sent: AtomicU64::new(0) }
    }

    /// Nodes that know each other.
    pub(crate) async fn all<const N: usize>(options: [Options; N]) -> [Self; N] {
        let mut nodes = Vec::new();
        for options in options {
            nodes.push(Self::start(options).await);
        }
        for node in &nodes {
            node.knows(N - 1).await;
        }
        nodes.try_into().unwrap_or_else(|_| unreachable!("one for each"))
    }

    /// Waits until the node knows this many others.
    pub(crate) async fn knows(&self, count: usize) {
        let what = format!("{count} other nodes");
        eventually(&what, || self.cluster.nodes().len() == count).await;
    }

    /// Sends its next number to everybody.
    pub(crate) fn send(&self) -> u64 {
        self.send_to(Target::everybody(), false, 0)
    }

    pub(crate) fn send_to(&self, target: Target<'_>, is_volatile: bool, padding: usize) -> u64 {
        let number = self.sent.fetch_add(1, Relaxed);
        let mut payload = [self.sender.to_le_bytes(), number.to_le_bytes()].concat();
        payload.resize(16 + padding, 0);
        let mut run = Vec::with_capacity(payload.len() + 10);
        write_binary_frame(&mut run, &payload);
        let packet = Packet { is_volatile, ..Packet::new(Bytes::from(run)) };
        self.cluster.publish(&Address { path: "/", target }, &packet).expect("it is not too large");
        number
    }

    /// A first socket joins a room.
    pub(crate) async fn join(&self, room: &str) {
        self.cluster.room_changed("/", room, true);
        self.cluster.settled("/", &[room.to_owned()]).await;
    }

    /// The last one leaves it.
    pub(crate) fn leave(&self, room: &str) {
        self.cluster.room_changed("/", room, false);
    }

    /// Sends its next number to a room.
    pub(crate) fn send_room(&self, room: &str) -> u64 {
        self.send_to(Target::room(room), false, 0)
    }

    /// Waits until this number has come from another node.
    pub(crate) async fn has(&self, other: &Self, number: u64) {
        let what = format!("number {number}");
        let is_it = |(from, came, _): &(u64, u64, Instant)| *from == other.sender && *came == number;
        self.journal.until(&what, |entries| entries.news.iter().any(is_it)).await;
    }

    pub(crate) fn sent(&self) -> u64 {
        self.sent.load(Relaxed)
    }

    /// Waits until everything that `other` has sent has come or was reported as lost, and checks that it came once and
    /// in order. Returns how many were lost.
    pub(crate) async fn has_all_of(&self, other: &Self) -> u64 {
        let count = other.sent();
        let is_complete = |entries: &Entries| {
            let came = entries.news.iter().filter(|(from, ..)| *from == other.sender).count() as u64;
            let lost: u64 = entries
                .events
                .iter()
                .map(|(event, _)| match event {
                    ClusterEvent::Lost { from, frames, .. } if from.get() == other.sender => *frames,
                    _ => 0,
                })
                .sum();
            assert!(came + lost <= count, "{came} came, {lost} are lost of {count}");
            came + lost == count
        };
        self.journal.until(&format!("all {count} of another node"), is_complete).await;
        let numbers = self.journal.numbers(other.sender);
        assert!(numbers.windows(2).all(|pair| pair[0] < pair[1]), "once and in order: {numbers:?}");
        count - numbers.len() as u64
    }
}

pub(crate) const fn is_down(event: &ClusterEvent) -> bool {
    matches!(event, ClusterEvent::BusDown { .. })
}

pub(crate) const fn is_up(event: &ClusterEvent) -> bool {
    matches!(event, ClusterEvent::BusUp { .. })
}

pub(crate) const fn is_node_down(event: &ClusterEvent) -> bool {
    matches!(event, ClusterEvent::NodeDown { .. })
}

pub(crate) const fn is_node_up(event: &ClusterEvent) -> bool {
    matches!(event, ClusterEvent::NodeUp { .. })
}
