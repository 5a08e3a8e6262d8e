//! Presence as the clients see it.

use std::time::Duration;

use serde_json::{Value, json};
use sio::Server;
use sio::testing::{Refused, TestClient, TestServer};

use crate::app;
use crate::roster::Roster;

type TestResult = Result<(), Box<dyn std::error::Error>>;

const IDLE: Duration = Duration::from_secs(60);

fn server() -> TestServer {
    let roster = Roster::default();
    let server =
        app::new(Server::builder(), &roster, IDLE).expect("the server can be built");
    let published = server.clone();
    tokio::spawn(async move { match app::publish(&published, &roster).await {} });
    TestServer::new(server)
}

async fn enter(
    server: &TestServer,
    name: &str,
    team: &str,
) -> Result<TestClient, Refused> {
    let client = server
        .client()
        .namespace("/presence")
        .auth(&json!({ "name": name, "team": team }));
    let client = client.connect().await?.within(2 * IDLE);
    Ok(client)
}

/// Waits for a list of the team that reads so: `Ada online, Bob offline`.
async fn sees(client: &TestClient, people: &str) {
    loop {
        let list: Value = client.next("team").await;
        let text = |field: &Value| field.as_str().unwrap_or("?").to_owned();
        let all = list["people"].as_array().into_iter().flatten();
        let all =
            all.map(|person| text(&person["name"]) + " " + &text(&person["status"]));
        if all.collect::<Vec<_>>().join(", ") == people {
            return;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn several_tabs_count_once() -> TestResult {
    let server = server();
    let ada = enter(&server, "Ada", "design").await?;
    sees(&ada, "Ada online").await;
    let ada_too = enter(&server, "Ada", "design").await?;
    sees(&ada_too, "Ada online").await;
    let bob = enter(&server, "Bob", "design").await?;
    sees(&ada, "Ada online, Bob online").await;

    // One of her tabs is closed: she is still there. Bob loads his page again, and nobody notices.
    ada_too.disconnect().await;
    bob.kill().await;
    let bob = enter(&server, "Bob", "design").await?;
    ada.ignore("teams");
    ada.within(IDLE / 2).nothing_more().await;
    bob.kill().await;
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_person_without_a_tab_is_offline() -> TestResult {
    let server = server();
    let (ada, bob) =
        (enter(&server, "Ada", "design").await?, enter(&server, "Bob", "design").await?);
    sees(&ada, "Ada online, Bob online").await;
    bob.kill().await;
    sees(&ada, "Ada online, Bob offline").await;
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn who_does_nothing_is_away_and_comes_back() -> TestResult {
    let server = server();
    let (ada, bob) =
        (enter(&server, "Ada", "design").await?, enter(&server, "Bob", "design").await?);
    sees(&ada, "Ada online, Bob online").await;

    tokio::time::sleep(IDLE / 2).await;
    ada.emit_with_ack::<()>("active", &()).await?;
    sees(&ada, "Ada online, Bob away").await;
    sees(&ada, "Ada away, Bob away").await;
    bob.emit("active", &()).await;
    sees(&ada, "Ada away, Bob online").await;

    // Another tab is another place to be busy; where it closes, the first one counts again.
    let ada_too = enter(&server, "Ada", "design").await?;
    sees(&bob, "Ada online, Bob online").await;
    ada_too.disconnect().await;
    sees(&bob, "Ada away, Bob online").await;
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
    assert_eq!(
        list["people"][0],
        json!({ "name": "Ada", "status": "offline", "seconds": 90 })
    );
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_team_sees_its_own_people_and_the_numbers_of_all() -> TestResult {
    let server = server();
    let ada = enter(&server, "Ada", "design").await?;
    sees(&ada, "Ada online").await;
    let _bob = enter(&server, "Bob", "support").await?;
    loop {
        let overview: Value = ada.next("teams").await;
        if overview["online"] == json!({ "design": 1, "engineering": 0, "support": 1 }) {
            break;
        }
    }
    let list: Value = ada.next("team").await;
    assert_eq!(list["people"].as_array().map(Vec::len), Some(1), "{list}");
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn there_are_no_other_teams() {
    let refused = enter(&server(), "Ada", "sales").await.unwrap_err();
    assert_eq!(refused.data["code"].as_str(), Some("invalid_auth"));
}
