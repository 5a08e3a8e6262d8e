//! [`Others`]: the other nodes of the cluster, as hubs and their handles reach them.
//!
//! Without the feature `cluster` there is no such value, and all that is done with one compiles to nothing.

#[cfg(feature = "cluster")]
mod clustered;
#[cfg(not(feature = "cluster"))]
mod none;

#[cfg(feature = "cluster")]
mod elsewhere;
#[cfg(feature = "cluster")]
mod foreign;
#[cfg(feature = "cluster")]
mod node_js;
#[cfg(feature = "cluster")]
mod queries;

#[cfg(feature = "cluster")]
pub(crate) use self::clustered::Others;
#[cfg(feature = "cluster")]
pub(crate) use self::elsewhere::{Elsewhere, outcome};
#[cfg(feature = "cluster")]
pub(crate) use self::node_js::described;
#[cfg(not(feature = "cluster"))]
pub(crate) use self::none::{Elsewhere, Event, Others};
#[cfg(feature = "cluster")]
pub(crate) use self::queries::{PRESENCE, answer, change_of, path_of};
#[cfg(feature = "cluster")]
pub(crate) use sio_cluster::Event;

use super::{Change, Hub, RoomChanges};

impl Hub {
    /// Lets the cluster count the rooms that have begun and ended here.
    pub(super) fn count_rooms(&self, changes: &RoomChanges) {
        if let Some(others) = &self.common.others {
            others.count_rooms(&self.path, changes);
        }
    }

    /// Returns what waits until events of other nodes for rooms that members here have joined come here; `None` if they do.
    pub(crate) fn settling(&self, change: Change<'_>) -> Option<impl Future<Output = ()> + Send + use<>> {
        match (&self.common.others, change) {
            (Some(others), Change::Join(rooms)) => others.settling(&self.path, rooms),
            _ => None,
        }
    }
}

#[cfg(all(test, feature = "cluster"))]
mod tests;
