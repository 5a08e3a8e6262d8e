//! BEHAVIOUR §2 and §4: packets that are no valid protocol close their connection, and disturb nobody else.

use sio_tests::{Frame, Http, Request, TestServer, app::Plain, deadline::settle, frame};

/// Sends what must close the connection, after the client has joined `/`.
///
/// Another client of the same server must not notice, and the application must hear the right reason.
async fn closes(frames: Vec<Frame>, reason: &str) -> Option<u16> {
    let server = TestServer::start(|builder| builder.consumer::<Plain>()).await;
    let mut bystander = server.socket("/").await;
    let mut culprit = server.socket("/").await;
    for frame in frames {
        culprit.send_frame(frame).await;
    }
    let code = culprit.expect_closed().await;
    server.journal.expect(reason).await;
    bystander.expect_nothing_more().await;
    bystander.send(r#"421["ask","still here"]"#).await;
    bystander.expect(r#"431["still here"]"#).await;
    assert_eq!(server.of("/").sockets().len(), 1, "the culprit is gone, the bystander is not");
    code
}

/// The same over polling; `status` is what the POST is answered.
async fn closes_polling(body: impl Into<Vec<u8>>, status: u16, reason: &str) {
    let server = TestServer::start(|builder| builder.consumer::<Plain>()).await;
    let mut bystander = server.socket("/").await;
    let mut culprit = server.polling().await;
    culprit.join("/").await;
    let answer = culprit.post(body).await;
    assert_eq!(answer.status, status, "{answer:?}");
    server.journal.expect(reason).await;
    culprit.expect_gone().await;
    bystander.expect_nothing_more().await;
    bystander.send(r#"421["ask","still here"]"#).await;
    bystander.expect(r#"431["still here"]"#).await;
}

/// One test for each malformed thing.
macro_rules! malformed {
    ($reason:literal: $($name:ident $frames:expr,)+) => {
        $(
            #[tokio::test]
            async fn $name() {
                closes($frames.into_iter().map(Frame::from).collect(), $reason).await;
            }
        )+
    };
}

/// The packet is a fine Engine.IO message but not valid Socket.IO.
mod socket_io {
    use super::*;

    malformed! { "forced close":
        an_event_cut_short [r#"42["ask","#],
        an_event_with_a_trailing_comma [r#"42["ask",]"#],
        an_event_with_bare_words ["42[ask]"],
        an_event_with_something_behind_it [r#"42["ask"]x"#],
        an_event_with_a_second_array_behind_it [r#"42["ask"]["ask"]"#],
        an_event_with_a_control_character_in_a_string ["42[\"ask\",\"a\nb\"]"],
        an_event_with_a_number_that_is_none [r#"42["ask",01]"#],
        an_event_with_a_bad_escape [r#"42["ask","\x"]"#],
        an_empty_packet ["4"],
        a_packet_type_that_does_not_exist [r#"47["ask"]"#],
        a_packet_type_that_is_no_digit ["4abc"],
        an_event_without_data ["42"],
        an_event_that_is_an_object ["42{}"],
        an_event_that_is_a_string [r#"42"ask""#],
        an_event_that_is_null ["42null"],
        an_event_that_is_an_empty_array ["42[]"],
        an_event_named_by_a_number ["42[1]"],
        an_event_named_by_null ["42[null]"],
        an_event_named_by_an_object ["42[{}]"],
        an_event_named_by_an_array [r#"42[["ask"]]"#],
        an_event_named_connect [r#"42["connect"]"#],
        an_event_named_connect_error [r#"42["connect_error",{}]"#],
        an_event_named_disconnect [r#"42["disconnect","transport close"]"#],
        an_event_named_disconnecting [r#"42["disconnecting"]"#],
        an_event_named_new_listener [r#"42["newListener"]"#],
        an_event_named_remove_listener [r#"42["removeListener"]"#],
        a_reserved_name_in_disguise [r#"42["\u0063onnect"]"#],
        a_reserved_name_with_a_question [r#"421["connect",{"token":"x"}]"#],
        an_ack_id_that_is_no_number [r#"42abc["ask"]"#],
        an_ack_id_below_zero [r#"42-1["ask"]"#],
        an_ack_id_that_is_no_safe_integer [r#"429007199254740992["ask"]"#],
        an_ack_id_of_thirty_digits [r#"42123456789012345678901234567890["ask"]"#],
        an_ack_without_an_id ["43[]"],
        an_ack_that_is_no_array ["431{}"],
        an_ack_without_data ["431"],
        a_connect_whose_payload_is_no_json [r#"40/other,{"token""#],
        a_connect_error_from_a_client [r#"44{"message":"no"}"#],
        a_namespace_without_its_comma [r#"42/["ask"]"#],
        a_binary_event_without_a_count [r#"45-["ask",{"_placeholder":true,"num":0}]"#],
        a_binary_event_without_a_dash [r#"451["ask",{"_placeholder":true,"num":0}]"#],
        a_binary_event_whose_count_is_no_number [r#"45x-["ask",{"_placeholder":true,"num":0}]"#],
        a_binary_event_with_a_huge_count [r#"4599999999999999999999-["ask",{"_placeholder":true,"num":0}]"#],
        more_attachments_than_allowed [r#"4511-["ask",{"_placeholder":true,"num":0}]"#],
        an_attachment_that_nobody_announced [Frame::binary([1, 2, 3])],
        an_attachment_behind_a_text_event [Frame::text(r#"42["echoless"]"#), Frame::binary([1, 2, 3])],
        an_attachment_too_many [
            Frame::text(r#"451-["nobody",{"_placeholder":true,"num":0}]"#),
            Frame::binary([1]),
            Frame::binary([2]),
        ],
        a_text_packet_while_attachments_are_due [
            r#"451-["ask",{"_placeholder":true,"num":0}]"#,
            r#"42["ask"]"#,
        ],
        another_binary_event_while_attachments_are_due [
            r#"452-["ask",{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}]"#,
            r#"451-["ask",{"_placeholder":true,"num":0}]"#,
        ],
        a_disconnect_while_attachments_are_due [r#"451-["ask",{"_placeholder":true,"num":0}]"#, "41"],
        a_placeholder_without_its_attachment [
            Frame::text(r#"451-["ask",{"_placeholder":true,"num":1}]"#),
            Frame::binary([1]),
        ],
        a_placeholder_below_zero [
            Frame::text(r#"451-["ask",{"_placeholder":true,"num":-1}]"#),
            Frame::binary([1]),
        ],
        a_placeholder_without_a_number [Frame::text(r#"451-["ask",{"_placeholder":true}]"#), Frame::binary([1])],
        a_placeholder_numbered_by_a_string [
            Frame::text(r#"451-["ask",{"_placeholder":true,"num":"0"}]"#),
            Frame::binary([1]),
        ],
        a_placeholder_in_a_binary_ack_without_its_attachment [
            Frame::text(r#"461-1[{"_placeholder":true,"num":5}]"#),
            Frame::binary([1]),
        ],
        a_name_that_is_an_attachment [Frame::text(r#"451-[{"_placeholder":true,"num":0}]"#), Frame::binary([1])],
    }

    #[tokio::test]
    async fn a_bad_packet_over_polling_closes_the_session() {
        for packet in ["42[1]", r#"42["connect"]"#, "4abc", "42{}", r#"42["ask""#, "bAQID"] {
            closes_polling(packet, 400, "forced close").await;
        }
    }

    #[tokio::test]
    async fn a_text_packet_while_attachments_are_due_closes_a_polling_session() {
        let body = "451-[\"ask\",{\"_placeholder\":true,\"num\":0}]\u{1e}42[\"ask\"]";
        closes_polling(body, 400, "forced close").await;
    }

    #[tokio::test]
    async fn what_came_before_the_bad_packet_was_handled() {
        let server = TestServer::start(|builder| builder.consumer::<Plain>()).await;
        let mut ws = server.socket("/").await;
        ws.send(r#"421["ask","fine"]"#).await;
        ws.expect(r#"431["fine"]"#).await;
        ws.send_all(&["42[]", r#"42["echo"]"#]).await;
        ws.expect_closed().await;
        server.journal.expect("forced close").await;
    }

    #[tokio::test]
    async fn a_bad_packet_in_one_namespace_ends_all_of_them() {
        let server = TestServer::start(|builder| builder.consumer::<Plain>().consumer::<Other>()).await;
        let mut ws = server.socket("/").await;
        ws.join("/other").await;
        ws.send("42/other,[]").await;
        ws.expect_closed().await;
        let mut ends = [server.journal.next().await, server.journal.next().await];
        ends.sort();
        assert_eq!(ends, ["/other forced close", "forced close"]);
    }

    #[derive(Default)]
    struct Other;

    #[sio::consumer(namespace = "/other")]
    impl Other {
        async fn disconnect(
            &mut self,
            journal: sio::extract::State<sio_tests::journal::Journal>,
            reason: sio::DisconnectReason,
        ) {
            journal.note(format!("/other {reason}"));
        }
    }

    /// Deep nesting costs a recursive reader its stack.
    #[tokio::test]
    async fn deep_nesting_crashes_nothing() {
        let server = TestServer::start(|builder| builder.consumer::<Plain>()).await;
        let mut bystander = server.socket("/").await;
        for (open, close) in [("[", "]"), (r#"{"a":"#, "}")] {
            let depth = 100_000;
            let mut culprit = server.socket("/").await;
            let value = format!("{}1{}", open.repeat(depth), close.repeat(depth));
            culprit.send(&format!(r#"421["ask",{value}]"#)).await;
            // Refused as an argument or closed as no valid packet: the server decides which.
            match culprit.receive().await {
                sio_tests::Received::Text(text) => {
                    assert!(text.starts_with(r#"431[{"status":"error""#), "{text:.80}")
                }
                end => {
                    assert!(matches!(end, sio_tests::Received::Close(_) | sio_tests::Received::End), "{end}")
                }
            }
        }
        bystander.expect_nothing_more().await;
    }

    #[tokio::test]
    async fn an_ack_that_nobody_waits_for_is_ignored() {
        let server = TestServer::start(|builder| builder.consumer::<Plain>()).await;
        let mut ws = server.socket("/").await;
        ws.send_all(&[
            "430[]",
            r#"4312[1,"two"]"#,
            "439007199254740991[]",
            "461-3[{\"_placeholder\":true,\"num\":0}]",
        ])
        .await;
        ws.send_binary(&[1]).await;
        ws.expect_nothing_more().await;
    }
}

/// The packet is not even valid Engine.IO.
mod engine_io {
    use super::*;

    malformed! { "parse error":
        an_empty_frame [""],
        a_frame_of_no_packet_type ["abc"],
        a_packet_type_beyond_the_last ["7"],
        an_open_packet_from_a_client [r#"0{"sid":"mine"}"#],
        base64_that_is_none ["b!!!"],
    }

    malformed! { "transport error":
        a_ping_from_a_client ["2"],
    }

    #[tokio::test]
    async fn a_body_that_is_no_payload_closes_the_session_with_400() {
        for body in ["abc", "", "\u{1e}", "4a\u{1e}", "\u{1e}4a", "8", "b!!!", "0{}"] {
            closes_polling(body, 400, "parse error").await;
        }
        closes_polling(b"4\xff\xfe".as_slice(), 400, "parse error").await;
    }

    #[tokio::test]
    async fn a_ping_from_a_polling_client_closes_the_session() {
        let server = TestServer::start(|builder| builder.consumer::<Plain>()).await;
        let mut culprit = server.polling().await;
        culprit.join("/").await;
        culprit.post("2").await;
        server.journal.expect("transport error").await;
        culprit.expect_gone().await;
    }

    #[tokio::test]
    async fn noop_upgrade_and_unexpected_pongs_are_ignored() {
        let server = TestServer::start(|builder| builder.consumer::<Plain>()).await;
        let mut ws = server.socket("/").await;
        ws.send_all(&["6", "5", "3", "3", "3", "3probe"]).await;
        ws.expect_nothing_more().await;
    }

    #[tokio::test]
    async fn base64_text_frames_are_attachments_too() {
        let server = TestServer::start(|builder| builder.consumer::<Plain>()).await;
        let mut ws = server.socket("/").await;
        ws.send_all(&[r#"451-1["ask",{"_placeholder":true,"num":0}]"#, "bAQID"]).await;
        ws.expect(r#"461-1[{"_placeholder":true,"num":0}]"#).await;
        ws.expect_binary(&[1, 2, 3]).await;
    }
}

/// The frame is not valid WebSocket.
mod websocket {
    use super::*;

    malformed! { "transport error":
        an_unmasked_frame [Frame::text("421[\"ask\"]").unmasked()],
        a_reserved_bit [Frame::text("421[\"ask\"]").with_reserved(0b100)],
        an_opcode_that_does_not_exist [Frame::new(0x3, "x")],
        a_control_opcode_that_does_not_exist [Frame::new(0xb, "x")],
        a_reserved_bit_of_a_large_frame [Frame::text("x".repeat(100_000)).with_reserved(0b100)],
        an_opcode_that_does_not_exist_with_a_large_frame [Frame::new(0x3, "x".repeat(100_000))],
        large_text_that_is_no_utf8 [Frame::text([b"42[\"ask\",\"", [0xff; 100_000].as_slice(), b"\"]"].concat())],
        a_continuation_of_nothing [Frame::continuation("x")],
        a_message_within_a_message [Frame::text("42").unfinished(), Frame::text(r#"["ask"]"#)],
        a_fragmented_control_frame [Frame::new(frame::PING, "x").unfinished()],
        a_long_control_frame [Frame::new(frame::PING, vec![b'x'; 126])],
        text_that_is_no_utf8 [Frame::text(b"42[\"ask\",\"\xff\"]".as_slice())],
        text_that_is_no_utf8_across_fragments [
            Frame::text(b"42[\"ask\",\"\xe2".as_slice()).unfinished(),
            Frame::continuation(b"\x28\xa1\"]".as_slice()),
        ],
    }

    #[tokio::test]
    async fn the_close_code_names_the_kind_of_error() {
        let unmasked = Frame::text("421[\"ask\"]").unmasked();
        assert!(matches!(closes(vec![unmasked], "transport error").await, None | Some(1002)));
        let no_text = Frame::text(b"4\xff".as_slice());
        assert!(matches!(closes(vec![no_text], "transport error").await, None | Some(1002 | 1007)));
    }

    #[tokio::test]
    async fn a_close_frame_of_one_byte_ends_the_connection() {
        let server = TestServer::start(|builder| builder.consumer::<Plain>()).await;
        let mut bystander = server.socket("/").await;
        let mut culprit = server.socket("/").await;
        culprit.send_frame(Frame::new(frame::CLOSE, [3])).await;
        culprit.expect_closed().await;
        let reason = server.journal.next().await;
        assert!(matches!(&*reason, "transport error" | "transport close"), "{reason}");
        bystander.expect_nothing_more().await;
    }
}

/// The request is not valid HTTP, or none that the server knows.
mod http {
    use super::*;

    #[tokio::test]
    async fn bytes_that_are_no_http_disturb_nobody() {
        let server = TestServer::start(|builder| builder.consumer::<Plain>()).await;
        let mut bystander = server.socket("/").await;
        for bytes in [
            b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03".as_slice(),
            b"GET /socket.io/?EIO=4&transport=polling SPDY/9\r\n\r\n",
            b"GET\r\n\r\n",
            b"POST /socket.io/?EIO=4 HTTP/1.1\r\nHost: x\r\nContent-Length: minus one\r\n\r\n",
        ] {
            let mut http = Http::open(server.address).await;
            http.send_raw(bytes).await;
            if let Some(answer) = http.try_receive().await {
                assert!((400..600).contains(&answer.status), "{answer:?}");
            }
        }
        bystander.expect_nothing_more().await;
    }

    #[tokio::test]
    async fn a_head_without_end_is_not_read_for_ever() {
        let server = TestServer::start(|builder| builder.consumer::<Plain>()).await;
        let mut bystander = server.socket("/").await;
        let mut http = server.http().await;
        let head = format!(
            "GET /socket.io/?EIO=4&transport=polling HTTP/1.1\r\nHost: x\r\nX-Long: {}",
            "x".repeat(4_000_000)
        );
        http.send_raw(head.as_bytes()).await;
        if let Some(answer) = http.try_receive().await {
            assert!((400..600).contains(&answer.status), "{answer:?}");
        }
        bystander.expect_nothing_more().await;
    }

    #[tokio::test]
    async fn a_post_cut_off_in_its_body_is_not_delivered() {
        let server = TestServer::start(|builder| builder.consumer::<Plain>()).await;
        let mut polling = server.polling().await;
        polling.join("/").await;
        let whole = Request::post(polling.target(), r#"421["ask",1]"#).encode(server.address);
        let mut http = server.http().await;
        http.send_raw(&whole[..whole.len() - 1]).await;
        drop(http);
        settle().await;
        // The session may end for it or go on: what must not be there is an answer.
        if polling.post("40/nowhere,").await.status == 200 {
            polling.expect(r#"44/nowhere,{"message":"Invalid namespace"}"#).await;
        }
    }
}
