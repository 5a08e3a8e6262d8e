//! Members that are away and may come back.

use std::sync::Arc;

use sio_core::id::Sid;

use super::member::Member;
use super::{Hub, RoomChanges, Target};

impl Hub {
    /// A member has gone, and may come back. The caller tells of the changes.
    pub(crate) fn park(&self, id: &Sid) -> RoomChanges {
        let mut changes = RoomChanges::new();
        self.write().park(id, &mut changes);
        changes
    }

    /// A member that has been parked will not come back.
    pub(crate) fn unpark(&self, id: &Sid) -> Option<Arc<Member>> {
        self.write().unpark(id)
    }

    /// Puts a member in the place of the one with the same id, if `may_enter` returns true; it is called while
    /// nothing can be sent. The caller tells of the changes.
    pub(crate) fn replace(
        &self,
        member: &Arc<Member>,
        may_enter: impl FnOnce() -> bool,
    ) -> Option<RoomChanges> {
        let mut changes = RoomChanges::new();
        let mut rooms = self.write();
        if !may_enter() {
            return None;
        }
        let before = rooms.replace(&member.id, Arc::clone(member), &mut changes);
        drop(rooms);
        before.map(|_| changes)
    }

    /// Returns a member that is away.
    pub(crate) fn away(&self, id: &Sid) -> Option<Arc<Member>> {
        self.read().parked(id)
    }

    /// Returns the members that are addressed and connected, or away, in no particular order.
    pub(super) fn members_and_away(&self, target: &Target<'_>) -> Vec<Arc<Member>> {
        let mut members = Vec::new();
        self.addressed(target).for_each_with_parked(|member, is_parked| {
            if is_parked || member.keeps_rooms() {
                members.push(Arc::clone(member));
            }
        });
        members
    }
}
