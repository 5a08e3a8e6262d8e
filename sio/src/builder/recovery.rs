//! Connection state recovery as an option.

use super::Builder;
use crate::recovery::Recovery;

/// Connection state recovery.
impl Builder {
    /// Lets clients that lose their connection go on where they were: one that comes back in time is the same socket,
    /// with its id, its rooms and its [data](crate::Socket::data), and gets the events that it has missed, in order,
    /// before anything else. Default off.
    ///
    /// Clients need no change: the official JavaScript client does its part since 4.6. Every event that asks for no
    /// acknowledgement then has an offset after its last argument, by which the client reports what it has received;
    /// clients without recovery see one more argument.
    ///
    /// The `disconnect` hook runs when the connection is lost. When the client is back, `connect` runs for a new
    /// value of the consumer, and [`Socket::is_recovered`](crate::Socket::is_recovered) returns true. Middleware
    /// checks the client again unless [`Recovery::skip_middleware`] is set; both can refuse it. While the client is
    /// away its socket is not listed, but events for it, for its rooms or for everybody are kept, except volatile
    /// events and those that ask for an acknowledgement.
    ///
    /// A client may come back after `transport close`, `transport error`, `ping timeout`, `forced close` and
    /// `slow client`, even if the server has not noticed yet that its connection is lost; not after it has left or the
    /// server has disconnected it. If the server no longer knows everything that the client has missed, the client is
    /// a new one, and its `recovered` is false.
    ///
    /// # Examples
    ///
    /// ```standalone_crate
    /// use std::time::Duration;
    /// use sio::options::Recovery;
    /// use sio::prelude::*;
    ///
    /// #[derive(Default)]
    /// struct Chat;
    ///
    /// #[consumer(namespace = "/chat")]
    /// impl Chat {
    ///     async fn connect(&mut self, socket: &Socket) -> sio::Result {
    ///         if !socket.is_recovered() {
    ///             socket.join("lobby").await?; // a client that has come back is in its rooms already
    ///         }
    ///         Ok(())
    ///     }
    /// }
    ///
    /// # fn main() {
    /// let recovery = Recovery::default().max_disconnection(Duration::from_secs(60));
    /// let builder = Server::builder().connection_state_recovery(recovery);
    /// # drop(builder);
    /// # }
    /// ```
    pub fn connection_state_recovery(mut self, recovery: Recovery) -> Self {
        self.options.recovery = Some(recovery);
        self
    }
}
