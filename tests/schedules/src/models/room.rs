//! Senders that wait for room in a queue, or give way, and what lets them go on.

use std::sync::Arc;

use bytes::Bytes;
use shuttle::future::block_on;
use shuttle::thread::{self, JoinHandle};
use sio_core::engine::config::TransportKind;

use super::{amount, expect_all, join, mailbox, packet, take, with};
use crate::engine::mailbox::Mailbox;
use crate::engine::outbox::{How, PushError};
use crate::sync::atomic::{AtomicBool, Ordering};
use crate::transport::outgoing::Entry;

/// Sends so many packets, one after the other, each when there is room for it.
async fn send(mailbox: &Mailbox, name: &str, count: usize) -> Result<(), PushError> {
    for number in 0..count {
        let mut entry = Entry::from(packet(name, number));
        let mut how = How::Now;
        while let Err(error) = mailbox.offer(&mut entry, how) {
            if error == PushError::Closed {
                return Err(error);
            }
            how = mailbox.outbox.until_room(entry.size(), || true).await;
        }
    }
    Ok(())
}

fn sender(mailbox: &Arc<Mailbox>, name: &'static str, count: usize) -> JoinHandle<Result<(), PushError>> {
    with(mailbox, move |mailbox| block_on(send(mailbox, name, count)))
}

/// The task, which writes until it has got so much. Its own sleep is looked at elsewhere.
fn receive(mailbox: &Mailbox, count: usize) -> Vec<Bytes> {
    let mut received = Vec::new();
    while received.len() < count {
        received.extend(take(mailbox));
        thread::yield_now();
    }
    received
}

/// Two senders and a queue that takes one packet.
pub fn senders_that_wait_for_room() {
    let mailbox = mailbox(1);
    let senders = vec![sender(&mailbox, "a", 2), sender(&mailbox, "b", 2)];
    let received = receive(&mailbox, 4);
    expect_all(&received, "a", 2);
    expect_all(&received, "b", 2);
    assert_eq!(join(senders), [Ok(()), Ok(())]);
    assert!(!mailbox.outbox.is_clogged(), "nobody waits any more");
}

/// A session that ends while somebody waits for room.
pub fn a_sender_whose_client_leaves() {
    let mailbox = mailbox(1);
    let waiting = sender(&mailbox, "a", 2);
    with(&mailbox, Mailbox::close).join().expect("it panics");
    assert_eq!(join(vec![waiting]), [Err(PushError::Closed)]);
    assert!(!mailbox.outbox.is_clogged());
}

/// A client that gives up what somebody waits for, and says so.
pub fn a_wait_that_is_not_wanted_any_more() {
    let mailbox = mailbox(1);
    mailbox.push(packet("a", 0)).expect("there is room");
    let wanted = Arc::new(AtomicBool::new(true));
    let is_wanted = Arc::clone(&wanted);
    let waiting = with(&mailbox, move |mailbox| {
        block_on(mailbox.outbox.until_room(2, || is_wanted.load(Ordering::SeqCst)))
    });
    wanted.store(false, Ordering::SeqCst);
    mailbox.outbox.release_waiting();
    assert_eq!(join(vec![waiting]), [How::Now]);
}

/// A broadcast that gives way to a task which is behind, and goes on.
pub fn a_broadcast_that_gives_way() {
    let mailbox = mailbox(4);
    for number in 0..3 {
        let sent = mailbox.offer(&mut packet("a", number).into(), How::Fanout);
        assert!(sent.is_ok(), "there is room");
    }
    let waiting = with(&mailbox, |mailbox| block_on(mailbox.outbox.until_relieved()));
    mailbox.outbox.set_blocked(true);
    mailbox.outbox.set_blocked(false);
    let packets = mailbox.outbox.take();
    mailbox.outbox.settle(amount(&packets));
    join(vec![waiting]);
}

/// A transport that takes no more, for which a broadcast does not wait.
pub fn a_broadcast_that_does_not_wait_for_a_client() {
    let mailbox = mailbox(4);
    for number in 0..3 {
        let sent = mailbox.offer(&mut packet("a", number).into(), How::Fanout);
        assert!(sent.is_ok(), "there is room");
    }
    let waiting = with(&mailbox, |mailbox| block_on(mailbox.outbox.until_relieved()));
    mailbox.outbox.set_blocked(true);
    join(vec![waiting]);
}

/// A client that changes its transport while somebody waits for that.
pub fn an_upgrade_that_is_waited_for() {
    let mailbox = mailbox(4);
    let waiting = with(&mailbox, |mailbox| block_on(mailbox.outbox.until_upgraded(|| true)));
    mailbox.outbox.set_transport(TransportKind::WebSocket);
    join(vec![waiting]);
}
