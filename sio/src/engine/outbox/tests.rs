use futures_util::FutureExt as _;
use sio_core::engine::packet::Packet;

use super::*;

#[test]
fn nothing_is_counted_when_all_has_gone() {
    for wire in [Wire::V4, Wire::V3 { base64: false }, Wire::V3 { base64: true }] {
        let outbox = Outbox::new(QueueLimits { bytes: 1000, packets: 10 });
        for _ in 0..3 {
            for packet in [Packet::decode_binary(vec![1; 200].into()), Packet::Noop] {
                assert_eq!(outbox.offer(&mut packet.frame().into(), How::Now), Ok(true));
            }
            for frames in outbox.take_frames(wire) {
                // The transport takes a packet in two portions.
                let bytes = frames.len() / 2;
                outbox.settle(Amount { packets: 0, bytes });
                outbox.settle(Amount { packets: 1, bytes: frames.len() - bytes });
            }
            let state = outbox.lock();
            assert_eq!((state.packets, state.bytes), (0, 0));
        }
    }
}

#[test]
fn nothing_is_counted_of_what_has_gone_together() {
    let outbox = Outbox::new(QueueLimits { bytes: 1000, packets: 10 });
    for _ in 0..3 {
        (0..3).for_each(|_| assert_eq!(offer(&outbox, How::Now), Ok(true)));
        drop(outbox.take());
        settle(&outbox, 3);
        let packets = outbox.lock().packets;
        assert_eq!((packets, outbox.waiting_bytes()), (0, 0));
    }
}

const LIMITS: QueueLimits = QueueLimits { bytes: 10_000, packets: 10 };

fn offer(outbox: &Outbox, how: How) -> Result<bool, PushError> {
    outbox.offer(&mut Packet::Noop.frame().into(), how)
}

/// The transport takes this many packets.
fn settle(outbox: &Outbox, packets: usize) {
    outbox.settle(Amount { packets, bytes: packets * Packet::Noop.frame().len() });
}

#[test]
fn whoever_waits_beside_broadcasts_has_its_turn_when_what_was_before_it_has_gone() {
    let outbox = Outbox::new(LIMITS);
    (0..20).for_each(|_| assert_eq!(offer(&outbox, How::Fanout), Ok(true)));
    let waiting = outbox.until_room(3, || true);
    let mut waiting = std::pin::pin!(waiting);
    for _ in 0..19 {
        assert_eq!(waiting.as_mut().now_or_never(), None);
        // As fast as the client reads.
        settle(&outbox, 1);
        assert_eq!(offer(&outbox, How::Fanout), Ok(true));
    }
    assert_eq!(waiting.as_mut().now_or_never(), None, "one is before it");
    settle(&outbox, 1);
    assert_eq!(offer(&outbox, How::Fanout), Ok(true));
    assert_eq!(waiting.as_mut().now_or_never(), Some(How::Overtaken));
    assert_eq!(offer(&outbox, How::Now), Err(PushError::Full));
    assert_eq!(offer(&outbox, How::Overtaken), Ok(true));
}

#[test]
fn whoever_is_overtaken_leaves_the_end_of_the_queue_to_broadcasts() {
    let outbox = Outbox::new(LIMITS);
    (0..70).for_each(|_| assert_eq!(offer(&outbox, How::Fanout), Ok(true)));
    assert_eq!(offer(&outbox, How::Overtaken), Err(PushError::Full));
    let waiting = outbox.until_room(3, || true);
    let mut waiting = std::pin::pin!(waiting);
    for _ in 0..100 {
        assert_eq!(waiting.as_mut().now_or_never(), None);
        settle(&outbox, 1);
        assert_eq!(offer(&outbox, How::Fanout), Ok(true));
    }
    assert!(!outbox.is_refusing());
    settle(&outbox, 1);
    assert_eq!(waiting.as_mut().now_or_never(), Some(How::Overtaken));
}

#[test]
fn those_who_wait_for_room_alone_stay_below_the_soft_bound() {
    let outbox = Outbox::new(LIMITS);
    (0..10).for_each(|_| assert_eq!(offer(&outbox, How::Now), Ok(true)));
    let waiting = outbox.until_room(3, || true);
    let mut waiting = std::pin::pin!(waiting);
    for _ in 0..30 {
        assert_eq!(waiting.as_mut().now_or_never(), None);
        settle(&outbox, 1);
        assert_eq!(offer(&outbox, How::Now), Ok(true));
    }
    settle(&outbox, 1);
    assert_eq!(waiting.as_mut().now_or_never(), Some(How::Now));
}

#[test]
fn what_is_given_back_goes_before_what_has_come_since() {
    let outbox = Outbox::new(LIMITS);
    let entry = |packet: Packet| packet.frame().into();
    assert!(outbox.add(entry(Packet::Noop)));
    let (taken, compress) = outbox.take_while(|_| true);
    assert!(outbox.add(entry(Packet::Close)));
    outbox.give_back(taken, compress);
    assert_eq!(outbox.take()[..], [Packet::Noop.frame(), Packet::Close.frame()]);
}
