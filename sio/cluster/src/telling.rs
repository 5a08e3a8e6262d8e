//! Telling servers of other kinds what is emitted and changed here.

use std::time::Duration;

use bytes::Bytes;
use serde_json::value::RawValue;
use sio_core::cluster::broadcast::Target;
use sio_core::cluster::foreign::Event;
use sio_core::cluster::gather::Gathered;
use sio_core::cluster::key::tag_of;
use sio_core::cluster::message::Deed;
use sio_core::cluster::node::NodeId;
use sio_core::id::Sid;

use crate::bus::{Frame, Topic};
use crate::cluster::Cluster;
use crate::error::PublishError;
use crate::local::{Address, Local};
use crate::node::Node;
use crate::ports::{Desk, Prepared, Question, theirs};

impl Node {
    /// Takes a message of servers of another kind.
    pub(crate) fn take_foreign(&self, local: &dyn Local, from: &Topic, payload: &Bytes) {
        self.ports.arrived(from, payload, &self.desk(local), &self.line.counters);
    }

    /// So many others have subscribed to a topic of servers of another kind.
    pub(crate) fn foreign_counted(&self, topic: &Topic, count: u64) {
        if let Some(local) = self.local.get() {
            let desk = self.desk(&**local);
            self.ports.members().for_each(|port| port.counted(topic, count, &desk));
        }
    }

    fn desk<'a>(&'a self, local: &'a dyn Local) -> Desk<'a> {
        Desk { local, outbox: &self.line.outbox, asks: &self.asks, requests: &self.requests }
    }

    /// Returns whether this is the id of a socket of this cluster.
    fn is_ours(&self, name: &str) -> bool {
        let Ok(sid) = name.parse::<Sid>() else { return false };
        let state = self.state();
        let hello = state.members.hello();
        (tag_of(&sid) == hello.tag && hello.key.proves(&sid)) || state.members.owner_of(&sid).is_some()
    }

    fn theirs<'a>(&self, target: &'a Target<'_>) -> Option<Target<'a>> {
        theirs(target, |name| self.is_ours(name))
    }
}

impl Cluster {
    /// Returns whether servers of other kinds are told what this node emits.
    #[must_use]
    pub fn has_foreign_members(&self) -> bool {
        self.node.ports.has_members()
    }

    /// The namespaces, rooms or sockets of this node have changed: servers of other kinds may have to be heard under
    /// other names. Never waits.
    pub fn rooms_changed(&self) {
        if self.node.ports.have_changing_topics() {
            self.node.line.topics.notify_one();
        }
    }

    /// Prepares an event for servers of other kinds, before anybody gets it. Empty if there are none, or only sockets of
    /// this cluster are addressed.
    ///
    /// # Errors
    ///
    /// [`PublishError::Inexpressible`] if their format has no words for it, and as [`Cluster::check`].
    pub fn prepare(&self, to: &Address<'_>, event: &Event) -> Result<Prepared, PublishError> {
        let mut prepared = Prepared { frames: Vec::new(), is_volatile: event.is_volatile };
        if let Some(target) = self.node.theirs(&to.target) {
            let to = Address { path: to.path, target };
            for port in self.node.ports.members() {
                prepared.frames.extend(port.event(&to, event, None)?.frames);
            }
        }
        self.fits(&prepared.frames)?;
        Ok(prepared)
    }

    /// Sends what was prepared. Never waits.
    pub fn publish_prepared(&self, prepared: Prepared) {
        let Prepared { frames, is_volatile } = prepared;
        frames.into_iter().for_each(|frame| self.node.line.outbox.push_foreign(frame, is_volatile));
    }

    /// Prepares a change for servers of other kinds, before it is made anywhere.
    ///
    /// # Errors
    ///
    /// As [`Cluster::prepare`].
    pub fn prepare_change(&self, to: &Address<'_>, deed: &Deed) -> Result<Prepared, PublishError> {
        let mut prepared = Prepared::default();
        if let Some(target) = self.node.theirs(&to.target) {
            let to = Address { path: to.path, target };
            for port in self.node.ports.members() {
                prepared.frames.extend(port.change(&to, deed)?.frames);
            }
        }
        self.fits(&prepared.frames)?;
        Ok(prepared)
    }

    /// Tells servers of other kinds of a change. Returns whether there was anything to be told.
    ///
    /// # Errors
    ///
    /// As [`Cluster::prepare`]; nothing is told then.
    pub fn change_foreign(&self, to: &Address<'_>, deed: &Deed) -> Result<bool, PublishError> {
        let prepared = self.prepare_change(to, deed)?;
        let is_told = !prepared.frames.is_empty();
        self.publish_prepared(prepared);
        Ok(is_told)
    }

    /// The ids under which servers of other kinds answer an ask, if they are asked.
    pub(crate) fn foreign_asked(
        &self,
        to: &Address<'_>,
        event: Option<&Event>,
    ) -> Result<Vec<NodeId>, PublishError> {
        let mut asked = Vec::new();
        let (Some(event), Some(target)) = (event, self.node.theirs(&to.target)) else { return Ok(asked) };
        let to = Address { path: to.path, target };
        for port in self.node.ports.members() {
            let messages = port.event(&to, event, Some((u64::MAX, Duration::ZERO)))?;
            self.fits(&messages.frames)?;
            asked.extend(messages.is_asked.then(|| port.id()));
        }
        Ok(asked)
    }

    /// Asks servers of other kinds under this id; those that cannot answer get the event alone.
    pub(crate) fn ask_foreign(&self, to: &Address<'_>, event: Option<&Event>, id: u64, limit: Duration) {
        let (Some(event), Some(target)) = (event, self.node.theirs(&to.target)) else { return };
        let to = Address { path: to.path, target };
        for port in self.node.ports.members() {
            // It has been made once before.
            let said = port.event(&to, event, Some((id, limit))).unwrap_or_default();
            if said.is_asked {
                port.began(id, &to, limit);
            }
            let frames = said.frames;
            self.publish_prepared(Prepared { frames, is_volatile: event.is_volatile });
        }
    }

    /// Returns the sockets of Node's servers that are addressed, as those write them.
    pub async fn foreign_sockets(&self, to: &Address<'_>) -> Gathered<(NodeId, Box<RawValue>)> {
        self.ask_servers(to, &Question::Sockets, None).await
    }

    /// Returns the rooms of Node's servers, those that are named by the ids of sockets included.
    pub async fn foreign_rooms(&self, path: &str) -> Gathered<(NodeId, Box<RawValue>)> {
        self.ask_servers(&Address { path, target: Target::everybody() }, &Question::Rooms, None).await
    }

    /// Sends an event to the programs of Node's servers, and returns what they answer: lists of one value.
    pub async fn foreign_answers(
        &self,
        path: &str,
        event: &str,
        args: &RawValue,
        limit: Option<Duration>,
    ) -> Gathered<(NodeId, Box<RawValue>)> {
        let to = Address { path, target: Target::everybody() };
        self.ask_servers(&to, &Question::ServerEvent(event, args), limit).await
    }

    /// Sends an event to the programs of servers of other kinds, as far as those have such events.
    pub fn server_emit_foreign(&self, path: &str, event: &str, args: &RawValue) {
        for port in self.node.ports.members() {
            let frames = port.server_event(path, event, args).unwrap_or_default().frames;
            self.publish_prepared(Prepared { frames, is_volatile: false });
        }
    }

    /// Returns the name of a server of another kind, by the id under which it is known here.
    #[must_use]
    pub fn foreign_name(&self, node: NodeId) -> Option<String> {
        self.node.ports.name_of(node)
    }

    async fn ask_servers(
        &self,
        to: &Address<'_>,
        question: &Question<'_>,
        limit: Option<Duration>,
    ) -> Gathered<(NodeId, Box<RawValue>)> {
        let mut all = Gathered { items: Vec::new(), missing: Vec::new(), is_truncated: false };
        let Some(target) = self.node.theirs(&to.target) else { return all };
        let to = Address { path: to.path, target };
        let limit = limit.unwrap_or(self.node.request_timeout);
        for port in self.node.ports.members() {
            let waiting = self.node.requests.begin([port.id()]);
            let Some(frame) = port.question(&to, question, waiting.id, limit) else { continue };
            if !self.is_up() || frame.payload.len() > self.max_frame {
                all.missing.push(port.id());
                continue;
            }
            self.node.line.outbox.push_foreign(frame, true);
            let gathered = waiting.finish(limit, |_| false).await;
            all.items.extend(gathered.items);
            all.missing.extend(gathered.missing);
            all.is_truncated |= gathered.is_truncated;
        }
        all
    }

    fn fits(&self, frames: &[Frame]) -> Result<(), PublishError> {
        let limit = self.max_frame;
        match frames.iter().map(|frame| frame.payload.len()).find(|size| *size > limit) {
            Some(size) => Err(PublishError::TooLarge { size, limit }),
            None => Ok(()),
        }
    }
}
