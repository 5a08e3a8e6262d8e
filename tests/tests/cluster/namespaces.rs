//! Namespaces that are not on every node, clusters that share a broker, and servers that enter and leave.

use sio::cluster::{Adapter, ClusterEvent};
use sio::prelude::*;
use sio::testing::MemoryBroker;
use sio_tests::app::Plain;
use sio_tests::deadline::soon;
use sio_tests::{TestServer, logs};

use crate::support::{Trio, adapter, eventually, knows, nothing_more};

#[derive(Default)]
struct Org;

#[consumer(namespace = "/org/{id}")]
impl Org {}

#[tokio::test]
async fn a_dynamic_namespace_that_nobody_here_is_in_reaches_those_elsewhere() {
    let trio = Trio::start(|builder| builder.consumer::<Plain>().consumer::<Org>()).await;
    let [a, b] = [trio.server(0), trio.server(1)];
    let mut seven = trio.nodes[1].socket("/org/7").await;
    let mut eight = trio.nodes[1].socket("/org/8").await;
    a.of("/org/7").emit("hi", &()).await.expect("a broadcast cannot fail");
    seven.expect(r#"42/org/7,["hi"]"#).await;
    assert!(a.get("/org/7").is_none(), "it is not made for those who are elsewhere");

    // A handle that is older than the namespace's end reaches those who are elsewhere.
    let mut here = trio.nodes[0].socket("/org/7").await;
    let handle = a.of("/org/7");
    here.send("41/org/7,").await;
    eventually("the end of the namespace", || a.get("/org/7").is_none()).await;
    handle.emit("old", &()).await.expect("a broadcast cannot fail");
    handle.to(&seven.sid).join("room").await.unwrap();
    handle.to("room").emit("joined", &()).await.expect("a broadcast cannot fail");
    seven.expect(r#"42/org/7,["old"]"#).await;
    seven.expect(r#"42/org/7,["joined"]"#).await;
    b.of("/org/8").emit("end", &()).await.expect("a broadcast cannot fail");
    eight.expect(r#"42/org/8,["end"]"#).await;
}

#[tokio::test]
async fn clusters_with_different_prefixes_never_meet() {
    let broker = MemoryBroker::new();
    let start = async |name: &str, prefix: &str| {
        let adapter = adapter(&broker, name).prefix(prefix);
        TestServer::start(|builder| builder.consumer::<Plain>().adapter(adapter)).await
    };
    let [x, y, other] = [start("x", "shop").await, start("y", "shop").await, start("z", "shop2").await];
    knows(x.handle(), 1).await;
    knows(other.handle(), 0).await;
    let [mut here, mut there] = [y.socket("/").await, other.socket("/").await];
    x.handle().emit("news", &()).await.expect("a broadcast cannot fail");
    here.expect(r#"42["news"]"#).await;
    nothing_more(&[other.handle()], std::slice::from_mut(&mut there)).await;
    assert!(other.handle().cluster().expect("an adapter").nodes().is_empty());
}

#[tokio::test]
async fn who_leaves_is_gone_at_once_and_what_its_last_clients_caused_arrives() {
    #[derive(Default)]
    struct Parting;

    #[consumer(namespace = "/parting")]
    impl Parting {
        async fn disconnect(&mut self, socket: &Socket) -> sio::Result {
            socket.broadcast().emit("parted", &()).await?;
            Ok(())
        }
    }

    let trio = Trio::start(|builder| builder.consumer::<Parting>()).await;
    let leaving = trio.nodes[0].socket("/parting").await;
    let mut staying = trio.nodes[1].socket("/parting").await;
    let closing = soon("the server to close", trio.server(0).close());
    let client = async move {
        let mut leaving = leaving;
        leaving.expect_closed().await;
    };
    tokio::join!(closing, client);
    staying.expect(r#"42/parting,["parted"]"#).await;
    for nth in [1, 2] {
        knows(trio.server(nth), 1).await;
    }
}

#[tokio::test]
async fn a_server_that_nobody_has_started_starts_with_its_first_client() {
    let broker = MemoryBroker::new();
    let build = |name| {
        let builder = Server::builder().collect(false).consumer::<Plain>().adapter(adapter(&broker, name));
        builder.state(sio_tests::journal::Journal::default()).build().expect("it can be built")
    };
    let lines = logs::capture();
    let (started, mounted) = (build("a"), build("b"));
    started.start().await.expect("the broker is there");
    let service = mounted.service();
    let serve = |listener: tokio::net::TcpListener| async move {
        loop {
            let (stream, peer) = listener.accept().await?;
            let service = service.clone().for_connection(peer, false);
            let stream = hyper_util::rt::TokioIo::new(stream);
            let connection = hyper::server::conn::http1::Builder::new().serve_connection(stream, service);
            tokio::spawn(connection.with_upgrades());
        }
    };
    let endpoint = TestServer::serve_with(serve).await;
    let mut client = endpoint.socket("/").await;
    let starts = || lines.count(&["WARN", "a client has come before `Server::start` was called"]);
    eventually("the warning", || starts() == 1).await;
    knows(&started, 1).await;
    started.emit("news", &()).await.expect("a broadcast cannot fail");
    client.expect(r#"42["news"]"#).await;
    let _another = endpoint.socket("/").await;
    assert_eq!(starts(), 1);
}

#[tokio::test]
async fn a_listener_that_panics_keeps_nothing_from_the_others() {
    let broker = MemoryBroker::new();
    let (told, mut events) = tokio::sync::mpsc::unbounded_channel();
    let a = adapter(&broker, "a");
    let a = TestServer::start(|builder| {
        let builder = builder.consumer::<Plain>().adapter(a).on_cluster(|_| panic!("a listener of the test"));
        builder.on_cluster(move |event| drop(told.send(event.clone())))
    })
    .await;
    knows(a.handle(), 0).await;
    assert!(matches!(events.recv().await, Some(ClusterEvent::BusUp { .. })));
    let b = adapter(&broker, "b");
    let b = TestServer::start(|builder| builder.consumer::<Plain>().adapter(b)).await;
    knows(b.handle(), 1).await;
    let up = soon("the other node", events.recv()).await;
    assert!(matches!(up, Some(ClusterEvent::NodeUp { name, .. }) if name == "b"));
}

#[tokio::test]
async fn two_programs_on_one_prefix_are_told_apart_once_and_do_each_other_no_harm() {
    let lines = logs::capture();
    let broker = MemoryBroker::new();
    let [shop, org] = [adapter(&broker, "shop"), adapter(&broker, "org")];
    let shop = TestServer::start(|builder| builder.consumer::<Plain>().adapter(shop)).await;
    let org = TestServer::start(|builder| builder.consumer::<Org>().adapter(org)).await;
    let ids = [&shop, &org].map(|server| server.handle().cluster().expect("an adapter").me().to_string());
    for (server, me, other) in [(&shop, &ids[0], &ids[1]), (&org, &ids[1], &ids[0])] {
        knows(server.handle(), 1).await;
        let words = ["WARN", "serves other namespaces", &format!("me={me} node={other}")];
        lines.expect(&words).await;
        assert_eq!(lines.count(&words), 1);
    }
    // An event for a namespace that the other node lacks concerns it not, and no answer of it is missed.
    let mut seven = org.socket("/org/7").await;
    shop.handle().of("/").to(&seven.sid).disconnect().await.unwrap();
    org.handle().of("/org/7").emit("hi", &()).await.expect("a broadcast cannot fail");
    seven.expect(r#"42/org/7,["hi"]"#).await;
    assert_eq!(org.handle().of("/org/7").count().await.complete(), Ok(1));
    assert_eq!(shop.handle().of("/").count().await.complete(), Ok(0));
}

#[test]
fn a_wrong_adapter_keeps_the_server_from_being_built_and_tells_no_secret() {
    let problem = |adapter: Adapter| {
        let error = Server::builder().collect(false).adapter(adapter).build().expect_err("it is wrong");
        error.to_string()
    };
    let bus = || MemoryBroker::new().bus("a");
    for (adapter, words) in [
        (Adapter::redis("http://:secret@localhost"), "not a URL of Redis"),
        (Adapter::redis("redis://:secret@:99999"), "not a URL of Redis"),
        (Adapter::redis("redis+sentinel://:secret@localhost"), "there is no name of a master"),
        (Adapter::custom(bus()).prefix("a*"), "the prefix `a*`"),
        (Adapter::custom(bus()).hold(std::time::Duration::from_secs(61), 1), "a minute"),
        (Adapter::custom(bus()).request_timeout(std::time::Duration::ZERO), "longer than zero"),
    ] {
        let problem = problem(adapter);
        assert!(problem.starts_with("`adapter`: ") && problem.contains(words), "{problem}");
        assert!(!problem.contains("secret"), "{problem}");
    }
}
