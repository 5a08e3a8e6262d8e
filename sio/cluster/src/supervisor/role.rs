//! [`Role`]: what a supervisor does not know of the process.

use std::time::Duration;

use sio_core::cluster::node::NodeId;

use crate::bus::{BusError, Frame, Topic};

/// The role of a process at its broker: a node, or an emitter.
pub(crate) trait Role: Send + Sync + 'static {
    /// Returns the topics that it subscribes.
    fn topics(&self) -> Vec<Topic>;

    /// The broker has confirmed these subscriptions.
    fn subscribed(&self, topics: &[Topic]) {
        let _ = topics;
    }

    /// The broker has confirmed that it brings nothing of topics that were left.
    fn unsubscribed(&self) {}

    /// There is no connection on which anything could be subscribed.
    fn cut(&self) {}

    /// Returns the first frame for a new connection.
    fn hello(&self) -> Option<Frame>;

    /// Waits until what is sent has somebody to receive it. `receivers`: how many have got the HELLO.
    fn settle(&self, receivers: Option<u64>) -> impl Future<Output = ()> + Send;

    /// The broker is there.
    fn up(&self, away: Duration, resent: u64, dropped: u64);

    /// The broker is gone.
    fn down(&self, reason: &BusError);

    /// Is called every second, also without a broker. An error ends the connection.
    fn tick(&self, is_up: bool) -> Result<(), BusError>;

    /// The broker has answered.
    fn checked(&self);

    /// Returns whether it matters how many have subscribed to a topic to which something was sent.
    fn is_counted(&self, topic: &Topic) -> bool {
        let _ = topic;
        false
    }

    /// So many others have.
    fn counted(&self, topic: &Topic, count: u64) {
        let _ = (topic, count);
    }

    /// Nobody has received what was sent to this node.
    fn unreached(&self, node: NodeId);

    /// Returns the last message, if there is one.
    fn bye(&self) -> Option<Vec<u8>>;
}
