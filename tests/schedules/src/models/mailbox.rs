//! A session's task that sleeps, and those who have something for it.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use shuttle::future::block_on;

use super::{expect_all, join, mailbox, packet, take, with};
use crate::engine::mailbox::Mailbox;
use crate::engine::{CloseReason, Command};

/// A session's task, as far as its sleep goes: takes its commands, writes what is queued, and sleeps until there is
/// more. Ends when it has got so much.
struct Task {
    mailbox: Arc<Mailbox>,
    commands: usize,
    packets: usize,
    received: Vec<Bytes>,
}

impl Task {
    fn take_commands(&mut self) {
        let commands = self.mailbox.inbox.begin().map_or(0, |commands| commands.len());
        self.commands = self.commands.checked_sub(commands).expect("each command comes once");
    }
}

impl Future for Task {
    type Output = Vec<Bytes>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Vec<Bytes>> {
        let this = &mut *self;
        this.take_commands();
        loop {
            this.received.extend(take(&this.mailbox));
            if this.commands == 0 && this.received.len() >= this.packets {
                return Poll::Ready(std::mem::take(&mut this.received));
            }
            if this.mailbox.park(cx, false) {
                return Poll::Pending;
            }
            this.take_commands();
        }
    }
}

fn run(mailbox: &Arc<Mailbox>, commands: usize, packets: usize) -> Vec<Bytes> {
    block_on(Task { mailbox: Arc::clone(mailbox), commands, packets, received: Vec::new() })
}

/// One packet, and a task that may be about to sleep.
pub fn one_packet() {
    let mailbox = mailbox(10);
    let sender = with(&mailbox, |mailbox| mailbox.push(packet("a", 0)));
    expect_all(&run(&mailbox, 0, 1), "a", 1);
    assert_eq!(join(vec![sender]), [Ok(())]);
}

/// One command, and a task that may be about to sleep.
pub fn one_command() {
    let mailbox = mailbox(10);
    let caller = with(&mailbox, |mailbox| mailbox.inbox.command(close()));
    run(&mailbox, 1, 0);
    assert_eq!(join(vec![caller]), [true]);
}

/// Two who send, and one who gives orders.
pub fn packets_and_commands() {
    let mailbox = mailbox(10);
    let sender = |name| with(&mailbox, move |mailbox| (0..3).for_each(|n| send(mailbox, name, n)));
    let senders = vec![sender("a"), sender("b")];
    let caller = with(&mailbox, |mailbox| (0..2).all(|_| mailbox.inbox.command(close())));
    let received = run(&mailbox, 2, 6);
    expect_all(&received, "a", 3);
    expect_all(&received, "b", 3);
    join(senders);
    assert_eq!(join(vec![caller]), [true]);
}

/// A session that ends while it is sent to: what was taken in is no more than what was said to be.
pub fn the_end() {
    let mailbox = mailbox(10);
    let sender = with(&mailbox, |mailbox| (0..3).filter(|n| mailbox.push(packet("a", *n)).is_ok()).count());
    let ending = with(&mailbox, |mailbox| {
        let received = take(mailbox);
        mailbox.close();
        received
    });
    let received = join(vec![ending]).concat();
    let sent = join(vec![sender])[0];
    assert!(received.len() <= sent, "{received:?}");
    assert!(mailbox.outbox.is_taken(), "nothing is left behind");
    assert!(!mailbox.inbox.command(close()));
}

fn send(mailbox: &Mailbox, name: &str, number: usize) {
    mailbox.push(packet(name, number)).expect("there is room");
}

fn close() -> Command {
    Command::Close(CloseReason::ForcedServerClose)
}
