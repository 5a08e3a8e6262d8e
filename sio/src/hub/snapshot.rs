//! [`Snapshot`]: a member as it is now, for those who have no handle of it.

use std::sync::Arc;

use sio_core::id::{NodeId, Sid};

use super::member::Member;
use super::{Hub, Target};
use crate::data::shared::Texts;
use crate::handshake::Handshake;

/// A member of this node, or of another, at one moment.
pub(crate) struct Snapshot {
    pub(crate) sid: Sid,
    /// The node that it is on, if that is another.
    pub(crate) node: Option<NodeId>,
    /// Its rooms, its own included.
    pub(crate) rooms: Vec<String>,
    /// The user that it was identified as.
    pub(crate) user: Option<String>,
    pub(crate) handshake: Arc<Handshake>,
    /// The shared part of its data.
    pub(crate) data: Texts,
}

impl Hub {
    /// Returns how many connected members are addressed.
    pub(crate) fn count(&self, target: &Target<'_>) -> usize {
        let mut count = 0;
        self.addressed(target).for_each(|member| count += usize::from(member.is_connected()));
        count
    }

    /// Returns a member as it is now.
    pub(crate) fn snapshot(&self, member: &Member) -> Snapshot {
        let (rooms, user) = self.read().rooms_and_user_of(&member.id);
        Snapshot {
            sid: member.id.clone(),
            node: None,
            rooms,
            user,
            handshake: Arc::clone(&member.handshake),
            data: self.common.shared.texts(&member.data),
        }
    }

    /// Returns the connected members who are addressed, as they are now.
    pub(crate) fn snapshots(&self, target: &Target<'_>) -> Vec<Snapshot> {
        self.members(target).iter().map(|member| self.snapshot(member)).collect()
    }
}
