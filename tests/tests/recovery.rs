//! Connection state recovery on the wire: what a client says and gets, on both transports.

use std::time::Duration;

use serde_json::Value as Json;
use sio::options::Recovery;
use sio::prelude::*;
use sio_tests::{
    TestServer,
    app::All,
    deadline::soon,
    journal::{Gate, Journal},
    polling::Polling,
    ws::Ws,
};

#[derive(Default)]
struct Desk;

#[consumer(namespace = "/desk")]
impl Desk {
    async fn connect(
        &mut self,
        socket: &Socket,
        auth: Option<sio::Value>,
        gate: State<Gate>,
        journal: State<Journal>,
    ) -> sio::Result<()> {
        let auth =
            auth.map_or_else(|| "none".to_owned(), |auth| serde_json::to_string(&auth).unwrap_or_default());
        journal.note(format!("connect recovered={} auth={auth}", socket.is_recovered()));
        if auth.contains("slowly") {
            gate.pass("door").await;
        }
        socket.join("everyone").await?;
        socket.emit("hello", &()).await?;
        Ok(())
    }

    async fn disconnect(&mut self, reason: DisconnectReason, journal: State<Journal>) {
        journal.note(format!("disconnect {reason}"));
    }

    async fn event_say(&mut self, socket: &Socket, arguments: All) -> sio::Result<()> {
        socket.namespace().to("everyone").emit("said", &arguments).await?;
        Ok(())
    }

    #[event(rate = "2/m")]
    async fn event_rare() {}

    async fn event_whisper(&mut self, socket: &Socket, arguments: All) -> sio::Result<()> {
        socket.namespace().to("everyone").volatile().emit("whispered", &arguments).await?;
        Ok(())
    }
}

async fn server() -> TestServer {
    let recovery = Recovery::default().max_disconnection(Duration::from_secs(30));
    TestServer::start(|builder| builder.consumer::<Desk>().connection_state_recovery(recovery)).await
}

/// A client's place in what is sent, as it says it when it comes back.
struct Place {
    sid: String,
    pid: String,
    offset: Option<String>,
}

impl Place {
    /// Of a client that has just been let in.
    fn of(connect: &Json) -> Self {
        let text = |name: &str| connect[name].as_str().expect("CONNECT tells it").to_owned();
        Self { sid: text("sid"), pid: text("pid"), offset: None }
    }

    /// The client has received this event.
    fn note(&mut self, event: &Json) {
        let last = event.as_array().and_then(|event| event.last());
        self.offset = Some(last.and_then(Json::as_str).expect("an offset comes last").to_owned());
    }

    fn connect(&self, more: &str) -> String {
        let offset =
            self.offset.as_ref().map(|offset| format!(r#","offset":"{offset}""#)).unwrap_or_default();
        format!(r#"40/desk,{{"pid":"{}"{offset}{more}}}"#, self.pid)
    }

    /// The answer to it.
    fn accepted(&self) -> String {
        format!(r#"40/desk,{{"sid":"{}","pid":"{}"}}"#, self.sid, self.pid)
    }
}

/// Enters, and reads the greeting.
async fn enter(server: &TestServer) -> (Ws, Place) {
    let mut ws = Ws::open(server).await;
    ws.send("40/desk,").await;
    let mut place = Place::of(&ws.expect(r#"40/desk,{"sid":…,"pid":…}"#).await);
    place.note(&ws.expect(r#"42/desk,["hello",…]"#).await);
    assert_ne!(place.sid, place.pid);
    server.journal.expect("connect recovered=false auth=none").await;
    (ws, place)
}

#[tokio::test]
async fn missed_events_come_before_connect_and_what_connect_emits_after_it() {
    let server = server().await;
    let (ws, mut place) = enter(&server).await;
    let (mut other, _) = enter(&server).await;
    ws.close().await;
    server.journal.expect("disconnect transport close").await;
    other.send(r#"42/desk,["say",1,"two"]"#).await;
    other
        .send(r#"452-/desk,["say",{"_placeholder":true,"num":0},{"deep":[{"_placeholder":true,"num":1}]}]"#)
        .await;
    other.send_binary(b"\x00\x01").await;
    other.send_binary(b"\x02").await;
    other.expect(r#"42/desk,["said",1,"two",…]"#).await;
    let text =
        r#"452-/desk,["said",{"_placeholder":true,"num":0},{"deep":[{"_placeholder":true,"num":1}]},…]"#;
    other.expect(text).await;

    let mut ws = Ws::open(&server).await;
    ws.send(&place.connect("")).await;
    ws.expect(r#"42/desk,["said",1,"two",…]"#).await;
    place.note(&ws.expect(text).await);
    ws.expect_binary(b"\x00\x01").await;
    ws.expect_binary(b"\x02").await;
    ws.expect(&place.accepted()).await;
    place.note(&ws.expect(r#"42/desk,["hello",…]"#).await);
    server.journal.expect("connect recovered=true auth=none").await;

    // The next time it goes on from there.
    ws.close().await;
    server.journal.expect("disconnect transport close").await;
    let mut ws = Ws::open(&server).await;
    ws.send(&place.connect("")).await;
    ws.expect(&place.accepted()).await;
}

#[tokio::test]
async fn a_client_that_comes_back_has_the_rate_that_it_had() {
    let server = server().await;
    let (mut ws, mut place) = enter(&server).await;
    let rare = r#"42/desk,7["rare"]"#;
    ws.send_all(&[rare; 2]).await;
    ws.expect("43/desk,7[]").await;
    ws.expect("43/desk,7[]").await;
    for _ in 0..2 {
        ws.close().await;
        while server.journal.next().await != "disconnect transport close" {}
        ws = Ws::open(&server).await;
        // With a rate that this connection has used up itself before.
        ws.join("/desk").await;
        ws.expect(r#"42/desk,["hello",…]"#).await;
        ws.send_all(&["41/desk,", &place.connect("")]).await;
        ws.expect(&place.accepted()).await;
        place.note(&ws.expect(r#"42/desk,["hello",…]"#).await);
        ws.send(rare).await;
        ws.expect(r#"43/desk,7[{"status":"error","code":"rate_limited",…}]"#).await;
    }
}

#[tokio::test]
async fn polling_gets_the_same() {
    let server = server().await;
    let mut polling = Polling::open(&server).await;
    polling.send("40/desk,").await;
    let mut place = Place::of(&polling.expect(r#"40/desk,{"sid":…,"pid":…}"#).await);
    place.note(&polling.expect(r#"42/desk,["hello",…]"#).await);
    polling.send("1").await;
    server.journal.expect("connect recovered=false auth=none").await;
    server.journal.expect("disconnect transport close").await;
    server.of("/desk").emit("news", "Goal!").await.expect("it can be sent");

    let mut polling = Polling::open(&server).await;
    polling.send(&place.connect("")).await;
    polling.expect(r#"42/desk,["news","Goal!",…]"#).await;
    polling.expect(&place.accepted()).await;
}

#[tokio::test]
async fn an_attempt_that_fails_half_way_loses_nothing() {
    let server = server().await;
    let (ws, place) = enter(&server).await;
    ws.close().await;
    server.journal.expect("disconnect transport close").await;
    server.of("/desk").emit("news", &1).await.expect("it can be sent");

    let mut ws = Ws::open(&server).await;
    ws.send(&place.connect(r#","how":"slowly""#)).await;
    server.journal.expect(r#"connect recovered=true auth={"how":"slowly"}"#).await;
    server.of("/desk").emit("news", &2).await.expect("it can be sent");
    ws.close().await;

    let mut ws = Ws::open(&server).await;
    ws.send(&place.connect(r#","how":"slowly""#)).await;
    server.journal.expect(r#"connect recovered=true auth={"how":"slowly"}"#).await;
    server.of("/desk").emit("news", &3).await.expect("it can be sent");
    server.gate.open("door");
    ws.expect(r#"42/desk,["news",1,…]"#).await;
    ws.expect(r#"42/desk,["news",2,…]"#).await;
    ws.expect(&place.accepted()).await;
    // Held while the hook ran, like everything that is sent to a client before it is let in.
    ws.expect(r#"42/desk,["news",3,…]"#).await;
    ws.expect(r#"42/desk,["hello",…]"#).await;
    ws.expect_nothing_more().await;
    assert!(server.journal.rest().is_empty(), "a client that was not let in is not said to have gone");
}

#[tokio::test]
async fn an_attempt_that_another_overtakes_takes_nothing_from_it() {
    let server = server().await;
    let (ws, place) = enter(&server).await;
    ws.close().await;
    server.journal.expect("disconnect transport close").await;
    server.of("/desk").emit("news", &1).await.expect("it can be sent");

    // The first attempt waits in `connect`, on a connection that looks alive.
    let mut first = Ws::open(&server).await;
    first.send(&place.connect(r#","how":"slowly""#)).await;
    server.journal.expect(r#"connect recovered=true auth={"how":"slowly"}"#).await;
    let mut second = Ws::open(&server).await;
    second.send(&place.connect("")).await;
    first.expect_closed().await;
    second.expect(r#"42/desk,["news",1,…]"#).await;
    second.expect(&place.accepted()).await;
    server.journal.expect("connect recovered=true auth=none").await;
    second.expect(r#"42/desk,["hello",…]"#).await;
    server.gate.open("door");
    server.of("/desk").to("everyone").emit("news", &2).await.expect("it can be sent");
    second.expect(r#"42/desk,["news",2,…]"#).await;
    second.expect_nothing_more().await;
    assert!(server.journal.rest().is_empty(), "a client that was not let in is not said to have gone");
}

#[tokio::test]
async fn who_shows_no_pid_that_is_known_is_new() {
    let server = server().await;
    let (mut ws, place) = enter(&server).await;
    ws.send(r#"42/desk,["say",1]"#).await;
    ws.expect(r#"42/desk,["said",1,…]"#).await;
    ws.close().await;
    server.journal.expect("disconnect transport close").await;

    let unknown = format!(r#"40/desk,{{"pid":"{}"}}"#, place.sid);
    let strange_offset = format!(r#"40/desk,{{"pid":"{}","offset":"none of yours"}}"#, place.pid);
    let late_offset = format!(r#"40/desk,{{"pid":"{}","offset":"4711"}}"#, place.pid);
    for connect in [unknown, strange_offset, late_offset] {
        let mut ws = Ws::open(&server).await;
        ws.send(&connect).await;
        let new = Place::of(&ws.expect(r#"40/desk,{"sid":…,"pid":…}"#).await);
        assert!(new.sid != place.sid && new.pid != place.pid, "{connect}");
        server.journal.expect("connect recovered=false auth=none").await;
        ws.expect(r#"42/desk,["hello",…]"#).await;
        ws.expect_nothing_more().await;
        ws.close().await;
        server.journal.expect("disconnect transport close").await;
    }
}

#[tokio::test]
async fn an_application_may_have_a_pid_of_its_own() {
    let server = server().await;
    let mut ws = Ws::open(&server).await;
    ws.send(r#"40/desk,{"pid":"mine","offset":3}"#).await;
    ws.expect(r#"40/desk,{"sid":…,"pid":…}"#).await;
    server.journal.expect(r#"connect recovered=false auth={"pid":"mine","offset":3}"#).await;
}

#[tokio::test]
async fn no_text_stands_where_an_offset_would_be_read() {
    let server = server().await;
    let (mut ws, _) = enter(&server).await;
    for (sent, received) in [
        (r#"42/desk,["whisper","psst"]"#, r#"42/desk,["whispered","psst",null]"#),
        (r#"42/desk,["whisper"]"#, r#"42/desk,["whispered",null]"#),
        (r#"42/desk,["whisper","psst",1]"#, r#"42/desk,["whispered","psst",1]"#),
    ] {
        ws.send(sent).await;
        ws.expect(received).await;
    }
}

#[tokio::test]
async fn the_first_of_two_connections_ends_when_the_second_takes_over() {
    let server = server().await;
    let (mut first, place) = enter(&server).await;
    let mut second = Ws::open(&server).await;
    second.send(&place.connect("")).await;
    second.expect(&place.accepted()).await;
    first.expect_closed().await;
    server.journal.expect("disconnect transport close").await;
    server.journal.expect("connect recovered=true auth=none").await;
    second.expect(r#"42/desk,["hello",…]"#).await;
    server.of("/desk").to("everyone").emit("news", &1).await.expect("it can be sent");
    second.expect(r#"42/desk,["news",1,…]"#).await;
    assert_eq!(server.of("/desk").sockets().len(), 1);
}

#[tokio::test]
async fn without_the_option_nothing_of_it_is_on_the_wire() {
    let server = TestServer::start(|builder| builder.consumer::<Desk>()).await;
    let mut ws = Ws::open(&server).await;
    ws.send(r#"40/desk,{"pid":"AAAAAAAAAAAAAAAAAAAA","offset":"3"}"#).await;
    ws.expect(r#"40/desk,{"sid":…}"#).await;
    ws.expect(r#"42/desk,["hello"]"#).await;
    server
        .journal
        .expect(r#"connect recovered=false auth={"pid":"AAAAAAAAAAAAAAAAAAAA","offset":"3"}"#)
        .await;
}

/// Clients that come back or go have to wait at a door.
#[derive(Default)]
struct Doors;

#[consumer]
impl Doors {
    async fn connect(
        &mut self,
        socket: &Socket,
        gate: State<Gate>,
        journal: State<Journal>,
    ) -> sio::Result<()> {
        if socket.is_recovered() {
            journal.note("coming");
            gate.pass("in").await;
        }
        Ok(())
    }

    async fn disconnect(&mut self, gate: State<Gate>, journal: State<Journal>) {
        journal.note("going");
        gate.pass("out").await;
        journal.note("gone");
    }
}

#[tokio::test(start_paused = true)]
async fn rooms_change_for_a_client_that_goes_is_away_or_comes_back() {
    let (gate, journal) = (Gate::default(), Journal::default());
    let server = Server::builder()
        .collect(false)
        .state(gate.clone())
        .state(journal.clone())
        .consumer::<Doors>()
        .connection_state_recovery(Recovery::default())
        .build()
        .expect("the options are valid");
    let node = sio::testing::TestServer::new(server.clone());
    let client = node.connect("/").await.expect("it is let in");
    let id = client.id();
    client.socket().join(["red", "blue", "grey"]).await.expect("it is connected");
    client.kill().await;
    assert_eq!(journal.next().await, "going");
    server.to("red").join("going").await.unwrap();
    server.to("going").leave("red").await.unwrap();
    gate.open("out");
    assert_eq!(journal.next().await, "gone");
    // Nobody is there when it is away for certain.
    soon("it is away", async {
        while !server.rooms().is_empty() {
            tokio::task::yield_now().await;
        }
    })
    .await;
    server.to("blue").join(["away", "not for long"]).await.unwrap();
    server.to(&id).leave("blue").await.unwrap();
    server.of("/").remote(&id).join("alone").await.expect("it may come back");
    server.of("/").remote(&id).leave("not for long").await.expect("it may come back");
    assert_eq!(server.rooms(), [""; 0], "nobody sees that");
    let names = ["red", "blue", "not for long", "grey", "going", "away", "alone"];
    for name in names {
        server.to(name).emit(name, &()).await.expect("a broadcast cannot fail");
    }
    let coming = async {
        assert_eq!(journal.next().await, "coming");
        server.to("away").join("coming").await.unwrap();
        server.to("coming").leave("grey").await.unwrap();
        gate.open("in");
    };
    let (again, ()) = tokio::join!(node.client().resume(&client).connect(), coming);
    let again = again.expect("nobody is refused");
    assert!(again.is_recovered() && again.id() == id);
    assert_eq!(again.rooms(), ["alone", "away", "coming", "going"]);
    for name in &names[3..] {
        again.next::<()>(name).await;
    }
    again.nothing_more().await;
}
