//! Upgrades, and the use of two transports at once.

use sio_tests::{Polling, Request, TestServer, Ws, ws::Received};

use super::{Seen, attacked, everything};

/// The packets that are sent by the second transport, and the outcome.
const UPGRADES: &[(&str, &[&str], &str)] = &[
    ("a probe of another text", &["2other"], "refused, still polls"),
    ("a ping without a text", &["2"], "refused, still polls"),
    ("a message in place of a probe", &[r#"421["ask"]"#], "refused, still polls"),
    ("a close packet in place of a probe", &["1"], "refused, still polls"),
    ("an upgrade without a probe", &["5"], "upgraded"),
    ("a message between probe and upgrade", &["2probe", r#"421["ask"]"#], "refused, still polls"),
    ("ten probes", &["2probe"; 10], "probing, still polls"),
    ("two upgrades", &["2probe", "5", "5"], "upgraded"),
    ("a probe behind the upgrade", &["2probe", "5", "2probe"], "closed"),
    ("an upgrade and the end", &["2probe", "5", "1"], "closed"),
];

/// A session by polling that has joined, and a WebSocket with its id.
async fn begin(server: &TestServer) -> (Polling, Ws) {
    let mut polling = server.polling().await;
    polling.join("/").await;
    let ws = server.second_ws(&polling.open.sid).await.expect("the upgrade is accepted");
    (polling, ws)
}

/// Returns whether a session still polls. It ends.
async fn still_polls(server: &TestServer, polling: &mut Polling) -> bool {
    let target = polling.target();
    let answer = server.request(&Request::post(&target, "1")).await;
    answer.status == 200
}

async fn seen(server: &TestServer, packets: &[&str]) -> Seen {
    let (mut polling, mut ws) = begin(server).await;
    for packet in packets {
        ws.send(packet).await;
    }
    if packets.contains(&"5") {
        ws.send(r#"427["ask"]"#).await;
    }
    let state = loop {
        match ws.receive().await {
            Received::Text(pong) if pong == "3probe" && packets.len() == 10 => break "probing",
            Received::Text(pong) if pong == "3probe" || pong == "6" => {}
            Received::Text(answer) if answer == "437[]" => return "upgraded".to_owned(),
            Received::Close(_) | Received::End => break "refused",
            Received::Text(other) => return other,
            other => return other.to_string(),
        }
    };
    match still_polls(server, &mut polling).await {
        true => format!("{state}, still polls"),
        false => "closed".to_owned(),
    }
}

/// Two WebSockets for one session: the first keeps its place.
async fn second_probe(server: &TestServer) -> Seen {
    let (polling, mut first) = begin(server).await;
    first.send("2probe").await;
    first.expect("3probe").await;
    let mut second = server.second_ws(&polling.open.sid).await;
    let refused = match &mut second {
        Ok(ws) => matches!(ws.receive().await, Received::Close(_) | Received::End),
        Err(answer) => answer.status == 400,
    };
    first.send_all(&["5", r#"427["ask"]"#]).await;
    loop {
        match first.receive().await {
            Received::Text(noop) if noop == "6" => {}
            Received::Text(answer) if answer == "437[]" => break,
            other => return other.to_string(),
        }
    }
    if refused { "the first keeps its place".to_owned() } else { "both".to_owned() }
}

/// POSTs and GETs of a session that has moved.
async fn old_transport(server: &TestServer) -> Seen {
    let (polling, mut ws) = begin(server).await;
    ws.send_all(&["2probe", "5"]).await;
    ws.expect("3probe").await;
    ws.send(r#"427["ask"]"#).await;
    loop {
        match ws.receive().await {
            Received::Text(answer) if answer == "437[]" => break,
            Received::Text(_) => {}
            other => return other.to_string(),
        }
    }
    let get = server.request(&Request::get(polling.target())).await.status;
    let post = server.request(&Request::post(polling.target(), "41")).await.status;
    ws.send(r#"428["ask"]"#).await;
    ws.expect("438[]").await;
    format!("{get} {post}")
}

/// Probes that are given up, one after the other, while a GET waits.
async fn probes_without_end(server: &TestServer, count: usize) -> Seen {
    let mut polling = server.polling().await;
    polling.join("/").await;
    for _ in 0..count {
        let Ok(mut ws) = server.second_ws(&polling.open.sid).await else { continue };
        ws.send("2probe").await;
    }
    polling.send(r#"427["ask"]"#).await;
    let answer = loop {
        let packet = polling.next().await;
        if packet != "6" {
            break packet;
        }
    };
    polling.post("1").await;
    answer
}

#[test]
fn upgrades_that_break_the_rules_harm_nobody_else() {
    attacked(everything, async |server, watch| {
        for (name, packets, expected) in UPGRADES {
            watch.attack(name, expected, seen(server, packets)).await;
        }
        let expected = "the first keeps its place";
        watch.attack("a second WebSocket", expected, second_probe(server)).await;
        watch.attack("the transport that was left", "400 400", old_transport(server)).await;
        watch.attack("fifty probes", "437[]", probes_without_end(server, 50)).await;
    });
}
