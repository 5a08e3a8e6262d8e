//! The life of one Engine.IO session (protocol v4, "Heartbeat" and "Upgrade"), without I/O and without a clock.
//!
//! A [`Session`] is told what happened, and when, and answers with what follows from it. It keeps no packets: the
//! queue of what is to be sent, and the pending requests themselves, belong to the transports. Its state is
//! small, because a server holds one of it for every idle client.
//!
//! ```text
//!                 attach_probe            "2probe"              "5"
//! ──► Polling ────────────────► Probing ───────────► Probed ────────────► Stream ◄──
//!        ▲                         │  │                 │                  ▲
//!        └─────────────────────────┴──┼─────────────────┘                  │
//!          lost, too late, or         └────────────────────────────────────┘
//!          a packet out of turn                 "5" without a probe
//!
//! each of these ──► Closed, by a packet, a request, a deadline or `close`
//! ```
//!
//! A stream is a WebSocket or the stream of a WebTransport session.
//!
//! A client that was answered `3probe` has stopped polling, or is about to, and sends the upgrade packet next.
//! Decisions about it meanwhile have to reach it on either way: a GET brings what is queued, the heartbeat waits until the
//! upgrade is complete or has failed, and a session that closes takes the upgrade packet still.
//!
//! The heartbeat runs beside that, the same on either transport:
//!
//! ```text
//!            ping_interval: send ping                  input paused
//! ──► Due ──────────────────────────────► Sent ◄────────────────────────► Held
//!      ▲                                    │          input resumed
//!      └──────────────── pong ──────────────┤
//!                                           └──► ping_timeout: Closed
//! ```
//!
//! In revision 3 it is the client that pings. The session is in `Sent` or `Held` then from its beginning, with
//! `ping_interval` and `ping_timeout` together as the time that the client has; a ping is answered and begins it anew.

mod upgrade;

use std::sync::Arc;
use std::time::Instant;

use bytestring::ByteString;
use smallvec::smallvec;

use super::config::{Revision, SessionConfig, TransportKind};
use super::heartbeat::{Heartbeat, later, ping_of_client_by, queued_at};
pub use super::output::{Channel, CloseReason, Output, Outputs, PollVerdict, PostVerdict, ProbeRefused};
use super::packet::Packet;
use super::state::{Requests, State};

/// One Engine.IO session.
///
/// After every call that returns [`Outputs`], do what they say in order, and look at
/// [`poll_timeout`](Self::poll_timeout) again. Once a session is closed it stays closed: packets are ignored, and
/// nothing more comes out of it.
///
/// ```
/// use std::sync::Arc;
/// use std::time::{Duration, Instant};
/// use sio_core::engine::config::{SessionConfig, TransportKind};
/// use sio_core::engine::packet::{Message, Packet};
/// use sio_core::engine::session::{Channel, CloseReason, Output, Session};
///
/// let start = Instant::now();
/// let config = Arc::new(SessionConfig::default());
/// let mut session = Session::open(config, TransportKind::WebSocket, start);
///
/// let hello = Message::Text("hello".into());
/// let outputs = session.handle_packet(Packet::Message(hello.clone()), Instant::now);
/// assert_eq!(outputs[..], [Output::Deliver(hello)]);
///
/// let ping_at = session.poll_timeout().expect("an open session has a deadline");
/// assert_eq!(ping_at, start + Duration::from_secs(25));
/// assert_eq!(session.handle_timeout(ping_at)[..], [Output::Send(Channel::Main, Packet::Ping("".into()))]);
///
/// // No pong comes.
/// let outputs = session.handle_timeout(ping_at + Duration::from_secs(20));
/// assert_eq!(outputs[..], [Output::Closed(CloseReason::PingTimeout)]);
/// ```
#[derive(Debug)]
pub struct Session {
    config: Arc<SessionConfig>,
    state: State,
    heartbeat: Heartbeat,
    revision: Revision,
    is_paused: bool,
    /// An upgrade that ended has extended the deadline of the heartbeat already.
    is_extended: bool,
}

impl Session {
    /// Opens a session at the moment when its open packet is queued. The first ping is due one interval later.
    pub fn open(config: Arc<SessionConfig>, via: TransportKind, now: Instant) -> Self {
        Self::open_revision(Revision::V4, config, via, now)
    }

    /// Opens a session of this revision of the protocol at the moment when its open packet is queued.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use std::time::{Duration, Instant};
    /// use sio_core::engine::config::{Revision, SessionConfig, TransportKind};
    /// use sio_core::engine::packet::Packet;
    /// use sio_core::engine::session::{Channel, Output, Session};
    ///
    /// let start = Instant::now();
    /// let config = Arc::new(SessionConfig::default());
    /// let mut session = Session::open_revision(Revision::V3, config, TransportKind::Polling, start);
    /// assert_eq!(session.poll_timeout(), Some(start + Duration::from_secs(45)));
    ///
    /// let later = start + Duration::from_secs(25);
    /// let outputs = session.handle_packet(Packet::Ping("".into()), || later);
    /// assert_eq!(outputs[..], [Output::Send(Channel::Main, Packet::Pong("".into()))]);
    /// assert_eq!(session.poll_timeout(), Some(later + Duration::from_secs(45)));
    /// ```
    pub fn open_revision(
        revision: Revision,
        config: Arc<SessionConfig>,
        via: TransportKind,
        now: Instant,
    ) -> Self {
        let state = match via {
            TransportKind::Polling => State::Polling(Requests::default()),
            stream => State::Stream(stream),
        };
        let heartbeat = match revision {
            Revision::V3 => Heartbeat::Sent(ping_of_client_by(&config, now)),
            Revision::V4 => Heartbeat::Due(later(now, config.ping_interval)),
        };
        Self { config, state, heartbeat, revision, is_paused: false, is_extended: false }
    }

    /// Handles a packet of the main transport: an item of a POST, or a message of the stream that the session is
    /// on.
    ///
    /// `now` is only called for a pong, and for a ping of revision 3. A packet that could not be decoded is not given
    /// here, but to [`close`](Self::close) with [`CloseReason::ParseError`].
    pub fn handle_packet(&mut self, packet: Packet, now: impl FnOnce() -> Instant) -> Outputs {
        if self.is_closed() {
            return Outputs::new();
        }
        match (packet, self.revision) {
            (Packet::Message(message), _) => smallvec![Output::Deliver(message)],
            (Packet::Pong(_), Revision::V4) => {
                self.heartbeat = Heartbeat::Due(later(now(), self.config.ping_interval));
                self.is_extended = false;
                Outputs::new()
            }
            (Packet::Ping(text), Revision::V3) => {
                self.handle_ping(now());
                smallvec![Output::Send(Channel::Main, Packet::Pong(text))]
            }
            (Packet::Close, _) => self.close_by_peer(),
            // A heartbeat in the wrong direction: this is a client of another revision, or none at all.
            (Packet::Ping(_), Revision::V4) | (Packet::Pong(_), Revision::V3) => {
                self.close(CloseReason::TransportError)
            }
            (Packet::Open(_), _) => self.close(CloseReason::ParseError),
            // An upgrade belongs on the probed stream; noops may come at any time.
            (Packet::Upgrade | Packet::Noop, _) => Outputs::new(),
        }
    }

    /// Handles the arrival of a GET.
    ///
    /// After [`PollVerdict::Wait`], and only then, [`end_poll`](Self::end_poll) is called once.
    pub fn begin_poll(&mut self) -> PollVerdict {
        match &mut self.state {
            State::Polling(requests) | State::Probing { requests, .. } | State::Probed { requests, .. }
                if requests.is_polled =>
            {
                self.finish(CloseReason::TransportError);
                PollVerdict::Overlap
            }
            State::Polling(requests) | State::Probing { requests, .. } => {
                requests.is_polled = true;
                PollVerdict::Wait
            }
            State::Probed { .. } => PollVerdict::NoWait,
            State::Stream(_) | State::Closed { .. } => PollVerdict::NotPolling,
        }
    }

    /// Handles the end of the pending GET: its answer was taken from the queue, or its connection went away.
    ///
    /// The next GET may arrive before the answer of this one was written completely, so this is not to be put off
    /// until then.
    pub fn end_poll(&mut self) {
        if let Some(requests) = self.state.requests_mut() {
            requests.is_polled = false;
        }
    }

    /// Handles the arrival of a POST, before its body is read.
    ///
    /// After [`PostVerdict::Accept`], and only then, [`end_post`](Self::end_post) is called once.
    pub fn begin_post(&mut self) -> PostVerdict {
        match self.state.requests_mut() {
            Some(requests) if requests.is_posted => {
                self.finish(CloseReason::TransportError);
                PostVerdict::Overlap
            }
            Some(requests) => {
                requests.is_posted = true;
                PostVerdict::Accept
            }
            None => PostVerdict::NotPolling,
        }
    }

    /// Handles the end of the POST: its packets were handled, or its connection went away.
    pub fn end_post(&mut self) {
        if let Some(requests) = self.state.requests_mut() {
            requests.is_posted = false;
        }
    }

    /// Handles the passing of time. To be called when the instant of [`poll_timeout`](Self::poll_timeout) has come;
    /// too early a call does nothing.
    ///
    /// The client has `ping_timeout` from the moment at which this emits a ping: from `now`, or from the instant at
    /// which the ping was due if the call is late by no more than a timer's precision, or no GET waited for the ping.
    pub fn handle_timeout(&mut self, now: Instant) -> Outputs {
        if self.is_closed() {
            return Outputs::new();
        }
        let mut outputs = Outputs::new();
        match self.heartbeat {
            Heartbeat::Due(at) if at <= now => {
                self.heartbeat = if self.is_paused {
                    Heartbeat::Held(self.config.ping_timeout)
                } else {
                    let ping_timeout = self.config.ping_timeout;
                    let is_awaited = self.state.is_polled() || self.transport() != TransportKind::Polling;
                    Heartbeat::Sent(later(queued_at(at, now, ping_timeout, is_awaited), ping_timeout))
                };
                outputs.push(Output::Send(Channel::Main, Packet::Ping(ByteString::new())));
            }
            Heartbeat::Sent(deadline) if deadline <= now && !self.may_miss_ping() => {
                return self.close(CloseReason::PingTimeout);
            }
            Heartbeat::Due(_) | Heartbeat::Sent(_) | Heartbeat::Held(_) => {}
        }
        if self.state.upgrade_deadline().is_some_and(|deadline| deadline <= now) {
            self.handle_probe_lost(now);
            outputs.push(Output::ProbeTimedOut);
        }
        outputs
    }

    /// Says whether the client's time for its heartbeat is over at `now`, so that
    /// [`handle_timeout`](Self::handle_timeout) closes the session unless its input is paused.
    ///
    /// Where input has arrived and is unread, the heartbeat may be in it.
    #[must_use]
    pub fn is_overdue(&self, now: Instant) -> bool {
        let is_over = match self.heartbeat {
            Heartbeat::Due(_) => false,
            Heartbeat::Sent(deadline) => deadline <= now,
            Heartbeat::Held(left) => left.is_zero(),
        };
        is_over && !self.may_miss_ping() && !self.is_closed()
    }

    /// Returns the instant at which [`handle_timeout`](Self::handle_timeout) has to be called next.
    ///
    /// It may have changed after any other call. `None` when the session is closed, or when all that it waits for is
    /// the client's heartbeat while its input is paused.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Instant> {
        if self.is_closed() {
            return None;
        }
        let heartbeat = match self.heartbeat {
            Heartbeat::Sent(_) if self.may_miss_ping() => None,
            Heartbeat::Due(at) | Heartbeat::Sent(at) => Some(at),
            Heartbeat::Held(_) => None,
        };
        match self.state.upgrade_deadline() {
            Some(upgrade) => Some(heartbeat.map_or(upgrade, |heartbeat| heartbeat.min(upgrade))),
            None => heartbeat,
        }
    }

    /// Says that from `now` on the server itself reads nothing of this client. The client's heartbeat cannot be
    /// seen then, so its deadline stands still; pings go on, and so does the deadline of an upgrade.
    pub fn pause_input(&mut self, now: Instant) {
        self.is_paused = true;
        if let Heartbeat::Sent(deadline) = self.heartbeat {
            self.heartbeat = Heartbeat::Held(deadline.saturating_duration_since(now));
        }
    }

    /// Says whether the input is paused.
    #[must_use]
    pub fn is_input_paused(&self) -> bool {
        self.is_paused
    }

    /// Says that the server reads again: what was left of the client's deadline when it was stopped runs from `now`.
    pub fn resume_input(&mut self, now: Instant) {
        self.is_paused = false;
        if let Heartbeat::Held(left) = self.heartbeat {
            self.heartbeat = Heartbeat::Sent(later(now, left));
        }
    }

    /// Closes the session from the server's side, or tells it that its transport is gone.
    ///
    /// A pending GET is answered with a close packet. Over the other transports the protocol has no packet for it: the end of
    /// the connection says it. Does nothing when the session is closed already.
    pub fn close(&mut self, reason: CloseReason) -> Outputs {
        if self.is_closed() {
            return Outputs::new();
        }
        let mut outputs = Outputs::new();
        outputs.extend(self.state.is_polled().then_some(Output::Send(Channel::Main, Packet::Close)));
        self.finish(reason);
        outputs.push(Output::Closed(reason));
        outputs
    }

    /// Says whether the session is over.
    pub fn is_closed(&self) -> bool {
        matches!(self.state, State::Closed { .. })
    }

    /// Returns why the session is over, or `None` while it is open.
    pub fn close_reason(&self) -> Option<CloseReason> {
        match self.state {
            State::Closed { reason, .. } => Some(reason),
            State::Polling(_) | State::Probing { .. } | State::Probed { .. } | State::Stream(_) => None,
        }
    }

    /// Returns the transport that the session is on, or was on when it closed. It is polling until an upgrade is
    /// complete.
    pub fn transport(&self) -> TransportKind {
        match self.state {
            State::Polling(_) | State::Probing { .. } | State::Probed { .. } => TransportKind::Polling,
            State::Stream(transport) => transport,
            State::Closed { transport, .. } => transport,
        }
    }

    /// The client's own ping, in revision 3.
    fn handle_ping(&mut self, now: Instant) {
        self.is_extended = false;
        self.heartbeat = if self.is_paused {
            Heartbeat::Held(self.config.ping_interval.saturating_add(self.config.ping_timeout))
        } else {
            Heartbeat::Sent(ping_of_client_by(&self.config, now))
        };
    }

    /// The client's own close packet: its GET ends with a noop, as there is nothing left to tell it.
    fn close_by_peer(&mut self) -> Outputs {
        let mut outputs = Outputs::new();
        outputs.extend(self.state.is_polled().then_some(Output::ReleasePoll));
        self.finish(CloseReason::TransportClose);
        outputs.push(Output::Closed(CloseReason::TransportClose));
        outputs
    }

    fn finish(&mut self, reason: CloseReason) {
        // A client that has said that it is over goes nowhere.
        let awaits_upgrade = self.state.upgrade_to().filter(|_| reason != CloseReason::TransportClose);
        self.state = State::Closed { reason, transport: self.transport(), awaits_upgrade };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_is_small() {
        assert!(size_of::<Session>() <= 72, "{}", size_of::<Session>());
    }
}
