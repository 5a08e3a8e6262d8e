//! How a session begins.

use sio::{
    engine::{Config, Engine, Handler, Message, Revision},
    prelude::*,
};
use sio_tests::{OldPolling, Open, Received, TestServer, app::Plain};

use super::{open_ws, polling, server, ws};

const UNSUPPORTED: &str = r#"{"code":5,"message":"Unsupported protocol version"}"#;

#[tokio::test]
async fn old_clients_are_refused_unless_they_are_allowed() {
    let server = TestServer::start(|builder| builder.consumer::<Plain>()).await;
    server.get("EIO=3&transport=polling").await.expect(400, UNSUPPORTED);
    server.try_ws("EIO=3&transport=websocket", &[]).await.expect_err("no").expect(400, UNSUPPORTED);
    let open = Open::parse(server.get("EIO=4&transport=polling").await.text());
    assert_eq!(open.upgrades, ["websocket"]);
}

#[tokio::test]
async fn clients_of_both_revisions_are_served_and_no_others() {
    let server = server().await;
    polling(&server, "").await;
    ws(&server).await;
    server.polling().await.join("/").await;
    server.socket("/").await.expect_nothing_more().await;
    for other in ["", "EIO=2&", "EIO=5&"] {
        server.get(&format!("{other}transport=polling")).await.expect(400, UNSUPPORTED);
        let answer = server.try_ws(&format!("{other}transport=websocket"), &[]).await;
        answer.expect_err("no").expect(400, UNSUPPORTED);
    }
}

#[tokio::test]
async fn the_open_packet_has_the_same_keys() {
    let server = server().await;
    let old = OldPolling::open(&server, "").await.open;
    let young = server.polling().await.open;
    assert_eq!(old.upgrades, young.upgrades);
    assert_eq!((old.ping_interval, old.ping_timeout), (young.ping_interval, young.ping_timeout));
    assert_eq!(old.max_payload, young.max_payload);
    assert_eq!(open_ws(&server, "").await.open.expect("a session opens").upgrades, [""; 0]);
}

/// Says what it knows of its client.
#[derive(Debug, Default)]
struct Asking;

#[consumer(namespace = "/asking")]
impl Asking {
    async fn event_revision(&mut self, handshake: &Handshake) -> u8 {
        handshake.revision().number()
    }

    async fn event_token(&mut self, handshake: &Handshake) -> Option<String> {
        handshake.query_param("token")
    }
}

#[tokio::test]
async fn the_handshake_tells_the_revision_and_the_query() {
    let server = TestServer::start(|builder| builder.consumer::<Asking>().allow_eio3(true)).await;
    let mut old = open_ws(&server, "&token=a%20b").await;
    old.expect("40").await;
    let mut young = server.ws().await;
    for (ws, connected, revision) in [(&mut old, "40/asking,", 3), (&mut young, r#"40/asking,{"sid":…}"#, 4)]
    {
        ws.send("40/asking,").await;
        ws.expect(connected).await;
        ws.send(r#"42/asking,1["revision"]"#).await;
        ws.expect(&format!("43/asking,1[{revision}]")).await;
    }
    old.send(r#"42/asking,2["token"]"#).await;
    old.expect(r#"43/asking,2["a b"]"#).await;
}

/// An Engine.IO server of its own, which greets at once and sends every message back.
async fn greeting(initial: Option<Message>) -> TestServer {
    struct Greeting(sio::engine::Sender);

    impl Handler for Greeting {
        fn on_message(&mut self, message: Message) -> Result<(), sio::engine::CloseReason> {
            self.0.try_send(&message).map_err(|_| sio::engine::CloseReason::SlowClient)
        }
    }

    let mut config = Config::default();
    config.allow_eio3 = true;
    config.initial_packet = initial;
    let engine = Engine::new(config, |sender, handshake| {
        assert_eq!(handshake.revision(), Revision::V3);
        sender.try_send(&Message::Text("hello".into())).expect("the queue is empty");
        Box::new(Greeting(sender))
    });
    TestServer::serve_with(|listener| async move {
        loop {
            let (stream, _) = listener.accept().await?;
            let io = hyper_util::rt::TokioIo::new(stream);
            let connection =
                hyper::server::conn::http1::Builder::new().serve_connection(io, engine.service());
            tokio::spawn(connection.with_upgrades());
        }
    })
    .await
}

#[tokio::test]
async fn the_bare_engine_serves_them_too_and_the_open_packet_comes_first() {
    let server = greeting(None).await;
    let mut ws = open_ws(&server, "").await;
    ws.expect("4hello").await;
    ws.send("4back").await;
    ws.expect("4back").await;
    ws.send_binary(&[4, 4]).await;
    ws.expect_binary(&[4, 4]).await;
    let mut polling = OldPolling::open(&server, "").await;
    polling.expect("4hello").await;
}

#[tokio::test]
async fn the_initial_packet_is_sent_in_the_form_of_the_client() {
    let bytes = || Some(Message::Binary(vec![1, 2].into()));
    let server = greeting(bytes()).await;
    let mut ws = open_ws(&server, "").await;
    ws.expect_binary(&[4, 1, 2]).await;
    ws.expect("4hello").await;
    assert_eq!(OldPolling::open(&server, "").await.next().await, Received::Binary(vec![1, 2]));
    OldPolling::open(&server, "&b64=1").await.expect("b4AQI=").await;
}
