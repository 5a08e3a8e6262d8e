//! How a session begins.

use sio::{
    engine::{Config, Engine, Handler, Message, Revision},
    prelude::*,
};
use sio_tests::{OldPolling, Open, Received, Request, TestServer, app::Plain, old_polling};

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
    for other in ["EIO=1&", "EIO=5&", "EIO=three&"] {
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

const NO_JSONP: &str = r#"{"code":3,"message":"JSONP (`j` in the query) is not supported: pages of other origins connect by CORS"}"#;

/// Clients of both revisions ask for it with `j`, the number of the callback.
#[tokio::test]
async fn jsonp_is_refused_with_a_message() {
    let server = server().await;
    for query in ["EIO=3&transport=polling&j=0", "EIO=4&transport=polling&t=a&j=7", "transport=polling&j="] {
        let answer = server.get(query).await;
        assert_eq!(answer.header("content-type"), Some("application/json"));
        answer.expect(400, NO_JSONP);
    }
    let polling = server.polling().await;
    let sid = &polling.open.sid;
    server.get(&format!("EIO=4&transport=polling&sid={sid}&j=1")).await.expect(400, NO_JSONP);
    let form = Request::post(server.target(&format!("EIO=4&transport=polling&sid={sid}&j=1")), "d=40");
    server.request(&form).await.expect(400, NO_JSONP);
    assert_eq!(server.handle().client_count(), 1, "the session is none the worse");
    // An application's own parameter, where nobody could mean JSONP.
    server.try_ws("EIO=4&transport=websocket&j=1", &[]).await.expect("a WebSocket opens");
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

/// As the Swift client did up to version 15, and others that were made for the first servers.
#[tokio::test]
async fn a_client_that_names_no_revision_or_the_second_speaks_the_third() {
    let server = TestServer::start(|builder| builder.consumer::<Asking>().allow_eio3(true)).await;
    for eio in ["", "EIO=&", "EIO=2&"] {
        let mut ws = server.try_ws(&format!("{eio}transport=websocket"), &[]).await.expect("it is let in");
        ws.expect(r#"0{"sid":…,…}"#).await;
        ws.expect("40").await;
        ws.send("40/asking,").await;
        ws.expect("40/asking,").await;
        ws.send(r#"42/asking,1["revision"]"#).await;
        ws.expect("43/asking,1[3]").await;

        // The whole of a session without it, the upgrade included.
        let polling = format!("{eio}transport=polling");
        let opened = server.get(&polling).await;
        let open = old_polling::decode(&opened).pop_front().expect("an open packet");
        let Received::Text(open) = open else { panic!("received {open}") };
        let sid = Open::parse(&open).sid;
        server.get(&format!("{polling}&sid={sid}")).await.expect(200, "2:40");
        let upgrade = format!("{eio}transport=websocket&sid={sid}");
        let mut ws = server.try_ws(&upgrade, &[]).await.expect("the upgrade is accepted");
        ws.send_all(&["5", "40/asking,"]).await;
        ws.expect("40/asking,").await;
        ws.send(r#"42/asking,1["revision"]"#).await;
        ws.expect("43/asking,1[3]").await;
    }
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
    config.initial_packet = initial;
    let engine = Engine::new(config, |sender, handshake| {
        assert_eq!(handshake.revision(), Revision::V3);
        sender.try_send(&Message::Text("hello".into())).expect("the queue is empty");
        Box::new(Greeting(sender))
    });
    let mut requests = sio::http::Config::default();
    requests.allow_eio3 = true;
    TestServer::engine_service(sio::http::EngineService::new(engine, requests)).await
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
