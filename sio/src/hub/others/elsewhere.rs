//! Questions to the sockets of other nodes, and of other nodes to sockets of this one.

use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use sio_cluster::{AskedHere, Asker, Outcome, RemoteAsk};
use sio_core::args::Args;
use sio_core::id::NodeId;

use super::super::answer::{Answer, Waiter};
use super::super::emission::Emission;
use super::super::member::Member;
use super::super::{Hub, Target};
use crate::codec::Form;
use crate::engine::outbox::How;
use crate::error::AckError;

/// A question to the sockets of other nodes.
pub(crate) struct Elsewhere(Box<RemoteAsk>);

impl Elsewhere {
    pub(super) fn new(ask: RemoteAsk) -> Self {
        Self(Box::new(ask))
    }

    /// How many sockets are known that have not appeared.
    pub(crate) fn left(&self) -> usize {
        self.0.left()
    }

    /// Returns whether everybody has appeared.
    pub(crate) fn is_over(&self) -> bool {
        self.0.is_over()
    }

    /// The nodes that have not said whom they have asked.
    pub(crate) fn missing(&self) -> Vec<NodeId> {
        self.0.missing()
    }

    /// The next who has answered, or cannot any more; `None` after the last.
    pub(crate) fn poll_answered(&mut self, cx: &mut Context<'_>) -> Poll<Option<Answer>> {
        self.0.poll_next(cx).map(|end| end.map(|(sid, outcome)| (sid, answer(outcome))))
    }

    /// The time is over: returns one of those who have not appeared.
    pub(crate) fn expire_one(&mut self) -> Option<Answer> {
        self.0.expire();
        self.0.take().map(|(sid, outcome)| (sid, answer(outcome)))
    }
}

/// An answer, as this node takes it.
fn answer(outcome: Outcome) -> Result<Args, AckError> {
    match outcome {
        Outcome::Answer { json, attachments } => Ok(Args::array(json.into(), attachments)),
        Outcome::Timeout => Err(AckError::Timeout),
        Outcome::Disconnected => Err(AckError::Disconnected),
        Outcome::Refused => Err(AckError::TooMany),
    }
}

/// The answer of a socket of this node, as another takes it.
pub(crate) fn outcome(args: &Args) -> Outcome {
    Outcome::Answer { json: args.raw().to_owned(), attachments: args.attachments().to_vec() }
}

/// Members who remember that another node waits for their answers; they forget it with this.
struct Hold {
    id: u64,
    members: Vec<Arc<Member>>,
}

impl Drop for Hold {
    fn drop(&mut self) {
        self.members.iter().for_each(|member| member.forget_ack(self.id));
    }
}

impl Hub {
    /// Asks everybody here who is addressed for another node.
    #[inline(never)]
    pub(crate) fn ask_for(
        &self,
        target: &Target<'_>,
        event: &Bytes,
        compress: bool,
        how: How,
        asker: &Asker,
    ) -> AskedHere {
        let id = self.next_ack_id();
        let Some(question) = self.common.encoding.stamp(event, id) else {
            tracing::warn!(
                target: "sio::cluster",
                namespace = &*self.path, node = %asker.node(),
                "ignored a question of another node that cannot be read; does it use another parser?"
            );
            return AskedHere::default();
        };
        let question = Emission::new(question, Form::Plain(Some(id))).compress(compress);
        let (mut sids, mut members) = (Vec::new(), Vec::new());
        // A task that receives for all clients does not give way to one.
        let _ = self.deliver_to_each(target, &question, how, |member| {
            // Registered before the packet is sent: the answer may be quick.
            let registered = member.await_ack(id, Waiter::Remote(member.id.clone(), asker.clone()));
            match registered {
                Ok(()) => members.push(Arc::clone(member)),
                Err(AckError::Disconnected) => return false,
                Err(_) => asker.answer(member.id.clone(), Outcome::Refused),
            }
            sids.push(member.id.clone());
            registered.is_ok()
        });
        AskedHere { sids, hold: Some(Box::new(Hold { id, members })) }
    }
}
