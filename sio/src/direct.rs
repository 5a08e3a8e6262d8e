//! Saying something to one socket, in another way than by default.

use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::Socket;
use crate::ack_wait;
use crate::emission::Expect;
use crate::error::{AckError, EmitError};

/// Emits to one socket with options: made by [`Socket::timeout`] and [`Socket::volatile`], and chained.
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
pub struct Direct<'a> {
    socket: &'a Socket,
    timeout: Duration,
    volatile: bool,
}

impl<'a> Direct<'a> {
    pub(crate) fn new(socket: &'a Socket) -> Self {
        Self { socket, timeout: socket.namespace().inner.ack_timeout, volatile: false }
    }

    /// How long an answer may take. Default: the server's `ack_timeout`, 5 s.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// What is emitted may be lost: it is passed over when something else waits for this client.
    pub fn volatile(mut self) -> Self {
        self.volatile = true;
        self
    }

    /// Sends an event, as [`Socket::emit`] does.
    ///
    /// # Errors
    ///
    /// As [`Socket::emit`]. That a volatile event was passed over is no error.
    pub async fn emit<A>(&self, event: &str, args: &A) -> Result<(), EmitError>
    where
        A: Serialize + ?Sized + Sync,
    {
        if !self.volatile {
            return self.socket.emit(event, args).await;
        }
        let emission = self.socket.encode(Expect::Nothing, event, args)?;
        self.socket.membership.deliver_volatile(emission.frames);
        Ok(())
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
        let id = self.socket.namespace().inner.next_ack_id();
        let question = self.socket.encode(Expect::Answer(id), event, args).map_err(EmitError::from)?;
        let mut answer = ack_wait::one(self.socket, id, &question, self.timeout).await?;
        ack_wait::decode(&mut answer)
    }
}
