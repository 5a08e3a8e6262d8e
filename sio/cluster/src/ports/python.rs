//! [`PythonPort`]: a node among servers of python-socketio.

use std::any::Any;
use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use serde_json::value::RawValue;
use sio_core::args::Args;
use sio_core::cluster::ask::{Answers, Asked, Outcome};
use sio_core::cluster::foreign::{Event, Inexpressible, Malformed, host_name, node_of};
use sio_core::cluster::message::{Change, Deed, Selection};
use sio_core::cluster::node::NodeId;
use sio_core::cluster::python::{self, Callback, Said};
use sio_core::id::Sid;

use super::{Desk, Messages, Peers, Port};
use crate::bus::{Frame, Topic};
use crate::foreign::Python;
use crate::local::{Address, Local};
use crate::outbox::{Outbox, now};
use crate::random;
use crate::replies::{Answered, Asker};

/// The time that `call()` of python-socketio waits. The messages do not say how long an answer is awaited.
const PATIENCE: Duration = Duration::from_secs(60);

/// Questions of their servers that are open at the same time.
const MAX_OPEN: usize = 16_384;

/// A node among servers of python-socketio.
pub(crate) struct PythonPort {
    topic: Topic,
    /// The name of this process among them.
    host: String,
    peers: Peers,
    /// The number of the next question of theirs.
    next: AtomicU64,
    open: Mutex<HashMap<u64, Open>>,
}

/// A question of theirs to sockets of this node.
struct Open {
    until: Instant,
    asker: Arc<PythonAsker>,
    /// Dropped, it lets the sockets forget that somebody waits for their answers.
    hold: Option<Box<dyn Any + Send>>,
}

/// The server that waits for an answer. It takes the first one.
struct PythonAsker {
    node: NodeId,
    topic: Topic,
    host: String,
    callback: Callback,
    outbox: Arc<Outbox>,
    is_answered: AtomicBool,
}

impl PythonPort {
    pub(crate) fn of_node(options: &Python, me: NodeId) -> Self {
        Self::new(options, host_name(me), options.is_member())
    }

    /// Of a process that is no node; other nodes of sio hear it like any other server.
    pub(super) fn of_emitter(options: &Python) -> Self {
        Self::new(options, format!("emitter.{}", NodeId::new(random::number())), true)
    }

    fn new(options: &Python, host: String, is_member: bool) -> Self {
        Self {
            topic: options.topic(),
            host,
            peers: Peers { servers: "python-socketio", id: NodeId::new(random::number()), is_member },
            next: AtomicU64::new(0),
            open: Mutex::default(),
        }
    }

    fn event_of(&self, to: &Selection, event: Event, asked: Option<(String, Callback)>, desk: &Desk<'_>) {
        let target = to.target();
        let to = Address { path: &to.nsp, target };
        let Some((host, callback)) = asked.filter(|_| self.peers.is_member) else {
            return desk.local.event_of_others(&to, event);
        };
        let asker = Arc::new(PythonAsker {
            node: self.peers.id,
            topic: self.topic.clone(),
            host,
            callback,
            outbox: Arc::clone(desk.outbox),
            is_answered: AtomicBool::new(false),
        });
        if self.lock().len() >= MAX_OPEN {
            return desk.local.event_of_others(&to, event);
        }
        let asked =
            desk.local.ask_for_others(&to, event, &Asker::foreign(Arc::clone(&asker) as Arc<dyn Answered>));
        if !asked.sids.is_empty() {
            let number = self.next.fetch_add(1, Relaxed);
            self.lock().insert(number, Open { until: now() + PATIENCE, asker, hold: asked.hold });
        }
    }

    /// An answer of one of their clients to a question of this node.
    fn answer_of(&self, sid: &str, id: Option<u64>, args: &Args, desk: &Desk<'_>) {
        let (Some(id), Ok(sid)) = (id, sid.parse::<Sid>()) else { return };
        let outcome =
            Outcome::Answer { json: args.raw().to_owned(), attachments: args.attachments().to_vec() };
        // They say nothing before, so the list of those who were asked comes with the answer.
        desk.asks.asked(self.peers.id, Asked { id, page: 0, is_last: true, sids: vec![sid.clone()] });
        desk.asks.answered(self.peers.id, Answers { id, answers: vec![(sid, outcome)] });
    }

    fn frame(&self, message: Vec<u8>) -> Frame {
        Frame { topic: self.topic.clone(), payload: message.into() }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<u64, Open>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Port for PythonPort {
    fn peers(&self) -> &Peers {
        &self.peers
    }

    fn topics(&self, _: Option<&dyn Local>) -> Vec<Topic> {
        vec![self.topic.clone()]
    }

    fn arrived(&self, from: &Topic, payload: &Bytes, desk: &Desk<'_>) -> Option<Result<(), Malformed>> {
        if self.topic != *from {
            return None;
        }
        let heard = match python::read(payload) {
            Ok(Some(heard)) => heard,
            Ok(None) => return Some(Ok(())),
            Err(malformed) => return Some(Err(malformed)),
        };
        let is_of_sio = heard.host.as_deref().is_some_and(|host| node_of(host).is_some());
        match heard.said {
            Said::Answer { sid, id, args } => {
                if heard.host.as_deref() == Some(&*self.host) {
                    self.answer_of(&sid, id, &args, desk);
                }
            }
            // Its nodes have it already.
            _ if is_of_sio => {}
            Said::Event { to, event, callback } => self.event_of(&to, event, heard.host.zip(callback), desk),
            Said::Change(Change { to, deed }) => {
                desk.local.change(&Address { path: &to.nsp, target: to.target() }, &deed);
            }
        }
        Some(Ok(()))
    }

    fn event(
        &self,
        to: &Address<'_>,
        event: &Event,
        ask: Option<(u64, Duration)>,
    ) -> Result<Messages, Inexpressible> {
        // Of several sockets python-socketio gives on the first answer, and does not say whose it is.
        let single = to.target.single().is_some_and(|room| room.parse::<Sid>().is_ok());
        let ask = ask.filter(|_| single).map(|(id, _)| id);
        let message = python::event(&self.host, to.path, &to.target, event, ask)?;
        Ok(Messages { frames: vec![self.frame(message)], is_asked: ask.is_some() })
    }

    fn change(&self, to: &Address<'_>, deed: &Deed) -> Result<Messages, Inexpressible> {
        let messages = python::change(&self.host, to.path, &to.target, deed)?;
        let frames = messages.into_iter().map(|message| self.frame(message)).collect();
        Ok(Messages { frames, is_asked: false })
    }

    fn server_event(&self, _: &str, _: &str, _: &RawValue) -> Result<Messages, Inexpressible> {
        let reason = "their servers have no events from one to another";
        Err(Inexpressible { servers: self.servers(), reason })
    }

    fn tick(&self, now: Instant) {
        let over: Vec<Open> = {
            let mut open = self.lock();
            let is_over = |open: &Open| open.until <= now || open.asker.is_answered.load(Relaxed);
            open.extract_if(|_, open| is_over(open)).map(|(_, open)| open).collect()
        };
        // Without the lock: sockets have locks of their own.
        over.into_iter().for_each(|open| drop(open.hold));
    }
}

impl Answered for PythonAsker {
    fn answer(&self, _: Sid, outcome: Outcome) {
        let Outcome::Answer { json, attachments } = outcome else { return };
        if self.is_answered.swap(true, Relaxed) {
            return;
        }
        match python::answer(&self.host, &self.callback, &Args::array(json.into(), attachments)) {
            Some(message) => {
                let frame = Frame { topic: self.topic.clone(), payload: message.into() };
                self.outbox.push_foreign(frame, false);
            }
            None => tracing::debug!(
                target: "sio::cluster", host = self.host,
                "an answer has bytes in it, which python-socketio cannot tell another of its servers"
            ),
        }
    }

    fn node(&self) -> NodeId {
        self.node
    }
}

impl fmt::Debug for PythonPort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PythonPort")
            .field("topic", &self.topic)
            .field("host", &self.host)
            .finish_non_exhaustive()
    }
}
