//! Saying something to one socket, in another way than by default.

use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;
use sio_core::args::{Args, EncodeError};

use super::socket::Socket;
use crate::engine::outbox::{How, PushError};
use crate::error::{AckError, EmitError};
use crate::hub::answer;
use crate::hub::emission::{Emission, Expect};

/// Emits to one socket with options: made by [`Socket::timeout`], [`Socket::volatile`] and
/// [`Socket::compress`], and chained.
///
/// # Examples
///
/// ```
/// # use std::time::Duration;
/// # use sio::prelude::*;
/// # async fn example(socket: &Socket) -> sio::Result {
/// let is_sure = socket.timeout(Duration::from_secs(60)).emit_with_ack::<bool>("confirm", "Really?").await?;
/// socket.volatile().emit("position", &(3.5, 4.0)).await?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
#[must_use = "nothing is sent until something is emitted"]
pub struct EmitOptions<'a> {
    socket: &'a Socket,
    timeout: Duration,
    volatile: bool,
    compress: bool,
}

/// A question to one socket, ready to be sent.
pub(crate) struct Question {
    id: u64,
    emission: Emission,
}

impl<'a> EmitOptions<'a> {
    pub(crate) fn new(socket: &'a Socket) -> Self {
        Self { socket, timeout: socket.namespace().hub.common.ack_timeout, volatile: false, compress: true }
    }

    pub(crate) fn path(&self) -> &str {
        self.socket.path()
    }

    /// Sets how long an answer may take. Default: the server's `ack_timeout`, 5 s.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Lets the event be lost: it is dropped if the client's queue is not empty, if its transport cannot take it now
    /// (on polling, if no request waits), and while its `connect` hook runs. An event that asks for an
    /// acknowledgement is never dropped.
    pub fn volatile(mut self) -> Self {
        self.volatile = true;
        self
    }

    /// Sets whether the WebSocket message or the long-polling response that carries this packet may be compressed,
    /// provided that `Builder::websocket_compression` or `Builder::http_compression` allows it. Default true.
    ///
    /// A response that holds a packet emitted with `compress(false)` is not compressed, whatever else it holds. Use
    /// it for secrets: compressed beside data that an attacker can choose, they could be guessed by the length
    /// (BREACH, CRIME). It also saves time for data that does not shrink, such as pictures. Without the feature
    /// `compression` nothing is compressed.
    ///
    /// ```
    /// # use sio::prelude::*;
    /// # async fn example(socket: &Socket) -> sio::Result {
    /// socket.compress(false).emit("token", "a secret").await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn compress(mut self, compress: bool) -> Self {
        self.compress = compress;
        self
    }

    /// Sends an event, as [`Socket::emit`] does.
    ///
    /// # Errors
    ///
    /// As [`Socket::emit`]. A dropped volatile event is not an error.
    pub async fn emit<A>(&self, event: &str, args: &A) -> Result<(), EmitError>
    where
        A: Serialize + ?Sized + Sync,
    {
        let mut emission = self.emission(event, args)?;
        if self.volatile {
            return Ok(self.deliver(emission)?);
        }
        Ok(self.socket.member.deliver_waiting(&mut emission).await?)
    }

    /// Returns an event as it goes out.
    pub(super) fn emission<A>(&self, event: &str, args: &A) -> Result<Emission, EncodeError>
    where
        A: Serialize + ?Sized,
    {
        self.encode(self.expect(), event, args)
    }

    pub(super) async fn deliver_emission(&self, mut emission: Emission) -> Result<(), PushError> {
        if self.volatile {
            return self.deliver(emission);
        }
        self.socket.member.deliver_waiting(&mut emission).await
    }

    /// Sends the event `message`.
    ///
    /// # Errors
    ///
    /// As [`EmitOptions::emit`].
    pub async fn send<A>(&self, args: &A) -> Result<(), EmitError>
    where
        A: Serialize + ?Sized + Sync,
    {
        self.emit("message", args).await
    }

    /// Sends an event if there is room for it in the client's outgoing queue, as [`Socket::try_emit`] does.
    ///
    /// # Errors
    ///
    /// As [`Socket::try_emit`]. A dropped volatile event is not an error.
    pub fn try_emit<A: Serialize + ?Sized>(&self, event: &str, args: &A) -> Result<(), EmitError> {
        Ok(self.deliver(self.emission(event, args)?)?)
    }

    /// Sends a packet now, or not at all.
    pub(crate) fn deliver(&self, mut emission: Emission) -> Result<(), PushError> {
        let how = if self.volatile { How::Volatile } else { How::Now };
        self.socket.member.deliver_now(&mut emission, how)
    }

    /// Returns the expectation for an event without acknowledgement.
    fn expect(&self) -> Expect {
        if self.volatile { Expect::Nothing } else { Expect::Arrival }
    }

    fn encode<A: Serialize + ?Sized>(
        &self,
        expect: Expect,
        event: &str,
        args: &A,
    ) -> Result<Emission, EncodeError> {
        Ok(self.socket.encode(expect, event, args)?.compress(self.compress))
    }

    /// Sends an event and waits for the client's acknowledgement, as [`Socket::emit_with_ack`] does.
    ///
    /// # Errors
    ///
    /// As [`Socket::emit_with_ack`].
    pub async fn emit_with_ack<T: DeserializeOwned>(
        &self,
        event: &str,
        args: &(impl Serialize + ?Sized + Sync),
    ) -> Result<T, AckError> {
        let mut answer = self.ask(self.question(event, args)?).await?;
        answer::decode(&mut answer)
    }

    /// Returns a question as it goes out.
    pub(super) fn question<A>(&self, event: &str, args: &A) -> Result<Question, EmitError>
    where
        A: Serialize + ?Sized,
    {
        let id = self.socket.namespace().hub.next_ack_id();
        Ok(Question { id, emission: self.encode(Expect::Answer(id), event, args)? })
    }

    pub(super) async fn ask(&self, question: Question) -> Result<Args, AckError> {
        let Question { id, emission } = question;
        answer::one(&self.socket.member, id, emission, self.timeout).await
    }
}
