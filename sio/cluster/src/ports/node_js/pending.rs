//! [`Pending`]: the requests of this node to Node's servers, and how many of them have answered.

use std::collections::{HashMap, VecDeque};
use std::time::{Duration, Instant};

use serde_json::value::RawValue;
use sio_core::cluster::ask::{Answers, Asked, Outcome};
use sio_core::cluster::node::NodeId;
use sio_core::cluster::node_js::Answered;
use sio_core::id::Sid;

use super::super::Desk;
use crate::bus::Topic;
use crate::outbox::now;
use crate::random;

/// After the limit of a question, until it is forgotten.
const GRACE: Duration = Duration::from_secs(1);

/// The longest limit of a question.
const MAX_LIMIT: Duration = Duration::from_secs(24 * 60 * 60);

/// Requests that are open at the same time.
const MAX_OPEN: usize = 16_384;

/// Clients of all servers whose answers to a question are to come.
const MAX_CLIENTS: usize = 100_000;

/// The requests of this node to Node's servers.
#[derive(Default)]
pub(super) struct Pending {
    open: HashMap<String, Open>,
}

struct Open {
    id: u64,
    topic: Topic,
    until: Instant,
    /// How many answers will come; none while the broker has not said how many servers there are.
    expected: Option<u64>,
    /// How many have come.
    answers: u64,
    /// How many parts of the answer were passed on.
    parts: u64,
    /// Of a question to clients: the only one who is asked, if it is one, and those whose answers are to come.
    clients: Option<Clients>,
}

/// The id that stands for all of their servers, and that of the one that says something.
type Of = (NodeId, NodeId);

type Clients = (Option<Sid>, VecDeque<Sid>);

impl Pending {
    /// Begins a question to clients.
    pub(super) fn begin_ask(&mut self, id: u64, topic: Topic, limit: Duration, single: Option<Sid>) {
        self.begin(format!("a{id}"), id, topic, limit, Some((single, VecDeque::new())));
    }

    /// Begins a request to servers.
    pub(super) fn begin_request(&mut self, id: u64, topic: Topic, limit: Duration) {
        self.begin(format!("r{id}"), id, topic, limit, None);
    }

    fn begin(&mut self, key: String, id: u64, topic: Topic, limit: Duration, clients: Option<Clients>) {
        if self.open.len() < MAX_OPEN {
            let until = now() + limit.min(MAX_LIMIT) + GRACE;
            let open = Open { id, topic, until, expected: None, answers: 0, parts: 0, clients };
            self.open.insert(key, open);
        }
    }

    /// Returns whether it matters how many have subscribed to this topic.
    pub(super) fn is_counted(&self, topic: &Topic) -> bool {
        self.open.values().any(|open| open.expected.is_none() && open.topic == *topic)
    }

    /// So many others have subscribed to this topic.
    pub(super) fn counted(&mut self, topic: &Topic, count: u64, port: NodeId, desk: &Desk<'_>) {
        self.open.retain(|_, open| {
            if open.expected.is_none() && open.topic == *topic {
                open.expected = Some(count);
                if open.is_complete() {
                    open.part((port, port), desk, Vec::new(), Vec::new());
                }
            }
            open.is_awaited()
        });
    }

    /// Takes an answer: of a server, in the name of all of them.
    pub(super) fn answered(&mut self, key: &str, answered: Answered, of: Of, desk: &Desk<'_>) {
        let Some(open) = self.open.get_mut(key) else { return };
        match answered {
            Answered::Acknowledged(args) => {
                let sid = open.clients.as_mut().and_then(|(_, waiting)| waiting.pop_front());
                if let Some(sid) = sid {
                    let outcome = Outcome::Answer {
                        json: args.raw().to_owned(),
                        attachments: args.attachments().to_vec(),
                    };
                    desk.asks.answered(of.0, Answers { id: open.id, answers: vec![(sid, outcome)] });
                }
            }
            Answered::Asked(count) => {
                open.answers += 1;
                let Some((single, waiting)) = &mut open.clients else { return };
                let sids: Vec<Sid> = match (count, single) {
                    (1, Some(sid)) => vec![sid.clone()],
                    // They do not say whose answers they are; these are the names of nobody.
                    _ => {
                        let room = MAX_CLIENTS.saturating_sub(waiting.len());
                        let count = usize::try_from(count).unwrap_or(usize::MAX).min(room);
                        (0..count).map(|_| Sid::from_random(random::bytes())).collect()
                    }
                };
                waiting.extend(sids.iter().cloned());
                open.part(of, desk, sids, Vec::new());
            }
            Answered::Sockets(items) => open.take(of, desk, items),
            Answered::Rooms(rooms) => {
                let items = rooms.iter().filter_map(|room| serde_json::value::to_raw_value(room).ok());
                open.take(of, desk, items.collect());
            }
            Answered::Value(value) => {
                let list = value.and_then(|value| RawValue::from_string(format!("[{}]", value.get())).ok());
                open.take(of, desk, list.into_iter().collect());
            }
        }
        if !open.is_awaited() {
            self.open.remove(key);
        }
    }

    pub(super) fn expire(&mut self, now: Instant) {
        self.open.retain(|_, open| open.until > now);
    }
}

impl Open {
    fn is_complete(&self) -> bool {
        self.expected.is_some_and(|expected| self.answers >= expected)
    }

    /// Returns whether anything is still to come.
    fn is_awaited(&self) -> bool {
        !self.is_complete() || self.clients.as_ref().is_some_and(|(_, waiting)| !waiting.is_empty())
    }

    fn take(&mut self, of: Of, desk: &Desk<'_>, items: Vec<Box<RawValue>>) {
        self.answers += 1;
        self.part(of, desk, Vec::new(), items);
    }

    /// Passes a part of the answer on, the last one if no other is to come.
    fn part(&mut self, of: Of, desk: &Desk<'_>, sids: Vec<Sid>, items: Vec<Box<RawValue>>) {
        let (port, from) = of;
        let is_last = self.is_complete();
        let page = self.parts;
        self.parts += 1;
        if self.clients.is_some() {
            desk.asks.asked(port, Asked { id: self.id, page, is_last, sids });
        } else {
            let page = u32::try_from(page).unwrap_or(u32::MAX);
            desk.requests.page_of(self.id, port, page, is_last, items.into_iter().map(|item| (from, item)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_question_is_forgotten_after_its_own_limit() {
        let (mut pending, topic) = (Pending::default(), Topic::Foreign("x".into()));
        let limits = [Duration::from_secs(5), Duration::from_secs(600), Duration::MAX];
        for (id, limit) in (0..).zip(limits) {
            pending.begin_ask(id, topic.clone(), limit, None);
            pending.begin_request(id, topic.clone(), limit);
        }
        let began = now();
        for (after, open) in [(4, 6), (7, 4), (599, 4), (602, 2), (25 * 60 * 60, 0)] {
            pending.expire(began + Duration::from_secs(after));
            assert_eq!(pending.open.len(), open, "{after} s");
        }
    }
}
