//! BEHAVIOUR §4 and §6: where the server answers, and where it does not.

use sio_tests::{Request, TestServer, app::Plain};

async fn statuses(server: &TestServer, paths: &[&str], status: u16) {
    for path in paths {
        let target = format!("{path}?EIO=4&transport=polling");
        let answer = server.request(&Request::get(&target)).await;
        assert_eq!(answer.status, status, "{path}: {answer:?}");
        if status == 404 {
            let upgrade = server.at(path).try_ws("EIO=4&transport=websocket", &[]).await;
            assert_eq!(upgrade.expect_err("no WebSocket here").status, 404, "{path}");
        }
    }
}

#[tokio::test]
async fn the_path_is_served_with_and_without_the_slash_at_its_end() {
    let server = TestServer::start(|builder| builder.consumer::<Plain>()).await;
    statuses(&server, &["/socket.io", "/socket.io/"], 200).await;
    server.at("/socket.io").socket("/").await.expect_nothing_more().await;
    let mut polling = server.at("/socket.io").polling().await;
    polling.join("/").await;
    polling.expect_nothing_more().await;
}

#[tokio::test]
async fn nothing_below_or_beside_the_path_is_served() {
    let server = TestServer::start(|builder| builder.consumer::<Plain>()).await;
    let paths = [
        "/",
        "/socket.ioXYZ",
        "/socket.io.",
        "/socket.io/x",
        "/socket.io/x/",
        "/socket.io//",
        "//socket.io/",
        "/Socket.IO/",
        "/x/socket.io/",
        "/socket.i",
        "/socket%2eio",
        "/socket.io/socket.io.js",
        "/engine.io/",
        "/socket.io/../socket.iox",
    ];
    statuses(&server, &paths, 404).await;
}

#[tokio::test]
async fn another_path_can_be_chosen() {
    for path in ["/chat/ws", "/chat/ws/"] {
        let server = TestServer::start(|builder| builder.consumer::<Plain>().path(path)).await;
        statuses(&server, &["/chat/ws", "/chat/ws/"], 200).await;
        statuses(&server, &["/socket.io/", "/chat/", "/chat", "/chat/ws/x", "/chat/wsx"], 404).await;
        server.at("/chat/ws/").socket("/").await.expect_nothing_more().await;
    }
}

#[test]
fn a_path_that_cannot_be_is_refused_at_the_start() {
    for path in ["", "chat/ws", "/chat?x", "/chat#x"] {
        let error = sio::Server::builder().collect(false).path(path).build().expect_err(path);
        assert!(error.to_string().contains("path"), "{error}");
    }
}

#[tokio::test]
async fn the_cookie_is_off_unless_configured() {
    let server = TestServer::start(|builder| builder.consumer::<Plain>()).await;
    assert_eq!(server.get("EIO=4&transport=polling").await.header("set-cookie"), None);

    let server =
        TestServer::start(|builder| builder.consumer::<Plain>().cookie(sio::options::Cookie::new("io")))
            .await;
    let answer = server.get("EIO=4&transport=polling").await;
    let sid = sio_tests::Open::parse(answer.text()).sid;
    let cookie = answer.header("set-cookie").expect("the handshake sets the cookie");
    let mut parts: Vec<_> = cookie.split("; ").collect();
    assert_eq!(parts.remove(0), format!("io={sid}"));
    parts.sort_unstable();
    assert_eq!(parts, ["HttpOnly", "Path=/", "SameSite=Lax"]);

    let target = server.polling_target(&sid);
    server.request(&Request::post(&target, "40")).await.expect(200, "ok");
    let poll = server.request(&Request::get(&target)).await;
    assert_eq!(poll.header("set-cookie"), None, "only the handshake sets it");
}
