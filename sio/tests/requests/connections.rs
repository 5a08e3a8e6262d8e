//! Connections of a server's own listener: how many there may be, and how long they may keep it waiting.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use sio::Server;
use sio::http::Listener;
use sio::options::Forwarded;
use sio::prelude::DisconnectReason;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::support::*;

/// Gives the streams that the test makes, so that its clock can be paused.
struct InMemory(mpsc::UnboundedReceiver<DuplexStream>);

impl Listener for InMemory {
    type Stream = DuplexStream;

    async fn accept(&mut self) -> io::Result<(DuplexStream, Option<SocketAddr>)> {
        match self.0.recv().await {
            Some(stream) => Ok((stream, Some(([192, 0, 2, 1], 5000).into()))),
            None => std::future::pending().await,
        }
    }

    fn address(&self) -> io::Result<String> {
        Ok("memory".to_owned())
    }
}

/// Makes connections to a server.
fn connector(server: &Server) -> impl Fn() -> DuplexStream + use<> {
    let (new, listener) = mpsc::unbounded_channel();
    let server = server.clone();
    tokio::spawn(async move { server.serve_with(InMemory(listener)).await });
    move || {
        let (ours, theirs) = duplex(64 * 1024);
        new.send(theirs).expect("the server runs");
        ours
    }
}

/// Waits until the server ends a connection, and says after how many seconds it has.
async fn until_end(stream: &mut DuplexStream) -> u64 {
    let start = Instant::now();
    let mut rest = Vec::new();
    // How it ends is the same to a client.
    let _ = stream.read_to_end(&mut rest).await;
    start.elapsed().as_secs()
}

#[tokio::test(start_paused = true)]
async fn an_idle_connection_lives_longer_than_those_of_load_balancers() {
    let long = Duration::from_secs(500);
    let server = build(|builder| builder.ping_interval(long).connect_timeout(long));
    let connect = connector(&server);
    let mut idle = connect();
    assert_eq!(until_end(&mut idle).await, 75);

    let mut used = connect();
    let sid = request(&mut used, "GET", POLLING, &[], "").await.sid();
    tokio::time::sleep(Duration::from_secs(70)).await;
    // A poll that is held is no idleness.
    let poll = format!("GET {POLLING}&sid={sid} HTTP/1.1\r\nHost: x\r\n\r\n");
    used.write_all(poll.as_bytes()).await.expect("the connection is open");
    tokio::time::sleep(Duration::from_secs(300)).await;
    let target = format!("{POLLING}&sid={sid}");
    assert_eq!(request(&mut connect(), "POST", &target, &[], "40").await.status, 200);
    let mut start = [0; 15];
    used.read_exact(&mut start).await.expect("the poll is answered");
    assert_eq!(&start, b"HTTP/1.1 200 OK");
    assert_eq!(until_end(&mut used).await, 75);
}

#[tokio::test(start_paused = true)]
async fn the_head_of_a_request_has_a_deadline_of_its_own() {
    let server = build(|builder| builder.keep_alive_timeout(Duration::from_secs(600)));
    let connect = connector(&server);
    let mut slow = connect();
    slow.write_all(b"GET / HTTP/1.1\r\nHost:").await.expect("the connection is open");
    assert_eq!(until_end(&mut slow).await, 30);

    // As well behind a request that has been answered, one byte at a time or not.
    let mut second = connect();
    assert_eq!(request(&mut second, "GET", "/", &[], "").await.status, 404);
    for byte in b"GET /" {
        second.write_all(&[*byte]).await.expect("the connection is open");
        tokio::time::sleep(Duration::from_secs(5)).await;
    }
    assert_eq!(until_end(&mut second).await, 5);
    let mut idle = connect();
    assert_eq!(until_end(&mut idle).await, 600);
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_nobody_takes_does_not_hold_its_connection() {
    let server = build(|builder| {
        let builder = builder.outgoing_queue_bytes(16 << 20).max_payload(16 << 20);
        builder.response_timeout(Duration::from_secs(7)).ping_interval(Duration::from_secs(500))
    });
    let connect = connector(&server);
    let mut greedy = connect();
    let sid = request(&mut greedy, "GET", POLLING, &[], "").await.sid();
    let target = format!("{POLLING}&sid={sid}");
    assert_eq!(request(&mut connect(), "POST", &target, &[], "40").await.status, 200);
    server.emit("large", &"x".repeat(7 << 20)).await.expect("the event is valid");
    greedy
        .write_all(format!("GET {target} HTTP/1.1\r\nHost: x\r\n\r\n").as_bytes())
        .await
        .expect("it is open");
    let start = Instant::now();
    while server.client_count() > 0 && start.elapsed() < Duration::from_secs(8) {
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    // The stream yields only what it held when it was closed.
    let mut rest = Vec::new();
    let _ = greedy.read_to_end(&mut rest).await;
    assert!(rest.len() < 1 << 20, "{} bytes", rest.len());
}

#[tokio::test(start_paused = true)]
async fn a_client_that_does_not_hear_of_the_end_has_three_seconds_and_its_connection_five() {
    let server = build(|builder| builder);
    let connect = connector(&server);
    let sid = request(&mut connect(), "GET", POLLING, &[], "").await.sid();
    let target = format!("{POLLING}&sid={sid}");
    assert_eq!(request(&mut connect(), "POST", &target, &[], "40").await.status, 200);
    let upgrade = [
        ("Connection", "upgrade"),
        ("Upgrade", "websocket"),
        ("Sec-WebSocket-Version", "13"),
        ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
    ];
    let mut websocket = connect();
    assert_eq!(request(&mut websocket, "GET", WEBSOCKET, &upgrade, "").await.status, 101);
    websocket.write_all(b"\x81\x82\0\0\0\x0040").await.expect("it is open");
    let everybody = server.of("/");
    while everybody.sockets().len() < 2 {
        tokio::task::yield_now().await;
    }
    let begin = Instant::now();
    let leave = |socket: sio::Socket| async move { (socket.closed().await, begin.elapsed().as_secs()) };
    let leaving: Vec<_> = everybody.sockets().into_iter().map(|socket| tokio::spawn(leave(socket))).collect();
    server.close().await;
    assert_eq!(begin.elapsed().as_secs(), 5);
    for left in leaving {
        assert_eq!(left.await.expect("it does not panic"), (DisconnectReason::ServerShuttingDown, 3));
    }
}

/// Makes a request that is answered 404, on a connection that stays open; none if the connection was refused.
async fn keep(address: SocketAddr) -> Option<TcpStream> {
    let mut stream = connect(address).await;
    let mut start = [0; 12];
    let asked = stream.write_all(b"GET /nothing HTTP/1.1\r\nHost: x\r\n\r\n").await;
    let answered = in_time(stream.read_exact(&mut start)).await;
    (asked.is_ok() && answered.is_ok() && &start == b"HTTP/1.1 404").then_some(stream)
}

async fn until_kept(address: SocketAddr) -> TcpStream {
    in_time(async {
        loop {
            if let Some(stream) = keep(address).await {
                return stream;
            }
            tokio::task::yield_now().await;
        }
    })
    .await
}

#[tokio::test]
async fn connections_of_an_address_without_a_session_count_as_well() {
    let server = listen(|builder| builder.max_connections_per_address(5)).await;
    let mut kept = Vec::new();
    for _ in 0..60 {
        kept.extend(keep(server.address).await);
    }
    assert_eq!(kept.len(), 3 * 5 + 4);
    // As often as a client asks: it can read why it is refused.
    for _ in 0..20 {
        let refused = get(server.address, "/nothing", &[]).await;
        assert_eq!((refused.status, refused.text()), (503, "Too many connections.\n"));
    }
    // One that ends makes room, and the limit of sessions is still the other one.
    kept.truncate(4);
    until_kept(server.address).await;
    for _ in 0..5 {
        assert_eq!(get(server.address, POLLING, &[]).await.status, 200);
    }
    assert_eq!(get(server.address, POLLING, &[]).await.status, 403);
}

#[tokio::test]
async fn idle_connections_shut_nobody_out() {
    let server = listen(|builder| builder.max_connections(2).health("/health", "/ready")).await;
    // One has never asked for anything, others have not come to the end of it, or have been answered.
    let mut held = Vec::new();
    for number in 0..3 * (3 * 2 + 4) {
        let mut stream = connect(server.address).await;
        match number % 3 {
            0 => {}
            1 => stream.write_all(b"GET / HTTP/1.1\r\nHost:").await.expect("it is open"),
            _ => drop(request(&mut stream, "GET", "/health", &[], "").await),
        }
        held.push(stream);
    }
    for _ in 0..20 {
        assert_eq!(get(server.address, "/health", &[]).await.status, 200);
    }
    // All but the last ones are closed.
    for stream in &mut held[..10] {
        let _ = in_time(stream.read_to_end(&mut Vec::new())).await;
    }
}

#[tokio::test]
async fn connections_at_work_make_no_room() {
    let (told, mut asked) = mpsc::unbounded_channel();
    let server = listen(|builder| {
        builder.max_connections(2).allow_request_async(move |_| {
            told.send(()).expect("the test waits for it");
            std::future::pending()
        })
    })
    .await;
    let mut at_work = Vec::new();
    for _ in 0..3 * 2 + 4 {
        let mut stream = connect(server.address).await;
        let head = format!("GET {POLLING} HTTP/1.1\r\nHost: x\r\n\r\n");
        stream.write_all(head.as_bytes()).await.expect("it is open");
        in_time(asked.recv()).await.expect("the server asks");
        at_work.push(stream);
    }
    for _ in 0..20 {
        let refused = get(server.address, "/nothing", &[]).await;
        assert_eq!((refused.status, refused.text()), (503, "Too many connections.\n"));
    }
    at_work.pop();
    until_kept(server.address).await;
}

#[tokio::test]
async fn a_websocket_counts_until_it_ends() {
    let server = listen(|builder| builder.max_connections_per_address(1)).await;
    let socket = websocket(connect(server.address).await, WEBSOCKET, &[]).await.expect("it is let in");
    let mut kept = Vec::new();
    for _ in 0..20 {
        kept.extend(keep(server.address).await);
    }
    assert_eq!(kept.len(), 6);
    drop(socket);
    until_kept(server.address).await;
}

#[tokio::test]
async fn connections_of_a_proxy_are_not_those_of_one_client() {
    let server =
        listen(|builder| builder.forwarded(Forwarded::x_forwarded_for()).max_connections_per_address(1))
            .await;
    let mut kept = Vec::new();
    for _ in 0..30 {
        kept.extend(keep(server.address).await);
    }
    assert_eq!(kept.len(), 30);
}

#[cfg(unix)]
#[tokio::test]
async fn a_unix_socket_is_served() {
    let path = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("served.sock");
    let _ = std::fs::remove_file(&path);
    let server = build(|builder| builder.max_connections_per_address(1));
    let listener = tokio::net::UnixListener::bind(&path).expect("the path is free");
    let task = tokio::spawn({
        let server = server.clone();
        async move { server.serve_with(listener).await }
    });
    let connect = || tokio::net::UnixStream::connect(&path);
    let mut socket = websocket(connect().await.unwrap(), WEBSOCKET, &[]).await.expect("it is let in");
    assert!(socket.receive().await.starts_with("0{"));
    socket.send("40").await;
    assert!(socket.receive().await.starts_with("40{"));
    assert_eq!(socket.receive().await, r#"42["who",null,false]"#);
    // Clients without addresses count together.
    assert_eq!(request(&mut connect().await.unwrap(), "GET", POLLING, &[], "").await.status, 403);
    tokio::join!(server.close(), socket.until_closed());
    in_time(task).await.unwrap().unwrap();
    let _ = std::fs::remove_file(&path);
}

#[tokio::test]
async fn a_proxy_that_is_named_tells_the_client_below_http() {
    let server = listen(|builder| builder.proxy_protocol(["127.0.0.1"]).max_connections_per_address(1)).await;
    let mut second = b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c".to_vec();
    second.extend([203, 0, 113, 7, 10, 0, 0, 1, 0x13, 0x88, 1, 187]);
    for (header, status) in [
        (&b"PROXY TCP4 203.0.113.7 10.0.0.1 5000 443\r\n"[..], 200),
        (b"PROXY TCP4 203.0.113.8 10.0.0.1 5000 443\r\n", 200),
        (b"PROXY TCP6 ::ffff:203.0.113.8 ::1 5001 443\r\n", 403),
        (&second, 403),
    ] {
        let mut stream = connect(server.address).await;
        stream.write_all(header).await.unwrap();
        assert_eq!(request(&mut stream, "GET", POLLING, &[], "").await.status, status, "{header:?}");
    }
    let mut silent = connect(server.address).await;
    silent.write_all(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
    let mut answer = Vec::new();
    let _ = in_time(silent.read_to_end(&mut answer)).await;
    assert!(answer.is_empty(), "{answer:?}");

    let server = listen(|builder| builder.proxy_protocol(["192.0.2.1"])).await;
    let mut stream = connect(server.address).await;
    stream.write_all(b"PROXY TCP4 203.0.113.7 10.0.0.1 5000 443\r\n").await.unwrap();
    assert_eq!(request(&mut stream, "GET", POLLING, &[], "").await.status, 400);
    assert_eq!(get(server.address, POLLING, &[]).await.status, 200);
}

/// The status that a request is answered with.
async fn status_of(server: &Listening, request: &[u8]) -> String {
    let mut stream = connect(server.address).await;
    stream.write_all(request).await.expect("the request is taken");
    let mut start = [0; 12];
    in_time(stream.read_exact(&mut start)).await.expect("the answer begins");
    String::from_utf8_lossy(&start[9..]).into_owned()
}

#[tokio::test]
async fn a_request_names_one_host() {
    let server = listen(|builder| builder).await;
    for (head, status) in [
        ("GET /socket.io/?EIO=4&transport=polling HTTP/1.1\r\n", "400"),
        ("GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n", "400"),
        ("GET /socket.io/?EIO=4&transport=polling HTTP/1.0\r\n", "200"),
        ("GET / HTTP/1.1\r\nHost: a_b.example:80\r\n", "404"),
        ("GET / HTTP/1.1\r\nHost: [::1]:80\r\n", "404"),
    ] {
        assert_eq!(status_of(&server, format!("{head}\r\n").as_bytes()).await, status, "{head}");
    }
    let bad: [&[u8]; 9] =
        [b"", b"a b", b"a/b", b"x:99999", b"x:y", b"user@127.0.0.1", b"[::1", b"\xc3\xa9", b"x\xff"];
    for host in bad {
        for version in ["1.1", "1.0"] {
            let begin = format!("GET {POLLING} HTTP/{version}\r\nHost: ");
            let status = status_of(&server, &[begin.as_bytes(), host, b"\r\n\r\n"].concat()).await;
            assert_eq!(status, "400", "{}", host.escape_ascii());
        }
    }
}

#[tokio::test]
async fn a_request_that_cannot_be_read_is_answered_with_a_reason() {
    let server = listen(|builder| builder).await;
    let many = (0..101).map(|number| format!("x-{number}: 1\r\n")).collect::<String>();
    let large = format!("x: {}\r\n", "y".repeat(20_000));
    for (head, status, word) in [
        ("GET /socket.io/?q=\"a\"x\u{7f} HTTP/1.1\r\nHost: x\r\n".to_owned(), 400, "not valid"),
        ("GET / HTTP/1.1\r\nHost x\r\n".to_owned(), 400, "not valid"),
        (format!("GET / HTTP/1.1\r\nHost: x\r\n{many}"), 431, "100 headers"),
        (format!("GET / HTTP/1.1\r\nHost: x\r\n{large}"), 431, "16 KiB"),
    ] {
        let mut stream = connect(server.address).await;
        stream.write_all(format!("{head}\r\n").as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        let _ = in_time(stream.read_to_end(&mut answer)).await;
        let answer = String::from_utf8(answer).unwrap();
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{head}\n{answer}");
        assert!(answer.contains(word), "{head}\n{answer}");
    }
}
