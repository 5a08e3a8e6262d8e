//! A server in the test's own process, and a client that knows nothing but bytes.
#![allow(dead_code, reason = "every program of tests uses its own part")]

use std::net::SocketAddr;
use std::time::Duration;

use sio::prelude::*;
use sio::{Builder, Server};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// Where a session on polling is opened.
pub(crate) const POLLING: &str = "/socket.io/?EIO=4&transport=polling";

/// Where a WebSocket is opened.
pub(crate) const WEBSOCKET: &str = "/socket.io/?EIO=4&transport=websocket";

/// Tells every client who it is.
#[derive(Debug, Default)]
pub(crate) struct Who;

#[consumer]
impl Who {
    async fn connect(&mut self, socket: &Socket) -> sio::Result<bool> {
        let handshake = socket.handshake();
        let peer = handshake.peer().map(|peer| peer.to_string());
        socket.emit("who", &(peer, handshake.is_secure())).await?;
        Ok(true)
    }

    async fn event_echo(&mut self, text: String) -> String {
        text
    }
}

/// A server that listens, gone when the test ends.
#[derive(Debug)]
pub(crate) struct Listening {
    pub(crate) address: SocketAddr,
    pub(crate) server: Server,
    task: JoinHandle<sio::Result>,
}

impl Drop for Listening {
    fn drop(&mut self) {
        self.task.abort();
    }
}

pub(crate) fn build(configure: impl FnOnce(Builder) -> Builder) -> Server {
    configure(Server::builder().collect(false).consumer::<Who>()).build().expect("the options are valid")
}

pub(crate) async fn listen(configure: impl FnOnce(Builder) -> Builder) -> Listening {
    listen_with(build(configure), |server, listener| async move { server.serve_with(listener).await }).await
}

pub(crate) async fn listen_with<F>(server: Server, serve: impl FnOnce(Server, TcpListener) -> F) -> Listening
where
    F: Future<Output = sio::Result> + Send + 'static,
{
    let (listener, address) = listener().await;
    let task = tokio::spawn(serve(server.clone(), listener));
    Listening { address, server, task }
}

pub(crate) async fn listener() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
    let address = listener.local_addr().expect("it is bound");
    (listener, address)
}

/// An answer as it came.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    /// All values of a header, as one list.
    pub(crate) fn header(&self, name: &str) -> Option<String> {
        let values: Vec<_> =
            self.headers.iter().filter(|(found, _)| found == name).map(|(_, value)| &**value).collect();
        (!values.is_empty()).then(|| values.join(", "))
    }

    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).expect("the body is text")
    }

    /// The id in an open packet.
    pub(crate) fn sid(&self) -> String {
        let text = self.text();
        assert!(text.starts_with("0{\"sid\":\""), "not an open packet: {} {text}", self.status);
        text[9..29].to_owned()
    }
}

/// Makes a request on a connection of its own.
pub(crate) async fn get(address: SocketAddr, target: &str, headers: &[(&str, &str)]) -> Answer {
    request(&mut connect(address).await, "GET", target, headers, "").await
}

pub(crate) async fn post(address: SocketAddr, target: &str, body: &str) -> Answer {
    request(&mut connect(address).await, "POST", target, &[], body).await
}

pub(crate) async fn connect(address: SocketAddr) -> TcpStream {
    TcpStream::connect(address).await.expect("the server listens")
}

/// Makes a request and reads the answer to its end.
pub(crate) async fn request<S>(
    stream: &mut S,
    method: &str,
    target: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> Answer
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut head =
        format!("{method} {target} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {}\r\n", body.len());
    for (name, value) in headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    let bytes = format!("{head}\r\n{body}");
    stream.write_all(bytes.as_bytes()).await.expect("the server reads");
    let mut answer = in_time(read_head(stream)).await;
    if let Some(length) = answer.header("content-length").filter(|_| method != "HEAD") {
        answer.body = vec![0; length.parse().expect("the length is a number")];
        in_time(stream.read_exact(&mut answer.body)).await.expect("the body is whole");
    } else if answer.header("transfer-encoding").is_some() {
        answer.body = in_time(read_chunks(stream)).await;
    }
    answer
}

async fn read_head<S: AsyncRead + Unpin>(stream: &mut S) -> Answer {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.expect("the server answers"));
    }
    let head = String::from_utf8(head).expect("a head is text");
    let mut lines = head.lines();
    let status = lines.next().and_then(|line| line.split(' ').nth(1)).expect("there is a status");
    let headers = lines.filter_map(|line| line.split_once(": "));
    Answer {
        status: status.parse().expect("the status is a number"),
        headers: headers.map(|(name, value)| (name.to_lowercase(), value.to_owned())).collect(),
        body: Vec::new(),
    }
}

async fn read_chunks<S: AsyncRead + Unpin>(stream: &mut S) -> Vec<u8> {
    let mut body = Vec::new();
    loop {
        let mut line = Vec::new();
        while !line.ends_with(b"\r\n") {
            line.push(stream.read_u8().await.expect("the body goes on"));
        }
        let length = std::str::from_utf8(&line).expect("a length is text").trim();
        let length = usize::from_str_radix(length, 16).expect("a length is a number");
        let start = body.len();
        body.resize(start + length + 2, 0);
        stream.read_exact(&mut body[start..]).await.expect("the chunk is whole");
        body.truncate(start + length);
        if length == 0 {
            return body;
        }
    }
}

/// Joins `/` by polling and gives what the consumer says of the client.
pub(crate) async fn who(address: SocketAddr, headers: &[(&str, &str)]) -> String {
    let target = format!("{POLLING}&sid={}", get(address, POLLING, headers).await.sid());
    assert_eq!(post(address, &target, "40").await.text(), "ok");
    let answer = get(address, &target, &[]).await;
    let (_, who) = answer.text().split_once('\x1e').expect("two packets come at once");
    who.strip_prefix("42").expect("the second is an event").to_owned()
}

/// The end of a WebSocket that sends and receives short text.
#[derive(Debug)]
pub(crate) struct WebSocket<S>(S);

/// Opens a WebSocket.
///
/// # Errors
///
/// With the answer that was none to an upgrade.
pub(crate) async fn websocket<S>(
    mut stream: S,
    target: &str,
    headers: &[(&str, &str)],
) -> Result<WebSocket<S>, Answer>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut all = vec![
        ("Connection", "Upgrade"),
        ("Upgrade", "websocket"),
        ("Sec-WebSocket-Version", "13"),
        ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
    ];
    all.extend_from_slice(headers);
    let answer = request(&mut stream, "GET", target, &all, "").await;
    if answer.status != 101 {
        return Err(answer);
    }
    assert_eq!(answer.header("sec-websocket-accept").as_deref(), Some("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="));
    Ok(WebSocket(stream))
}

impl<S: AsyncRead + AsyncWrite + Unpin> WebSocket<S> {
    /// A WebSocket that has been opened already.
    pub(crate) fn over(stream: S) -> Self {
        Self(stream)
    }

    /// Sends a frame of any kind, of less than 126 bytes.
    pub(crate) async fn send_frame(&mut self, first: u8, payload: &[u8]) {
        let length = u8::try_from(payload.len()).ok().filter(|length| *length < 126).expect("it is short");
        let frame = [&[first, 0x80 | length, 0, 0, 0, 0], payload].concat();
        self.0.write_all(&frame).await.expect("the server reads");
    }

    pub(crate) async fn send(&mut self, text: &str) {
        self.send_frame(0x81, text.as_bytes()).await;
    }

    pub(crate) async fn receive(&mut self) -> String {
        let (first, payload) = self.receive_frame().await;
        assert_eq!(first, 0x81, "only whole text frames are expected");
        String::from_utf8(payload).expect("the text is UTF-8")
    }

    /// The first byte of the next frame, and its payload.
    pub(crate) async fn receive_frame(&mut self) -> (u8, Vec<u8>) {
        in_time(async {
            let mut head = [0; 2];
            self.0.read_exact(&mut head).await.expect("a frame comes");
            let length = match head[1] {
                126 => usize::from(self.0.read_u16().await.expect("the frame goes on")),
                short => usize::from(short),
            };
            let mut payload = vec![0; length];
            self.0.read_exact(&mut payload).await.expect("the frame is whole");
            (head[0], payload)
        })
        .await
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> WebSocket<S> {
    /// Waits for the server's close frame, closes its own half and gives the code.
    pub(crate) async fn until_closed(&mut self) -> u16 {
        in_time(async {
            assert_eq!(self.0.read_u16().await.expect("a frame comes"), 0x8802, "it is a close frame");
            let code = self.0.read_u16().await.expect("the frame is whole");
            self.0.shutdown().await.expect("the server has not gone");
            code
        })
        .await
    }
}

/// Gives up on what takes longer than a test may.
pub(crate) async fn in_time<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(10), future).await.expect("it takes no longer than ten seconds")
}
