//! Frames of one node that others overtake.

use std::collections::HashMap;
use std::sync::Arc;

use bytes::Bytes;

use super::MemoryBroker;
use crate::bus::Topic;

/// A frame for a connection, under its topic.
type Kept = (u64, Topic, Bytes);

/// Those that wait, by sender and receiver.
#[derive(Default)]
pub(super) struct Held(HashMap<(Arc<str>, Arc<str>), Vec<Kept>>);

impl Held {
    /// Returns the list in which frames on this way wait, if they do.
    pub(super) fn on_way(&mut self, from: &Arc<str>, to: &Arc<str>) -> Option<&mut Vec<Kept>> {
        self.0.get_mut(&(Arc::clone(from), Arc::clone(to)))
    }
}

impl MemoryBroker {
    /// Lets frames of one node for another wait, while those of other nodes overtake them; or lets them go on.
    pub fn hold(&self, from: &str, to: &str, is_held: bool) {
        let mut state = self.state();
        let way = (from.into(), to.into());
        if is_held {
            state.held.0.entry(way).or_default();
            return;
        }
        for (id, topic, payload) in state.held.0.remove(&way).unwrap_or_default() {
            let Some(link) = state.links.get_mut(&id) else { continue };
            if link.way.try_send((link.latest, topic, payload)).is_err() {
                state.cut(id, "it reads nothing");
            }
        }
    }
}
