//! Transcripts of Engine.IO sessions: what is told to a session at which millisecond, and what follows from it.

mod upgrade;

use std::sync::Arc;
use std::time::{Duration, Instant};

use sio_core::engine::config::{SessionConfig, TransportKind};
use sio_core::engine::packet::{Message, Packet};
use sio_core::engine::session::{
    Channel, CloseReason, Output, Outputs, PollVerdict, PostVerdict, ProbeRefused, Session,
};

use Output::{Closed, Deliver, ReleasePoll};
use TransportKind::{Polling, WebSocket};

/// Ping every 300 ms, pong within 200 ms, upgrade within 100 ms.
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
        Self { session: Session::open(Arc::new(config), via, start), start, now: start }
    }

    /// A polling session whose WebSocket was attached and has probed, all at 0 ms.
    fn probed() -> Self {
        let mut t = Self::open(Polling);
        t.attaches(Ok(()));
        t.probe("2probe", &[send_probe("3probe")]);
        t
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
    fn attaches(&mut self, expected: Result<(), ProbeRefused>) {
        self.attaches_by(WebSocket, expected);
    }

    #[track_caller]
    fn attaches_by(&mut self, to: TransportKind, expected: Result<(), ProbeRefused>) {
        assert_eq!(self.session.attach_probe(to, self.now), expected);
    }

    #[track_caller]
    fn get(&mut self, expected: PollVerdict) {
        assert_eq!(self.session.begin_poll(), expected);
    }

    #[track_caller]
    fn post(&mut self, expected: PostVerdict) {
        assert_eq!(self.session.begin_post(), expected);
    }

    #[track_caller]
    fn times_out(&mut self, expected: &[Output]) {
        assert_eq!(self.session.handle_timeout(self.now)[..], *expected);
    }

    /// The server stops reading.
    fn pauses_input(&mut self) {
        self.session.pause_input(self.now);
    }

    /// The server reads again.
    fn resumes_input(&mut self) {
        self.session.resume_input(self.now);
    }

    /// The session asks to be woken at this millisecond.
    #[track_caller]
    fn wakes_at(&self, ms: impl Into<Option<u64>>) {
        let wanted = self.session.poll_timeout().map(|at| (at - self.start).as_millis());
        assert_eq!(wanted, ms.into().map(u128::from));
    }

    #[track_caller]
    fn is_closed_with(&mut self, reason: CloseReason) {
        assert!(self.session.is_closed());
        assert_eq!(self.session.close_reason(), Some(reason));
        self.wakes_at(None);
        // Nothing wakes it up again.
        self.times_out(&[]);
        self.says("4late", &[]);
        self.says("3", &[]);
        self.probe("2probe", &[]);
        self.get(PollVerdict::NotPolling);
        self.post(PostVerdict::NotPolling);
        self.attaches(Err(ProbeRefused::Closed));
        assert_eq!(self.session.close(CloseReason::ForcedClose), Outputs::new());
        assert_eq!(self.session.close_reason(), Some(reason));
    }
}

fn packet(text: &str) -> Packet {
    Packet::decode_text(text.into()).expect("a transcript holds valid packets")
}

fn send(text: &str) -> Output {
    Output::Send(Channel::Main, packet(text))
}

fn send_probe(text: &str) -> Output {
    Output::Send(Channel::Probe, packet(text))
}

fn deliver(text: &str) -> Output {
    Deliver(Message::Text(text.into()))
}

// ===== messages =====

#[test]
fn messages_are_delivered_on_either_transport() {
    for via in [Polling, WebSocket] {
        let mut t = Transcript::open(via);
        t.says("4hello", &[deliver("hello")]);
        t.says("bAQI=", &[Deliver(Message::Binary(vec![1, 2].into()))]);
        assert_eq!(t.session.transport(), via);
        assert!(!t.session.is_closed());
        assert_eq!(t.session.close_reason(), None);
    }
}

#[test]
fn the_clock_is_not_read_for_a_message() {
    let mut t = Transcript::open(WebSocket);
    let outputs = t.session.handle_packet(packet("4hello"), || unreachable!("the clock was read"));
    assert_eq!(outputs[..], [deliver("hello")]);
    assert!(!outputs.spilled());
}

#[test]
fn a_message_does_not_move_the_heartbeat() {
    let mut t = Transcript::open(WebSocket);
    t.at(200).says("4hello", &[deliver("hello")]);
    t.wakes_at(300);
}

// ===== heartbeat =====

#[test]
fn the_first_ping_comes_one_interval_after_the_open_packet() {
    for via in [Polling, WebSocket] {
        let mut t = Transcript::open(via);
        t.wakes_at(300);
        t.times_out(&[]);
        t.at(299).times_out(&[]);
        t.at(300).times_out(&[send("2")]);
        t.wakes_at(500);
    }
}

#[test]
fn the_next_ping_comes_one_interval_after_the_pong() {
    let mut t = Transcript::open(WebSocket);
    let mut ping_at = 300;
    for _ in 0..3 {
        t.at(ping_at).times_out(&[send("2")]);
        t.at(ping_at + 70).says("3", &[]);
        ping_at += 370;
        t.wakes_at(ping_at);
        t.at(ping_at - 1).times_out(&[]);
    }
}

#[test]
fn a_missing_pong_closes_on_websocket() {
    let mut t = Transcript::open(WebSocket);
    t.at(300).times_out(&[send("2")]);
    t.at(499).times_out(&[]);
    t.at(500).times_out(&[Closed(CloseReason::PingTimeout)]);
    t.is_closed_with(CloseReason::PingTimeout);
}

#[test]
fn messages_do_not_stand_in_for_a_pong() {
    let mut t = Transcript::open(WebSocket);
    t.at(300).times_out(&[send("2")]);
    t.at(450).says("4hello", &[deliver("hello")]);
    t.at(500).times_out(&[Closed(CloseReason::PingTimeout)]);
}

#[test]
fn a_polling_session_without_any_request_closes_by_itself() {
    let mut t = Transcript::open(Polling);
    t.at(300).times_out(&[send("2")]);
    t.wakes_at(500);
    t.at(500).times_out(&[Closed(CloseReason::PingTimeout)]);
    t.is_closed_with(CloseReason::PingTimeout);
}

#[test]
fn fetching_the_ping_does_not_move_the_deadline_of_the_pong() {
    let mut t = Transcript::open(Polling);
    t.at(300).times_out(&[send("2")]);
    t.at(400).get(PollVerdict::Wait);
    t.session.end_poll();
    t.wakes_at(500);
}

#[test]
fn a_pending_get_is_told_of_the_ping_timeout() {
    let mut t = Transcript::open(Polling);
    t.at(300).times_out(&[send("2")]);
    t.get(PollVerdict::Wait);
    t.at(500).times_out(&[send("1"), Closed(CloseReason::PingTimeout)]);
}

#[test]
fn a_ping_that_goes_out_late_leaves_the_client_its_whole_time() {
    let mut t = Transcript::open(WebSocket);
    // Not even a wake-up later than both deadlines closes without a ping.
    t.at(1_000).times_out(&[send("2")]);
    t.wakes_at(1_200);
}

#[test]
fn a_late_ping_that_nobody_waited_for_moves_no_deadline() {
    let mut t = Transcript::open(Polling);
    t.at(390).times_out(&[send("2")]);
    t.wakes_at(500);

    let mut t = Transcript::open(Polling);
    t.get(PollVerdict::Wait);
    t.at(390).times_out(&[send("2")]);
    t.wakes_at(590);

    let mut t = Transcript::open(Polling);
    t.at(410).times_out(&[send("2")]);
    t.wakes_at(610);
}

#[test]
fn a_pong_that_nobody_asked_for_only_puts_off_the_ping() {
    let mut t = Transcript::open(WebSocket);
    t.at(100).says("3", &[]);
    t.wakes_at(400);
}

#[test]
fn a_ping_of_the_client_closes() {
    for (via, text) in [(Polling, "2"), (WebSocket, "2"), (Polling, "2probe"), (WebSocket, "2probe")] {
        let mut t = Transcript::open(via);
        t.says(text, &[Closed(CloseReason::TransportError)]);
        t.is_closed_with(CloseReason::TransportError);
    }
}

#[test]
fn intervals_beyond_all_clocks_mean_never() {
    let config = SessionConfig { ping_interval: Duration::MAX, upgrade_timeout: Duration::MAX, ..config() };
    let mut t = Transcript::with(config, Polling);
    t.attaches(Ok(()));
    let year = Duration::from_secs(365 * 24 * 60 * 60);
    assert!(t.session.poll_timeout().unwrap() > t.start + 20 * year);
}

// ===== back pressure =====

#[test]
fn paused_input_stops_the_deadline_of_a_pong() {
    let mut t = Transcript::open(WebSocket);
    t.at(300).times_out(&[send("2")]);
    t.at(350).pauses_input();
    t.wakes_at(None);
    t.at(5_000).times_out(&[]);
    t.resumes_input();
    // 50 of the 200 ms had passed.
    t.wakes_at(5_150);
    t.at(5_149).times_out(&[]);
    t.at(5_150).times_out(&[Closed(CloseReason::PingTimeout)]);
}

#[test]
fn a_ping_that_falls_due_while_paused_is_sent_and_counts_from_the_resumption() {
    let mut t = Transcript::open(WebSocket);
    t.at(100).pauses_input();
    t.wakes_at(300);
    t.at(300).times_out(&[send("2")]);
    t.wakes_at(None);
    t.at(900).resumes_input();
    t.wakes_at(1_100);
    t.at(950).says("3", &[]);
    t.wakes_at(1_250);
}

#[test]
fn pausing_twice_or_resuming_twice_changes_nothing() {
    let mut t = Transcript::open(WebSocket);
    t.at(100).resumes_input();
    t.at(300).times_out(&[send("2")]);
    t.at(350).pauses_input();
    t.at(400).pauses_input();
    t.at(500).resumes_input();
    t.at(550).resumes_input();
    t.wakes_at(650);
}

#[test]
fn a_pause_without_a_ping_under_way_does_not_move_the_heartbeat() {
    let mut t = Transcript::open(WebSocket);
    t.at(100).pauses_input();
    t.at(200).resumes_input();
    t.wakes_at(300);
    t.at(300).times_out(&[send("2")]);
    t.wakes_at(500);
}

#[test]
fn a_pong_read_just_before_the_pause_took_hold_ends_the_wait() {
    let mut t = Transcript::open(WebSocket);
    t.at(300).times_out(&[send("2")]);
    t.at(350).pauses_input();
    t.says("3", &[]);
    t.wakes_at(650);
    t.at(400).resumes_input();
    t.wakes_at(650);
}

// ===== closing =====

#[test]
fn the_close_packet_of_the_client_closes() {
    for via in [Polling, WebSocket] {
        let mut t = Transcript::open(via);
        t.says("1", &[Closed(CloseReason::TransportClose)]);
        t.is_closed_with(CloseReason::TransportClose);
        assert_eq!(t.session.transport(), via);
    }
}

#[test]
fn the_close_packet_of_the_client_ends_its_get_with_a_noop() {
    let mut t = Transcript::open(Polling);
    t.get(PollVerdict::Wait);
    t.says("1", &[ReleasePoll, Closed(CloseReason::TransportClose)]);
    t.session.end_poll();
    t.is_closed_with(CloseReason::TransportClose);
}

#[test]
fn an_open_packet_of_the_client_closes() {
    for via in [Polling, WebSocket] {
        let mut t = Transcript::open(via);
        t.says("0{}", &[Closed(CloseReason::ParseError)]);
        t.is_closed_with(CloseReason::ParseError);
    }
}

#[test]
fn upgrade_and_noop_packets_on_the_main_transport_are_ignored() {
    for via in [Polling, WebSocket] {
        let mut t = Transcript::open(via);
        t.says("5", &[]);
        t.says("6", &[]);
        t.says("4still here", &[deliver("still here")]);
        assert_eq!(t.session.transport(), via);
    }
}

#[test]
fn the_server_closes_for_the_reason_it_gives() {
    for reason in [
        CloseReason::TransportClose,
        CloseReason::TransportError,
        CloseReason::ParseError,
        CloseReason::ForcedClose,
        CloseReason::ForcedServerClose,
        CloseReason::ServerShuttingDown,
        CloseReason::SlowClient,
    ] {
        let mut t = Transcript::open(WebSocket);
        assert_eq!(t.session.close(reason)[..], [Closed(reason)]);
        t.is_closed_with(reason);
    }
}

#[test]
fn a_pending_get_is_told_that_the_server_closes() {
    let mut t = Transcript::open(Polling);
    t.get(PollVerdict::Wait);
    let outputs = t.session.close(CloseReason::ForcedServerClose);
    assert_eq!(outputs[..], [send("1"), Closed(CloseReason::ForcedServerClose)]);

    let mut t = Transcript::open(Polling);
    t.get(PollVerdict::Wait);
    t.session.end_poll();
    assert_eq!(t.session.close(CloseReason::ForcedClose)[..], [Closed(CloseReason::ForcedClose)]);
}

#[test]
fn reasons_are_told_in_the_words_of_the_contract() {
    let words = [
        (CloseReason::TransportClose, "transport close"),
        (CloseReason::TransportError, "transport error"),
        (CloseReason::PingTimeout, "ping timeout"),
        (CloseReason::ParseError, "parse error"),
        (CloseReason::ForcedClose, "forced close"),
        (CloseReason::ForcedServerClose, "forced server close"),
        (CloseReason::ServerShuttingDown, "server shutting down"),
        (CloseReason::SlowClient, "slow client"),
    ];
    for (reason, text) in words {
        assert_eq!(reason.to_string(), text);
    }
}

// ===== polling requests =====

#[test]
fn one_get_after_the_other_is_fine() {
    let mut t = Transcript::open(Polling);
    for _ in 0..3 {
        t.get(PollVerdict::Wait);
        t.session.end_poll();
    }
    assert!(!t.session.is_closed());
}

#[test]
fn a_second_get_closes() {
    let mut t = Transcript::open(Polling);
    t.get(PollVerdict::Wait);
    t.get(PollVerdict::Overlap);
    t.is_closed_with(CloseReason::TransportError);
    assert_eq!(t.session.transport(), Polling);
}

#[test]
fn a_second_post_closes() {
    let mut t = Transcript::open(Polling);
    t.post(PostVerdict::Accept);
    t.session.end_post();
    t.post(PostVerdict::Accept);
    t.post(PostVerdict::Overlap);
    t.is_closed_with(CloseReason::TransportError);
}

#[test]
fn a_get_and_a_post_at_the_same_time_are_fine() {
    let mut t = Transcript::open(Polling);
    t.get(PollVerdict::Wait);
    t.post(PostVerdict::Accept);
    t.session.end_poll();
    t.get(PollVerdict::Wait);
    t.session.end_post();
    t.post(PostVerdict::Accept);
    assert!(!t.session.is_closed());
}

#[test]
fn a_websocket_session_takes_no_polling_requests() {
    let mut t = Transcript::open(WebSocket);
    t.get(PollVerdict::NotPolling);
    t.post(PostVerdict::NotPolling);
    t.says("4still here", &[deliver("still here")]);
}
