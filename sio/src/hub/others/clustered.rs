//! [`Others`] of a server that is a node of a cluster.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use sio_cluster::protocol::message::{Deed, HandedState};
use sio_cluster::{Address, BoxFuture, Cluster, Event, Inexpressible, Noted, Packet, Prepared, PublishError};
use sio_core::id::PrivateId;
use sio_core::socket::recovery::Resume;

use super::super::emission::Emission;
use super::super::rooms::{RoomChanges, RoomEvent};
use super::super::{Change, Target};
use super::elsewhere::Elsewhere;
use crate::engine::outbox::How;
use crate::error::EmitError;

/// The other nodes.
#[derive(Clone)]
pub(crate) struct Others {
    cluster: Arc<Cluster>,
    /// Of the next event that is kept for clients which come back.
    next_offset: Arc<AtomicU64>,
}

/// Sockets that are described before other tasks have their turn.
pub(super) const TURN: usize = 256;

/// Bits of an offset that count; those in front of them are of the node that has sent the event.
const COUNTER_BITS: u32 = 40;

impl Others {
    pub(crate) fn new(cluster: Arc<Cluster>) -> Self {
        let first = cluster.me().get() >> COUNTER_BITS << COUNTER_BITS;
        Self { cluster, next_offset: Arc::new(AtomicU64::new(first)) }
    }

    /// Returns an offset that no other event has, on any node.
    pub(crate) fn next_offset(&self) -> u64 {
        self.next_offset.fetch_add(1, Relaxed)
    }

    /// Keeps an event for clients that move, before anybody gets it.
    pub(crate) fn note(&self, path: &str, target: &Target<'_>, event: &Emission) -> Option<Noted> {
        event.offset?;
        let (run, compress) = (event.entry.frames.clone(), event.entry.compress);
        self.cluster.note(path, target, &Packet { run, is_volatile: false, compress, offset: event.offset })
    }

    /// Keeps a change for clients that move, before it is made here.
    pub(crate) fn note_change(&self, path: &str, target: &Target<'_>, change: Change<'_>) -> Option<Noted> {
        self.cluster.note_change(&Address { path, target: target.reborrow() }, || deed(change))
    }

    /// Asks the others for the state of a client that has come back here. `None` if none of them can have it. `is_here`
    /// returns whether it has come meanwhile.
    pub(crate) fn claim(
        &self,
        path: &str,
        resume: &Resume,
        is_here: impl FnOnce() -> bool + Send + 'static,
    ) -> Option<BoxFuture<()>> {
        let Resume { pid, offset } = *resume;
        if !self.cluster.may_be_elsewhere(&pid) {
            return None;
        }
        let (cluster, path) = (Arc::clone(&self.cluster), path.to_owned());
        Some(Box::pin(async move { cluster.claim(&path, pid, offset, is_here).await }))
    }

    /// Gives the state of a client to a node that goes on when this one stops.
    pub(crate) fn hand(&self, pid: PrivateId, take: impl FnOnce() -> Option<HandedState>) -> bool {
        self.cluster.hand(pid, take)
    }

    /// The same, if one of them has claimed it already.
    pub(crate) fn hand_claimed(&self, pid: PrivateId, take: impl FnOnce() -> Option<HandedState>) -> bool {
        self.cluster.hand_claimed(pid, take)
    }

    /// Takes note of rooms that have begun or ended here.
    pub(crate) fn count_rooms(&self, path: &str, changes: &RoomChanges) {
        for (room, event) in changes {
            match event {
                RoomEvent::Created => self.cluster.room_changed(path, room, true),
                RoomEvent::Deleted => self.cluster.room_changed(path, room, false),
                RoomEvent::Joined(_) | RoomEvent::Left(_) => {}
            }
        }
    }

    /// Waits until what others send to these rooms, which sockets here have joined, comes here.
    /// `None`: that is so, as hardly ever otherwise. In a box, since those who join would all keep its memory.
    pub(crate) fn settling(&self, path: &str, rooms: &[String]) -> Option<BoxFuture<()>> {
        if self.cluster.is_settled(path, rooms) {
            return None;
        }
        let (cluster, path, rooms) = (Arc::clone(&self.cluster), path.to_owned(), rooms.to_vec());
        Some(Box::pin(async move { cluster.settled(&path, &rooms).await }))
    }

    /// Returns whether all of them are heard.
    pub(crate) fn is_whole(&self) -> bool {
        self.cluster.is_whole()
    }

    /// Checks that an event can be sent to them, before anybody gets it.
    pub(crate) fn check(&self, path: &str, target: &Target<'_>, event: &Emission) -> Result<(), EmitError> {
        self.cluster.check(path, target, event.entry.frames.len()).map_err(EmitError::from)
    }

    /// Sends them an event that has been checked. Never waits.
    #[inline(never)]
    pub(crate) fn publish(
        &self,
        path: &str,
        target: &Target<'_>,
        event: Emission,
        how: How,
        noted: Option<Noted>,
    ) {
        let to = Address { path, target: target.reborrow() };
        let published = self.cluster.publish_noted(&to, &packet(event, how), noted);
        debug_assert!(published.is_ok(), "it has been checked");
    }

    pub(super) fn cluster(&self) -> &Cluster {
        &self.cluster
    }

    /// Returns whether there are any.
    pub(crate) fn are_there(&self) -> bool {
        self.cluster.has_peers()
    }

    /// Asks their sockets: with an event that has been checked, and has no id.
    pub(crate) fn ask(
        &self,
        path: &str,
        target: &Target<'_>,
        event: Emission,
        how: How,
        limit: Duration,
        foreign: Option<&Event>,
    ) -> Option<Elsewhere> {
        let to = Address { path, target: target.reborrow() };
        let asked = self.cluster.ask_all(&to, &packet(event, how), limit, foreign);
        debug_assert!(asked.is_ok(), "it has been checked");
        asked.ok().map(Elsewhere::new)
    }

    /// Checks that a change can be made to their sockets, and prepares it for servers of other kinds, before it is made to
    /// anybody's.
    pub(crate) fn prepare_change(
        &self,
        path: &str,
        target: &Target<'_>,
        change: Change<'_>,
    ) -> Result<Prepared, EmitError> {
        let rooms = match change {
            Change::Join(rooms) | Change::Leave(rooms) => rooms,
            Change::Disconnect { .. } => &[],
        };
        self.cluster.check(path, target, rooms.iter().map(|room| room.len() + 4).sum())?;
        if !self.cluster.has_foreign_members() {
            return Ok(Prepared::default());
        }
        Ok(self.cluster.prepare_change(&Address { path, target: target.reborrow() }, &deed(change))?)
    }

    /// Makes a change that was prepared to their sockets, before all events that are sent after it.
    pub(crate) fn change(
        &self,
        path: &str,
        target: &Target<'_>,
        change: Change<'_>,
        noted: Option<Noted>,
        prepared: Prepared,
    ) {
        self.cluster.publish_prepared(prepared);
        let to = Address { path, target: target.reborrow() };
        if let Err(error) = self.cluster.change_noted(&to, deed(change), noted) {
            tracing::error!(target: "sio::cluster", namespace = path, %error, "a change is made on this node only");
        }
    }
}

/// A change, as it travels.
pub(super) fn deed(change: Change<'_>) -> Deed {
    match change {
        Change::Join(rooms) => Deed::Join(rooms.to_vec()),
        Change::Leave(rooms) => Deed::Leave(rooms.to_vec()),
        Change::Disconnect { close } => Deed::Disconnect(close),
    }
}

/// An event, as it travels.
fn packet(event: Emission, how: How) -> Packet {
    let Emission { entry, offset, .. } = event;
    Packet { run: entry.frames, is_volatile: matches!(how, How::Volatile), compress: entry.compress, offset }
}

impl From<PublishError> for EmitError {
    fn from(error: PublishError) -> Self {
        match error {
            PublishError::TooLarge { size, limit } => Self::TooLarge { size, limit },
            PublishError::Inexpressible(Inexpressible { servers, reason }) => {
                Self::Inexpressible { servers, reason }
            }
            // 65,536 rooms and more.
            _ => Self::TooManyRooms,
        }
    }
}
