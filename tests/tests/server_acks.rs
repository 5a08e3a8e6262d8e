//! BEHAVIOUR §3: what the server asks of its clients.

use std::{collections::BTreeMap, time::Duration};

use serde::Deserialize;
use sio::error::AckError;
use sio::prelude::*;
use sio_tests::{TestServer, app::Plain, deadline::soon};

#[derive(Debug, Deserialize, PartialEq)]
struct Answer {
    name: String,
    bytes: Binary,
}

async fn server() -> TestServer {
    TestServer::start(|builder| builder.consumer::<Plain>()).await
}

/// Asks in a task of its own: the test is the client that answers.
macro_rules! ask {
    ($server:expr, $ws:expr, $type:ty, $arguments:expr) => {{
        let socket = $server.socket_of("/", &$ws.sid);
        tokio::spawn(async move { socket.emit_with_ack::<$type>("please", $arguments).await })
    }};
}

#[tokio::test]
async fn the_answer_is_what_the_client_acknowledges() {
    let server = server().await;
    let mut ws = server.socket("/").await;
    let asked = ask!(server, ws, String, &("your", "name"));
    ws.expect(r#"420["please","your","name"]"#).await;
    ws.send(r#"430["Ada"]"#).await;
    assert_eq!(soon("the answer", asked).await.expect("no panic").expect("an answer"), "Ada");
}

#[tokio::test]
async fn several_arguments_are_a_tuple_and_none_is_unit() {
    let server = server().await;
    let mut ws = server.socket("/").await;
    let pair = ask!(server, ws, (u32, String), &());
    ws.expect(r#"420["please"]"#).await;
    ws.send(r#"430[1,"two"]"#).await;
    assert_eq!(soon("the answer", pair).await.expect("no panic").expect("an answer"), (1, "two".to_owned()));

    let unit = ask!(server, ws, (), &());
    ws.expect(r#"421["please"]"#).await;
    ws.send("431[]").await;
    soon("the answer", unit).await.expect("no panic").expect("an answer");
}

#[tokio::test]
async fn an_array_is_the_first_argument_of_an_answer() {
    let server = server().await;
    let mut ws = server.socket("/").await;
    let array = ask!(server, ws, [u32; 2], &[0, 0]);
    ws.expect(r#"420["please",[0,0]]"#).await;
    ws.send("430[[1,2],3]").await;
    assert_eq!(soon("the answer", array).await.expect("no panic").expect("an answer"), [1, 2]);
}

/// `/beside`, for a client of two namespaces.
#[derive(Default)]
struct Beside;

#[consumer(namespace = "/beside")]
impl Beside {}

#[tokio::test]
async fn an_answer_is_for_the_namespace_that_has_asked() {
    let server = TestServer::start(|builder| builder.consumer::<Plain>().consumer::<Beside>()).await;
    let mut ws = server.socket("/").await;
    let first = server.socket_of("/", &ws.sid);
    let sid = ws.join("/beside").await;
    let second = server.socket_of("/beside", &sid);
    let [first, second] = [first, second]
        .map(|socket| tokio::spawn(async move { socket.emit_with_ack::<String>("who", &()).await }));
    // Each namespace counts for itself: the two have one id.
    ws.expect(r#"420["who"]"#).await;
    ws.expect(r#"42/beside,0["who"]"#).await;
    ws.send_all(&[r#"43/beside,0["the second"]"#, r#"430["the first"]"#]).await;
    for (asked, expected) in [(first, "the first"), (second, "the second")] {
        assert_eq!(soon("the answer", asked).await.expect("no panic").expect("an answer"), expected);
    }
}

/// Asks its client before it has let it in.
#[derive(Default)]
struct Curious;

const NEVER: Duration = Duration::from_secs(3_600);

#[consumer(namespace = "/curious")]
impl Curious {
    async fn connect(socket: &Socket, how: String) -> Result<(), ConnectError> {
        let asking = socket.clone();
        let outcome = match how.as_str() {
            "one" => asking.timeout(NEVER).emit_with_ack::<u32>("please", &()).await,
            "all" => {
                let everybody = asking.namespace().timeout(NEVER);
                let mut answers = everybody.emit_with_ack::<u32>("please", &()).await?;
                answers.next().await.expect("the client itself is asked").1
            }
            "joined" => {
                let asked = async move {
                    asking.timeout(Duration::from_millis(1)).emit_with_ack::<u32>("please", &()).await
                };
                tokio::spawn(asked).await?
            }
            _ => {
                tokio::spawn(async move {
                    let answer = asking.timeout(NEVER).emit_with_ack::<u32>("please", &()).await;
                    asking.emit("answered", &answer.ok()).await
                });
                return Ok(());
            }
        };
        assert!(matches!(outcome, Err(AckError::Connecting)), "{outcome:?}");
        Err(ConnectError::new("Connecting"))
    }
}

#[tokio::test]
async fn a_connect_hook_that_awaits_an_answer_of_its_client_learns_at_once_that_there_is_none() {
    let server = TestServer::start(|builder| builder.consumer::<Curious>()).await;
    for how in ["one", "all", "joined"] {
        let mut ws = server.ws().await;
        ws.send(&format!("40/curious,{how:?}")).await;
        ws.expect(r#"44/curious,{"message":"Connecting"}"#).await;
    }
}

#[tokio::test]
async fn a_task_that_the_connect_hook_spawns_can_ask_the_client() {
    let server = TestServer::start(|builder| builder.consumer::<Curious>()).await;
    let mut ws = server.ws().await;
    ws.send(r#"40/curious,"task""#).await;
    ws.expect(r#"40/curious,{"sid":…}"#).await;
    ws.expect(r#"42/curious,0["please"]"#).await;
    ws.send("43/curious,0[7]").await;
    ws.expect(r#"42/curious,["answered",7]"#).await;
}

#[tokio::test]
async fn a_binary_answer_is_put_together() {
    let server = server().await;
    let mut ws = server.socket("/").await;
    let asked = ask!(server, ws, Answer, &Binary::from(vec![7]));
    ws.expect(r#"451-0["please",{"_placeholder":true,"num":0}]"#).await;
    ws.expect_binary(&[7]).await;
    ws.send(r#"461-0[{"name":"Ada","bytes":{"_placeholder":true,"num":0}}]"#).await;
    ws.send_binary(&[1, 2]).await;
    let answer = soon("the answer", asked).await.expect("no panic").expect("an answer");
    assert_eq!(answer, Answer { name: "Ada".into(), bytes: Binary::from(vec![1, 2]) });
}

#[tokio::test]
async fn a_client_over_polling_answers_in_the_same_way() {
    let server = server().await;
    let mut polling = server.polling().await;
    let sid = polling.join("/").await;
    let socket = server.socket_of("/", &sid);
    let asked = tokio::spawn(async move { socket.emit_with_ack::<u32>("please", &1).await });
    polling.expect(r#"420["please",1]"#).await;
    polling.send("430[2]").await;
    assert_eq!(soon("the answer", asked).await.expect("no panic").expect("an answer"), 2);
}

#[tokio::test]
async fn answers_find_their_question_in_any_order() {
    let server = server().await;
    let mut ws = server.socket("/").await;
    let questions: Vec<_> = (0..3).map(|number| ask!(server, ws, u32, &number)).collect();
    let mut ids = BTreeMap::new();
    for _ in 0..3 {
        let sio_tests::Received::Text(packet) = ws.receive().await else { panic!("expected a question") };
        let (head, _) = packet.split_once('[').expect("a question is an event");
        let number = sio_tests::pattern::json(&packet)[1].as_u64().expect("it is the number");
        ids.insert(number, head.trim_start_matches("42").to_owned());
    }
    for (number, id) in ids.iter().rev() {
        ws.send(&format!("43{id}[{}]", number * 10)).await;
    }
    for (number, asked) in questions.into_iter().enumerate() {
        let answer = soon("the answer", asked).await.expect("no panic").expect("an answer");
        assert_eq!(usize::try_from(answer), Ok(number * 10));
    }
}

#[tokio::test]
async fn an_answer_of_the_wrong_type_is_an_error() {
    let server = server().await;
    let mut ws = server.socket("/").await;
    for (id, answer) in [r#"["two"]"#, "[]", "[null]", "[-1]"].iter().enumerate() {
        let asked = ask!(server, ws, u32, &());
        ws.expect(&format!(r#"42{id}["please"]"#)).await;
        ws.send(&format!("43{id}{answer}")).await;
        let error = soon("the answer", asked).await.expect("no panic").expect_err(answer);
        assert!(
            !matches!(error, sio::error::AckError::Timeout | sio::error::AckError::Disconnected),
            "{error}"
        );
    }
    ws.expect_nothing_more().await;
}

#[tokio::test]
async fn a_question_that_nobody_answers_ends_at_its_deadline_and_a_late_answer_is_ignored() {
    let server =
        TestServer::start(|builder| builder.consumer::<Plain>().ack_timeout(Duration::from_millis(50))).await;
    let mut ws = server.socket("/").await;
    let asked = ask!(server, ws, u32, &());
    ws.expect(r#"420["please"]"#).await;
    let error = soon("the deadline", asked).await.expect("no panic").expect_err("nobody answered");
    assert!(matches!(error, sio::error::AckError::Timeout), "{error}");
    ws.send_all(&["430[1]", "430[2]"]).await;
    ws.expect_nothing_more().await;
}

/// The deadline is far away: only the end of the connection can answer.
#[tokio::test]
async fn a_question_ends_at_once_when_the_client_leaves() {
    let server =
        TestServer::start(|builder| builder.consumer::<Plain>().ack_timeout(Duration::from_secs(600))).await;
    for leave in ["41", "1", "42[]", ""] {
        let mut ws = server.socket("/").await;
        let asked = ask!(server, ws, u32, &());
        ws.expect(r#"42…["please"]"#).await;
        if leave.is_empty() {
            drop(ws);
        } else {
            ws.send(leave).await;
        }
        let error =
            soon("the end of the question", asked).await.expect("no panic").expect_err("the client left");
        assert!(matches!(error, sio::error::AckError::Disconnected), "{leave}: {error}");
    }
}

#[tokio::test]
async fn an_answer_counts_once() {
    let server = server().await;
    let mut ws = server.socket("/").await;
    let asked = ask!(server, ws, u32, &());
    ws.expect(r#"420["please"]"#).await;
    ws.send_all(&["430[1]", "430[2]"]).await;
    assert_eq!(soon("the answer", asked).await.expect("no panic").expect("an answer"), 1);
    ws.expect_nothing_more().await;
}

#[tokio::test]
async fn an_answer_of_another_client_does_not_count() {
    let server = server().await;
    let mut ws = server.socket("/").await;
    let mut other = server.socket("/").await;
    let asked = ask!(server, ws, u32, &());
    ws.expect(r#"420["please"]"#).await;
    other.send("430[666]").await;
    other.expect_nothing_more().await;
    ws.send("430[1]").await;
    assert_eq!(soon("the answer", asked).await.expect("no panic").expect("an answer"), 1);
}

#[tokio::test]
async fn a_broadcast_with_ack_collects_an_answer_of_every_member() {
    let server =
        TestServer::start(|builder| builder.consumer::<Plain>().ack_timeout(Duration::from_millis(500)))
            .await;
    let mut answers = server.socket("/").await;
    let mut wrong = server.socket("/").await;
    let mut leaves = server.socket("/").await;
    let mut silent = server.socket("/").await;
    let namespace = server.of("/");
    let asked = tokio::spawn(async move {
        let answers = namespace.emit_with_ack::<u32>("please", &1).await;
        answers.expect("a broadcast cannot fail").collect().await
    });
    for ws in [&mut answers, &mut wrong, &mut leaves, &mut silent] {
        ws.expect(r#"42…["please",1]"#).await;
    }
    answers.send("430[7]").await;
    wrong.send(r#"430["seven"]"#).await;
    let ids = [&answers, &wrong, &leaves, &silent].map(|ws| ws.sid.clone());
    leaves.close().await;
    let results = soon("the answers", asked).await.expect("no panic");
    let results: BTreeMap<String, _> =
        results.into_iter().map(|(sid, result)| (sid.to_string(), result)).collect();
    assert_eq!(results.len(), 4);
    assert!(matches!(results[&ids[0]], Ok(7)));
    assert!(matches!(&results[&ids[1]], Err(error) if !matches!(error, sio::error::AckError::Timeout)));
    assert!(matches!(results[&ids[2]], Err(sio::error::AckError::Disconnected)));
    assert!(matches!(results[&ids[3]], Err(sio::error::AckError::Timeout)));
    silent.expect_nothing_more().await;
}

#[tokio::test]
async fn a_broadcast_with_ack_to_nobody_ends_at_once() {
    let server =
        TestServer::start(|builder| builder.consumer::<Plain>().ack_timeout(Duration::from_secs(600))).await;
    let room = server.of("/").to("nobody");
    let answers = room.emit_with_ack::<u32>("please", &1).await.expect("a broadcast cannot fail");
    assert_eq!(soon("no answers", answers.collect()).await.len(), 0);
}

#[tokio::test]
async fn the_longest_of_all_durations_means_never() {
    let server = TestServer::start(|builder| {
        let recovery = sio::options::Recovery::default().max_disconnection(Duration::MAX);
        let builder = builder.consumer::<Plain>().connection_state_recovery(recovery);
        builder.connect_timeout(Duration::MAX).ack_timeout(Duration::MAX)
    })
    .await;
    let mut ws = server.socket("/").await;
    let namespace = server.of("/");
    let asked = tokio::spawn(async move {
        let answers = namespace.timeout(Duration::MAX).emit_with_ack::<u32>("please", &1).await;
        answers.expect("a broadcast cannot fail").collect().await
    });
    ws.expect(r#"42…["please",1]"#).await;
    ws.send("430[7]").await;
    let answers = soon("the answer", asked).await.expect("no panic");
    assert!(matches!(&answers[..], [(_, Ok(7))]), "{answers:?}");
    // A client that may come back at any time.
    let socket = server.socket_of("/", &ws.sid);
    drop(ws);
    soon("the end", socket.closed()).await;
    soon("no member", async {
        while !server.of("/").sockets().is_empty() {
            tokio::task::yield_now().await;
        }
    })
    .await;
}

#[tokio::test]
async fn so_many_answers_are_awaited_and_no_more() {
    const LIMIT: usize = 65_536;
    let server =
        TestServer::start(|builder| builder.consumer::<Plain>().outgoing_queue_packets(2 * LIMIT)).await;
    let ws = server.socket("/").await;
    let namespace = server.of("/");
    let ask =
        || async { namespace.emit_with_ack::<u32>("please", &()).await.expect("a broadcast cannot fail") };
    let mut awaited = Vec::new();
    for _ in 0..LIMIT {
        awaited.push(ask().await);
    }
    let refused = soon("the answers", ask().await.collect()).await;
    assert!(matches!(&refused[..], [(_, Err(sio::error::AckError::TooMany))]), "{refused:?}");
    let socket = server.socket_of("/", &ws.sid);
    let refused = socket.emit_with_ack::<u32>("please", &()).await;
    assert!(matches!(refused, Err(sio::error::AckError::TooMany)), "{refused:?}");
    // A question that is given up makes room.
    awaited.pop();
    let asked = ask().await;
    ws.close().await;
    let answers = soon("the answers", asked.collect()).await;
    assert!(matches!(&answers[..], [(_, Err(sio::error::AckError::Disconnected))]), "{answers:?}");
}
