//! Questions to the sockets of other nodes.

use std::future::poll_fn;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use bytes::Bytes;
use sio_cluster::protocol::broadcast::Target;
use sio_cluster::{Address, Faults, MemoryBroker, NodeId, Outcome, Packet, PublishError, RemoteAsk};
use sio_core::id::Sid;
use tokio::time::{Instant, sleep, timeout};

use crate::support::{Node, eventually};
use crate::{options, three};

const LIMIT: Duration = Duration::from_secs(5);

fn sid(number: u64) -> Sid {
    let mut bytes = [0; 15];
    bytes[..8].copy_from_slice(&number.to_le_bytes());
    Sid::from_random(bytes)
}

fn packet() -> Packet {
    Packet::new(Bytes::from_static(b"\x81\x0842[\"hi\"]"))
}

fn everybody() -> Address<'static> {
    Address { path: "/", target: Target::everybody() }
}

fn answer(text: &str) -> Outcome {
    Outcome::Answer { json: format!("[\"{text}\"]"), attachments: vec![Bytes::from_static(b"\x01")] }
}

impl Node {
    fn has_sockets(&self, sockets: impl IntoIterator<Item = u64>) {
        *self.journal.sockets.lock().expect("no test panics with it") =
            sockets.into_iter().map(sid).collect();
    }

    fn ask(&self) -> RemoteAsk {
        self.cluster.ask(&everybody(), &packet(), LIMIT).expect("it is small")
    }

    /// Waits for this many questions.
    async fn is_asked(&self, count: usize) {
        self.journal.until("the question", |entries| entries.askers.len() == count).await;
    }

    /// All sockets answer the last question.
    fn answers(&self, text: &str) {
        let asker = self.journal.read().askers.last().expect("a question").0.clone();
        let sockets = self.journal.sockets.lock().expect("no test panics with it").clone();
        sockets.into_iter().for_each(|sid| asker.answer(sid, answer(text)));
    }

    /// The same, unless no question has come: those that are asked at once are lost at once.
    fn answers_if_asked(&self, text: &str) {
        if !self.journal.read().askers.is_empty() {
            self.answers(text);
        }
    }

    fn is_idle(&self) -> bool {
        let cluster = &self.cluster;
        cluster.open_asks() + cluster.open_replies() + cluster.open_requests() == 0
    }
}

async fn next(ask: &mut RemoteAsk) -> Option<(Sid, Outcome)> {
    poll_fn(|context| ask.poll_next(context)).await
}

/// All who appear until the limit, sorted, and the nodes that are missing.
async fn collect(mut ask: RemoteAsk) -> (Vec<(Sid, Outcome)>, Vec<NodeId>) {
    let mut ends = Vec::new();
    let all = async {
        while let Some(end) = next(&mut ask).await {
            ends.push(end);
        }
    };
    if timeout(LIMIT, all).await.is_err() {
        ask.expire();
        while let Some(end) = next(&mut ask).await {
            ends.push(end);
        }
    }
    assert!(ask.is_over());
    ends.sort_by(|(one, _), (other, _)| one.cmp(other));
    (ends, ask.missing())
}

#[tokio::test(start_paused = true)]
async fn sockets_of_all_nodes_answer_and_each_appears_once() {
    let broker = MemoryBroker::with_faults(Faults {
        seed: 3,
        repeat: 0.5,
        delay: Duration::from_millis(30),
        ..Faults::default()
    });
    let [a, b, c] = three(&broker).await;
    b.has_sockets([1, 2]);
    c.has_sockets([3]);
    let mut ask = a.ask();
    b.is_asked(1).await;
    c.is_asked(1).await;
    assert_eq!(b.journal.read().askers[0].1.run, packet().run, "as it was sent");
    b.answers("b");
    let (first, outcome) = next(&mut ask).await.expect("an answer");
    assert_eq!((first, outcome), (sid(1), answer("b")));
    c.answers("c");
    let (rest, missing) = collect(ask).await;
    assert_eq!(rest, [(sid(2), answer("b")), (sid(3), answer("c"))]);
    assert_eq!(missing, []);
    eventually("nothing is kept", || a.is_idle() && b.is_idle() && c.is_idle()).await;
    assert_eq!(b.journal.read().released.load(Relaxed), 1);
}

#[tokio::test(start_paused = true)]
async fn a_question_to_one_socket_goes_to_its_owner_alone() {
    let broker = MemoryBroker::new();
    let [a, b, c] = three(&broker).await;
    let sid: Sid = b.cluster.owner().make([7; 9]);
    *b.journal.sockets.lock().unwrap() = vec![sid.clone()];
    let to = Address { path: "/", target: Target::room(sid.as_str()) };
    let ask = a.cluster.ask(&to, &packet(), LIMIT).unwrap();
    b.is_asked(1).await;
    b.answers("mine");
    assert_eq!(collect(ask).await, (vec![(sid.clone(), answer("mine"))], vec![]));
    assert!(c.journal.read().askers.is_empty());
}

#[tokio::test(start_paused = true)]
async fn who_does_not_answer_in_time_is_told_apart_from_a_node_that_says_nothing() {
    let broker = MemoryBroker::new();
    let [a, b, c] = three(&broker).await;
    b.has_sockets([1]);
    broker.stall("c", true);
    let start = Instant::now();
    let ask = a.ask();
    b.is_asked(1).await;
    let (ends, missing) = collect(ask).await;
    assert_eq!((ends, missing), (vec![(sid(1), Outcome::Timeout)], vec![c.cluster.me()]));
    assert_eq!(start.elapsed().as_secs(), 5);
    eventually("the cancel", || b.is_idle()).await;
    b.answers("too late");
    sleep(Duration::from_secs(1)).await;
    assert!(a.is_idle());
}

#[tokio::test(start_paused = true)]
async fn sockets_of_a_node_that_dies_are_disconnected_and_its_questions_forgotten() {
    let broker = MemoryBroker::new();
    let [a, b, c] = three(&broker).await;
    b.has_sockets([1, 2]);
    let ask = a.ask();
    // Of its own, to one that lives on.
    c.is_asked(1).await;
    c.has_sockets([3]);
    let of_b = b.ask();
    b.is_asked(1).await;
    c.is_asked(2).await;
    b.journal.read().askers[0].0.answer(sid(1), answer("alive"));
    sleep(Duration::from_millis(10)).await;
    broker.part(&["b"], &["a", "c"]);
    assert_eq!(c.cluster.open_replies(), 1);
    let start = Instant::now();
    let (mut ask, mut ends) = (ask, Vec::new());
    while let Some(end) = timeout(LIMIT * 4, next(&mut ask)).await.expect("an end") {
        ends.push(end);
    }
    assert!(start.elapsed() < Duration::from_secs(14), "{:?}", start.elapsed());
    ends.sort_by(|(one, _), (other, _)| one.cmp(other));
    assert_eq!(ends, [(sid(1), answer("alive")), (sid(2), Outcome::Disconnected)]);
    assert_eq!(ask.missing(), []);
    drop((ask, of_b));
    eventually("nothing is kept", || a.is_idle() && c.is_idle()).await;
}

#[tokio::test(start_paused = true)]
async fn without_a_broker_all_are_missing_at_once_and_nothing_is_sent() {
    let broker = MemoryBroker::new();
    let [a, b, c] = three(&broker).await;
    broker.stop();
    eventually("the cut", || !a.cluster.is_up()).await;
    let start = Instant::now();
    let (ends, mut missing) = collect(a.ask()).await;
    missing.sort_unstable();
    let mut others = [b.cluster.me(), c.cluster.me()];
    others.sort_unstable();
    assert_eq!((ends, missing), (vec![], others.to_vec()));
    assert_eq!(start.elapsed(), Duration::ZERO);
    assert_eq!(a.cluster.status().waiting, 0);
}

#[tokio::test(start_paused = true)]
async fn a_short_cut_of_the_broker_costs_no_answers() {
    let broker = MemoryBroker::new();
    let [a, b] = Node::all(["a", "b"].map(|name| options(&broker, name))).await;
    b.has_sockets([1]);
    let ask = a.ask();
    b.is_asked(1).await;
    broker.stop();
    eventually("the cut", || !b.cluster.is_up()).await;
    b.answers("held");
    broker.start();
    assert_eq!(collect(ask).await, (vec![(sid(1), answer("held"))], vec![]));
}

#[tokio::test(start_paused = true)]
async fn a_question_that_nobody_cancels_is_forgotten_a_second_after_its_limit() {
    let broker = MemoryBroker::new();
    let [a, b] = Node::all(["a", "b"].map(|name| options(&broker, name))).await;
    b.has_sockets([1]);
    let ask = a.ask();
    b.is_asked(1).await;
    broker.set_faults(Faults { drop: 1.0, ..Faults::default() });
    drop(ask);
    sleep(Duration::from_millis(5500)).await;
    assert_eq!(b.cluster.open_replies(), 1);
    sleep(Duration::from_secs(2)).await;
    assert!(b.is_idle());
    assert_eq!(b.journal.read().released.load(Relaxed), 1);
}

#[tokio::test(start_paused = true)]
async fn answers_that_come_while_others_are_asked_follow_the_list() {
    let broker = MemoryBroker::new();
    let [a, b] = Node::all(["a", "b"].map(|name| options(&broker, name))).await;
    // More than a page of ids.
    b.has_sockets(0..25_000);
    let ask = a.ask();
    b.is_asked(1).await;
    b.answers("x");
    let (ends, missing) = collect(ask).await;
    assert_eq!((ends.len(), missing), (25_000, vec![]));
    assert!(ends.iter().all(|(_, outcome)| *outcome == answer("x")));
    let frames = b.cluster.status().counts.sent;
    assert!(frames < 100, "answers go in batches: {frames} frames");
    assert!(b.is_idle());
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_no_frame_holds_is_none() {
    let broker = MemoryBroker::new();
    let [a, b] = Node::all(["a", "b"].map(|name| options(&broker, name))).await;
    b.has_sockets([1]);
    let ask = a.ask();
    b.is_asked(1).await;
    let huge = Outcome::Answer { json: "x".repeat(9 << 20), attachments: vec![] };
    b.journal.read().askers[0].0.answer(sid(1), huge);
    assert_eq!(collect(ask).await.0, [(sid(1), Outcome::Refused)]);
    let large = Packet::new(Bytes::from(vec![0; 9 << 20]));
    assert!(matches!(a.cluster.ask(&everybody(), &large, LIMIT), Err(PublishError::TooLarge { .. })));
}

/// Asks many times while nodes come and go, and keeps nothing.
#[tokio::test(start_paused = true)]
async fn after_many_questions_and_deaths_nothing_is_kept() {
    let broker =
        MemoryBroker::with_faults(Faults { seed: 11, drop: 0.02, repeat: 0.02, ..Faults::default() });
    let [a, b, _c] = three(&broker).await;
    a.has_sockets([1, 2]);
    b.has_sockets([3]);
    for round in 0..100_u64 {
        let guest = Node::start(options(&broker, &format!("guest {round}"))).await;
        guest.has_sockets([100 + round]);
        let mut asks = Vec::new();
        for _ in 0..34 {
            asks.extend([&a, &b, &guest].map(Node::ask));
        }
        sleep(Duration::from_millis(20)).await;
        guest.answers_if_asked("guest");
        if round % 2 == 0 {
            b.answers_if_asked("b");
        }
        // Some leave, others are just not heard any more.
        if round % 3 == 0 {
            guest.cluster.close(None).await;
        }
        drop(guest);
        if round % 5 == 0 {
            asks.into_iter().for_each(|mut ask| ask.expire());
        }
    }
    broker.set_faults(Faults::default());
    eventually("nothing is kept", || a.is_idle() && b.is_idle()).await;
    eventually("the guests are gone", || a.cluster.nodes().len() == 2).await;
}
