//! The end of a session: what is still sent, and to whom it is told.

use std::mem;
use std::task::{Context, Poll};
use std::time::Duration;

use sio_core::engine::packet::Packet;
use sio_core::engine::session::CloseReason;

use super::{Leaving, SessionTask, later};
use crate::transport::frames::Scratch;
use crate::transport::websocket::{CloseCode, Ended};

/// How long a closed transport is given to take what is still queued and to close its half. A client that
/// polls needs the time of one round trip; nobody waits for this but the connection itself.
pub(crate) const LINGER: Duration = Duration::from_secs(5);

/// How long a GET may come in after the close packet that was sent behind it: requests travel by several connections,
/// and the later one may be the faster.
const OVERTAKEN: Duration = Duration::from_millis(100);

/// How a session takes leave.
#[derive(Debug, Clone, Copy)]
pub(super) enum Bye {
    /// The transport is broken.
    None,
    /// At once. A WebSocket is closed with this code.
    Code(CloseCode),
    /// At once, without what is queued for a client that polls.
    Forced,
    /// After everything queued.
    Graceful,
}

impl SessionTask {
    pub(super) fn on_websocket_end(&mut self, ended: Ended) {
        if self.has_parted_by_websocket(&ended) {
            return;
        }
        let (reason, code) = match ended {
            Ended::ByPeer(code) => (CloseReason::TransportClose, Some(code)),
            Ended::Failed(code, why) => {
                tracing::debug!(target: "sio::engine", session = ?self.id, why, "websocket failed");
                (CloseReason::TransportError, code)
            }
        };
        let _ = self.state.close(reason);
        self.closed(reason, code.map_or(Bye::None, Bye::Code));
    }

    /// Ends the session for a broken rule: nothing that is queued matters any more.
    pub(super) fn close_now(&mut self, reason: CloseReason) {
        if !matches!(self.leaving, Leaving::Closed(_)) {
            let _ = self.state.close(reason);
            self.closed(reason, Bye::Forced);
        }
    }

    /// Ends the session when what is queued has gone out.
    pub(super) fn close_gracefully(&mut self, reason: CloseReason) {
        if self.is_alive() {
            let _ = self.state.close(reason);
            self.closed(reason, Bye::Graceful);
        }
    }

    pub(super) fn closed(&mut self, reason: CloseReason, bye: Bye) {
        tracing::debug!(target: "sio::engine", session = ?self.id, %reason, "session closed");
        if !self.state.awaits_upgrade() {
            self.end_probe();
        }
        self.handler.on_close(reason);
        self.mailbox.outbox.refuse();
        let is_told = self.give_up_parting();
        self.leaving = Leaving::Closed(later(LINGER));
        let is_probing = self.carrier.is_probing();
        if self.carrier.websocket().is_some() {
            match bye {
                Bye::None => self.gone(),
                _ if is_told => {
                    self.unlist();
                    self.carrier.end_rest();
                }
                Bye::Code(code) => self.leave_by_websocket(code),
                Bye::Forced | Bye::Graceful => self.leave_by_websocket(code_of(reason)),
            }
        } else if let Some(polling) = self.carrier.polling() {
            if reason == CloseReason::TransportClose {
                // The close packet came in a POST, which is taken like any other, but not before its GET is answered:
                // a request that the client makes after it finds no session.
                self.leaving = Leaving::Closed(later(OVERTAKEN));
                return;
            }
            if matches!(bye, Bye::Graceful) {
                polling.ignore_post();
                return;
            }
            polling.refuse_post();
            if polling.answer(&Packet::Close, self.mailbox.wire(), true) || !is_probing {
                self.gone();
            } else {
                // The client is on its way to the WebSocket, and learns there that it is over.
                drop(self.mailbox.outbox.take());
            }
        }
    }

    /// Sends what is queued over the WebSocket, and closes it.
    pub(super) fn leave_by_websocket(&mut self, code: CloseCode) {
        // A client that polls fetches the rest by its session's id; a WebSocket needs none.
        self.unlist();
        self.carrier.end_rest();
        if let Some(websocket) = self.carrier.websocket() {
            websocket.enqueue(self.mailbox.outbox.take_frames(websocket.wire()));
            websocket.enqueue_close(code);
        }
    }

    /// The upgrade of a session that is closed is complete: it was for this that the end had to wait.
    pub(super) fn upgraded_to_leave(&mut self, reason: CloseReason) {
        self.leaving = Leaving::Closed(later(LINGER));
        self.leave_by_websocket(code_of(reason));
    }

    /// Returns whether a POST that comes now is accepted and ignored: the client has yet to be told that the session
    /// is over, and would believe in a failure otherwise.
    pub(super) fn ignores_posts(&self) -> bool {
        matches!(self.leaving, Leaving::Closed(_))
            && self.state.close_reason() != Some(CloseReason::TransportClose)
    }

    /// Tells a client that polls what is left to tell. True when that is all.
    fn said_goodbye(&mut self) -> bool {
        match self.carrier.polling() {
            // It has said itself that it is over.
            Some(polling) if self.state.close_reason() == Some(CloseReason::TransportClose) => {
                polling.answer(&Packet::Noop, self.mailbox.wire(), true);
            }
            _ => {
                self.write_polling(true);
            }
        }
        self.carrier.polling().is_none_or(|polling| polling.said_goodbye())
    }

    /// Lets nobody find the session any more. Once only: the id may be another's then.
    pub(super) fn unlist(&mut self) {
        if mem::take(&mut self.is_listed) {
            self.shared.sessions.remove(&self.id);
        }
    }

    pub(super) fn gone(&mut self) {
        self.unlist();
        self.mailbox.close();
        self.end_probe();
        self.carrier.end();
    }

    /// After the end: the rest of the queue, the close frame or packet, and the peer's half.
    pub(super) fn flush(&mut self, cx: &mut Context<'_>) {
        let Some(websocket) = self.carrier.websocket() else {
            if self.said_goodbye() {
                self.gone();
            }
            return;
        };
        // It may have been closed before the answer to its request was written: what it is told goes out behind that.
        match websocket.poll_open(cx) {
            Poll::Pending => return,
            Poll::Ready(Ok(())) => {}
            Poll::Ready(Err(_)) => return self.gone(),
        }
        if !websocket.is_drained() {
            match websocket.poll_write(cx) {
                Poll::Pending => return,
                Poll::Ready(Ok(())) => {}
                Poll::Ready(Err(_)) => return self.gone(),
            }
        }
        let mut scratch = Scratch::borrow();
        let ended = websocket.poll_goodbye(cx, &mut scratch);
        scratch.give_back();
        if ended.is_ready() {
            self.gone();
        }
    }
}

/// Returns the close code for a WebSocket whose session the server has closed.
pub(super) fn code_of(reason: CloseReason) -> CloseCode {
    match reason {
        CloseReason::ServerShuttingDown => CloseCode::GOING_AWAY,
        _ => CloseCode::NORMAL,
    }
}

#[cfg(test)]
mod tests {
    use super::super::test_session::Session;
    use crate::engine::Command;
    use crate::engine::outbox::PushError;

    #[test]
    fn a_session_whose_runtime_ends_is_not_found_any_more_and_takes_nothing() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let session = runtime.block_on(async { Session::open() });
        assert_eq!(session.broadcast(), Ok(()));
        drop(runtime);
        assert_eq!(session.count(), 0);
        assert_eq!(session.broadcast(), Err(PushError::Closed));
        assert!(!session.mailbox.inbox.command(Command::Release));
    }
}
