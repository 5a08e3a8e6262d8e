//! [`Ack`]: the answer that a client waits for, as something to hold.
//!
//! The handle and the event share a slot, because either can come first: the handler may send the answer, fail
//! without sending one, drop the handle, or move it to another task and end. The slot makes one answer of it.
//!
//! ```text
//!                 send            drop            handler ends         handler fails
//! Held            -> Closed*      -> Dropped      -> Moved             -> Closed*
//! Dropped                                         -> Closed* (empty)   -> Closed*
//! Moved           -> Closed*      -> Closed* (empty)
//! Closed          refused         -               -                    the error is nobody's
//!                                                          * answers the client
//! ```

use std::fmt;
use std::marker::PhantomData;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use serde::Serialize;

use super::event::empty_answer;
use crate::error::{EmitError, HandlerError};
use crate::guarded::Guarded;
use crate::handle::socket::Socket;

/// The acknowledgement that a client waits for, to be answered with a `T`.
///
/// A handler takes it as an argument: `Ack<T>`, or `Option<Ack<T>>` to learn whether the client asked for one (if it
/// did not, an `Ack<T>` sends nothing). Handlers that have the answer when they end need none of this: they return
/// it.
///
/// A tuple is several arguments, `()` is none. Dropped without having been sent, it answers with no argument; but when
/// the handler fails, the client gets the error instead. It may be moved to another task and answer from there, after
/// the handler has ended.
///
/// # Examples
///
/// ```standalone_crate
/// use sio::prelude::*;
///
/// #[derive(Default)]
/// struct Chat;
///
/// #[consumer]
/// impl Chat {
///     async fn event_save(&mut self, text: String, ack: Ack<(usize, bool)>) -> sio::Result<()> {
///         ack.send((text.len(), true))?;
///         Ok(())
///     }
/// }
/// ```
pub struct Ack<T> {
    /// `None`: nobody waits, or it is done.
    slot: Option<Arc<AckSlot>>,
    value: PhantomData<fn(T)>,
}

impl<T> Ack<T> {
    pub(super) fn new(slot: Option<Arc<AckSlot>>) -> Self {
        Self { slot, value: PhantomData }
    }

    /// Returns whether the client waits for an answer.
    #[must_use]
    pub fn is_requested(&self) -> bool {
        self.slot.is_some()
    }

    /// Answers the client. Does nothing if it did not ask.
    ///
    /// # Errors
    ///
    /// If the value cannot be written as JSON (the client then gets what the handler ends with), or if the client
    /// already has an answer, because the handler failed or ran out of time.
    pub fn send(mut self, value: T) -> Result<(), EmitError>
    where
        T: Serialize,
    {
        let value = Guarded::new(value);
        let Some(slot) = &self.slot else { return Ok(()) };
        let frame = slot.socket.encode_ack(slot.id, &*value)?;
        slot.send(frame)?;
        self.slot = None;
        Ok(())
    }

    /// Answers the client with an error, from a task that outlives the handler. In the handler itself, return it.
    ///
    /// # Errors
    ///
    /// If the client already has an answer.
    pub fn fail<V>(mut self, error: impl HandlerError<V>) -> Result<(), EmitError> {
        let Some(slot) = &self.slot else { return Ok(()) };
        let frame = slot.socket.encode_ack(slot.id, &error.into_error().answer())?;
        slot.send(frame)?;
        self.slot = None;
        Ok(())
    }

    /// Never sends the answer: the client will run into its own deadline. For servers that have to behave badly on
    /// purpose.
    pub fn forget(mut self) {
        if let Some(slot) = self.slot.take() {
            slot.close();
        }
    }
}

impl<T> Drop for Ack<T> {
    fn drop(&mut self) {
        if let Some(slot) = &self.slot {
            slot.dropped();
        }
    }
}

impl<T> fmt::Debug for Ack<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ack").field("requested", &self.is_requested()).finish()
    }
}

/// State shared by the handle and the event.
#[derive(Debug)]
pub(crate) struct AckSlot {
    socket: Socket,
    id: u64,
    state: Mutex<State>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// The handler runs and somebody has the handle.
    Held,
    /// The handler runs, the handle is gone without an answer.
    Dropped,
    /// The handler has ended, somebody still has the handle.
    Moved,
    /// Answered, or never to be answered.
    Closed,
}

impl AckSlot {
    pub(super) fn new(socket: Socket, id: u64) -> Self {
        Self { socket, id, state: Mutex::new(State::Held) }
    }

    pub(super) fn id(&self) -> u64 {
        self.id
    }

    /// The handle has an answer.
    fn send(&self, frame: Bytes) -> Result<(), EmitError> {
        match self.step(|_| State::Closed) {
            State::Closed => Err(EmitError::AlreadyAnswered),
            State::Held | State::Dropped | State::Moved => {
                self.socket.answer_ack(self.id, frame);
                Ok(())
            }
        }
    }

    fn close(&self) {
        self.step(|_| State::Closed);
    }

    fn dropped(&self) {
        let before = self.step(|state| match state {
            State::Held => State::Dropped,
            State::Dropped | State::Moved | State::Closed => State::Closed,
        });
        if before == State::Moved {
            self.socket.answer_ack(self.id, empty_answer(&self.socket, self.id));
        }
    }

    /// The handler has ended well; `frame` is what it returned beside the handle, if anything.
    pub(super) fn finish(&self, frame: Option<Bytes>) {
        let before = self.step(|state| match state {
            State::Held if frame.is_none() => State::Moved,
            State::Held | State::Dropped | State::Moved | State::Closed => State::Closed,
        });
        let answer = match before {
            State::Closed => None,
            State::Dropped => Some(frame.unwrap_or_else(|| empty_answer(&self.socket, self.id))),
            State::Held | State::Moved => frame,
        };
        if let Some(answer) = answer {
            self.socket.answer_ack(self.id, answer);
        }
    }

    /// The handler has failed. False if the client had an answer before, so that it will not learn of this.
    pub(super) fn fail(&self, frame: Option<Bytes>) -> bool {
        match self.step(|_| State::Closed) {
            State::Closed => false,
            State::Held | State::Dropped | State::Moved => {
                if let Some(frame) = frame {
                    self.socket.answer_ack(self.id, frame);
                }
                true
            }
        }
    }

    /// Changes the state, and returns the one before.
    fn step(&self, next: impl FnOnce(State) -> State) -> State {
        // Nothing panics while the lock is held, so a poisoned state is as good as any.
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let before = *state;
        *state = next(before);
        before
    }
}
