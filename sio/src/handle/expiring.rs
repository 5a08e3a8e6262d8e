//! Sockets that are let in for a time.

use std::time::Instant;

#[cfg(doc)]
use sio_core::socket::reason::DisconnectReason;

use super::socket::Socket;

/// For a time.
impl Socket {
    /// Sets until when the client is let in, `None` for no end. May be called again, from anywhere; the last call counts.
    ///
    /// At the end the client gets the event `auth_expired` and is disconnected from the namespace, with the reason
    /// [`DisconnectReason::AuthExpired`] in the hook `disconnect`. Events that wait are dropped; a handler that runs comes to
    /// its end. [`Builder::auth_warning`](crate::Builder::auth_warning) warns the client before. It may come back at once
    /// with better credentials, as a new socket: what is kept for its recovery is given up.
    ///
    /// Inside `connect` an end that has passed refuses the client. No task waits for the end, and it takes eight bytes.
    ///
    /// # Examples
    ///
    /// ```standalone_crate
    /// use std::time::{Duration, Instant};
    /// use sio::prelude::*;
    ///
    /// struct Account;
    ///
    /// #[consumer(namespace = "/account")]
    /// impl Account {
    ///     async fn connect(socket: &Socket, token: String) -> sio::Result<Self> {
    ///         socket.expires_at(Instant::now() + check(&token)?);
    ///         Ok(Self)
    ///     }
    ///
    ///     /// The client sends a newer token. With a bad one it keeps the time that it has.
    ///     async fn reauth(&mut self, socket: &Socket, token: String) -> sio::Result {
    ///         socket.expires_at(Instant::now() + check(&token)?);
    ///         Ok(())
    ///     }
    /// }
    ///
    /// /// Returns how long the token is valid.
    /// fn check(token: &str) -> sio::Result<Duration> {
    /// #   let _ = token;
    ///     Ok(Duration::from_secs(600))
    /// }
    /// ```
    pub fn expires_at(&self, end: impl Into<Option<Instant>>) {
        self.member.set_expiry(end.into());
    }
}
