//! BEHAVIOUR §2, the table: every ack that a client asks for is answered exactly once.

mod rows;

use serde_json::json;
use sio_tests::{TestServer, Ws, app::Plain, logs};

use self::rows::Rows;

async fn server() -> TestServer {
    TestServer::start(|builder| builder.consumer::<Rows>().consumer::<Plain>()).await
}

/// The answer of `/rows`, exactly once.
async fn rows(event: &str, answer: &str) {
    let server = server().await;
    let mut ws = server.socket("/rows").await;
    ws.send(&format!("42/rows,5{event}")).await;
    ws.expect(&format!("43/rows,5{answer}")).await;
    still_answers(&mut ws).await;
}

/// Behind the answer comes that of the next event, and nothing else.
async fn still_answers(ws: &mut Ws) {
    ws.send(r#"42/rows,6["returns_value"]"#).await;
    ws.expect(r#"43/rows,6[{"status":"ok"}]"#).await;
    ws.expect_nothing_more().await;
}

#[tokio::test]
async fn a_handler_that_sends_an_ack_answers_with_its_value() {
    rows(r#"["sends"]"#, r#"[{"status":"ok"}]"#).await;
    rows(r#"["sends_if_asked"]"#, "[1]").await;
}

#[tokio::test]
async fn a_handler_may_send_a_tuple_as_several_arguments() {
    let server = server().await;
    let mut ws = server.socket("/rows").await;
    ws.send(r#"42/rows,5["sends_several"]"#).await;
    ws.expect(r#"461-/rows,5[1,"two",{"_placeholder":true,"num":0}]"#).await;
    ws.expect_binary(&[3]).await;
    still_answers(&mut ws).await;
}

#[tokio::test]
async fn an_ack_goes_out_when_it_is_sent_not_when_the_handler_ends() {
    let server = server().await;
    let mut ws = server.socket("/rows").await;
    ws.send(r#"42/rows,5["sends_early"]"#).await;
    ws.expect("43/rows,5[1]").await;
    server.gate.open("early");
    still_answers(&mut ws).await;
}

#[tokio::test]
async fn a_handler_that_fails_after_its_ack_does_not_answer_twice() {
    rows(r#"["sends_and_fails"]"#, "[1]").await;
    rows(r#"["sends_and_panics"]"#, "[1]").await;
}

#[tokio::test]
async fn a_handler_that_returns_a_value_answers_with_it() {
    rows(r#"["returns_value"]"#, r#"[{"status":"ok"}]"#).await;
    rows(r#"["returns_list"]"#, "[[1,2]]").await;
}

#[tokio::test]
async fn a_tuple_becomes_several_arguments_and_unit_none() {
    rows(r#"["returns_tuple"]"#, r#"[1,"two",null]"#).await;
    rows(r#"["returns_array"]"#, r#"[[1,2]]"#).await;
    rows(r#"["returns_unit"]"#, "[]").await;
    rows(r#"["returns_ok_unit"]"#, "[]").await;
}

#[tokio::test]
async fn bytes_in_an_answer_become_attachments() {
    let server = server().await;
    let mut ws = server.socket("/rows").await;
    ws.send(r#"42/rows,5["returns_bytes"]"#).await;
    ws.expect(r#"461-/rows,5[{"bytes":{"_placeholder":true,"num":0}}]"#).await;
    ws.expect_binary(&[1, 2]).await;
    still_answers(&mut ws).await;
}

#[tokio::test]
async fn a_handler_that_drops_its_ack_answers_with_no_argument() {
    rows(r#"["drops_ack"]"#, "[]").await;
    rows(r#"["ignores_ack"]"#, "[]").await;
}

#[tokio::test]
async fn a_handler_that_drops_its_ack_and_fails_answers_with_the_error() {
    rows(r#"["drops_and_fails"]"#, r#"[{"status":"error","code":"no","message":"not like this"}]"#).await;
}

#[tokio::test]
async fn an_ack_moved_out_of_the_handler_is_answered_when_it_is_sent_or_dropped() {
    let server = server().await;
    let mut ws = server.socket("/rows").await;
    for (event, answer) in [("moves_ack", "[7]"), ("moves_and_drops_ack", "[]")] {
        ws.send(&format!(r#"42/rows,5["{event}"]"#)).await;
        still_answers(&mut ws).await;
        server.gate.open("moved");
        ws.expect(&format!("43/rows,5{answer}")).await;
        still_answers(&mut ws).await;
    }
}

#[tokio::test]
async fn an_ack_that_the_application_keeps_is_answered_later_or_never() {
    let server = server().await;
    let mut ws = server.socket("/rows").await;
    ws.send(r#"42/rows,5["keeps_ack"]"#).await;
    still_answers(&mut ws).await;
    ws.send(r#"42/rows,7["gives_back"]"#).await;
    ws.expect("43/rows,5[8]").await;
    ws.expect("43/rows,7[]").await;
    ws.send(r#"42/rows,5["forgets_ack"]"#).await;
    still_answers(&mut ws).await;
}

#[tokio::test]
async fn a_handler_that_fails_answers_with_the_error_object() {
    let expected = r#"[{"status":"error","code":"no_money","message":"you cannot afford it","price":12}]"#;
    rows(r#"["fails"]"#, expected).await;
}

#[tokio::test]
async fn an_internal_error_does_not_tell_its_text() {
    let server = server().await;
    let mut ws = server.socket("/rows").await;
    ws.send(r#"42/rows,5["fails_inside"]"#).await;
    let answer = ws.expect(r#"43/rows,5[{"status":"error","code":"internal","message":"…"}]"#).await;
    assert!(!answer.to_string().contains("swordfish"), "{answer}");
    still_answers(&mut ws).await;
}

#[tokio::test]
async fn an_argument_of_the_wrong_type_answers_with_its_index_and_serdes_message() {
    let index_0 = r#"[{"status":"error","code":"invalid_payload","message":"…","index":0,…}]"#;
    for payload in [
        r#"{"text":1,"count":1}"#,
        r#"{"text":"a","count":"1"}"#,
        r#"{"text":"a"}"#,
        "null",
        "[]",
        r#""a""#,
        "7",
        "true",
    ] {
        rows(&format!(r#"["typed",{payload}]"#), index_0).await;
    }
    let server = server().await;
    let mut ws = server.socket("/rows").await;
    ws.send(r#"42/rows,5["pair",1,"two"]"#).await;
    let answer = ws.expect(r#"43/rows,5[{"status":"error","code":"invalid_payload","index":1,…}]"#).await;
    assert!(
        answer.to_string().contains("invalid type: string") && answer.to_string().contains("u32"),
        "{answer}"
    );
}

#[tokio::test]
async fn a_missing_argument_answers_with_its_index() {
    rows(r#"["typed"]"#, r#"[{"status":"error","code":"invalid_payload","message":"…","index":0,…}]"#).await;
    rows(r#"["pair",1]"#, r#"[{"status":"error","code":"invalid_payload","message":"…","index":1,…}]"#).await;
}

#[tokio::test]
async fn an_attachment_where_text_is_wanted_answers_with_an_error() {
    let server = server().await;
    let mut ws = server.socket("/rows").await;
    ws.send(r#"451-/rows,5["typed",{"_placeholder":true,"num":0}]"#).await;
    ws.send_binary(&[1, 2]).await;
    ws.expect(r#"43/rows,5[{"status":"error","code":"invalid_payload","message":"…","index":0,…}]"#).await;
    still_answers(&mut ws).await;
}

#[tokio::test]
async fn an_unknown_event_answers_with_an_error() {
    rows(r#"["nobody",1]"#, r#"[{"status":"error","code":"unknown_event","message":"…",…}]"#).await;
    rows(r#"["event_sends"]"#, r#"[{"status":"error","code":"unknown_event","message":"…",…}]"#).await;
}

#[tokio::test]
async fn an_unknown_event_on_a_namespace_without_a_consumer_answers_with_an_error() {
    let server = TestServer::start(|builder| builder).await;
    let mut ws = server.socket("/").await;
    ws.send(r#"420["nobody"]"#).await;
    ws.expect(r#"430[{"status":"error","code":"unknown_event","message":"…",…}]"#).await;
}

#[tokio::test]
async fn a_handler_that_panics_answers_with_internal_and_the_panic_is_logged() {
    let logs = logs::capture();
    let server = server().await;
    let mut bystander = server.socket("/").await;
    let mut ws = server.socket("/rows").await;
    ws.send(r#"42/rows,5["panics"]"#).await;
    let answer = ws.expect(r#"43/rows,5[{"status":"error","code":"internal","message":"…"}]"#).await;
    assert!(!answer.to_string().contains("own words"), "{answer}");
    still_answers(&mut ws).await;
    ws.send(r#"42/rows,5["panics_late"]"#).await;
    server.gate.open("panic");
    ws.expect(r#"43/rows,5[{"status":"error","code":"internal","message":"…"}]"#).await;
    ws.send(r#"42/rows,5["panics_beside"]"#).await;
    ws.expect(r#"43/rows,5[{"status":"error","code":"internal","message":"…"}]"#).await;
    still_answers(&mut ws).await;
    bystander.expect_nothing_more().await;
    logs.expect(&["ERROR", "the panic's own words"]).await;
}

#[tokio::test]
async fn a_handler_that_outlives_its_deadline_answers_with_timeout_and_is_dropped() {
    let server = server().await;
    let mut ws = server.socket("/rows").await;
    for event in ["too_slow", "too_slow_beside"] {
        ws.send(&format!(r#"42/rows,5["{event}"]"#)).await;
        ws.expect(r#"43/rows,5[{"status":"error","code":"timeout","message":"…",…}]"#).await;
        server.journal.expect("handler dropped").await;
        still_answers(&mut ws).await;
    }
    ws.send(r#"42/rows,5["fast_enough"]"#).await;
    ws.expect("43/rows,5[1]").await;
}

#[tokio::test]
async fn without_a_question_there_is_no_answer() {
    let server = server().await;
    let mut ws = server.socket("/rows").await;
    for event in [
        "sends",
        "sends_if_asked",
        "sends_and_fails",
        "sends_and_panics",
        "returns_value",
        "returns_tuple",
        "returns_unit",
        "drops_ack",
        "ignores_ack",
        "keeps_ack",
        "forgets_ack",
        "fails",
        "fails_inside",
        "typed",
        "panics",
        "too_slow",
        "nobody",
    ] {
        ws.send(&format!(r#"42/rows,["{event}"]"#)).await;
    }
    server.journal.expect("not asked").await;
    server.journal.expect("handler dropped").await;
    ws.send(r#"42/rows,1["sends_if_asked"]"#).await;
    ws.expect("43/rows,1[1]").await;
    server.journal.expect("asked").await;
    still_answers(&mut ws).await;
}

/// One connection's errors are its own: nobody else's order, state or answers change.
#[tokio::test]
async fn one_bad_event_disturbs_neither_its_connection_nor_others() {
    let server = server().await;
    let mut bystander = server.socket("/rows").await;
    let mut ws = server.socket("/rows").await;
    for (id, event) in [r#"["typed",7]"#, r#"["nobody"]"#, r#"["panics"]"#, r#"["fails"]"#].iter().enumerate()
    {
        ws.send(&format!("42/rows,{id}{event}")).await;
        let answer = ws.expect(&format!(r#"43/rows,{id}[{{"status":"error",…}}]"#)).await;
        assert_ne!(answer, json!(null));
        still_answers(&mut ws).await;
        still_answers(&mut bystander).await;
    }
    assert_eq!(server.of("/rows").sockets().len(), 2);
}
