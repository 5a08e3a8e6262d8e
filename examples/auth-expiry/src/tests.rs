//! Tokens as pages and their sockets see them.

use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{Request, StatusCode, header};
use serde_json::{Value, json};
use sio::testing::{Refused, TestClient, TestServer};
use sio::{DisconnectReason, Server};
use tokio::time::{Instant, sleep};
use tower::ServiceExt as _;

use crate::tokens::Tokens;

type TestResult = Result<(), Box<dyn std::error::Error>>;

const MINUTE: Duration = Duration::from_secs(60);

struct App {
    router: Router,
    server: TestServer,
}

impl App {
    fn start() -> Self {
        let tokens = Tokens::new(MINUTE).expect("there is randomness");
        let (router, server) =
            crate::app::new(Server::builder(), tokens).expect("it can be built");
        Self { router, server: TestServer::new(server) }
    }

    /// Makes a POST; gives the status, the cookie that is set, and the body.
    async fn post(
        &self,
        path: &str,
        cookie: &str,
        body: &Value,
    ) -> (StatusCode, String, Value) {
        let request = Request::post(path)
            .header(header::COOKIE, cookie)
            .header(header::CONTENT_TYPE, "application/json")
            .body(Body::from(body.to_string()))
            .unwrap();
        let answer = self.router.clone().oneshot(request).await.unwrap();
        let cookie = answer
            .headers()
            .get(header::SET_COOKIE)
            .map(|cookie| cookie.to_str().unwrap());
        let cookie =
            cookie.unwrap_or_default().split(';').next().unwrap_or_default().to_owned();
        let status = answer.status();
        let body = to_bytes(answer.into_body(), 10_000).await.unwrap();
        (status, cookie, serde_json::from_slice(&body).unwrap_or_default())
    }

    /// Logs somebody in; gives the cookie.
    async fn log_in(&self, name: &str) -> String {
        let (status, cookie, _) =
            self.post("/login", "", &json!({ "name": name, "password": "sesame" })).await;
        assert_eq!(status, StatusCode::NO_CONTENT);
        cookie
    }

    /// A fresh token, as the payload of a socket.
    async fn token(&self, cookie: &str) -> Value {
        let (status, _, access) = self.post("/token", cookie, &Value::Null).await;
        assert_eq!(status, StatusCode::OK);
        access
    }

    async fn connect(&self, access: &Value) -> Result<TestClient, Refused> {
        let client =
            self.server.client().namespace("/account").auth(access).connect().await?;
        Ok(client.within(2 * MINUTE))
    }
}

#[tokio::test(start_paused = true)]
async fn a_socket_is_warned_and_ends_with_its_token() -> TestResult {
    let app = App::start();
    let cookie = app.log_in("Ada").await;
    let ada = app.connect(&app.token(&cookie).await).await?;
    let begin = Instant::now();
    assert_eq!(
        ada.next::<Value>("welcome").await,
        json!({ "user": "Ada", "seconds": 60 })
    );

    assert_eq!(ada.next::<u64>("auth_expiring").await, 20);
    assert_eq!(begin.elapsed().as_secs(), 40);
    assert_eq!(ada.expect_disconnect().await, DisconnectReason::AuthExpired);
    assert_eq!(begin.elapsed().as_secs(), 60);

    // The page comes back with a fresh one.
    app.connect(&app.token(&cookie).await).await?;
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_renewed_token_goes_on() -> TestResult {
    let app = App::start();
    let cookie = app.log_in("Ada").await;
    let ada = app.connect(&app.token(&cookie).await).await?;
    for _ in 0..5 {
        ada.next::<u64>("auth_expiring").await;
        let validity: Value =
            ada.emit_with_ack("reauth", &app.token(&cookie).await).await?;
        assert_eq!(validity, json!({ "user": "Ada", "seconds": 60 }));
    }
    let begin = Instant::now();
    ada.expect_disconnect().await;
    assert_eq!(begin.elapsed().as_secs(), 60);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn only_a_good_token_of_the_same_user_renews() -> TestResult {
    let app = App::start();
    let (ada, bob) = (app.log_in("Ada").await, app.log_in("Bob").await);
    let old = app.token(&ada).await;
    sleep(MINUTE / 2).await;
    let socket = app.connect(&app.token(&ada).await).await?;
    sleep(MINUTE / 2).await;
    let session = json!({ "token": ada.trim_start_matches("session=") });
    for (token, code) in [
        (app.token(&bob).await, "another_user"),
        (old.clone(), "expired_token"),
        (session, "invalid_token"),
    ] {
        // More often than once a second would be too often.
        sleep(Duration::from_secs(1)).await;
        let error = socket.emit_with_ack::<Value>("reauth", &token).await.unwrap_err();
        assert_eq!(error.code(), code);
    }
    let refused = app.connect(&old).await.unwrap_err();
    assert_eq!(
        (refused.message.as_str(), refused.data["code"].as_str()),
        ("This token has run out", Some("expired_token"))
    );

    // None of it has made the socket live longer.
    let begin = Instant::now();
    socket.expect_disconnect().await;
    assert!(begin.elapsed() <= MINUTE / 2);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn who_has_not_logged_in_gets_no_token() {
    let app = App::start();
    let (status, cookie, _) =
        app.post("/login", "", &json!({ "name": "Ada", "password": "?" })).await;
    assert_eq!((status, cookie.as_str()), (StatusCode::UNAUTHORIZED, ""));
    for cookie in ["", "session=", "session=a.b", "other=1"] {
        assert_eq!(
            app.post("/token", cookie, &Value::Null).await.0,
            StatusCode::UNAUTHORIZED,
            "{cookie}"
        );
    }
    let cookie = app.log_in("Ada").await;
    assert_eq!(
        app.post("/token", &format!("a=b; {cookie}"), &Value::Null).await.0,
        StatusCode::OK
    );
    assert_eq!(app.post("/logout", &cookie, &Value::Null).await.1, "session=");

    // A login ends too.
    sleep(Duration::from_secs(12 * 60 * 60)).await;
    assert_eq!(
        app.post("/token", &cookie, &Value::Null).await.0,
        StatusCode::UNAUTHORIZED
    );
}
