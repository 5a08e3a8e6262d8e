//! Requests: the way in, the upgrade, static files and headers.

use sio_tests::{Http, TestServer};

use super::requests::REQUESTS;
use super::{Seen, attacked, everything};

/// The status of the answer, and the code of Engine.IO, if it has one.
async fn seen(server: &TestServer, request: &[u8]) -> Seen {
    let mut http = Http::open(server.address).await;
    http.send_raw(request).await;
    let Some(answer) = http.try_receive().await else { return "closed".to_owned() };
    let json = serde_json::from_slice::<serde_json::Value>(&answer.body).unwrap_or_default();
    match json.get("code") {
        Some(code) => format!("{} {code}", answer.status),
        None => answer.status.to_string(),
    }
}

#[test]
fn requests_that_break_the_rules_harm_nobody_else() {
    attacked(everything, async |server, watch| {
        for (name, lines, expected) in REQUESTS {
            let request = format!("{}\r\n\r\n", lines.join("\r\n"));
            watch.attack(name, expected, seen(server, request.as_bytes())).await;
        }
        let many: String = (0..200).map(|number| format!("X-{number}: y\r\n")).collect();
        let large = format!("X: {}\r\n", "y".repeat(1_000_000));
        for (name, lines) in [("two hundred headers", many), ("a header of a megabyte", large)] {
            let request =
                format!("GET /socket.io/?EIO=4&transport=polling HTTP/1.1\r\nHost: a\r\n{lines}\r\n");
            watch.attack(name, "431", seen(server, request.as_bytes())).await;
        }
        let long = format!("GET /socket.io/?EIO=4&sid={} HTTP/1.1\r\nHost: a\r\n\r\n", "y".repeat(1_000_000));
        watch.attack("an address of a megabyte", "431", seen(server, long.as_bytes())).await;
    });
}
