//! Events that clients send and receive.

use super::*;

#[tokio::test(start_paused = true)]
async fn events_reach_everybody_in_the_room() {
    let server = server();
    let (alice, bob) = (client(&server).await, client(&server).await);
    alice.emit("say", "hi").await;
    assert_eq!(alice.next::<String>("said").await, "hi");
    assert_eq!(bob.next::<String>("said").await, "hi");
    bob.nothing_more().await;
}

#[tokio::test(start_paused = true)]
async fn events_of_other_names_wait_for_their_turn() {
    let server = server();
    let client = client(&server).await;
    for n in 0..3 {
        client.socket().emit("a", &n).await.unwrap();
        client.socket().emit("b", &(n, "b")).await.unwrap();
    }
    assert_eq!(client.next::<(u32, String)>("b").await, (0, "b".to_owned()));
    assert_eq!(client.next::<(u32, String)>("b").await.0, 1);
    assert_eq!(client.next::<u32>("a").await, 0);
    assert_eq!(client.next::<(u32, String)>("b").await.0, 2);
    assert_eq!(client.unread(), ["a", "a"]);
    client.ignore("a");
    client.nothing_more().await;
}

#[tokio::test(start_paused = true)]
async fn acknowledgements_are_answers_or_errors() {
    let server = server();
    let client = client(&server).await;
    assert_eq!(client.emit_with_ack::<String>("echo", "hi").await.unwrap(), "hi");
    client.emit_with_ack::<()>("join", "attic").await.unwrap();
    assert_eq!(client.rooms(), ["attic", "lobby"]);

    let error = client.emit_with_ack::<()>("fail", &()).await.unwrap_err();
    assert_eq!((error.code(), error.message()), ("full", "The room is full"));
    assert_eq!(error.field("limit").as_u64(), Some(3));
    assert_eq!(client.emit_with_ack::<()>("nonsense", &()).await.unwrap_err().code(), "unknown_event");
    let error = client.emit_with_ack::<Value>("say", &[1]).await.unwrap_err();
    assert_eq!(error.to_string().split(':').next(), Some("the handler failed"));
    assert_eq!(error.code(), "invalid_payload");
}

#[tokio::test(start_paused = true)]
async fn a_client_answers_the_server() {
    let server = server();
    let client = client(&server).await;
    client.answer("double", |n: u32| n * 2);
    assert_eq!(client.emit_with_ack::<u32>("ask", &21).await.unwrap(), 42);

    client.answer("swap", |(a, b): (u32, String)| (b, a));
    let swapped = client.socket().emit_with_ack::<(String, u32)>("swap", &(1, "one")).await.unwrap();
    assert_eq!(swapped, ("one".to_owned(), 1));
    client.nothing_more().await;
}

#[tokio::test(start_paused = true)]
async fn a_question_that_has_come_before_is_answered_too() {
    let server = server();
    let client = client(&server).await;
    for late in [false, true] {
        client.emit_with_ack::<()>("ask_later", &4).await.unwrap();
        if late {
            client.answer("double", |n: u32| n * 2);
        } else {
            let question = client.next_event("double").await;
            assert!(question.wants_answer());
            assert_eq!((question.name(), question.payload::<u32>()), ("double", 4));
            question.answer(&8).await;
        }
        assert_eq!(client.next::<Option<u32>>("doubled").await, Some(8));
    }
}

#[tokio::test(start_paused = true)]
async fn bytes_travel_as_attachments() {
    let server = server();
    for client in [client(&server).await, poller(&server).await] {
        let file = Value::from_iter([
            ("name", Value::from("a.bin")),
            ("data", Value::from(Binary::from(vec![7; 100_000]))),
        ]);
        assert_eq!(client.emit_with_ack::<Value>("echo", &file).await.unwrap(), file);
        client.socket().emit("file", &(Binary::from(b"one"), 2, Binary::from(b"three"))).await.unwrap();
        let (one, two, three): (Binary, u32, Binary) = client.next("file").await;
        assert_eq!((&*one, two, &*three), (&b"one"[..], 2, &b"three"[..]));
    }
}

#[tokio::test(start_paused = true)]
async fn rooms_and_sockets_are_the_servers_own() {
    let server = server();
    let (alice, bob) = (client(&server).await, client(&server).await);
    alice.emit_with_ack::<()>("join", "attic").await.unwrap();
    assert!(alice.is_in("attic") && !bob.is_in("attic") && bob.is_in("lobby"));
    assert_eq!(server.of("/chat").to("attic").sockets(), [alice.socket().clone()]);
    assert_eq!(server.of("/chat").to("lobby").sockets().len(), 2);
    assert_eq!(server.client_count(), 2);
    server.of("/chat").to("attic").emit("creak", &()).await.unwrap();
    alice.next::<()>("creak").await;
    bob.nothing_more().await;
    drop(bob);
}

#[tokio::test(start_paused = true)]
async fn polling_is_the_same() {
    let server = server();
    let client = poller(&server).await;
    assert_eq!(client.transport(), TransportKind::Polling);
    assert_eq!(client.socket().transport(), TransportKind::Polling);
    assert_eq!(client.emit_with_ack::<String>("echo", "hi").await.unwrap(), "hi");
    client.answer("double", |n: u32| n * 2);
    assert_eq!(client.emit_with_ack::<u32>("ask", &21).await.unwrap(), 42);
    for n in 0..100 {
        client.socket().emit("n", &n).await.unwrap();
    }
    for n in 0..100 {
        assert_eq!(client.next::<u32>("n").await, n);
    }
    client.nothing_more().await;
}
