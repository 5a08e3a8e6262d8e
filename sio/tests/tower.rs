//! Socket.IO in front of tower services, and as one.

mod support;

use std::net::SocketAddr;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::routing::{any, get as on_get};
use hyper::client::conn::http2;
use hyper_util::rt::{TokioExecutor, TokioIo};
use sio::extract::HttpExtension;
use sio::http::Peer;
use sio::prelude::*;
use support::*;
use tower::{Layer, ServiceExt};

async fn text(answer: axum::response::Response) -> String {
    let body = to_bytes(answer.into_body(), usize::MAX).await.expect("the body is whole");
    String::from_utf8(body.to_vec()).expect("the body is text")
}

fn ask(target: &str) -> Request {
    Request::get(target).body(Body::empty()).expect("the request is valid")
}

#[tokio::test]
async fn the_layer_answers_its_path_and_nothing_else() {
    let server = build(|builder| builder);
    let app = Router::new().route("/page", on_get(async || "a page")).fallback(async || "nothing");
    let app = app.layer(server.layer());
    for (target, expected) in [("/page", "a page"), ("/socket.iox", "nothing"), ("/socket.io/x", "nothing")] {
        assert_eq!(text(app.clone().oneshot(ask(target)).await.unwrap()).await, expected);
    }
    assert!(text(app.clone().oneshot(ask(POLLING)).await.unwrap()).await.starts_with("0{"));
    assert_eq!(server.client_count(), 1);
}

#[tokio::test]
async fn the_layer_goes_around_any_service() {
    let server = build(|builder| builder);
    let inner = tower::service_fn(async |request: Request| {
        Ok::<_, std::io::Error>(hyper::Response::new(Body::from(request.uri().path().to_owned())))
    });
    let service = server.layer().layer(inner);
    let answer = service.clone().oneshot(ask("/else")).await.unwrap();
    assert_eq!(to_bytes(Body::new(answer.into_body()), 100).await.unwrap(), "/else");
    assert_eq!(service.oneshot(ask(POLLING)).await.unwrap().status(), 200);
}

#[tokio::test]
async fn the_service_can_be_a_route_or_a_fallback() {
    let server = build(|builder| builder);
    let route = Router::new().route_service("/socket.io/", server.service());
    assert_eq!(route.clone().oneshot(ask(POLLING)).await.unwrap().status(), 200);
    assert_eq!(route.oneshot(ask("/")).await.unwrap().status(), 404);
    let fallback = Router::new().route("/", any(async || "a page")).fallback_service(server.service());
    assert_eq!(fallback.clone().oneshot(ask(POLLING)).await.unwrap().status(), 200);
    assert_eq!(text(fallback.oneshot(ask("/")).await.unwrap()).await, "a page");
}

#[tokio::test]
async fn a_websocket_begins_under_axum_and_the_peer_is_known() {
    let server = listen_with(build(|builder| builder), |server, listener| async move {
        let app = Router::new().route("/", on_get(async || "a page")).layer(server.layer());
        axum::serve(listener, app.into_make_service_with_connect_info::<SocketAddr>()).await?;
        Ok(())
    })
    .await;
    assert_eq!(get(server.address, "/", &[]).await.text(), "a page");
    let stream = connect(server.address).await;
    let own = stream.local_addr().unwrap();
    let Ok(mut socket) = websocket(stream, WEBSOCKET, &[]).await else { panic!("the client is let in") };
    assert!(socket.receive().await.starts_with("0{"));
    socket.send("40").await;
    assert!(socket.receive().await.starts_with("40{"));
    assert_eq!(socket.receive().await, format!(r#"42["who","{own}",false]"#));
    socket.send(r#"421["echo","hi"]"#).await;
    assert_eq!(socket.receive().await, r#"431["hi"]"#);
    let ((), code) = tokio::join!(in_time(server.server.close()), socket.until_closed());
    assert_eq!(code, 1001);
}

#[tokio::test]
async fn a_peer_in_the_extensions_goes_before_all_else() {
    let server = listen_with(build(|builder| builder), |server, listener| async move {
        let peer = Peer::new("192.0.2.7:77".parse()?, true);
        let app = Router::new().layer(server.layer()).layer(axum::Extension(peer));
        axum::serve(listener, app.into_make_service_with_connect_info::<SocketAddr>()).await?;
        Ok(())
    })
    .await;
    assert_eq!(who(server.address, &[]).await, r#"["who","192.0.2.7:77",true]"#);
}

/// Whom a layer in front of the server has recognised.
#[derive(Debug, Clone)]
struct User(String);

#[derive(Default)]
struct Recognised;

#[consumer(namespace = "/recognised")]
impl Recognised {
    async fn connect(&mut self, socket: &Socket, user: HttpExtension<User>) -> sio::Result<bool> {
        socket.emit("user", &user.0).await?;
        Ok(true)
    }

    async fn event_all(
        handshake: &Handshake,
        none: Option<HttpExtension<u8>>,
    ) -> (Option<String>, [bool; 3]) {
        let user = handshake.extension::<User>().map(|user| user.0.clone());
        let connection = handshake.extension::<axum::extract::ConnectInfo<SocketAddr>>();
        let upgrade = handshake.extension::<hyper::upgrade::OnUpgrade>();
        (user, [none.is_some(), connection.is_some(), upgrade.is_some()])
    }

    async fn event_missing(_: HttpExtension<u8>) {}
}

/// A server behind a layer that takes the user from a header.
async fn recognising() -> Listening {
    async fn recognise(mut request: Request, next: axum::middleware::Next) -> axum::response::Response {
        let name = request.headers().get("x-user").and_then(|name| name.to_str().ok()).map(str::to_owned);
        if let Some(name) = name {
            request.extensions_mut().insert(User(name));
        }
        next.run(request).await
    }
    listen_with(build(|builder| builder.consumer::<Recognised>()), |server, listener| async move {
        let app = Router::new().layer(server.layer()).layer(axum::middleware::from_fn(recognise));
        axum::serve(listener, app.into_make_service_with_connect_info::<SocketAddr>()).await?;
        Ok(())
    })
    .await
}

const ALL: &str = r#"43/recognised,1["ada",[false,false,false]]"#;

#[tokio::test]
async fn what_a_layer_has_inserted_reaches_handlers_over_websocket() {
    let server = recognising().await;
    let ada = [("X-User", "ada")];
    let Ok(mut socket) = websocket(connect(server.address).await, WEBSOCKET, &ada).await else {
        panic!("the client is let in")
    };
    assert!(socket.receive().await.starts_with("0{"));
    socket.send("40/recognised,").await;
    assert!(socket.receive().await.starts_with("40/recognised,{"));
    assert_eq!(socket.receive().await, r#"42/recognised,["user","ada"]"#);
    socket.send(r#"42/recognised,1["all"]"#).await;
    assert_eq!(socket.receive().await, ALL);
    socket.send(r#"42/recognised,2["missing"]"#).await;
    let answer = socket.receive().await;
    assert!(answer.starts_with("43/recognised,2[") && answer.contains(r#""code":"internal""#), "{answer}");
}

#[tokio::test]
async fn what_a_layer_has_inserted_into_the_first_request_reaches_handlers_over_polling() {
    let server = recognising().await;
    let sid = get(server.address, POLLING, &[("X-User", "ada")]).await.sid();
    // Later requests of the session say nothing of who it is.
    let target = format!("{POLLING}&sid={sid}");
    assert_eq!(post(server.address, &target, "40/recognised,").await.text(), "ok");
    let joined = get(server.address, &target, &[]).await;
    assert!(joined.text().ends_with(r#"42/recognised,["user","ada"]"#), "{}", joined.text());
    assert_eq!(post(server.address, &target, r#"42/recognised,1["all"]"#).await.text(), "ok");
    assert_eq!(get(server.address, &target, &[]).await.text(), ALL);
}

#[tokio::test]
async fn a_connect_that_needs_what_no_layer_has_inserted_refuses() {
    let server = recognising().await;
    let target = format!("{POLLING}&sid={}", get(server.address, POLLING, &[]).await.sid());
    assert_eq!(post(server.address, &target, "40/recognised,").await.text(), "ok");
    let refused = get(server.address, &target, &[]).await;
    assert!(
        refused.text().starts_with(r#"44/recognised,{"message":"Internal server error""#),
        "{}",
        refused.text()
    );
}

#[tokio::test]
async fn a_server_that_cannot_upgrade_says_so() {
    let server = build(|builder| builder);
    let request = Request::get(WEBSOCKET)
        .header("connection", "upgrade")
        .header("upgrade", "websocket")
        .header("sec-websocket-version", "13")
        .header("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==")
        .body(Body::empty())
        .unwrap();
    assert_eq!(server.service().oneshot(request).await.unwrap().status(), 501);
    assert_eq!(server.client_count(), 0);
}

#[tokio::test]
async fn a_websocket_begins_over_http_2() {
    let server = listen_with(build(|builder| builder), |server, listener| async move {
        axum::serve(listener, Router::new().layer(server.layer())).await?;
        Ok(())
    })
    .await;
    let stream = TokioIo::new(connect(server.address).await);
    let (mut client, connection) = http2::handshake(TokioExecutor::new(), stream).await.unwrap();
    tokio::spawn(connection);
    let origin = format!("http://{}", server.address);
    // The server says that it takes extended CONNECT before it answers anything.
    let request = Request::get(format!("{origin}/nothing")).body(String::new()).unwrap();
    assert_eq!(client.send_request(request).await.unwrap().status(), 404);

    let open = |version: &str| {
        Request::connect(format!("{origin}{WEBSOCKET}"))
            .version(hyper::Version::HTTP_2)
            .extension(hyper::ext::Protocol::from_static("websocket"))
            .header("origin", origin.as_str())
            .header("sec-websocket-version", version)
            .body(String::new())
            .unwrap()
    };
    assert_eq!(client.send_request(open("8")).await.unwrap().status(), 426);
    let answer = client.send_request(open("13")).await.unwrap();
    assert_eq!(answer.status(), 200);
    let stream = hyper::upgrade::on(answer).await.unwrap();
    let mut socket = WebSocket::over(TokioIo::new(stream));
    assert!(socket.receive().await.starts_with("0{"));
    socket.send("40").await;
    assert!(socket.receive().await.starts_with("40{"));
    socket.receive().await;
    socket.send(r#"421["echo","hi"]"#).await;
    assert_eq!(socket.receive().await, r#"431["hi"]"#);
    let ((), code) = tokio::join!(in_time(server.server.close()), socket.until_closed());
    assert_eq!(code, 1001);
}

#[tokio::test]
async fn clients_whose_address_is_not_told_are_limited_together() {
    let server = build(|builder| builder.max_connections_per_address(2));
    let app = Router::new().layer(server.layer());
    for status in [200, 200, 403] {
        assert_eq!(app.clone().oneshot(ask(POLLING)).await.unwrap().status(), status);
    }
    let mut known = ask(POLLING);
    known.extensions_mut().insert(Peer::new("192.0.2.1:1".parse().unwrap(), false));
    assert_eq!(app.oneshot(known).await.unwrap().status(), 200);
}
