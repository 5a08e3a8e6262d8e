use std::collections::HashSet;

use sio_cluster::MemoryBroker;

use crate::cluster::Adapter;
use crate::packet_client::PacketClient;
use crate::prelude::*;

#[derive(Default)]
struct Hall;

#[consumer(namespace = "/tests/hall")]
impl Hall {}

async fn node(broker: &MemoryBroker, name: &str) -> Server {
    let builder = Server::builder().collect(false).consumer::<Hall>();
    let server =
        builder.adapter(Adapter::custom(broker.bus(name))).build().expect("a server with an adapter");
    server.start().await.expect("the bus in memory is there");
    server
}

#[tokio::test(start_paused = true)]
async fn ten_thousand_clients_of_another_node_answer_once_each_and_nothing_is_kept() {
    const CLIENTS: usize = 10_000;
    let broker = MemoryBroker::new();
    let (a, b) = (node(&broker, "a").await, node(&broker, "b").await);
    let mut clients = Vec::with_capacity(CLIENTS);
    for _ in 0..CLIENTS {
        let mut client = PacketClient::new(&b);
        client.join("0/tests/hall,").await;
        clients.push(client);
    }
    let cluster = a.cluster().unwrap();
    while cluster.nodes().is_empty() {
        tokio::task::yield_now().await;
    }
    let mut answers = a.of("/tests/hall").emit_with_ack::<usize>("vote", &()).await.unwrap();
    let sent_before = b.cluster().unwrap().status().counts.sent;
    for (number, client) in clients.iter_mut().enumerate() {
        let question = loop {
            if let Some(question) = client.received().pop() {
                break question;
            }
            tokio::task::yield_now().await;
        };
        let id = question.strip_prefix("2/tests/hall,").and_then(|rest| rest.strip_suffix(r#"["vote"]"#));
        client.send(&[&*format!("3/tests/hall,{}[{number}]", id.unwrap())]).await;
    }
    let (mut sids, mut numbers) = (HashSet::new(), HashSet::new());
    while let Some((sid, answer)) = answers.next().await {
        assert!(sids.insert(sid) && numbers.insert(answer.unwrap()), "each once");
    }
    assert_eq!((numbers.len(), answers.missing().len()), (CLIENTS, 0));
    drop(answers);
    for server in [&a, &b] {
        while server.cluster().unwrap().open_questions() > 0 {
            tokio::task::yield_now().await;
        }
    }
    let waiting: usize = b.of("/tests/hall").sockets().iter().map(|socket| socket.member.waiters()).sum();
    assert_eq!(waiting, 0);
    let sent = b.cluster().unwrap().status().counts.sent - sent_before;
    assert!(sent <= CLIENTS as u64 + 10, "no more than one frame an answer: {sent}");
}
