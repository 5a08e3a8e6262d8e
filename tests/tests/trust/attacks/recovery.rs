//! Clients that come back, or say that they do.

use std::time::Duration;

use sio::Builder;
use sio::options::Recovery;
use sio_tests::{TestServer, app::Plain, ws::Received};

use super::{Seen, attacked};

/// How long a client is waited for, so short that the test need not wait.
const AWAY: Duration = Duration::from_millis(200);

/// How many may be away at a time.
const PLACES: usize = 50;

/// Joins with this auth payload, and returns the secret of the CONNECT and the client.
async fn join(server: &TestServer, auth: &str) -> (String, sio_tests::Ws) {
    let mut ws = server.ws().await;
    ws.send(&format!("40{auth}")).await;
    loop {
        match ws.receive().await {
            Received::Text(text) if text.starts_with("40") => {
                let json: serde_json::Value = serde_json::from_str(&text[2..]).expect("the payload is JSON");
                return (json["pid"].as_str().expect("a secret").to_owned(), ws);
            }
            Received::Text(_) => {}
            other => panic!("joining was answered {other}"),
        }
    }
}

/// Ids that nobody has, or that are public.
async fn guesses(server: &TestServer, count: usize) -> Seen {
    let (own, victim) = join(server, "").await;
    let sid = server.of("/").sockets()[0].id().to_string();
    let mut letters = own.clone().into_bytes();
    for guess in 0..count {
        let at = guess % letters.len();
        letters[at] = if letters[at] == b'A' { b'B' } else { b'A' };
        let pid = String::from_utf8_lossy(&letters).into_owned();
        for pid in [pid, sid.clone()] {
            let (found, _ws) = join(server, &format!(r#"{{"pid":"{pid}","offset":"0"}}"#)).await;
            if found == own || found == pid {
                return "found".to_owned();
            }
        }
    }
    drop(victim);
    "nobody".to_owned()
}

/// A client that is there comes back: by the one who knows its secret, the other connection loses it.
async fn twice_at_once(server: &TestServer) -> Seen {
    let (pid, mut first) = join(server, "").await;
    first.send(r#"421["echo",1]"#).await;
    let offset = match first.receive().await {
        Received::Text(event) => event.rsplit('"').nth(1).unwrap_or_default().to_owned(),
        other => return other.to_string(),
    };
    let auth = format!(r#"{{"pid":"{pid}","offset":"{offset}"}}"#);
    let (again, mut second) = join(server, &auth).await;
    let mut third = join(server, &auth).await;
    second.send(r#"422["ask"]"#).await;
    third.1.send(r#"423["ask"]"#).await;
    let answer = third.1.receive().await.to_string();
    format!("{}, {}, {answer}", again == pid, third.0 == pid)
}

/// More clients that go than there are places for them.
async fn crowd(server: &TestServer, count: usize) -> Seen {
    for _ in 0..count {
        drop(join(server, "").await);
    }
    "gone".to_owned()
}

/// One client that comes back again and again, from offsets that there are not.
async fn restless(server: &TestServer, count: usize) -> Seen {
    let mut pid = join(server, "").await.0;
    for number in 0..count {
        let offset = if number % 2 == 0 { "18446744073709551615" } else { "-1" };
        pid = join(server, &format!(r#"{{"pid":"{pid}","offset":"{offset}"}}"#)).await.0;
    }
    "gone".to_owned()
}

#[test]
fn clients_that_only_say_that_they_come_back_harm_nobody_else() {
    let recovering = |builder: Builder| {
        let recovery = Recovery::default().max_disconnection(AWAY).max_clients(PLACES);
        builder.consumer::<Plain>().connection_state_recovery(recovery)
    };
    attacked(recovering, async |server, watch| {
        watch.attack("guessed secrets", "nobody", guesses(server, 40)).await;
        watch.attack("one secret at three places", "true, true, 433[]", twice_at_once(server)).await;
        watch.attack("a crowd that goes", "gone", crowd(server, 4 * PLACES)).await;
        watch.attack("one that cannot stay", "gone", restless(server, 100)).await;
    });
}
