//! Part 1 of the tutorial: a server that has nothing to say yet.

// ANCHOR: main
#[tokio::main]
async fn main() -> sio::Result<()> {
    tracing_subscriber::fmt().init();
    sio::serve("127.0.0.1:3000").await
}
// ANCHOR_END: main

#[cfg(test)]
mod tests {
    use sio_tests::TestServer;

    #[tokio::test]
    async fn the_root_namespace_is_there_and_no_other() {
        let server = TestServer::start(|builder| builder).await;
        let mut client = server.ws().await;
        client.join("/").await;
        client.send("40/chat,").await;
        client.expect(r#"44/chat,{"message":"Invalid namespace"}"#).await;
    }
}
