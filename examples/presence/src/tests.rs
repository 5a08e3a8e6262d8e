//! Presence as the clients see it.

use std::time::Duration;

use serde_json::{Value, json};
use sio::Server;
use sio::testing::{Refused, TestClient, TestServer};

use crate::consumer::IdleAfter;
use crate::roster::Roster;

type TestResult = Result<(), Box<dyn std::error::Error>>;

const IDLE: Duration = Duration::from_secs(60);

fn server() -> TestServer {
    let builder = Server::builder().state(Roster::default()).state(IdleAfter(IDLE));
    TestServer::new(builder.build().expect("the server can be built"))
}

async fn enter(server: &TestServer, name: &str, team: &str) -> Result<TestClient, Refused> {
    let client = server.client().namespace("/presence").auth(&json!({ "name": name, "team": team }));
    let client = client.connect().await?.within(2 * IDLE);
    Ok(client)
}

/// The next list of the team, in the form `Ada online, Bob offline`.
async fn team(client: &TestClient) -> String {
    let list: Value = client.next("team").await;
    let people = list["people"].as_array().into_iter().flatten();
    let text = |field: &Value| field.as_str().unwrap_or("?").to_owned();
    people.map(|person| text(&person["name"]) + " " + &text(&person["status"])).collect::<Vec<_>>().join(", ")
}

#[tokio::test(start_paused = true)]
async fn several_tabs_count_once() -> TestResult {
    let server = server();
    let ada = enter(&server, "Ada", "design").await?;
    assert_eq!(team(&ada).await, "Ada online");
    let ada_too = enter(&server, "Ada", "design").await?;
    assert_eq!(team(&ada_too).await, "Ada online");
    assert_eq!(team(&ada).await, "Ada online");
    let bob = enter(&server, "Bob", "design").await?;
    assert_eq!(team(&ada).await, "Ada online, Bob online");

    // One of her tabs is closed: she is still there.
    ada_too.disconnect().await;
    assert_eq!(team(&ada).await, "Ada online, Bob online");
    bob.kill().await;
    assert_eq!(team(&ada).await, "Ada online, Bob offline");
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn who_does_nothing_is_away_and_comes_back() -> TestResult {
    let server = server();
    let (ada, bob) = (enter(&server, "Ada", "design").await?, enter(&server, "Bob", "design").await?);
    assert_eq!(team(&ada).await, "Ada online");
    assert_eq!(team(&ada).await, "Ada online, Bob online");

    tokio::time::sleep(IDLE / 2).await;
    ada.emit_with_ack::<()>("active", &()).await?;
    assert_eq!(team(&ada).await, "Ada online, Bob away");
    assert_eq!(team(&ada).await, "Ada away, Bob away");
    bob.emit("active", &()).await;
    assert_eq!(team(&ada).await, "Ada away, Bob online");
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn the_list_says_since_when() -> TestResult {
    let server = server();
    let ada = enter(&server, "Ada", "support").await?;
    ada.disconnect().await;
    ada.expect_disconnect().await;
    tokio::time::sleep(Duration::from_secs(90)).await;
    let bob = enter(&server, "Bob", "support").await?;
    let list: Value = bob.next("team").await;
    assert_eq!(list["people"][0], json!({ "name": "Ada", "status": "offline", "seconds": 90 }));
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_team_sees_its_own_people_and_the_numbers_of_all() -> TestResult {
    let server = server();
    let ada = enter(&server, "Ada", "design").await?;
    assert_eq!(team(&ada).await, "Ada online");
    ada.next::<Value>("teams").await;
    let _bob = enter(&server, "Bob", "support").await?;
    let overview: Value = ada.next("teams").await;
    assert_eq!(overview["online"], json!({ "design": 1, "engineering": 0, "support": 1 }));
    ada.within(IDLE / 2).nothing_more().await;
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn there_are_no_other_teams() {
    let refused = enter(&server(), "Ada", "sales").await.unwrap_err();
    assert_eq!(refused.data["code"].as_str(), Some("invalid_auth"));
}
