//! [`Role`] of a node: what it subscribes, how it enters, and what it does every second.

use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use sio_core::cluster::frame::{Flags, Header, Kind, LANE_ALL};
use sio_core::cluster::members::HEARTBEAT;
use sio_core::cluster::message;
use sio_core::cluster::node::NodeId;
use tokio::time::timeout;

use super::Node;
use crate::bus::{BusError, Frame, Topic};
use crate::event::ClusterEvent;
use crate::outbox::now;
use crate::random;
use crate::room_topics::RoomTopics;
use crate::supervisor::Role;

/// How long the others are waited for after a connect.
const SETTLE: Duration = Duration::from_secs(1);

/// The same when the broker does not say how many there are, and none was known before.
const SETTLE_BLIND: Duration = Duration::from_millis(300);

/// A node that does not hear its own heartbeat for so long has lost its subscriptions, whatever the broker answers.
const ECHO: Duration = Duration::from_secs(6);

impl Role for Node {
    fn topics(&self) -> Vec<Topic> {
        [Topic::All, Topic::Node(self.me)]
            .into_iter()
            .chain(self.ports.topics(self.local.get().map(|local| &**local)))
            .chain(self.rooms.iter().flat_map(RoomTopics::topics))
            .collect()
    }

    fn subscribed(&self, topics: &[Topic]) {
        if let Some(rooms) = &self.rooms {
            rooms.subscribed(topics);
        }
    }

    fn unsubscribed(&self) {
        if let Some(rooms) = &self.rooms {
            rooms.left();
        }
    }

    fn cut(&self) {
        if let Some(rooms) = &self.rooms {
            rooms.cut();
        }
    }

    fn hello(&self) -> Option<Frame> {
        let hello = {
            let mut state = self.state();
            state.answered.clear();
            state.members.hello().clone()
        };
        let mut frame = self.begin(Kind::Hello, Flags::NONE, 512);
        message::write(&mut frame, &hello);
        Header::place(&mut frame, LANE_ALL, self.line.outbox.first_number(now()));
        Some(Frame { topic: Topic::All, payload: frame.into() })
    }

    async fn settle(&self, receivers: Option<u64>) {
        let knows_nobody = self.state().members.is_empty();
        let is_blind = receivers.is_none() && knows_nobody;
        let limit = if is_blind { SETTLE_BLIND } else { SETTLE };
        let all = async {
            loop {
                let mut introduced = std::pin::pin!(self.introduced.notified());
                // Listens before it looks: who answers in between is not missed.
                introduced.as_mut().enable();
                if !is_blind && self.is_settled(receivers) {
                    return;
                }
                introduced.await;
            }
        };
        // A node that does not answer in time may miss something, and will know it.
        let _ = timeout(limit, all).await;
    }

    fn up(&self, away: Duration, resent: u64, dropped: u64) {
        {
            let (mut state, now) = (self.state(), now());
            state.members.hears(now);
            state.beat = now;
            state.echo = (self.line.queue.echoes(), now);
        }
        self.is_open.store(true, Relaxed);
        self.tell(ClusterEvent::BusUp { away, resent, dropped });
    }

    fn down(&self, reason: &BusError) {
        self.state().members.deaf(now());
        self.requests.lose_all();
        self.tell(ClusterEvent::BusDown { reason: reason.to_string() });
    }

    fn tick(&self, is_up: bool) -> Result<(), BusError> {
        let now = now();
        self.unproved.store(0, Relaxed);
        let (changes, is_beat, is_deaf) = {
            let mut state = self.state();
            let stood_still = state.members.stood_still(now);
            if stood_still {
                self.is_stale.store(true, Relaxed);
                state.echo.1 = now;
            }
            let changes = state.members.tick(now);
            state.incoming.forget(now);
            let is_beat = is_up && now >= state.beat;
            if is_beat {
                state.beat = now + random::about(HEARTBEAT, 0.2);
            }
            let echoes = self.line.queue.echoes();
            if echoes != state.echo.0 {
                state.echo = (echoes, now);
            }
            (changes, is_beat, is_up && now.saturating_duration_since(state.echo.1) > ECHO)
        };
        self.apply(changes);
        self.replies.expire(now);
        self.ports.tick(now);
        if let Some(rooms) = &self.rooms {
            rooms.tick(is_up);
        }
        if is_deaf {
            return Err(BusError::new("it answers, but brings nothing: the subscription is gone"));
        }
        if is_beat {
            self.push_alive();
            self.push_marks();
        }
        Ok(())
    }

    fn checked(&self) {
        // The broker's answer came after what had waited there; a mark tells the receiver. If the queue is full,
        // the next answer does.
        if self.is_stale.load(Relaxed) {
            self.line.queue.mark_fresh();
        }
    }

    fn is_counted(&self, topic: &Topic) -> bool {
        self.ports.are_counted(topic)
    }

    fn counted(&self, topic: &Topic, count: u64) {
        self.foreign_counted(topic, count);
    }

    fn unreached(&self, node: NodeId) {
        self.requests.lose(node);
        self.asks.lose(node);
    }

    fn bye(&self) -> Option<Vec<u8>> {
        (!self.has_left.load(Relaxed)).then(|| self.farewell(None))
    }
}
