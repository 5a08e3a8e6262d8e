//! Orders as pages and their sockets see them. The database lives by the real clock, and
//! so do these tests.

use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{Request, StatusCode, header};
use serde_json::{Value, json};
use sio::testing::{Refused, TestClient, TestServer};
use sio::{DisconnectReason, Server};
use tower::ServiceExt as _;

use crate::app;
use crate::store::Store;
use crate::tokens::Tokens;

type TestResult = Result<(), Box<dyn std::error::Error>>;

struct App {
    router: Router,
    server: TestServer,
}

impl App {
    async fn start() -> Self {
        Self::start_with(Duration::from_secs(3600), 300).await
    }

    async fn start_with(shift: Duration, late_seconds: i64) -> Self {
        let store = Store::open("sqlite::memory:", late_seconds)
            .await
            .expect("the database can be opened");
        let tokens = Tokens::new(b"a secret", shift).expect("there is a key");
        let (router, server) = app::new(Server::builder(), store.clone(), tokens)
            .expect("the application can be built");
        let reporting = app::report(server.clone(), store, Duration::from_millis(20));
        tokio::spawn(async move { match reporting.await {} });
        Self { router, server: TestServer::new(server) }
    }

    async fn ask(
        &self,
        method: &str,
        path: &str,
        token: &str,
        body: &Value,
    ) -> (StatusCode, Value) {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::AUTHORIZATION, format!("Bearer {token}"))
            .header(header::CONTENT_TYPE, "application/json")
            .body(Body::from(body.to_string()))
            .expect("it is a request");
        let answer =
            self.router.clone().oneshot(request).await.expect("routes do not fail");
        let status = answer.status();
        let body = to_bytes(answer.into_body(), 100_000).await.expect("there is a body");
        (status, serde_json::from_slice(&body).unwrap_or_default())
    }

    /// Logs somebody in; gives the token.
    async fn log_in(&self, name: &str) -> String {
        let (status, access) = self
            .ask("POST", "/login", "", &json!({ "name": name, "password": "sesame" }))
            .await;
        assert_eq!(status, StatusCode::OK);
        access["token"].as_str().expect("there is a token").to_owned()
    }

    async fn order(&self, token: &str, drink: &str) -> Value {
        let (status, order) =
            self.ask("POST", "/orders", token, &json!({ "drink": drink })).await;
        assert_eq!(status, StatusCode::CREATED);
        order
    }

    async fn connect(&self, namespace: &str, token: &str) -> Result<TestClient, Refused> {
        self.server
            .client()
            .namespace(namespace)
            .auth(&json!({ "token": token }))
            .connect()
            .await
    }

    /// A dashboard, whose test is not about the totals.
    async fn dashboard(&self, name: &str) -> Result<TestClient, Refused> {
        let client = self.connect("/admin", &self.log_in(name).await).await?;
        client.ignore("totals");
        Ok(client)
    }
}

#[tokio::test]
async fn an_order_reaches_the_dashboard_and_its_progress_the_guest() -> TestResult {
    let app = App::start().await;
    let token = app.log_in("Ada").await;
    let (ada, ada_too) =
        (app.connect("/guest", &token).await?, app.connect("/guest", &token).await?);
    let bob = app.connect("/guest", &app.log_in("Bob").await).await?;
    let grace = app.dashboard("Grace").await?;

    let order = app.order(&token, "Flat white").await;
    assert_eq!(
        (&order["guest"], &order["cents"], &order["status"]),
        (&json!("Ada"), &json!(380), &json!("placed"))
    );
    for client in [&ada, &ada_too, &grace] {
        assert_eq!(client.next::<Value>("order").await, order);
    }

    for (version, status) in ["preparing", "ready", "collected"].iter().enumerate() {
        let order: Value =
            grace.emit_with_ack("advance", &(&order["id"], version)).await?;
        assert_eq!(order["status"], *status);
        for client in [&ada, &ada_too, &grace] {
            assert_eq!(client.next::<Value>("order").await, order);
        }
    }
    bob.nothing_more().await;
    Ok(())
}

#[tokio::test]
async fn of_two_who_take_an_order_on_one_is_told_that_it_has_changed() -> TestResult {
    let app = App::start().await;
    let (grace, charles) =
        (app.dashboard("Grace").await?, app.dashboard("Charles").await?);
    let id = &app.order(&app.log_in("Ada").await, "Tea").await["id"];
    let outcomes = [
        grace.emit_with_ack::<Value>("advance", &(id, 0)).await,
        charles.emit_with_ack::<Value>("advance", &(id, 0)).await,
    ];
    let codes: Vec<_> = outcomes
        .iter()
        .filter_map(|outcome| outcome.as_ref().err())
        .map(|error| error.code())
        .collect();
    assert_eq!(codes, ["changed"]);
    Ok(())
}

#[tokio::test]
async fn only_staff_enter_the_dashboard_and_only_managers_cancel() -> TestResult {
    let app = App::start().await;
    let token = app.log_in("Ada").await;
    let refused = app.connect("/admin", &token).await.unwrap_err();
    assert_eq!(refused.data["code"].as_str(), Some("forbidden"));
    for namespace in ["/admin", "/guest"] {
        let refused = app.connect(namespace, "a.b.c").await.unwrap_err();
        assert_eq!(refused.data["code"].as_str(), Some("invalid_token"));
    }

    let (grace, charles) =
        (app.dashboard("Grace").await?, app.dashboard("Charles").await?);
    let id = &app.order(&token, "Tea").await["id"];
    let error = grace.emit_with_ack::<Value>("cancel", id).await.unwrap_err();
    assert_eq!(error.code(), "forbidden");
    let order: Value = charles.emit_with_ack("cancel", id).await?;
    assert_eq!(order["status"], "cancelled");
    Ok(())
}

#[tokio::test]
async fn a_guest_cancels_only_their_own_orders_and_only_in_time() -> TestResult {
    let app = App::start().await;
    let (ada, bob) = (app.log_in("Ada").await, app.log_in("Bob").await);
    let grace = app.dashboard("Grace").await?;
    let (first, second) =
        (app.order(&ada, "Tea").await, app.order(&ada, "Espresso").await);
    let cancel = async |order: &Value, token| {
        app.ask("DELETE", &format!("/orders/{}", order["id"]), token, &Value::Null)
            .await
            .0
    };
    assert_eq!(cancel(&first, &bob).await, StatusCode::CONFLICT);
    assert_eq!(cancel(&first, &ada).await, StatusCode::OK);
    grace.emit_with_ack::<Value>("advance", &(&second["id"], 0)).await?;
    assert_eq!(cancel(&second, &ada).await, StatusCode::CONFLICT);

    let (_, orders) = app.ask("GET", "/orders", &ada, &Value::Null).await;
    let statuses =
        orders.as_array().into_iter().flatten().map(|order| order["status"].as_str());
    assert_eq!(statuses.collect::<Vec<_>>(), [Some("preparing"), Some("cancelled")]);
    Ok(())
}

#[tokio::test]
async fn dashboards_are_told_the_totals_as_they_change() -> TestResult {
    let app = App::start_with(Duration::from_secs(3600), 0).await;
    let grace = app.connect("/admin", &app.log_in("Grace").await).await?;
    let reads =
        async |totals: Value| while grace.next::<Value>("totals").await != totals {};
    let order = app.order(&app.log_in("Ada").await, "Espresso").await;
    reads(json!({ "open": 1, "late": 1, "cents": 0 })).await;
    for version in 0..3 {
        grace.emit_with_ack::<Value>("advance", &(&order["id"], version)).await?;
    }
    reads(json!({ "open": 0, "late": 0, "cents": 220 })).await;

    let overview: Value = grace.emit_with_ack("overview", &()).await?;
    assert_eq!(
        overview,
        json!({ "orders": [], "totals": { "open": 0, "late": 0, "cents": 220 } })
    );
    Ok(())
}

#[tokio::test]
async fn a_socket_ends_with_its_token() -> TestResult {
    let app = App::start_with(Duration::from_secs(2), 300).await;
    let ada = app.connect("/guest", &app.log_in("Ada").await).await?;
    assert_eq!(ada.expect_disconnect().await, DisconnectReason::AuthExpired);
    Ok(())
}

#[tokio::test]
async fn what_cannot_be_is_answered() {
    let app = App::start().await;
    let wrong = json!({ "name": "Ada", "password": "?" });
    assert_eq!(app.ask("POST", "/login", "", &wrong).await.0, StatusCode::UNAUTHORIZED);
    assert_eq!(
        app.ask("GET", "/orders", "a.b.c", &Value::Null).await.0,
        StatusCode::UNAUTHORIZED
    );
    let token = app.log_in("Ada").await;
    let beer = json!({ "drink": "Beer" });
    assert_eq!(app.ask("POST", "/orders", &token, &beer).await.0, StatusCode::NOT_FOUND);
    let (_, menu) = app.ask("GET", "/menu", "", &Value::Null).await;
    assert_eq!(menu.as_array().map(Vec::len), Some(5));
}
