//! Questions to all nodes: answers of clients, sockets, numbers, rooms.

use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use sio::Sid;
use sio::emit::{AckStream, NodeId};
use sio::error::{AckError, EmitError};
use sio::prelude::*;
use sio_tests::{Ws, app::Plain};

use crate::support::{Trio, eventually};

#[derive(Serialize, Deserialize, Debug, PartialEq)]
struct Profile {
    name: String,
}

/// A client of each node, of the namespace `/`.
struct Three {
    trio: Trio,
    clients: Vec<Ws>,
    ids: Vec<Sid>,
}

impl Three {
    async fn connect() -> Self {
        Self::connect_with(|builder| builder).await
    }

    async fn connect_with(configure: impl Fn(sio::Builder) -> sio::Builder) -> Self {
        let share =
            |builder: sio::Builder| configure(builder.consumer::<Plain>().share::<Profile>("profile"));
        let trio = Trio::start(share).await;
        let mut clients = Vec::new();
        for node in &trio.nodes {
            clients.push(node.socket("/").await);
        }
        let ids = clients.iter().map(|client| client.sid.parse().expect("an id")).collect();
        Self { trio, clients, ids }
    }

    fn server(&self, nth: usize) -> &Server {
        self.trio.server(nth)
    }

    fn socket(&self, nth: usize) -> Socket {
        self.server(nth).socket(&self.ids[nth]).expect("the client is there")
    }

    fn me(&self, nth: usize) -> NodeId {
        self.server(nth).cluster().expect("a node").me()
    }

    /// Waits until nothing is kept of any question.
    async fn is_forgotten(&self) {
        for nth in 0..3 {
            let cluster = self.server(nth).cluster().expect("a node");
            eventually("nothing is kept", || cluster.open_questions() == 0).await;
        }
    }
}

/// Receives a question and answers it.
async fn answer(client: &mut Ws, event: &str, answer: &str) {
    let id = asked(client, event).await;
    client.send(&format!("43{id}[{answer}]")).await;
}

/// Receives a question, and returns its id.
async fn asked(client: &mut Ws, event: &str) -> String {
    let sio_tests::Received::Text(packet) = client.receive().await else { panic!("a text") };
    let (id, json) = packet.strip_prefix("42").and_then(|rest| rest.split_once('[')).expect("an event");
    assert_eq!(json, format!("\"{event}\"]"));
    assert!(!id.is_empty(), "an id");
    id.to_owned()
}

async fn all(mut answers: AckStream<u32>) -> (Vec<(Sid, Result<u32, String>)>, Vec<NodeId>) {
    let mut all = Vec::new();
    while let Some((sid, answer)) = answers.next().await {
        all.push((sid, answer.map_err(|error| format!("{error:?}"))));
    }
    all.sort_by(|(one, _), (other, _)| one.cmp(other));
    (all, answers.missing())
}

fn sorted<T: Ord>(mut list: Vec<T>) -> Vec<T> {
    list.sort_unstable();
    list
}

#[tokio::test]
async fn clients_of_all_nodes_answer_a_question_and_each_appears_once() {
    let mut three = Three::connect().await;
    let answers = three.server(0).emit_with_ack::<u32>("vote", &()).await.unwrap();
    for (client, vote) in three.clients.iter_mut().zip(["1", "2", "3"]) {
        answer(client, "vote", vote).await;
    }
    let expected = three.ids.iter().cloned().zip([Ok(1), Ok(2), Ok(3)]).collect();
    assert_eq!(all(answers).await, (sorted(expected), vec![]));
    three.is_forgotten().await;
}

#[tokio::test]
async fn a_question_reaches_those_who_are_addressed_on_all_nodes() {
    let mut three = Three::connect().await;
    three.socket(1).join("jury").await.unwrap();
    let jury = three.server(0).to("jury").emit_with_ack::<u32>("vote", &()).await.unwrap();
    answer(&mut three.clients[1], "vote", "5").await;
    assert_eq!(all(jury).await, (vec![(three.ids[1].clone(), Ok(5))], vec![]));
    let others = three.socket(0).broadcast().except(&three.ids[1]);
    let others = others.emit_with_ack::<u32>("vote", &()).await.unwrap();
    answer(&mut three.clients[2], "vote", "6").await;
    assert_eq!(all(others).await.0, [(three.ids[2].clone(), Ok(6))]);
    let here = three.server(0).local().emit_with_ack::<u32>("vote", &()).await.unwrap();
    answer(&mut three.clients[0], "vote", "7").await;
    assert_eq!(all(here).await.0, [(three.ids[0].clone(), Ok(7))]);
    let nobody = three.server(0).to("nobody").emit_with_ack::<u32>("vote", &()).await.unwrap();
    assert_eq!(all(nobody).await, (vec![], vec![]));
    three.is_forgotten().await;
}

#[tokio::test]
async fn bytes_in_a_question_and_in_its_answer_pass_from_node_to_node() {
    let mut three = Three::connect().await;
    let bytes = sio::Binary::from(b"\x01\x02");
    let mut answers =
        three.server(0).to(&three.ids[2]).emit_with_ack::<sio::Binary>("upload", &bytes).await.unwrap();
    let client = &mut three.clients[2];
    let sio_tests::Received::Text(packet) = client.receive().await else { panic!("a text") };
    assert!(
        packet.starts_with("451-") && packet.ends_with(r#"["upload",{"_placeholder":true,"num":0}]"#),
        "{packet}"
    );
    client.expect_binary(b"\x01\x02").await;
    let id = packet["451-".len()..].split('[').next().unwrap();
    client.send(&format!(r#"461-{id}[{{"_placeholder":true,"num":0}}]"#)).await;
    client.send_binary(b"\x03\x04\x05").await;
    let (sid, answer) = answers.next().await.unwrap();
    assert_eq!((sid, answer.unwrap()), (three.ids[2].clone(), sio::Binary::from(b"\x03\x04\x05")));
    assert!(answers.next().await.is_none());
}

#[tokio::test]
async fn who_leaves_or_does_not_answer_is_named_with_the_reason() {
    let mut three = Three::connect().await;
    let time = Duration::from_millis(400);
    let answers = three.server(0).timeout(time).emit_with_ack::<u32>("vote", &()).await.unwrap();
    for client in &mut three.clients {
        asked(client, "vote").await;
    }
    three.clients.remove(1).close().await;
    answer_late(&mut three.clients[1]).await;
    let expected = vec![
        (three.ids[0].clone(), Err("Timeout".to_owned())),
        (three.ids[1].clone(), Err("Disconnected".to_owned())),
        (three.ids[2].clone(), Err("Timeout".to_owned())),
    ];
    assert_eq!(all(answers).await, (sorted(expected), vec![]));
    three.is_forgotten().await;
}

/// Sends what is no answer.
async fn answer_late(client: &mut Ws) {
    client.send("4399999[1]").await;
}

#[tokio::test]
async fn a_stream_that_is_dropped_leaves_nothing_behind() {
    let mut three = Three::connect().await;
    let answers = three.server(0).emit_with_ack::<u32>("vote", &()).await.unwrap();
    let id = asked(&mut three.clients[2], "vote").await;
    drop(answers);
    three.is_forgotten().await;
    three.clients[2].send(&format!("43{id}[1]")).await;
    assert_eq!(three.server(2).of("/").count().await.complete(), Ok(3));
}

#[tokio::test]
async fn a_node_that_stands_still_is_missing_at_the_limit_and_not_waited_for_longer() {
    let mut three = Three::connect().await;
    three.trio.broker.stall("b", true);
    let start = Instant::now();
    let time = Duration::from_millis(500);
    let votes = three.server(0).timeout(time).emit_with_ack::<u32>("vote", &()).await.unwrap();
    answer(&mut three.clients[0], "vote", "1").await;
    answer(&mut three.clients[2], "vote", "3").await;
    let expected = vec![(three.ids[0].clone(), Ok(1)), (three.ids[2].clone(), Ok(3))];
    assert_eq!(all(votes).await, (sorted(expected), vec![three.me(1)]));
    let sockets = three.server(0).of("/").fetch_sockets().await;
    assert_eq!((sockets.items.len(), &sockets.missing[..]), (2, &[three.me(1)][..]));
    assert!(sockets.complete().is_err());
    assert!(start.elapsed() < Duration::from_secs(9), "0.5 s and 2 s: {:?}", start.elapsed());
    let there = three.server(0).of("/").remote(&three.ids[1]);
    let answer = there.clone().timeout(time).emit_with_ack::<u32>("vote", &()).await;
    assert!(matches!(answer, Err(AckError::Unreachable)), "{answer:?}");
    assert!(matches!(there.join("x").await, Err(EmitError::Unreachable)));
    assert!(three.server(0).to("nobody").is_online().await.is_err(), "it is not known");
}

#[tokio::test]
async fn without_a_broker_this_node_answers_at_once_and_all_others_are_missing() {
    let mut three = Three::connect().await;
    three.trio.broker.stop();
    let cluster = three.server(0).cluster().unwrap();
    eventually("the cut", || !cluster.is_up()).await;
    let start = Instant::now();
    let others = sorted(vec![three.me(1), three.me(2)]);
    let count = three.server(0).of("/").count().await;
    assert_eq!((count.items, &count.missing), (1, &others));
    assert_eq!(three.server(0).of("/").fetch_sockets().await.items.len(), 1);
    let votes = three.server(0).emit_with_ack::<u32>("vote", &()).await.unwrap();
    answer(&mut three.clients[0], "vote", "1").await;
    assert_eq!(all(votes).await, (vec![(three.ids[0].clone(), Ok(1))], others));
    let there = three.server(0).of("/").remote(&three.ids[1]);
    assert!(matches!(there.emit_with_ack::<u32>("vote", &()).await, Err(AckError::Unreachable)));
    assert!(start.elapsed() < Duration::from_secs(2), "{:?}", start.elapsed());
}

#[tokio::test]
async fn sockets_are_fetched_with_rooms_handshake_and_shared_data() {
    let three = Three::connect().await;
    let ada = three.socket(1);
    ada.join(["red", "blue"]).await.unwrap();
    ada.data().insert(Profile { name: "Ada".to_owned() });
    ada.data().insert("a secret of this node");
    ada.identify("ada").unwrap();
    let namespace = three.server(0).of("/");
    let all = namespace.fetch_sockets().await.complete().unwrap();
    assert_eq!(sorted(all.iter().map(|socket| socket.id()).collect()), sorted(three.ids.clone()));
    let red = namespace.to("red").fetch_sockets().await.complete().unwrap();
    let [socket] = &red[..] else { panic!("one: {red:?}") };
    assert_eq!((socket.id(), socket.node()), (ada.id(), Some(three.me(1))));
    assert_eq!(socket.rooms(), ada.rooms());
    assert_eq!(socket.user(), Some("ada"));
    assert_eq!(socket.data::<Profile>("profile").unwrap().unwrap().name, "Ada");
    assert!(socket.data::<u32>("profile").unwrap().is_err() && socket.data::<u32>("other").is_none());
    let (theirs, ours) = (socket.handshake(), ada.handshake());
    assert_eq!((theirs.path(), theirs.query()), (ours.path(), ours.query()));
    assert_eq!((theirs.headers(), theirs.peer()), (ours.headers(), ours.peer()));
    let same_node = three.server(1).of("/").user("ada").fetch_sockets().await.complete().unwrap();
    assert_eq!((same_node[0].node(), same_node[0].handshake().time()), (None, ours.time()));
    assert_eq!(namespace.local().fetch_sockets().await.items.len(), 1);
}

#[tokio::test]
async fn sockets_and_rooms_are_counted_on_all_nodes() {
    let three = Three::connect().await;
    let namespace = three.server(0).of("/");
    assert_eq!(namespace.count().await.complete(), Ok(3));
    three.socket(1).join(["red", "both"]).await.unwrap();
    three.socket(2).join(["blue", "both"]).await.unwrap();
    assert_eq!(namespace.to("both").count().await.complete(), Ok(2));
    assert_eq!(namespace.to(["both", "red"]).except("blue").count().await.complete(), Ok(1));
    assert_eq!(namespace.to(&three.ids[2]).count().await.complete(), Ok(1));
    assert_eq!(namespace.local().count().await.complete(), Ok(1));
    assert_eq!(namespace.fetch_rooms().await.complete().unwrap(), ["blue", "both", "red"]);
    assert_eq!(namespace.to("blue").is_online().await, Ok(true));
    assert_eq!(namespace.to("green").is_online().await, Ok(false));
}

#[tokio::test]
async fn a_socket_of_another_node_is_used_by_its_id() {
    let mut three = Three::connect().await;
    let there = three.server(0).of("/").remote(&three.ids[1]);
    assert!(there.local().is_none());
    there.emit("hi", &1).await.unwrap();
    three.clients[1].expect(r#"42["hi",1]"#).await;
    let asking = there.clone();
    let answer_of = tokio::spawn(async move { asking.emit_with_ack::<u32>("age", &()).await });
    answer(&mut three.clients[1], "age", "36").await;
    assert_eq!(answer_of.await.unwrap().unwrap(), 36);
    there.join(["red", "blue"]).await.unwrap();
    there.leave("blue").await.unwrap();
    assert!(there.fetch().await.unwrap().rooms().contains(&"red".to_owned()));
    assert_eq!(three.server(2).to("blue").count().await.complete(), Ok(0));
    there.disconnect().await.unwrap();
    three.clients[1].expect("41").await;
    eventually("it is gone", || three.server(1).of("/").sockets().is_empty()).await;
    for gone in [there, three.server(0).of("/").remote(&"AAAAAAAAAAAAAAAAAAAA".parse().unwrap())] {
        assert!(matches!(gone.join("x").await, Err(EmitError::Disconnected)));
        assert!(matches!(gone.fetch().await, Err(EmitError::Disconnected)));
        assert!(matches!(gone.emit_with_ack::<u32>("age", &()).await, Err(AckError::Disconnected)));
    }
}

#[tokio::test]
async fn a_socket_of_this_node_is_used_directly() {
    let mut three = Three::connect().await;
    three.trio.broker.stop();
    let here = three.server(0).of("/").remote(&three.ids[0]);
    here.join("red").await.unwrap();
    here.emit("hi", &1).await.unwrap();
    three.clients[0].expect(r#"42["hi",1]"#).await;
    assert!(three.socket(0).rooms().contains(&"red".to_owned()));
    here.disconnect_all().await.unwrap();
    three.clients[0].expect("41").await;
}
