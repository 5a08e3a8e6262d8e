//! Sending what is queued.

use std::task::{Context, Poll};
use std::time::Instant;

use bytes::Bytes;
use sio_core::engine::packet::Packet;

use super::{Carrier, Leaving, SessionTask, now};
use crate::engine::TransportKind;
use crate::transport::websocket::Ended;

impl SessionTask {
    /// Sends what is queued. Returns true when the transport takes no more now. `fired`: the deadline for which the
    /// timer has just fired.
    pub(super) fn write(&mut self, fired: Option<Instant>, cx: &mut Context<'_>) -> bool {
        if let Some(probe) = self.carrier.probe()
            && matches!(probe.poll_write(cx), Poll::Ready(Err(_)))
        {
            self.state.handle_probe_lost(now());
            self.end_probe();
        }
        let blocked = match self.carrier {
            Carrier::Gone => true,
            _ if matches!(self.leaving, Leaving::Closed(_)) => {
                self.flush(cx);
                true
            }
            _ if !self.is_alive() => {
                self.write_parting(cx);
                true
            }
            Carrier::Opening(_) => true,
            Carrier::WebSocket { .. } => self.write_websocket(cx),
            Carrier::Polling(_) | Carrier::Probing { .. } => self.write_polling(false),
        };
        self.mailbox.outbox.set_blocked(blocked);
        self.judge(blocked, fired);
        // One pong for all pings that came while the queue was full.
        if self.owes_pong && self.mailbox.push(Packet::Pong("".into()).frame()).is_ok() {
            self.owes_pong = false;
        }
        if let Some(pong) = self.owed_pong.take()
            && self.mailbox.push(Bytes::clone(&pong)).is_err()
        {
            self.owed_pong = Some(pong);
        }
        blocked
    }

    pub(super) fn write_websocket(&mut self, cx: &mut Context<'_>) -> bool {
        let Some(websocket) = self.carrier.websocket() else { return true };
        loop {
            let outcome = websocket.poll_write(cx);
            let done = websocket.take_done();
            if done.bytes > 0 {
                self.stall = None;
                if let Some(counters) = &self.shared.counters {
                    let counters = counters.of(self.state.transport());
                    counters.sent_packets.add(done.packets);
                    counters.sent_bytes.add(done.bytes);
                }
            }
            let is_all = self.mailbox.outbox.settle(done);
            match outcome {
                Poll::Pending => return true,
                Poll::Ready(Ok(())) if is_all => return false,
                Poll::Ready(Ok(())) => {}
                Poll::Ready(Err(error)) => {
                    self.on_websocket_end(Ended::Failed(None, error.to_string()));
                    return true;
                }
            }
            let packets = self.mailbox.outbox.take_frames(websocket.wire());
            if packets.is_empty() {
                return false;
            }
            websocket.enqueue(packets);
        }
    }

    /// Answers the waiting GET with what is queued. Returns true when none waits: packets have to wait for the next.
    pub(super) fn write_polling(&mut self, last: bool) -> bool {
        let Some(polling) = self.carrier.polling() else { return true };
        let config = &self.shared.config;
        let sent = polling.send_queued(&self.mailbox, config.max_payload, last);
        let is_waiting = polling.is_waiting();
        if let Some(sent) = sent {
            self.count(TransportKind::Polling, |counters| &counters.sent_packets, sent.packets);
            self.count(TransportKind::Polling, |counters| &counters.sent_bytes, sent.bytes);
            self.state.end_poll();
            self.stall = None;
        }
        !is_waiting
    }
}
