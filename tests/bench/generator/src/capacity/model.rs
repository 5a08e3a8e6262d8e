//! The arithmetic: what a number of users costs nodes and broker.

use super::costs::Costs;

/// Seconds between two messages of a user.
const PERIOD: f64 = 10.0;

/// Seconds between two heartbeats of a node.
const HEARTBEAT: f64 = 3.0;

/// How much of a core a Redis is to be busy at most: what is above serves peaks.
const REDIS_SHARE: f64 = 0.6;

/// Users who send to rooms, and their nodes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Load {
    pub(crate) users: f64,
    pub(crate) users_per_node: f64,
    /// Members of a room, on nodes at random.
    pub(crate) members: f64,
}

/// How messages find their nodes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    /// Every node hears every message.
    All,
    /// Half of the messages are for one socket, and only its node hears those.
    HalfDirect,
    /// The same, and a message to a room is heard by the nodes with a member of it.
    RoomTopics,
}

impl Load {
    pub(crate) fn nodes(&self) -> f64 {
        (self.users / self.users_per_node).ceil()
    }

    /// Messages a second, of all users.
    pub(crate) fn messages(&self) -> f64 {
        self.users / PERIOD
    }

    /// Nodes that have a member of a room.
    pub(crate) fn nodes_of_room(&self) -> f64 {
        let nodes = self.nodes();
        nodes * (1.0 - (1.0 - 1.0 / nodes).powf(self.members))
    }

    /// Messages that the broker delivers to nodes a second.
    pub(crate) fn deliveries(&self, way: Way) -> f64 {
        let each = match way {
            Way::All => self.nodes(),
            Way::HalfDirect => f64::midpoint(1.0, self.nodes()),
            Way::RoomTopics => f64::midpoint(1.0, self.nodes_of_room()),
        };
        self.messages() * each
    }

    /// Heartbeats that the broker delivers a second.
    pub(crate) fn heartbeats(&self) -> f64 {
        self.nodes() * self.nodes() / HEARTBEAT
    }

    /// Cores that Redis needs for them.
    pub(crate) fn redis_cores(&self, way: Way, costs: &Costs) -> f64 {
        (self.deliveries(way) + self.heartbeats()) * costs.redis_delivery_us / 1e6
    }

    /// How many Redis it takes.
    pub(crate) fn shards(&self, way: Way, costs: &Costs) -> f64 {
        (self.redis_cores(way, costs) / REDIS_SHARE).ceil()
    }

    /// The part of a core that a node needs to send what its users send.
    pub(crate) fn publishing(&self, costs: &Costs) -> f64 {
        self.messages() / self.nodes() * costs.publish_us / 1e6
    }

    /// The part of a core that a node needs to hear what others send.
    pub(crate) fn hearing(&self, way: Way, costs: &Costs) -> f64 {
        let heard = (self.deliveries(way) - self.messages()).max(0.0) / self.nodes();
        heard * costs.hear_us / 1e6
    }

    /// The part of a core that a node needs to bring messages to its clients.
    pub(crate) fn delivering(&self, costs: &Costs) -> f64 {
        self.messages() * self.members / self.nodes() * costs.client_delivery_us / 1e6
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(users: f64) -> Load {
        Load { users, users_per_node: 50_000.0, members: 20.0 }
    }

    fn is_near(value: f64, expected: f64) -> bool {
        (value - expected).abs() <= expected.abs() * 0.005
    }

    #[test]
    fn a_million_users_are_what_they_were_on_paper() {
        let (million, costs) = (load(1e6), Costs::round());
        assert!(is_near(million.nodes(), 20.0) && is_near(million.messages(), 1e5));
        assert!(is_near(million.deliveries(Way::All), 2e6));
        assert!(is_near(million.deliveries(Way::HalfDirect), 1.05e6));
        // 20 · (1 − 0.95²⁰) nodes of a room.
        assert!(is_near(million.nodes_of_room(), 12.83));
        assert!(is_near(million.deliveries(Way::RoomTopics), 0.69e6));
        assert!(is_near(million.heartbeats(), 133.3));
        assert!(is_near(million.redis_cores(Way::All, &costs), 1.0));
        assert!(is_near(million.publishing(&costs), 0.02));
        assert!(is_near(million.hearing(Way::All, &costs), 0.19));
        assert!(is_near(million.delivering(&costs), 0.1));
        assert!(is_near(million.shards(Way::All, &costs), 2.0));
    }

    #[test]
    fn heartbeats_and_deliveries_grow_with_the_square_of_the_nodes() {
        assert!(is_near(load(1e8).heartbeats() / load(1e6).heartbeats(), 1e4));
        assert!(is_near(load(1e8).deliveries(Way::All) / load(1e6).deliveries(Way::All), 1e4));
        assert!(is_near(load(1e8).heartbeats(), 1.33e6));
    }

    #[test]
    fn topics_of_rooms_save_nothing_where_a_room_is_everywhere() {
        let wide = Load { members: 10_000.0, ..load(1e6) };
        assert!(is_near(wide.deliveries(Way::RoomTopics), wide.deliveries(Way::HalfDirect)));
        let alone = load(50_000.0);
        assert!(is_near(alone.deliveries(Way::All), alone.messages()));
        assert!(alone.hearing(Way::All, &Costs::round()).abs() < f64::EPSILON, "nobody else is there");
    }
}
