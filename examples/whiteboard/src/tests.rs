//! The whiteboard as its clients see it.

use serde::Deserialize;
use serde_json::json;
use sio::testing::{Refused, TestClient, TestServer};
use sio::{Binary, Server};

use crate::board::Boards;

type TestResult = Result<(), Box<dyn std::error::Error>>;

#[derive(Debug, PartialEq, Deserialize)]
struct Drawing {
    sheet: u32,
    strokes: Binary,
}

fn server() -> TestServer {
    TestServer::new(
        Server::builder()
            .state(Boards::default())
            .build()
            .expect("the server can be built"),
    )
}

async fn open(server: &TestServer, board: &str) -> Result<TestClient, Refused> {
    server.connect(&format!("/board/{board}")).await
}

/// A stroke of one point.
fn dot(x: u8) -> Binary {
    vec![3, 4, x, 0, 0, 0].into()
}

#[tokio::test(start_paused = true)]
async fn a_stroke_reaches_everybody_else_on_the_board() -> TestResult {
    let server = server();
    let (ada, bob) = (open(&server, "kitchen").await?, open(&server, "kitchen").await?);
    let eve = open(&server, "garden").await?;
    ada.emit_with_ack::<()>("stroke", &dot(1)).await?;
    assert_eq!(bob.next::<(u32, Binary)>("stroke").await, (0, dot(1)));
    for client in [&ada, &bob, &eve] {
        client.nothing_more().await;
    }
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn who_comes_late_gets_the_board_so_far() -> TestResult {
    let server = server();
    let ada = open(&server, "kitchen").await?;
    for x in [1, 2] {
        ada.emit_with_ack::<()>("stroke", &dot(x)).await?;
    }
    let bob = open(&server, "kitchen").await?;
    let drawing: Drawing = bob.emit_with_ack("board", &()).await?;
    assert_eq!(*drawing.strokes, [6, 0, 3, 4, 1, 0, 0, 0, 6, 0, 3, 4, 2, 0, 0, 0]);

    // The board outlives those who look at it.
    ada.disconnect().await;
    bob.disconnect().await;
    let eve = open(&server, "kitchen").await?;
    assert_eq!(eve.emit_with_ack::<Drawing>("board", &()).await?, drawing);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_cleared_board_is_a_new_sheet() -> TestResult {
    let server = server();
    let (ada, bob) = (open(&server, "kitchen").await?, open(&server, "kitchen").await?);
    ada.emit_with_ack::<()>("stroke", &dot(1)).await?;
    bob.emit_with_ack::<()>("clear", &()).await?;
    for client in [&ada, &bob] {
        assert_eq!(client.next::<u32>("cleared").await, 1);
    }
    ada.emit_with_ack::<()>("stroke", &dot(2)).await?;
    bob.next::<(u32, Binary)>("stroke").await;
    assert_eq!(bob.next::<(u32, Binary)>("stroke").await, (1, dot(2)));
    let drawing: Drawing = bob.emit_with_ack("board", &()).await?;
    assert_eq!((drawing.sheet, drawing.strokes.len()), (1, 8));
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_drawn_is_refused() -> TestResult {
    let server = server();
    let ada = open(&server, "kitchen").await?;
    let outside: Binary = vec![3, 4, 255, 255, 0, 0].into();
    let error = ada.emit_with_ack::<()>("stroke", &outside).await.unwrap_err();
    assert_eq!(error.code(), "invalid_payload");
    assert_eq!(error.field("detail").as_str(), Some("a point is not on the board"));
    let error = ada.emit_with_ack::<()>("stroke", &json!([1, 2])).await.unwrap_err();
    assert_eq!(error.code(), "invalid_payload");
    let error = ada
        .emit_with_ack::<()>("stroke", &Binary::from(vec![0; 3000]))
        .await
        .unwrap_err();
    assert_eq!(error.code(), "payload_too_large");
    assert_eq!(open(&server, "No!").await.unwrap_err().message, "Invalid namespace");
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn others_see_where_somebody_points_to() -> TestResult {
    let server = server();
    let (ada, bob) = (open(&server, "kitchen").await?, open(&server, "kitchen").await?);
    ada.emit("pointer", &json!({ "x": 12.5, "y": 7 })).await;
    let (id, at): (String, serde_json::Value) = bob.next("pointer").await;
    assert_eq!((id, at), (ada.id().to_string(), json!({ "x": 12.5, "y": 7.0 })));
    ada.kill().await;
    assert_eq!(bob.next::<String>("left").await, ada.id().to_string());
    Ok(())
}
