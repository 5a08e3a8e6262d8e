//! The trait for protocols that run on top of an Engine.IO session.

use std::task::{Context, Poll};
use std::time::Instant;

use sio_core::engine::packet::Message;

use super::CloseReason;

/// The application of one Engine.IO session: it receives messages and is called at the end.
///
/// All methods run in the session's own task, one after the other, so a handler needs no lock. None of them
/// may block; what takes longer goes into a future that [`Handler::poll`] drives.
pub trait Handler: Send + 'static {
    /// Called when a message has arrived.
    ///
    /// # Errors
    ///
    /// The reason for which the session is to be closed at once.
    fn on_message(&mut self, message: Message) -> Result<(), CloseReason>;

    /// Returns whether another message can be taken. While it returns false the session does not read, and the time
    /// does not count against the client's heartbeat.
    fn is_ready(&self) -> bool {
        true
    }

    /// Called whenever the session's task runs, after messages have been delivered. The context's waker wakes
    /// the task.
    fn poll(&mut self, _cx: &mut Context<'_>) {}

    /// Returns when to call [`Handler::on_timeout`], if at all.
    fn deadline(&self) -> Option<Instant> {
        None
    }

    /// Called when the deadline has passed.
    ///
    /// # Errors
    ///
    /// The reason for which the session is to be closed at once.
    fn on_timeout(&mut self, _now: Instant) -> Result<(), CloseReason> {
        Ok(())
    }

    /// Called when the session has moved from polling to another transport.
    fn on_upgrade(&mut self) {}

    /// Called when the program closes the session with [`Sender::close`](super::Sender::close). Messages sent here
    /// are the last that the client receives.
    fn on_closing(&mut self) {}

    /// Returns true if no work is under way: a draining session is closed then.
    fn is_idle(&self) -> bool {
        true
    }

    /// Called when the session has ended. Nothing can be sent any more.
    fn on_close(&mut self, _reason: CloseReason) {}

    /// Polled after [`Handler::on_close`] until it is ready; then the handler is dropped.
    fn poll_closed(&mut self, _cx: &mut Context<'_>) -> Poll<()> {
        Poll::Ready(())
    }
}
