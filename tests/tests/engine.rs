//! Engine.IO alone, as a program without Socket.IO uses it.

use std::{
    pin::pin,
    sync::{Arc, OnceLock},
    task::{Context, Waker},
    time::Duration,
};

use sio::{
    engine::{CloseReason, Config, Engine, Handler, Message, SendError, Sender, TransportKind},
    http::{self, EngineService},
};
use sio_tests::{
    Frame, Polling, Received, TestServer, Ws,
    deadline::{settle, soon},
    frame,
    journal::Journal,
};
use tokio::sync::mpsc;

/// Closes when it is told anything, and has the last word.
struct Closing(Sender, Journal);

impl Handler for Closing {
    fn on_message(&mut self, _: Message) -> Result<(), CloseReason> {
        self.0.close();
        Ok(())
    }

    fn on_closing(&mut self) {
        self.0.try_send(&Message::Text("the last word".into())).expect("there is room for it");
        self.1.note("closing");
    }

    fn on_close(&mut self, reason: CloseReason) {
        self.1.note(reason.to_string());
    }
}

async fn server() -> TestServer {
    journaled(Config::default(), elsewhere(), |sender, journal| Box::new(Closing(sender, journal))).await
}

fn elsewhere() -> http::Config {
    let mut config = http::Config::default();
    config.path = "/engine.io".to_owned();
    config
}

/// An engine whose handlers are made with the server's journal.
async fn journaled(
    config: Config,
    requests: http::Config,
    new_handler: impl Fn(Sender, Journal) -> Box<dyn Handler> + Send + Sync + 'static,
) -> TestServer {
    let journal = Journal::default();
    let notes = journal.clone();
    let engine = Engine::new(config, move |sender, _| new_handler(sender, notes.clone()));
    let mut server = TestServer::engine_service(EngineService::new(engine, requests)).await;
    server.journal = journal;
    server
}

#[tokio::test]
async fn a_session_that_the_program_closes_has_the_last_word_over_websocket() {
    let server = server().await;
    let mut ws = server.at("/engine.io/").ws().await;
    ws.send("4hello").await;
    ws.expect("4the last word").await;
    assert_eq!(ws.expect_closed().await, Some(1000));
    server.journal.expect("closing").await;
    server.journal.expect("forced server close").await;
}

#[tokio::test]
async fn a_session_that_the_program_closes_has_the_last_word_over_polling() {
    let server = server().await;
    let mut polling = server.at("/engine.io/").polling().await;
    polling.begin_get().await;
    polling.post("4hello").await;
    polling.end_get().await.expect(200, "4the last word");
    polling.get().await.expect(200, "1");
    polling.expect_gone().await;
    server.journal.expect("closing").await;
    server.journal.expect("forced server close").await;
}

#[tokio::test]
async fn a_session_that_ends_otherwise_has_no_last_word() {
    let server = server().await;
    let mut ws = server.at("/engine.io/").ws().await;
    ws.send("1").await;
    ws.expect_closed().await;
    server.journal.expect("transport close").await;
    assert_eq!(server.journal.rest(), [""; 0]);
}

#[tokio::test]
async fn a_session_that_is_closed_while_it_opens_has_the_last_word() {
    let server = journaled(Config::default(), elsewhere(), |sender, journal| {
        sender.try_send(&Message::Text("hello".into())).expect("there is room for it");
        sender.close();
        Box::new(Closing(sender, journal))
    })
    .await;
    let mut ws = server.at("/engine.io/").ws().await;
    ws.expect("4hello").await;
    ws.expect("4the last word").await;
    assert_eq!(ws.expect_closed().await, Some(1000));
    server.journal.expect("closing").await;
    server.journal.expect("forced server close").await;
}

#[tokio::test]
async fn a_session_that_opens_while_the_engine_closes_is_closed() {
    let engine = Arc::new(OnceLock::<Engine>::new());
    let closing = Arc::clone(&engine);
    let journal = Journal::default();
    let notes = journal.clone();
    let new_handler = move |sender, _| -> Box<dyn Handler> {
        // The request has been let in already, and there is no session yet that could be told.
        let engine: &Engine = closing.get().expect("it serves");
        let close = pin!(engine.close(Duration::MAX));
        assert!(close.poll(&mut Context::from_waker(Waker::noop())).is_ready());
        Box::new(Closing(sender, notes.clone()))
    };
    let engine = engine.get_or_init(|| Engine::new(Config::default(), new_handler));
    let server = TestServer::engine(engine.clone()).await;
    assert_eq!(server.ws().await.expect_closed().await, Some(1001));
    journal.expect("server shutting down").await;
}

/// Notes with each message how often its session has had a turn until then.
struct Turns(usize, Journal);

impl Handler for Turns {
    fn on_message(&mut self, _: Message) -> Result<(), CloseReason> {
        self.1.note(self.0.to_string());
        Ok(())
    }

    fn poll(&mut self, _: &mut Context<'_>) {
        self.0 += 1;
    }
}

/// Frames of one flood. Together they fit into what the kernel holds, so that they are all there at once.
const FLOOD: usize = 4096;

/// The most that a session takes in one turn: twice 64 during an upgrade.
const SHARE: usize = 128;

async fn counting() -> TestServer {
    journaled(Config::default(), http::Config::default(), |_, journal| Box::new(Turns(0, journal))).await
}

/// Turns that the session has had when it saw the message that was sent last.
async fn turns(server: &TestServer) -> usize {
    server.journal.next().await.parse().expect("a number of turns")
}

/// A session on polling and the WebSocket to which it is to move.
async fn upgrading(server: &TestServer) -> (Polling, Ws) {
    let polling = server.polling().await;
    let ws = server.second_ws(&polling.open.sid).await.expect("the upgrade is accepted");
    (polling, ws)
}

/// A message behind a flood of frames that bring none: pongs, or its own fragments.
fn flood(first: &str, rest: &str, is_fragmented: bool) -> Vec<u8> {
    let (begin, nothing, end) = match is_fragmented {
        true => (
            Frame::text(first).unfinished().encode(),
            Frame::continuation("").unfinished(),
            Frame::continuation(rest),
        ),
        false => (Vec::new(), Frame::new(frame::PONG, ""), Frame::text([first, rest].concat())),
    };
    [begin, nothing.encode().repeat(FLOOD), end.encode()].concat()
}

/// Gives its sender away.
struct Open;

impl Handler for Open {
    fn on_message(&mut self, _: Message) -> Result<(), CloseReason> {
        Ok(())
    }
}

/// An engine whose queues hold two packets, and what gives the senders of its sessions.
async fn of_two_packets() -> (TestServer, mpsc::UnboundedReceiver<Sender>) {
    let (opened, senders) = mpsc::unbounded_channel();
    let mut config = Config::default();
    config.outgoing_queue_packets = 2;
    config.outgoing_queue_bytes = usize::MAX;
    let engine = Engine::new(config, move |sender, _| {
        opened.send(sender).expect("the test takes the senders");
        Box::new(Open)
    });
    (TestServer::engine(engine).await, senders)
}

#[tokio::test]
async fn the_answers_to_a_probe_make_no_room_in_the_queue() {
    let (server, mut senders) = of_two_packets().await;
    for at_once in [false, true] {
        let (_polling, mut ws) = upgrading(&server).await;
        let sender = soon("the session", senders.recv()).await.expect("the engine lives");
        // More than the kernel takes, so that it stays queued while the client does not read.
        let large = Message::Binary(vec![7; 8_000_000].into());
        let small = Message::Text("small".into());
        for message in [&large, &small] {
            sender.try_send(message).expect("there is room for two");
        }
        ws.write(&Frame::new(frame::PING, "").encode()).await;
        if at_once {
            ws.send_all(&["2probe", "5"]).await;
        } else {
            ws.send("2probe").await;
            settle().await;
            ws.send("5").await;
        }
        soon("the upgrade", async {
            while sender.transport() != TransportKind::WebSocket {
                tokio::task::yield_now().await;
            }
        })
        .await;
        assert_eq!(sender.try_send(&small), Err(SendError::Full), "upgraded at once: {at_once}");
        assert_eq!(ws.receive().await, Received::Pong(Vec::new()));
        ws.expect("3probe").await;
        assert!(matches!(ws.receive().await, Received::Binary(bytes) if bytes.len() == 8_000_000));
        ws.expect("4small").await;
        // All has gone: there is room for two, and for no third.
        for message in [&large, &small] {
            sender.try_send(message).expect("there is room for two");
        }
        assert_eq!(sender.try_send(&small), Err(SendError::Full), "upgraded at once: {at_once}");
    }
}

#[tokio::test]
async fn frames_without_a_message_do_not_keep_the_thread() {
    let server = counting().await;
    for is_fragmented in [false, true] {
        let mut ws = server.ws().await;
        ws.write(&flood("4", "done", is_fragmented)).await;
        let turns = self::turns(&server).await;
        assert!(turns >= FLOOD / SHARE, "{turns} turns, fragmented: {is_fragmented}");

        let (_polling, mut probe) = upgrading(&server).await;
        probe.write(&flood("2", "probe", is_fragmented)).await;
        probe.send_all(&["5", "4done"]).await;
        let turns = self::turns(&server).await;
        assert!(turns >= FLOOD / SHARE, "{turns} turns of a probe, fragmented: {is_fragmented}");
    }
}

#[tokio::test]
async fn the_packets_of_a_post_do_not_keep_the_thread() {
    let server = counting().await;
    let mut polling = server.polling().await;
    polling.send(&format!("{}4done", "6\x1e".repeat(FLOOD))).await;
    let turns = turns(&server).await;
    assert!(turns >= FLOOD / SHARE, "{turns} turns");
}

#[tokio::test]
async fn large_packets_do_not_keep_the_thread() {
    let mut config = Config::default();
    config.max_payload = 8_000_000;
    let server = journaled(config, http::Config::default(), |_, journal| Box::new(Turns(0, journal))).await;
    let mut polling = server.polling().await;
    let large = format!("4{}\x1e", "x".repeat(250_000));
    polling.send(&format!("{}4done", large.repeat(20))).await;
    for _ in 0..20 {
        server.journal.next().await;
    }
    let turns = turns(&server).await;
    assert!(turns >= 5, "{turns} turns");
}

#[tokio::test]
async fn of_many_pings_in_an_upgrade_the_last_is_answered() {
    let server = counting().await;
    let (_polling, mut probe) = upgrading(&server).await;
    let pings = (0..FLOOD as u16).flat_map(|number| Frame::new(frame::PING, number.to_be_bytes()).encode());
    probe.write(&pings.collect::<Vec<u8>>()).await;
    probe.send("2probe").await;
    let mut answered = Vec::new();
    loop {
        match probe.receive().await {
            Received::Pong(payload) => answered.push(payload),
            Received::Text(text) if text == "3probe" => break,
            other => panic!("received {other}"),
        }
    }
    assert!(answered.is_sorted(), "{answered:?}");
    assert_eq!(answered.last().map(Vec::as_slice), Some(&(FLOOD as u16 - 1).to_be_bytes()[..]));
    assert!(answered.len() < FLOOD / 4, "{} pongs", answered.len());
    probe.send_all(&["5", "4done"]).await;
    let turns = turns(&server).await;
    assert!(turns >= FLOOD / SHARE, "{turns} turns");
}
