//! [`NodePort`]: a node among Node's servers with the classic Redis adapter.
//!
//! Those servers count who has subscribed to the requests of a namespace, and wait for as many answers: so a member
//! subscribes to those of the namespaces that exist here, and answers every request there. The nodes of one cluster of
//! sio are counted as well, and answer each other's requests with nothing.

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
use sio_core::id::Sid;
use tokio::sync::Semaphore;

use self::pending::Pending;
use super::{Desk, Messages, Peers, Port, Question};
use crate::bus::{Frame, Topic};
use crate::foreign::NodeJs;
use crate::local::{Address, Local};
use crate::random;

/// The time that their servers wait for answers, unless a request says another.
const PATIENCE: Duration = Duration::from_secs(5);

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
            answering: Arc::new(Semaphore::new(MAX_ANSWERING)),
            state: Mutex::default(),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn requests_of(&self, path: &str) -> Topic {
        Topic::Foreign(format!("{}-request#{path}#", self.key).into())
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
        if names.len() < MAX_NAMES {
            names.entry(id).or_insert_with(|| uid.to_owned());
        }
        id
    }

    fn cannot<T>(reason: &'static str) -> Result<T, Inexpressible> {
        Err(Inexpressible { servers: "Node", reason })
    }

    fn check(path: &str) -> Result<(), Inexpressible> {
        if path.contains(PATTERN) {
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

    fn request_id(&self, kind: char, id: u64) -> String {
        format!("{}.{kind}{id}", self.uid)
    }
}

fn null() -> Box<RawValue> {
    RawValue::from_string("null".to_owned()).expect("null is JSON")
}

impl Port for NodePort {
    fn peers(&self) -> &Peers {
        &self.peers
    }

    fn topics(&self, local: Option<&dyn Local>) -> Vec<Topic> {
        let mut topics = vec![Topic::ForeignPattern(format!("{}#*", self.key).into())];
        if !self.peers.is_member {
            // Those who listen by a pattern are not counted.
            topics.push(Topic::ForeignPattern(format!("{}-request#*", self.key).into()));
            return topics;
        }
        for path in local.map(|local| local.namespaces()).unwrap_or_default() {
            if Self::check(&path).is_ok() {
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

    fn arrived(&self, name: &str, payload: &Bytes, desk: &Desk<'_>) -> Option<Result<(), Malformed>> {
        if let Some(path) = self.path_of(name, "") {
            return Some(self.event_of(path, payload, desk));
        }
        if let Some(path) = self.path_of(name, "-request") {
            return Some(self.request_of(path, payload, desk));
        }
        self.path_of(name, "-response")?;
        Some(node_js::read_answer(payload).map(|answer| {
            if let Some(answer) = answer
                && let Some(id) = answer.id.strip_prefix(&*self.uid).and_then(|id| id.strip_prefix('.'))
            {
                self.state().pending.answered(id, answer.answered, self.peers.id, desk);
            }
        }))
    }

    fn event(
        &self,
        to: &Address<'_>,
        event: &Event,
        ask: Option<(u64, Duration)>,
    ) -> Result<Messages, Inexpressible> {
        Self::check(to.path)?;
        let (topic, payload) = match ask {
            Some((id, limit)) => {
                let limit = u64::try_from(limit.as_millis()).unwrap_or(u64::MAX);
                let id = self.request_id('a', id);
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
        Self::check(to.path)?;
        let uid = (!self.is_emitter).then_some(&*self.uid);
        let payload = node_js::change(uid, &to.target, deed);
        let frame = Frame { topic: self.requests_of(to.path), payload: payload.into() };
        Ok(Messages { frames: vec![frame], is_asked: false })
    }

    fn server_event(&self, path: &str, event: &str, args: &RawValue) -> Result<Messages, Inexpressible> {
        Self::check(path)?;
        let to = Address { path, target: sio_core::target::Target::everybody() };
        let frame = self.request(&to, &Question::ServerEvent(event, args), None);
        Ok(Messages { frames: vec![frame], is_asked: false })
    }

    fn question(&self, to: &Address<'_>, question: &Question<'_>, id: u64, limit: Duration) -> Option<Frame> {
        Self::check(to.path).ok()?;
        self.state().pending.begin_request(id, self.requests_of(to.path), limit);
        Some(self.request(to, question, Some(&self.request_id('r', id))))
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
    fn request(&self, to: &Address<'_>, question: &Question<'_>, id: Option<&str>) -> Frame {
        let message = match question {
            Question::Rooms => node_js::request(&self.uid, id, 1, &to.target, None),
            Question::Sockets => node_js::request(&self.uid, id, 5, &to.target, None),
            Question::ServerEvent(event, args) => {
                let name = serde_json::Value::from(*event).to_string();
                let rest = args.get().trim().trim_start_matches('[');
                let separator = if rest.trim_start().starts_with(']') { "" } else { "," };
                let data =
                    RawValue::from_string(format!("[{name}{separator}{rest}")).unwrap_or_else(|_| null());
                node_js::request(&self.uid, id, 6, &to.target, Some(&data))
            }
        };
        Frame { topic: self.requests_of(to.path), payload: message.into() }
    }
}

impl fmt::Debug for NodePort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NodePort").field("key", &self.key).field("uid", &self.uid).finish_non_exhaustive()
    }
}
