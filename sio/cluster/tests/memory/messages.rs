//! Messages between nodes.

use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use bytes::Bytes;
use sio_cluster::protocol::broadcast::Target;
use sio_cluster::protocol::message::{Change, Deed, Query, Selection};
use sio_cluster::{Address, Faults, MemoryBroker, Packet, PublishError};
use tokio::time::{Instant, sleep};

use crate::support::{Node, eventually, raw};
use crate::{options, three};

#[tokio::test(start_paused = true)]
async fn an_event_for_one_socket_goes_only_to_its_owner() {
    let broker = MemoryBroker::new();
    let [a, b, c] = three(&broker).await;
    let sid: sio_core::id::Sid = b.cluster.owner().make([7; 9]);
    assert_eq!(a.cluster.owner_of(&sid), Some(b.cluster.me()));
    assert_eq!(b.cluster.owner_of(&sid), None, "of the node itself");
    let room = sid.as_str().to_owned();
    a.send_to(Target::room(room.as_str()), false, 0);
    b.journal.until("the event", |entries| entries.news.len() == 1).await;
    // A room whose name only looks like an id goes to everybody.
    let last = a.send_to(Target::room("0a1b2c3d4e5f6g7h8i9j"), false, 0);
    for node in [&b, &c] {
        node.journal
            .until("the last", |entries| entries.news.iter().any(|(_, number, _)| *number == last))
            .await;
    }
    assert_eq!((b.journal.numbers(a.sender).len(), c.journal.numbers(a.sender).len()), (2, 1));
    // The loss of an only frame is told by the next heartbeat.
    broker.set_faults(Faults { drop: 1.0, ..Faults::default() });
    a.send_to(Target::room(room.as_str()), false, 0);
    sleep(Duration::from_millis(10)).await;
    broker.set_faults(Faults::default());
    b.journal.until("the loss", |entries| entries.lost() == 1).await;
    assert_eq!(c.journal.lost(), 0);
}

#[tokio::test(start_paused = true)]
async fn changes_and_events_arrive_in_the_order_in_which_they_were_made() {
    let broker = MemoryBroker::new();
    let [a, b] = Node::all(["a", "b"].map(|name| options(&broker, name))).await;
    let to = || Address { path: "/chat", target: Target::room("x") };
    a.cluster.change(&to(), Deed::Join(vec!["y".into()])).expect("small");
    a.send();
    a.cluster.change(&to(), Deed::Disconnect(true)).expect("small");
    b.journal.until("both", |entries| entries.deeds.len() == 2).await;
    let entries = b.journal.read();
    let paths: Vec<_> = entries.addresses.iter().map(|(path, _)| path.as_str()).collect();
    assert_eq!(paths, ["/chat", "/", "/chat"]);
    assert_eq!(entries.deeds, [Deed::Join(vec!["y".into()]), Deed::Disconnect(true)]);
    assert_eq!(entries.addresses[0].1, ["x"]);
}

#[tokio::test(start_paused = true)]
async fn flags_and_offset_travel_with_an_event() {
    let broker = MemoryBroker::new();
    let [a, b] = Node::all(["a", "b"].map(|name| options(&broker, name))).await;
    let packet =
        Packet { run: Bytes::from_static(b"\x81\x00"), is_volatile: true, compress: false, offset: Some(77) };
    a.cluster.publish(&Address { path: "/", target: Target::everybody() }, &packet).expect("small");
    b.journal.until("the event", |entries| !entries.packets.is_empty()).await;
    let packet = b.journal.read().packets[0].clone();
    assert_eq!((packet.is_volatile, packet.compress, packet.offset), (true, false, Some(77)));
}

#[tokio::test(start_paused = true)]
async fn what_is_too_large_is_refused_before_anybody_gets_it() {
    let broker = MemoryBroker::new();
    let a = Node::start(options(&broker, "a")).await;
    let packet = Packet::new(Bytes::from(vec![0; 9 << 20]));
    let to = Address { path: "/", target: Target::everybody() };
    assert!(matches!(a.cluster.publish(&to, &packet), Err(PublishError::TooLarge { limit: 8_388_608, .. })));
    let mut target = Target::room("x");
    target.rooms.resize(65_537, "".into());
    let small = Packet::new(Bytes::new());
    assert_eq!(a.cluster.check("/", &target, small.run.len()), Err(PublishError::TooManyRooms));
}

#[tokio::test(start_paused = true)]
async fn all_nodes_answer_a_request_and_long_answers_come_in_pages() {
    let broker = MemoryBroker::new();
    let [a, b, c] = three(&broker).await;
    let gathered = a.cluster.request(Query::Rooms("/".into())).await.expect("small");
    assert!(gathered.missing.is_empty() && !gathered.is_truncated);
    for node in [&b, &c] {
        let items: Vec<_> = gathered.items.iter().filter(|(from, _)| *from == node.cluster.me()).collect();
        assert_eq!(items.len(), 3);
        assert!(items[2].1.get().starts_with("\"2"), "in order");
    }
    let change =
        Change { to: Selection { nsp: "/".into(), ..Selection::default() }, deed: Deed::Disconnect(false) };
    let gathered = a.cluster.request_of(b.cluster.me(), Query::Change(change)).await.expect("small");
    assert_eq!(gathered.items[0].1.get(), "3");
    assert_eq!((b.journal.read().deeds.len(), c.journal.read().deeds.len()), (1, 0));
}

#[tokio::test(start_paused = true)]
async fn server_events_reach_the_other_nodes_and_their_answers_come_back() {
    let broker = MemoryBroker::new();
    let [a, b, c] = three(&broker).await;
    let gathered = a.cluster.server_ask("/", "cache", raw(&(1, "x")), None).await.expect("small");
    let mut answers: Vec<_> = gathered.items.iter().map(|(node, answer)| (*node, answer.get())).collect();
    answers.sort_unstable();
    let mut expected = [(b.cluster.me(), "[1,\"x\"]"), (c.cluster.me(), "[1,\"x\"]")];
    expected.sort_unstable();
    assert_eq!(answers, expected);
    a.cluster.server_emit("/", "note", raw(&())).expect("small");
    b.journal.until("the note", |entries| entries.server_events.len() == 2).await;
    assert!(a.journal.read().server_events.is_empty(), "not to itself");
}

#[tokio::test(start_paused = true)]
async fn requests_end_at_once_without_a_broker_and_at_their_limit_without_an_answer() {
    let broker = MemoryBroker::new();
    let [a, b, c] = three(&broker).await;
    c.journal.answers_after.store(10_000, Relaxed);
    let began = Instant::now();
    let gathered = a.cluster.request(Query::Count(Selection::default())).await.expect("small");
    assert_eq!((gathered.missing, began.elapsed()), (vec![c.cluster.me()], Duration::from_secs(2)));
    let asking = a.cluster.request(Query::Count(Selection::default()));
    let cut = async {
        sleep(Duration::from_millis(500)).await;
        broker.stop();
    };
    let began = Instant::now();
    let (gathered, ()) = tokio::join!(asking, cut);
    assert_eq!(gathered.expect("small").missing, [c.cluster.me()]);
    assert_eq!(began.elapsed(), Duration::from_millis(500));
    eventually("the cut", || !a.cluster.is_up()).await;
    let gathered = a.cluster.request(Query::Count(Selection::default())).await.expect("small");
    let mut all = vec![b.cluster.me(), c.cluster.me()];
    all.sort_unstable();
    assert_eq!((gathered.missing, began.elapsed()), (all, Duration::from_millis(500)));
    assert!(!a.cluster.is_whole());
}

#[tokio::test(start_paused = true)]
async fn a_request_to_a_node_that_nobody_receives_for_is_missing_at_once() {
    let broker = MemoryBroker::new();
    let [a, b] = Node::all(["a", "b"].map(|name| options(&broker, name))).await;
    broker.part(&["a"], &["b"]);
    broker.cut("b");
    let b_is = b.cluster.me();
    drop(b);
    sleep(Duration::from_secs(1)).await;
    let began = Instant::now();
    let gathered = a.cluster.request_of(b_is, Query::Rooms("/".into())).await.expect("small");
    assert_eq!(gathered.missing, [b_is]);
    assert!(began.elapsed() < Duration::from_millis(100));
}

/// It comes after the node has looked for it and before it asks others, of which one answers nothing.
#[tokio::test(start_paused = true)]
async fn a_client_whose_state_has_just_come_does_not_wait_for_other_nodes() {
    let broker = MemoryBroker::new();
    let [a, b] = Node::all(["a", "b"].map(|name| options(&broker, name).recovery(true))).await;
    broker.part(&["a"], &["b"]);
    for (is_here, seconds) in [(true, 0), (false, 1)] {
        let (pid, began) = (b.cluster.owner().make([7; 9]), Instant::now());
        a.cluster.claim("/", pid, None, || is_here).await;
        assert_eq!(began.elapsed().as_secs(), seconds);
    }
}

/// The note of a change is made only where it is kept.
#[tokio::test(start_paused = true)]
async fn changes_are_copied_only_where_clients_can_come_back() {
    let broker = MemoryBroker::new();
    for recovery in [true, false] {
        let a = Node::start(options(&broker, "a").recovery(recovery)).await;
        let mut is_made = false;
        let to = Address { path: "/", target: Target::everybody() };
        let noted = a.cluster.note_change(&to, || {
            is_made = true;
            Deed::Join(vec!["room".into()])
        });
        assert_eq!((noted.is_some(), is_made), (recovery, recovery));
        assert!(a.cluster.note_change(&to, || Deed::Disconnect(true)).is_none(), "nobody comes back from it");
        a.cluster.close(None).await;
    }
}
