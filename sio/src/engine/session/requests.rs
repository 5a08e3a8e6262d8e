//! Handles the HTTP requests of a session.

use sio_core::engine::packet::Packet;
use sio_core::engine::session::{CloseReason, PollVerdict, PostVerdict};
use tokio::sync::oneshot;

use super::{Leaving, SessionTask, now};
use crate::engine::command::{PollAnswer, PostAnswer};
use crate::transport::websocket::WebSocket;

impl SessionTask {
    pub(super) fn on_get(&mut self, answer: oneshot::Sender<PollAnswer>) {
        // A session whose time is over must not be found alive because its timer is a moment late.
        self.on_timer();
        let Some(polling) = self.carrier.polling() else {
            return refuse(answer);
        };
        if matches!(self.leaving, Leaving::Closed(_)) {
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
        if self.ignores_posts() && self.carrier.polling().is_some() {
            let _ = answer.send(PostAnswer::Taken);
            return;
        }
        let is_open = self.is_open();
        let polling = self.carrier.polling();
        let verdict = match polling {
            Some(_) if is_open => self.state.begin_post(),
            _ => PostVerdict::NotPolling,
        };
        match (verdict, polling) {
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
        if self.is_alive() && self.is_open() && self.state.attach_probe(websocket.kind(), now()).is_ok() {
            self.carrier.begin_probe(websocket);
        }
    }
}

fn refuse(answer: oneshot::Sender<PollAnswer>) {
    let _ = answer.send(PollAnswer::Refused);
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::task::yield_now;
    use tokio::time::{advance, timeout};

    use super::super::test_session::Session;
    use super::*;
    use crate::engine::Command;

    /// Opens a session that has been sent a ping, with `packets` of the client behind its next GET when the time for
    /// the pong has just passed. Says why the session ends by that, if it does.
    async fn ends_with(packets: Vec<Packet>) -> Option<CloseReason> {
        let mut session = Session::open();
        yield_now().await;
        advance(Duration::from_secs(25)).await;
        session.poll().await;
        let (get, _got) = oneshot::channel();
        let (post, _posted) = oneshot::channel();
        let inbox = &session.mailbox.inbox;
        assert!(inbox.command(Command::Poll(get)));
        if !packets.is_empty() {
            assert!(inbox.command(Command::Post(packets, post)));
        }
        // The task runs behind that.
        advance(Duration::from_secs(20)).await;
        timeout(Duration::from_secs(1), session.closed.recv()).await.ok().flatten()
    }

    #[tokio::test(start_paused = true)]
    async fn a_pong_that_has_arrived_behind_a_get_is_in_time() {
        assert_eq!(ends_with(vec![Packet::Pong("".into())]).await, None);
    }

    #[tokio::test(start_paused = true)]
    async fn a_get_is_no_sign_of_life() {
        assert_eq!(ends_with(vec![]).await, Some(CloseReason::PingTimeout));
        assert_eq!(ends_with(vec![Packet::Noop]).await, Some(CloseReason::PingTimeout));
    }
}
