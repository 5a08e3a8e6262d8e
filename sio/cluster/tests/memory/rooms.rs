//! Topics of rooms: who gets what, in which order, and what is missed.

use std::time::Duration;

use sio_cluster::protocol::broadcast::Target;
use sio_cluster::protocol::message::Deed;
use sio_cluster::{Address, Faults, MemoryBroker, Options, OptionsError};
use tokio::time::{Instant, sleep, timeout};

use crate::EVERY;
use crate::options;
use crate::support::{Node, TOPICS, eventually, rooms};

/// Longer than a heartbeat takes at most.
const HEARTBEAT: Duration = Duration::from_secs(5);

/// Longer than a topic of no room stays subscribed, and longer than rooms of others go to all.
const LONG: Duration = Duration::from_secs(40);

fn with_rooms(broker: &MemoryBroker, name: &str) -> Options {
    options(broker, name).room_topics(TOPICS)
}

async fn three(broker: &MemoryBroker) -> [Node; 3] {
    Node::all(["a", "b", "c"].map(|name| with_rooms(broker, name))).await
}

impl Node {
    fn received(&self) -> u64 {
        self.cluster.status().counts.received
    }

    fn topics(&self) -> usize {
        self.cluster.status().room_topics
    }
}

#[tokio::test(start_paused = true)]
async fn an_event_for_a_room_goes_to_the_nodes_that_have_it() {
    let broker = MemoryBroker::new();
    let [a, b, c] = three(&broker).await;
    let [den, loft] = rooms();
    b.join(&den).await;
    c.join(&loft).await;
    let before = c.received();
    let sent: Vec<_> = (0..100).map(|_| a.send_room(&den)).collect();
    let last = a.send();
    b.has(&a, last).await;
    c.has(&a, last).await;
    assert_eq!(b.journal.numbers(a.sender), [sent, vec![last]].concat());
    assert_eq!(c.journal.numbers(a.sender), [last]);
    // The last one, and heartbeats of two nodes.
    assert!(c.received() - before < 10, "{}", c.received() - before);
    assert_eq!((a.topics(), b.topics(), c.topics()), (0, 1, 1));
    // To nobody: not even to all.
    let nobody = a.send_room("nowhere");
    let last = a.send();
    b.has(&a, last).await;
    assert!(!b.journal.numbers(a.sender).contains(&nobody));
    sleep(HEARTBEAT).await;
    assert_eq!((b.journal.lost(), c.journal.lost()), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn several_rooms_hidden_ones_and_sockets_go_to_all() {
    let broker = MemoryBroker::new();
    let [a, b, c] = three(&broker).await;
    let [den, loft] = rooms();
    b.join(&den).await;
    let both = Target { rooms: [den.into(), loft.into()].into_iter().collect(), ..Target::room("") };
    let own = a.cluster.owner().make::<sio_core::id::Sid>([7; 9]).as_str().to_owned();
    let targets = [both, Target::room("\0u42"), Target::room(own), Target::everybody()];
    let sent = targets.map(|target| a.send_to(target, false, 0));
    for node in [&b, &c] {
        node.has(&a, sent[3]).await;
        assert_eq!(node.journal.numbers(a.sender), sent);
    }
}

#[tokio::test(start_paused = true)]
async fn order_holds_between_rooms_and_everything_else() {
    for seed in 0..20 {
        let faults = Faults { delay: Duration::from_millis(20), repeat: 0.3, seed, ..Faults::default() };
        let broker = MemoryBroker::with_faults(faults);
        let [a, b, _c] = three(&broker).await;
        let names: [String; 4] = rooms();
        for room in &names {
            b.join(room).await;
        }
        for number in 0..200 {
            match names.get(number * 7 % 5) {
                Some(room) => a.send_room(room),
                None => a.send(),
            };
            if number % 10 == 0 {
                sleep(EVERY).await;
            }
        }
        assert_eq!(b.has_all_of(&a).await, 0, "seed {seed}");
    }
}

#[tokio::test(start_paused = true)]
async fn who_has_joined_misses_nothing_that_is_sent_after() {
    let broker = MemoryBroker::with_faults(Faults { delay: Duration::from_millis(5), ..Faults::default() });
    let [a, b, _c] = three(&broker).await;
    let names: [String; 40] = rooms();
    for room in &names {
        b.join(room).await;
        a.send_room(room);
    }
    assert_eq!(b.has_all_of(&a).await, 0);
    assert_eq!(b.topics(), names.len());
}

#[tokio::test(start_paused = true)]
async fn joining_waits_for_the_broker_and_not_longer_than_it_is_there() {
    let broker = MemoryBroker::new();
    let [a, b, _c] = three(&broker).await;
    let [den, loft, attic] = rooms();
    broker.pause(true);
    assert!(timeout(Duration::from_secs(1), b.join(&den)).await.is_err(), "it is not confirmed");
    broker.pause(false);
    b.join(&den).await;
    // One that says nothing is given up.
    broker.pause(true);
    let began = Instant::now();
    b.join(&loft).await;
    assert!((2..8).contains(&began.elapsed().as_secs()), "{:?}", began.elapsed());
    let began = Instant::now();
    b.join(&attic).await;
    assert_eq!(began.elapsed(), Duration::ZERO, "there is no broker");
    broker.pause(false);
    for node in [&a, &b] {
        eventually("the broker", || node.cluster.is_up()).await;
    }
    for room in [&den, &loft, &attic] {
        let number = a.send_room(room);
        b.has(&a, number).await;
    }
}

#[tokio::test(start_paused = true)]
async fn while_a_node_knows_no_topics_everything_goes_to_all() {
    let broker = MemoryBroker::new();
    let [a, b] = Node::all(["a", "b"].map(|name| with_rooms(&broker, name))).await;
    let [den] = rooms();
    b.join(&den).await;
    for (name, topics) in [("old", 0), ("other", TOPICS * 2)] {
        let c = Node::start(options(&broker, name).room_topics(topics)).await;
        a.knows(2).await;
        let number = a.send_room(&den);
        for node in [&b, &c] {
            node.has(&a, number).await;
        }
        // Its own go to all as well.
        let number = c.send_room("nowhere");
        for node in [&a, &b] {
            node.has(&c, number).await;
        }
        c.cluster.close(None).await;
        a.knows(1).await;
        sleep(HEARTBEAT).await;
        let nobody = a.send_room("nowhere");
        let last = a.send();
        b.has(&a, last).await;
        assert!(!b.journal.numbers(a.sender).contains(&nobody), "there are topics again");
    }
    assert_eq!(b.has_all_of_but(&a, 2).await, 0);
}

impl Node {
    /// As [`Node::has_all_of`], where so many events were for rooms that this node does not have.
    async fn has_all_of_but(&self, other: &Self, others: usize) -> u64 {
        sleep(HEARTBEAT).await;
        let numbers = self.journal.numbers(other.sender);
        assert!(numbers.is_sorted_by(|one, next| one < next), "once and in order: {numbers:?}");
        assert_eq!(numbers.len() + others, other.sent() as usize);
        self.journal.lost()
    }
}

#[tokio::test(start_paused = true)]
async fn what_others_are_made_to_join_goes_to_all_for_a_while() {
    let broker = MemoryBroker::new();
    let [a, b, c] = three(&broker).await;
    let [den, loft] = rooms();
    let everybody = Address { path: "/", target: Target::everybody() };
    a.cluster.change(&everybody, Deed::Join(vec![den.clone()])).expect("small");
    let number = a.send_room(&den);
    for node in [&b, &c] {
        // The change comes first: sockets that have joined by it get the event.
        node.has(&a, number).await;
    }
    let other = a.send_room(&loft);
    sleep(LONG).await;
    let late = a.send_room(&den);
    let last = a.send();
    b.has(&a, last).await;
    assert!([other, late].iter().all(|number| !b.journal.numbers(a.sender).contains(number)));
}

#[tokio::test(start_paused = true)]
async fn what_is_lost_of_a_room_is_counted_where_it_is_missed() {
    let broker = MemoryBroker::new();
    let [a, b, c] = three(&broker).await;
    let [den] = rooms();
    b.join(&den).await;
    b.has(&a, a.send_room(&den)).await;
    for last in [false, true] {
        let before = b.journal.lost();
        broker.set_faults(Faults { drop: 1.0, ..Faults::default() });
        a.send_room(&den);
        sleep(EVERY).await;
        broker.set_faults(Faults::default());
        if !last {
            a.send_room(&den);
        }
        // By the next event, or by the mark that follows.
        b.journal.until("the loss", |entries| entries.lost() == before + 1).await;
    }
    assert_eq!(b.has_all_of(&a).await, 2);
    assert_eq!(c.journal.lost(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_node_whose_connection_is_cut_has_its_rooms_again_and_knows_what_it_missed() {
    let broker = MemoryBroker::new();
    let [a, b, c] = three(&broker).await;
    let [den] = rooms();
    b.join(&den).await;
    for round in 0..30 {
        let is_away = round % 10 == 5;
        if is_away {
            broker.cut("b");
            broker.set_faults(Faults { drop: 1.0, ..Faults::default() });
        }
        a.send_room(&den);
        sleep(EVERY * 5).await;
        if is_away {
            broker.set_faults(Faults::default());
        }
    }
    let lost = b.has_all_of(&a).await;
    // One each time, and more if the connection was not back at once.
    assert!((3..12).contains(&lost), "{lost}");
    assert_eq!(c.journal.numbers(a.sender), [0; 0]);
}

#[tokio::test(start_paused = true)]
async fn a_broker_that_ends_and_comes_back_loses_nothing_and_doubles_nothing() {
    let broker = MemoryBroker::new();
    let [a, b, _c] = three(&broker).await;
    let [den, loft] = rooms();
    b.join(&den).await;
    for round in 0..300 {
        match round {
            100 => broker.stop(),
            200 => broker.start(),
            _ => {}
        }
        match round % 3 {
            0 => a.send(),
            _ => a.send_room(&den),
        };
        if round == 150 {
            // Nobody waits for a broker that is not there.
            b.join(&loft).await;
        }
        sleep(EVERY).await;
    }
    assert_eq!(b.has_all_of(&a).await, 0);
    b.has(&a, a.send_room(&loft)).await;
}

#[tokio::test(start_paused = true)]
async fn what_is_sent_again_does_not_come_to_those_who_have_joined_meanwhile_behind_what_followed() {
    let broker = MemoryBroker::new();
    let [a, b, _c] = three(&broker).await;
    let [den] = rooms();
    let early = a.send_room(&den);
    let next = a.send();
    b.has(&a, next).await;
    b.join(&den).await;
    // It sends its last two seconds again.
    broker.cut("a");
    let last = a.send_room(&den);
    b.has(&a, last).await;
    assert_eq!(b.journal.numbers(a.sender), [next, last], "and not {early}");
    assert_eq!(b.journal.lost(), 0);
}

#[tokio::test(start_paused = true)]
async fn topics_of_rooms_that_have_ended_are_left_after_a_while() {
    let broker = MemoryBroker::new();
    let [a, b, _c] = three(&broker).await;
    let names: [String; 10] = rooms();
    for room in &names {
        b.join(room).await;
        a.send_room(room);
    }
    names[1..].iter().for_each(|room| b.leave(room));
    // A room that begins again meanwhile keeps its topic.
    b.join(&names[1]).await;
    eventually("nine to be left", || b.topics() == 2).await;
    assert_eq!(b.has_all_of(&a).await, 0);
    for room in &names[2..] {
        for _ in 0..5 {
            a.send_room(room);
        }
    }
    let last = a.send();
    b.has(&a, last).await;
    assert_eq!(b.journal.numbers(a.sender).len(), names.len() + 1);
    // Those were never to come here.
    b.join(&names[2]).await;
    let number = a.send_room(&names[2]);
    b.has(&a, number).await;
    sleep(HEARTBEAT).await;
    assert_eq!(b.journal.lost(), 0);
}

#[tokio::test]
async fn what_cannot_be_is_an_error() {
    let broker = MemoryBroker::new();
    let check = |options: Options| options.check();
    assert_eq!(check(options(&broker, "a").room_topics(4096)), Ok(()));
    assert_eq!(check(options(&broker, "a").room_topics(4097)), Err(OptionsError::RoomTopics));
    let both = with_rooms(&broker, "a").recovery(true);
    assert_eq!(check(both), Err(OptionsError::RoomTopicsWithRecovery));
}
