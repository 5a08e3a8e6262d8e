//! Three nodes: each tells of itself, and whoever looks at one sees and reaches the sockets of all.

use std::collections::BTreeSet;

use sio::cluster::Adapter;
use sio::testing::MemoryBroker;

use super::*;

async fn node(broker: &MemoryBroker, name: &str) -> TestServer {
    let admin = basic().mode(AdminMode::Development).server_id(name);
    let builder = Server::builder().collect(false).consumer::<Chat>().admin(admin);
    let server =
        builder.adapter(Adapter::custom(broker.bus(name)).name(name)).build().expect("the options are valid");
    server.start().await.expect("the broker is there");
    TestServer::new(server)
}

#[tokio::test(start_paused = true)]
async fn one_page_shows_and_reaches_the_sockets_of_three_nodes() {
    let broker = MemoryBroker::new();
    let nodes = [node(&broker, "a").await, node(&broker, "b").await, node(&broker, "c").await];
    let first = look(&nodes[0]).await;
    let mut clients = Vec::new();
    for node in &nodes {
        clients.push(node.connect("/tests/admin/chat").await.unwrap());
    }
    let mut connected = BTreeSet::new();
    for _ in &nodes {
        let (socket, _) = first.next::<(Value, Value)>("socket_connected").await;
        connected.insert(socket["id"].as_str().unwrap().to_owned());
    }
    assert_eq!(connected, clients.iter().map(|one| one.id().to_string()).collect());
    let admin = look(&nodes[1]).await;
    let login = admin.next::<String>("session").await;
    let all = admin.next::<Vec<Value>>("all_sockets").await;
    assert_eq!(connected, all.iter().map(|one| one["id"].as_str().unwrap().to_owned()).collect());
    let mut servers = BTreeSet::new();
    while servers.len() < 3 {
        let stats = admin.next::<Value>("server_stats").await;
        assert_eq!(stats["namespaces"][1]["socketsCount"], 1, "each tells of its own: {stats}");
        servers.insert(stats["serverId"].as_str().unwrap().to_owned());
    }
    assert_eq!(servers.into_iter().collect::<Vec<_>>(), ["a", "b", "c"]);

    let third = clients.pop().unwrap();
    admin.emit("emit", &("/tests/admin/chat", third.id(), "hi", 7)).await;
    assert_eq!(third.next::<u32>("hi").await, 7);
    admin.emit("_disconnect", &("/tests/admin/chat", false, third.id())).await;
    third.expect_disconnect().await;
    let left = admin.next::<(Value, String, String, Value)>("socket_disconnected").await;
    assert_eq!((left.1, &*left.2), (third.id().to_string(), "server namespace disconnect"));
    // The login is known everywhere, also when the node that gave it is gone.
    nodes[1].server().close().await;
    for node in [&nodes[0], &nodes[2]] {
        let again = node.client().namespace("/admin").auth(&json!({"sessionId": login})).connect().await;
        assert!(again.is_ok());
    }
}

#[tokio::test(start_paused = true)]
async fn a_node_that_comes_later_asks_the_others_for_a_login() {
    let broker = MemoryBroker::new();
    let first = node(&broker, "a").await;
    let login = look(&first).await.next::<String>("session").await;
    let second = node(&broker, "b").await;
    let again = second.client().namespace("/admin").auth(&json!({"sessionId": login})).connect().await;
    assert!(again.is_ok());
    assert_eq!(refusal(&second, json!({"sessionId": "AAAAAAAAAAAAAAAAAAAA"})).await, "invalid credentials");
}
