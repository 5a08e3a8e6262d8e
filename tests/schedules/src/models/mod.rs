//! The models: what several threads do at once, and what must have become of it whoever was when quicker.

pub mod mailbox;
pub mod membership;
pub mod polling;
pub mod recovery;
pub mod room;
pub mod wakes;

use std::sync::Arc;

use bytes::Bytes;
use shuttle::thread::{self, JoinHandle};

use crate::engine::mailbox::Mailbox;
use crate::engine::outbox::QueueLimits;
use crate::transport::outgoing::{Amount, Queue};
use crate::transport::wire::Wire;

/// A mailbox whose queue takes so many packets.
fn mailbox(packets: usize) -> Arc<Mailbox> {
    Arc::new(Mailbox::new(QueueLimits { bytes: 1000, packets }, Wire::V4))
}

/// The packet of this number that the sender of this name sends.
fn packet(sender: &str, number: usize) -> Bytes {
    format!("{sender}{number}").into()
}

/// Takes all that is queued, as a transport that has written it at once.
fn take(mailbox: &Mailbox) -> Vec<Bytes> {
    let packets = mailbox.outbox.take();
    mailbox.outbox.settle(amount(&packets));
    packets.into_vec()
}

fn amount(packets: &Queue) -> Amount {
    Amount { packets: packets.len(), bytes: packets.iter().map(Bytes::len).sum() }
}

/// Everything that the sender of this name has sent has come, once and in order.
fn expect_all(received: &[Bytes], sender: &str, count: usize) {
    let of_sender: Vec<_> = received.iter().filter(|packet| packet.starts_with(sender.as_bytes())).collect();
    let expected: Vec<_> = (0..count).map(|number| packet(sender, number)).collect();
    assert_eq!(of_sender, expected.iter().collect::<Vec<_>>(), "all is {received:?}");
}

fn join<T>(threads: Vec<JoinHandle<T>>) -> Vec<T> {
    threads.into_iter().map(|thread| thread.join().expect("it panics")).collect()
}

/// Begins a thread with what it shares.
fn with<S: Send + Sync + 'static, T: Send + 'static>(
    shared: &Arc<S>,
    run: impl FnOnce(&S) -> T + Send + 'static,
) -> JoinHandle<T> {
    let shared = Arc::clone(shared);
    thread::spawn(move || run(&shared))
}
