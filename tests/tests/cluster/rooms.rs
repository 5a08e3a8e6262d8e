//! Topics of rooms: clients hear of their rooms from all nodes, and nodes of the rooms of their clients.

use sio::cluster::{Adapter, Counts};
use sio::prelude::*;
use sio::testing::MemoryBroker;
use sio_tests::{TestServer, Ws};

use crate::redis::{Redis, url};
use crate::support::{NAMES, eventually, knows, nothing_more};

const TOPICS: u16 = 1024;

/// Joins rooms when it is told to.
#[derive(Default)]
struct Member;

#[consumer]
impl Member {
    async fn event_join(&mut self, socket: &Socket, room: String) -> sio::Result<bool> {
        socket.join(room).await?;
        Ok(true)
    }

    async fn event_identify(&mut self, socket: &Socket, user: String) -> sio::Result<bool> {
        socket.identify(user)?;
        Ok(true)
    }
}

/// Three nodes that know each other, and a client of each.
async fn three(adapter: impl Fn(&str) -> Adapter) -> ([TestServer; 3], [Ws; 3]) {
    let (mut nodes, mut clients) = (Vec::new(), Vec::new());
    for name in NAMES {
        let adapter = adapter(name).name(name);
        nodes.push(TestServer::start(|builder| builder.consumer::<Member>().adapter(adapter)).await);
    }
    for node in &nodes {
        knows(node.handle(), NAMES.len() - 1).await;
        clients.push(node.socket("/").await);
    }
    let nodes = nodes.try_into().unwrap_or_else(|_| unreachable!("one for each name"));
    (nodes, clients.try_into().unwrap_or_else(|_| unreachable!("one of each node")))
}

async fn in_memory() -> ([TestServer; 3], [Ws; 3]) {
    let broker = MemoryBroker::new();
    three(|name| Adapter::custom(broker.bus(name)).room_topics(TOPICS)).await
}

async fn ask(client: &mut Ws, event: &str, argument: &str) {
    client.send(&format!(r#"421["{event}","{argument}"]"#)).await;
    client.expect("431[true]").await;
}

async fn emit(node: &TestServer, room: &str, number: u32) {
    node.handle().to(room).emit("news", &number).await.expect("a broadcast cannot fail");
}

fn counts(node: &TestServer) -> Counts {
    node.handle().cluster().expect("it has an adapter").status().counts
}

async fn check_rooms(nodes: &[TestServer; 3], clients: &mut [Ws; 3]) {
    let [a, b, c] = nodes;
    let before = counts(c).received;
    for number in 0..50 {
        let room = format!("room-{number}");
        ask(&mut clients[1], "join", &room).await;
        // It was acknowledged, so whoever knows of it reaches the client.
        emit(a, &room, number).await;
        clients[1].expect(&format!(r#"42["news",{number}]"#)).await;
    }
    // Many events, and then one to all: in order.
    for number in 0..500 {
        emit(a, "room-7", number).await;
    }
    a.handle().emit("all", &()).await.expect("a broadcast cannot fail");
    for number in 0..500 {
        clients[1].expect(&format!(r#"42["news",{number}]"#)).await;
    }
    for client in &mut *clients {
        client.expect(r#"42["all"]"#).await;
    }
    let received = counts(c).received - before;
    assert!(received < 100, "{received} frames, of 550 for rooms that it has not");
    assert_eq!(b.handle().cluster().expect("an adapter").status().room_topics, 50 - shared(50));
    let servers: Vec<_> = nodes.iter().map(|node| node.handle()).collect();
    nothing_more(&servers, &mut *clients).await;
    assert!(nodes.iter().all(|node| counts(node).lost == 0));
}

/// How many of the first rooms share the topic of one before.
fn shared(rooms: usize) -> usize {
    let topic = |number| sio_core::cluster::room_topic::topic_of("/", &format!("room-{number}"), TOPICS);
    let topics: std::collections::HashSet<_> = (0..rooms).map(topic).collect();
    rooms - topics.len()
}

#[tokio::test]
async fn clients_hear_of_the_rooms_that_they_have_joined_and_other_nodes_do_not() {
    let (nodes, mut clients) = in_memory().await;
    check_rooms(&nodes, &mut clients).await;
}

#[tokio::test]
async fn the_same_over_redis_and_again_after_the_connections_were_cut() {
    let redis = Redis::start().await;
    let (nodes, mut clients) = three(|_| Adapter::redis(&url(redis.port)).room_topics(TOPICS)).await;
    check_rooms(&nodes, &mut clients).await;
    let cuts: Vec<_> = nodes.iter().map(|node| counts(node).cuts).collect();
    redis.command("CLIENT KILL TYPE pubsub").await;
    for (node, before) in nodes.iter().zip(cuts) {
        let is_back = || {
            let cluster = node.handle().cluster().expect("an adapter");
            cluster.status().counts.cuts > before && cluster.is_up() && cluster.nodes().len() == 2
        };
        eventually("the broker again", is_back).await;
    }
    emit(&nodes[0], "room-7", 1000).await;
    clients[1].expect(r#"42["news",1000]"#).await;
}

#[tokio::test]
async fn whom_others_put_into_a_room_hears_of_it_too() {
    let (nodes, mut clients) = in_memory().await;
    let [a, b, c] = &nodes;
    let sid = clients[1].sid.clone();
    // Another node waits for the answer; then a third one may know of it.
    let id = sid.parse().expect("an id");
    a.handle().of("/").remote(&id).join("den").await.expect("it is there");
    emit(c, "den", 1).await;
    clients[1].expect(r#"42["news",1]"#).await;
    // Events of the node itself after an unconfirmed change see its effect.
    for number in 2..20 {
        let room = format!("loft-{number}");
        a.handle().to(&*sid).join(&*room).await.expect("a change cannot fail");
        emit(a, &room, number).await;
        clients[1].expect(&format!(r#"42["news",{number}]"#)).await;
    }
    // Those of the node itself are in it, and the broker has confirmed that, when this returns.
    b.handle().local().join("attic").await.expect("a change cannot fail");
    emit(c, "attic", 20).await;
    clients[1].expect(r#"42["news",20]"#).await;
    // That of a user is entered without waiting.
    ask(&mut clients[2], "identify", "42").await;
    a.handle().of("/").user("42").emit("news", &21).await.expect("a broadcast cannot fail");
    clients[2].expect(r#"42["news",21]"#).await;
}

#[tokio::test]
async fn a_room_that_was_left_and_clients_that_went_are_heard_of_no_more() {
    let (nodes, mut clients) = in_memory().await;
    let [a, b, _] = &nodes;
    for client in &mut clients[1..] {
        ask(client, "join", "den").await;
    }
    b.handle().of("/").broadcast().leave("den").await.expect("a change cannot fail");
    let [_, bob, cat] = clients;
    emit(a, "den", 1).await;
    nothing_more(&[a.handle()], &mut [bob, cat]).await;
}

#[tokio::test]
async fn a_cluster_of_which_not_all_nodes_have_topics_stays_right() {
    let broker = MemoryBroker::new();
    let topics = |name: &str| if name == "b" { 0 } else { TOPICS };
    let (nodes, mut clients) =
        three(|name| Adapter::custom(broker.bus(name)).room_topics(topics(name))).await;
    for client in &mut clients {
        ask(client, "join", "den").await;
    }
    for (number, node) in (0..).zip(&nodes) {
        emit(node, "den", number).await;
        for client in &mut clients {
            client.expect(&format!(r#"42["news",{number}]"#)).await;
        }
    }
}

#[test]
fn topics_of_rooms_exclude_recovery() {
    let adapter = Adapter::custom(MemoryBroker::new().bus("a")).room_topics(TOPICS);
    let recovery = sio::options::Recovery::default();
    let builder = Server::builder().collect(false).consumer::<Member>().adapter(adapter);
    let error = builder.connection_state_recovery(recovery).build().expect_err("they exclude each other");
    assert!(error.to_string().contains("recovery"), "{error}");
}
