//! Which clients may connect, and what the server knows of them.

mod connections;
mod extras;
#[path = "../support/mod.rs"]
mod support;

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use sio::engine::{Message, SessionId};
use sio::http::Peer;
use sio::observe::RefusedReason;
use sio::options::Forwarded;
use support::*;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

#[tokio::test]
async fn headers_of_proxies_are_believed_only_when_configured() {
    let headers = [("X-Forwarded-For", "9.9.9.9, 203.0.113.7"), ("X-Forwarded-Proto", "https")];
    let server = listen(|builder| builder).await;
    let who_plain = who(server.address, &headers).await;
    assert!(who_plain.starts_with(r#"["who","127.0.0.1:"#) && who_plain.ends_with(",false]"), "{who_plain}");

    let server = listen(|builder| builder.forwarded(Forwarded::x_forwarded_for())).await;
    assert_eq!(who(server.address, &headers).await, r#"["who","203.0.113.7:0",true]"#);

    let server = listen(|builder| builder.forwarded(Forwarded::standard().hops(2))).await;
    let headers =
        [("Forwarded", r#"for=9.9.9.9, for="[2001:db8::1]:80";proto=https"#), ("Forwarded", "for=10.0.0.1")];
    assert_eq!(who(server.address, &headers).await, r#"["who","[2001:db8::1]:80",true]"#);
}

#[tokio::test]
async fn bytes_that_are_no_text_hide_nobody_from_the_limit() {
    let server =
        listen(|builder| builder.forwarded(Forwarded::x_forwarded_for()).max_connections_per_address(1))
            .await;
    let from = |list| [("X-Forwarded-For", list)];
    assert_eq!(get(server.address, POLLING, &from("192.0.2.1")).await.status, 200);
    for list in ["é, 192.0.2.1", "\u{80}\u{ff},192.0.2.1", "\", 192.0.2.1"] {
        assert_eq!(get(server.address, POLLING, &from(list)).await.status, 403, "{list}");
    }
    // Whom the proxy does not know count together.
    for (entry, status) in [("unknown", 200), ("_hidden", 403), ("é", 403), ("", 403)] {
        assert_eq!(get(server.address, POLLING, &from(entry)).await.status, status, "{entry}");
    }
}

#[tokio::test]
async fn a_forwarded_host_is_the_servers_own_where_it_is_believed() {
    let page = ("Origin", "https://chat.example");
    for (headers, believed) in [
        (vec![page, ("X-Forwarded-Host", "chat.example")], true),
        (vec![page, ("X-Forwarded-Host", "chat.example"), ("X-Forwarded-Port", "443")], true),
        (vec![page, ("X-Forwarded-Host", "chat.example"), ("X-Forwarded-Port", "8443")], false),
        (vec![page, ("X-Forwarded-Host", "chat.example"), ("X-Forwarded-Proto", "https")], true),
        (vec![page], false),
    ] {
        let server = listen(|builder| builder.forwarded(Forwarded::x_forwarded_for().host(true))).await;
        let expected = if believed { 200 } else { 403 };
        assert_eq!(get(server.address, POLLING, &headers).await.status, expected, "{headers:?}");
        let server = listen(|builder| builder.forwarded(Forwarded::x_forwarded_for())).await;
        assert_eq!(get(server.address, POLLING, &headers).await.status, 403, "{headers:?}");
    }
}

const KEY: (&str, &str) = ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==");

#[tokio::test]
async fn a_websocket_that_cannot_begin_is_told_why_and_reported() {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&seen);
    let server = listen(|builder| {
        builder.on_refused(move |refused| log.lock().unwrap().push((refused.code(), refused.reason())))
    })
    .await;
    let asked = [("Connection", "upgrade"), ("Upgrade", "websocket")];
    let sid = get(server.address, POLLING, &[]).await.sid();
    for target in [WEBSOCKET.to_owned(), format!("{WEBSOCKET}&sid={sid}")] {
        for (more, status, word) in [
            (&[("Sec-WebSocket-Version", "8")][..], 426, "Sec-WebSocket-Version: 13"),
            (&[], 426, "Sec-WebSocket-Version: 13"),
            (&[("Sec-WebSocket-Version", "13")], 400, "Sec-WebSocket-Key"),
            (&[("Sec-WebSocket-Version", "13"), ("Sec-WebSocket-Key", "short")], 400, "Sec-WebSocket-Key"),
            (&[("Sec-WebSocket-Version", "13"), KEY, KEY], 400, "one `Sec-WebSocket-Key`"),
        ] {
            let answer = get(server.address, &target, &[&asked[..], more].concat()).await;
            assert_eq!(answer.status, status, "{more:?}");
            assert!(
                answer.text().starts_with(r#"{"code":3,"#) && answer.text().contains(word),
                "{}",
                answer.text()
            );
            let upgrade = answer.header("upgrade");
            assert_eq!(upgrade.as_deref(), (status == 426).then_some("websocket"));
            assert_eq!(seen.lock().unwrap().pop(), Some((3, RefusedReason::BadWebSocket)));
        }
    }
    // Proxies that do not know what an upgrade is say `close`, and leave `Upgrade` out.
    for asked in
        ["Connection: upgrade\r\nUpgrade: websocket\r\n", "Connection: close\r\nUpgrade: websocket\r\n", ""]
    {
        let mut stream = connect(server.address).await;
        let head = format!("Host: x\r\n{asked}Sec-WebSocket-Version: 13\r\n");
        let request = format!("GET {WEBSOCKET} HTTP/1.0\r\n{head}{}: {}\r\n\r\n", KEY.0, KEY.1);
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        in_time(stream.read_to_string(&mut answer)).await.unwrap();
        assert!(answer.starts_with("HTTP/1.0 400 ") && answer.contains("proxy_http_version 1.1"), "{answer}");
        assert_eq!(seen.lock().unwrap().pop(), Some((3, RefusedReason::BadWebSocket)));
    }
}

#[tokio::test]
async fn a_body_that_is_too_large_is_refused_before_it_is_sent() {
    let server = listen(|builder| builder.max_payload(1000)).await;
    for (length, expected) in [(1001, "HTTP/1.1 413 "), (1000, "HTTP/1.1 100 ")] {
        let sid = get(server.address, POLLING, &[]).await.sid();
        let mut stream = connect(server.address).await;
        let head = format!("Host: x\r\nExpect: 100-continue\r\nContent-Length: {length}\r\n\r\n");
        stream.write_all(format!("POST {POLLING}&sid={sid} HTTP/1.1\r\n{head}").as_bytes()).await.unwrap();
        let mut start = [0; 13];
        in_time(stream.read_exact(&mut start)).await.unwrap();
        assert_eq!(std::str::from_utf8(&start), Ok(expected));
    }
}

#[tokio::test]
async fn an_address_may_have_as_many_connections_as_the_limit_says() {
    let server =
        listen(|builder| builder.forwarded(Forwarded::x_forwarded_for()).max_connections_per_address(2))
            .await;
    let one = [("X-Forwarded-For", "192.0.2.1")];
    let two = [("X-Forwarded-For", "192.0.2.2")];
    let first = get(server.address, POLLING, &one).await.sid();
    let Ok(second) = websocket(connect(server.address).await, WEBSOCKET, &one).await else {
        panic!("the second is let in")
    };
    let third = get(server.address, POLLING, &one).await;
    assert_eq!((third.status, third.text()), (403, r#"{"code":4,"message":"Forbidden"}"#));
    let third = websocket(connect(server.address).await, WEBSOCKET, &one).await.unwrap_err();
    assert_eq!(third.status, 403);
    assert_eq!(get(server.address, POLLING, &two).await.status, 200);

    // A session that ends makes room: one by its close packet, one by the end of its connection.
    post(server.address, &format!("{POLLING}&sid={first}"), "1").await;
    until_let_in(server.address, &one).await;
    drop(second);
    until_let_in(server.address, &one).await;
}

async fn until_let_in(address: SocketAddr, headers: &[(&str, &str)]) {
    in_time(async {
        while get(address, POLLING, headers).await.status != 200 {
            tokio::task::yield_now().await;
        }
    })
    .await;
}

#[tokio::test]
async fn a_handshake_that_fails_takes_no_place() {
    let server = listen(|builder| builder.max_connections_per_address(1)).await;
    let old = [("Sec-WebSocket-Version", "8"), ("Connection", "upgrade"), ("Upgrade", "websocket")];
    assert_eq!(get(server.address, WEBSOCKET, &old).await.status, 426);
    assert_eq!(get(server.address, POLLING, &[]).await.status, 200);
}

#[tokio::test]
async fn ids_come_from_the_generator_and_never_twice() {
    let server = listen(|builder| builder.id_generator(|| SessionId::from_random([7; 15]))).await;
    let first = get(server.address, POLLING, &[]).await.sid();
    assert_eq!(first, "BwcHBwcHBwcHBwcHBwcH");
    let second = get(server.address, POLLING, &[]).await.sid();
    assert_ne!(second, first);
    let target = format!("{POLLING}&sid={first}");
    assert_eq!(post(server.address, &target, "40").await.text(), "ok");
    assert_eq!(server.server.client_count(), 2);
}

#[tokio::test]
async fn the_initial_packet_comes_right_behind_the_open_packet() {
    let server = listen(|builder| builder.initial_packet(Message::Text("hello".into()))).await;
    let answer = get(server.address, POLLING, &[]).await;
    assert!(answer.text().starts_with("0{") && answer.text().ends_with("}\x1e4hello"), "{}", answer.text());

    let Ok(mut socket) = websocket(connect(server.address).await, WEBSOCKET, &[]).await else {
        panic!("the client is let in")
    };
    assert!(socket.receive().await.starts_with("0{"));
    assert_eq!(socket.receive().await, "4hello");
}

#[tokio::test]
async fn the_application_says_who_may_connect() {
    let server = listen(|builder| {
        builder.allow_request(|request| {
            assert!(request.extensions.get::<Peer>().is_some_and(|peer| peer.ip().is_some()));
            let is_known = request.headers.contains_key("x-key");
            if is_known { Ok(()) } else { Err("Thou shalt not \"pass\"".to_owned()) }
        })
    })
    .await;
    let refused = get(server.address, POLLING, &[]).await;
    assert_eq!((refused.status, refused.text()), (403, r#"{"code":4,"message":"Thou shalt not \"pass\""}"#));
    assert_eq!(refused.header("content-type").as_deref(), Some("application/json"));
    let refused = websocket(connect(server.address).await, WEBSOCKET, &[]).await.unwrap_err();
    assert_eq!(refused.status, 403);

    // Only the first request of a session is asked.
    let sid = get(server.address, POLLING, &[("X-Key", "1")]).await.sid();
    assert_eq!(post(server.address, &format!("{POLLING}&sid={sid}"), "40").await.status, 200);
}

#[tokio::test]
async fn the_application_hears_of_everyone_who_is_refused() {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&seen);
    let server = listen(|builder| {
        builder
            .max_connections(1)
            .allow_request(|request| match request.headers.get("x-key") {
                Some(_) => Ok(()),
                None => Err("no key".to_owned()),
            })
            .on_refused(move |refused| {
                assert!(refused.request().extensions.get::<Peer>().is_some());
                let entry = (refused.code(), refused.message().to_owned(), refused.reason());
                log.lock().unwrap().push(entry);
            })
    })
    .await;
    let address = server.address;
    get(address, "/socket.io/?EIO=4&transport=x", &[]).await;
    get(address, &format!("{POLLING}&sid=abc"), &[]).await;
    post(address, POLLING, "40").await;
    get(address, WEBSOCKET, &[]).await;
    get(address, POLLING, &[("Origin", "http://elsewhere.example")]).await;
    get(address, POLLING, &[]).await;
    get(address, "/socket.io/?EIO=3&transport=polling", &[]).await;
    get(address, "/elsewhere", &[]).await;
    get(address, POLLING, &[("X-Key", "1")]).await.sid();
    get(address, POLLING, &[("X-Key", "1")]).await;
    let expected = [
        (0, "Transport unknown", RefusedReason::TransportUnknown),
        (1, "Session ID unknown", RefusedReason::SessionUnknown),
        (2, "Bad handshake method", RefusedReason::BadHandshakeMethod),
        (3, "Bad request", RefusedReason::BadRequest),
        (4, "Forbidden", RefusedReason::ForeignOrigin),
        (4, "no key", RefusedReason::NotAllowed),
        (5, "Unsupported protocol version", RefusedReason::UnsupportedProtocolVersion),
        (4, "Forbidden", RefusedReason::ServerFull),
    ];
    let seen = seen.lock().unwrap();
    let seen: Vec<_> = seen.iter().map(|(code, message, reason)| (*code, &**message, *reason)).collect();
    assert_eq!(seen, expected);
}

#[test]
fn options_that_cannot_be_are_refused() {
    let error = sio::Server::builder()
        .collect(false)
        .max_connections_per_address(0)
        .forwarded(Forwarded::standard().hops(0))
        .build()
        .unwrap_err();
    assert_eq!(error.problems().len(), 2, "{error}");
}

#[tokio::test]
async fn another_hyper_service_answers_what_is_not_for_socket_io() {
    let pages = service_fn(async |request: Request<hyper::body::Incoming>| {
        Ok::<_, std::io::Error>(Response::new(format!("page {}", request.uri().path())))
    });
    let server = listen_with(build(|builder| builder), |server, listener| async move {
        loop {
            let (stream, peer) = listener.accept().await?;
            let service = server.service().for_connection(peer, true).or(pages);
            let http = hyper::server::conn::http1::Builder::new();
            tokio::spawn(http.serve_connection(TokioIo::new(stream), service).with_upgrades());
        }
    })
    .await;
    for path in ["/", "/socket.iox", "/socket.io/more"] {
        assert_eq!(get(server.address, path, &[]).await.text(), format!("page {path}"));
    }
    assert!(who(server.address, &[]).await.ends_with(",true]"));
    let Ok(mut socket) = websocket(connect(server.address).await, WEBSOCKET, &[]).await else {
        panic!("the client is let in")
    };
    assert!(socket.receive().await.starts_with("0{"));
}

#[tokio::test]
async fn a_decision_about_a_request_may_wait() {
    let server = listen(|builder| {
        builder.allow_request_async(|request| async move {
            tokio::task::yield_now().await;
            assert!(request.extensions.get::<Peer>().is_some_and(|peer| peer.ip().is_some()));
            match request.headers.get("x-key") {
                Some(_) => Ok(()),
                None => Err("no key".to_owned()),
            }
        })
    })
    .await;
    let refused = get(server.address, POLLING, &[]).await;
    assert_eq!((refused.status, refused.text()), (403, r#"{"code":4,"message":"no key"}"#));
    let refused = websocket(connect(server.address).await, WEBSOCKET, &[]).await.unwrap_err();
    assert_eq!(refused.status, 403);
    assert!(websocket(connect(server.address).await, WEBSOCKET, &[("X-Key", "1")]).await.is_ok());
    // Only the first request of a session is asked.
    let sid = get(server.address, POLLING, &[("X-Key", "1")]).await.sid();
    assert_eq!(post(server.address, &format!("{POLLING}&sid={sid}"), "40").await.status, 200);
}
