//! Nodes that are dead, asleep or out of reach, and ids that nobody has made.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use sio::Sid;
use sio::cluster::Options;
use sio::engine::SessionId;
use sio_cluster::protocol::key::{Owner, ProofKey};
use sio_cluster::{BoxFuture, Cluster, ClusterEvent, Local, NodeId};
use sio_tests::app::Plain;
use sio_tests::http::Request;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::UNKNOWN;
use crate::support::{self, Trio, eventually, knows};

/// How the program behaves that listens at the address of a made-up node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Habit {
    /// It answers `ok`.
    Answers,
    /// It reads a request and goes.
    Drops,
    /// It reads a request and does nothing.
    Sleeps,
}

/// A node of the cluster that has no sessions, and an address of which all is known.
struct Fake {
    cluster: Arc<Cluster>,
    /// How many connections came, and how many requests.
    seen: Arc<[AtomicUsize; 2]>,
}

impl Fake {
    async fn start(trio: &Trio, habit: Habit) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
        let address = listener.local_addr().expect("it has an address").to_string();
        let seen: Arc<[AtomicUsize; 2]> = Arc::default();
        let counts = Arc::clone(&seen);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                counts[0].fetch_add(1, Ordering::SeqCst);
                tokio::spawn(serve(stream, habit, Arc::clone(&counts)));
            }
        });
        Self { cluster: enter(trio, Some(address)).await, seen }
    }

    /// As one whose process has died a moment ago.
    async fn dead(trio: &Trio) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
        let address = listener.local_addr().expect("it has an address").to_string();
        drop(listener);
        Self { cluster: enter(trio, Some(address)).await, seen: Arc::default() }
    }

    /// The target of polling requests of a session that only it can know.
    fn target(&self) -> String {
        target(&self.cluster.owner())
    }

    fn seen(&self) -> [usize; 2] {
        self.seen.each_ref().map(|count| count.load(Ordering::SeqCst))
    }
}

fn target(owner: &Owner) -> String {
    let id: SessionId = owner.make(random());
    format!("/socket.io/?EIO=4&transport=polling&sid={}", id.as_str())
}

fn random() -> [u8; 9] {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    let mut random = [0; 9];
    random[..8].copy_from_slice(&NEXT.fetch_add(1, Ordering::SeqCst).to_le_bytes());
    random
}

/// A node of the same cluster.
async fn enter(trio: &Trio, address: Option<String>) -> Arc<Cluster> {
    let mut options = Options::new(trio.broker.bus("fake"));
    if let Some(address) = address {
        options = options.address(address);
    }
    let cluster = Cluster::new(&options).expect("the options are valid");
    cluster.start(Arc::new(Nobody)).await.expect("the broker is there");
    for node in &trio.nodes {
        knows(node.handle(), 3).await;
    }
    cluster
}

async fn serve(mut stream: TcpStream, habit: Habit, counts: Arc<[AtomicUsize; 2]>) {
    let mut read = Vec::new();
    while stream.read_buf(&mut read).await.is_ok_and(|count| count > 0) {
        let Some(end) = read.windows(4).position(|four| four == b"\r\n\r\n") else { continue };
        let head = String::from_utf8_lossy(&read[..end]).to_lowercase();
        let length = head.split("content-length: ").nth(1).and_then(|rest| rest.lines().next());
        let length: usize = length.map_or(0, |length| length.parse().expect("a number"));
        if read.len() < end + 4 + length {
            continue;
        }
        read.drain(..end + 4 + length);
        counts[1].fetch_add(1, Ordering::SeqCst);
        match habit {
            Habit::Answers => {
                let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";
                stream.write_all(answer).await.expect("it is open");
            }
            Habit::Drops => return,
            Habit::Sleeps => std::future::pending().await,
        }
    }
}

struct Nobody;

impl Local for Nobody {
    fn broadcast(&self, _: &sio_cluster::Address<'_>, _: sio_cluster::Packet) {}

    fn change(&self, _: &sio_cluster::Address<'_>, _: &sio_cluster::protocol::message::Deed) -> usize {
        0
    }

    fn query(
        &self,
        _: sio_cluster::protocol::message::Query,
    ) -> BoxFuture<Vec<Box<serde_json::value::RawValue>>> {
        Box::pin(std::future::ready(Vec::new()))
    }

    fn server_event(
        &self,
        _: NodeId,
        _: &str,
        _: &str,
        _: Box<serde_json::value::RawValue>,
    ) -> BoxFuture<Option<Box<serde_json::value::RawValue>>> {
        Box::pin(std::future::ready(None))
    }

    fn event(&self, _: ClusterEvent) {}
}

async fn trio() -> Trio {
    Trio::start(|builder| {
        let heartbeat = Duration::from_millis(300);
        builder.consumer::<Plain>().ping_interval(heartbeat).ping_timeout(heartbeat)
    })
    .await
}

fn suspects(server: &sio::Server, node: NodeId) -> bool {
    let status = server.cluster().expect("it has an adapter").status();
    status.nodes.iter().any(|one| one.id == node && one.is_suspect)
}

#[tokio::test]
async fn fault_19_ids_that_nobody_made_cost_no_request() {
    let trio = trio().await;
    let fake = Fake::start(&trio, Habit::Answers).await;
    let owner = fake.cluster.owner();
    let forger = Owner { tag: owner.tag, key: ProofKey::from_random([9; 16]) };
    let mut http = trio.nodes[0].http().await;
    for _ in 0..10_000 {
        http.exchange(&Request::get(target(&forger))).await.expect(400, UNKNOWN);
    }
    // An id of another kind proves nothing, and neither do texts that are no ids.
    let sid: Sid = owner.make(random());
    for id in [sid.as_str(), "x", "AAAAAAAAAAAAAAAAAAAA"] {
        let target = format!("/socket.io/?EIO=4&transport=polling&sid={id}");
        http.exchange(&Request::get(target)).await.expect(400, UNKNOWN);
    }
    assert_eq!(fake.seen(), [0, 0]);
    http.exchange(&Request::get(fake.target())).await.expect(200, "ok");
    assert_eq!(fake.seen(), [1, 1]);
}

#[tokio::test]
async fn a_session_that_has_ended_is_unknown_to_its_owner() {
    let trio = trio().await;
    let mut polling = trio.nodes[0].polling().await;
    polling.join("/").await;
    polling.send("1").await;
    trio.nodes[0].journal.expect("transport close").await;
    trio.nodes[1].request(&Request::get(polling.target())).await.expect(400, UNKNOWN);
    trio.nodes[1].request(&Request::post(polling.target(), "2")).await.expect(400, UNKNOWN);
    let refused = trio.nodes[1].second_ws(&polling.open.sid).await.expect_err("there is no session");
    refused.expect(400, UNKNOWN);
}

#[tokio::test]
async fn fault_8_a_dead_owner_is_noticed_at_once() {
    let trio = trio().await;
    let fake = Fake::dead(&trio).await;
    // It says nothing more that could make it trusted again.
    trio.broker.part(&["fake"], &support::NAMES);
    let node = fake.cluster.me();
    assert!(!suspects(trio.server(0), node));
    for request in [Request::get(fake.target()), Request::post(fake.target(), "2")] {
        let began = Instant::now();
        trio.nodes[0].request(&request).await.expect(400, UNKNOWN);
        assert!(began.elapsed() < Duration::from_millis(400), "{:?}", began.elapsed());
    }
    let id: SessionId = fake.cluster.owner().make(random());
    trio.nodes[0].second_ws(id.as_str()).await.expect_err("it is dead").expect(400, UNKNOWN);
    assert!(suspects(trio.server(0), node));
}

#[tokio::test]
async fn fault_8_an_owner_that_dies_during_a_request_gets_it_once() {
    let trio = trio().await;
    let fake = Fake::start(&trio, Habit::Drops).await;
    trio.broker.part(&["fake"], &support::NAMES);
    trio.nodes[0].request(&Request::post(fake.target(), "40")).await.expect(400, UNKNOWN);
    assert_eq!(fake.seen(), [1, 1]);
    trio.nodes[1].request(&Request::get(fake.target())).await.expect(400, UNKNOWN);
    assert_eq!(fake.seen(), [2, 2]);
    assert!(suspects(trio.server(0), fake.cluster.me()) && suspects(trio.server(1), fake.cluster.me()));
}

#[tokio::test]
async fn an_owner_that_sleeps_is_waited_for_as_long_as_it_may_take() {
    let trio = trio().await;
    let fake = Fake::start(&trio, Habit::Sleeps).await;
    for (request, at_least) in [
        (Request::get(fake.target()), Duration::from_millis(600)),
        (Request::post(fake.target(), "2"), Duration::from_secs(5)),
    ] {
        let began = Instant::now();
        let answer = trio.nodes[0].request(&request).await;
        assert_eq!(answer.status, 502, "{answer:?}");
        assert!(began.elapsed() >= at_least, "{:?}", began.elapsed());
    }
    assert!(!suspects(trio.server(0), fake.cluster.me()), "it may only be slow");
}

#[tokio::test]
async fn an_owner_without_an_address_cannot_be_reached() {
    let trio = trio().await;
    let cluster = enter(&trio, None).await;
    let answer = trio.nodes[0].request(&Request::get(target(&cluster.owner()))).await;
    assert_eq!(answer.status, 502, "{answer:?}");
}

#[tokio::test]
async fn a_node_that_has_left_is_asked_no_more() {
    let trio = trio().await;
    let fake = Fake::start(&trio, Habit::Answers).await;
    fake.cluster.close(None).await;
    for node in &trio.nodes {
        knows(node.handle(), 2).await;
    }
    trio.nodes[0].request(&Request::get(fake.target())).await.expect(400, UNKNOWN);
    assert_eq!(fake.seen(), [0, 0]);
}

#[tokio::test]
async fn connections_are_kept_for_the_next_requests() {
    let trio = trio().await;
    let fake = Fake::start(&trio, Habit::Answers).await;
    let mut http = trio.nodes[0].http().await;
    for _ in 0..50 {
        http.exchange(&Request::post(fake.target(), "2")).await.expect(200, "ok");
        http.exchange(&Request::get(fake.target())).await.expect(200, "ok");
    }
    assert_eq!(fake.seen(), [1, 100]);
}

#[tokio::test]
async fn what_was_meant_for_another_node_is_not_passed_on_again() {
    let trio = trio().await;
    let fake = Fake::start(&trio, Habit::Answers).await;
    let token = fake.cluster.token().expect("it takes requests");
    let token = token.as_str();
    let request = Request::get(fake.target()).header("sio-forward", token);
    trio.nodes[0].request(&request).await.expect(400, UNKNOWN);
    assert_eq!(fake.seen(), [0, 0]);
    // A header that a client makes up is ignored.
    for made_up in ["", "x", &"A".repeat(22), &token[..21]] {
        let request = Request::get(fake.target()).header("sio-forward", made_up);
        trio.nodes[0].request(&request).await.expect(200, "ok");
    }
}

#[tokio::test]
async fn a_node_that_drains_has_its_sessions_until_they_are_closed() {
    let trio = Trio::start(|builder| builder.consumer::<slow::Slow>()).await;
    let mut polling = trio.nodes[0].polling().await.moved_to(&trio.nodes[1]).await;
    polling.join("/").await;
    polling.send(r#"421["wait"]"#).await;
    trio.nodes[0].journal.expect("waits").await;
    let server = trio.server(0).clone();
    let closing = tokio::spawn(async move { server.close().await });
    eventually("the end of its readiness", || !trio.server(0).is_ready()).await;
    // A new session opens elsewhere; this one goes on until its handler is through.
    assert_eq!(trio.nodes[0].get("EIO=4&transport=polling").await.status, 503);
    trio.nodes[0].gate.open("door");
    polling.expect(r#"431["done"]"#).await;
    polling.expect("1").await;
    closing.await.expect("it does not panic");
    knows(trio.server(1), 1).await;
    polling.expect_gone().await;
}

mod slow {
    use sio::prelude::*;
    use sio_tests::journal::{Gate, Journal};

    /// Has an event that takes as long as the test wants.
    #[derive(Default)]
    pub(super) struct Slow;

    #[consumer]
    impl Slow {
        async fn event_wait(journal: State<Journal>, gate: State<Gate>) -> &'static str {
            journal.note("waits");
            gate.pass("door").await;
            "done"
        }
    }
}
