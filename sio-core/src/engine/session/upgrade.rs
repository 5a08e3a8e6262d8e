//! The upgrade of a session: from a stream that is attached to one that carries the session, or that is given up.

use std::time::Instant;

use bytestring::ByteString;
use smallvec::smallvec;

use super::{Channel, Output, Outputs, ProbeRefused, Session};
use crate::engine::config::TransportKind;
use crate::engine::heartbeat::{Heartbeat, later};
use crate::engine::packet::{PROBE, Packet};
use crate::engine::state::State;

impl Session {
    /// Handles a stream that was opened with the id of this session. Polling goes on as before until it probes.
    ///
    /// # Errors
    ///
    /// Fails where the session is not on polling, or another stream was attached before. The new one is closed then;
    /// nothing else changes.
    pub fn attach_probe(&mut self, to: TransportKind, now: Instant) -> Result<(), ProbeRefused> {
        match self.state {
            State::Polling(requests) => {
                let deadline = later(now, self.config.upgrade_timeout);
                self.state = State::Probing { requests, deadline, to };
                Ok(())
            }
            State::Probing { .. } | State::Probed { .. } => Err(ProbeRefused::AlreadyProbing),
            State::Stream(_) => Err(ProbeRefused::NotPolling),
            State::Closed { .. } => Err(ProbeRefused::Closed),
        }
    }

    /// Says whether a client of a closed session may still be on its way to the attached stream.
    ///
    /// That stream is kept then, and its packets are handled as before. After [`Output::Upgraded`] what is queued
    /// goes out over it, and then it is closed. The answer to a GET that tells of the end makes all of that
    /// unnecessary.
    pub fn awaits_upgrade(&self) -> bool {
        matches!(self.state, State::Closed { awaits_upgrade: Some(_), .. })
    }

    /// Handles a packet of the stream that was attached by [`attach_probe`](Self::attach_probe).
    ///
    /// After [`Output::Upgraded`] its packets go to [`handle_packet`](Self::handle_packet); after
    /// [`Output::ProbeFailed`] it is closed.
    pub fn handle_probe_packet(&mut self, packet: Packet, now: Instant) -> Outputs {
        match (self.state, packet) {
            (State::Closed { awaits_upgrade: None, .. }, _) => Outputs::new(),
            (State::Closed { awaits_upgrade: Some(_), .. }, Packet::Ping(text)) if *text == *PROBE => {
                smallvec![Output::Send(Channel::Probe, Packet::Pong(ByteString::from_static(PROBE)))]
            }
            (State::Closed { awaits_upgrade: Some(transport), reason, .. }, Packet::Upgrade) => {
                self.state = State::Closed { reason, transport, awaits_upgrade: None };
                smallvec![Output::Upgraded]
            }
            // Every probe is answered, as the reference does.
            (
                State::Probing { requests, deadline, to } | State::Probed { requests, deadline, to },
                Packet::Ping(text),
            ) if now < deadline && *text == *PROBE => {
                self.state = State::Probed { requests, deadline, to };
                let mut outputs: Outputs =
                    smallvec![Output::Send(Channel::Probe, Packet::Pong(ByteString::from_static(PROBE)))];
                // The client sends the upgrade packet only when its GET has come back.
                outputs.extend(requests.is_polled.then_some(Output::ReleasePoll));
                outputs
            }
            // Some clients do not probe what they upgrade to.
            (State::Probing { deadline, to, .. } | State::Probed { deadline, to, .. }, Packet::Upgrade)
                if now < deadline =>
            {
                self.end_probe(State::Stream(to), now);
                smallvec![Output::Upgraded]
            }
            _ => {
                self.handle_probe_lost(now);
                smallvec![Output::ProbeFailed]
            }
        }
    }

    /// Handles the end of the attached stream before the upgrade: the session stays on polling, and another one
    /// may be attached.
    ///
    /// Does nothing when none is attached. After the upgrade it is the main transport, whose end is told to
    /// [`close`](Self::close).
    pub fn handle_probe_lost(&mut self, now: Instant) {
        match self.state {
            State::Probing { requests, .. } | State::Probed { requests, .. } => {
                self.end_probe(State::Polling(requests), now);
            }
            State::Closed { reason, transport, .. } => {
                self.state = State::Closed { reason, transport, awaits_upgrade: None };
            }
            State::Polling(_) | State::Stream(_) => {}
        }
    }

    /// Says whether the client has been answered its probe, and has not upgraded yet: it has been told to stop polling.
    #[must_use]
    pub fn has_probed(&self) -> bool {
        self.state.is_probed()
    }

    /// Returns whether the client may miss its ping, because an upgrade is under way: once at most for each ping, or a
    /// client could live on probes that lead to nothing.
    pub(super) fn may_miss_ping(&self) -> bool {
        self.state.is_probed() && !self.is_extended
    }

    /// Ends an upgrade, one way or the other. A client that was answered its probe may have seen no ping since, and is
    /// given the time of one anew.
    fn end_probe(&mut self, next: State, now: Instant) {
        if self.may_miss_ping() {
            self.is_extended = !matches!(self.heartbeat, Heartbeat::Due(_));
            let wait = self.config.ping_timeout;
            self.heartbeat = match self.heartbeat {
                Heartbeat::Sent(deadline) => Heartbeat::Sent(deadline.max(later(now, wait))),
                Heartbeat::Held(left) => Heartbeat::Held(left.max(wait)),
                due @ Heartbeat::Due(_) => due,
            };
        }
        self.state = next;
    }
}
