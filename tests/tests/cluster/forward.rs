//! Requests that come to a node which does not have their session.

mod faults;

use sio::Builder;
use sio::options::AllowedOrigins;
use sio_tests::app::Plain;
use sio_tests::http::Request;
use sio_tests::{Polling, Ws};

use crate::balancer::Balancer;
use crate::support::{NAMES, Trio};

const UNKNOWN: &str = r#"{"code":1,"message":"Session ID unknown"}"#;

/// Three nodes, and a balancer in front of them.
struct Balanced {
    trio: Trio,
    balancer: Balancer,
}

impl Balanced {
    async fn start(configure: impl Fn(Builder) -> Builder) -> Self {
        let trio = Trio::start(|builder| configure(builder.consumer::<Plain>())).await;
        let balancer = Balancer::start(trio.nodes.iter().map(|node| node.address).collect()).await;
        Self { trio, balancer }
    }
}

async fn trio() -> Trio {
    Trio::start(|builder| builder.consumer::<Plain>()).await
}

/// A session of the first node, whose requests go to the second.
async fn elsewhere(trio: &Trio) -> Polling {
    let polling = trio.nodes[0].polling().await;
    polling.moved_to(&trio.nodes[1]).await
}

#[tokio::test]
async fn a_client_that_polls_is_served_whichever_node_each_request_comes_to() {
    let Balanced { trio, balancer } = Balanced::start(|builder| builder).await;
    let mut clients = Vec::new();
    for nth in 0..6 {
        let mut client = balancer.endpoint.polling().await;
        client.join("/").await;
        client.send(&format!(r#"421["ask",{nth}]"#)).await;
        client.expect(&format!("431[{nth}]")).await;
        clients.push(client);
    }
    let counts = trio.nodes.each_ref().map(|node| node.handle().client_count());
    assert!(counts.iter().sum::<usize>() == 6 && counts.iter().all(|count| *count < 6), "{counts:?}");
    for node in &trio.nodes {
        node.handle().emit("news", &1).await.expect("a broadcast cannot fail");
    }
    for client in &mut clients {
        for _ in NAMES {
            client.expect(r#"42["news",1]"#).await;
        }
        client.expect_nothing_more().await;
    }
}

#[tokio::test]
async fn a_client_moves_to_websocket_over_another_node() {
    let trio = trio().await;
    let mut polling = elsewhere(&trio).await;
    let sid = polling.join("/").await;
    let mut ws = trio.nodes[2].second_ws(&polling.open.sid).await.expect("the upgrade is passed on");
    ws.send("2probe").await;
    ws.expect("3probe").await;
    ws.send_all(&["5", r#"421["ask","through a tunnel"]"#]).await;
    ws.expect(r#"431["through a tunnel"]"#).await;
    let socket = trio.nodes[0].socket_of("/", &sid);
    assert_eq!(socket.transport(), sio::engine::TransportKind::WebSocket);
    let large = "x".repeat(500_000);
    ws.send(&format!(r#"42["echo","{large}"]"#)).await;
    ws.expect(&format!(r#"42["echoed","{large}"]"#)).await;
    ws.expect_nothing_more().await;
    ws.close().await;
    trio.nodes[0].journal.expect("transport close").await;
}

#[tokio::test]
async fn a_session_that_ends_closes_its_tunnel() {
    let trio = trio().await;
    let polling = elsewhere(&trio).await;
    let mut ws = upgraded(&trio, polling).await;
    trio.server(0).of("/").sockets()[0].close_transport();
    ws.expect_closed().await;
}

/// The session over WebSocket, by the third node.
async fn upgraded(trio: &Trio, mut polling: Polling) -> Ws {
    polling.join("/").await;
    let mut ws = trio.nodes[2].second_ws(&polling.open.sid).await.expect("the upgrade is passed on");
    ws.send("2probe").await;
    ws.expect("3probe").await;
    ws.send_all(&["5", r#"421["ask",1]"#]).await;
    ws.expect("431[1]").await;
    ws
}

#[tokio::test]
async fn the_node_that_is_asked_judges_the_origin_and_says_so_once() {
    let page = "https://page.example";
    let trio =
        Trio::start(|builder| builder.consumer::<Plain>().allowed_origins(AllowedOrigins::from(page))).await;
    let mut polling = trio.nodes[0].polling().await;
    polling.join("/").await;
    for (nth, node) in trio.nodes.iter().enumerate() {
        let ask = |origin: &str| {
            let request = Request::post(polling.target(), r#"42["note"]"#).header("Origin", origin);
            async move { node.request(&request).await }
        };
        let answer = ask(page).await;
        answer.expect(200, "ok");
        assert_eq!(answer.header("access-control-allow-origin"), Some(page), "node {nth}");
        assert_eq!(answer.header("vary"), Some("Origin"), "node {nth}");
        let answer = ask("https://other.example").await;
        assert_eq!((answer.status, answer.header("access-control-allow-origin")), (403, None), "node {nth}");
    }
    // A page of the node's own is one of its own wherever the session is.
    let own = format!("http://{}", trio.nodes[1].address);
    let request = Request::post(polling.target(), r#"42["note"]"#).header("Origin", &own);
    trio.nodes[1].request(&request).await.expect(200, "ok");
}

#[tokio::test]
async fn answers_come_compressed_and_bytes_stay_bytes() {
    let trio = trio().await;
    let mut polling = elsewhere(&trio).await;
    polling.join("/").await;
    let text = "x".repeat(5000);
    polling
        .send(&format!(
            "42[\"echo\",\"{text}\"]\u{1e}451-[\"echo\",{{\"_placeholder\":true,\"num\":0}}]\u{1e}bAQID"
        ))
        .await;
    let request = Request::get(polling.target()).header("Accept-Encoding", "gzip");
    let answer = trio.nodes[1].request(&request).await;
    assert_eq!((answer.status, answer.header("content-encoding")), (200, Some("gzip")));
    assert!(answer.body.len() < 2000, "{}", answer.body.len());
}

#[tokio::test]
async fn refusals_are_told_to_the_node_that_is_asked() {
    use std::sync::{Arc, Mutex};

    let told = Arc::new(Mutex::new(Vec::new()));
    let trio = Trio::start(|builder| {
        let told = Arc::clone(&told);
        builder.consumer::<Plain>().on_refused(move |refused| {
            let peer = refused.request().extensions.get::<sio::http::Peer>().and_then(|peer| peer.ip());
            told.lock().expect("nobody panics").push((refused.code(), peer.is_some()));
        })
    })
    .await;
    let polling = elsewhere(&trio).await;
    trio.nodes[1].request(&Request::new("PUT", polling.target())).await;
    trio.nodes[1].request(&Request::post(polling.target(), "x")).await;
    trio.nodes[1].request(&Request::post(polling.target(), "40")).await.expect(400, UNKNOWN);
    assert_eq!(*told.lock().expect("nobody panics"), [(3, true), (3, true), (1, true)]);
}

#[tokio::test]
async fn two_polls_by_two_nodes_end_the_session_as_two_by_one_do() {
    let trio = trio().await;
    let mut polling = elsewhere(&trio).await;
    polling.join("/").await;
    polling.begin_get().await;
    let other = trio.nodes[2].request(&Request::get(polling.target())).await;
    assert_eq!((other.status, other.json()["code"].as_u64()), (400, Some(3)), "{other:?}");
    polling.end_get().await;
    trio.nodes[0].journal.expect("transport error").await;
    polling.expect_gone().await;
}

/// As at the owner itself: a client that leaves cuts its poll.
#[tokio::test]
async fn a_poll_that_is_cut_off_closes_the_session() {
    let trio = trio().await;
    let mut polling = elsewhere(&trio).await;
    polling.join("/").await;
    polling.begin_get().await;
    polling.abandon_get().await;
    let reason = trio.nodes[0].journal.next().await;
    assert!(matches!(&*reason, "transport close" | "transport error"), "{reason}");
    polling.expect_gone().await;
}

#[tokio::test]
async fn a_body_that_is_too_large_ends_the_session_wherever_it_comes() {
    let trio = Trio::start(|builder| builder.consumer::<Plain>().max_payload(10_000)).await;
    for is_chunked in [false, true] {
        let mut polling = elsewhere(&trio).await;
        polling.join("/").await;
        let most = format!(r#"42["echo","{}"]"#, "x".repeat(9_000));
        polling.send(&most).await;
        let mut request = Request::post(polling.target(), "4".repeat(20_000));
        if is_chunked {
            request = request.chunked();
        }
        let answer = trio.nodes[1].request(&request).await;
        assert_eq!(answer.status, 413, "{answer:?}");
        trio.nodes[0].journal.expect("transport error").await;
        polling.expect_gone().await;
    }
}

#[tokio::test]
async fn with_forwarding_off_a_session_is_known_at_its_node_only() {
    let trio =
        Trio::start(|builder| builder.consumer::<Plain>().forwarding(sio::cluster::Forwarding::off())).await;
    let mut polling = trio.nodes[0].polling().await;
    trio.nodes[1].request(&Request::get(polling.target())).await.expect(400, UNKNOWN);
    polling.join("/").await;
}

#[tokio::test]
async fn a_listener_of_its_own_takes_what_is_passed_on() {
    let trio = Trio::start(|builder| {
        let address = "127.0.0.1:0".parse().expect("an address");
        builder.consumer::<Plain>().forwarding(sio::cluster::Forwarding::listen(address))
    })
    .await;
    let mut polling = elsewhere(&trio).await;
    polling.join("/").await;
    let polling = trio.nodes[0].polling().await;
    upgraded(&trio, polling).await.expect_nothing_more().await;
}

/// As many as a node takes of its own clients; what it adds itself is not counted against them.
#[tokio::test]
async fn a_request_with_many_headers_is_passed_on() {
    let trio = trio().await;
    let mut polling = trio.nodes[0].polling().await;
    polling.join("/").await;
    let target = trio.nodes[1].polling_target(&polling.open.sid);
    let many = |count: usize, request: Request| {
        // The request has these three by itself: `Host`, `Content-Type`, `Content-Length`.
        (3..count).fold(request, |request, number| request.header(&format!("x-{number}"), "1"))
    };
    for (node, count, status) in [(0, 100, 200), (1, 99, 200), (1, 100, 200), (0, 101, 431), (1, 101, 431)] {
        let post = many(count, Request::post(&target, r#"42["note"]"#));
        assert_eq!(trio.nodes[node].request(&post).await.status, status, "{count} headers at node {node}");
    }
}
