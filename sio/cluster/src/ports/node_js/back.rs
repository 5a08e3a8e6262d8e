//! [`Back`]: how a server that has asked is answered.

use serde_json::value::RawValue;
use sio_core::args::Args;
use sio_core::cluster::node_js::{self, sharded::Writer};

use crate::bus::{Frame, Topic};

/// The way back to a server that has asked, and the form of its answers.
#[derive(Debug, Clone)]
pub(super) struct Back {
    topic: Topic,
    /// The name of this process and the namespace, which answers hold at shards.
    sharded: Option<(String, String)>,
}

/// The answers.
#[derive(Debug)]
pub(super) enum Reply<'a> {
    /// Sockets, or their ids.
    Sockets(&'a [Box<RawValue>]),
    /// Names of rooms.
    Rooms(&'a [String]),
    /// The answer of a program; none of a node that only counts.
    Value(Option<&'a RawValue>),
    /// How many clients were asked.
    Asked(usize),
    /// The answer of a client.
    Acknowledged(&'a Args),
    /// A change has been made.
    Done,
}

impl Back {
    /// To servers with the classic adapter.
    pub(super) const fn to(topic: Topic) -> Self {
        Self { topic, sharded: None }
    }

    /// To a server with the sharded adapter.
    pub(super) fn to_shard(topic: Topic, uid: &str, path: &str) -> Self {
        Self { topic, sharded: Some((uid.to_owned(), path.to_owned())) }
    }

    /// The message of the answer to this request. `None` if those servers do not wait for such a one.
    pub(super) fn frame(&self, id: &str, reply: &Reply<'_>) -> Option<Frame> {
        let payload = match &self.sharded {
            None => match *reply {
                Reply::Sockets(sockets) => node_js::answer_sockets(id, sockets),
                Reply::Rooms(rooms) => node_js::rooms_of(id, rooms),
                Reply::Value(value) => node_js::value_of(id, value),
                Reply::Asked(count) => node_js::asked(id, count),
                Reply::Acknowledged(args) => node_js::acknowledged(id, args),
                Reply::Done => node_js::answer_text(id),
            },
            Some((uid, nsp)) => {
                let writer = Writer { uid, nsp };
                match *reply {
                    Reply::Sockets(sockets) => writer.sockets(id, sockets),
                    Reply::Value(value) => writer.value(id, value),
                    Reply::Asked(count) => writer.asked(id, count),
                    Reply::Acknowledged(args) => writer.acknowledged(id, args),
                    Reply::Rooms(_) | Reply::Done => return None,
                }
            }
        };
        Some(Frame { topic: self.topic.clone(), payload: payload.into() })
    }
}
