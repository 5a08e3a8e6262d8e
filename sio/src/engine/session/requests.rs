//! What HTTP requests ask of a session.

use sio_core::engine::packet::Packet;
use sio_core::engine::session::{CloseReason, PollVerdict, PostVerdict};
use tokio::sync::oneshot;

use super::{Phase, SessionTask, now};
use crate::engine::command::{PollAnswer, PostAnswer};
use crate::transport::websocket::WebSocket;

impl SessionTask {
    pub(super) fn on_get(&mut self, answer: oneshot::Sender<PollAnswer>) {
        // A session whose time is over must not be found alive because its timer is a moment late.
        self.on_timer();
        let Some(polling) = &mut self.polling else {
            return refuse(answer);
        };
        if matches!(self.phase, Phase::Flushing { .. }) {
            polling.wait(answer);
            return;
        }
        match self.state.begin_poll() {
            PollVerdict::Wait => {
                polling.wait(answer);
                self.mailbox.outbox.set_blocked(false);
            }
            PollVerdict::NoWait => {
                polling.wait(answer);
                self.release_poll();
            }
            PollVerdict::NotPolling => refuse(answer),
            PollVerdict::Overlap => {
                refuse(answer);
                self.close_now(CloseReason::TransportError);
            }
        }
    }

    pub(super) fn on_post(&mut self, packets: Vec<Packet>, answer: oneshot::Sender<PostAnswer>) {
        if self.polling.is_some() && self.ignores_posts() {
            let _ = answer.send(PostAnswer::Taken);
            return;
        }
        let verdict = match &self.polling {
            Some(_) if self.phase == Phase::Open => self.state.begin_post(),
            _ => PostVerdict::NotPolling,
        };
        match (verdict, &mut self.polling) {
            (PostVerdict::Accept, Some(polling)) => polling.begin_post(packets, answer),
            (verdict, _) => {
                let _ = answer.send(PostAnswer::Refused);
                if verdict == PostVerdict::Overlap {
                    self.close_now(CloseReason::TransportError);
                }
            }
        }
    }

    pub(super) fn on_probe(&mut self, websocket: Box<WebSocket>) {
        // A refused WebSocket is dropped, which closes it; the session goes on as it was.
        if self.phase == Phase::Open && self.state.attach_probe(now()).is_ok() {
            self.probe = Some(websocket);
            if let Some(polling) = &mut self.polling {
                polling.begin_upgrade();
            }
        }
    }
}

fn refuse(answer: oneshot::Sender<PollAnswer>) {
    let _ = answer.send(PollAnswer::Refused);
}
