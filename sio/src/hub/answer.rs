//! Waiting for a client's acknowledgement.

use std::sync::Arc;
use std::time::Duration;

use serde::de::DeserializeOwned;
use sio_core::args::Args;
use sio_core::id::Sid;
use tokio::sync::{mpsc, oneshot};

use crate::Socket;
use crate::engine::outbox::PushError;
use crate::error::AckError;
use crate::hub::emission::Emission;
use crate::hub::in_connect::is_in_connect;
use crate::hub::member::Membership;

/// Who waits for an answer.
pub(crate) enum Waiter {
    One(oneshot::Sender<Args>),
    Many(Sid, mpsc::UnboundedSender<(Sid, Result<Args, AckError>)>),
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

/// Forgets a waiter whose caller has stopped waiting.
struct Forget<'a> {
    membership: &'a Arc<Membership>,
    id: u64,
}

impl Drop for Forget<'_> {
    fn drop(&mut self) {
        self.membership.forget_ack(self.id);
    }
}

/// Sends an event to one socket and waits for its answer.
pub(crate) async fn one(
    socket: &Socket,
    id: u64,
    question: Emission,
    timeout: Duration,
) -> Result<Args, AckError> {
    let membership = &socket.membership;
    if is_in_connect(&socket.membership.id) {
        return Err(AckError::Connecting);
    }
    let (answer, answered) = oneshot::channel();
    membership.await_ack(id, Waiter::One(answer))?;
    let _forget = Forget { membership, id };
    let exchange = async {
        membership.deliver_waiting(question).await.map_err(|error| match error {
            PushError::Closed => AckError::Disconnected,
            PushError::Full => AckError::Emit(error.into()),
        })?;
        answered.await.map_err(|_| AckError::Disconnected)
    };
    tokio::time::timeout(timeout, exchange).await.unwrap_or_else(|_| {
        // The question has not even been sent: something that the hook waits for has asked it.
        Err(if membership.is_connecting() { AckError::Connecting } else { AckError::Timeout })
    })
}

/// Reads an answer: a tuple is all of its arguments, `()` none, everything else the first.
pub(crate) fn decode<T: DeserializeOwned>(args: &mut Args) -> Result<T, AckError> {
    args.take_answer().map_err(AckError::Payload)
}
