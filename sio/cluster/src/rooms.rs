//! Events for rooms, where those have [topics](crate::room_topics) of their own.

use sio_core::cluster::frame::{Flags, Kind};
use sio_core::cluster::message::Deed;

use crate::bus::Topic;
use crate::cluster::Cluster;
use crate::local::Address;
use crate::node::Node;
use crate::outbox;

impl Node {
    /// The topic by which an event reaches all members: that of the owner of the only socket, or of the only room.
    pub(crate) fn topic_of_event(&self, to: &Address<'_>) -> Topic {
        match (self.topic_of(&to.target), &self.rooms) {
            (Topic::All, Some(rooms)) => rooms.topic(to).unwrap_or(Topic::All),
            (topic, _) => topic,
        }
    }

    /// Sockets of other nodes are about to be changed.
    pub(crate) fn widen(&self, path: &str, deed: &Deed) {
        if let (Some(rooms), Deed::Join(names)) = (&self.rooms, deed) {
            rooms.widen(path, names);
        }
    }

    /// Tells those who have subscribed them which number comes next in the lanes that were used.
    pub(crate) fn push_marks(&self) {
        if self.rooms.is_none() {
            return;
        }
        for topic in self.line.outbox.rooms_to_mark() {
            let mark = self.begin(Kind::Mark, Flags::NONE, 0);
            self.line.outbox.push(Topic::Rooms(topic), mark, outbox::Kind::Control);
        }
    }

    /// As [`Cluster::settled`].
    pub(crate) async fn settled(&self, path: &str, rooms: &[String]) {
        if let Some(topics) = &self.rooms {
            topics.settled(path, rooms).await;
        }
    }

    /// Finds out whether all nodes that are alive know the same topics.
    pub(crate) fn compare_topics(&self) {
        let Some(rooms) = &self.rooms else { return };
        let state = self.state();
        let own = &state.members.hello().can;
        let knows = |can: &[String]| own.iter().all(|ability| can.contains(ability));
        rooms.set_common(state.members.iter().all(|(_, member)| knows(&member.hello.can)));
    }
}

impl Cluster {
    /// Notes that a room of this node has got its first member, or has lost its last one.
    pub fn room_changed(&self, path: &str, room: &str, is_there: bool) {
        match &self.node.rooms {
            Some(rooms) if is_there => rooms.created(path, room),
            Some(rooms) => rooms.deleted(path, room),
            None => {}
        }
    }

    /// Returns whether what is sent to these rooms, which sockets of this node have joined, reaches it.
    #[must_use]
    pub fn is_settled(&self, path: &str, rooms: &[String]) -> bool {
        self.node.rooms.as_ref().is_none_or(|topics| topics.is_settled(path, rooms))
    }

    /// Waits until what is sent to these rooms, which sockets of this node have joined, reaches it: at once, unless there
    /// are [topics of rooms](crate::Options::room_topics) and these are new ones.
    pub async fn settled(&self, path: &str, rooms: &[String]) {
        self.node.settled(path, rooms).await;
    }
}
