//! Topics of rooms at real brokers, which subscribe and deliver in ways of their own.

use crate::broker::Broker;
use crate::support::{Node, TOPICS, eventually, rooms};

async fn three<B: Broker>(broker: &B) -> [Node; 3] {
    Node::all(["a", "b", "c"].map(|name| broker.options(name).room_topics(TOPICS))).await
}

pub(crate) async fn events_for_rooms_go_to_the_nodes_that_have_them<B: Broker>() {
    let broker = B::start().await;
    let [a, b, c] = three(&broker).await;
    let names: [String; 12] = rooms();
    let before = c.cluster.status().counts.received;
    for room in &names {
        // Confirmed, so nothing that is sent after it is missed.
        b.join(room).await;
        a.send_room(room);
    }
    for number in 0..500 {
        match number % 5 {
            0 => a.send(),
            _ => a.send_room(&names[number % names.len()]),
        };
    }
    assert_eq!(b.has_all_of(&a).await, 0);
    let last = a.send();
    c.has(&a, last).await;
    assert_eq!(c.journal.numbers(a.sender).len(), 101);
    let received = c.cluster.status().counts.received - before;
    assert!(received < 200, "{received} frames, of 513 that were sent");
}

pub(crate) async fn a_node_that_was_cut_off_has_its_rooms_again<B: Broker>() {
    let mut broker = B::alone().await;
    let options = |name| broker.options(name).room_topics(TOPICS).hold(B::HOLD, 1 << 20);
    let [a, b, _c] = Node::all(["a", "b", "c"].map(options)).await;
    let [den, loft] = rooms();
    b.join(&den).await;
    a.send_room(&den);
    b.has_all_of(&a).await;
    broker.kill();
    for node in [&a, &b] {
        eventually("that it is gone", || !node.cluster.is_up()).await;
    }
    // Nobody waits for a broker that is not there.
    b.join(&loft).await;
    let held = [a.send_room(&den), a.send_room(&loft), a.send()];
    broker.run().await;
    for number in held {
        b.has(&a, number).await;
    }
    for room in [&den, &loft] {
        a.send_room(room);
    }
    assert_eq!(b.has_all_of(&a).await, 0);
}
