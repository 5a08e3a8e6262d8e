//! [`Node`]: what this process is to its cluster, behind [`Cluster`](crate::Cluster).

mod events;
mod role;

use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use sio_core::cluster::broadcast::Target;
use sio_core::cluster::frame::{Flags, Header, Kind, LANE_ALL};
use sio_core::cluster::key::ProofKey;
use sio_core::cluster::lane::Incoming;
use sio_core::cluster::members::{Change, Difference, Members};
use sio_core::cluster::message::{self, Alive, Bye};
use sio_core::cluster::node::{Hello, NodeId, Tag};
use sio_core::cluster::token::ForwardToken;
use sio_core::id::Sid;
use tokio::sync::Notify;

use crate::asks::Asks;
use crate::awaited::Awaited;
use crate::bus::Topic;
use crate::event::ClusterEvent;
use crate::local::Local;
use crate::moved::Moved;
use crate::options::Options;
use crate::outbox::{self, now};
use crate::ports::Ports;
use crate::random;
use crate::replies::Replies;
use crate::requests::Requests;
use crate::ring::Ring;
use crate::room_topics::RoomTopics;
use crate::supervisor::Line;

/// With more nodes than this, answers to a HELLO are spread.
const SPREAD_ABOVE: usize = 20;

/// Over this time.
const SPREAD: Duration = Duration::from_millis(200);

pub(crate) struct Node {
    pub(crate) me: NodeId,
    pub(crate) line: Arc<Line>,
    pub(crate) request_timeout: Duration,
    /// The tag is the application's choice.
    has_own_tag: bool,
    pub(crate) state: Mutex<State>,
    /// How many other nodes are alive: read for every broadcast.
    peers: AtomicUsize,
    /// A node has introduced itself, or answered.
    introduced: Notify,
    pub(crate) requests: Requests,
    pub(crate) asks: Asks,
    pub(crate) replies: Arc<Replies>,
    /// The clusters of other kinds that it takes part in.
    pub(crate) ports: Ports,
    /// Bytes of the longest answer of a socket that can be sent.
    pub(crate) max_answer: usize,
    pub(crate) local: OnceLock<Arc<dyn Local>>,
    /// The process stood still, and what arrives may have waited at the broker since.
    pub(crate) is_stale: AtomicBool,
    /// Clients are let in, so ids have been made.
    is_open: AtomicBool,
    /// An answer to a HELLO is on its way.
    is_answering: AtomicBool,
    pub(crate) awaited: Awaited,
    /// The others have been told that this one leaves.
    pub(crate) has_left: AtomicBool,
    /// None if what is for a room goes to all nodes.
    pub(crate) rooms: Option<RoomTopics>,
    /// None if clients cannot come back.
    pub(crate) ring: Option<Ring>,
    /// Claims since the last tick for clients whose secret no live node has made.
    pub(crate) unproved: AtomicU32,
    /// Held from the moment at which an event of another node is known until sockets here have it.
    pub(crate) delivering: Mutex<()>,
    /// How many of the frames that the sink has dropped were told.
    pub(crate) told_dropped: AtomicU64,
}

pub(crate) struct State {
    pub(crate) members: Members,
    pub(crate) incoming: Incoming,
    pub(crate) moved: Moved,
    /// The nodes that were heard on the present connection.
    answered: HashSet<NodeId>,
    /// When the next heartbeat is due.
    beat: Instant,
    /// How often the own heartbeat had been heard, and when that changed last.
    echo: (u64, Instant),
}

impl Node {
    pub(crate) fn new(options: &Options, me: NodeId, line: Arc<Line>) -> Self {
        let now = now();
        let started = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let hello = Hello {
            name: options.name.clone(),
            tag: options.tag.unwrap_or_else(|| Tag::of(me)),
            key: ProofKey::from_random(random::bytes()),
            address: options.address.clone(),
            token: options.forwarding.then(|| ForwardToken::from_random(random::bytes())),
            path: options.path.clone(),
            started: u64::try_from(started.as_millis()).unwrap_or(u64::MAX),
            version: options.version.clone(),
            can: RoomTopics::ability(options.room_topics).into_iter().collect(),
            parser: options.parser.clone(),
            recovery: options.recovery,
            draining: false,
            namespaces: options.namespaces.clone(),
        };
        let state = State {
            members: Members::new(me, hello, now),
            incoming: Incoming::default(),
            moved: Moved::default(),
            answered: HashSet::new(),
            beat: now,
            echo: (0, now),
        };
        Self {
            me,
            max_answer: line.max_frame().saturating_sub(128),
            rooms: RoomTopics::new(options.room_topics, &line),
            line,
            request_timeout: options.request_timeout,
            has_own_tag: options.tag.is_some(),
            state: Mutex::new(state),
            peers: AtomicUsize::new(0),
            introduced: Notify::new(),
            requests: Requests::default(),
            asks: Asks::default(),
            replies: Arc::default(),
            ports: Ports::new(&options.foreign, me),
            local: OnceLock::new(),
            is_stale: AtomicBool::new(false),
            is_open: AtomicBool::new(false),
            is_answering: AtomicBool::new(false),
            awaited: Awaited::default(),
            has_left: AtomicBool::new(false),
            ring: options.recovery.then(Ring::default),
            unproved: AtomicU32::new(0),
            delivering: Mutex::default(),
            told_dropped: AtomicU64::new(0),
        }
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        // The application's code does not run under this lock; and the cluster goes on after a panic.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns whether any other node is alive.
    pub(crate) fn has_peers(&self) -> bool {
        self.peers.load(Relaxed) > 0
    }

    /// A frame without a place.
    pub(crate) fn begin(&self, kind: Kind, flags: Flags, capacity: usize) -> Vec<u8> {
        Header { kind, flags, source: self.me, lane: LANE_ALL, number: 0 }.begin(capacity)
    }

    /// The topic that reaches all who are meant: that of one node if it is the owner of the only socket.
    pub(crate) fn topic_of(&self, target: &Target<'_>) -> Topic {
        let sid = target.single().and_then(|room| room.parse::<Sid>().ok());
        let owner = sid.and_then(|sid| self.state().members.owner_of(&sid));
        owner.map_or(Topic::All, Topic::Node)
    }

    pub(crate) fn push_alive(&self) {
        if self.has_left.load(Relaxed) {
            // They would take it in again.
            return;
        }
        let sockets = self.local.get().map_or(0, |local| local.sockets());
        let hello = self.state().members.hello().clone();
        let alive = Alive { hello, lanes: self.line.outbox.lanes_to_nodes(), sockets };
        let mut frame = self.begin(Kind::Alive, Flags::NONE, 512);
        message::write(&mut frame, &alive);
        self.line.outbox.push(Topic::All, frame, outbox::Kind::Control);
    }

    /// The last message. `id`: that of the request by which the others answer.
    pub(crate) fn farewell(&self, id: Option<u64>) -> Vec<u8> {
        let mut frame = self.begin(Kind::Bye, Flags::NONE, 64);
        message::write(&mut frame, &Bye { successor: self.state().moved.successor, id });
        frame
    }

    /// Takes what a node says of itself, on the present connection or on an earlier one.
    pub(crate) fn introduce(
        self: &Arc<Self>,
        kind: Kind,
        node: NodeId,
        hello: Hello,
        sockets: u64,
        is_present: bool,
    ) {
        let changes = {
            let mut state = self.state();
            let changes = state.members.introduced(node, hello, sockets, now());
            // Only of members: so there are no more of them.
            if is_present && state.members.get(node).is_some() {
                state.answered.insert(node);
            }
            changes
        };
        self.apply(changes);
        self.compare_topics();
        self.introduced.notify_waiters();
        if kind == Kind::Hello {
            self.answer();
        }
    }

    /// Answers a HELLO; many nodes do not answer all at once.
    fn answer(self: &Arc<Self>) {
        if self.peers.load(Relaxed) <= SPREAD_ABOVE {
            return self.push_alive();
        }
        if !self.is_answering.swap(true, Relaxed) {
            let node = Arc::clone(self);
            tokio::spawn(async move {
                tokio::time::sleep(random::about(SPREAD / 2, 1.0)).await;
                node.is_answering.store(false, Relaxed);
                node.push_alive();
            });
        }
    }

    /// Lets changes of the members have their consequences.
    pub(crate) fn apply(&self, changes: Vec<Change>) {
        if changes.is_empty() {
            return;
        }
        let mut events = Vec::with_capacity(changes.len());
        {
            let mut state = self.state();
            self.peers.store(state.members.len(), Relaxed);
            self.line.outbox.set_nodes(state.members.len() + 1);
            for change in changes {
                events.push(match change {
                    Change::Up(node) => {
                        let name = state.members.get(node).map(|member| member.hello.name.clone());
                        ClusterEvent::NodeUp { node, name: name.unwrap_or_default() }
                    }
                    Change::Down { node, why } => {
                        state.moved.lose(node);
                        ClusterEvent::NodeDown { node, why }
                    }
                    Change::TakeTag(_) if !self.has_own_tag && !self.is_open.load(Relaxed) => {
                        state.members.hello_mut().tag = Tag::from_bits(random::number() as u32);
                        continue;
                    }
                    Change::TakeTag(node) => ClusterEvent::Differs { node, what: Difference::Tag },
                    Change::Differs { node, what } => ClusterEvent::Differs { node, what },
                });
            }
        }
        self.compare_topics();
        for event in events {
            if let ClusterEvent::NodeDown { node, .. } = event {
                self.requests.lose(node);
                self.asks.lose(node);
                self.replies.lose(node);
            }
            self.tell(event);
        }
    }

    /// Returns whether all who are awaited after a connect were heard on it.
    fn is_settled(&self, receivers: Option<u64>) -> bool {
        let state = self.state();
        let all_known = state.members.iter().all(|(node, _)| state.answered.contains(&node));
        // One of the receivers is this node.
        let all_counted = receivers.is_none_or(|count| state.answered.len() as u64 + 1 >= count);
        all_known && all_counted
    }
}
