//! Guide: testing.

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::{Value, json};
    use sio::DisconnectReason;
    use sio::options::TransportKind;
    use sio::prelude::*;
    use sio::testing::TestServer;

    type TestResult = Result<(), Box<dyn std::error::Error>>;

    // ANCHOR: consumer
    #[derive(Default)]
    struct Kitchen {
        orders: u32,
    }

    #[consumer(namespace = "/kitchen")]
    impl Kitchen {
        async fn connect(&mut self, handshake: &Handshake) -> bool {
            handshake.header("x-staff").is_some()
        }

        async fn event_order(
            &mut self,
            socket: &Socket,
            meal: String,
        ) -> sio::Result<u32> {
            self.orders += 1;
            tokio::time::sleep(Duration::from_secs(600)).await; // cooks
            let is_hungry = socket.emit_with_ack::<bool>("ready", &meal).await?;
            if is_hungry {
                Ok(self.orders)
            } else {
                Err(sio::Error::new("cold", "It got cold"))
            }
        }
    }

    fn server() -> TestServer {
        TestServer::with_consumer::<Kitchen>()
    }
    // ANCHOR_END: consumer

    // ANCHOR: client
    #[tokio::test(start_paused = true)]
    async fn staff_may_enter_on_every_transport() -> TestResult {
        let server = server();
        for transport in [TransportKind::Polling, TransportKind::WebSocket] {
            let client = server.client().namespace("/kitchen").transport(transport);
            let client = client.header("X-Staff", "yes").connect().await?;
            assert_eq!(client.transport(), transport);
            assert!(client.is_connected());
        }
        assert!(server.connect("/kitchen").await.is_err());
        Ok(())
    }
    // ANCHOR_END: client

    // ANCHOR: time
    #[tokio::test(start_paused = true)]
    async fn a_meal_takes_ten_minutes_and_the_test_does_not() -> TestResult {
        let server = server();
        let cook = server
            .client()
            .namespace("/kitchen")
            .header("X-Staff", "yes")
            .connect()
            .await?;
        cook.answer("ready", |meal: String| meal == "soup");

        let patient = cook.within(Duration::from_secs(700));
        assert_eq!(patient.emit_with_ack::<u32>("order", "soup").await?, 1);
        let error = patient.emit_with_ack::<u32>("order", "fish").await.unwrap_err();
        assert_eq!(error.code(), "cold");
        Ok(())
    }
    // ANCHOR_END: time

    // ANCHOR: upgrade
    #[tokio::test(start_paused = true)]
    async fn nothing_is_lost_while_the_transport_changes() -> TestResult {
        let server = server();
        let client =
            server.client().namespace("/kitchen").transport(TransportKind::Polling);
        let client = client.header("X-Staff", "yes").connect().await?;
        server.of("/kitchen").emit("menu", &json!(["soup"])).await?;
        client.upgrade().await;
        server.of("/kitchen").emit("menu", &json!(["soup", "fish"])).await?;
        assert_eq!(client.next::<Value>("menu").await, json!(["soup"]));
        assert_eq!(client.next::<Value>("menu").await, json!(["soup", "fish"]));
        client.nothing_more().await;
        Ok(())
    }
    // ANCHOR_END: upgrade

    // ANCHOR: leaving
    #[tokio::test(start_paused = true)]
    async fn a_client_can_go_in_many_ways() -> TestResult {
        let server = server();
        let staff = server.client().namespace("/kitchen").header("X-Staff", "yes");

        let client = staff.clone().connect().await?;
        client.disconnect().await;
        assert_eq!(
            client.expect_disconnect().await,
            DisconnectReason::ClientNamespaceDisconnect
        );

        let client = staff.clone().connect().await?;
        client.kill().await;
        assert_eq!(client.expect_disconnect().await, DisconnectReason::TransportClose);

        let client = staff.clone().connect().await?;
        client.ignore_pings();
        let reason = client.within(Duration::from_secs(60)).expect_disconnect().await;
        assert_eq!(reason, DisconnectReason::PingTimeout);

        let client = staff.connect().await?;
        client.socket().disconnect();
        assert_eq!(
            client.expect_disconnect().await,
            DisconnectReason::ServerNamespaceDisconnect
        );
        Ok(())
    }
    // ANCHOR_END: leaving
}
