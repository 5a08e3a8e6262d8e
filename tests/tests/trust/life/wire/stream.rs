//! Requests and WebSockets by hand, over streams in memory.

use std::time::Duration;

use bytes::BytesMut;
use hyper::server::conn::http1;
use hyper_util::rt::TokioIo;
use sio::Server;
use sio_tests::{Frame, Request, Response, frame};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream};
use tokio::task::JoinHandle;
use tokio::time::timeout;

/// The bytes of one direction of a stream.
const STREAM_BYTES: usize = 64 << 10;

/// How long is waited for what has no reason to take any time.
const SOON: Duration = Duration::from_millis(200);

/// A stream whose other end the server serves.
fn connect(server: &Server) -> DuplexStream {
    let (ours, theirs) = tokio::io::duplex(STREAM_BYTES);
    let peer = ([127, 0, 0, 1], 1).into();
    let service = server.service().for_connection(peer, false);
    let connection = http1::Builder::new().serve_connection(TokioIo::new(theirs), service).with_upgrades();
    tokio::spawn(async move { drop(connection.await) });
    ours
}

/// A request under way. Dropped, its connection is lost.
pub(super) struct Exchange(JoinHandle<Option<Response>>);

impl Exchange {
    pub(super) fn begin(server: &Server, request: &Request) -> Self {
        let (mut stream, bytes) = (connect(server), request.encode(([127, 0, 0, 1], 1).into()));
        Self(tokio::spawn(async move {
            stream.write_all(&bytes).await.ok()?;
            let mut answer = Vec::new();
            loop {
                if let Some(response) = parse(&answer) {
                    return Some(response);
                }
                if stream.read_buf(&mut answer).await.ok()? == 0 {
                    return None;
                }
            }
        }))
    }

    /// The answer, if it has come.
    pub(super) async fn answer(&mut self) -> Option<Result<Response, String>> {
        let answer = timeout(SOON, &mut self.0).await.ok()?;
        let answer = answer.map_err(|error| error.to_string());
        Some(answer.and_then(|answer| answer.ok_or_else(|| "a request was not answered".to_owned())))
    }
}

impl Drop for Exchange {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// The answer, if it is whole.
fn parse(bytes: &[u8]) -> Option<Response> {
    let end = bytes.windows(4).position(|window| window == b"\r\n\r\n")?;
    let head = std::str::from_utf8(&bytes[..end]).expect("a head is text");
    let mut lines = head.split("\r\n");
    let status = lines.next()?.split(' ').nth(1)?.parse().expect("a status is a number");
    let headers = lines.filter_map(|line| line.split_once(": "));
    let headers: Vec<_> = headers.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    let mut response = Response { status, headers, body: Vec::new() };
    let length = response.header("content-length").map_or(0, |length| length.parse().expect("a number"));
    response.body = bytes.get(end + 4..end + 4 + length)?.to_vec();
    Some(response)
}

/// A WebSocket.
pub(super) struct Socket {
    stream: DuplexStream,
    buffer: BytesMut,
}

/// The next message of a WebSocket.
pub(super) enum Heard {
    Text(String),
    Nothing,
    End,
}

impl Socket {
    /// `Err` has the status of a server that refuses.
    pub(super) async fn open(server: &Server, target: &str) -> Result<Self, u16> {
        let request = Request::get(target)
            .header("Connection", "Upgrade")
            .header("Upgrade", "websocket")
            .header("Sec-WebSocket-Version", "13")
            .header("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==");
        let (mut stream, mut buffer) = (connect(server), BytesMut::new());
        let bytes = request.encode(([127, 0, 0, 1], 1).into());
        stream.write_all(&bytes).await.map_err(|_| 0_u16)?;
        loop {
            if let Some(end) = buffer.windows(4).position(|window| window == b"\r\n\r\n") {
                let head = buffer.split_to(end + 4);
                let status = std::str::from_utf8(&head[9..12]).ok().and_then(|text| text.parse().ok());
                return match status {
                    Some(101) => Ok(Self { stream, buffer }),
                    other => Err(other.unwrap_or_default()),
                };
            }
            if stream.read_buf(&mut buffer).await.map_err(|_| 0_u16)? == 0 {
                return Err(0);
            }
        }
    }

    /// Sends a packet. A WebSocket that has been closed is noticed by what it hears.
    pub(super) async fn send(&mut self, packet: &str) {
        drop(self.stream.write_all(&Frame::text(packet).encode()).await);
    }

    pub(super) async fn hear(&mut self) -> Heard {
        loop {
            if let Some(frame) = Frame::decode(&mut self.buffer) {
                match frame.opcode {
                    frame::TEXT => return Heard::Text(String::from_utf8(frame.payload).expect("it is text")),
                    frame::CLOSE => return Heard::End,
                    _ => continue,
                }
            }
            match timeout(SOON, self.stream.read_buf(&mut self.buffer)).await {
                Err(_) => return Heard::Nothing,
                Ok(Ok(1..)) => {}
                Ok(_) => return Heard::End,
            }
        }
    }
}
