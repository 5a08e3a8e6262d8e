//! Taking in what a client has sent, and doing what the state machine makes of it.

use std::task::{Context, Poll};

use sio_core::engine::packet::{Message, Packet, PacketError};
use sio_core::engine::session::{Channel, CloseReason, Output};

use super::closing::Bye;
use super::{Carrier, SessionTask, now};
use crate::counters::{Count, TransportCounters};
use crate::engine::TransportKind;
use crate::transport::frames::Scratch;
use crate::transport::websocket::{Ended, Incoming};
use crate::turn;

impl SessionTask {
    /// Takes what has arrived, as much as the turn has time for. Returns whether something was left because the handler
    /// takes no more.
    pub(super) fn read(&mut self, cx: &mut Context<'_>) -> bool {
        self.has_unread = false;
        if let (Carrier::WebSocket { rest: None, .. }, None) = (&self.carrier, &self.overdue) {
            // All that there is most of the time.
            return self.is_open() && self.read_websocket(cx);
        }
        let room = turn::bytes_left();
        let mut left = self.carrier.polling().is_some() && self.read_posts();
        if self.is_alive() && self.carrier.polling().is_some_and(|polling| polling.is_abandoned(cx)) {
            self.close_now(CloseReason::TransportError);
        }
        if self.carrier.is_probing() {
            self.read_probe(cx);
        }
        if self.carrier.is_websocket() && self.is_open() {
            left |= self.read_websocket(cx);
        }
        if let Some(overdue) = &mut self.overdue {
            overdue.note_read(room - turn::bytes_left());
        }
        left
    }

    /// Returns whether something was left because the handler takes no more; so do those below.
    pub(super) fn read_websocket(&mut self, cx: &mut Context<'_>) -> bool {
        let mut scratch = Scratch::borrow();
        let (mut left, mut total, mut packets) = (false, 0, 0);
        while self.is_open() {
            if !self.takes_input() {
                left = true;
                break;
            }
            if !turn::may_read() {
                self.put_off_reading();
                break;
            }
            let Some(websocket) = self.carrier.websocket() else { break };
            let mut size = 0;
            match websocket.poll_incoming(cx, &mut scratch, self.shared.config.max_payload) {
                Poll::Pending => break,
                Poll::Ready(Ok(Incoming::Message(message))) => {
                    size = length(&message);
                    packets += 1;
                    let packet = websocket.wire().packet(message);
                    self.on_decoded(packet);
                }
                // Beyond the queue's limits only the last ping is answered, once there is room (RFC 6455 §5.5.3).
                Poll::Ready(Ok(Incoming::Pong(frame))) => {
                    let is_queued = self.mailbox.push(frame.clone()).is_ok();
                    self.owed_pong = if is_queued { None } else { Some(Box::new(frame)) };
                }
                Poll::Ready(Ok(Incoming::Nothing)) => {}
                Poll::Ready(Err(ended)) => self.on_websocket_end(ended),
            }
            turn::read(size);
            total += size;
        }
        if let Some(websocket) = self.carrier.websocket() {
            websocket.keep(&mut scratch);
        }
        scratch.give_back();
        if packets > 0 {
            let transport = self.state.transport();
            self.count(transport, |counters| &counters.received_packets, packets);
            self.count(transport, |counters| &counters.received_bytes, total);
        }
        left
    }

    fn put_off_reading(&mut self) {
        turn::put_off();
        self.has_unread = true;
    }

    fn on_decoded(&mut self, packet: Result<Packet, PacketError>) {
        match packet {
            Ok(packet) => self.on_packet(packet),
            Err(error) => {
                tracing::debug!(target: "sio::engine", session = ?self.id, %error, "invalid packet");
                self.close_now(CloseReason::ParseError);
            }
        }
    }

    pub(super) fn on_packet(&mut self, packet: Packet) {
        for output in self.state.handle_packet(packet, now) {
            self.apply(output);
        }
    }

    pub(super) fn read_posts(&mut self) -> bool {
        while self.is_open() {
            if !self.takes_input() {
                return true;
            }
            let Some(polling) = self.carrier.polling() else { break };
            if !turn::may_read() && polling.has_posted() {
                self.put_off_reading();
                break;
            }
            match polling.next_posted() {
                Some(packet) => {
                    let size = if let Packet::Message(message) = &packet { length(message) } else { 0 };
                    turn::received(size);
                    self.count(TransportKind::Polling, |counters| &counters.received_packets, 1);
                    self.count(TransportKind::Polling, |counters| &counters.received_bytes, size);
                    self.on_packet(packet);
                    turn::read(size);
                }
                None => {
                    if polling.finish_post() {
                        self.state.end_post();
                    }
                    self.carrier.end_rest();
                    break;
                }
            }
        }
        false
    }

    /// Takes what has arrived for an upgrade.
    pub(super) fn read_probe(&mut self, cx: &mut Context<'_>) {
        let mut scratch = Scratch::borrow();
        while let Some(probe) = self.carrier.probe() {
            if !turn::may_read() {
                turn::put_off();
                break;
            }
            turn::read(0);
            let outcome = match probe.poll_open(cx) {
                Poll::Pending => break,
                Poll::Ready(Err(ended)) => Poll::Ready(Err(ended)),
                Poll::Ready(Ok(())) => probe.poll_incoming(cx, &mut scratch, self.shared.config.max_payload),
            };
            let packet = match outcome {
                Poll::Pending => break,
                Poll::Ready(Ok(Incoming::Pong(frame))) => {
                    probe.enqueue_pong(frame);
                    continue;
                }
                Poll::Ready(Ok(Incoming::Nothing)) => continue,
                Poll::Ready(Ok(Incoming::Message(message))) => probe.wire().packet(message).ok(),
                Poll::Ready(Err(ended)) => {
                    if let Ended::ByPeer(code) | Ended::Failed(Some(code), _) = ended {
                        probe.enqueue_close(code);
                        // There is room for it, and nobody to wait for that if there is none.
                        let _ = probe.poll_write(cx);
                    }
                    None
                }
            };
            match packet {
                Some(packet) => {
                    for output in self.state.handle_probe_packet(packet, now()) {
                        self.apply(output);
                    }
                }
                None => {
                    self.state.handle_probe_lost(now());
                    self.end_probe();
                }
            }
        }
        // Input after the packet that completed the upgrade belongs to the main transport now.
        match &mut self.carrier {
            Carrier::Probing { probe, .. } => probe.keep(&mut scratch),
            Carrier::Opening(websocket) | Carrier::WebSocket { websocket, .. } => {
                websocket.keep(&mut scratch)
            }
            Carrier::Polling(_) | Carrier::Gone => {}
        }
        scratch.give_back();
    }

    pub(super) fn apply(&mut self, output: Output) {
        match output {
            Output::Deliver(message) => {
                if self.is_open()
                    && let Err(reason) = self.handler.on_message(message)
                {
                    self.close_now(reason);
                }
            }
            // The answer to a client's own ping: how many of them there are is the client's to say, so they keep
            // within the limits.
            Output::Send(Channel::Main, packet @ Packet::Pong(_)) => {
                self.owes_pong |= self.mailbox.push(packet.frame()).is_err();
            }
            Output::Send(Channel::Main, packet) => self.mailbox.push_always(packet.frame()),
            Output::Send(Channel::Probe, packet) => {
                if let Some(probe) = self.carrier.probe() {
                    probe.enqueue_answer(packet.frame());
                }
            }
            Output::ReleasePoll => self.release_poll(),
            Output::Upgraded => {
                let transport = self.state.transport();
                tracing::debug!(target: "sio::engine", session = ?self.id, %transport, "upgraded");
                self.answer_poll(&Packet::Noop);
                if let Some(probe) = self.carrier.probe() {
                    // The answers to the probe were never in the queue, which counts only those that have yet to go.
                    probe.take_done();
                    self.mailbox.outbox.owe(probe.unsent());
                    if let Some(threshold) = self.shared.config.deflate_from().filter(|_| probe.deflates()) {
                        self.mailbox.outbox.set_deflate_from(threshold);
                    }
                }
                self.carrier.upgrade();
                self.mailbox.outbox.set_transport(transport);
                match self.state.close_reason() {
                    Some(reason) => self.upgraded_to_leave(reason),
                    None => self.handler.on_upgrade(),
                }
                self.tell_by_websocket();
            }
            Output::ProbeFailed => self.end_probe(),
            Output::ProbeTimedOut => {
                if let Some(counters) = &self.shared.counters {
                    counters.upgrades_timed_out.add(1);
                }
                self.carrier.end_probe();
            }
            Output::Closed(reason) => self.closed(reason, Bye::Forced),
        }
    }

    /// Ends an upgrade that has failed, if one is under way.
    pub(super) fn end_probe(&mut self) {
        if let Some(counters) = &self.shared.counters
            && self.carrier.is_probing()
        {
            counters.upgrades_failed.add(1);
        }
        self.carrier.end_probe();
    }

    /// Counts bytes, with metrics.
    pub(super) fn count(
        &self,
        transport: TransportKind,
        what: impl FnOnce(&TransportCounters) -> &Count,
        bytes: usize,
    ) {
        if let Some(counters) = &self.shared.counters
            && bytes > 0
        {
            what(counters.of(transport)).add(bytes);
        }
    }

    /// Answers the waiting GET now, with what is queued or, where that is nothing, with a noop.
    pub(super) fn release_poll(&mut self) {
        if self.state.is_closed() {
            return self.answer_poll(&Packet::Noop);
        }
        self.write_polling(false);
        let wire = self.mailbox.wire();
        if self.carrier.polling().is_some_and(|polling| polling.release(wire)) {
            self.state.end_poll();
        }
    }

    pub(super) fn answer_poll(&mut self, packet: &Packet) {
        if let Some(polling) = self.carrier.polling()
            && polling.answer(packet, self.mailbox.wire(), self.state.is_closed())
        {
            self.state.end_poll();
        }
    }
}

fn length(message: &Message) -> usize {
    match message {
        Message::Text(text) => text.len(),
        Message::Binary(data) => data.len(),
    }
}
