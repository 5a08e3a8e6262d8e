//! Users: the rooms of their sockets, which are not shown to anybody.
//!
//! The room of the user `42` is called `\\0u42`. Names that begin with `\\0` are those of hidden rooms, which an
//! application can neither join nor address.

use std::collections::BTreeMap;
use std::sync::Arc;

use sio_core::id::Sid;

use super::Hub;
use super::member::Member;
use super::presence::Presence;
use super::rooms::{RoomChanges, RoomEvent};
use crate::error::IdentifyError;

/// Begins the names of hidden rooms.
const HIDDEN: char = '\0';

/// Begins the names of users' rooms.
const USER: &str = "\0u";

/// Returns the room of a user.
pub(crate) fn room(user: &str) -> String {
    [USER, user].concat()
}

/// Returns the user whose room this is.
pub(crate) fn of_room(room: &str) -> Option<&str> {
    room.strip_prefix(USER)
}

/// Returns whether a room is hidden.
pub(crate) fn is_hidden(room: &str) -> bool {
    room.starts_with(HIDDEN)
}

impl Hub {
    /// Puts a member into the room of a user.
    pub(crate) fn identify(self: &Arc<Self>, member: &Member, user: &str) -> Result<(), IdentifyError> {
        if member.is_closed() {
            return Err(IdentifyError::Disconnected);
        }
        let mut changes = RoomChanges::new();
        let identified = self.write().identify(&member.id, user, &mut changes);
        self.tell(&changes);
        identified
    }

    /// Puts a member into the room of a user, out of that of the one before.
    pub(crate) fn change_user(self: &Arc<Self>, member: &Member, user: &str) -> Result<(), IdentifyError> {
        if member.is_closed() {
            return Err(IdentifyError::Disconnected);
        }
        let mut changes = RoomChanges::new();
        let changed = self.write().change_user(&member.id, user, &mut changes);
        self.tell(&changes);
        changed
    }

    /// Tells which users came and went.
    pub(super) fn tell_users(&self, presence: &Arc<Presence>, changes: &RoomChanges) {
        for (room, event) in changes {
            if let (RoomEvent::Created | RoomEvent::Deleted, Some(user)) = (event, of_room(room)) {
                presence.check(&self.path, user, || self.read().is_room(room));
            }
        }
    }

    /// Returns the users who are here, with how many sockets each.
    pub(crate) fn users(&self) -> BTreeMap<String, usize> {
        self.read().users(|member| member.is_connected())
    }

    /// Returns the user that a member was identified as.
    pub(crate) fn user_of(&self, id: &Sid) -> Option<String> {
        self.read().rooms_and_user_of(id).1
    }
}
