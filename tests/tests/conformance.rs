//! The servers that the official suites are run against, asked for everything that those suites ask for.

use std::time::Duration;

use sio_tests::{
    Endpoint, Received, Request, TestServer,
    acceptance::conformance::{self, Heartbeat},
    deadline::soon,
};

/// The Engine.IO part, where every message comes back.
const ECHO: &str = "/engine.io/";

/// Both parts: what is asked of the engine holds for either.
const BOTH: [&str; 2] = [ECHO, "/socket.io/"];

/// Longer than any test.
const NEVER: Duration = Duration::from_secs(600);

/// The servers without a heartbeat, for all that has nothing to do with it: a busy machine may not answer a ping in the
/// 200 ms that the suites leave for it.
async fn server() -> TestServer {
    server_with(Heartbeat { interval: NEVER, timeout: NEVER }).await
}

async fn server_with(heartbeat: Heartbeat) -> TestServer {
    TestServer::serve_with(move |listener| conformance::serve(listener, heartbeat)).await
}

mod handshake {
    use super::*;

    #[tokio::test]
    async fn polling_opens_with_five_keys_and_one_upgrade() {
        let server = server_with(Heartbeat::OF_THE_SUITES).await;
        for path in BOTH {
            let open = server.at(path).polling().await.open;
            assert_eq!(open.upgrades, ["websocket"]);
            assert_eq!((open.ping_interval, open.ping_timeout, open.max_payload), (300, 200, 1_000_000));
            assert!(!open.sid.is_empty());
        }
    }

    #[tokio::test]
    async fn websocket_opens_with_five_keys_and_no_upgrade() {
        let server = server_with(Heartbeat::OF_THE_SUITES).await;
        for path in BOTH {
            let open = server.at(path).ws().await.open.expect("the first frame is the open packet");
            assert_eq!(open.upgrades, [""; 0]);
            assert_eq!((open.ping_interval, open.ping_timeout, open.max_payload), (300, 200, 1_000_000));
            assert!(!open.sid.is_empty());
        }
    }

    #[tokio::test]
    async fn a_missing_or_unknown_version_or_transport_is_refused() {
        let server = server().await;
        for path in BOTH {
            let server = server.at(path);
            for query in ["transport=T", "EIO=abc&transport=T", "EIO=4", "EIO=4&transport=abc"] {
                let polling = server.get(&query.replace('T', "polling")).await;
                assert_eq!(polling.status, 400, "{path}?{query}");
                let refusal = server.try_ws(&query.replace('T', "websocket"), &[]).await.unwrap_err();
                assert_eq!(refusal.status, 400, "WebSocket to {path}?{query}");
            }
        }
    }

    #[tokio::test]
    async fn only_a_get_opens_a_session() {
        let server = server().await;
        for path in BOTH {
            let target = server.at(path).target("EIO=4&transport=polling");
            let post = server.request(&Request::post(&target, "")).await;
            assert_eq!(post.status, 400, "POST {path}");
            let put = server.request(&Request::new("PUT", &target)).await;
            assert_eq!(put.status, 400, "PUT {path}");
        }
    }
}

mod echo {
    use super::*;

    #[tokio::test]
    async fn polled_packets_come_back_in_one_body_and_in_order() {
        let server = server().await;
        for body in ["4hello", "4test1\u{1e}4test2\u{1e}4test3", "4hello\u{1e}bAQIDBA=="] {
            let mut polling = server.at(ECHO).polling().await;
            polling.send(body).await;
            polling.get().await.expect(200, body);
        }
    }

    #[tokio::test]
    async fn websocket_messages_come_back() {
        let server = server().await;
        let mut ws = server.at(ECHO).ws().await;
        ws.send("4hello").await;
        ws.expect("4hello").await;
        ws.send_binary(&[1, 2, 3, 4]).await;
        ws.expect_binary(&[1, 2, 3, 4]).await;
    }

    #[tokio::test]
    async fn an_unknown_packet_closes_a_polling_session() {
        let server = server().await;
        let mut polling = server.at(ECHO).polling().await;
        assert_eq!(polling.post("abc").await.status, 400);
        polling.expect_gone().await;
    }

    #[tokio::test]
    async fn an_unknown_packet_closes_a_websocket() {
        let server = server().await;
        let mut ws = server.at(ECHO).ws().await;
        ws.send("abc").await;
        ws.expect_closed().await;
    }

    #[tokio::test]
    async fn a_second_poll_closes_the_session() {
        let server = server().await;
        let mut polling = server.at(ECHO).polling().await;
        polling.begin_get().await;
        let second = server.request(&Request::get(polling.target())).await;
        assert!(matches!(second.status, 400 | 500), "{second:?}");
        polling.end_get().await.expect(200, "1");
        polling.expect_gone().await;
    }
}

mod heartbeat {
    use super::*;

    /// Pings as the suites expect them, with all the time of the world for the pongs.
    const PATIENT: Heartbeat = Heartbeat { timeout: NEVER, ..Heartbeat::OF_THE_SUITES };

    #[tokio::test]
    async fn three_pings_are_answered_over_polling() {
        let server = server_with(PATIENT).await;
        // Not on the side with Socket.IO, which closes a connection that joins nothing.
        let mut polling = server.at(ECHO).polling().await;
        for _ in 0..3 {
            polling.get().await.expect(200, "2");
            polling.send("3").await;
        }
    }

    #[tokio::test]
    async fn three_pings_are_answered_over_websocket() {
        let server = server_with(PATIENT).await;
        let mut ws = server.at(ECHO).ws().await;
        for _ in 0..3 {
            ws.expect("2").await;
            ws.send("3").await;
        }
    }

    /// The timeout counts from the moment the ping was queued, although nobody fetched it.
    #[tokio::test]
    async fn a_session_that_never_polls_is_gone_after_interval_and_timeout() {
        let server = server_with(Heartbeat::OF_THE_SUITES).await;
        for path in BOTH {
            // A busy machine may be late with its ping; one that is never in time has lost it.
            let in_time = async || {
                let mut polling = server.at(path).polling().await;
                // Longer than interval and timeout together, which are real time: the client does nothing meanwhile.
                tokio::time::sleep(Duration::from_millis(500)).await;
                polling.get().await.status == 400
            };
            soon("a session that ends in time", async { while !in_time().await {} }).await;
        }
    }

    #[tokio::test]
    async fn a_websocket_that_never_pongs_is_closed() {
        let server = server_with(Heartbeat::OF_THE_SUITES).await;
        let mut ws = server.at(ECHO).ws().await;
        ws.expect("2").await;
        ws.expect_closed().await;
    }
}

mod close {
    use super::*;

    #[tokio::test]
    async fn a_polling_client_that_closes_releases_its_poll() {
        let server = server().await;
        for path in BOTH {
            let mut polling = server.at(path).polling().await;
            polling.begin_get().await;
            polling.send("1").await;
            polling.end_get().await.expect(200, "6");
            polling.expect_gone().await;
        }
    }

    /// The two requests travel by different connections: the one that was sent first may come second.
    #[tokio::test]
    async fn a_poll_that_the_close_packet_overtakes_is_released_too() {
        let server = server().await;
        for path in BOTH {
            let mut polling = server.at(path).polling().await;
            let poll = Request::get(polling.target());
            let (post, poll) = tokio::join!(polling.post("1"), server.request(&poll));
            post.expect(200, "ok");
            poll.expect(200, "6");
            polling.expect_gone().await;
        }
    }

    #[tokio::test]
    async fn a_request_that_follows_the_close_packet_finds_no_session() {
        let server = server().await;
        for path in BOTH {
            let mut polling = server.at(path).polling().await;
            polling.send("1").await;
            polling.expect_gone().await;
        }
    }

    #[tokio::test]
    async fn a_websocket_client_that_closes_is_closed() {
        let server = server().await;
        for path in BOTH {
            let mut ws = server.at(path).ws().await;
            ws.send("1").await;
            ws.expect_closed().await;
        }
    }
}

mod upgrade {
    use super::*;

    #[tokio::test]
    async fn polling_gives_way_to_websocket() {
        let server = server().await;
        let server = server.at(ECHO);
        let mut polling = server.polling().await;
        let mut ws = server.second_ws(&polling.open.sid).await.expect("the upgrade is accepted");
        ws.send("2probe").await;
        ws.expect("3probe").await;
        polling.get().await.expect(200, "6");
        ws.send_all(&["5", "4hello"]).await;
        ws.expect("4hello").await;
    }

    #[tokio::test]
    async fn a_poll_after_the_upgrade_is_refused_and_the_websocket_goes_on() {
        let server = server().await;
        let server = server.at(ECHO);
        let mut polling = server.polling().await;
        let mut ws = server.second_ws(&polling.open.sid).await.expect("the upgrade is accepted");
        ws.send("2probe").await;
        ws.expect("3probe").await;
        ws.send_all(&["5", "4first"]).await;
        ws.expect("4first").await;
        assert_eq!(polling.get().await.status, 400);
        ws.send("4hello").await;
        ws.expect("4hello").await;
    }

    #[tokio::test]
    async fn a_second_websocket_after_the_upgrade_is_closed_and_the_first_goes_on() {
        let server = server().await;
        let server = server.at(ECHO);
        let polling = server.polling().await;
        let mut ws = server.second_ws(&polling.open.sid).await.expect("the upgrade is accepted");
        ws.send_all(&["2probe", "5", "4first"]).await;
        ws.expect("3probe").await;
        ws.expect("4first").await;
        if let Ok(mut second) = server.second_ws(&polling.open.sid).await {
            second.expect_closed().await;
        }
        ws.send("4hello").await;
        ws.expect("4hello").await;
    }

    /// A client that does not wait for the probe's answer, on the side with Socket.IO.
    #[tokio::test]
    async fn probe_and_upgrade_may_arrive_back_to_back() {
        let server = server().await;
        let mut polling = server.polling().await;
        let mut ws = server.second_ws(&polling.open.sid).await.expect("the upgrade is accepted");
        ws.send_all(&["2probe", "5", "40"]).await;
        ws.expect("3probe").await;
        ws.expect(r#"40{"sid":…}"#).await;
        assert_eq!(polling.get().await.status, 400);
        if let Ok(mut second) = server.second_ws(&polling.open.sid).await {
            second.expect_closed().await;
        }
    }
}

mod socket_io {
    use super::*;

    #[tokio::test]
    async fn each_namespace_answers_with_its_sid_and_then_with_the_auth_payload() {
        let server = server().await;
        for (request, prefix, auth) in [
            ("40", "", "{}"),
            (r#"40{"token":"123"}"#, "", r#"{"token":"123"}"#),
            ("40/custom,", "/custom,", "{}"),
            (r#"40/custom,{"token":"abc"}"#, "/custom,", r#"{"token":"abc"}"#),
        ] {
            let mut ws = server.ws().await;
            ws.send(request).await;
            ws.expect(&format!("40{prefix}{{\"sid\":…}}")).await;
            ws.expect(&format!("42{prefix}[\"auth\",{auth}]")).await;
        }
    }

    #[tokio::test]
    async fn an_unknown_namespace_is_refused() {
        let server = server().await;
        let mut ws = server.ws().await;
        ws.send("40/random").await;
        ws.expect(r#"44/random,{"message":"Invalid namespace"}"#).await;
    }

    #[tokio::test]
    async fn leaving_the_last_namespace_keeps_the_connection() {
        let server = server().await;
        let mut ws = joined(&server).await;
        ws.send("41").await;
        ws.expect_nothing_more().await;
    }

    #[tokio::test]
    async fn leaving_one_namespace_keeps_the_other() {
        let server = server().await;
        let mut ws = joined(&server).await;
        ws.send("40/custom").await;
        ws.expect(r#"40/custom,{"sid":…}"#).await;
        ws.expect(r#"42/custom,["auth",{}]"#).await;
        ws.send_all(&["41/custom", r#"42["message","message to main namespace"]"#]).await;
        ws.expect(r#"42["message-back","message to main namespace"]"#).await;
    }

    #[tokio::test]
    async fn text_comes_back_as_it_was_sent() {
        let server = server().await;
        let mut ws = joined(&server).await;
        ws.send(r#"42["message",1,"2",{"3":[true]}]"#).await;
        ws.expect(r#"42["message-back",1,"2",{"3":[true]}]"#).await;
        ws.send(r#"42456["message-with-ack",1,"2",{"3":[false]}]"#).await;
        ws.expect(r#"43456[1,"2",{"3":[false]}]"#).await;
    }

    #[tokio::test]
    async fn attachments_come_back_in_order() {
        let server = server().await;
        let mut ws = joined(&server).await;
        let two = r#"{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}"#;
        ws.send(&format!(r#"452-["message",{two}]"#)).await;
        ws.send_binary(&[1, 2, 3]).await;
        ws.send_binary(&[4, 5, 6]).await;
        ws.expect(&format!(r#"452-["message-back",{two}]"#)).await;
        ws.expect_binary(&[1, 2, 3]).await;
        ws.expect_binary(&[4, 5, 6]).await;
        ws.send(&format!(r#"452-789["message-with-ack",{two}]"#)).await;
        ws.send_binary(&[1, 2, 3]).await;
        ws.send_binary(&[4, 5, 6]).await;
        ws.expect(&format!("462-789[{two}]")).await;
        ws.expect_binary(&[1, 2, 3]).await;
        ws.expect_binary(&[4, 5, 6]).await;
    }

    #[tokio::test]
    async fn invalid_packets_close_the_connection() {
        let server = server().await;
        let mut stranger = server.ws().await;
        stranger.send("4abc").await;
        stranger.expect_closed().await;
        for packet in ["4abc", "42{}", r#"42abc["message-with-ack",1,"2",{"3":[false]}]"#] {
            let mut ws = joined(&server).await;
            ws.send(packet).await;
            ws.expect_closed().await;
        }
    }

    /// The heartbeat is answered here, so that nothing but the connect timeout can end the connection.
    #[tokio::test]
    async fn a_connection_that_joins_nothing_is_closed() {
        let server = server().await;
        let mut ws = server.ws().await;
        soon("the connect timeout", async {
            loop {
                match ws.receive().await {
                    Received::Text(ping) if ping == "2" => ws.send("3").await,
                    Received::Close(_) | Received::End => break,
                    other => panic!("received {other}"),
                }
            }
        })
        .await;
    }

    async fn joined(server: &Endpoint) -> sio_tests::Ws {
        let mut ws = server.socket("/").await;
        ws.expect(r#"42["auth",{}]"#).await;
        ws
    }
}
