//! A WebSocket client: transcripts of packets, and below them frames of any kind.

use std::{fmt, panic::Location, time::Duration};

use bytes::BytesMut;
use serde_json::Value;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

use crate::{
    deadline::soon,
    endpoint::{Endpoint, Open},
    frame::{self, Frame},
    http::{Http, Request, Response},
    pattern,
    transcript::Transcript,
};

/// The example key of RFC 6455 §1.3 and the answer that it must get: no hash is needed to check it.
const KEY: (&str, &str) = ("dGhlIHNhbXBsZSBub25jZQ==", "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");

/// How long a server may take nothing before it counts as one that does not read.
const PAUSE: Duration = Duration::from_secs(1);

/// One WebSocket.
#[derive(Debug)]
pub struct Ws {
    /// The content of the open packet, unless this is the second WebSocket of a session.
    pub open: Option<Open>,
    /// The socket id of the namespace joined last.
    pub sid: String,
    stream: TcpStream,
    buffer: BytesMut,
    /// The first frames of a message whose last one has not come yet.
    partial: Option<Frame>,
    transcript: Transcript,
}

/// A message that a server can send over a WebSocket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Received {
    /// A text message: one Engine.IO packet.
    Text(String),
    /// A binary message: one Engine.IO message, an attachment.
    Binary(Vec<u8>),
    /// WebSocket's own pong.
    Pong(Vec<u8>),
    /// A close frame, with its code if it had one.
    Close(Option<u16>),
    /// The end of the TCP stream, without a close frame.
    End,
}

impl fmt::Display for Received {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => f.write_str(text),
            Self::Binary(bytes) => write!(f, "[{} bytes] {:x?}", bytes.len(), &bytes[..bytes.len().min(32)]),
            Self::Pong(payload) => write!(f, "[pong {payload:x?}]"),
            Self::Close(code) => write!(f, "[close {code:?}]"),
            Self::End => f.write_str("[end of stream]"),
        }
    }
}

impl Ws {
    /// Opens a session over WebSocket.
    ///
    /// # Panics
    ///
    /// When the handshake is refused or the first frame is not the open packet.
    pub async fn open(endpoint: &Endpoint) -> Self {
        let target = endpoint.target("EIO=4&transport=websocket");
        let mut ws =
            Self::upgrade(endpoint, &target, &[]).await.expect("the WebSocket handshake was refused");
        match ws.receive().await {
            Received::Text(packet) => ws.open = Some(Open::parse(&packet)),
            other => panic!("expected an open packet, received {other}"),
        }
        ws
    }

    /// Makes a WebSocket handshake; `Err` is the answer of a server that refuses.
    ///
    /// # Panics
    ///
    /// When the server accepts, but not as RFC 6455 §4.2.2 demands.
    pub async fn upgrade(
        endpoint: &Endpoint,
        target: &str,
        headers: &[(&str, &str)],
    ) -> Result<Self, Response> {
        let mut http = Http::open(endpoint.address).await;
        let mut request = Request::get(target)
            .header("Connection", "keep-alive, Upgrade")
            .header("Upgrade", "websocket")
            .header("Sec-WebSocket-Version", "13")
            .header("Sec-WebSocket-Key", KEY.0);
        for (name, value) in headers {
            request = request.header(name, value);
        }
        let response = http.exchange(&request).await;
        if response.status != 101 {
            return Err(response);
        }
        assert_eq!(response.header("sec-websocket-accept"), Some(KEY.1));
        assert!(response.header("upgrade").is_some_and(|value| value.eq_ignore_ascii_case("websocket")));
        assert!(response.header("connection").is_some_and(|value| value.eq_ignore_ascii_case("upgrade")));
        Ok(Self::resume(http))
    }

    /// Goes on over a connection whose handshake was made by hand.
    pub fn resume(http: Http) -> Self {
        let (stream, buffer) = http.into_parts();
        let transcript = Transcript::default();
        Self { open: None, sid: String::new(), stream, buffer, partial: None, transcript }
    }

    /// The session's secret id.
    ///
    /// # Panics
    ///
    /// On the second WebSocket of a session.
    pub fn session_id(&self) -> &str {
        &self.open.as_ref().expect("only a session's first transport gets an open packet").sid
    }

    /// Sends one packet as a text frame.
    pub async fn send(&mut self, packet: &str) {
        self.transcript.sent(packet);
        self.write(&Frame::text(packet).encode()).await;
    }

    /// Sends several packets in one write, so that they arrive back to back.
    pub async fn send_all(&mut self, packets: &[&str]) {
        packets.iter().for_each(|packet| self.transcript.sent(packet));
        let bytes: Vec<u8> = packets.iter().flat_map(|packet| Frame::text(*packet).encode()).collect();
        self.write(&bytes).await;
    }

    /// Sends an attachment as a binary frame.
    pub async fn send_binary(&mut self, bytes: &[u8]) {
        self.send_frame(Frame::binary(bytes)).await;
    }

    /// Sends a frame of any kind.
    pub async fn send_frame(&mut self, frame: Frame) {
        self.transcript.sent(format_args!("[frame {} of {} bytes]", frame.opcode, frame.payload.len()));
        self.write(&frame.encode()).await;
    }

    /// Sends bytes as they are. Whether they can be written at all is seen in what follows.
    pub async fn write(&mut self, bytes: &[u8]) {
        let written = soon("the server to read", self.stream.write_all(bytes)).await;
        if let Err(error) = written {
            self.transcript.sent(format_args!("[failed: {error}]"));
        }
    }

    /// Writes until the server has stopped reading, and gives how many bytes went out: all of them when it never stopped.
    ///
    /// That it stopped is concluded from a pause. A server that is only slow is taken for one that stopped, never the other
    /// way round.
    pub async fn write_until_stuck(&mut self, bytes: &[u8]) -> usize {
        let mut written = 0;
        while written < bytes.len() {
            match timeout(PAUSE, self.stream.write(&bytes[written..])).await {
                Ok(more) => written += more.expect("the connection stays open"),
                Err(_) => break,
            }
        }
        self.transcript.sent(format_args!("[{written} bytes until the server stopped reading]"));
        written
    }

    /// The next thing that the server sends.
    ///
    /// # Cancel safety
    ///
    /// Bytes that were read are kept: the next call goes on where this one was dropped.
    pub async fn receive(&mut self) -> Received {
        self.receive_while_writing(&mut &[][..]).await
    }

    /// The next frame that the server sends, as it is. One of an extension is no error here.
    pub async fn receive_frame(&mut self) -> Frame {
        let waiting_for = format!("the next frame after\n{}", self.transcript);
        soon(waiting_for, async {
            loop {
                if let Some(frame) = Frame::decode(&mut self.buffer) {
                    return frame;
                }
                let read = self.stream.read_buf(&mut self.buffer).await;
                assert!(matches!(read, Ok(1..)), "the connection ended: {read:?}");
            }
        })
        .await
    }

    /// The next thing that the server sends, writing what it takes of `unsent` meanwhile.
    pub async fn receive_while_writing(&mut self, unsent: &mut &[u8]) -> Received {
        let received = soon(format_args!("the next frame after\n{}", self.transcript), async {
            loop {
                while let Some(frame) = Frame::decode(&mut self.buffer) {
                    if let Some(received) = assemble(&mut self.partial, frame) {
                        return received;
                    }
                }
                let (mut input, mut output) = self.stream.split();
                tokio::select! {
                    read = input.read_buf(&mut self.buffer) => match read {
                        Ok(1..) => {}
                        Ok(0) | Err(_) => return Received::End,
                    },
                    written = output.write(unsent), if !unsent.is_empty() => match written {
                        Ok(written) => *unsent = &unsent[written..],
                        Err(_) => *unsent = &[],
                    },
                }
            }
        })
        .await;
        self.transcript.received(&received);
        received
    }

    /// Expects the next packet to be what `pattern` describes; gives its JSON when the pattern has holes.
    #[track_caller]
    pub fn expect<'a>(&'a mut self, pattern: &'a str) -> impl Future<Output = Value> + 'a {
        let at = Location::caller();
        async move {
            match self.receive().await {
                Received::Text(text) if pattern::matches(pattern, &text) => {
                    if pattern.contains(pattern::ANY) { pattern::json(&text) } else { Value::Null }
                }
                other => self.transcript.fail(at, format_args!("expected `{pattern}`, received `{other}`")),
            }
        }
    }

    /// Expects the next frame to be this attachment.
    #[track_caller]
    pub fn expect_binary<'a>(&'a mut self, bytes: &'a [u8]) -> impl Future<Output = ()> + 'a {
        let at = Location::caller();
        async move {
            let received = self.receive().await;
            if received != Received::Binary(bytes.to_vec()) {
                self.transcript
                    .fail(at, format_args!("expected the attachment {bytes:x?}, received `{received}`"));
            }
        }
    }

    /// Expects the server to end the connection, with nothing before that; gives the code of the close frame, if one came.
    #[track_caller]
    pub fn expect_closed(&mut self) -> impl Future<Output = Option<u16>> + '_ {
        let at = Location::caller();
        async move {
            match self.receive().await {
                Received::Close(code) => {
                    self.write(&Frame::new(frame::CLOSE, Vec::new()).encode()).await;
                    let rest = self.receive().await;
                    if rest != Received::End {
                        self.transcript.fail(at, format_args!("`{rest}` came after the close frame"));
                    }
                    code
                }
                Received::End => None,
                other => self.transcript.fail(at, format_args!("expected the end, received `{other}`")),
            }
        }
    }

    /// Joins a namespace and gives the socket's id.
    #[track_caller]
    pub fn join<'a>(&'a mut self, namespace: &'a str) -> impl Future<Output = String> + 'a {
        let at = Location::caller();
        async move {
            let prefix = prefix(namespace);
            self.send(&format!("40{prefix}")).await;
            match self.receive().await {
                Received::Text(text) if is_accepted(&prefix, &text) => {
                    let sid =
                        pattern::json(&text)["sid"].as_str().expect("a socket id is a string").to_owned();
                    self.sid.clone_from(&sid);
                    sid
                }
                other => self.transcript.fail(at, format_args!("could not join {namespace}: `{other}`")),
            }
        }
    }

    /// Expects that the server has nothing for this client beyond what was read, and is still there.
    ///
    /// Frames arrive in order, so the refusal of a namespace that nobody serves must be the next one. What another client
    /// caused is covered when that client's ack came before: the server queued its effects earlier.
    #[track_caller]
    pub fn expect_nothing_more(&mut self) -> impl Future<Output = ()> + '_ {
        let at = Location::caller();
        async move {
            self.send("40/nowhere,").await;
            let received = self.receive().await;
            if received != Received::Text(r#"44/nowhere,{"message":"Invalid namespace"}"#.into()) {
                self.transcript.fail(at, format_args!("expected nothing more, received `{received}`"));
            }
        }
    }

    /// The connection itself, to be written to by hand.
    pub fn into_stream(self) -> TcpStream {
        self.stream
    }

    /// Closes the WebSocket as a browser does, and waits for the server to end the connection.
    #[track_caller]
    pub fn close(mut self) -> impl Future<Output = ()> {
        let at = Location::caller();
        async move {
            self.send_frame(Frame::close(1000)).await;
            loop {
                match self.receive().await {
                    Received::End => return,
                    Received::Text(_) | Received::Binary(_) | Received::Close(_) => {}
                    other => self.transcript.fail(at, format_args!("expected the end, received `{other}`")),
                }
            }
        }
    }
}

/// Whether a packet lets a client in: with its id and, where the state of clients is kept, a secret.
fn is_accepted(prefix: &str, packet: &str) -> bool {
    [r#"{"sid":…}"#, r#"{"sid":…,"pid":…}"#]
        .iter()
        .any(|payload| pattern::matches(&format!("40{prefix}{payload}"), packet))
}

/// How packets of a namespace begin, after their type: nothing for `/`.
pub fn prefix(namespace: &str) -> String {
    if namespace == "/" { String::new() } else { format!("{namespace},") }
}

/// Adds a frame to the message under way; gives what is complete.
fn assemble(message: &mut Option<Frame>, frame: Frame) -> Option<Received> {
    assert_eq!(frame.reserved, 0, "a reserved bit means nothing without an extension");
    match frame.opcode {
        frame::PONG => return Some(Received::Pong(frame.payload)),
        frame::CLOSE => {
            let code = frame.payload.get(..2).map(|code| u16::from_be_bytes([code[0], code[1]]));
            return Some(Received::Close(code));
        }
        frame::CONTINUATION => {
            let started = message.as_mut().expect("a continuation continues something");
            started.payload.extend_from_slice(&frame.payload);
            started.is_final = frame.is_final;
        }
        frame::TEXT | frame::BINARY => {
            assert!(message.is_none(), "a message began within another one");
            *message = Some(frame);
        }
        other => panic!("the server sent a frame of kind {other}"),
    }
    let message = message.take_if(|message| message.is_final)?;
    Some(match message.opcode {
        frame::TEXT => Received::Text(String::from_utf8(message.payload).expect("a text message is UTF-8")),
        _ => Received::Binary(message.payload),
    })
}
