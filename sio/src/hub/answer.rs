//! Waiting for the acknowledgements of clients.

use std::collections::HashMap;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use serde::de::DeserializeOwned;
use sio_core::args::Args;
use sio_core::id::{NodeId, Sid};
use tokio::sync::{mpsc, oneshot};

use crate::engine::outbox::{How, PushError};
use crate::error::AckError;
use crate::hub::emission::Emission;
use crate::hub::in_connect::is_in_connect;
use crate::hub::member::Member;
use crate::hub::others::Elsewhere;
use crate::hub::{Delivered, Hub, Target};

/// The receiver of an answer.
pub(crate) enum Waiter {
    One(oneshot::Sender<Args>),
    Many(Sid, mpsc::UnboundedSender<Answer>),
    /// Another node, which has asked this socket among others.
    #[cfg(feature = "cluster")]
    Remote(Sid, sio_cluster::Asker),
}

impl Waiter {
    pub(crate) fn answered(self, args: Args) {
        match self {
            Self::One(answer) => drop(answer.send(args)),
            Self::Many(sid, answers) => drop(answers.send((sid, Ok(args)))),
            #[cfg(feature = "cluster")]
            Self::Remote(sid, asker) => asker.answer(sid, super::others::outcome(&args)),
        }
    }

    pub(crate) fn disconnected(self) {
        match self {
            // A dropped sender says the same.
            Self::One(_) => {}
            Self::Many(sid, answers) => drop(answers.send((sid, Err(AckError::Disconnected)))),
            #[cfg(feature = "cluster")]
            Self::Remote(sid, asker) => asker.answer(sid, sio_cluster::Outcome::Disconnected),
        }
    }
}

/// An answer, and whose it is.
pub(crate) type Answer = (Sid, Result<Args, AckError>);

/// A question to many, and who has not answered it. Those who have not are forgotten with it.
///
/// Answers come through a channel, under the id of whoever gives them. The members only are in here because they
/// remember who waits.
pub(crate) struct Asked {
    id: u64,
    waiting: HashMap<Sid, Arc<Member>>,
    answered: mpsc::UnboundedReceiver<Answer>,
    /// The same question to the sockets of other nodes.
    elsewhere: Option<Elsewhere>,
}

/// The outcome of a question to many.
pub(crate) enum Answered {
    /// One has answered, or cannot any more.
    One(Answer),
    /// Everybody has.
    All,
}

impl Asked {
    pub(crate) fn new(id: u64, answered: mpsc::UnboundedReceiver<Answer>) -> Self {
        Self { id, waiting: HashMap::new(), answered, elsewhere: None }
    }

    /// An answer of this member is to come.
    pub(crate) fn expect(&mut self, member: &Arc<Member>) {
        self.waiting.insert(member.id.clone(), Arc::clone(member));
    }

    /// Answers of other nodes are to come.
    pub(crate) fn expect_others(&mut self, elsewhere: Elsewhere) {
        self.elsewhere = Some(elsewhere);
    }

    /// How many are known who have not answered.
    pub(crate) fn left(&self) -> usize {
        self.waiting.len() + self.elsewhere.as_ref().map_or(0, Elsewhere::left)
    }

    /// Returns whether all who are addressed are known to this node.
    pub(crate) fn is_counted(&self) -> bool {
        self.elsewhere.as_ref().is_none_or(Elsewhere::is_over)
    }

    /// Returns whether everybody has answered.
    pub(crate) fn is_over(&self) -> bool {
        self.waiting.is_empty() && self.is_counted()
    }

    /// The nodes that have not said whom they have asked.
    pub(crate) fn missing(&self) -> Vec<NodeId> {
        self.elsewhere.as_ref().map(Elsewhere::missing).unwrap_or_default()
    }

    pub(crate) fn poll_answered(&mut self, cx: &mut Context<'_>) -> Poll<Answered> {
        while !self.waiting.is_empty() {
            match self.answered.poll_recv(cx) {
                // One that came at the very deadline was told of already.
                Poll::Ready(Some((sid, answer))) if self.waiting.remove(&sid).is_some() => {
                    return Poll::Ready(Answered::One((sid, answer)));
                }
                Poll::Ready(Some(_)) => {}
                // Nobody is left who could answer.
                Poll::Ready(None) => return Poll::Ready(self.give_up_one()),
                Poll::Pending => break,
            }
        }
        match self.elsewhere.as_mut().map(|elsewhere| elsewhere.poll_answered(cx)) {
            Some(Poll::Ready(Some(answer))) => Poll::Ready(Answered::One(answer)),
            Some(Poll::Pending) => Poll::Pending,
            Some(Poll::Ready(None)) | None if self.waiting.is_empty() => Poll::Ready(Answered::All),
            Some(Poll::Ready(None)) | None => Poll::Pending,
        }
    }

    /// The time is over: returns one of those who have not answered.
    pub(crate) fn expire_one(&mut self) -> Option<Answer> {
        if let Answered::One(answer) = self.give_up_one() {
            return Some(answer);
        }
        self.elsewhere.as_mut()?.expire_one()
    }

    /// One of those of this node who have not answered, and do not have to any more.
    fn give_up_one(&mut self) -> Answered {
        let Some(id) = self.waiting.keys().next().cloned() else { return Answered::All };
        if let Some(member) = self.waiting.remove(&id) {
            member.forget_ack(self.id);
        }
        Answered::One((id, Err(AckError::Timeout)))
    }
}

impl Drop for Asked {
    fn drop(&mut self) {
        for member in self.waiting.values() {
            member.forget_ack(self.id);
        }
    }
}

impl Hub {
    /// As [`Self::deliver`], to ask everybody who is addressed: their answers are awaited under this id. Those whose
    /// answers cannot be awaited are not asked.
    pub(crate) fn ask(
        &self,
        target: &Target<'_>,
        question: &Emission,
        how: How,
        id: u64,
    ) -> (Delivered, Asked) {
        let (answers, answered) = mpsc::unbounded_channel();
        let mut asked = Asked::new(id, answered);
        let delivered = self.deliver_to_each(target, question, how, |member| {
            // Registered before the packet is sent: the answer may be quick.
            let waiter = Waiter::Many(member.id.clone(), answers.clone());
            let registered = match is_in_connect(&member.id) {
                true => Err(AckError::Connecting),
                false => member.await_ack(id, waiter),
            };
            let is_asked = registered.is_ok();
            match registered {
                Ok(()) => {}
                Err(AckError::Disconnected) => return false,
                Err(error) => drop(answers.send((member.id.clone(), Err(error)))),
            }
            asked.expect(member);
            is_asked
        });
        (delivered, asked)
    }
}

/// Forgets a waiter whose caller has stopped waiting.
struct Forget<'a> {
    member: &'a Arc<Member>,
    id: u64,
}

impl Drop for Forget<'_> {
    fn drop(&mut self) {
        self.member.forget_ack(self.id);
    }
}

/// Sends an event to one member and waits for its answer.
pub(crate) async fn one(
    member: &Arc<Member>,
    id: u64,
    mut question: Emission,
    timeout: Duration,
) -> Result<Args, AckError> {
    if is_in_connect(&member.id) {
        return Err(AckError::Connecting);
    }
    let (answer, answered) = oneshot::channel();
    member.await_ack(id, Waiter::One(answer))?;
    let _forget = Forget { member, id };
    let exchange = async {
        member.deliver_waiting(&mut question).await.map_err(|error| match error {
            PushError::Closed => AckError::Disconnected,
            PushError::Full => AckError::Emit(error.into()),
        })?;
        answered.await.map_err(|_| AckError::Disconnected)
    };
    tokio::time::timeout(timeout, exchange).await.unwrap_or_else(|_| {
        // The question has not even been sent: something that the hook waits for has asked it.
        Err(if member.is_connecting() { AckError::Connecting } else { AckError::Timeout })
    })
}

/// Reads an answer: a tuple is all of its arguments, `()` none, everything else the first.
pub(crate) fn decode<T: DeserializeOwned>(args: &mut Args) -> Result<T, AckError> {
    args.take_answer().map_err(AckError::Payload)
}
