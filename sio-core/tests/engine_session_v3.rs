//! Transcripts of Engine.IO sessions of revision 3: what is told to a session at which millisecond, and what follows
//! from it. Everything else is the same as in revision 4.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::Arc;
use std::time::{Duration, Instant};

use sio_core::engine::config::{Revision, SessionConfig, TransportKind};
use sio_core::engine::packet::Packet;
use sio_core::engine::session::{Channel, CloseReason, Output, PollVerdict, Session};

use Output::{Closed, ReleasePoll, Upgraded};
use TransportKind::{Polling, WebSocket};

/// The client pings every 300 ms and has 200 ms more.
fn config() -> SessionConfig {
    SessionConfig {
        ping_interval: Duration::from_millis(300),
        ping_timeout: Duration::from_millis(200),
        upgrade_timeout: Duration::from_millis(100),
        max_payload: 1_000_000,
    }
}

/// A session and a clock that is moved by hand. The session is opened at 0 ms.
struct Transcript {
    session: Session,
    start: Instant,
    now: Instant,
}

impl Transcript {
    fn open(via: TransportKind) -> Self {
        Self::with(config(), via)
    }

    fn with(config: SessionConfig, via: TransportKind) -> Self {
        let start = Instant::now();
        let session = Session::open_revision(Revision::V3, Arc::new(config), via, start);
        Self { session, start, now: start }
    }

    /// Moves the clock.
    fn at(&mut self, ms: u64) -> &mut Self {
        self.now = self.start + Duration::from_millis(ms);
        self
    }

    /// The client says this over the main transport.
    #[track_caller]
    fn says(&mut self, text: &str, expected: &[Output]) {
        let now = self.now;
        assert_eq!(self.session.handle_packet(packet(text), || now)[..], *expected);
    }

    /// The client says this over the attached WebSocket.
    #[track_caller]
    fn probe(&mut self, text: &str, expected: &[Output]) {
        assert_eq!(self.session.handle_probe_packet(packet(text), self.now)[..], *expected);
    }

    #[track_caller]
    fn times_out(&mut self, expected: &[Output]) {
        assert_eq!(self.session.handle_timeout(self.now)[..], *expected);
    }

    /// The session asks to be woken at this millisecond.
    #[track_caller]
    fn wakes_at(&self, ms: impl Into<Option<u64>>) {
        let wanted = self.session.poll_timeout().map(|at| (at - self.start).as_millis());
        assert_eq!(wanted, ms.into().map(u128::from));
    }
}

fn packet(text: &str) -> Packet {
    Packet::decode_text(text.into()).expect("a transcript holds valid packets")
}

fn send(text: &str) -> Output {
    Output::Send(Channel::Main, packet(text))
}

#[test]
fn the_server_never_pings() {
    for via in [Polling, WebSocket] {
        let mut t = Transcript::open(via);
        t.wakes_at(500);
        t.at(300).times_out(&[]);
        t.at(499).times_out(&[]);
        t.at(500).times_out(&[Closed(CloseReason::PingTimeout)]);
        t.wakes_at(None);
        t.says("2", &[]);
        assert_eq!(t.session.close_reason(), Some(CloseReason::PingTimeout));
    }
}

#[test]
fn each_ping_is_answered_and_puts_the_deadline_off() {
    for via in [Polling, WebSocket] {
        let mut t = Transcript::open(via);
        for ping_at in [300, 610, 1_109] {
            t.at(ping_at).says("2", &[send("3")]);
            t.wakes_at(ping_at + 500);
            t.at(ping_at + 499).times_out(&[]);
        }
        t.at(1_609).times_out(&[Closed(CloseReason::PingTimeout)]);
    }
}

#[test]
fn a_pong_has_the_text_of_its_ping() {
    let mut t = Transcript::open(WebSocket);
    t.says("2hello", &[send("3hello")]);
}

#[test]
fn messages_do_not_stand_in_for_a_ping() {
    let mut t = Transcript::open(WebSocket);
    t.at(450);
    let outputs = t.session.handle_packet(packet("4hello"), || unreachable!("the clock was read"));
    assert!(matches!(outputs[..], [Output::Deliver(_)]));
    t.wakes_at(500);
}

#[test]
fn a_pong_of_the_client_closes() {
    for via in [Polling, WebSocket] {
        let mut t = Transcript::open(via);
        t.says("3", &[Closed(CloseReason::TransportError)]);
        assert!(t.session.is_closed());
    }
}

#[test]
fn a_pending_get_is_told_of_the_ping_timeout() {
    let mut t = Transcript::open(Polling);
    assert_eq!(t.session.begin_poll(), PollVerdict::Wait);
    t.at(500).times_out(&[send("1"), Closed(CloseReason::PingTimeout)]);
}

#[test]
fn paused_input_stops_the_deadline_of_a_ping() {
    let mut t = Transcript::open(WebSocket);
    t.at(400);
    t.session.pause_input(t.now);
    t.wakes_at(None);
    t.at(5_000).times_out(&[]);
    t.session.resume_input(t.now);
    // 400 of the 500 ms had passed.
    t.wakes_at(5_100);
    t.at(5_100).times_out(&[Closed(CloseReason::PingTimeout)]);
}

#[test]
fn a_ping_read_just_before_the_pause_took_hold_counts() {
    let mut t = Transcript::open(WebSocket);
    t.at(400);
    t.session.pause_input(t.now);
    t.says("2", &[send("3")]);
    t.wakes_at(None);
    t.at(900);
    t.session.resume_input(t.now);
    t.wakes_at(1_400);
}

#[test]
fn an_upgrade_goes_as_in_revision_4_and_the_heartbeat_through_it() {
    let mut t = Transcript::open(Polling);
    t.at(10);
    assert_eq!(t.session.begin_poll(), PollVerdict::Wait);
    assert_eq!(t.session.attach_probe(WebSocket, t.now), Ok(()));
    t.wakes_at(110);
    let pong = Output::Send(Channel::Probe, packet("3probe"));
    t.at(20).probe("2probe", &[pong, ReleasePoll]);
    t.session.end_poll();
    t.at(30).probe("5", &[Upgraded]);
    t.wakes_at(500);
    t.at(300).says("2", &[send("3")]);
    t.wakes_at(800);
}

#[test]
fn intervals_beyond_all_clocks_mean_never() {
    let config = SessionConfig { ping_interval: Duration::MAX, ..config() };
    let mut t = Transcript::with(config, Polling);
    let year = Duration::from_secs(365 * 24 * 60 * 60);
    assert!(t.session.poll_timeout().unwrap() > t.start + 20 * year);
    t.session.pause_input(t.now);
    t.says("2", &[send("3")]);
    t.session.resume_input(t.now);
    assert!(t.session.poll_timeout().unwrap() > t.start + 20 * year);
}
