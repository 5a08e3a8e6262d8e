//! Users on several nodes, and whether they are online.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use sio::observe::PresenceChange;
use sio::testing::MemoryBroker;
use sio_tests::{Ws, app::Plain, journal::Journal};
use tokio::time::{Instant, sleep};

use crate::support::{Trio, adapter, eventually, knows};

/// Long enough to see that nothing is told before it.
const GRACE: Duration = Duration::from_millis(300);

/// The changes that each node was told of.
type Told = Arc<Mutex<Vec<String>>>;

fn listening(builder: sio::Builder, told: &Told) -> sio::Builder {
    let told = Arc::clone(told);
    builder.consumer::<Plain>().presence(GRACE).on_presence(move |_, user, change| {
        let change = if change == PresenceChange::Online { "online" } else { "offline" };
        told.lock().expect("no test panics with it").push(format!("{user} {change}"));
    })
}

struct Users {
    trio: Trio,
    told: [Told; 3],
}

impl Users {
    async fn start() -> Self {
        let told = [Told::default(), Told::default(), Told::default()];
        let next = Mutex::new(0);
        let trio = Trio::start(|builder| {
            let mut next = next.lock().expect("no test panics with it");
            *next += 1;
            listening(builder, &told[*next - 1])
        });
        Self { trio: trio.await, told }
    }

    async fn client(&self, nth: usize, user: &str) -> Ws {
        let node = &self.trio.nodes[nth];
        let client = node.socket("/").await;
        node.socket_of("/", &client.sid).identify(user).expect("it is nobody's");
        client
    }

    /// Waits until these nodes were told exactly this.
    async fn are_told(&self, nodes: &[usize], expected: &[&str]) {
        for nth in nodes {
            let is_told = || self.told[*nth].lock().expect("no test panics with it").len() >= expected.len();
            eventually("it is told", is_told).await;
            assert_eq!(*self.told[*nth].lock().expect("no test panics with it"), expected, "node {nth}");
        }
    }
}

#[tokio::test]
async fn a_user_is_reached_on_all_nodes() {
    let users = Users::start().await;
    let mut ada = [users.client(0, "ada").await, users.client(2, "ada").await];
    let _bob = users.client(1, "bob").await;
    let user = users.trio.server(1).of("/").user("ada");
    user.emit("hi", &1).await.unwrap();
    for client in &mut ada {
        client.expect(r#"42["hi",1]"#).await;
    }
    assert_eq!(user.count().await.complete(), Ok(2));
    assert_eq!(user.is_online().await, Ok(true));
    let sockets = user.fetch_sockets().await.complete().unwrap();
    assert!(sockets.iter().all(|socket| socket.user() == Some("ada")));
    assert_eq!(users.trio.server(1).of("/").fetch_rooms().await.complete().unwrap(), [""; 0]);
    let online = users.trio.server(1).of("/").fetch_users().await.complete().unwrap();
    assert_eq!(online, [("ada".to_owned(), 2), ("bob".to_owned(), 1)].into());
    user.disconnect().await.unwrap();
    for client in &mut ada {
        client.expect("41").await;
    }
    eventually("they are gone", || users.trio.server(2).of("/").sockets().is_empty()).await;
    assert_eq!(user.is_online().await, Ok(false));
}

#[tokio::test]
async fn every_node_hears_who_comes_and_who_has_gone_from_all_of_them() {
    let users = Users::start().await;
    let first = users.client(0, "ada").await;
    users.are_told(&[0, 1, 2], &["ada online"]).await;
    let second = users.client(1, "ada").await;
    first.close().await;
    // The user moves from node to node: nobody is told, not even when another's grace time, begun later, is over.
    let bob = users.client(0, "bob").await;
    users.are_told(&[0, 1, 2], &["ada online", "bob online"]).await;
    bob.close().await;
    users.are_told(&[0, 1, 2], &["ada online", "bob online", "bob offline"]).await;
    second.close().await;
    users.are_told(&[0, 1, 2], &["ada online", "bob online", "bob offline", "ada offline"]).await;
}

#[tokio::test]
async fn a_node_that_comes_later_learns_who_is_there_and_one_that_goes_takes_its_users_along() {
    let users = Users::start().await;
    let _ada = users.client(0, "ada").await;
    // Of two nodes nobody knows which is heard first.
    users.are_told(&[2], &["ada online"]).await;
    let _bob = users.client(1, "bob").await;
    users.are_told(&[2], &["ada online", "bob online"]).await;
    let late = Told::default();
    let fourth = sio_tests::TestServer::start(|builder| {
        listening(builder, &late).adapter(adapter(&users.trio.broker, "d"))
    });
    let fourth = fourth.await;
    knows(fourth.handle(), 3).await;
    eventually("it is told", || late.lock().expect("no test panics with it").len() == 2).await;
    let mut told = late.lock().expect("no test panics with it").clone();
    told.sort_unstable();
    assert_eq!(told, ["ada online", "bob online"]);
    users.trio.server(1).close().await;
    for told in [&users.told[0], &users.told[2], &late] {
        eventually("bob has gone", || {
            told.lock().expect("no test panics with it").contains(&"bob offline".to_owned())
        })
        .await;
        assert_eq!(told.lock().expect("no test panics with it").len(), 3, "and ada has not");
    }
}

#[tokio::test]
async fn changes_that_were_lost_are_found_out() {
    let users = Users::start().await;
    let ada = users.client(0, "ada").await;
    users.are_told(&[0, 1, 2], &["ada online"]).await;
    // Node 1 misses what is told meanwhile, and learns that it has.
    users.trio.broker.part(&["a"], &["b"]);
    ada.close().await;
    let bob = users.client(0, "bob").await;
    users.are_told(&[0, 2], &["ada online", "bob online", "ada offline"]).await;
    users.trio.broker.heal();
    users.trio.server(0).emit("something", &()).await.unwrap();
    let is_known = || users.told[1].lock().expect("no test panics with it").len() == 3;
    eventually("it is found out", is_known).await;
    users.are_told(&[1], &["ada online", "bob online", "ada offline"]).await;
    drop(bob);
}

/// A node that keeps presence and has entered its cluster, under a clock that stands still.
async fn timed(broker: &MemoryBroker, name: &str, told: &Told) -> sio::testing::TestServer {
    let builder = sio::Server::builder().collect(false).state(Journal::default());
    let server =
        listening(builder, told).adapter(adapter(broker, name)).build().expect("the options are valid");
    server.start().await.expect("the broker is there");
    sio::testing::TestServer::new(server)
}

#[tokio::test(start_paused = true)]
async fn users_of_a_node_that_dies_go_offline_when_it_counts_as_dead() {
    let broker = MemoryBroker::new();
    let told = [Told::default(), Told::default()];
    let [a, b] = [timed(&broker, "a", &told[0]).await, timed(&broker, "b", &told[1]).await];
    knows(a.server(), 1).await;
    knows(b.server(), 1).await;
    let [ada, both] =
        [a.connect("/").await.expect("it is let in"), a.connect("/").await.expect("it is let in")];
    let also = b.connect("/").await.expect("it is let in");
    ada.socket().identify("ada").expect("it is nobody's");
    for client in [&both, &also] {
        client.socket().identify("both").expect("it is nobody's");
    }
    let is_told = |expected: &[&str]| {
        let mut all = told[1].lock().expect("no test panics with it").clone();
        all.sort_unstable();
        all == expected
    };
    eventually("both to be online", || is_told(&["ada online", "both online"])).await;
    // As if it had been killed.
    broker.part(&["a"], &["b"]);
    let died = Instant::now();
    eventually("the end of ada", || is_told(&["ada offline", "ada online", "both online"])).await;
    let took = died.elapsed();
    assert!((Duration::from_secs(9)..Duration::from_secs(16)).contains(&took), "{took:?}");
    // The clock is stopped: by its time, nothing more is told of her or of the other.
    sleep(10 * GRACE).await;
    assert!(is_told(&["ada offline", "ada online", "both online"]), "one of its sockets is elsewhere");
}
