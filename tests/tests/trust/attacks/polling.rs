//! Sessions by polling, of both revisions, and their upgrade.

use sio_tests::{Request, TestServer};

use super::{Seen, attacked, everything};

/// The body of a POST to a session that has joined `/`, and what is answered; `gone` if the session ends over it.
const BODIES: &[(&str, &[u8], &str)] = &[
    ("an empty body", b"", "400, gone"),
    ("a separator alone", b"\x1e", "400, gone"),
    ("a separator at the end", b"42[\"ask\"]\x1e", "400, gone"),
    ("a packet that is none", b"x", "400, gone"),
    ("no UTF-8", b"4\xff", "400, gone"),
    ("base64 that is none", b"b***", "400, gone"),
    ("an open packet", b"0{}", "400, gone"),
    ("an event that is none", b"42{}", "400, gone"),
    ("an attachment that nobody announced", b"bAAAA", "400, gone"),
    ("a second connect", b"40", "400, gone"),
    ("a namespace that was never joined", b"42/x,[\"ask\"]", "400, gone"),
    ("a close packet", b"1", "200, gone"),
    ("an upgrade without a WebSocket", b"5", "200, there"),
    ("a ping, which is the server's to send", b"2", "400, gone"),
    ("a noop", b"6", "200, there"),
];

/// The session after it: whether it still answers.
async fn seen(server: &TestServer, body: &[u8]) -> Seen {
    let mut polling = server.polling().await;
    polling.join("/").await;
    let answer = polling.post(body).await;
    let after = server.request(&Request::post(polling.target(), "3")).await;
    let state = if after.status == 200 { "there" } else { "gone" };
    if state == "there" {
        polling.post("1").await;
    }
    format!("{}, {state}", answer.status)
}

/// The requests are sent at once on connections of their own; the statuses in the order of the answers.
async fn at_once(server: &TestServer, make: impl Fn(&str) -> Request, count: usize) -> Seen {
    let mut polling = server.polling().await;
    polling.join("/").await;
    let target = polling.target();
    let mut connections = Vec::new();
    for _ in 0..count {
        let mut http = server.http().await;
        http.send(&make(&target)).await;
        connections.push(http);
    }
    let mut statuses = Vec::new();
    for http in &mut connections {
        statuses.push(http.receive().await.status);
    }
    if statuses.contains(&400) { "refused".to_owned() } else { format!("{statuses:?}") }
}

#[test]
fn polling_that_breaks_the_rules_harms_nobody_else() {
    attacked(everything, async |server, watch| {
        for (name, body, expected) in BODIES {
            watch.attack(name, expected, seen(server, body)).await;
        }
        let large = [b"42[\"ask\",\"", &vec![b'x'; 1_000_000][..], b"\"]"].concat();
        watch.attack("a body that is too large", "413, gone", seen(server, &large)).await;
        let gets = at_once(server, |target| Request::get(target), 3);
        watch.attack("three GETs at once", "refused", gets).await;
    });
}
