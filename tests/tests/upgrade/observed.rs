//! An observer's view of a session.

use sio::observe::{Handled, Observer, Outgoing, SessionChange, SocketChange};
use sio_tests::{TestServer, app::Plain, journal::Journal};

use super::{joined, probed};

/// Notes everything, and panics each time: that is nobody's business but the log's.
struct Heard(Journal);

impl Observer for Heard {
    fn session(&self, change: &SessionChange<'_>) {
        self.0.note(match change {
            SessionChange::Opened { transport, handshake } => {
                format!("opened by {transport}, {}", handshake.path())
            }
            SessionChange::Upgraded { transport, .. } => format!("upgraded to {transport}"),
            SessionChange::Closed { transport, reason, .. } => format!("closed by {transport}: {reason}"),
            other => format!("{other:?}"),
        });
        panic!("it is only an onlooker");
    }

    fn socket(&self, change: &SocketChange<'_>) {
        self.0.note(match change {
            SocketChange::Accepted(_) => "accepted".to_owned(),
            SocketChange::Left { reason, .. } => format!("left: {reason}"),
            other => format!("{other:?}"),
        });
        panic!("it is only an onlooker");
    }

    fn handled(&self, event: &Handled<'_>) {
        self.0.note(format!("{} {:?}, {} bytes", event.event(), event.outcome(), event.bytes()));
        panic!("it is only an onlooker");
    }

    fn sent(&self, sent: &Outgoing<'_>) {
        self.0.note(format!("{} to {}, {} bytes", sent.json(), sent.recipients(), sent.bytes()));
        panic!("it is only an onlooker");
    }
}

#[tokio::test]
async fn observers_hear_how_a_session_goes() {
    let heard = Journal::default();
    let server =
        TestServer::start(|builder| builder.consumer::<Plain>().observer(Heard(heard.clone()))).await;
    let (polling, sid) = joined(&server).await;
    heard.expect("opened by polling, /socket.io/").await;
    heard.expect("accepted").await;
    let mut ws = probed(&server, &polling).await;
    ws.send("5").await;
    heard.expect("upgraded to websocket").await;
    ws.send_all(&[r#"421["ask",7]"#, r#"42["echo","x"]"#, r#"451-["ask",{"_placeholder":true,"num":0}]"#])
        .await;
    ws.send_binary(b"123").await;
    heard.expect("ask Ok, 9 bytes").await;
    heard.expect(r#"["echoed","x"] to 1, 18 bytes"#).await;
    heard.expect("echo Ok, 12 bytes").await;
    heard.expect("ask Ok, 40 bytes").await;
    let mut other = server.socket("/").await;
    heard.expect("opened by websocket, /socket.io/").await;
    heard.expect("accepted").await;
    let all = server.of("/");
    all.emit("news", &()).await.expect("it can be sent");
    heard.expect(r#"["news"] to 2, 12 bytes"#).await;
    all.except(&*sid).emit("news", &sio::Binary::from(b"123")).await.expect("it can be sent");
    let attached = r#"["news",{"_placeholder":true,"num":0}] to 1, 49 bytes"#;
    heard.expect(attached).await;
    all.to("nobody").emit("news", &()).await.expect("it can be sent");
    heard.expect(r#"["news"] to 0, 12 bytes"#).await;
    other.send("41").await;
    heard.expect("left: client namespace disconnect").await;
    other.close().await;
    heard.expect("closed by websocket: transport close").await;
    ws.close().await;
    heard.expect("closed by websocket: transport close").await;
    heard.expect("left: transport close").await;
    server.handle().close().await;
    assert_eq!(heard.rest(), [""; 0], "each session is closed once");
}
