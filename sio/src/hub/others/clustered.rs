//! [`Others`] of a server that is a node of a cluster.

use std::sync::Arc;
use std::time::Duration;

use sio_cluster::protocol::message::Deed;
use sio_cluster::{Address, Cluster, Packet, PublishError};

use super::super::emission::Emission;
use super::super::{Change, Target};
use super::elsewhere::Elsewhere;
use crate::engine::outbox::How;
use crate::error::EmitError;

/// The other nodes.
#[derive(Clone)]
pub(crate) struct Others(Arc<Cluster>);

impl Others {
    pub(crate) fn new(cluster: Arc<Cluster>) -> Self {
        Self(cluster)
    }

    /// Returns whether all of them are heard.
    pub(crate) fn is_whole(&self) -> bool {
        self.0.is_whole()
    }

    /// Checks that an event can be sent to them, before anybody gets it.
    pub(crate) fn check(&self, path: &str, target: &Target<'_>, event: &Emission) -> Result<(), EmitError> {
        self.0.check(path, target, event.entry.frames.len()).map_err(EmitError::from)
    }

    /// Sends them an event that has been checked. Never waits.
    #[inline(never)]
    pub(crate) fn publish(&self, path: &str, target: &Target<'_>, event: Emission, how: How) {
        let to = Address { path, target: target.reborrow() };
        let published = self.0.publish(&to, &packet(event, how));
        debug_assert!(published.is_ok(), "it has been checked");
    }

    pub(super) fn cluster(&self) -> &Cluster {
        &self.0
    }

    /// Returns whether there are any.
    pub(crate) fn are_there(&self) -> bool {
        self.0.has_peers()
    }

    /// Asks their sockets: with an event that has been checked, and has no id.
    pub(crate) fn ask(
        &self,
        path: &str,
        target: &Target<'_>,
        event: Emission,
        how: How,
        limit: Duration,
    ) -> Option<Elsewhere> {
        let to = Address { path, target: target.reborrow() };
        let asked = self.0.ask(&to, &packet(event, how), limit);
        debug_assert!(asked.is_ok(), "it has been checked");
        asked.ok().map(Elsewhere::new)
    }

    /// Makes a change to their sockets, before all events that are sent after it.
    pub(crate) fn change(&self, path: &str, target: &Target<'_>, change: Change<'_>) {
        if let Err(error) = self.0.change(&Address { path, target: target.reborrow() }, deed(change)) {
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
            // 65,536 rooms and more.
            _ => Self::TooManyRooms,
        }
    }
}
