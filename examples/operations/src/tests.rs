//! The dashboard as its page sees it.

use std::time::Duration;

use serde_json::{Value, json};
use sio::options::Shutdown;
use sio::testing::{Refused, TestClient, TestServer};
use sio::{DisconnectReason, Server};
use tokio::task::JoinHandle;
use tracing_subscriber::prelude::*;

use crate::passes::Passes;
use crate::{app, traces};

type TestResult = Result<(), Box<dyn std::error::Error>>;

const MINUTE: Duration = Duration::from_secs(60);

const CLIENT: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

/// A server that publishes its numbers; with the spans of this thread among them.
struct App {
    server: TestServer,
    publishing: JoinHandle<()>,
    _spans: tracing::subscriber::DefaultGuard,
}

impl App {
    fn start() -> Self {
        let (traces, layer) = traces::collect(false);
        let spans =
            tracing::subscriber::set_default(tracing_subscriber::registry().with(layer));
        let builder = Server::builder().shutdown(Shutdown::new().delay(MINUTE));
        let server = app::new(builder, Passes::new(MINUTE)).expect("it can be built");
        let published = server.clone();
        let publishing =
            tokio::spawn(async move { match app::publish(&published, &traces).await {} });
        Self { server: TestServer::new(server), publishing, _spans: spans }
    }

    async fn dashboard(&self, proof: &Value) -> Result<TestClient, Refused> {
        let client = self.server.client().namespace("/ops").auth(proof).connect().await?;
        Ok(client.within(2 * MINUTE))
    }

    async fn log_in(&self) -> Result<TestClient, Refused> {
        self.dashboard(&json!({ "password": "sesame" })).await
    }
}

impl Drop for App {
    fn drop(&mut self) {
        self.publishing.abort();
    }
}

/// The next numbers that are as they should be.
async fn numbers(client: &TestClient, is_meant: impl Fn(&Value) -> bool) -> Value {
    loop {
        let numbers = client.next("numbers").await;
        if is_meant(&numbers) {
            return numbers;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_dashboard_gets_the_numbers_of_what_happens() -> TestResult {
    let app = App::start();
    let ops = app.log_in().await?;
    let work = app.server.connect("/work").await?;
    let first = numbers(&ops, |numbers| numbers["sockets"] == 2).await;
    assert_eq!((&first["is_ready"], &first["websocket"]), (&json!(true), &json!(2)));

    let receipt: Value = work.emit_with_ack("quick", &json!({ "pieces": 3 })).await?;
    assert_eq!(receipt, json!({ "pieces": 3, "cents": 750 }));
    work.emit_with_ack::<Value>("slow", &json!({ "pieces": 1 })).await?;
    let error = work
        .emit_with_ack::<Value>("failing", &json!({ "pieces": 1 }))
        .await
        .unwrap_err();
    assert_eq!(error.code(), "internal");
    let too_many = work
        .emit_with_ack::<Value>("quick", &json!({ "pieces": 1001 }))
        .await
        .unwrap_err();
    assert_eq!(too_many.code(), "too_many");

    let now = numbers(&ops, |numbers| numbers["events"] == 4).await;
    assert_eq!(now["failed"], 1);
    let of = |event: &str| {
        let handlers = now["handlers"].as_array().into_iter().flatten();
        let mut found = handlers.filter(|handler| handler["event"] == event);
        found.next().map(|handler| (handler["count"].clone(), handler["failed"].clone()))
    };
    assert_eq!(of("quick"), Some((json!(2), json!(0))));
    assert_eq!(of("failing"), Some((json!(1), json!(1))));
    assert_eq!(of("report"), None);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_span_of_the_client_is_the_parent() -> TestResult {
    let app = App::start();
    let (ops, work) = (app.log_in().await?, app.server.connect("/work").await?);
    work.emit_with_ack::<Value>("slow", &json!({ "pieces": 1, "_trace": CLIENT }))
        .await?;
    let is_there = |numbers: &Value| numbers["spans"].to_string().contains("/work slow");
    let numbers = numbers(&ops, is_there).await;
    let spans = numbers["spans"].as_array().expect("a list");
    let named = |name: &str| {
        spans.iter().find(|span| span["name"] == name).expect("a span of this name")
    };
    let event = named("/work slow");
    assert_eq!(event["trace"], "4bf92f3577b34da6a3ce929d0e0e4736");
    assert_eq!(event["parent"], "00f067aa0ba902b7");
    for inner in ["look up the price", "write the bill"] {
        assert_eq!(
            (&named(inner)["trace"], &named(inner)["parent"]),
            (&event["trace"], &event["span"])
        );
    }
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_pass_is_renewed_by_itself_and_ends_otherwise() -> TestResult {
    let app = App::start();
    let refused = app.dashboard(&json!({ "password": "simsim" })).await.unwrap_err();
    assert_eq!(refused.data["code"].as_str(), Some("wrong_password"));
    let ops = app.log_in().await?;
    ops.ignore("numbers");
    let mut pass: Value = ops.next("welcome").await;
    for _ in 0..3 {
        assert_eq!(ops.next::<u64>("auth_expiring").await, 20);
        pass = ops.emit_with_ack("reauth", &json!({ "pass": pass["pass"] })).await?;
        assert_eq!(pass["seconds"], 60);
    }
    let other = app.dashboard(&json!({ "pass": pass["pass"] })).await?;
    other.ignore("numbers");
    assert_eq!(ops.expect_disconnect().await, DisconnectReason::AuthExpired);
    let refused = app.dashboard(&json!({ "pass": pass["pass"] })).await.unwrap_err();
    assert_eq!(refused.data["code"].as_str(), Some("unknown_pass"));
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn dashboards_see_that_the_server_stops() -> TestResult {
    let app = App::start();
    let ops = app.log_in().await?;
    let server = app.server.server().clone();
    let stopping = tokio::spawn(async move { server.drain().await });
    numbers(&ops, |numbers| numbers["is_ready"] == false).await;
    assert_eq!(ops.expect_disconnect().await, DisconnectReason::ServerShuttingDown);
    stopping.await?;
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn the_admin_ui_shows_the_sockets_to_those_who_know_the_password() -> TestResult {
    let app = App::start();
    let ops = app.log_in().await?;
    let open = async |password: &str| {
        let auth = json!({ "username": "ops", "password": password });
        app.server.client().namespace("/admin").auth(&auth).connect().await
    };
    assert_eq!(open("simsim").await.unwrap_err().message, "invalid credentials");
    let admin = open("sesame").await?;
    admin.ignore("server_stats");
    admin.next::<Value>("config").await;
    admin.next::<String>("session").await;
    let all: Value = admin.next("all_sockets").await;
    assert_eq!((&all[0]["nsp"], &all[0]["id"]), (&json!("/ops"), &json!(ops.id())));
    admin.emit_with_ack::<()>("_disconnect", &("/ops", false, ops.id())).await?;
    assert_eq!(
        ops.expect_disconnect().await,
        DisconnectReason::ServerNamespaceDisconnect
    );
    Ok(())
}
