//! How a session ends that the server closes while its client is well: the client is told, and everything that it has
//! sent before it knew is still handled.
//!
//! A client does not send again what it has sent: without this, each event would be lost that was on its way when its
//! server decided to stop.
//!
//! ```text
//! open ──▶ parting ──▶ closed
//!             │           the handler learns of the end
//!             the client is told, and sent nothing else; it is listened to until it has answered the close frame or,
//!             on polling, for a moment after it has fetched the close packet
//! ```

use std::mem;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use super::closing::{LINGER, code_of};
use super::{CloseReason, Leaving, SessionTask, later, now};
use crate::transport::websocket::Ended;

/// How long a client may take to learn of the end. What it sends later is lost.
pub(in crate::engine) const PATIENCE: Duration = Duration::from_secs(3);

/// How long after the close packet a POST may arrive that was sent before it, or after the client has come to another
/// node: requests travel by several connections, and through several machines. The official client comes back half a
/// second later at the earliest.
const OVERTAKEN: Duration = Duration::from_millis(400);

/// How long a POST is waited for whose head has come.
const BODY: Duration = Duration::from_millis(50);

/// A session whose client is being told of the end.
#[derive(Debug)]
pub(super) struct Parting {
    reason: CloseReason,
    /// It ends then in any case.
    until: Instant,
    /// When the session is closed; from then on.
    closed_until: Instant,
    /// Set when the client has fetched the close packet, or has come back elsewhere: what it had sent before has come by
    /// then.
    heard: Option<Instant>,
    /// The client will send nothing more.
    has_ended: bool,
}

impl Parting {
    pub(super) fn has_ended(&self) -> bool {
        self.has_ended
    }

    /// The next moment at which the session is to be looked at.
    pub(super) fn deadline(&self) -> Instant {
        let heard = self.heard.filter(|heard| *heard > now());
        heard.map_or(self.until, |heard| heard.min(self.until))
    }
}

impl SessionTask {
    /// Begins to tell the client that its session is over.
    pub(super) fn part(&mut self, reason: CloseReason) {
        tracing::debug!(target: "sio::engine", session = ?self.id, %reason, "telling the client of the end");
        self.mailbox.outbox.refuse();
        let (until, closed_until) = (later(PATIENCE), later(LINGER));
        let parting = Parting { reason, until, closed_until, heard: None, has_ended: false };
        self.leaving = Leaving::Parting(Box::new(parting));
        self.tell_by_websocket();
    }

    /// Sends the close frame behind everything that is queued, if the client is on a WebSocket.
    pub(super) fn tell_by_websocket(&mut self) {
        let (Leaving::Parting(parting), Some(websocket)) = (&self.leaving, self.carrier.websocket()) else {
            return;
        };
        websocket.enqueue(self.mailbox.outbox.take_frames(websocket.wire()));
        websocket.enqueue_close(code_of(parting.reason));
    }

    /// Writes what the client has yet to be told.
    pub(super) fn write_parting(&mut self, cx: &mut Context<'_>) {
        if let Some(websocket) = self.carrier.websocket() {
            match websocket.poll_write(cx) {
                Poll::Pending => {}
                // A client that has the close frame sends nothing more, and does not say so to its application until
                // the stream has ended: that must not take another round trip.
                Poll::Ready(Ok(())) => drop(websocket.poll_shut(cx)),
                Poll::Ready(Err(error)) => {
                    self.on_websocket_end(Ended::Failed(None, error.to_string()));
                }
            }
            return;
        }
        let Some(polling) = self.carrier.polling() else { return };
        if polling.said_goodbye() {
            return;
        }
        // The client drops what waits behind a POST when it hears of the end: this one is answered first.
        let is_last = !polling.is_posting() && !self.carrier.is_probing();
        self.write_polling(is_last);
        let has_heard = self.carrier.polling().is_some_and(|polling| polling.said_goodbye());
        if let (true, Leaving::Parting(parting)) = (has_heard, &mut self.leaving) {
            parting.heard = Some(later(OVERTAKEN));
        }
    }

    /// The client has come back elsewhere. If it lost its connection before it could be told, nothing else would say so,
    /// and it waits there meanwhile.
    #[cfg(feature = "cluster")]
    pub(super) fn has_heard(&mut self) {
        if let Leaving::Parting(parting) = &mut self.leaving {
            parting.heard.get_or_insert_with(|| later(OVERTAKEN));
        }
    }

    /// The client's WebSocket has ended while it was told.
    pub(super) fn has_parted_by_websocket(&mut self, ended: &Ended) -> bool {
        let Leaving::Parting(parting) = &mut self.leaving else { return false };
        parting.has_ended = true;
        if matches!(ended, Ended::Failed(..)) {
            self.gone();
        }
        true
    }

    /// Closes a session whose client knows of the end, and whose events have all been handled.
    pub(super) fn end_parting(&mut self) -> bool {
        let Leaving::Parting(parting) = &mut self.leaving else { return false };
        let now = now();
        let is_late = parting.until <= now || self.shared.shutdown.is_over();
        let is_heard = parting.heard.is_some_and(|heard| heard <= now);
        if !is_late && is_heard && self.mailbox.inbox.is_posting() {
            parting.heard = Some(now + BODY);
            return false;
        }
        if !is_late && !((parting.has_ended || is_heard) && self.handler.is_idle()) {
            return false;
        }
        let (reason, until) = (parting.reason, parting.closed_until);
        self.leaving = Leaving::Closed(until);
        tracing::debug!(target: "sio::engine", session = ?self.id, %reason, "session closed");
        let _ = self.state.close(reason);
        if !self.state.awaits_upgrade() {
            self.end_probe();
        }
        self.handler.on_close(reason);
        if self.carrier.websocket().is_some() {
            self.unlist();
            self.carrier.end_rest();
        } else if let Some(polling) = self.carrier.polling() {
            polling.ignore_post();
            if polling.said_goodbye() {
                self.gone();
            }
        }
        true
    }

    /// Takes note that the session ends otherwise. Returns whether its WebSocket has been closed already.
    pub(super) fn give_up_parting(&mut self) -> bool {
        let was_parting = matches!(mem::replace(&mut self.leaving, Leaving::No), Leaving::Parting(_));
        was_parting && self.carrier.websocket().is_some()
    }
}
