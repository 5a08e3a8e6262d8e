//! Questions to nodes that stand still, or have been killed: processes that meet at a real Redis.

use std::time::{Duration, Instant};

use serde_json::json;
use sio_tests::Ws;

use crate::processes::{Node, ask, knows, next};
use crate::redis::Redis;

/// A node waits for answers of others for 2 s; the machine may be busy.
const ANSWERED: Duration = Duration::from_secs(8);

/// Two nodes, and a client of each; that of the second is in the room `den`.
struct Pair {
    _redis: Redis,
    _a: Node,
    b: Node,
    ann: Ws,
    bob: Ws,
}

impl Pair {
    async fn start() -> Self {
        let redis = Redis::start().await;
        let [a, b] = [Node::start(&redis.url(), "a").await, Node::start(&redis.url(), "b").await];
        let [mut ann, mut bob] = [a.endpoint.socket("/").await, b.endpoint.socket("/").await];
        knows(&mut ann, &["a", "b"]).await;
        knows(&mut bob, &["a", "b"]).await;
        ask(&mut bob, "join", json!(["den"])).await;
        Self { _redis: redis, _a: a, b, ann, bob }
    }

    /// Fetches all sockets, and checks how many there are, which nodes are missing, and that it does not take long.
    async fn finds(&mut self, sockets: usize, missing: &[&str]) {
        let start = Instant::now();
        let found = ask(&mut self.ann, "fetch", json!([{}])).await;
        assert_eq!(found["sockets"].as_array().map(Vec::len), Some(sockets), "{found}");
        assert_eq!(found["missing"], json!(missing));
        assert!(start.elapsed() < ANSWERED, "{:?}", start.elapsed());
    }
}

#[tokio::test]
async fn a_node_that_stands_still_is_named_until_it_counts_as_dead_and_answers_nothing_late() {
    let mut pair = Pair::start().await;
    pair.finds(2, &[]).await;
    pair.b.pause().await;
    let stopped = Instant::now();
    pair.finds(1, &["b"]).await;
    // It does not say whom it asks, so nobody is known who has not answered.
    let called = ask(&mut pair.ann, "call-room", json!(["den", 500])).await;
    assert_eq!(called, json!({ "ok": [], "missing": 0 }));
    knows(&mut pair.ann, &["a"]).await;
    let dead = stopped.elapsed();
    assert!(Duration::from_secs(8) < dead && dead < Duration::from_secs(20), "{dead:?}");
    pair.finds(1, &[]).await;
    pair.b.signal("-CONT").await;
    knows(&mut pair.ann, &["a", "b"]).await;
    pair.finds(2, &[]).await;
    // The question whose time is over has reached nobody.
    let cast = json!([{ "from": "server", "to": ["den"], "event": "still here" }]);
    assert_eq!(ask(&mut pair.ann, "cast", cast).await, true);
    assert_eq!(next(&mut pair.bob).await, r#"42["still here"]"#);
}

#[tokio::test]
async fn questions_to_a_node_that_is_killed_come_to_an_end() {
    let mut pair = Pair::start().await;
    pair.ann.send(r#"422["call-room","den",60000]"#).await;
    assert!(next(&mut pair.bob).await.ends_with(r#"["please"]"#));
    // Its answer now comes behind the list of those whom it has asked.
    pair.finds(2, &[]).await;
    pair.b.signal("-KILL").await;
    let killed = Instant::now();
    pair.finds(1, &["b"]).await;
    // Its clients are disconnected when it is known to be dead, long before the limit.
    assert_eq!(next(&mut pair.ann).await, r#"432[{"ok":[],"missing":1}]"#);
    assert!(killed.elapsed() < Duration::from_secs(30), "{:?}", killed.elapsed());
    knows(&mut pair.ann, &["a"]).await;
    pair.finds(1, &[]).await;
}
