//! Guide: a program that checks its own health, in a container.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

// ANCHOR: healthy
/// Returns whether the server on this port is ready: `/readyz` answers with status 200.
async fn is_healthy(port: u16) -> bool {
    let ask = async {
        let mut stream = TcpStream::connect(("127.0.0.1", port)).await?;
        stream.write_all(b"GET /readyz HTTP/1.0\r\nHost: localhost\r\n\r\n").await?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await?;
        std::io::Result::Ok(answer)
    };
    match tokio::time::timeout(Duration::from_secs(2), ask).await {
        Ok(Ok(answer)) => {
            answer.starts_with("HTTP/1.0 200") || answer.starts_with("HTTP/1.1 200")
        }
        _ => false,
    }
}
// ANCHOR_END: healthy

#[cfg(test)]
mod tests {
    use sio::Server;
    use tokio::net::TcpListener;

    use super::is_healthy;

    #[tokio::test]
    async fn a_server_is_healthy_until_it_has_gone() -> sio::Result<()> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let port = listener.local_addr()?.port();
        let server =
            Server::builder().collect(false).health("/healthz", "/readyz").build()?;
        let served = server.clone();
        let serving = tokio::spawn(async move { served.serve_with(listener).await });
        assert!(is_healthy(port).await);
        server.close().await;
        serving.await??;
        assert!(!is_healthy(port).await);
        Ok(())
    }
}
