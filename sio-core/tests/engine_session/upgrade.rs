//! From polling to WebSocket.

use std::time::Duration;

use sio_core::engine::config::SessionConfig;
use sio_core::engine::session::{CloseReason, PollVerdict, PostVerdict, ProbeRefused};

use crate::Output::{Closed, ProbeFailed, ProbeTimedOut, ReleasePoll, Upgraded};
use crate::TransportKind::{Polling, WebSocket, WebTransport};
use crate::{Transcript, config, deliver, send, send_probe};

#[test]
fn an_upgrade_with_a_pending_get() {
    let mut t = Transcript::open(Polling);
    t.get(PollVerdict::Wait);
    t.at(10).attaches(Ok(()));
    t.wakes_at(110);
    t.at(20).probe("2probe", &[send_probe("3probe"), ReleasePoll]);
    t.session.end_poll();
    assert_eq!(t.session.transport(), Polling);
    // Further requests of the client end at once, as often as it tries, with what is queued.
    t.get(PollVerdict::NoWait);
    t.get(PollVerdict::NoWait);
    t.at(30).probe("5", &[Upgraded]);
    assert_eq!(t.session.transport(), WebSocket);
    t.wakes_at(300);
    t.get(PollVerdict::NotPolling);
    t.post(PostVerdict::NotPolling);
    t.says("4over websocket", &[deliver("over websocket")]);
    t.at(300).times_out(&[send("2")]);
}

#[test]
fn a_probe_without_a_pending_get_releases_none() {
    let mut t = Transcript::open(Polling);
    t.get(PollVerdict::Wait);
    t.session.end_poll();
    t.attaches(Ok(()));
    t.probe("2probe", &[send_probe("3probe")]);
    t.get(PollVerdict::NoWait);
}

#[test]
fn probe_and_upgrade_back_to_back() {
    let mut t = Transcript::open(Polling);
    t.attaches(Ok(()));
    t.probe("2probe", &[send_probe("3probe")]);
    t.probe("5", &[Upgraded]);
    // A packet that came right behind belongs to the main transport by now.
    t.says("4hello", &[deliver("hello")]);
    assert_eq!(t.session.transport(), WebSocket);
}

#[test]
fn an_upgrade_overtakes_the_end_of_the_released_get() {
    let mut t = Transcript::open(Polling);
    t.get(PollVerdict::Wait);
    t.post(PostVerdict::Accept);
    t.attaches(Ok(()));
    t.probe("2probe", &[send_probe("3probe"), ReleasePoll]);
    t.probe("5", &[Upgraded]);
    t.session.end_poll();
    t.session.end_post();
    assert_eq!(t.session.transport(), WebSocket);
    t.get(PollVerdict::NotPolling);
}

#[test]
fn polling_goes_on_until_the_upgrade_is_complete() {
    let mut t = Transcript::open(Polling);
    t.attaches(Ok(()));
    t.get(PollVerdict::Wait);
    t.session.end_poll();
    t.post(PostVerdict::Accept);
    t.says("4one", &[deliver("one")]);
    t.session.end_post();
    t.probe("2probe", &[send_probe("3probe")]);
    t.post(PostVerdict::Accept);
    t.says("4two", &[deliver("two")]);
    t.session.end_post();
    t.probe("5", &[Upgraded]);
}

#[test]
fn the_ping_of_an_upgrade_under_way_is_queued_as_always() {
    let mut t = Transcript::open(Polling);
    t.at(290).attaches(Ok(()));
    t.probe("2probe", &[send_probe("3probe")]);
    t.at(300).times_out(&[send("2")]);
    t.at(310).probe("5", &[Upgraded]);
    // The pong may come over either transport. Only now does the client surely see the ping.
    t.wakes_at(510);
    t.at(320).says("3", &[]);
    t.wakes_at(620);
}

#[test]
fn a_ping_that_the_client_may_not_see_waits_for_the_end_of_the_upgrade() {
    // The upgrade takes longer than a pong may.
    let config = SessionConfig { upgrade_timeout: Duration::from_millis(1_000), ..config() };
    let probed = || {
        let mut t = Transcript::with(config.clone(), Polling);
        t.attaches(Ok(()));
        t.probe("2probe", &[send_probe("3probe")]);
        t.at(300).times_out(&[send("2")]);
        t.wakes_at(1_000);
        t.at(500).times_out(&[]);
        assert!(!t.session.is_overdue(t.now));
        t
    };
    // The client falls silent: it is left on polling, and is asked there.
    let mut t = probed();
    t.at(1_000).times_out(&[ProbeTimedOut]);
    t.wakes_at(1_200);
    t.get(PollVerdict::Wait);
    t.at(1_100).says("3", &[]);
    t.wakes_at(1_400);

    let mut t = probed();
    t.at(1_000).times_out(&[ProbeTimedOut]);
    t.at(1_200).times_out(&[Closed(CloseReason::PingTimeout)]);
    // It hangs up.
    let mut t = probed();
    t.at(700);
    t.session.handle_probe_lost(t.now);
    t.wakes_at(900);
    // It comes in the end.
    let mut t = probed();
    t.at(900).probe("5", &[Upgraded]);
    t.wakes_at(1_100);
    t.at(1_050).says("3", &[]);
    t.wakes_at(1_350);
    // It polls on, and is seen to be there.
    let mut t = probed();
    t.get(PollVerdict::NoWait);
    t.at(550).says("3", &[]);
    t.wakes_at(850);
    // The time that was left when the server stopped reading is no less than that either.
    let mut t = probed();
    t.pauses_input();
    t.at(1_000).times_out(&[ProbeTimedOut]);
    t.at(5_000).resumes_input();
    t.wakes_at(5_200);
}

#[test]
fn a_probe_that_was_not_answered_moves_no_heartbeat() {
    let config = SessionConfig { upgrade_timeout: Duration::from_millis(1_000), ..config() };
    let mut t = Transcript::with(config, Polling);
    t.at(300).times_out(&[send("2")]);
    t.at(400).attaches(Ok(()));
    t.wakes_at(500);
    t.at(450);
    t.session.handle_probe_lost(t.now);
    t.wakes_at(500);
}

#[test]
fn probes_that_lead_to_nothing_put_a_heartbeat_off_once() {
    let mut t = Transcript::open(Polling);
    t.at(300).times_out(&[send("2")]);
    // Its deadline is 500.
    t.at(450).attaches(Ok(()));
    t.probe("2probe", &[send_probe("3probe")]);
    t.at(510).probe("4", &[ProbeFailed]);
    t.wakes_at(710);
    for round in 0..10 {
        t.at(520 + round).attaches(Ok(()));
        t.probe("2probe", &[send_probe("3probe")]);
        t.probe("4", &[ProbeFailed]);
        t.wakes_at(710);
    }
    t.at(700).attaches(Ok(()));
    t.probe("2probe", &[send_probe("3probe")]);
    t.wakes_at(710);
    t.at(710);
    assert!(t.session.is_overdue(t.now));
    t.times_out(&[Closed(CloseReason::PingTimeout)]);
}

#[test]
fn each_ping_is_put_off_by_an_upgrade_of_its_own() {
    let mut t = Transcript::open(Polling);
    for begin in [0, 450] {
        t.at(begin + 300).times_out(&[send("2")]);
        t.at(begin + 440).attaches(Ok(()));
        t.probe("2probe", &[send_probe("3probe")]);
        t.at(begin + 450).probe("4", &[ProbeFailed]);
        t.wakes_at(begin + 650);
        t.says("3", &[]);
    }
}

#[test]
fn an_upgrade_needs_no_probe() {
    let mut t = Transcript::open(Polling);
    t.get(PollVerdict::Wait);
    t.attaches(Ok(()));
    t.probe("5", &[Upgraded]);
    assert_eq!(t.session.transport(), WebSocket);
    t.says("4over websocket", &[deliver("over websocket")]);
    t.wakes_at(300);

    let mut t = Transcript::open(Polling);
    t.attaches(Ok(()));
    t.at(100).probe("5", &[ProbeFailed]);
    assert_eq!(t.session.transport(), Polling);
}

#[test]
fn a_session_that_closes_waits_for_a_client_on_its_way_to_the_websocket() {
    for reason in [CloseReason::ForcedServerClose, CloseReason::ServerShuttingDown, CloseReason::SlowClient] {
        let mut t = Transcript::probed();
        assert_eq!(t.session.close(reason)[..], [Closed(reason)]);
        assert!(t.session.awaits_upgrade());
        assert_eq!(t.session.transport(), Polling);
        t.probe("5", &[Upgraded]);
        assert_eq!(t.session.transport(), WebSocket);
        assert!(!t.session.awaits_upgrade());
        t.is_closed_with(reason);
    }
    // It has not probed yet.
    for probes in [false, true] {
        let mut t = Transcript::open(Polling);
        t.attaches(Ok(()));
        assert_eq!(t.session.close(CloseReason::ForcedServerClose).len(), 1);
        if probes {
            t.probe("2probe", &[send_probe("3probe")]);
        }
        t.probe("5", &[Upgraded]);
        t.is_closed_with(CloseReason::ForcedServerClose);
    }
}

#[test]
fn a_session_that_closes_waits_for_nobody_who_does_not_come() {
    for text in ["2", "4hello", "6", "1"] {
        let mut t = Transcript::probed();
        assert_eq!(t.session.close(CloseReason::ForcedServerClose).len(), 1);
        t.probe(text, &[ProbeFailed]);
        assert!(!t.session.awaits_upgrade());
        t.probe("5", &[]);
        t.is_closed_with(CloseReason::ForcedServerClose);
    }
    let mut t = Transcript::probed();
    assert_eq!(t.session.close(CloseReason::ForcedServerClose).len(), 1);
    t.session.handle_probe_lost(t.now);
    assert!(!t.session.awaits_upgrade());
    t.is_closed_with(CloseReason::ForcedServerClose);

    let mut t = Transcript::open(Polling);
    assert_eq!(t.session.close(CloseReason::ForcedServerClose).len(), 1);
    assert!(!t.session.awaits_upgrade());
}

#[test]
fn a_websocket_that_never_probes_does_not_disturb_the_polling() {
    let mut t = Transcript::open(Polling);
    t.get(PollVerdict::Wait);
    t.at(10).attaches(Ok(()));
    t.session.end_poll();
    t.get(PollVerdict::Wait);
    t.at(109).times_out(&[]);
    t.at(110).times_out(&[ProbeTimedOut]);
    t.session.end_poll();
    t.get(PollVerdict::Wait);
    t.says("4still here", &[deliver("still here")]);
    t.wakes_at(300);
}

#[test]
fn an_upgrade_that_takes_too_long_leaves_the_session_on_polling() {
    let mut t = Transcript::probed();
    t.get(PollVerdict::NoWait);
    t.at(100).times_out(&[ProbeTimedOut]);
    assert_eq!(t.session.transport(), Polling);
    t.get(PollVerdict::Wait);
    t.wakes_at(300);
    // The next WebSocket gets its chance.
    t.at(150).attaches(Ok(()));
    t.probe("2probe", &[send_probe("3probe"), ReleasePoll]);
    t.session.end_poll();
    t.probe("5", &[Upgraded]);
}

#[test]
fn a_packet_behind_the_deadline_is_too_late_even_before_the_timer_ran() {
    let mut t = Transcript::probed();
    t.at(100).probe("5", &[ProbeFailed]);
    assert_eq!(t.session.transport(), Polling);

    let mut t = Transcript::open(Polling);
    t.attaches(Ok(()));
    t.at(100).probe("2probe", &[ProbeFailed]);
    t.times_out(&[]);
    t.get(PollVerdict::Wait);
}

#[test]
fn ping_and_upgrade_may_fall_due_together() {
    let mut t = Transcript::open(Polling);
    t.at(200).attaches(Ok(()));
    t.at(300).times_out(&[send("2"), ProbeTimedOut]);
    t.wakes_at(500);
}

#[test]
fn a_session_that_dies_of_its_heartbeat_takes_its_probe_along() {
    let mut t = Transcript::open(Polling);
    t.at(300).times_out(&[send("2")]);
    t.at(450).attaches(Ok(()));
    t.at(600).times_out(&[Closed(CloseReason::PingTimeout)]);
    t.session.handle_probe_lost(t.now);
    t.is_closed_with(CloseReason::PingTimeout);
}

#[test]
fn any_other_packet_fails_the_probe() {
    for text in ["2", "2other", "3probe", "4hello", "bAQI=", "6", "1", "0{}"] {
        let mut t = Transcript::open(Polling);
        t.attaches(Ok(()));
        t.probe(text, &[ProbeFailed]);
        assert_eq!(t.session.transport(), Polling, "{text}");
        t.wakes_at(300);
    }
    for text in ["2", "2other", "3probe", "4hello", "6", "1", "0{}"] {
        let mut t = Transcript::probed();
        t.probe(text, &[ProbeFailed]);
        assert_eq!(t.session.transport(), Polling, "{text}");
        t.get(PollVerdict::Wait);
        // A straggler of the failed WebSocket changes nothing.
        t.probe("5", &[ProbeFailed]);
        t.session.end_poll();
        t.get(PollVerdict::Wait);
    }
}

#[test]
fn every_probe_is_answered_until_the_deadline_of_the_first() {
    let mut t = Transcript::probed();
    t.probe("2probe", &[send_probe("3probe")]);
    t.at(50).probe("2probe", &[send_probe("3probe")]);
    t.probe("5", &[Upgraded]);

    let mut t = Transcript::probed();
    t.probe("2probe", &[send_probe("3probe")]);
    t.at(100).probe("2probe", &[ProbeFailed]);
    assert_eq!(t.session.transport(), Polling);
}

#[test]
fn a_lost_probe_leaves_the_session_on_polling() {
    let mut t = Transcript::probed();
    t.session.handle_probe_lost(t.now);
    t.get(PollVerdict::Wait);
    t.wakes_at(300);
    t.attaches(Ok(()));

    // Requests under way are remembered through it.
    let mut t = Transcript::open(Polling);
    t.get(PollVerdict::Wait);
    t.attaches(Ok(()));
    t.session.handle_probe_lost(t.now);
    t.get(PollVerdict::Overlap);
}

#[test]
fn an_upgrade_leads_to_the_transport_that_was_attached() {
    for to in [WebSocket, WebTransport] {
        let mut t = Transcript::open(Polling);
        t.attaches_by(to, Ok(()));
        t.probe("2probe", &[send_probe("3probe")]);
        assert_eq!(t.session.transport(), Polling);
        t.probe("5", &[Upgraded]);
        assert_eq!(t.session.transport(), to);

        // The client of a session that has been closed meanwhile is awaited there as well.
        let mut t = Transcript::open(Polling);
        t.attaches_by(to, Ok(()));
        t.probe("2probe", &[send_probe("3probe")]);
        let closed = CloseReason::ForcedServerClose;
        assert_eq!(t.session.close(closed)[..], [Closed(closed)]);
        assert!(t.session.awaits_upgrade());
        assert_eq!(t.session.transport(), Polling);
        t.probe("5", &[Upgraded]);
        assert_eq!(t.session.transport(), to);
    }
}

#[test]
fn the_one_that_is_attached_first_is_the_one_that_counts() {
    for (first, second) in [(WebSocket, WebTransport), (WebTransport, WebSocket)] {
        let mut t = Transcript::open(Polling);
        t.attaches_by(first, Ok(()));
        t.attaches_by(second, Err(ProbeRefused::AlreadyProbing));
        t.session.handle_probe_lost(t.now);
        t.attaches_by(second, Ok(()));
        t.probe("5", &[Upgraded]);
        assert_eq!(t.session.transport(), second);
        t.attaches_by(first, Err(ProbeRefused::NotPolling));
    }
}

#[test]
fn a_second_websocket_is_refused() {
    let mut t = Transcript::open(Polling);
    t.attaches(Ok(()));
    t.attaches(Err(ProbeRefused::AlreadyProbing));
    t.probe("2probe", &[send_probe("3probe")]);
    t.attaches(Err(ProbeRefused::AlreadyProbing));
    t.probe("5", &[Upgraded]);
    t.attaches(Err(ProbeRefused::NotPolling));
    t.session.handle_probe_lost(t.now);
    t.says("4still here", &[deliver("still here")]);
    assert_eq!(t.session.transport(), WebSocket);

    let mut t = Transcript::open(WebSocket);
    t.attaches(Err(ProbeRefused::NotPolling));
    t.says("4still here", &[deliver("still here")]);
}

#[test]
fn overlapping_requests_during_an_upgrade_close() {
    let mut t = Transcript::open(Polling);
    t.get(PollVerdict::Wait);
    t.attaches(Ok(()));
    t.get(PollVerdict::Overlap);
    t.session.handle_probe_lost(t.now);
    t.is_closed_with(CloseReason::TransportError);

    let mut t = Transcript::probed();
    t.post(PostVerdict::Accept);
    t.post(PostVerdict::Overlap);
    t.session.handle_probe_lost(t.now);
    t.is_closed_with(CloseReason::TransportError);
}

#[test]
fn the_close_packet_during_an_upgrade_closes() {
    let mut t = Transcript::probed();
    t.says("1", &[Closed(CloseReason::TransportClose)]);
    assert!(!t.session.awaits_upgrade());
    t.is_closed_with(CloseReason::TransportClose);
    assert_eq!(t.session.transport(), Polling);
}

#[test]
fn a_pause_does_not_stop_the_deadline_of_an_upgrade() {
    let mut t = Transcript::probed();
    t.at(50).pauses_input();
    t.wakes_at(100);
    t.at(100).times_out(&[ProbeTimedOut]);
}
