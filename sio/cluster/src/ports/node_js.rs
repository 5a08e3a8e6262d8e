//! [`NodePort`]: a node among Node's servers with the classic Redis adapter, or with the sharded one.
//!
//! Those servers count who has subscribed to the requests of a namespace, and wait for as many answers: so a member
//! subscribes to those of the namespaces that exist here, and answers every request there. The nodes of one cluster of
//! sio are counted as well, and answer each other's requests with nothing.

mod back;
mod pending;
mod requests;

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use serde_json::value::RawValue;
use sio_core::cluster::foreign::{Event, Inexpressible, Malformed, host_name, node_of};
use sio_core::cluster::message::Deed;
use sio_core::cluster::node::NodeId;
use sio_core::cluster::node_js;
use sio_core::cluster::node_js::sharded::{self, Said};
use sio_core::id::Sid;
use tokio::sync::Semaphore;

use self::back::Back;
use self::pending::Pending;
use super::{Desk, HIDDEN, Messages, Peers, Port, Question};
use crate::bus::{Frame, Topic};
use crate::foreign::{NodeJs, SubscriptionMode};
use crate::local::{Address, Local};
use crate::random;

/// The time that their servers wait for answers, unless a request says another.
const PATIENCE: Duration = Duration::from_secs(5);

/// The longest time for which answers of clients are awaited, whatever a request says.
const LONGEST: Duration = Duration::from_secs(600);

/// Requests of theirs that are answered at the same time.
const MAX_ANSWERING: usize = 256;

/// Questions of theirs to clients that are open at the same time.
const MAX_OPEN: usize = 16_384;

/// Servers whose names are remembered.
const MAX_NAMES: usize = 4096;

/// Characters of a namespace that would change what a pattern matches.
const PATTERN: [char; 5] = ['*', '?', '[', ']', '\\'];

/// A node among Node's servers.
pub(crate) struct NodePort {
    key: Arc<str>,
    /// The name of this process among them.
    uid: String,
    peers: Peers,
    is_emitter: bool,
    /// How servers with the sharded adapter subscribe; none for the classic one.
    shards: Option<SubscriptionMode>,
    answering: Arc<Semaphore>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    pending: Pending,
    /// Their questions to clients of this node, until which time, and what lets those forget them.
    open: Vec<(Instant, Box<dyn std::any::Any + Send>)>,
    names: HashMap<NodeId, String>,
}

impl NodePort {
    pub(crate) fn of_node(options: &NodeJs, me: NodeId) -> Self {
        Self::new(options, host_name(me), options.is_member(), false)
    }

    /// Of a process that is no node.
    pub(super) fn of_emitter(options: &NodeJs) -> Self {
        Self::new(options, "emitter".to_owned(), true, true)
    }

    fn new(options: &NodeJs, uid: String, is_member: bool, is_emitter: bool) -> Self {
        Self {
            key: options.name(),
            uid,
            peers: Peers { servers: "Node", id: NodeId::new(random::number()), is_member },
            is_emitter,
            shards: options.shards(),
            answering: Arc::new(Semaphore::new(MAX_ANSWERING)),
            state: Mutex::default(),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Where a namespace is spoken of.
    fn requests_of(&self, path: &str) -> Topic {
        match self.shards {
            Some(_) => self.shard(path, ""),
            None => Topic::Foreign(format!("{}-request#{path}#", self.key).into()),
        }
    }

    /// The shard of a namespace, or of a server or a room in it.
    fn shard(&self, path: &str, of: &str) -> Topic {
        let end = if of.is_empty() { "" } else { "#" };
        Topic::ForeignShard(format!("{}#{path}#{of}{end}", self.key).into())
    }

    fn responses_of(&self, path: &str) -> Topic {
        Topic::Foreign(format!("{}-response#{path}#", self.key).into())
    }

    /// The namespace that a name at the broker holds behind this.
    fn path_of<'a>(&self, name: &'a str, kind: &str) -> Option<&'a str> {
        let rest = name.strip_prefix(&*self.key)?.strip_prefix(kind)?.strip_prefix('#')?;
        rest.split_once('#').map(|(path, _)| path)
    }

    /// The id by which applications know a server of theirs.
    fn known(&self, uid: &str) -> NodeId {
        // FNV-1a: only to tell them apart.
        let hash = uid.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
        let id = NodeId::new(hash);
        let names = &mut self.state().names;
        if names.len() >= MAX_NAMES {
            names.clear();
        }
        names.entry(id).or_insert_with(|| uid.to_owned());
        id
    }

    fn cannot<T>(reason: &'static str) -> Result<T, Inexpressible> {
        Err(Inexpressible { servers: "Node", reason })
    }

    fn check(&self, path: &str) -> Result<(), Inexpressible> {
        if self.shards.is_none() && path.contains(PATTERN) {
            return Self::cannot("the namespace has characters that they take for a pattern");
        }
        Ok(())
    }

    fn event_of(&self, path: &str, payload: &Bytes, desk: &Desk<'_>) -> Result<(), Malformed> {
        let Some((uid, to, event)) = node_js::read_event(path, payload)? else { return Ok(()) };
        if node_of(&uid).is_none() {
            desk.local.event_of_others(&Address { path: &to.nsp, target: to.target() }, event);
        }
        Ok(())
    }

    /// Takes a message of servers with the sharded adapter.
    fn of_shard(&self, name: &str, payload: &Bytes, desk: &Desk<'_>) -> Option<Result<(), Malformed>> {
        let path = self.path_of(name, "")?;
        let heard = match sharded::read(path, payload) {
            Ok(Some(heard)) => heard,
            Ok(None) => return Some(Ok(())),
            Err(malformed) => return Some(Err(malformed)),
        };
        let is_of_sio = node_of(&heard.uid).is_some();
        match heard.said {
            // Its nodes have it already.
            Said::Event(..) if is_of_sio => {}
            Said::Event(to, event) => {
                desk.local.event_of_others(&Address { path: &to.nsp, target: to.target() }, event);
            }
            Said::Request(request) => {
                let back = Back::to_shard(self.shard(path, &heard.uid), &self.uid, path);
                self.take(path, request, back, desk);
            }
            Said::Answer(answer) => {
                let from = if is_of_sio { self.peers.id } else { self.known(&heard.uid) };
                self.take_answer(answer, from, desk);
            }
        }
        Some(Ok(()))
    }

    fn take_answer(&self, answer: node_js::Answer, from: NodeId, desk: &Desk<'_>) {
        if let Some(id) = answer.id.strip_prefix(&*self.uid).and_then(|id| id.strip_prefix('.')) {
            self.state().pending.answered(id, answer.answered, (self.peers.id, from), desk);
        }
    }

    /// The shards of the namespaces that there are, and of the rooms in them.
    fn shards_of(&self, mode: SubscriptionMode, local: Option<&dyn Local>) -> Vec<Topic> {
        let Some(local) = local else { return Vec::new() };
        let mut topics = Vec::new();
        for path in local.namespaces() {
            topics.extend([self.shard(&path, ""), self.shard(&path, &self.uid)]);
            if mode != SubscriptionMode::Static {
                let rooms = local.rooms(&path, mode == SubscriptionMode::DynamicPrivate);
                let rooms = rooms.iter().filter(|room| !room.is_empty() && !room.starts_with(HIDDEN));
                topics.extend(rooms.map(|room| self.shard(&path, room)));
            }
        }
        topics
    }

    fn request_id(&self, kind: char, id: u64) -> String {
        format!("{}.{kind}{id}", self.uid)
    }
}

fn milliseconds(limit: Duration) -> u64 {
    u64::try_from(limit.as_millis()).unwrap_or(u64::MAX)
}

fn null() -> Box<RawValue> {
    RawValue::from_string("null".to_owned()).expect("null is JSON")
}

impl Port for NodePort {
    fn peers(&self) -> &Peers {
        &self.peers
    }

    fn topics(&self, local: Option<&dyn Local>) -> Vec<Topic> {
        if let Some(mode) = self.shards {
            return self.shards_of(mode, local);
        }
        let mut topics = vec![Topic::ForeignPattern(format!("{}#*", self.key).into())];
        if !self.peers.is_member {
            // Those who listen by a pattern are not counted.
            topics.push(Topic::ForeignPattern(format!("{}-request#*", self.key).into()));
            return topics;
        }
        for path in local.map(|local| local.namespaces()).unwrap_or_default() {
            if self.check(&path).is_ok() {
                let own = format!("{}-response#{path}#{}#", self.key, self.uid);
                topics.extend([
                    self.requests_of(&path),
                    self.responses_of(&path),
                    Topic::Foreign(own.into()),
                ]);
            }
        }
        topics
    }

    fn has_changing_topics(&self) -> bool {
        true
    }

    fn arrived(&self, from: &Topic, payload: &Bytes, desk: &Desk<'_>) -> Option<Result<(), Malformed>> {
        let name = match (from, self.shards) {
            (Topic::ForeignShard(name), Some(_)) => return self.of_shard(name, payload, desk),
            (Topic::Foreign(name), None) => name,
            _ => return None,
        };
        if let Some(path) = self.path_of(name, "") {
            return Some(self.event_of(path, payload, desk));
        }
        if let Some(path) = self.path_of(name, "-request") {
            let request = node_js::read_request(path, payload);
            let back = Back::to(self.responses_of(path));
            return Some(request.map(|request| self.take(path, request, back, desk)));
        }
        self.path_of(name, "-response")?;
        // Those servers do not say who answers.
        let take = |answer| self.take_answer(answer, self.peers.id, desk);
        Some(node_js::read_answer(payload).map(|answer| answer.into_iter().for_each(take)))
    }

    fn event(
        &self,
        to: &Address<'_>,
        event: &Event,
        ask: Option<(u64, Duration)>,
    ) -> Result<Messages, Inexpressible> {
        self.check(to.path)?;
        if self.shards.is_some() {
            let ask = ask.map(|(id, limit)| (self.request_id('a', id), milliseconds(limit)));
            let asked = ask.as_ref().map(|(id, limit)| (&**id, *limit));
            let payload = self.writer(to.path).event(&to.target, event, asked)?;
            // Servers hear everything there, however they subscribe to rooms.
            let frame = Frame { topic: self.requests_of(to.path), payload: payload.into() };
            return Ok(Messages { frames: vec![frame], is_asked: ask.is_some() });
        }
        let (topic, payload) = match ask {
            Some((id, limit)) => {
                let (id, limit) = (self.request_id('a', id), milliseconds(limit));
                let asks = node_js::asks(&self.uid, &id, to.path, &to.target, event, limit)?;
                (self.requests_of(to.path), asks)
            }
            None => {
                let name = match &to.target.rooms[..] {
                    [room] => format!("{}#{}#{room}#", self.key, to.path),
                    _ => format!("{}#{}#", self.key, to.path),
                };
                (Topic::Foreign(name.into()), node_js::event(&self.uid, to.path, &to.target, event)?)
            }
        };
        Ok(Messages { frames: vec![Frame { topic, payload: payload.into() }], is_asked: ask.is_some() })
    }

    fn began(&self, id: u64, to: &Address<'_>, limit: Duration) {
        let single = to.target.single().and_then(|room| room.parse::<Sid>().ok());
        self.state().pending.begin_ask(id, self.requests_of(to.path), limit, single);
    }

    fn change(&self, to: &Address<'_>, deed: &Deed) -> Result<Messages, Inexpressible> {
        self.check(to.path)?;
        let uid = (!self.is_emitter).then_some(&*self.uid);
        let payload = match self.shards {
            Some(_) => self.writer(to.path).change(&to.target, deed),
            None => node_js::change(uid, &to.target, deed),
        };
        let frame = Frame { topic: self.requests_of(to.path), payload: payload.into() };
        Ok(Messages { frames: vec![frame], is_asked: false })
    }

    fn server_event(&self, path: &str, event: &str, args: &RawValue) -> Result<Messages, Inexpressible> {
        self.check(path)?;
        let to = Address { path, target: sio_core::target::Target::everybody() };
        let frames = self.request(&to, &Question::ServerEvent(event, args), None).into_iter().collect();
        Ok(Messages { frames, is_asked: false })
    }

    fn question(&self, to: &Address<'_>, question: &Question<'_>, id: u64, limit: Duration) -> Option<Frame> {
        self.check(to.path).ok()?;
        let frame = self.request(to, question, Some(&self.request_id('r', id)))?;
        self.state().pending.begin_request(id, self.requests_of(to.path), limit);
        Some(frame)
    }

    fn is_counted(&self, topic: &Topic) -> bool {
        self.state().pending.is_counted(topic)
    }

    fn counted(&self, topic: &Topic, count: u64, desk: &Desk<'_>) {
        self.state().pending.counted(topic, count, self.peers.id, desk);
    }

    fn name_of(&self, node: NodeId) -> Option<String> {
        if node == self.peers.id {
            return Some("node".to_owned());
        }
        self.state().names.get(&node).cloned()
    }

    fn tick(&self, now: Instant) {
        let over: Vec<_> = {
            let mut state = self.state();
            state.pending.expire(now);
            state.open.extract_if(.., |(until, _)| *until <= now).collect()
        };
        // Without the lock: sockets have locks of their own.
        drop(over);
    }
}

impl NodePort {
    /// The message of a request. `None` if their servers have no such request.
    fn request(&self, to: &Address<'_>, question: &Question<'_>, id: Option<&str>) -> Option<Frame> {
        let message = match question {
            Question::Rooms if self.shards.is_some() => return None,
            Question::Sockets if self.shards.is_some() => self.writer(to.path).fetch(id?, &to.target),
            Question::Rooms => node_js::request(&self.uid, id, 1, &to.target, None),
            Question::Sockets => node_js::request(&self.uid, id, 5, &to.target, None),
            Question::ServerEvent(event, args) => {
                let name = serde_json::Value::from(*event).to_string();
                let rest = args.get().trim().trim_start_matches('[');
                let separator = if rest.trim_start().starts_with(']') { "" } else { "," };
                let data =
                    RawValue::from_string(format!("[{name}{separator}{rest}")).unwrap_or_else(|_| null());
                match self.shards {
                    Some(_) => self.writer(to.path).server_event(id, &data),
                    None => node_js::request(&self.uid, id, 6, &to.target, Some(&data)),
                }
            }
        };
        Some(Frame { topic: self.requests_of(to.path), payload: message.into() })
    }

    fn writer<'a>(&'a self, nsp: &'a str) -> sharded::Writer<'a> {
        sharded::Writer { uid: &self.uid, nsp }
    }
}

impl fmt::Debug for NodePort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NodePort").field("key", &self.key).field("uid", &self.uid).finish_non_exhaustive()
    }
}
