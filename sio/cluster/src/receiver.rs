//! Takes what arrives from other nodes, one frame after the other, so that the order of each sender is kept.

mod reading;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use serde_json::value::RawValue;
use sio_core::cluster::ask::Ask;
use sio_core::cluster::broadcast::Broadcast;
use sio_core::cluster::frame::{Flags, Header, NoFrame};
use sio_core::cluster::lane::Arrival;
use sio_core::cluster::message::{Cancel, Change, Deed, Page, Query, Request, ServerEvent};
use sio_core::cluster::node::NodeId;
use tokio::sync::{mpsc, watch};

use self::reading::{Message, before, read};
use crate::answering::Answering;
use crate::event::{ClusterEvent, LossCause};
use crate::local::{Address, Local, Packet};
use crate::node::Node;
use crate::outbox::now;
use crate::ring::Missed;
use crate::sink::Arrived;

/// Frames after which other tasks have their turn, so that a flood here leaves the node's own clients served.
const BURST: usize = 64;

/// Between two log lines about what is malformed.
const QUIET: Duration = Duration::from_secs(1);

pub(crate) struct Receiver {
    pub(crate) node: Arc<Node>,
    pub(crate) local: Arc<dyn Local>,
    pub(crate) answering: Arc<Answering>,
    /// When something malformed was logged last.
    pub(crate) warned: Option<Instant>,
}

impl Receiver {
    /// Runs until it is stopped, and returns what it has received from.
    pub(crate) async fn run(
        mut self,
        mut arrived: mpsc::Receiver<Arrived>,
        mut stopped: watch::Receiver<bool>,
    ) -> mpsc::Receiver<Arrived> {
        let node = Arc::clone(&self.node);
        let mut burst = Vec::with_capacity(BURST);
        loop {
            let count = tokio::select! {
                biased;
                // That nobody can stop it any more means the same.
                _ = stopped.wait_for(|is_stopped| *is_stopped) => 0,
                count = arrived.recv_many(&mut burst, BURST) => count,
            };
            if count == 0 {
                return arrived;
            }
            for next in burst.drain(..) {
                // One bad frame, or one bad listener, must not end the node's part in the cluster.
                if catch_unwind(AssertUnwindSafe(|| self.take(next))).is_err() {
                    tracing::error!(target: "sio::cluster", me = %node.me, "panicked at a frame of another node");
                }
            }
            if count == BURST {
                tokio::task::yield_now().await;
            }
        }
    }

    fn take(&mut self, arrived: Arrived) {
        let queue = &self.node.line.queue;
        match arrived {
            Arrived::Frame { payload, epoch } => {
                queue.taken(payload.len());
                self.frame(&payload, epoch);
            }
            Arrived::Foreign { topic, payload } => {
                queue.taken(payload.len());
                self.node.take_foreign(&*self.local, &topic, &payload);
            }
            Arrived::Left(topic) => self.node.state().incoming.forget_rooms(topic),
            Arrived::Fresh => self.node.is_stale.store(false, Relaxed),
        }
    }

    fn frame(&mut self, payload: &Bytes, epoch: u64) {
        let (header, body) = match Header::read(payload) {
            Ok((header, body)) => (header, payload.slice_ref(body)),
            Err(no_frame) => return self.malformed(Some(no_frame), payload.len()),
        };
        let Some((before, body)) = before(&header, body) else { return self.malformed(None, payload.len()) };
        // It is read first: what only looks like the frame of a node does not use up a number of that node.
        let Some(message) = read(&header, &body) else { return self.malformed(None, payload.len()) };
        let counters = &self.node.line.counters;
        counters.received(1);
        let now = now();
        if header.flags.has(Flags::EMITTER) {
            let is_repeat = self.node.state().incoming.is_repeat_of_emitter(header.source, header.number);
            if is_repeat {
                return counters.repeats(1);
            }
            // Nothing else can come of it.
            if matches!(message, Message::Broadcast(_) | Message::Change(_) | Message::ServerEvent(_)) {
                self.act(&header, message);
            }
            return;
        }
        let message = self.changed_early(&header, message);
        // A frame of an earlier connection shows nothing about the present one.
        let is_present = epoch == self.node.line.queue.epoch();
        // A client is given away only when sockets here have the event: then all that is known goes with the client.
        let is_event = matches!(message, Message::Broadcast(_)) && self.node.ring.is_some();
        let delivering =
            is_event.then(|| self.node.delivering.lock().unwrap_or_else(PoisonError::into_inner));
        let lost = {
            let mut state = self.node.state();
            if is_present {
                state.members.heard(header.source, now);
            }
            if state.members.stood_still(now) {
                self.node.is_stale.store(true, Relaxed);
            }
            let incoming = &mut state.incoming;
            if header.kind.is_numbered() {
                let Header { source, lane, number, .. } = header;
                let arrival = match before {
                    Some(before) => incoming.take_of_rooms(source, lane, number, before, now),
                    None => incoming.take(source, lane, number, now),
                };
                match arrival {
                    Arrival::New { lost } => lost,
                    Arrival::Repeat => return counters.repeats(1),
                    Arrival::Late { lost } => {
                        drop(state);
                        return self.lost(source, lost);
                    }
                }
            } else {
                let mut lost = incoming.reach(header.source, header.lane, header.number, now);
                if let Message::Alive(alive) = &message
                    && let Some((lane, next)) = alive.lanes.get(&self.node.me)
                {
                    lost += incoming.reach(header.source, *lane, *next, now);
                }
                lost
            }
        };
        if lost > 0 {
            if let Some(ring) = &self.node.ring {
                // Of a frame that is about the node itself, the lane to everybody; those to one node matter to no ring.
                ring.lose(header.source, header.lane, header.number);
            }
            if delivering.is_none() {
                self.lost(header.source, lost);
            }
        }
        match message {
            Message::Hello(hello) => self.node.introduce(header.kind, header.source, *hello, 0, is_present),
            Message::Alive(alive) => {
                self.node.introduce(header.kind, header.source, alive.hello, alive.sockets, is_present);
            }
            Message::Bye(bye) => {
                let change = {
                    let mut state = self.node.state();
                    // It may have gone without its node having noticed.
                    let is_there =
                        |next: &NodeId| *next != self.node.me && state.members.get(*next).is_some();
                    let next = bye.successor.filter(is_there);
                    state.moved.redirect(header.source, next);
                    state.members.left(header.source, now)
                };
                self.node.apply(change.into_iter().collect());
                if let Some(id) = bye.id {
                    self.node.answer_request(header.source, id, Vec::new());
                }
            }
            Message::Unknown => self.node.line.counters.unknown(1),
            message => self.act(&header, message),
        }
        // The application is told without the lock.
        if delivering.is_some() {
            drop(delivering);
            if lost > 0 {
                self.lost(header.source, lost);
            }
        }
    }

    /// Makes a change before its number is known here: a client that is given away between these gets it once more, and
    /// not never. The lock that events are delivered under is none for the application's listeners for rooms.
    fn changed_early<'a>(&self, header: &Header, message: Message<'a>) -> Message<'a> {
        let Header { source, lane, number, .. } = *header;
        match message {
            Message::Change(change)
                if self.node.ring.is_some()
                    && !self.node.state().incoming.is_repeat(source, lane, number) =>
            {
                self.change(header, change);
                Message::Done
            }
            message => message,
        }
    }

    /// Does what a frame asks for.
    fn act(&self, header: &Header, message: Message<'_>) {
        match message {
            Message::Broadcast(event) => {
                if self.node.pass_on(header, &event) {
                    return;
                }
                let (to, packet) = addressed(header, event);
                if let (Some(ring), Some(offset)) = (&self.node.ring, packet.offset) {
                    let place = Some((header.source, header.lane, header.number));
                    let event = Missed::Event { offset, run: packet.run.clone() };
                    ring.push(to.path, &to.target, event, place, now());
                }
                self.local.broadcast(&to, packet);
            }
            Message::Ask(ask) => self.ask(header, ask),
            Message::Asked(asked) => self.node.asks.asked(header.source, asked),
            Message::Answers(answers) => self.node.asks.answered(header.source, answers),
            Message::Cancel(Cancel { ask }) => self.node.replies.cancel(header.source, ask),
            Message::Change(change) => self.change(header, change),
            Message::Request(request) => self.request(header.source, request),
            Message::Page(Page { id, page, last, items }) => {
                self.node.requests.page(id, header.source, page, last, items);
            }
            Message::ServerEvent(event) => self.server_event(header.source, event),
            Message::Claim(claim) => self.node.claimed(&*self.local, header.source, &claim),
            Message::Handed(handed) => self.node.handed(&*self.local, header.source, *handed),
            Message::Hello(_) | Message::Alive(_) | Message::Bye(_) | Message::Unknown | Message::Done => {}
        }
    }

    fn change(&self, header: &Header, change: Change) {
        if let (Some(ring), Deed::Join(_) | Deed::Leave(_)) = (&self.node.ring, &change.deed) {
            let place = Some((header.source, header.lane, header.number));
            let kept = Missed::Change(change.deed.clone());
            // Before it is passed on: the client may be on its way back.
            ring.push(&change.to.nsp, &change.to.target(), kept, place, now());
        }
        if !self.node.pass_on_change(header, &change) {
            let Change { to, deed } = change;
            self.local.change(&Address { path: &to.nsp, target: to.target() }, &deed);
        }
    }

    fn ask(&self, header: &Header, Ask { id, limit, event }: Ask<'_>) {
        if self.is_late() {
            return;
        }
        let limit = Duration::from_millis(limit);
        let (to, packet) = addressed(header, event);
        self.node.ask_here(header.source, id, limit, |asker| self.local.ask(&to, packet, asker));
    }

    fn request(&self, from: NodeId, Request { id, limit, what }: Request) {
        if self.is_late() {
            return;
        }
        let limit = Duration::from_millis(limit);
        if let Query::Change(Change { to, deed }) = what {
            let count = self.local.change(&Address { path: &to.nsp, target: to.target() }, &deed);
            let items: Vec<_> = serde_json::value::to_raw_value(&count).into_iter().collect();
            return match (&self.node.rooms, deed) {
                (Some(_), Deed::Join(rooms)) if count > 0 => {
                    let node = Arc::clone(&self.node);
                    let settled = async move {
                        node.settled(&to.nsp, &rooms).await;
                        items
                    };
                    self.answering.answer(&self.node, from, id, limit, Box::pin(settled));
                }
                _ => self.node.answer_request(from, id, items),
            };
        }
        self.answering.answer(&self.node, from, id, limit, self.local.query(what));
    }

    fn server_event(&self, from: NodeId, ServerEvent { id, limit, nsp, event, args }: ServerEvent) {
        if id.is_some() && self.is_late() {
            return;
        }
        let answer = self.local.server_event(from, &nsp, &event, args);
        let items = async move { answer.await.into_iter().collect::<Vec<Box<RawValue>>>() };
        match id {
            Some(id) => {
                self.answering.answer(&self.node, from, id, Duration::from_millis(limit), Box::pin(items));
            }
            None => self.answering.run(&self.node, Box::pin(items)),
        }
    }

    /// Returns whether a question may have waited at the broker while this process stood still; its asker has given up.
    fn is_late(&self) -> bool {
        let is_late = self.node.is_stale.load(Relaxed);
        if is_late {
            self.node.line.counters.late(1);
        }
        is_late
    }

    fn lost(&self, from: NodeId, lost: u64) {
        let line = &self.node.line;
        line.counters.lost(lost);
        let dropped = line.queue.dropped();
        let told = self.node.told_dropped.load(Relaxed);
        let overload = lost.min(dropped - told);
        self.node.told_dropped.store(told + overload, Relaxed);
        for (frames, cause) in [(overload, LossCause::Overload), (lost - overload, LossCause::Gap)] {
            if frames > 0 {
                self.node.tell(ClusterEvent::Lost { from, frames, cause });
            }
        }
    }

    fn malformed(&mut self, no_frame: Option<NoFrame>, size: usize) {
        self.node.line.counters.malformed(1);
        let now = now();
        if self.warned.is_some_and(|last| now.saturating_duration_since(last) < QUIET) {
            return;
        }
        self.warned = Some(now);
        let reason = no_frame.map_or_else(|| "its body is malformed".to_owned(), |reason| reason.to_string());
        tracing::warn!(
            target: "sio::cluster",
            me = %self.node.me, size, reason,
            "ignored what no node of this version has sent; is another program on the same prefix?"
        );
    }
}

/// The event of a frame, and whom it is for.
fn addressed<'a>(header: &Header, event: Broadcast<'a>) -> (Address<'a>, Packet) {
    let Broadcast { path, target, offset, run } = event;
    let packet = Packet {
        run,
        is_volatile: header.flags.has(Flags::VOLATILE),
        compress: !header.flags.has(Flags::PLAIN),
        offset,
    };
    (Address { path, target }, packet)
}
