//! Logs events of the cluster, and tells them to the application.

use sio_core::cluster::members::Difference;

use super::Node;
use crate::event::ClusterEvent;

impl Node {
    /// Logs an event and tells it to the application.
    pub(crate) fn tell(&self, event: ClusterEvent) {
        let me = self.me;
        match &event {
            ClusterEvent::BusDown { reason } => {
                let bus = self.line.bus.name();
                tracing::warn!(target: "sio::cluster", %me, bus, reason, "lost the broker: other nodes are not reached");
            }
            ClusterEvent::BusUp { away, resent, dropped } => {
                let bus = self.line.bus.name();
                tracing::info!(target: "sio::cluster", %me, bus, ?away, resent, dropped, "the broker is there");
            }
            ClusterEvent::NodeUp { node, name } => {
                tracing::info!(target: "sio::cluster", %me, %node, name, "a node is there");
            }
            ClusterEvent::NodeDown { node, why } => {
                tracing::info!(target: "sio::cluster", %me, %node, ?why, "a node has gone");
            }
            // One a gap, and gaps are rare: while a broker is away there are none.
            ClusterEvent::Lost { from, frames, cause } => {
                tracing::debug!(target: "sio::cluster", %me, %from, frames, ?cause, "frames of a node were lost");
            }
            ClusterEvent::Differs { node, what: Difference::Namespaces } => {
                tracing::warn!(
                    target: "sio::cluster", %me, %node,
                    "a node serves other namespaces: is it another program? A prefix of its own keeps it apart"
                );
            }
            ClusterEvent::Differs { node, what } => {
                tracing::warn!(target: "sio::cluster", %me, %node, ?what, "a node differs in what must be the same");
            }
        }
        if let Some(local) = self.local.get() {
            local.event(event);
        }
    }
}
