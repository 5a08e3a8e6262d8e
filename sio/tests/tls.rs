//! The server over TLS.

mod support;

use std::sync::Arc;

use rcgen::{CertifiedKey, generate_simple_self_signed};
use sio::http::rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use sio::http::rustls::{ClientConfig, RootCertStore, ServerConfig};
use support::*;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

fn configured(builder: sio::Builder) -> sio::Builder {
    #[cfg(feature = "compression")]
    let builder = builder.websocket_compression(1024);
    builder
}

/// A server with a certificate of its own, and what clients need to trust it.
async fn listen_securely() -> (Listening, TlsConnector) {
    let CertifiedKey { cert, signing_key } =
        generate_simple_self_signed(["localhost".to_owned()]).expect("the name is valid");
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(signing_key.serialize_der()));
    let mut config = ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(vec![cert.der().clone()], key)
        .expect("the key fits the certificate");
    // The server does not agree on a protocol that it does not speak.
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    let server = listen_with(build(configured), |server, listener| async move {
        server.serve_tls_with(listener, config).await
    })
    .await;

    let mut roots = RootCertStore::empty();
    roots.add(cert.der().clone()).expect("the certificate is valid");
    let mut client = ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
    client.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    (server, TlsConnector::from(Arc::new(client)))
}

async fn connect_securely(server: &Listening, connector: &TlsConnector) -> TlsStream<TcpStream> {
    let name = "localhost".try_into().expect("the name is valid");
    in_time(connector.connect(name, connect(server.address).await)).await.expect("the handshake succeeds")
}

#[tokio::test]
async fn clients_connect_over_tls_and_handlers_know_it() {
    let (server, connector) = listen_securely().await;
    let mut stream = connect_securely(&server, &connector).await;
    assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"http/1.1"[..]));
    let target = format!("{POLLING}&sid={}", request(&mut stream, "GET", POLLING, &[], "").await.sid());
    request(&mut stream, "POST", &target, &[], "40").await;
    let answer = request(&mut stream, "GET", &target, &[], "").await;
    assert!(answer.text().ends_with(",true]"), "{}", answer.text());

    let stream = connect_securely(&server, &connector).await;
    let Ok(mut socket) = websocket(stream, WEBSOCKET, &[]).await else { panic!("the client is let in") };
    assert!(socket.receive().await.starts_with("0{"));
    socket.send("40").await;
    assert!(socket.receive().await.starts_with("40{"));
    assert!(socket.receive().await.ends_with(",true]"));
    socket.send(r#"421["echo","hi"]"#).await;
    assert_eq!(socket.receive().await, r#"431["hi"]"#);
}

#[cfg(feature = "compression")]
#[tokio::test]
async fn messages_are_compressed_over_tls() {
    use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress};

    let (server, connector) = listen_securely().await;
    let stream = connect_securely(&server, &connector).await;
    let offer = [("Sec-WebSocket-Extensions", "permessage-deflate")];
    let Ok(mut socket) = websocket(stream, WEBSOCKET, &offer).await else { panic!("the client is let in") };
    socket.receive().await;
    socket.send("40").await;
    socket.receive().await;
    socket.receive().await;
    let text = "t".repeat(5000);
    let mut event = Vec::with_capacity(1000);
    Compress::new(Compression::best(), false)
        .compress_vec(format!(r#"421["echo","{text}"]"#).as_bytes(), &mut event, FlushCompress::Sync)
        .unwrap();
    socket.send_frame(0xc1, &event[..event.len() - 4]).await;
    let (first, mut payload) = socket.receive_frame().await;
    assert_eq!(first, 0xc1);
    payload.extend([0, 0, 0xff, 0xff]);
    let mut answer = Vec::with_capacity(10_000);
    Decompress::new(false).decompress_vec(&payload, &mut answer, FlushDecompress::Sync).unwrap();
    assert_eq!(answer, format!(r#"431["{text}"]"#).as_bytes());
}

#[tokio::test]
async fn a_handshake_that_fails_or_stalls_is_nobody_elses_matter() {
    let (server, connector) = listen_securely().await;
    let _silent = connect(server.address).await;
    let mut plain = connect(server.address).await;
    plain.write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n").await.unwrap();
    let mut answer = Vec::new();
    // An alert, then the end; or a reset.
    let _ = in_time(plain.read_to_end(&mut answer)).await;
    assert!(!answer.starts_with(b"HTTP"));
    drop(connect(server.address).await);

    let mut stream = connect_securely(&server, &connector).await;
    request(&mut stream, "GET", POLLING, &[], "").await.sid();
}

#[tokio::test]
async fn a_server_over_tls_stops_and_tells_its_clients() {
    let (server, connector) = listen_securely().await;
    let mut silent = connect(server.address).await;
    let stream = connect_securely(&server, &connector).await;
    let Ok(mut socket) = websocket(stream, WEBSOCKET, &[]).await else { panic!("the client is let in") };
    socket.receive().await;
    let ((), code) = tokio::join!(in_time(server.server.close()), socket.until_closed());
    assert_eq!(code, 1001);
    // The handshake that is under way does not hold it up, nor is it finished.
    let mut rest = Vec::new();
    let _ = in_time(silent.read_to_end(&mut rest)).await;
    assert_eq!(rest, b"");
}

#[tokio::test(start_paused = true)]
async fn a_handshake_may_take_ten_seconds() {
    let (server, _) = listen_securely().await;
    let mut silent = connect(server.address).await;
    let start = tokio::time::Instant::now();
    let mut rest = Vec::new();
    let _ = silent.read_to_end(&mut rest).await;
    assert_eq!(start.elapsed().as_secs(), 10);
}
