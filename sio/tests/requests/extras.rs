//! Requests that a server answers besides those of Engine.IO: hosts, health, headers.

use sio::options::Forwarded;

use super::support::*;

#[tokio::test]
async fn a_foreign_host_is_not_answered() {
    let server = listen(|builder| {
        let builder = builder.allowed_hosts(["localhost", "chat.example:3000"]).health("/healthz", "/readyz");
        builder.forwarded(Forwarded::x_forwarded_for().host(true))
    })
    .await;
    // `request` sends `localhost`; what a trusted proxy says goes before it.
    assert_eq!(get(server.address, POLLING, &[]).await.status, 200);
    for (host, status) in
        [("chat.example:3000", 200), ("chat.example", 403), ("evil.example", 403), ("LOCALHOST:1", 200)]
    {
        let headers = [("X-Forwarded-Host", host)];
        let answer = get(server.address, POLLING, &headers).await;
        assert_eq!(answer.status, status, "{host}");
        let answer = websocket(connect(server.address).await, WEBSOCKET, &headers).await;
        assert_eq!(answer.map_or_else(|answer| answer.status, |_| 200), status, "{host}");
        assert_eq!(get(server.address, "/healthz", &headers).await.status, 200);
    }
}

#[tokio::test]
async fn supervisors_learn_that_the_server_closes() {
    let (closing, mut told) = tokio::sync::mpsc::unbounded_channel();
    let server = listen(|builder| builder.health("/healthz", "/readyz")).await;
    for path in ["/healthz", "/readyz"] {
        assert_eq!(get(server.address, path, &[]).await.text(), "ok\n");
    }
    // Kept open by a client that polls no more, until the test has seen what it wants.
    let sid = get(server.address, POLLING, &[]).await.sid();
    let task = tokio::spawn({
        let server = server.server.clone();
        async move {
            server.close().await;
            let _ = closing.send(());
        }
    });
    in_time(async {
        while server.server.is_ready() {
            tokio::task::yield_now().await;
        }
    })
    .await;
    assert_eq!(get(server.address, "/readyz", &[]).await.status, 503);
    assert_eq!(get(server.address, "/healthz", &[]).await.status, 200);
    assert_eq!(get(server.address, &format!("{POLLING}&sid={sid}"), &[]).await.text(), "1");
    in_time(told.recv()).await;
    in_time(task).await.unwrap();
}

#[tokio::test]
async fn the_opening_answer_has_the_applications_headers() {
    let server = listen(|builder| {
        builder.cookie(sio::options::Cookie::new("io")).on_headers(|request, headers| {
            let name =
                if request.uri.query().is_some_and(|query| query.contains("polling")) { "p" } else { "w" };
            headers.insert("x-by", name.parse().unwrap());
            headers.insert("set-cookie", "mine=1".parse().unwrap());
            headers.insert("content-type", "text/html".parse().unwrap());
            headers.insert("upgrade", "nothing".parse().unwrap());
        })
    })
    .await;
    let answer = get(server.address, POLLING, &[]).await;
    assert_eq!(answer.header("x-by").as_deref(), Some("p"));
    assert_eq!(answer.header("content-type").as_deref(), Some("text/plain; charset=UTF-8"));
    let cookies = answer.header("set-cookie").unwrap();
    assert!(cookies.contains("mine=1") && cookies.contains("io="), "{cookies}");
    let target = format!("{POLLING}&sid={}", answer.sid());
    let again = get(server.address, &target, &[]);
    let (again, _) = tokio::join!(again, server.server.close());
    assert_eq!(again.header("x-by"), None);
    // `websocket` checks what is the protocol's.
    let server = listen(|builder| {
        builder.on_headers(|_, headers| {
            headers.insert("sec-websocket-accept", "x".parse().unwrap());
            headers.insert("connection", "close".parse().unwrap());
        })
    })
    .await;
    assert!(websocket(connect(server.address).await, WEBSOCKET, &[]).await.is_ok());
}
