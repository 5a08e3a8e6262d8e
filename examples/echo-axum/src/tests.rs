//! The application on a port of its own, with a client that knows nothing but bytes.

use std::net::SocketAddr;
use std::time::Duration;

use sio::Server;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

struct App {
    address: SocketAddr,
    stop: oneshot::Sender<()>,
    serving: JoinHandle<sio::Result<()>>,
}

async fn start() -> App {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = oneshot::channel();
    let stopped = async { stopped.await.unwrap_or_default() };
    let serving = tokio::spawn(crate::serve(listener, Server::builder(), stopped));
    App { address, stop, serving }
}

/// Makes a request and gives the answer, head and body.
async fn ask(address: SocketAddr, method: &str, target: &str, body: &str) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let request = format!(
        "{method} {target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    in_time(stream.read_to_string(&mut answer)).await.unwrap();
    answer
}

/// Opens a WebSocket and reads the open packet.
async fn open_websocket(address: SocketAddr) -> TcpStream {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let request =
        b"GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: localhost\r\n\
        Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
        Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    stream.write_all(request).await.unwrap();
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(in_time(stream.read_u8()).await.unwrap());
    }
    assert!(head.starts_with(b"HTTP/1.1 101"), "{}", String::from_utf8_lossy(&head));
    assert!(receive(&mut stream).await.starts_with("0{"));
    stream
}

async fn send(stream: &mut TcpStream, text: &str) {
    let mut frame = vec![0x81, 0x80 | u8::try_from(text.len()).unwrap(), 0, 0, 0, 0];
    frame.extend_from_slice(text.as_bytes());
    stream.write_all(&frame).await.unwrap();
}

async fn receive(stream: &mut TcpStream) -> String {
    in_time(async {
        let mut length = usize::from(stream.read_u16().await.unwrap() & 0xff);
        if length == 126 {
            length = usize::from(stream.read_u16().await.unwrap());
        }
        let mut text = vec![0; length];
        stream.read_exact(&mut text).await.unwrap();
        String::from_utf8(text).unwrap()
    })
    .await
}

async fn in_time<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(10), future)
        .await
        .expect("it takes no longer than ten seconds")
}

#[tokio::test]
async fn routes_and_clients_share_the_port_and_the_state() {
    let app = start().await;
    assert!(ask(app.address, "GET", "/", "").await.contains("<title>Echo</title>"));

    let mut socket = open_websocket(app.address).await;
    send(&mut socket, "40").await;
    assert!(receive(&mut socket).await.starts_with("40{"));
    assert_eq!(receive(&mut socket).await, r#"42["welcome","127.0.0.1"]"#);
    send(&mut socket, r#"421["echo","hello"]"#).await;
    assert_eq!(receive(&mut socket).await, r#"431["hello"]"#);
    assert!(ask(app.address, "GET", "/echoes", "").await.ends_with("\r\n\r\n1"));

    assert!(ask(app.address, "POST", "/say", "to all").await.starts_with("HTTP/1.1 200"));
    assert_eq!(receive(&mut socket).await, r#"42["said","to all"]"#);
}

#[tokio::test]
async fn polling_goes_through_the_layer_too() {
    let app = start().await;
    let answer = ask(app.address, "GET", "/socket.io/?EIO=4&transport=polling", "").await;
    let (_, sid) = answer.split_once(r#"{"sid":""#).expect("there is an open packet");
    let target = format!("/socket.io/?EIO=4&transport=polling&sid={}", &sid[..20]);
    assert!(ask(app.address, "POST", &target, "40").await.ends_with("ok"));
    let answer = ask(app.address, "GET", &target, "").await;
    assert!(answer.ends_with("\x1e42[\"welcome\",\"127.0.0.1\"]"), "{answer}");
}

#[tokio::test]
async fn the_application_stops_with_its_clients() {
    let app = start().await;
    let mut socket = open_websocket(app.address).await;
    send(&mut socket, "40").await;
    receive(&mut socket).await;
    app.stop.send(()).unwrap();
    receive(&mut socket).await;
    // The close frame: 1001, going away.
    assert_eq!(in_time(socket.read_u32()).await.unwrap(), 0x8802_03e9);
    drop(socket);
    in_time(app.serving).await.unwrap().unwrap();
}
