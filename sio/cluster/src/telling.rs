//! Telling servers of other kinds what is emitted and changed here.

use bytes::Bytes;
use sio_core::cluster::broadcast::Target;
use sio_core::cluster::foreign::Event;
use sio_core::cluster::key::tag_of;
use sio_core::cluster::message::Deed;
use sio_core::cluster::node::NodeId;
use sio_core::id::Sid;

use crate::bus::Frame;
use crate::cluster::Cluster;
use crate::error::PublishError;
use crate::local::{Address, Local};
use crate::node::Node;
use crate::ports::{Desk, Prepared, theirs};

impl Node {
    /// Takes a message of servers of another kind.
    pub(crate) fn take_foreign(&self, local: &dyn Local, name: &str, payload: &Bytes) {
        let desk = Desk { local, outbox: &self.line.outbox, asks: &self.asks };
        self.ports.arrived(name, payload, &desk, &self.line.counters);
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

    /// Tells servers of other kinds of a change. Returns whether there was anything to be told.
    ///
    /// # Errors
    ///
    /// As [`Cluster::prepare`]; nothing is told then.
    pub fn change_foreign(&self, to: &Address<'_>, deed: &Deed) -> Result<bool, PublishError> {
        let Some(target) = self.node.theirs(&to.target) else { return Ok(false) };
        let to = Address { path: to.path, target };
        let mut frames = Vec::new();
        for port in self.node.ports.members() {
            frames.extend(port.change(&to, deed)?.frames);
        }
        self.fits(&frames)?;
        let is_told = !frames.is_empty();
        self.publish_prepared(Prepared { frames, is_volatile: false });
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
            let messages = port.event(&to, event, Some(u64::MAX))?;
            self.fits(&messages.frames)?;
            asked.extend(messages.is_asked.then(|| port.id()));
        }
        Ok(asked)
    }

    /// Asks servers of other kinds under this id; those that cannot answer get the event alone.
    pub(crate) fn ask_foreign(&self, to: &Address<'_>, event: Option<&Event>, id: u64) {
        let (Some(event), Some(target)) = (event, self.node.theirs(&to.target)) else { return };
        let to = Address { path: to.path, target };
        for port in self.node.ports.members() {
            // It has been made once before.
            let frames = port.event(&to, event, Some(id)).unwrap_or_default().frames;
            self.publish_prepared(Prepared { frames, is_volatile: event.is_volatile });
        }
    }

    fn fits(&self, frames: &[Frame]) -> Result<(), PublishError> {
        let limit = self.max_frame;
        match frames.iter().map(|frame| frame.payload.len()).find(|size| *size > limit) {
            Some(size) => Err(PublishError::TooLarge { size, limit }),
            None => Ok(()),
        }
    }
}
