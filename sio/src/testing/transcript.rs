//! The record of what a client sent and received, for the message of a failed test.

use std::collections::VecDeque;
use std::fmt::{self, Write as _};

use sio_core::socket::packet::{Kind, Packet};
use tokio::time::Instant;

/// How many lines a failure shows: of a flood only the end helps.
const SHOWN: usize = 40;

/// How many characters of one line are kept.
const WIDTH: usize = 300;

/// The conversation over one connection, in order.
#[derive(Debug)]
pub(super) struct Transcript {
    start: Instant,
    lines: VecDeque<Line>,
}

#[derive(Debug)]
struct Line {
    /// None: it concerns the connection.
    namespace: Option<String>,
    text: String,
}

impl Transcript {
    pub(super) fn new() -> Self {
        Self { start: Instant::now(), lines: VecDeque::new() }
    }

    pub(super) fn sent(&mut self, packet: &Packet) {
        self.add(Some(&packet.namespace), format_args!("> {}", Shown(packet)));
    }

    pub(super) fn received(&mut self, packet: &Packet) {
        self.add(Some(&packet.namespace), format_args!("< {}", Shown(packet)));
    }

    /// Something that happened to the connection.
    pub(super) fn note(&mut self, what: impl fmt::Display) {
        self.add(None, format_args!("- {what}"));
    }

    fn add(&mut self, namespace: Option<&str>, what: fmt::Arguments<'_>) {
        let seconds = self.start.elapsed().as_secs_f64();
        let text = format!("{seconds:9.3} {what}");
        let text = match text.char_indices().nth(WIDTH) {
            Some((end, _)) => format!("{}…", &text[..end]),
            None => text,
        };
        // Other namespaces of the connection are not shown, so more has to be kept than is shown.
        if self.lines.len() == SHOWN * 8 {
            self.lines.pop_front();
        }
        self.lines.push_back(Line { namespace: namespace.map(str::to_owned), text });
    }

    /// Returns the lines that concern one namespace.
    pub(super) fn of(&self, namespace: &str) -> String {
        let concerns = |line: &&Line| line.namespace.as_deref().is_none_or(|other| other == namespace);
        let lines: Vec<_> = self.lines.iter().filter(concerns).collect();
        let hidden = lines.len().saturating_sub(SHOWN);
        let mut text = String::new();
        if hidden > 0 {
            text.push_str("        … what was earlier is left out\n");
        }
        for line in &lines[hidden..] {
            text.push_str(&line.text);
            text.push('\n');
        }
        text
    }
}

/// A packet as a person reads it.
struct Shown<'a>(&'a Packet);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let packet = self.0;
        f.write_str(match packet.kind {
            Kind::Connect => "CONNECT",
            Kind::Disconnect => "DISCONNECT",
            Kind::Event | Kind::BinaryEvent => "EVENT",
            Kind::Ack | Kind::BinaryAck => "ACK",
            Kind::ConnectError => "CONNECT_ERROR",
        })?;
        if let Some(id) = packet.id {
            write!(f, " #{id}")?;
        }
        if let Some(data) = &packet.data {
            write!(f, " {data}")?;
        }
        attachments(f, packet.attachments.iter().map(|attachment| attachment.len()))
    }
}

/// Says how large each attachment is: their bytes would tell nobody anything.
pub(super) fn attachments(f: &mut impl fmt::Write, sizes: impl Iterator<Item = usize>) -> fmt::Result {
    let mut list = String::new();
    for size in sizes {
        let separator = if list.is_empty() { "" } else { ", " };
        write!(list, "{separator}{size} bytes")?;
    }
    if list.is_empty() { Ok(()) } else { write!(f, " + [{list}]") }
}
