//! Waiting for the acknowledgements of clients.

use std::collections::HashMap;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use serde::de::DeserializeOwned;
use sio_core::args::Args;
use sio_core::id::Sid;
use tokio::sync::{mpsc, oneshot};

use crate::engine::outbox::PushError;
use crate::error::AckError;
use crate::hub::emission::Emission;
use crate::hub::in_connect::is_in_connect;
use crate::hub::member::Member;

/// The receiver of an answer.
pub(crate) enum Waiter {
    One(oneshot::Sender<Args>),
    Many(Sid, mpsc::UnboundedSender<Answer>),
}

impl Waiter {
    pub(crate) fn answered(self, args: Args) {
        match self {
            Self::One(answer) => drop(answer.send(args)),
            Self::Many(sid, answers) => drop(answers.send((sid, Ok(args)))),
        }
    }

    pub(crate) fn disconnected(self) {
        match self {
            // A dropped sender says the same.
            Self::One(_) => {}
            Self::Many(sid, answers) => drop(answers.send((sid, Err(AckError::Disconnected)))),
        }
    }
}

/// An answer, and whose it is.
pub(crate) type Answer = (Sid, Result<Args, AckError>);

/// A question to many, and who has not answered it. Those who have not are forgotten with it.
///
/// Answers come through a channel, under the id of whoever gives them; it is of no concern where they are from. The
/// members only are in here because they remember who waits.
pub(crate) struct Asked {
    id: u64,
    waiting: HashMap<Sid, Arc<Member>>,
    answered: mpsc::UnboundedReceiver<Answer>,
}

impl Asked {
    pub(crate) fn new(id: u64, answered: mpsc::UnboundedReceiver<Answer>) -> Self {
        Self { id, waiting: HashMap::new(), answered }
    }

    /// An answer of this member is to come.
    pub(crate) fn expect(&mut self, member: &Arc<Member>) {
        self.waiting.insert(member.id.clone(), Arc::clone(member));
    }

    /// How many have not answered.
    pub(crate) fn missing(&self) -> usize {
        self.waiting.len()
    }

    pub(crate) fn poll_answered(&mut self, cx: &mut Context<'_>) -> Poll<Option<Answer>> {
        self.answered.poll_recv(cx)
    }

    /// Notes that an answer has been taken; false if none was missing any more.
    pub(crate) fn has_answered(&mut self, id: &Sid) -> bool {
        self.waiting.remove(id).is_some()
    }

    /// One of those who have not answered, and do not have to any more.
    pub(crate) fn give_up_one(&mut self) -> Option<Sid> {
        let id = self.waiting.keys().next()?.clone();
        if let Some(member) = self.waiting.remove(&id) {
            member.forget_ack(self.id);
        }
        Some(id)
    }
}

impl Drop for Asked {
    fn drop(&mut self) {
        for member in self.waiting.values() {
            member.forget_ack(self.id);
        }
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
    question: Emission,
    timeout: Duration,
) -> Result<Args, AckError> {
    if is_in_connect(&member.id) {
        return Err(AckError::Connecting);
    }
    let (answer, answered) = oneshot::channel();
    member.await_ack(id, Waiter::One(answer))?;
    let _forget = Forget { member, id };
    let exchange = async {
        member.deliver_waiting(question).await.map_err(|error| match error {
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
