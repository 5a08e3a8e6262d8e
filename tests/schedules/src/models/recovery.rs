//! A client that comes back while it is sent to.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use sio_core::id::{PrivateId, Sid};
use sio_core::socket::reason::DisconnectReason;

use super::{expect_all, join, mailbox, packet, take, with};
use crate::engine::outbox::How;
use crate::handshake::Handshake;
use crate::hub::Namespace;
use crate::hub::emission::Emission;
use crate::hub::member::Member;
use crate::hub::state::memory::Memory;
use crate::hub::state::{Bounds, ConnectionState};

/// The client is sent to by its old member all the while: what its first connection has not got, the second gets, once
/// and in order.
pub fn a_client_that_comes_back() {
    let sid = Sid::from_random([0; 15]);
    let bounds = Bounds { packets: 10, bytes: 1000, age: Duration::from_secs(60) };
    let account = Arc::new(Memory::new(1 << 30)).account(None);
    let state = ConnectionState::new(sid.clone(), PrivateId::from_random([0; 15]), bounds, account);
    let state = Arc::new(state);
    let namespace = Namespace::default();
    let handshake = Arc::new(Handshake);
    let before =
        Member::new(sid, namespace, mailbox(10), Arc::clone(&handshake), None, Some(Arc::clone(&state)));
    assert!(before.accept());
    take(&before.mailbox);

    let sender = with(&before, |before| {
        for number in 0..3 {
            let offset = Some(number as u64 + 1);
            let mut emission = Emission { entry: packet("a", number).into(), offset };
            before.deliver_now(&mut emission, How::Now).expect("it is sent, or kept");
        }
    });
    let leaving = with(&before, |before| {
        before.close(DisconnectReason::TransportClose, false);
        before.mailbox.close();
    });
    let now = Member::resuming(Arc::clone(&state), &before, mailbox(10), handshake);
    // It has got nothing: what was queued went with its connection.
    assert!(state.hand_over(&now, None));
    assert!(now.accept());
    join(vec![sender, leaving]);
    let received = take(&now.mailbox);
    expect_all(&received, "a", 3);
    assert!(received.contains(&Bytes::from("CONNECT")), "{received:?}");
}
