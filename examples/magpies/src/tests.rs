//! The game as its players see it.

use std::time::Duration;

use serde_json::{Value, json};
use sio::Server;
use sio::testing::{ClientBuilder, Refused, TestClient, TestServer};

use crate::app;
use crate::field::MAX_PLAYERS;
use crate::matches::Matches;

type TestResult = Result<(), Box<dyn std::error::Error>>;

fn server() -> TestServer {
    let matches = Matches::default();
    let server = app::new(Server::builder(), &matches).expect("the server can be built");
    let playing = server.clone();
    tokio::spawn(async move { match app::play(&playing, &matches).await {} });
    TestServer::new(server)
}

fn visitor(server: &TestServer, match_name: &str, name: Option<&str>) -> ClientBuilder {
    let client = server
        .client()
        .namespace("/game")
        .auth(&json!({ "match": match_name, "name": name }));
    client.deadline(Duration::from_secs(60))
}

async fn play(
    server: &TestServer,
    match_name: &str,
    name: &str,
) -> Result<TestClient, Refused> {
    visitor(server, match_name, Some(name)).connect().await
}

async fn bird(client: &TestClient) -> Option<u64> {
    client.next::<Value>("welcome").await["bird"].as_u64()
}

/// Waits for a scene with these birds: `Ada, Bob (away)`.
async fn sees(client: &TestClient, birds: &str) {
    let name = |bird: &Value| {
        let name = bird["name"].as_str().unwrap_or("?").to_owned();
        if bird["is_away"] == true { name + " (away)" } else { name }
    };
    loop {
        let scene: Value = client.next("scene").await;
        let all = scene["birds"].as_array().into_iter().flatten().map(name);
        if all.collect::<Vec<_>>().join(", ") == birds {
            return;
        }
    }
}

/// The next position of a bird.
async fn position(client: &TestClient, bird: u64) -> (f64, f64) {
    let all: Vec<(u64, Value)> = client.next("positions").await;
    let (_, at) =
        all.into_iter().find(|(number, _)| *number == bird).expect("the bird is there");
    (at["x"].as_f64().unwrap_or(f64::NAN), at["y"].as_f64().unwrap_or(f64::NAN))
}

#[tokio::test(start_paused = true)]
async fn a_bird_flies_as_its_player_steers_and_all_of_the_match_see_it() -> TestResult {
    let server = server();
    let (ada, bob) =
        (play(&server, "meadow", "Ada").await?, play(&server, "meadow", "Bob").await?);
    let eve = visitor(&server, "meadow", None).connect().await?;
    let number = bird(&ada).await.ok_or("Ada has a bird")?;
    assert_eq!(
        (bird(&bob).await, bird(&eve).await),
        (Some(number + 2), None),
        "the machine came between them"
    );

    ada.emit_with_ack::<()>("steer", &(-1, 0)).await?;
    for client in [&bob, &eve] {
        while position(client, number).await.0 > 40.0 {}
    }
    // A spectator has no bird to steer.
    eve.emit_with_ack::<()>("steer", &(1, 0)).await?;
    while position(&eve, number).await.0 > 40.0 {}
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn matches_do_not_see_each_other() -> TestResult {
    let server = server();
    let ada = play(&server, "meadow", "Ada").await?;
    let bob = play(&server, "forest", "Bob").await?;
    sees(&ada, "Ada, the machine").await;
    sees(&bob, "Bob, the machine").await;
    let positions: Vec<Value> = ada.next("positions").await;
    assert_eq!(positions.len(), 2);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn who_comes_back_in_time_has_the_same_bird() -> TestResult {
    let server = server();
    let (ada, bob) =
        (play(&server, "meadow", "Ada").await?, play(&server, "meadow", "Bob").await?);
    let number = bird(&bob).await;
    bob.kill().await;
    sees(&ada, "Ada, Bob (away)").await;
    let bob = visitor(&server, "meadow", Some("Bob")).resume(&bob).connect().await?;
    assert!(bob.is_recovered());
    assert_eq!(bird(&bob).await, number);
    sees(&ada, "Ada, Bob").await;

    bob.kill().await;
    sees(&ada, "Ada, Bob (away)").await;
    sees(&ada, "Ada, the machine").await; // after 20 seconds
    let bob = visitor(&server, "meadow", Some("Bob")).resume(&bob).connect().await?;
    assert!(!bob.is_recovered());
    sees(&ada, "Ada, Bob").await;
    bob.disconnect().await;
    sees(&ada, "Ada, the machine").await;
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_match_has_its_limits() -> TestResult {
    let server = server();
    let mut players = Vec::new();
    for number in 0..MAX_PLAYERS {
        players.push(play(&server, "meadow", &format!("Player {number}")).await?);
    }
    let refused = play(&server, "meadow", "Eve").await.unwrap_err();
    assert_eq!(refused.data["code"].as_str(), Some("full"));
    visitor(&server, "meadow", None).connect().await?;
    for (match_name, name) in [("No such name", "Eve"), ("meadow", "\u{200b}")] {
        let refused = play(&server, match_name, name).await.unwrap_err();
        assert_eq!(refused.data["code"].as_str(), Some("invalid_auth"));
    }
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn the_machine_wins_against_who_does_nothing_and_a_new_round_begins() -> TestResult
{
    let server = server();
    let ada = play(&server, "meadow", "Ada").await?;
    let machine = bird(&ada).await.map(|number| number + 1);
    let won = async || ada.next::<Value>("scene").await["winner"].as_u64();
    while won().await != machine {}
    while won().await.is_some() {}
    Ok(())
}
