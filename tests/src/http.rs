//! HTTP/1.1 by hand: one keep-alive connection, requests written and answers read apart from each other.

use std::{fmt, io, net::SocketAddr};

use bytes::{Buf, BytesMut};
use serde_json::Value;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpSocket, TcpStream},
};

use crate::deadline::soon;

/// A request to be sent.
#[derive(Clone, Debug)]
pub struct Request {
    method: String,
    target: String,
    headers: Vec<(String, String)>,
    body: Body,
}

#[derive(Clone, Debug)]
enum Body {
    None,
    Sized(Vec<u8>),
    /// Sent in pieces, without a length in the head.
    Chunked(Vec<u8>),
}

/// How much one chunk of a chunked body holds.
const CHUNK: usize = 4096;

impl Request {
    /// A request of any method, without a body.
    pub fn new(method: &str, target: impl Into<String>) -> Self {
        Self { method: method.into(), target: target.into(), headers: Vec::new(), body: Body::None }
    }

    /// A GET.
    pub fn get(target: impl Into<String>) -> Self {
        Self::new("GET", target)
    }

    /// A POST of plain text, with its length in the head.
    pub fn post(target: impl Into<String>, body: impl Into<Vec<u8>>) -> Self {
        Self::post_as("text/plain;charset=UTF-8", target, body)
    }

    /// A POST of this content type, with its length in the head.
    pub fn post_as(content_type: &str, target: impl Into<String>, body: impl Into<Vec<u8>>) -> Self {
        let mut request = Self::new("POST", target).header("Content-Type", content_type);
        request.body = Body::Sized(body.into());
        request
    }

    /// Adds a header.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// Sends the body in chunks, so that the head does not tell its length.
    #[must_use]
    pub fn chunked(mut self) -> Self {
        if let Body::Sized(body) = self.body {
            self.body = Body::Chunked(body);
        }
        self
    }

    /// The request's bytes, for the server at `host`.
    pub fn encode(&self, host: SocketAddr) -> Vec<u8> {
        let mut out = format!("{} {} HTTP/1.1\r\n", self.method, self.target);
        if !self.headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("host")) {
            out.push_str(&format!("Host: {host}\r\n"));
        }
        for (name, value) in &self.headers {
            out.push_str(&format!("{name}: {value}\r\n"));
        }
        match &self.body {
            Body::None => {}
            Body::Sized(body) => out.push_str(&format!("Content-Length: {}\r\n", body.len())),
            Body::Chunked(_) => out.push_str("Transfer-Encoding: chunked\r\n"),
        }
        out.push_str("\r\n");
        let mut out = out.into_bytes();
        match &self.body {
            Body::None => {}
            Body::Sized(body) => out.extend_from_slice(body),
            Body::Chunked(body) => {
                for chunk in body.chunks(CHUNK) {
                    out.extend_from_slice(format!("{:x}\r\n", chunk.len()).as_bytes());
                    out.extend_from_slice(chunk);
                    out.extend_from_slice(b"\r\n");
                }
                out.extend_from_slice(b"0\r\n\r\n");
            }
        }
        out
    }
}

/// How much a socket of the tests holds between its two ends, roughly and in each direction.
const SOCKET_BUFFER: u32 = 64 * 1024;

/// A TCP socket with small buffers, so that a peer that does not read is felt soon. What it accepts inherits them.
pub fn small_socket() -> io::Result<TcpSocket> {
    let socket = TcpSocket::new_v4()?;
    socket.set_send_buffer_size(SOCKET_BUFFER)?;
    socket.set_recv_buffer_size(SOCKET_BUFFER)?;
    Ok(socket)
}

/// An answer.
#[derive(Clone)]
pub struct Response {
    /// The status code.
    pub status: u16,
    /// The headers in the order in which they came.
    pub headers: Vec<(String, String)>,
    /// The body, without any transfer coding.
    pub body: Vec<u8>,
}

impl Response {
    /// The one value of a header, `None` when it is absent.
    ///
    /// # Panics
    ///
    /// When the header came twice: no header that a test asks for may.
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut values = self.headers.iter().filter(|(key, _)| key.eq_ignore_ascii_case(name));
        let value = values.next().map(|(_, value)| value.as_str());
        assert!(values.next().is_none(), "the header {name} came twice: {self:?}");
        value
    }

    /// The body as text.
    ///
    /// # Panics
    ///
    /// When it is not UTF-8.
    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.body).expect("the answer's body is not UTF-8")
    }

    /// The body as JSON.
    ///
    /// # Panics
    ///
    /// When it is not JSON.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error} in the answer {self:?}"))
    }

    /// Checks status and body.
    ///
    /// # Panics
    ///
    /// When one of them differs.
    #[track_caller]
    pub fn expect(&self, status: u16, body: &str) {
        assert!(self.status == status && self.text() == body, "expected {status} `{body}`, got {self:?}");
    }
}

impl fmt::Debug for Response {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {:?} `{}`", self.status, self.headers, String::from_utf8_lossy(&self.body))
    }
}

/// One TCP connection to an HTTP server.
#[derive(Debug)]
pub struct Http {
    address: SocketAddr,
    stream: TcpStream,
    buffer: BytesMut,
    /// Whether the request under way was a HEAD: its answer tells a length but has no body.
    is_head: bool,
}

impl Http {
    /// Connects.
    pub async fn open(address: SocketAddr) -> Self {
        Self::try_open(address).await.expect("the server refused the TCP connection")
    }

    /// Connects, unless nobody listens.
    pub async fn try_open(address: SocketAddr) -> io::Result<Self> {
        let stream = soon("a TCP connection", small_socket()?.connect(address)).await?;
        stream.set_nodelay(true).expect("a fresh socket takes options");
        Ok(Self { address, stream, buffer: BytesMut::new(), is_head: false })
    }

    /// Sends a request and reads its answer.
    pub async fn exchange(&mut self, request: &Request) -> Response {
        self.send(request).await;
        self.receive().await
    }

    /// Sends a request. A server that has already answered and hung up is no failure here but in what follows.
    pub async fn send(&mut self, request: &Request) {
        self.is_head = request.method == "HEAD";
        self.send_raw(&request.encode(self.address)).await;
    }

    /// Sends bytes as they are.
    pub async fn send_raw(&mut self, bytes: &[u8]) {
        let sent = soon("the server to read a request", self.stream.write_all(bytes)).await;
        drop(sent); // an early answer and a closed connection: what matters is what can still be read
    }

    /// Reads an answer.
    pub async fn receive(&mut self) -> Response {
        self.try_receive().await.expect("the connection ended before the answer did")
    }

    /// Reads an answer, or `None` when the connection ends before it is complete.
    pub async fn try_receive(&mut self) -> Option<Response> {
        loop {
            let head = self.read_head().await?;
            let mut lines = head.split("\r\n");
            let status = lines.next()?.split(' ').nth(1)?.parse().expect("a status line has a number");
            let headers = lines.filter_map(|line| line.split_once(':'));
            let headers = headers.map(|(name, value)| (name.to_owned(), value.trim().to_owned())).collect();
            let mut response = Response { status, headers, body: Vec::new() };
            if status == 100 {
                continue;
            }
            response.body = self.read_body(&response).await?;
            return Some(response);
        }
    }

    async fn read_head(&mut self) -> Option<String> {
        loop {
            if let Some(end) = self.buffer.windows(4).position(|window| window == b"\r\n\r\n") {
                let head = self.buffer.split_to(end + 4);
                return Some(String::from_utf8(head[..end].to_vec()).expect("an HTTP head is text"));
            }
            self.read_more().await?;
        }
    }

    async fn read_body(&mut self, response: &Response) -> Option<Vec<u8>> {
        if self.is_head || matches!(response.status, 101 | 204 | 304) {
            return Some(Vec::new());
        }
        if let Some(length) = response.header("content-length") {
            let length = length.parse().expect("a content length is a number");
            return self.read_exactly(length).await;
        }
        if response.header("transfer-encoding").is_some_and(|coding| coding.eq_ignore_ascii_case("chunked")) {
            return self.read_chunks().await;
        }
        while self.read_more().await.is_some() {}
        Some(self.buffer.split().to_vec())
    }

    async fn read_chunks(&mut self) -> Option<Vec<u8>> {
        let mut body = Vec::new();
        loop {
            let line_end = loop {
                match self.buffer.windows(2).position(|window| window == b"\r\n") {
                    Some(end) => break end,
                    None => self.read_more().await?,
                }
            };
            let line = self.buffer.split_to(line_end + 2);
            let size = std::str::from_utf8(&line[..line_end]).expect("a chunk's size is text");
            let size = usize::from_str_radix(size.trim(), 16).expect("a chunk's size is hexadecimal");
            let chunk = self.read_exactly(size + 2).await?;
            if size == 0 {
                return Some(body);
            }
            body.extend_from_slice(&chunk[..size]);
        }
    }

    async fn read_exactly(&mut self, length: usize) -> Option<Vec<u8>> {
        while self.buffer.len() < length {
            self.read_more().await?;
        }
        let bytes = self.buffer[..length].to_vec();
        self.buffer.advance(length);
        Some(bytes)
    }

    /// Reads whatever comes next; `None` when nothing comes any more.
    async fn read_more(&mut self) -> Option<()> {
        let read = soon("an HTTP answer", self.stream.read_buf(&mut self.buffer)).await;
        matches!(read, Ok(1..)).then_some(())
    }

    /// Gives the connection to another protocol, with what was already read of it.
    pub fn into_parts(self) -> (TcpStream, BytesMut) {
        (self.stream, self.buffer)
    }
}
