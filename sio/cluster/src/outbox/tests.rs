use sio_core::cluster::frame;

use super::bounds::NOTICE;
use super::*;

const HOLD: Duration = Duration::from_secs(5);

struct Test {
    outbox: Outbox,
    counters: Arc<Counters>,
    start: Instant,
}

fn test(hold_bytes: usize) -> Test {
    let (counters, start) = (Arc::new(Counters::default()), Instant::now());
    Test { outbox: Outbox::new(HOLD, hold_bytes, Arc::clone(&counters), start), counters, start }
}

impl Test {
    fn push(&self, kind: Kind) {
        self.push_to(Topic::All, kind, 0);
    }

    fn push_to(&self, topic: Topic, kind: Kind, body: usize) {
        let header = Header {
            kind: if kind == Kind::Control { frame::Kind::Alive } else { frame::Kind::Broadcast },
            flags: Flags::NONE,
            source: NodeId::new(1),
            lane: 0,
            number: 0,
        };
        let mut payload = header.begin(body);
        payload.resize(frame::HEADER_LEN + body, 0);
        self.outbox.push(topic, payload, kind);
    }

    /// Lane and number of everything that is given to the link, all of which it takes.
    fn send(&self, now: Instant) -> Vec<(u32, u64)> {
        let mut places = Vec::new();
        loop {
            let batch = self.outbox.take();
            if batch.is_empty() {
                return places;
            }
            places.extend(batch.iter().map(|frame| {
                let header = Header::read(&frame.payload).unwrap().0;
                (header.lane, header.number)
            }));
            self.outbox.confirmed(now);
        }
    }

    fn up(&self) -> Begun {
        self.outbox.up(now())
    }
}

#[test]
fn what_is_held_is_sent_in_order_when_the_broker_is_there() {
    let test = test(1 << 20);
    for _ in 0..3 {
        test.push(Kind::Held);
    }
    test.push_to(Topic::Node(NodeId::new(9)), Kind::Held, 0);
    assert!((test.outbox.len() > 0));
    assert_eq!(test.up(), Begun { resent: 0 });
    assert_eq!(test.send(now()), [(0, 0), (0, 1), (0, 2), (1, 0)]);
    assert!((test.outbox.len() == 0));
    assert_eq!(test.outbox.lanes_to_nodes()[&NodeId::new(9)], (1, 1));
}

#[test]
fn the_tail_and_what_was_under_way_are_sent_again() {
    let test = test(1 << 20);
    test.up();
    for _ in 0..3 {
        test.push(Kind::Held);
    }
    test.send(now());
    test.push(Kind::Held);
    assert_eq!(test.outbox.take().len(), 1);
    test.outbox.down(now());
    test.push(Kind::Held);
    assert_eq!(test.outbox.first_number(now()), 0);
    assert_eq!(test.up(), Begun { resent: 4 });
    assert_eq!(test.send(now()), [(0, 0), (0, 1), (0, 2), (0, 3), (0, 4)]);
    assert_eq!(test.counters.read().held_dropped, 0);
}

#[test]
fn the_tail_is_two_seconds_long_as_of_the_cut() {
    let test = test(1 << 20);
    test.up();
    test.push(Kind::Held);
    test.send(test.start);
    test.push(Kind::Held);
    test.send(test.start + Duration::from_secs(2));
    test.outbox.down(test.start + Duration::from_millis(2500));
    assert_eq!(test.outbox.first_number(test.start + Duration::from_secs(6)), 1);
    assert_eq!(test.outbox.up(test.start + Duration::from_secs(6)), Begun { resent: 1 });
}

#[test]
fn after_a_long_outage_the_tail_is_not_sent_and_that_is_no_loss() {
    let test = test(1 << 20);
    test.up();
    test.push(Kind::Held);
    test.send(test.start);
    test.outbox.down(test.start);
    let later = test.start + Duration::from_secs(60);
    assert_eq!(test.outbox.first_number(later), 1);
    assert_eq!(test.outbox.up(later), Begun { resent: 0 });
    assert_eq!(test.counters.read().held_dropped, 0);
}

#[test]
fn what_was_under_way_and_grew_too_old_is_lost_and_counted() {
    let test = test(1 << 20);
    test.up();
    test.push(Kind::Held);
    test.outbox.take();
    test.outbox.down(test.start);
    assert_eq!(test.outbox.first_number(test.start + HOLD + NOTICE), 0);
    assert_eq!(test.outbox.first_number(test.start + HOLD + NOTICE + Duration::from_millis(1)), 1);
    assert_eq!(test.counters.read().held_dropped, 1);
}

#[test]
fn what_is_held_for_too_long_is_dropped_and_its_number_is_used_up() {
    let test = test(1 << 20);
    test.push(Kind::Held);
    let later = now() + HOLD + NOTICE + Duration::from_millis(10);
    test.outbox.tick(later);
    assert_eq!(test.counters.read().held_dropped, 1);
    test.push(Kind::Held);
    test.up();
    assert_eq!(test.send(now()), [(0, 1)]);
}

#[test]
fn the_oldest_are_dropped_when_too_much_is_held() {
    let test = test(1000);
    for _ in 0..30 {
        test.push_to(Topic::All, Kind::Held, 100 - frame::HEADER_LEN);
    }
    assert_eq!(test.counters.read().held_dropped, 20);
    test.up();
    let sent = test.send(now());
    assert_eq!((sent.len(), sent[0]), (10, (0, 20)));
}

#[test]
fn the_bound_is_divided_by_the_nodes_and_has_a_least() {
    let test = test(4 << 20);
    test.outbox.set_nodes(4);
    for _ in 0..100 {
        test.push_to(Topic::All, Kind::Held, 64 << 10);
    }
    assert_eq!(test.outbox.len(), 15, "of a megabyte, with headers");
    test.outbox.set_nodes(1000);
    test.push(Kind::Held);
    assert_eq!(test.outbox.len(), 4, "of 256 KiB, the new one included");
}

#[test]
fn volatile_frames_are_not_held_and_take_no_number() {
    let test = test(1 << 20);
    test.push(Kind::Volatile);
    test.push(Kind::Held);
    test.up();
    assert_eq!(test.send(now()), [(0, 0)]);
    test.push(Kind::Volatile);
    assert_eq!(test.send(now()), [(0, 1)]);
    let counts = test.counters.read();
    assert_eq!((counts.volatile_dropped, counts.held_dropped), (1, 0));
}

#[test]
fn control_frames_say_which_number_comes_next_and_take_none() {
    let test = test(1 << 20);
    test.push(Kind::Control);
    assert!((test.outbox.len() == 0), "nothing is told while there is nobody to hear it");
    test.up();
    test.push(Kind::Held);
    test.push(Kind::Control);
    test.push(Kind::Held);
    assert_eq!(test.send(now()), [(0, 0), (0, 1), (0, 1)]);
    test.outbox.down(now());
    assert_eq!(test.up(), Begun { resent: 2 }, "and are not sent again");
}

#[test]
fn too_much_while_the_broker_is_there_is_dropped_and_its_numbers_are_used_up() {
    let test = test(1 << 20);
    test.up();
    for _ in 0..UP_FRAMES + 5 {
        test.push(Kind::Held);
    }
    assert_eq!(test.counters.read().queue_dropped, 5);
    test.send(now());
    test.push(Kind::Held);
    assert_eq!(test.send(now()), [(0, UP_FRAMES as u64 + 5)]);
}

#[test]
fn a_batch_is_bounded_in_frames_and_bytes() {
    let test = test(1 << 20);
    test.up();
    for _ in 0..BATCH + 1 {
        test.push(Kind::Held);
    }
    assert_eq!(test.outbox.take().len(), BATCH);
    test.outbox.confirmed(now());
    assert_eq!(test.outbox.take().len(), 1);
    test.outbox.confirmed(now());
    for _ in 0..3 {
        test.push_to(Topic::All, Kind::Held, 2 << 20);
    }
    assert_eq!(test.outbox.take().len(), 1, "one that is larger goes by itself");
}

#[test]
fn numbers_of_frames_that_nobody_would_receive_are_used_up() {
    let test = test(1 << 20);
    test.outbox.skip();
    assert_eq!(test.outbox.first_number(now()), 1);
}

#[tokio::test]
async fn room_is_waited_for() {
    let test = test(1 << 20);
    test.up();
    test.outbox.has_room().await;
    for _ in 0..UP_FRAMES {
        test.push(Kind::Held);
    }
    let wait = test.outbox.has_room();
    tokio::pin!(wait);
    tokio::select! {
        biased;
        () = &mut wait => panic!("there is no room"),
        () = std::future::ready(()) => {}
    }
    test.send(now());
    wait.await;
    test.outbox.close();
    test.push(Kind::Held);
    assert!((test.outbox.len() == 0));
    test.outbox.has_room().await;
}
