//! Members that move to another node, or come from there.

use std::sync::Arc;

use sio_core::id::Sid;

use super::member::Member;
use super::rooms::Rooms;
use super::{Change, Hub, RoomChanges, Target};

/// A member that is being put in.
pub(crate) struct Newcomer<'a> {
    rooms: &'a mut Rooms<Arc<Member>>,
    id: &'a Sid,
}

impl Newcomer<'_> {
    pub(crate) fn is_addressed(&self, target: &Target<'_>) -> bool {
        self.rooms.is_parked_addressed(self.id, target)
    }

    /// Changes its rooms.
    pub(crate) fn change(&mut self, change: Change<'_>) {
        match change {
            Change::Join(rooms) => self.rooms.join(self.id, rooms, &mut RoomChanges::new()),
            Change::Leave(rooms) => self.rooms.leave(self.id, rooms, &mut RoomChanges::new()),
            Change::Disconnect { .. } => {}
        }
    }
}

impl Hub {
    /// Takes a member out, with its rooms, if `may_go` returns something; that is called while nothing can be sent.
    pub(crate) fn take_out<T>(
        self: &Arc<Self>,
        id: &Sid,
        may_go: impl FnOnce() -> Option<T>,
    ) -> Option<(Arc<Member>, Vec<Arc<str>>, T)> {
        let mut changes = RoomChanges::new();
        let mut rooms = self.write();
        let going = may_go()?;
        let taken = rooms.take(id, &mut changes);
        drop(rooms);
        self.tell(&changes);
        let (member, rooms) = taken?;
        Some((member, rooms, going))
    }

    /// Puts in a member that is away, which was at another node. `fill` is called while nothing can be sent. False if
    /// there is one of the same id.
    pub(crate) fn put_in(
        &self,
        member: &Arc<Member>,
        names: &[String],
        fill: impl FnOnce(&mut Newcomer<'_>) -> bool,
    ) -> bool {
        let mut rooms = self.write();
        if !rooms.add_parked(&member.id, Arc::clone(member), names) {
            return false;
        }
        let is_filled = fill(&mut Newcomer { rooms: &mut rooms, id: &member.id });
        if !is_filled {
            let unparked = rooms.unpark(&member.id);
            drop(rooms);
            drop(unparked);
        }
        is_filled
    }
}
