use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::{Handled, Observer, SessionChange, SocketChange};
use crate::Value;
use crate::packet_client::PacketClient;
use crate::prelude::*;

#[derive(Default)]
struct Heard;

#[consumer(namespace = "/tests/heard")]
impl Heard {
    async fn event_join(socket: &Socket) -> crate::Result {
        socket.join(["a", "b"]).await?;
        socket.join("a").await?;
        socket.leave("b").await?;
        socket.emit("one", &(1, "x")).await?;
        socket.namespace().to("a").emit("all", &()).await?;
        Ok(())
    }
}

type Notes = Arc<Mutex<Vec<String>>>;

fn noting(notes: &Notes) -> impl Fn(String) + Clone + Send + Sync + 'static + use<> {
    let notes = Arc::clone(notes);
    move |text| notes.lock().unwrap().push(text)
}

#[tokio::test]
async fn listeners_hear_of_everything_in_order() {
    let notes = Notes::default();
    let (incoming, outgoing, room) = (noting(&notes), noting(&notes), noting(&notes));
    let server = Server::builder()
        .collect(false)
        .consumer::<Heard>()
        .on_incoming(move |socket, event, args| {
            incoming(format!("in {} {event} {}", socket.namespace().path(), args.raw()));
            panic!("it is only an onlooker");
        })
        .on_outgoing(move |sent| {
            let whom = if sent.socket().is_some() { "one".to_owned() } else { sent.rooms().join(",") };
            outgoing(format!("out {} to {whom} {}", sent.event(), sent.json()));
        })
        .on_room(move |_, name, event| {
            let event = format!("{event:?}");
            room(format!("{name} {}", event.split('(').next().unwrap()));
        })
        .build()
        .unwrap();
    let mut client = PacketClient::new(&server);
    client.join("0/tests/heard,").await;
    client.send(&[r#"2/tests/heard,1["join"]"#]).await;
    client.leave().await;
    let heard = [
        r#"in /tests/heard join ["join"]"#,
        "a Created",
        "a Joined",
        "b Created",
        "b Joined",
        "b Left",
        "b Deleted",
        r#"out one to one ["one",1,"x"]"#,
        r#"out all to a ["all"]"#,
        "a Left",
        "a Deleted",
    ];
    assert_eq!(*notes.lock().unwrap(), heard);
}

#[derive(Default)]
struct Watched;

#[consumer(namespace = "/tests/watched/{id}")]
impl Watched {
    async fn connect(auth: Value) -> Result<Self, ConnectError> {
        if auth.get("no").is_some() { Err(ConnectError::new("no")) } else { Ok(Self) }
    }

    async fn event_fine() {}

    async fn event_slow() {
        tokio::time::sleep(Duration::from_secs(3)).await;
    }

    async fn event_number(_: u32) {}

    async fn event_wrong() -> sio::Result {
        Err(sio::Error::new("wrong", "Wrong"))
    }

    #[event("bang", concurrent)]
    async fn bang() {
        panic!("bang");
    }
}

/// Notes what it is told of, and panics each time.
struct Noting<F>(F);

impl<F: Fn(String) + Send + Sync + 'static> Observer for Noting<F> {
    fn socket(&self, change: &SocketChange<'_>) {
        (self.0)(match change {
            SocketChange::Accepted(socket) => format!("accepted in {}", socket.namespace().path()),
            SocketChange::Refused { error, .. } => format!("refused: {}", error.message()),
            SocketChange::Left { reason, .. } => format!("left: {reason}"),
        });
        panic!("it is only an onlooker");
    }

    fn handled(&self, event: &Handled<'_>) {
        (self.0)(format!("{} {} {:?} {:?}", event.pattern(), event.event(), event.index(), event.outcome()));
        panic!("it is only an onlooker");
    }
}

#[tokio::test]
async fn observers_hear_how_sockets_and_events_end() {
    let notes = Notes::default();
    let builder = Server::builder().collect(false).consumer::<Watched>();
    let builder = builder.observer(Noting(noting(&notes))).observer(Noting(noting(&notes)));
    let mut client = PacketClient::new(&builder.build().unwrap());
    client.send(&[r#"0/tests/watched/7,{"no":1}"#]).await;
    client.join("0/tests/watched/7,").await;
    for event in ["fine", "number", "wrong", "bang", "invented"] {
        client.send(&[&*format!(r#"2/tests/watched/7,1["{event}"]"#)]).await;
    }
    client.leave().await;
    let heard = [
        "refused: no",
        "accepted in /tests/watched/7",
        "/tests/watched/{id} fine Some(0) Ok",
        "/tests/watched/{id} number Some(2) Payload",
        "/tests/watched/{id} wrong Some(3) Application",
        "/tests/watched/{id} bang Some(4) Panicked",
        "/tests/watched/{id} invented None Unhandled",
        "left: transport close",
    ];
    let twice: Vec<_> = heard.iter().flat_map(|note| [*note; 2]).collect();
    assert_eq!(*notes.lock().unwrap(), twice);
}

/// Notes how long things took.
struct Timing<F>(F);

impl<F: Fn(String) + Send + Sync + 'static> Observer for Timing<F> {
    fn session(&self, change: &SessionChange<'_>) {
        match change {
            SessionChange::Opened { .. } => (self.0)("opened".to_owned()),
            SessionChange::Upgraded { .. } => {}
            SessionChange::Closed { lasted, reason, .. } => (self.0)(format!("{reason} after {lasted:?}")),
        }
    }

    fn handled(&self, event: &Handled<'_>) {
        (self.0)(format!("{} waited {:?}", event.event(), event.waited()));
    }
}

#[tokio::test(start_paused = true)]
async fn observers_hear_how_long_events_wait_and_sessions_last() {
    let notes = Notes::default();
    let server = Server::builder().collect(false).consumer::<Watched>().observer(Timing(noting(&notes)));
    let server = server.build().unwrap();
    let mut client = PacketClient::new(&server);
    client.join("0/tests/watched/7,").await;
    client.send(&[r#"2/tests/watched/7,["slow"]"#]).await;
    tokio::time::advance(Duration::from_secs(1)).await;
    // Concurrent handlers do not wait for others.
    client.send(&[r#"2/tests/watched/7,["fine"]"#, r#"2/tests/watched/7,["bang"]"#]).await;
    tokio::time::advance(Duration::from_secs(2)).await;
    client.settle().await;
    client.leave().await;
    let heard =
        ["opened", "bang waited 0ns", "slow waited 0ns", "fine waited 2s", "transport close after 3s"];
    assert_eq!(*notes.lock().unwrap(), heard);
    // One whose task does not come to its end.
    notes.lock().unwrap().clear();
    let client = PacketClient::new(&server);
    tokio::time::advance(Duration::from_secs(5)).await;
    drop(client);
    assert_eq!(*notes.lock().unwrap(), ["opened", "transport close after 5s"]);
}

#[cfg(feature = "msgpack")]
#[tokio::test]
async fn observers_see_json_whatever_the_parser() {
    let notes = Notes::default();
    let sent = noting(&notes);
    let builder = Server::builder().collect(false).parser(crate::options::Parser::MessagePack);
    let server = builder.on_outgoing(move |outgoing| {
        let json: serde_json::Value = serde_json::from_str(outgoing.json()).unwrap();
        sent(format!("{json} {}", outgoing.bytes()));
    });
    let server = server.build().unwrap();
    server.of("/").emit("news", &(1, Binary::from(b"x"))).await.unwrap();
    // One frame, the attachment in its place.
    assert_eq!(*notes.lock().unwrap(), [r#"["news",1,{"_placeholder":true,"num":0}] 30"#]);
}

#[tokio::test(start_paused = true)]
async fn a_handler_without_end_to_its_time_is_timed_from_its_beginning() {
    let second = Duration::from_secs(1);
    for (timeout, slow) in [(Some(Duration::MAX), Some(second)), (Some(Duration::MAX), None), (None, None)] {
        let builder = Server::builder().collect(false).consumer::<Watched>().metrics(true);
        let builder = builder.slow_handler_warning(slow);
        let builder = match timeout {
            Some(timeout) => builder.handler_timeout(timeout),
            None => builder,
        };
        let server = builder.build().unwrap();
        let mut client = PacketClient::new(&server);
        client.join("0/tests/watched/7,").await;
        client.send(&[r#"2/tests/watched/7,1["slow"]"#]).await;
        for _ in 0..3 {
            tokio::time::advance(second).await;
            client.settle().await;
        }
        assert_eq!(client.received(), ["3/tests/watched/7,1[]"], "{timeout:?} {slow:?}");
        let metrics = server.metrics();
        let durations =
            metrics.families().iter().find(|family| family.name() == "sio_event_duration_seconds").unwrap();
        let sum: f64 = durations.samples().iter().map(super::Sample::sum).sum();
        assert_eq!(sum, 3.0, "{timeout:?} {slow:?}");
    }
}
