//! The hand-over from a session's task to the GETs of a client that polls.

use std::mem;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use shuttle::future::block_on;
use sio_core::engine::packet::Packet;
use tokio::sync::oneshot;

use super::{join, mailbox, with};
use crate::engine::command::PollAnswer;
use crate::engine::mailbox::Mailbox;
use crate::engine::polling::Polling;
use crate::engine::{CloseReason, Command};
use crate::sync::step;

/// A session's task on polling: takes GETs, answers the one that waits, and sleeps while none waits or nothing is
/// queued.
struct Task {
    mailbox: Arc<Mailbox>,
    polling: Polling,
    is_over: bool,
}

impl Task {
    fn take_commands(&mut self) {
        for command in self.mailbox.inbox.begin().into_iter().flatten() {
            match command {
                Command::Poll(answer) => {
                    self.polling.wait(answer);
                    self.mailbox.outbox.set_blocked(false);
                }
                _ => self.is_over = true,
            }
        }
    }
}

impl Future for Task {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = &mut *self;
        this.take_commands();
        loop {
            if this.is_over {
                return Poll::Ready(());
            }
            this.polling.send_queued(&this.mailbox, 1000, false);
            let blocked = !this.polling.is_waiting();
            this.mailbox.outbox.set_blocked(blocked);
            if this.mailbox.park(cx, blocked) {
                return Poll::Pending;
            }
            this.take_commands();
        }
    }
}

/// Runs a client that gets `count` packets by GETs, of which it gives up the first one `gives_up`.
fn run(count: usize, gives_up: bool) {
    let mailbox = mailbox(10);
    let task = Task { mailbox: Arc::clone(&mailbox), polling: Polling::new(1), is_over: false };
    let session = shuttle::thread::spawn(|| block_on(task));
    let sender = with(&mailbox, move |mailbox| {
        (0..count).for_each(|_| mailbox.push(Packet::Noop.frame()).expect("there is room"));
    });
    let mut received = 0;
    let mut gives_up = gives_up;
    while received < count {
        let (get, mut answered) = oneshot::channel();
        assert!(mailbox.inbox.command(Command::Poll(get)));
        received += if mem::take(&mut gives_up) {
            step();
            // Answers from before the connection has gone have arrived.
            answered.close();
            answered.try_recv().map_or(0, packets)
        } else {
            packets(block_on(answered).expect("each GET is answered"))
        };
    }
    assert_eq!(received, count, "each packet comes once");
    mailbox.inbox.command(Command::Close(CloseReason::ForcedServerClose));
    join(vec![sender, session]);
    assert!(mailbox.outbox.is_taken());
}

fn packets(answer: PollAnswer) -> usize {
    let PollAnswer::Payload(payload) = answer else { panic!("{answer:?}") };
    payload.body.bytes.split(|byte| *byte == 0x1e).map(Bytes::copy_from_slice).count()
}

/// Packets, and GETs that come one after the other.
pub fn packets_and_gets() {
    run(3, false);
}

/// The same, and a GET whose connection goes while it is being answered.
pub fn a_get_that_goes_while_it_is_answered() {
    run(2, true);
}
