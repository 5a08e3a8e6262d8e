//! A member whose client is let in, or leaves, while others send to it and wait for it.

use std::sync::Arc;

use bytes::Bytes;
use bytestring::ByteString;
use shuttle::future::block_on;
use sio_core::args::Args;
use sio_core::id::Sid;
use sio_core::socket::reason::DisconnectReason;

use super::{expect_all, join, mailbox, packet, take, with};
use crate::engine::outbox::{How, PushError};
use crate::handshake::Handshake;
use crate::hub::Namespace;
use crate::hub::answer::Waiter;
use crate::hub::emission::Emission;
use crate::hub::member::Member;
use crate::sync::step;

/// A member whose `connect` hook decides, with a queue for so many packets.
fn connecting(packets: usize) -> Arc<Member> {
    let id = Sid::from_random([0; 15]);
    Member::new(id, Namespace::default(), mailbox(packets), Arc::new(Handshake), None, None)
}

fn connected(packets: usize) -> Arc<Member> {
    let member = connecting(packets);
    assert!(member.accept());
    take(&member.mailbox);
    member
}

fn emission(sender: &str, number: usize) -> Emission {
    Emission { entry: packet(sender, number).into(), offset: None }
}

/// A client that is let in while two send to it: nothing comes before its CONNECT, and nothing is lost.
pub fn a_client_that_is_let_in() {
    let member = connecting(10);
    let sender = |name: &'static str| {
        with(&member, move |member| {
            (0..2).for_each(|n| member.deliver_now(&mut emission(name, n), How::Now).expect("there is room"));
        })
    };
    let senders = vec![sender("a"), sender("b")];
    assert!(member.accept());
    join(senders);
    let received = take(&member.mailbox);
    assert_eq!(received.first(), Some(&Bytes::from("CONNECT")), "{received:?}");
    expect_all(&received, "a", 2);
    expect_all(&received, "b", 2);
}

/// A client that is disconnected while it is let in: it is told both, or nothing at all, and nothing follows.
pub fn a_client_that_is_let_in_and_leaves() {
    let member = connecting(10);
    let sender = with(&member, |member| member.deliver_now(&mut emission("a", 0), How::Now));
    let leaving = with(&member, Member::disconnect);
    let is_in = member.accept();
    join(vec![leaving]);
    let was_sent = join(vec![sender])[0].is_ok();
    let received = take(&member.mailbox);
    assert_eq!(member.was_accepted(), is_in);
    let connects = received.iter().filter(|packet| *packet == "CONNECT").count();
    let disconnects = received.iter().filter(|packet| *packet == "DISCONNECT").count();
    assert_eq!((connects, disconnects), (usize::from(is_in), usize::from(is_in)), "{received:?}");
    if !is_in {
        assert!(received.is_empty(), "{received:?}");
    } else if was_sent {
        expect_all(&received, "a", 1);
    }
}

/// A client that leaves while somebody waits for room in its queue, another for its end, and a third for that of its
/// `disconnect` hook.
pub fn those_who_wait_for_the_end() {
    let member = connected(1);
    let sender = with(&member, |member| {
        block_on(async {
            member.deliver_waiting(&mut emission("a", 0)).await?;
            member.deliver_waiting(&mut emission("a", 1)).await
        })
    });
    let closed = with(&member, |member| block_on(member.closed()));
    let released = with(&member, |member| block_on(member.until_released()));
    let reason = DisconnectReason::TransportClose;
    member.close(reason, false);
    member.set_released();
    assert_eq!(join(vec![sender]), [Err(PushError::Closed)]);
    assert_eq!(join(vec![closed]), [reason]);
    join(vec![released]);
}

/// Two reasons to leave at once: the first stays, and is what everybody is told.
pub fn two_reasons_to_leave() {
    let member = connected(10);
    let leave = |reason| with(&member, move |member| member.close(reason, false));
    let leaving = vec![leave(DisconnectReason::PingTimeout), leave(DisconnectReason::TransportError)];
    let told = block_on(member.closed());
    join(leaving);
    assert_eq!(member.reason(), Some(told));
}

/// A question, its answer, and the end of the client: whoever has asked is told once.
pub fn a_question_to_a_client_that_leaves() {
    let member = connected(10);
    let waiter = Waiter::default();
    let asking = waiter.clone();
    let question = with(&member, move |member| member.await_ack(7, asking).is_ok());
    let answer = with(&member, |member| {
        step();
        member.on_ack(7, Args::array(ByteString::from_static("[]"), Vec::new()));
    });
    member.close(DisconnectReason::TransportClose, false);
    join(vec![answer]);
    let was_asked = join(vec![question])[0];
    assert_eq!(waiter.told(), usize::from(was_asked));
}
