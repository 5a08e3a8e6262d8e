//! Those who may come in, and want more: the Admin UI, and clients whose time is over.

use std::time::{Duration, Instant};

use sio::Builder;
use sio::options::Admin;
use sio::prelude::*;
use sio_tests::{TestServer, app::Plain, ws::Received};

use super::{Seen, attacked};

/// Of the password `secret`, at the lowest cost.
const HASH: &str = "$2b$04$EGnsCBF/TrcS4pFS7kODQ.Gab3ozXCZUNdACp9ooZIiPt2EeV34bi";

/// Auth payloads of clients that try to get into the Admin UI.
const LOGINS: &[(&str, &str)] = &[
    ("nothing", ""),
    ("no object", "[]"),
    ("a wrong password", r#"{"username":"ops","password":"Secret"}"#),
    ("a password that is none", r#"{"username":"ops","password":{"$ne":1}}"#),
    ("a list of passwords", r#"{"username":"ops","password":["secret"]}"#),
    ("a password with a zero in it", r#"{"username":"ops","password":"secret\u0000"}"#),
    ("a login that nobody has", r#"{"sessionId":"AAAAAAAAAAAAAAAAAAAA"}"#),
    ("a login that is none", r#"{"sessionId":{"length":20}}"#),
    // By now the address has failed too often.
    ("the right password, guessed at last", r#"{"username":"ops","password":"secret"}"#),
];

/// `/leased`, where everybody may stay for a moment.
#[derive(Default)]
struct Leased;

#[consumer(namespace = "/leased")]
impl Leased {
    async fn connect(socket: &Socket) -> Self {
        socket.expires_at(Instant::now() + Duration::from_millis(100));
        Self
    }

    async fn event_ask(&mut self) -> u8 {
        7
    }
}

async fn login(server: &TestServer, auth: &str) -> Seen {
    let mut ws = server.socket("/").await;
    ws.send(&format!("40/admin,{auth}")).await;
    match ws.receive().await {
        Received::Text(text) => match text.strip_prefix(r#"44/admin,{"message":""#) {
            Some(message) => message.split('"').next().unwrap_or_default().to_owned(),
            None => text,
        },
        other => other.to_string(),
    }
}

/// Many passwords at once, each of which takes a processor to look at.
async fn many_logins(server: &TestServer, count: usize) -> Seen {
    let mut clients = Vec::new();
    for number in 0..count {
        let mut ws = server.socket("/").await;
        ws.send(&format!(r#"40/admin,{{"username":"ops","password":"{number}"}}"#)).await;
        clients.push(ws);
    }
    for ws in &mut clients {
        match ws.receive().await {
            Received::Text(text) if text.starts_with("44/admin,") => {}
            other => return other.to_string(),
        }
    }
    "refused".to_owned()
}

/// Goes on asking when its time is over, without reading, and comes again.
async fn overstay(server: &TestServer) -> Seen {
    let mut ws = server.socket("/leased").await;
    let mut answers = 0_u64;
    loop {
        ws.send(r#"42/leased,1["ask"]"#).await;
        match ws.receive().await {
            Received::Text(text) if text == "43/leased,1[7]" => answers += 1,
            Received::Text(text) if text.contains("auth_expired") || text.contains("expiring") => {}
            Received::Text(text) if text == "41/leased," => break,
            other => return other.to_string(),
        }
    }
    // A question is late now.
    ws.send_all(&[r#"42/leased,2["ask"]"#, "40/nowhere,"]).await;
    ws.expect(r#"44/nowhere,{"message":"Invalid namespace"}"#).await;
    if answers > 0 { "put out".to_owned() } else { "never in".to_owned() }
}

#[test]
fn those_who_want_more_than_they_may_harm_nobody_else() {
    let guarded =
        |builder: Builder| builder.consumer::<Plain>().consumer::<Leased>().admin(Admin::basic("ops", HASH));
    attacked(guarded, async |server, watch| {
        for (name, auth) in LOGINS {
            watch.attack(name, "invalid credentials", login(server, auth)).await;
        }
        let large = format!(r#"{{"username":"ops","password":"{}"}}"#, "x".repeat(900_000));
        watch.attack("a password of a megabyte", "invalid credentials", login(server, &large)).await;
        watch.attack("passwords by the hundred", "refused", many_logins(server, 100)).await;
        watch.attack("one whose time is over", "put out", overstay(server)).await;
    });
}
