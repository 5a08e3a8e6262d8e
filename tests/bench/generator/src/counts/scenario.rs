//! The scenarios: clients that are opened, and then do so many operations one after the other.

use std::io;

use super::clients::{Parser, Poller, Socket};
use crate::load::behaviours::{self, PUBLISHER};
use crate::load::exchange::{self, Answer, Exchange};
use crate::load::frame;

/// How many members the room of a broadcast has.
const MEMBERS: usize = 100;

/// The actions of the clients.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Events of so many bytes that are answered, so many sent together.
    Echo {
        answer: Answer,
        bytes: usize,
        together: usize,
    },
    /// As many bytes in an attachment.
    Attachment {
        bytes: usize,
    },
    MessagePack,
    Broadcast,
    Connect,
    Poll,
}

/// Something that is counted.
#[derive(Debug)]
pub(crate) struct Scenario {
    pub(crate) name: &'static str,
    /// One operation, in a few words.
    pub(crate) about: &'static str,
    kind: Kind,
    /// A count is the difference between a run with the first and one with the second number of operations.
    pub(crate) operations: [u64; 2],
    /// A variable of the server's environment.
    pub(crate) environment: Option<(&'static str, &'static str)>,
    /// True if only the first server can do it.
    pub(crate) is_ours: bool,
}

const fn echo(answer: Answer, bytes: usize, together: usize) -> Kind {
    Kind::Echo { answer, bytes, together }
}

const fn scenario(name: &'static str, about: &'static str, kind: Kind, operations: [u64; 2]) -> Scenario {
    Scenario { name, about, kind, operations, environment: None, is_ours: false }
}

/// All scenarios, in the order of the table.
pub(crate) static ALL: [Scenario; 12] = [
    scenario(
        "echo1",
        "an event of 128 bytes and its acknowledgement",
        echo(Answer::Acknowledgement, 128, 1),
        [200, 1200],
    ),
    scenario(
        "echo16",
        "the same, 16 events in one segment",
        echo(Answer::Acknowledgement, 128, 16),
        [320, 1600],
    ),
    scenario("noack", "an event that is answered by another", echo(Answer::Event, 128, 1), [200, 1200]),
    scenario("bc128", "a delivery of 128 bytes to one of 100 members of a room", Kind::Broadcast, [20, 120]),
    scenario("connect", "WebSocket, namespace, close", Kind::Connect, [50, 250]),
    scenario("poll", "an event and its acknowledgement over long-polling", Kind::Poll, [100, 700]),
    Scenario {
        environment: Some(("MIDDLEWARE", "1")),
        is_ours: true,
        ..scenario(
            "middleware",
            "`echo1` through middleware that does nothing",
            echo(Answer::Acknowledgement, 128, 1),
            [200, 1200],
        )
    },
    Scenario {
        environment: Some(("METRICS", "1")),
        is_ours: true,
        ..scenario(
            "metrics",
            "`echo1` on a server that counts",
            echo(Answer::Acknowledgement, 128, 1),
            [200, 1200],
        )
    },
    Scenario {
        environment: Some(("MESSAGE_PACK", "1")),
        ..scenario("msgpack", "`echo1` as MessagePack", Kind::MessagePack, [200, 1200])
    },
    scenario("text64k", "`echo1` with 64 KiB of text", echo(Answer::Acknowledgement, 64 << 10, 1), [10, 60]),
    scenario("bytes64k", "64 KiB in an attachment and back", Kind::Attachment { bytes: 64 << 10 }, [10, 60]),
    scenario("text900k", "`echo1` with 900 kB of text", echo(Answer::Acknowledgement, 900_000, 1), [4, 20]),
];

impl Scenario {
    /// How many of what is counted are in one operation.
    pub(crate) fn each(&self) -> u64 {
        match self.kind {
            Kind::Broadcast => MEMBERS as u64,
            _ => 1,
        }
    }

    /// Returns whether a payload is more than a server reads at a time.
    pub(crate) fn is_large(&self) -> bool {
        matches!(self.kind, Kind::Echo { bytes, .. } | Kind::Attachment { bytes } if bytes > 16 << 10)
    }

    /// Opens the clients.
    pub(crate) fn open(&self, port: u16) -> io::Result<Clients> {
        let json = || Socket::open(port, Parser::Json);
        Ok(match self.kind {
            Kind::Echo { answer, bytes, together } => {
                let exchange = Exchange::new(answer, 1, exchange::text(bytes));
                Clients::Echo { socket: json()?, exchange, together }
            }
            Kind::Attachment { bytes } => {
                Clients::Attachment { socket: json()?, bytes: vec![7; bytes], next: 0 }
            }
            Kind::MessagePack => Clients::MessagePack { socket: Socket::open(port, Parser::MessagePack)? },
            Kind::Broadcast => {
                let members = (0..MEMBERS).map(|_| member(port)).collect::<io::Result<_>>()?;
                Clients::Broadcast { members, publisher: json()?, next: 0, text: exchange::text(128) }
            }
            Kind::Connect => Clients::Connect { port },
            Kind::Poll => {
                let exchange = Exchange::new(Answer::Acknowledgement, 1, exchange::text(128));
                Clients::Poll { poller: Poller::open(port)?, exchange }
            }
        })
    }
}

fn member(port: u16) -> io::Result<Socket> {
    let mut member = Socket::open(port, Parser::Json)?;
    member.write(frame::TEXT, &[br#"420["join","room1"]"#]);
    member.flush()?;
    member.receive()?;
    Ok(member)
}

/// Clients that are connected.
#[derive(Debug)]
pub(crate) enum Clients {
    Echo { socket: Socket, exchange: Exchange, together: usize },
    Attachment { socket: Socket, bytes: Vec<u8>, next: u64 },
    MessagePack { socket: Socket },
    Broadcast { members: Vec<Socket>, publisher: Socket, next: u64, text: String },
    Connect { port: u16 },
    Poll { poller: Poller, exchange: Exchange },
}

impl Clients {
    /// Does so many operations. Fails if an answer is wrong, or out of order.
    pub(crate) fn operate(&mut self, operations: u64) -> io::Result<()> {
        match self {
            Self::Echo { socket, exchange, together } => {
                for _ in 0..operations / *together as u64 {
                    echoes(socket, exchange, *together)?;
                }
            }
            Self::Attachment { socket, bytes, next } => {
                for _ in 0..operations {
                    attachment(socket, bytes, *next)?;
                    *next += 1;
                }
            }
            Self::MessagePack { socket } => {
                for number in 0..operations {
                    message_pack(socket, (number % 100) as u8)?;
                }
            }
            Self::Broadcast { members, publisher, next, text } => {
                for _ in 0..operations {
                    publisher.write_with(|output| behaviours::publish(output, *next, PUBLISHER, 0, text));
                    publisher.flush()?;
                    for member in &mut *members {
                        let packet = member.receive()?;
                        expect(behaviours::news(&packet, PUBLISHER, text) == Some((*next, 0)), &packet)?;
                    }
                    *next += 1;
                }
            }
            Self::Connect { port } => {
                for _ in 0..operations {
                    Socket::open(*port, Parser::Json)?.close()?;
                }
            }
            Self::Poll { poller, exchange } => {
                for _ in 0..operations {
                    let mut body = Vec::new();
                    exchange.next(0, 0, |parts| body = parts.concat());
                    poller.post(&body)?;
                    exchange.take(0, &poller.get()?, 0).map_err(io::Error::other)?;
                }
            }
        }
        Ok(())
    }
}

fn echoes(socket: &mut Socket, exchange: &mut Exchange, together: usize) -> io::Result<()> {
    for _ in 0..together {
        exchange.next(0, 0, |parts| socket.write(frame::TEXT, parts));
    }
    socket.flush()?;
    for _ in 0..together {
        exchange.take(0, &socket.receive()?, 0).map_err(io::Error::other)?;
    }
    Ok(())
}

fn attachment(socket: &mut Socket, bytes: &[u8], number: u64) -> io::Result<()> {
    let head = format!(r#"451-{number}["bytes",{{"_placeholder":true,"num":0}}]"#);
    socket.write(frame::TEXT, &[head.as_bytes()]);
    socket.write(frame::BINARY, &[bytes]);
    socket.flush()?;
    let head = socket.receive()?;
    expect(head.starts_with(format!("461-{number}[").as_bytes()), &head)?;
    let came = socket.receive()?;
    expect(came == bytes, &came)
}

/// `{type: 2, nsp: "/", id, data: ["echo", {text, n}]}`, with an id of one byte.
fn message_pack(socket: &mut Socket, number: u8) -> io::Result<()> {
    let text = exchange::text(128);
    socket.write(
        frame::BINARY,
        &[
            b"\x84\xa4type\x02\xa3nsp\xa1/\xa2id",
            &[number],
            b"\xa4data\x92\xa4echo\x82\xa4text\xd9\x80",
            text.as_bytes(),
            b"\xa1n",
            &[number],
        ],
    );
    socket.flush()?;
    let packet = socket.receive()?;
    expect(packet.windows(text.len()).any(|window| window == text.as_bytes()), &packet)
}

fn expect(is_right: bool, packet: &[u8]) -> io::Result<()> {
    if is_right {
        return Ok(());
    }
    let start = String::from_utf8_lossy(&packet[..packet.len().min(200)]);
    Err(io::Error::other(format!("an unexpected answer: {start}")))
}
