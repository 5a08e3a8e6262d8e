//! BEHAVIOUR §6 and §7: which pages may talk to the server.

use serde_json::json;
use sio_tests::{Endpoint, Request, Response, TestServer, app::Plain, logs};

const FRIEND: &str = "http://friend.example";
const STRANGER: &str = "http://stranger.example";

/// Lets nobody but its own pages in.
async fn closed() -> TestServer {
    TestServer::start(|builder| builder.consumer::<Plain>()).await
}

/// Lets one other origin in.
async fn friendly() -> TestServer {
    TestServer::start(|builder| builder.consumer::<Plain>().allowed_origins([FRIEND])).await
}

async fn get(server: &Endpoint, origin: &str) -> Response {
    server.request(&Request::get(server.target("EIO=4&transport=polling")).header("Origin", origin)).await
}

fn own(server: &Endpoint) -> String {
    format!("http://{}", server.address)
}

#[tokio::test]
async fn no_origin_is_allowed() {
    let server = closed().await;
    assert_eq!(server.get("EIO=4&transport=polling").await.status, 200);
    assert!(server.try_ws("EIO=4&transport=websocket", &[]).await.is_ok());
}

#[tokio::test]
async fn the_own_origin_is_allowed() {
    let server = closed().await;
    let origin = own(&server);
    assert_eq!(get(&server, &origin).await.status, 200);
    assert!(server.try_ws("EIO=4&transport=websocket", &[("Origin", &origin)]).await.is_ok());
}

#[tokio::test]
async fn the_own_origin_is_that_of_the_host_header() {
    let server = closed().await;
    let request = Request::get(server.target("EIO=4&transport=polling")).header("Host", "chat.example");
    assert_eq!(server.request(&request.clone().header("Origin", "http://chat.example")).await.status, 200);
    assert_eq!(
        server.request(&request.clone().header("Origin", "http://chat.example:8080")).await.status,
        403
    );
    assert_eq!(server.request(&request.header("Origin", "http://evil-chat.example")).await.status, 403);
}

#[tokio::test]
async fn the_own_origin_is_known_however_a_client_writes_it() {
    let server = closed().await;
    let address = server.address;
    for origin in
        [format!("ws://{address}"), format!("http://{address}/"), format!("https://{address}/a/page")]
    {
        assert_eq!(get(&server, &origin).await.status, 200, "{origin}");
        assert!(server.try_ws("EIO=4&transport=websocket", &[("Origin", &origin)]).await.is_ok(), "{origin}");
    }
    for (host, origin) in [
        ("chat.example", "ws://chat.example:80"),
        ("chat.example:443", "https://chat.example"),
        ("CHAT.example.", "wss://chat.example:443/"),
    ] {
        let request = Request::get(server.target("EIO=4&transport=polling")).header("Host", host);
        assert_eq!(server.request(&request.header("Origin", origin)).await.status, 200, "{host} {origin}");
    }
}

#[tokio::test]
async fn two_origins_in_one_request_are_refused() {
    let server = friendly().await;
    for origins in [[FRIEND, FRIEND], [FRIEND, STRANGER], [STRANGER, FRIEND]] {
        let request = Request::get(server.target("EIO=4&transport=polling"));
        let request = origins.iter().fold(request, |request, origin| request.header("Origin", origin));
        assert_eq!(server.request(&request).await.status, 403, "{origins:?}");
        let headers = origins.map(|origin| ("Origin", origin));
        let refused = server.try_ws("EIO=4&transport=websocket", &headers).await;
        assert_eq!(refused.expect_err("no WebSocket for two").status, 403, "{origins:?}");
    }
}

#[tokio::test]
async fn pages_without_an_origin_are_let_in_where_that_is_listed() {
    let origins = ["null", "file://"];
    let server = TestServer::start(|builder| builder.consumer::<Plain>().allowed_origins(origins)).await;
    for origin in ["null", "file://", "file:///"] {
        let answer = get(&server, origin).await;
        assert_eq!((answer.status, answer.header("access-control-allow-origin")), (200, Some(origin)));
    }
    assert_eq!(get(&*closed().await, "file://").await.status, 403);
}

#[tokio::test]
async fn a_foreign_origin_is_refused_over_polling_and_websocket() {
    let server = closed().await;
    let port = server.address.port();
    for origin in [
        STRANGER,
        "null",
        "https://127.0.0.1.stranger.example",
        &format!("http://localhost.stranger.example:{port}"),
        &format!("http://127.0.0.1:{}", port ^ 1),
        "http://127.0.0.1",
        "not an origin",
    ] {
        let answer = get(&server, origin).await;
        assert_eq!(answer.status, 403, "{origin}: {answer:?}");
        assert_eq!(answer.json(), json!({"code": 4, "message": "Forbidden"}));
        assert_eq!(answer.header("access-control-allow-origin"), None);
        let answer = server.try_ws("EIO=4&transport=websocket", &[("Origin", origin)]).await;
        assert_eq!(answer.expect_err("no WebSocket for strangers").status, 403, "{origin}");
    }
}

#[tokio::test]
async fn a_foreign_origin_cannot_use_an_existing_session() {
    let server = closed().await;
    let mut polling = server.polling().await;
    polling.join("/").await;
    let post = Request::post(polling.target(), r#"421["ask"]"#).header("Origin", STRANGER);
    assert_eq!(server.request(&post).await.status, 403);
    assert_eq!(server.request(&Request::get(polling.target()).header("Origin", STRANGER)).await.status, 403);
    let target = format!("EIO=4&transport=websocket&sid={}", polling.open.sid);
    let upgrade = server.try_ws(&target, &[("Origin", STRANGER)]).await;
    assert_eq!(upgrade.expect_err("no upgrade for strangers").status, 403);
    polling.expect_nothing_more().await;
}

#[tokio::test]
async fn the_refusal_is_logged_with_the_option_to_set() {
    let logs = logs::capture();
    let server = closed().await;
    get(&server, "http://logged-over-polling.example").await;
    logs.expect(&["http://logged-over-polling.example", "allowed_origins"]).await;
    let refused =
        server.try_ws("EIO=4&transport=websocket", &[("Origin", "http://logged-over-ws.example")]).await;
    assert!(refused.is_err());
    logs.expect(&["http://logged-over-ws.example", "allowed_origins"]).await;
}

/// Checks the headers that let a page of the friend's read the answer.
fn is_shared_with_the_friend(answer: &Response) {
    assert_eq!(answer.header("access-control-allow-origin"), Some(FRIEND), "{answer:?}");
    let vary = answer.header("vary").unwrap_or_default().to_ascii_lowercase();
    assert!(vary.split(',').any(|name| name.trim() == "origin"), "{answer:?}");
}

#[tokio::test]
async fn an_allowed_origin_may_read_every_answer() {
    let server = friendly().await;
    let open = get(&server, FRIEND).await;
    assert_eq!(open.status, 200);
    is_shared_with_the_friend(&open);

    let target = server.polling_target(&sio_tests::Open::parse(open.text()).sid);
    let post = server.request(&Request::post(&target, "40").header("Origin", FRIEND)).await;
    post.expect(200, "ok");
    is_shared_with_the_friend(&post);
    let poll = server.request(&Request::get(&target).header("Origin", FRIEND)).await;
    assert_eq!(poll.status, 200);
    is_shared_with_the_friend(&poll);

    for query in ["EIO=4", "EIO=3&transport=polling", "EIO=4&transport=polling&sid=unknown"] {
        let error = server.request(&Request::get(server.target(query)).header("Origin", FRIEND)).await;
        assert_eq!(error.status, 400);
        is_shared_with_the_friend(&error);
    }
    let bad = server.request(&Request::post(&target, "abc").header("Origin", FRIEND)).await;
    assert_eq!(bad.status, 400);
    is_shared_with_the_friend(&bad);
    assert!(server.try_ws("EIO=4&transport=websocket", &[("Origin", FRIEND)]).await.is_ok());
}

#[tokio::test]
async fn answers_that_are_too_large_to_take_may_be_read_too() {
    let server =
        TestServer::start(|builder| builder.consumer::<Plain>().allowed_origins([FRIEND]).max_payload(100))
            .await;
    let polling = server.polling().await;
    let post = Request::post(polling.target(), "4".repeat(101)).header("Origin", FRIEND);
    let answer = server.request(&post).await;
    assert_eq!(answer.status, 413);
    is_shared_with_the_friend(&answer);
}

#[tokio::test]
async fn others_than_the_allowed_are_refused_and_told_nothing() {
    let server = friendly().await;
    for origin in [
        STRANGER,
        "http://friend.example.stranger.example",
        "https://friend.example",
        "http://friend.example:81",
    ] {
        let answer = get(&server, origin).await;
        assert_eq!(answer.status, 403, "{origin}");
        assert_eq!(answer.header("access-control-allow-origin"), None);
        assert!(server.try_ws("EIO=4&transport=websocket", &[("Origin", origin)]).await.is_err());
    }
}

/// A cache in between must not hand one origin's answer to another.
#[tokio::test]
async fn the_answer_varies_by_origin_even_without_one() {
    let server = friendly().await;
    let answer = server.get("EIO=4&transport=polling").await;
    assert_eq!(answer.status, 200);
    assert!(answer.header("vary").unwrap_or_default().to_ascii_lowercase().contains("origin"), "{answer:?}");
    assert_eq!(answer.header("access-control-allow-origin"), None);
}

fn preflight(server: &Endpoint, origin: &str) -> Request {
    Request::new("OPTIONS", server.target("EIO=4&transport=polling"))
        .header("Origin", origin)
        .header("Access-Control-Request-Method", "POST")
        .header("Access-Control-Request-Headers", "content-type,x-accept")
}

#[tokio::test]
async fn options_are_answered_for_allowed_origins() {
    let server = friendly().await;
    let answer = server.request(&preflight(&server, FRIEND)).await;
    assert!(matches!(answer.status, 200 | 204), "{answer:?}");
    assert!(answer.body.is_empty());
    is_shared_with_the_friend(&answer);
    let methods = answer.header("access-control-allow-methods").unwrap_or_default();
    assert!(methods.contains("GET") && methods.contains("POST"), "{methods}");
    let headers = answer.header("access-control-allow-headers").unwrap_or_default().to_ascii_lowercase();
    assert!(headers.contains("content-type"), "{headers}");
}

#[tokio::test]
async fn options_are_answered_for_everybody_else_without_permission() {
    for server in [friendly().await, closed().await] {
        let answer = server.request(&preflight(&server, STRANGER)).await;
        assert!(answer.status < 500, "{answer:?}");
        assert_eq!(answer.header("access-control-allow-origin"), None);
        assert_eq!(
            server
                .request(&Request::new("OPTIONS", server.target("")))
                .await
                .header("access-control-allow-origin"),
            None
        );
    }
}

#[tokio::test]
async fn any_origin_can_be_allowed() {
    let server = TestServer::start(|builder| {
        builder.consumer::<Plain>().allowed_origins(sio::options::AllowedOrigins::any())
    })
    .await;
    for origin in [STRANGER, FRIEND, "null"] {
        let answer = get(&server, origin).await;
        assert_eq!(answer.status, 200);
        let allowed = answer.header("access-control-allow-origin");
        assert!(allowed == Some(origin) || allowed == Some("*"), "{answer:?}");
        // A wildcard with credentials is refused by browsers; reflecting an origin makes the answer vary.
        if allowed == Some("*") {
            assert_eq!(answer.header("access-control-allow-credentials"), None);
        } else {
            assert!(answer.header("vary").unwrap_or_default().to_ascii_lowercase().contains("origin"));
        }
        assert!(server.try_ws("EIO=4&transport=websocket", &[("Origin", origin)]).await.is_ok());
    }
}

/// [`Response::header`] fails when a header came twice: two sets of CORS headers are no CORS headers to a browser.
#[tokio::test]
async fn no_header_comes_twice() {
    let server = friendly().await;
    let mut answers = vec![get(&server, FRIEND).await, server.request(&preflight(&server, FRIEND)).await];
    answers.push(server.request(&Request::get(server.target("EIO=4")).header("Origin", FRIEND)).await);
    for answer in answers {
        for (name, _) in &answer.headers {
            assert!(answer.header(name).is_some());
        }
    }
}
