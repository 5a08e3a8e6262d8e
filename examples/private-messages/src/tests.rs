//! Private messages as the clients see them.

use serde_json::{Value, json};
use sio::testing::{Refused, TestClient, TestServer};
use sio::{DisconnectReason, Server};

use crate::app;
use crate::users::Users;

type TestResult = Result<(), Box<dyn std::error::Error>>;

fn server() -> TestServer {
    let users = Users::default();
    let server = app::new(Server::builder(), &users).expect("the server can be built");
    let published = server.clone();
    tokio::spawn(async move { match app::publish(&published, &users).await {} });
    TestServer::new(server)
}

/// A tab, and what it was told of its user.
struct TestTab {
    client: TestClient,
    id: String,
    session: String,
}

impl TestTab {
    async fn open(server: &TestServer, auth: Value) -> Result<Self, Refused> {
        let client = server.client().namespace("/messages").auth(&auth).connect().await?;
        let welcome: Value = client.next("welcome").await;
        client.ignore("people");
        let [id, session] = ["id", "session"]
            .map(|field| welcome[field].as_str().unwrap_or("?").to_owned());
        Ok(Self { client, id, session })
    }

    async fn another(&self, server: &TestServer) -> Result<Self, Refused> {
        Self::open(server, json!({ "session": self.session })).await
    }
}

/// Everybody's name and whether they are here.
fn people(list: &Value) -> Vec<(String, bool)> {
    let people = list["people"].as_array().into_iter().flatten();
    let mut people: Vec<_> = people
        .map(|user| {
            (user["name"].as_str().unwrap_or("?").to_owned(), user["online"] == true)
        })
        .collect();
    people.sort();
    people
}

#[tokio::test(start_paused = true)]
async fn a_message_reaches_all_tabs_of_both_and_nobody_else() -> TestResult {
    let server = server();
    let ada = TestTab::open(&server, json!({ "name": "Ada" })).await?;
    let bob = TestTab::open(&server, json!({ "name": "Bob" })).await?;
    let eve = TestTab::open(&server, json!({ "name": "Eve" })).await?;
    let (ada_too, bob_too) = (ada.another(&server).await?, bob.another(&server).await?);
    assert_eq!((&ada_too.id, &bob_too.id), (&ada.id, &bob.id));

    let message = json!({ "from": ada.id, "to": bob.id, "text": "hi" });
    let answer: Value = ada
        .client
        .emit_with_ack("private_message", &json!({ "to": bob.id, "text": "hi" }))
        .await?;
    assert_eq!(answer, message);
    for tab in [&ada_too, &bob, &bob_too] {
        assert_eq!(tab.client.next::<Value>("private_message").await, message);
    }
    for tab in [&ada, &ada_too, &bob, &bob_too, &eve] {
        tab.client.nothing_more().await;
    }
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_name_has_one_owner() -> TestResult {
    let server = server();
    let ada = TestTab::open(&server, json!({ "name": " Ada " })).await?;
    for (auth, message, data) in [
        (
            json!({ "name": "ADA" }),
            "Somebody else has this name",
            json!({ "code": "name_taken", "name": "ADA" }),
        ),
        (
            json!({ "session": "guessed" }),
            "Please log in again",
            json!({ "code": "unknown_session" }),
        ),
    ] {
        let refused = TestTab::open(&server, auth).await.err().expect("it is refused");
        assert_eq!(refused.message, message);
        assert_eq!(serde_json::to_value(&refused.data)?, data);
    }
    for auth in [
        json!({ "name": "" }),
        json!({}),
        json!({ "session": ada.session, "name": "Eve" }),
    ] {
        let refused = TestTab::open(&server, auth).await.err().expect("it is refused");
        assert_eq!(refused.message, "Invalid auth payload");
    }
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn who_cannot_be_written_to_is_named() -> TestResult {
    let server = server();
    let ada = TestTab::open(&server, json!({ "name": "Ada" })).await?;
    let bob = TestTab::open(&server, json!({ "name": "Bob" })).await?;
    let to = |id: &str| json!({ "to": id, "text": "hi" });

    let error = ada
        .client
        .emit_with_ack::<Value>("private_message", &to("nobody"))
        .await
        .unwrap_err();
    assert_eq!(
        (error.code(), error.field("to").as_str()),
        ("unknown_user", Some("nobody"))
    );

    bob.client.disconnect().await;
    bob.client.expect_disconnect().await;
    let error = ada
        .client
        .emit_with_ack::<Value>("private_message", &to(&bob.id))
        .await
        .unwrap_err();
    assert_eq!(error.code(), "offline");

    let empty = json!({ "to": ada.id, "text": "  " });
    let error =
        ada.client.emit_with_ack::<Value>("private_message", &empty).await.unwrap_err();
    assert_eq!(error.code(), "invalid_payload");
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_user_is_here_until_the_last_tab_has_gone() -> TestResult {
    let server = server();
    let watcher = server
        .client()
        .namespace("/messages")
        .auth(&json!({ "name": "Eve" }))
        .connect()
        .await?;
    watcher.ignore("welcome");
    let sees = async |ada: bool| loop {
        let list: Value = watcher.next("people").await;
        if people(&list) == [("Ada".to_owned(), ada), ("Eve".to_owned(), true)] {
            return;
        }
    };
    let ada = TestTab::open(&server, json!({ "name": "Ada" })).await?;
    sees(true).await;
    let ada_too = ada.another(&server).await?;
    ada.client.disconnect().await;
    // A page that is loaded again, and nobody notices.
    ada_too.client.kill().await;
    let ada_too = ada.another(&server).await?;
    watcher.nothing_more().await;
    ada_too.client.kill().await;
    sees(false).await;
    ada.another(&server).await?;
    sees(true).await;
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn logging_out_ends_all_tabs_and_frees_the_name() -> TestResult {
    let server = server();
    let ada = TestTab::open(&server, json!({ "name": "Ada" })).await?;
    let ada_too = ada.another(&server).await?;
    ada.client.emit("log_out", &()).await;
    for tab in [&ada, &ada_too] {
        assert_eq!(
            tab.client.expect_disconnect().await,
            DisconnectReason::ServerNamespaceDisconnect
        );
    }
    assert_eq!(
        ada.another(&server).await.err().expect("it is refused").message,
        "Please log in again"
    );
    TestTab::open(&server, json!({ "name": "Ada" })).await?;
    Ok(())
}
