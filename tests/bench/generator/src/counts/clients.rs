//! Clients that wait for each answer before they go on, so that a server does the same in every run.

use std::io::{self, Read as _, Write as _};
use std::net::{Ipv4Addr, TcpStream};
use std::time::Duration;

use serde::Deserialize;

use crate::load::{frame, http};

/// Under valgrind a server is up to a hundred times slower.
const PATIENCE: Duration = Duration::from_secs(120);

/// Engine.IO's heartbeat.
const PING: &[u8] = b"2";
const PONG: &[u8] = b"3";
/// Stands between the packets of a polling answer.
const SEPARATOR: u8 = 0x1e;

/// A connection, and the bytes of it that have come and are not used.
#[derive(Debug)]
struct Connection {
    stream: TcpStream,
    input: Vec<u8>,
}

impl Connection {
    fn open(port: u16) -> io::Result<Self> {
        let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        Ok(Self { stream, input: Vec::new() })
    }

    /// Reads until `take` finds something complete at the head of the bytes: how long it is, and its value.
    fn read<T>(&mut self, take: impl Fn(&[u8]) -> io::Result<Option<(usize, T)>>) -> io::Result<T> {
        let mut chunk = [0; 64 * 1024];
        loop {
            if let Some((length, value)) = take(&self.input)? {
                self.input.drain(..length);
                return Ok(value);
            }
            let count = self.stream.read(&mut chunk)?;
            if count == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            self.input.extend_from_slice(&chunk[..count]);
        }
    }
}

/// How a server's clients write Socket.IO packets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Parser {
    Json,
    MessagePack,
}

/// A WebSocket client that has joined the main namespace.
#[derive(Debug)]
pub(crate) struct Socket {
    connection: Connection,
    output: Vec<u8>,
}

impl Socket {
    pub(crate) fn open(port: u16, parser: Parser) -> io::Result<Self> {
        let mut socket = Self { connection: Connection::open(port)?, output: Vec::new() };
        socket.output.extend_from_slice(
            format!(
                "GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\
                 Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
                 Sec-WebSocket-Key: c2lvIGJlbmNobWFyayBrZQ==\r\n\r\n"
            )
            .as_bytes(),
        );
        socket.flush()?;
        socket.connection.read(|bytes| Ok(http::head(bytes).map(|head| (head, ()))))?;
        socket.receive()?;
        match parser {
            Parser::Json => socket.write(frame::TEXT, &[b"40"]),
            // `{type: 0, nsp: "/"}`
            Parser::MessagePack => socket.write(frame::BINARY, &[b"\x82\xa4type\x00\xa3nsp\xa1/"]),
        }
        socket.flush()?;
        socket.receive()?;
        Ok(socket)
    }

    /// Puts a frame of these parts behind those that wait to be flushed.
    pub(crate) fn write(&mut self, opcode: u8, parts: &[&[u8]]) {
        frame::write(&mut self.output, opcode, parts);
    }

    /// Gives `write` the frames that wait to be flushed, for one more.
    pub(crate) fn write_with(&mut self, write: impl FnOnce(&mut Vec<u8>)) {
        write(&mut self.output);
    }

    pub(crate) fn flush(&mut self) -> io::Result<()> {
        self.connection.stream.write_all(&self.output)?;
        self.output.clear();
        Ok(())
    }

    /// The next packet. Some servers begin with a ping, which is answered.
    pub(crate) fn receive(&mut self) -> io::Result<Vec<u8>> {
        loop {
            let packet = self.connection.read(|bytes| {
                let frame = frame::read(bytes).map_err(io::Error::other)?;
                Ok(frame.map(|frame| (frame.length, frame.payload.to_vec())))
            })?;
            if packet != PING {
                return Ok(packet);
            }
            self.write(frame::TEXT, &[PONG]);
            self.flush()?;
        }
    }

    /// Says goodbye, and waits until the server has closed the connection.
    pub(crate) fn close(mut self) -> io::Result<()> {
        self.write(frame::CLOSE, &[&1000_u16.to_be_bytes()]);
        self.flush()?;
        let mut rest = Vec::new();
        self.connection.stream.read_to_end(&mut rest).map(drop)
    }
}

/// A long-polling client that has joined the main namespace. A connection for each kind of request.
#[derive(Debug)]
pub(crate) struct Poller {
    gets: Connection,
    posts: Connection,
    host: String,
    target: String,
}

#[derive(Deserialize)]
struct Open {
    sid: String,
}

impl Poller {
    pub(crate) fn open(port: u16) -> io::Result<Self> {
        let mut poller = Self {
            gets: Connection::open(port)?,
            posts: Connection::open(port)?,
            host: format!("127.0.0.1:{port}"),
            target: "/socket.io/?EIO=4&transport=polling".to_owned(),
        };
        let open = poller.get()?;
        let open: Open = serde_json::from_slice(open.strip_prefix(b"0").unwrap_or_default())?;
        poller.target = format!("{}&sid={}", poller.target, open.sid);
        poller.post(b"40")?;
        poller.get()?;
        Ok(poller)
    }

    /// Fetches the next packet.
    pub(crate) fn get(&mut self) -> io::Result<Vec<u8>> {
        loop {
            let head = http::request("GET", &self.target, &self.host, None);
            let body = Self::exchange(&mut self.gets, &head, b"")?;
            let (pings, packets): (Vec<_>, Vec<_>) =
                body.split(|byte| *byte == SEPARATOR).partition(|packet| *packet == PING);
            for _ in pings {
                self.post(PONG)?;
            }
            if let Some(packet) = packets.first() {
                return Ok(packet.to_vec());
            }
        }
    }

    /// Sends packets.
    pub(crate) fn post(&mut self, body: &[u8]) -> io::Result<()> {
        let head = http::request("POST", &self.target, &self.host, Some(body.len()));
        match &*Self::exchange(&mut self.posts, &head, body)? {
            b"ok" => Ok(()),
            other => Err(io::Error::other(String::from_utf8_lossy(other).into_owned())),
        }
    }

    fn exchange(connection: &mut Connection, head: &str, body: &[u8]) -> io::Result<Vec<u8>> {
        connection.stream.write_all(&[head.as_bytes(), body].concat())?;
        connection.read(|bytes| {
            let response = http::read(bytes).map_err(io::Error::other)?;
            Ok(response.map(|response| (response.length, response.body.into_owned())))
        })
    }
}
