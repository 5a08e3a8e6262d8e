//! Requests: the way in, the upgrade, static files and headers.

use sio_tests::{Http, TestServer};

use super::{Seen, Victim, attack, is_as_before, server};

/// The lines of a request, each of which ends as HTTP has it, and what is answered: the status and the code of Engine.IO.
const REQUESTS: &[(&str, &[&str], &str)] = &[
    ("no HTTP", &["hello"], "400"),
    ("a TLS hello", &["\x16\x03\x01\x02"], "400"),
    ("no host", &["GET /socket.io/?EIO=4&transport=polling HTTP/1.1"], "400"),
    ("two hosts", &["GET /socket.io/?EIO=4&transport=polling HTTP/1.1", "Host: a", "Host: b"], "400"),
    ("a host that is none", &["GET /socket.io/?EIO=4&transport=polling HTTP/1.1", "Host: a b/c"], "400"),
    ("an unknown method", &["BREW /socket.io/?EIO=4&transport=polling HTTP/1.1", "Host: a"], "400 2"),
    ("a session opened by PUT", &["PUT /socket.io/?EIO=4&transport=polling HTTP/1.1", "Host: a"], "400 2"),
    (
        "a session opened by POST",
        &["POST /socket.io/?EIO=4&transport=polling HTTP/1.1", "Host: a", "Content-Length: 0"],
        "400 2",
    ),
    ("an unknown transport", &["GET /socket.io/?EIO=4&transport=flash HTTP/1.1", "Host: a"], "400 0"),
    ("no transport", &["GET /socket.io/?EIO=4 HTTP/1.1", "Host: a"], "400 0"),
    ("an unknown revision", &["GET /socket.io/?EIO=5&transport=polling HTTP/1.1", "Host: a"], "400 5"),
    (
        "a revision that is no number",
        &["GET /socket.io/?EIO=%34&transport=polling HTTP/1.1", "Host: a"],
        "400 5",
    ),
    (
        "an unknown session",
        &["GET /socket.io/?EIO=4&transport=polling&sid=BwcHBwcHBwcHBwcHBwcH HTTP/1.1", "Host: a"],
        "400 1",
    ),
    (
        "a session that is no id",
        &["GET /socket.io/?EIO=4&transport=polling&sid=../../x HTTP/1.1", "Host: a"],
        "400 1",
    ),
    (
        "a session of many letters",
        &[
            "GET /socket.io/?EIO=4&transport=polling&sid=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa HTTP/1.1",
            "Host: a",
        ],
        "400 1",
    ),
    (
        "a POST to an unknown session",
        &[
            "POST /socket.io/?EIO=4&transport=polling&sid=BwcHBwcHBwcHBwcHBwcH HTTP/1.1",
            "Host: a",
            "Content-Length: 1",
        ],
        "400 1",
    ),
    (
        "a WebSocket to an unknown session",
        &[
            "GET /socket.io/?EIO=4&transport=websocket&sid=BwcHBwcHBwcHBwcHBwcH HTTP/1.1",
            "Host: a",
            "Connection: Upgrade",
            "Upgrade: websocket",
            "Sec-WebSocket-Version: 13",
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
        ],
        "400 1",
    ),
    (
        "a WebSocket that asks for polling",
        &[
            "GET /socket.io/?EIO=4&transport=polling HTTP/1.1",
            "Host: a",
            "Connection: Upgrade",
            "Upgrade: websocket",
            "Sec-WebSocket-Version: 13",
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
        ],
        "400 3",
    ),
    (
        "a WebSocket without an upgrade",
        &["GET /socket.io/?EIO=4&transport=websocket HTTP/1.1", "Host: a"],
        "400 3",
    ),
    (
        "a WebSocket of another version",
        &[
            "GET /socket.io/?EIO=4&transport=websocket HTTP/1.1",
            "Host: a",
            "Connection: Upgrade",
            "Upgrade: websocket",
            "Sec-WebSocket-Version: 8",
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
        ],
        "426 3",
    ),
    (
        "a WebSocket without a key",
        &[
            "GET /socket.io/?EIO=4&transport=websocket HTTP/1.1",
            "Host: a",
            "Connection: Upgrade",
            "Upgrade: websocket",
            "Sec-WebSocket-Version: 13",
        ],
        "400 3",
    ),
    (
        "a key that is none",
        &[
            "GET /socket.io/?EIO=4&transport=websocket HTTP/1.1",
            "Host: a",
            "Connection: Upgrade",
            "Upgrade: websocket",
            "Sec-WebSocket-Version: 13",
            "Sec-WebSocket-Key: x",
        ],
        "400 3",
    ),
    (
        "a foreign page",
        &["GET /socket.io/?EIO=4&transport=polling HTTP/1.1", "Host: a", "Origin: https://evil.example"],
        "403 4",
    ),
    (
        "a page without an origin",
        &["GET /socket.io/?EIO=4&transport=polling HTTP/1.1", "Host: a", "Origin: null"],
        "403 4",
    ),
    (
        "two origins",
        &[
            "GET /socket.io/?EIO=4&transport=polling HTTP/1.1",
            "Host: a",
            "Origin: http://a",
            "Origin: http://a",
        ],
        "403 4",
    ),
    (
        "an origin with the host as user",
        &["GET /socket.io/?EIO=4&transport=polling HTTP/1.1", "Host: a", "Origin: http://a@evil.example"],
        "403 4",
    ),
    (
        "an origin that begins like the host",
        &["GET /socket.io/?EIO=4&transport=polling HTTP/1.1", "Host: a", "Origin: http://a.evil.example"],
        "403 4",
    ),
    (
        "a forwarded host that nobody trusts",
        &[
            "GET /socket.io/?EIO=4&transport=polling HTTP/1.1",
            "Host: a",
            "X-Forwarded-Host: evil.example",
            "Origin: http://evil.example",
        ],
        "403 4",
    ),
    (
        "a foreign page by WebSocket",
        &[
            "GET /socket.io/?EIO=4&transport=websocket HTTP/1.1",
            "Host: a",
            "Connection: Upgrade",
            "Upgrade: websocket",
            "Sec-WebSocket-Version: 13",
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
            "Origin: https://evil.example",
        ],
        "403 4",
    ),
    ("a path below", &["GET /socket.io/x?EIO=4&transport=polling HTTP/1.1", "Host: a"], "404"),
    ("a path beside", &["GET /socket.iox?EIO=4&transport=polling HTTP/1.1", "Host: a"], "404"),
    ("a path with dots", &["GET /x/../socket.io/?EIO=4&transport=polling HTTP/1.1", "Host: a"], "404"),
    ("a file outside", &["GET /files/../Cargo.toml HTTP/1.1", "Host: a"], "404"),
    ("a file outside, encoded", &["GET /files/%2e%2e/Cargo.toml HTTP/1.1", "Host: a"], "404"),
    ("a file outside, encoded twice", &["GET /files/%252e%252e/Cargo.toml HTTP/1.1", "Host: a"], "404"),
    ("a file outside, with an encoded slash", &["GET /files/..%2fCargo.toml HTTP/1.1", "Host: a"], "404"),
    ("a file outside, with a backslash", &["GET /files/..\\Cargo.toml HTTP/1.1", "Host: a"], "404"),
    ("a file of the system", &["GET /files//etc/passwd HTTP/1.1", "Host: a"], "404"),
    ("a file with a zero in its name", &["GET /files/x%00.rs HTTP/1.1", "Host: a"], "404"),
    ("a folder", &["GET /files/ HTTP/1.1", "Host: a"], "404"),
    ("a file by POST", &["POST /files/x HTTP/1.1", "Host: a", "Content-Length: 0"], "405"),
    (
        "both lengths",
        &[
            "POST /socket.io/?EIO=4&transport=polling HTTP/1.1",
            "Host: a",
            "Content-Length: 4",
            "Transfer-Encoding: chunked",
        ],
        "400 2",
    ),
    (
        "two lengths",
        &[
            "POST /socket.io/?EIO=4&transport=polling HTTP/1.1",
            "Host: a",
            "Content-Length: 4",
            "Content-Length: 5",
        ],
        "400",
    ),
    (
        "a negative length",
        &["POST /socket.io/?EIO=4&transport=polling HTTP/1.1", "Host: a", "Content-Length: -1"],
        "400",
    ),
    (
        "a length with a sign",
        &["POST /socket.io/?EIO=4&transport=polling HTTP/1.1", "Host: a", "Content-Length: +1"],
        "400",
    ),
    ("a space before a colon", &["GET /socket.io/?EIO=4&transport=polling HTTP/1.1", "Host : a"], "400"),
    (
        "a folded header",
        &["GET /socket.io/?EIO=4&transport=polling HTTP/1.1", "Host: a", "X: a", " b"],
        "400",
    ),
    (
        "a header without a name",
        &["GET /socket.io/?EIO=4&transport=polling HTTP/1.1", "Host: a", ": b"],
        "400",
    ),
    ("an unknown version", &["GET /socket.io/?EIO=4&transport=polling HTTP/9.9", "Host: a"], "400"),
    (
        "an unknown session of revision 3",
        &["GET /socket.io/?EIO=3&transport=polling&sid=x HTTP/1.1", "Host: a"],
        "400 1",
    ),
    (
        "a callback that is a script",
        &["GET /socket.io/?EIO=3&transport=polling&j=alert(1) HTTP/1.1", "Host: a"],
        "400 3",
    ),
];

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

#[tokio::test]
async fn requests_that_break_the_rules_harm_nobody_else() {
    let server = server().await;
    let (mut victim, mut wrong) = (Victim::of(&server).await, Vec::new());
    for (name, lines, expected) in REQUESTS {
        let request = format!("{}\r\n\r\n", lines.join("\r\n"));
        wrong.extend(attack(&mut victim, name, expected, seen(&server, request.as_bytes())).await);
    }
    let many: String = (0..200).map(|number| format!("X-{number}: y\r\n")).collect();
    let large = format!("X: {}\r\n", "y".repeat(1_000_000));
    for (name, lines) in [("two hundred headers", many), ("a header of a megabyte", large)] {
        let request = format!("GET /socket.io/?EIO=4&transport=polling HTTP/1.1\r\nHost: a\r\n{lines}\r\n");
        wrong.extend(attack(&mut victim, name, "431", seen(&server, request.as_bytes())).await);
    }
    let long = format!("GET /socket.io/?EIO=4&sid={} HTTP/1.1\r\nHost: a\r\n\r\n", "y".repeat(100_000));
    wrong.extend(attack(&mut victim, "a long address", "431", seen(&server, long.as_bytes())).await);
    is_as_before(&server, victim, wrong).await;
}
