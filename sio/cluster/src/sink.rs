//! [`Sink`]: where a connection puts what arrives.

use std::fmt;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use sio_core::cluster::bundle;
use sio_core::cluster::frame::{HEADER_LEN, Kind};
use sio_core::cluster::node::NodeId;
use tokio::sync::{Notify, mpsc};

use crate::error::BusError;
use crate::names::Topic;
use crate::signing::{Signing, Verdict};

/// Frames that wait to be received. Redis ends the connection of a subscriber for whom 32 MB wait; so much may wait
/// here too.
const MAX_FRAMES: usize = 16_384;

/// Bytes of them.
const MAX_BYTES: usize = 32 << 20;

/// Where a connection puts what arrives. Every connection has one of its own.
///
/// It never waits: what has no room is dropped and counted, and the gap in the numbers is found by the receiver.
#[derive(Clone)]
pub struct Sink {
    queue: Arc<Queue>,
    end: Arc<End>,
    /// Which of this node's connections it belongs to.
    epoch: u64,
}

/// The state that all connections of a node share.
pub(crate) struct Queue {
    me: NodeId,
    /// Judges what comes from this cluster, if it has a secret.
    pub(crate) signing: Option<Arc<Signing>>,
    sender: mpsc::Sender<Arrived>,
    bytes: AtomicUsize,
    dropped: AtomicU64,
    /// How often this node has heard its own heartbeat.
    echoes: AtomicU64,
    epoch: AtomicU64,
}

/// How a connection has ended. The end of an old connection must not end the new one, so each has its own.
#[derive(Default)]
struct End {
    reason: OnceLock<BusError>,
    told: Notify,
}

/// An item in the queue.
pub(crate) enum Arrived {
    /// A frame, and the connection on which it came.
    Frame { payload: Bytes, epoch: u64 },
    /// A message of another kind of cluster, and the topic under which it came.
    Foreign { topic: Topic, payload: Bytes },
    /// Everything before this had waited at the broker, perhaps for long.
    Fresh,
    /// Of this topic of rooms nothing comes any more.
    Left(u16),
}

impl Sink {
    /// Takes a frame that was published under this topic.
    pub fn frame(&self, topic: &Topic, payload: Bytes) {
        if !topic.is_native() {
            return self.queue_up(payload.len(), Arrived::Foreign { topic: topic.clone(), payload });
        }
        let is_own = self.is_own(&payload);
        let is_echo = is_own && payload.get(2) == Some(&Kind::Alive.code());
        // A message that comes no further needs no proof.
        if (is_own && !is_echo) || !self.queue.admits(topic, &payload) {
            return;
        }
        if is_echo {
            self.queue.echoes.fetch_add(1, Relaxed);
            return;
        }
        if bundle::is_bundle(&payload) {
            // Copied: one event that waits for a slow client must not hold all the others in memory.
            bundle::frames(&payload).for_each(|frame| self.put(Bytes::copy_from_slice(frame)));
        } else {
            self.put(payload);
        }
    }

    fn put(&self, payload: Bytes) {
        let size = payload.len();
        self.queue_up(size, Arrived::Frame { payload, epoch: self.epoch });
    }

    fn queue_up(&self, size: usize, arrived: Arrived) {
        // Counted first: the receiver may take it away at once.
        let waiting = self.queue.bytes.fetch_add(size, Relaxed);
        if waiting + size > MAX_BYTES || self.queue.sender.try_send(arrived).is_err() {
            self.queue.bytes.fetch_sub(size, Relaxed);
            self.queue.dropped.fetch_add(1, Relaxed);
        }
    }

    /// Says that the connection has ended, and why. Only the first reason counts.
    pub fn closed(&self, reason: BusError) {
        let _ = self.end.reason.set(reason);
        self.end.told.notify_one();
    }

    /// Waits until the connection has ended.
    pub(crate) async fn ended(&self) -> BusError {
        loop {
            if let Some(reason) = self.end.reason.get() {
                return reason.clone();
            }
            self.end.told.notified().await;
        }
    }

    /// Returns whether a frame is this node's own, which a broker brings back: eight bytes of the header tell.
    fn is_own(&self, payload: &[u8]) -> bool {
        payload.len() >= HEADER_LEN && payload[4..12] == self.queue.me.get().to_le_bytes()
    }
}

impl fmt::Debug for Sink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sink").field("epoch", &self.epoch).finish_non_exhaustive()
    }
}

impl Queue {
    pub(crate) fn new(me: NodeId, signing: Option<Signing>) -> (Arc<Self>, mpsc::Receiver<Arrived>) {
        let (sender, receiver) = mpsc::channel(MAX_FRAMES);
        let queue = Self {
            me,
            signing: signing.map(Arc::new),
            sender,
            bytes: AtomicUsize::new(0),
            dropped: AtomicU64::new(0),
            echoes: AtomicU64::new(0),
            epoch: AtomicU64::new(0),
        };
        (Arc::new(queue), receiver)
    }

    /// The sink of a new connection.
    pub(crate) fn sink(self: &Arc<Self>) -> Sink {
        let epoch = self.epoch.fetch_add(1, Relaxed) + 1;
        Sink { queue: Arc::clone(self), end: Arc::default(), epoch }
    }

    fn admits(&self, topic: &Topic, message: &[u8]) -> bool {
        self.signing.as_ref().is_none_or(|signing| signing.judge(topic, message) == Verdict::Taken)
    }

    /// Which connection is the newest.
    pub(crate) fn epoch(&self) -> u64 {
        self.epoch.load(Relaxed)
    }

    pub(crate) fn taken(&self, size: usize) {
        self.bytes.fetch_sub(size, Relaxed);
    }

    /// Marks that everything before this had waited. Returns whether there was room for the mark.
    pub(crate) fn mark_fresh(&self) -> bool {
        self.sender.try_send(Arrived::Fresh).is_ok()
    }

    /// Marks that of a topic of rooms nothing comes any more. Returns whether there was room for the mark.
    pub(crate) fn mark_left(&self, topic: u16) -> bool {
        self.sender.try_send(Arrived::Left(topic)).is_ok()
    }

    pub(crate) fn dropped(&self) -> u64 {
        self.dropped.load(Relaxed)
    }

    pub(crate) fn echoes(&self) -> u64 {
        self.echoes.load(Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use sio_core::cluster::frame::{Flags, Header, LANE_ALL};

    use super::*;

    fn frame(source: u64, kind: Kind, body: usize) -> Bytes {
        let header =
            Header { kind, flags: Flags::NONE, source: NodeId::new(source), lane: LANE_ALL, number: 0 };
        let mut frame = header.begin(body);
        frame.resize(HEADER_LEN + body, 0);
        frame.into()
    }

    #[test]
    fn what_has_no_room_is_dropped_and_counted() {
        let (queue, mut receiver) = Queue::new(NodeId::new(1), None);
        let sink = queue.sink();
        let large = frame(2, Kind::Broadcast, MAX_BYTES / 2 - HEADER_LEN);
        for _ in 0..3 {
            sink.frame(&Topic::All, large.clone());
        }
        assert_eq!(queue.dropped(), 1);
        let Ok(Arrived::Frame { payload, .. }) = receiver.try_recv() else { panic!("a frame") };
        queue.taken(payload.len());
        sink.frame(&Topic::All, large);
        assert_eq!(queue.dropped(), 1);
        let small = frame(2, Kind::Broadcast, 0);
        for _ in 0..MAX_FRAMES {
            sink.frame(&Topic::All, small.clone());
        }
        assert!(queue.dropped() > 1 && receiver.len() <= MAX_FRAMES);
    }

    #[test]
    fn a_nodes_own_frames_come_no_further_and_its_heartbeats_are_counted() {
        let (queue, mut receiver) = Queue::new(NodeId::new(1), None);
        let sink = queue.sink();
        sink.frame(&Topic::All, frame(1, Kind::Alive, 0));
        sink.frame(&Topic::All, frame(1, Kind::Broadcast, 5));
        assert!(receiver.try_recv().is_err());
        assert_eq!(queue.echoes(), 1);
    }

    #[test]
    fn what_comes_in_a_bundle_comes_frame_by_frame() {
        let (queue, mut receiver) = Queue::new(NodeId::new(1), None);
        let sink = queue.sink();
        for source in [1, 2] {
            let mut bundle = bundle::Bundle::new(NodeId::new(source), 0);
            (0..3).for_each(|body| bundle.push(&frame(source, Kind::Broadcast, body)));
            sink.frame(&Topic::All, bundle.finish());
        }
        for body in 0..3 {
            let Ok(Arrived::Frame { payload, .. }) = receiver.try_recv() else { panic!("a frame") };
            assert_eq!(payload, frame(2, Kind::Broadcast, body));
        }
        assert!(receiver.try_recv().is_err(), "nothing of this node");
    }

    #[tokio::test]
    async fn the_end_of_an_old_connection_does_not_reach_the_new_one() {
        let (queue, _receiver) = Queue::new(NodeId::new(1), None);
        let (old, new) = (queue.sink(), queue.sink());
        old.closed(BusError::new("first"));
        old.closed(BusError::new("second"));
        assert_eq!(old.ended().await, BusError::new("first"));
        assert_eq!(old.ended().await, BusError::new("first"), "again");
        tokio::select! {
            biased;
            _ = new.ended() => panic!("the new connection has not ended"),
            () = std::future::ready(()) => {}
        }
        assert_eq!((old.epoch, new.epoch, queue.epoch()), (1, 2, 2));
    }
}
