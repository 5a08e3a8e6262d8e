//! The requests of Node's servers, and the answers to them.

use std::sync::Arc;
use std::time::Duration;

use serde_json::value::RawValue;
use sio_core::args::{Args, Spread};
use sio_core::cluster::ask::Outcome;
use sio_core::cluster::foreign::node_of;
use sio_core::cluster::message::{Change, Query};
use sio_core::cluster::node::NodeId;
use sio_core::cluster::node_js::{Request, What};
use sio_core::id::Sid;

use super::super::{Desk, HIDDEN};
use super::back::{Back, Reply};
use super::{LONGEST, MAX_OPEN, NodePort, PATIENCE, null};
use crate::bus::Frame;
use crate::local::Address;
use crate::outbox::{Outbox, now};
use crate::replies::{Answered, Asker};

/// A server that waits for the answers of clients.
struct NodeAsker {
    node: NodeId,
    back: Back,
    id: String,
    outbox: Arc<Outbox>,
}

impl NodePort {
    /// Takes a request about a namespace, and answers it.
    pub(super) fn take(&self, path: &str, request: Request, back: Back, desk: &Desk<'_>) {
        let Request { uid, id, what } = request;
        if uid.as_deref() == Some(&*self.uid) {
            return;
        }
        let reply = |id: &str, reply: &Reply<'_>| send(desk.outbox, back.frame(id, reply));
        if uid.as_deref().and_then(node_of).is_some() {
            // A node of this cluster, which is told what it asks in its own words, and counts all the same.
            if let (Some(id), true) = (id, self.peers.is_member) {
                match what {
                    What::Rooms => reply(&id, &Reply::Rooms(&[])),
                    What::Sockets(_) | What::Ids(_) => reply(&id, &Reply::Sockets(&[])),
                    What::ServerEvent { .. } => reply(&id, &Reply::Value(None)),
                    What::Ask { .. } => reply(&id, &Reply::Asked(0)),
                    What::Change(_) | What::Unknown => {}
                }
            }
            return;
        }
        let id = id.filter(|_| self.peers.is_member);
        match (what, id) {
            (What::Change(Change { to, deed }), id) => {
                desk.local.change(&Address { path: &to.nsp, target: to.target() }, &deed);
                if let Some(id) = id {
                    reply(&id, &Reply::Done);
                }
            }
            (What::ServerEvent { event, args }, id) => {
                self.server_event_of(path, uid.as_deref(), (&event, &args), id, back, desk);
            }
            (What::Ask { to, event, timeout }, Some(id)) => {
                let limit = timeout.map_or(PATIENCE, Duration::from_millis).min(LONGEST);
                let asker: Arc<dyn Answered> = Arc::new(NodeAsker {
                    node: self.peers.id,
                    back: back.clone(),
                    id: id.clone(),
                    outbox: Arc::clone(desk.outbox),
                });
                let to = Address { path: &to.nsp, target: to.target() };
                let asked = desk.local.ask_for_others(&to, event, &Asker::foreign(asker));
                // Also if nobody is there.
                reply(&id, &Reply::Asked(asked.sids.len()));
                let mut state = self.state();
                if let Some(hold) =
                    asked.hold.filter(|_| !asked.sids.is_empty() && state.open.len() < MAX_OPEN)
                {
                    state.open.push((now() + limit + Duration::from_secs(1), hold));
                }
            }
            (What::Ask { to, event, .. }, None) => {
                desk.local.event_of_others(&Address { path: &to.nsp, target: to.target() }, event);
            }
            (What::Rooms, Some(id)) => {
                let rooms = desk.local.query(Query::Rooms(path.to_owned()));
                self.answer(desk, async move {
                    let names = rooms.await;
                    let names: Vec<String> =
                        names.iter().filter_map(|name| serde_json::from_str(name.get()).ok()).collect();
                    back.frame(&id, &Reply::Rooms(&names))
                });
            }
            (What::Sockets(to), Some(id)) => {
                let sockets = desk.local.sockets_for_others(to);
                self.answer(desk, async move { back.frame(&id, &Reply::Sockets(&sockets.await)) });
            }
            (What::Ids(to), Some(id)) => {
                let sockets = desk.local.sockets_for_others(to);
                self.answer(desk, async move {
                    let ids = sockets.await.into_iter().filter_map(|socket| {
                        let socket: serde_json::Value = serde_json::from_str(socket.get()).ok()?;
                        serde_json::value::to_raw_value(socket.get("id")?).ok()
                    });
                    back.frame(&id, &Reply::Sockets(&ids.collect::<Vec<_>>()))
                });
            }
            _ => {}
        }
    }

    fn server_event_of(
        &self,
        path: &str,
        uid: Option<&str>,
        (event, args): (&str, &Args),
        id: Option<String>,
        back: Back,
        desk: &Desk<'_>,
    ) {
        // Those are the nodes' own.
        if event.starts_with(HIDDEN) {
            return;
        }
        let mut args = args.clone();
        let rest = args.take_rest::<Spread<serde_json::Value>>();
        // Of bytes nothing is known between programs of sio.
        let Ok(args) =
            rest.map_err(drop).and_then(|args| serde_json::value::to_raw_value(&args.0).map_err(drop))
        else {
            return;
        };
        let from = self.known(uid.unwrap_or("emitter"));
        let answer = desk.local.server_event(from, path, event, args);
        self.answer(desk, async move {
            let answer = answer.await;
            let id = id?;
            let value = answer.and_then(|answer| first(&answer)).unwrap_or_else(null);
            back.frame(&id, &Reply::Value(Some(&value)))
        });
    }

    /// Answers a request of theirs, on a task of its own.
    fn answer(&self, desk: &Desk<'_>, answer: impl Future<Output = Option<Frame>> + Send + 'static) {
        let Ok(permit) = Arc::clone(&self.answering).try_acquire_owned() else { return };
        let outbox = Arc::clone(desk.outbox);
        tokio::spawn(async move {
            send(&outbox, tokio::time::timeout(PATIENCE, answer).await.ok().flatten());
            drop(permit);
        });
    }
}

fn send(outbox: &Outbox, frame: Option<Frame>) {
    if let Some(frame) = frame {
        outbox.push_foreign(frame, false);
    }
}

/// The first of a list of values.
fn first(list: &RawValue) -> Option<Box<RawValue>> {
    let values: Vec<&RawValue> = serde_json::from_str(list.get()).ok()?;
    values.first().map(|value| (*value).to_owned())
}

impl Answered for NodeAsker {
    fn answer(&self, _: Sid, outcome: Outcome) {
        let Outcome::Answer { json, attachments } = outcome else { return };
        let args = Args::array(json.into(), attachments);
        send(&self.outbox, self.back.frame(&self.id, &Reply::Acknowledged(&args)));
    }

    fn node(&self) -> NodeId {
        self.node
    }
}
