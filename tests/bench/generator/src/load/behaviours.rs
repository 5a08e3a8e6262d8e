//! The behaviour of WebSocket clients in each workload.

use serde::Deserialize;

use super::exchange::{Exchange, decimal, leading_number};
use super::network::Network;
use super::sockets::Behaviour;
use super::tally::{Fault, Tally};
use super::{Stage, frame};

/// Every client sends events and waits for their answers, so many at a time.
#[derive(Debug)]
pub(crate) struct Echo {
    exchange: Exchange,
    window: usize,
    is_sending: bool,
}

impl Echo {
    pub(crate) fn new(exchange: Exchange, window: usize) -> Self {
        Self { exchange, window, is_sending: false }
    }
}

impl Behaviour for Echo {
    fn clients(&self) -> usize {
        self.exchange.clients()
    }

    fn tally(&mut self) -> &mut Tally {
        &mut self.exchange.tally
    }

    fn packet(&mut self, client: usize, packet: &[u8], now: u64, output: &mut Vec<u8>) -> Result<(), Fault> {
        self.exchange.take(client, packet, now)?;
        if self.is_sending {
            self.exchange.next(client, now, |parts| frame::write(output, frame::TEXT, parts));
        }
        Ok(())
    }

    fn enter(&mut self, stage: Stage, network: &mut Network) {
        self.is_sending = matches!(stage, Stage::WarmUp | Stage::Measuring);
        if stage == Stage::WarmUp {
            let now = network.now();
            for client in 0..self.exchange.clients() {
                let Some(output) = network.output(client) else { continue };
                for _ in 0..self.window {
                    self.exchange.next(client, now, |parts| frame::write(output, frame::TEXT, parts));
                }
            }
        }
    }

    fn outstanding(&self) -> u64 {
        self.exchange.in_flight()
    }
}

/// One client publishes to a room of which all the others are members. One delivery is one operation.
#[derive(Debug)]
pub(crate) struct Broadcast {
    members: usize,
    /// So many events may be on their way to some member.
    window: u64,
    text: String,
    /// The number of the event that each member is to see next.
    due: Vec<u64>,
    published: u64,
    delivered: u64,
    is_sending: bool,
    tally: Tally,
}

#[derive(Deserialize)]
struct News {
    n: u64,
    p: u64,
    t: u64,
    text: String,
}

/// Which publisher an event is of.
pub(crate) const PUBLISHER: u64 = 0;

/// Appends an event that the server is to send to the room.
pub(crate) fn publish(output: &mut Vec<u8>, number: u64, publisher: u64, now: u64, text: &str) {
    let (mut digits, mut time) = ([0; 20], [0; 20]);
    frame::write(
        output,
        frame::TEXT,
        &[
            b"42[\"broadcast\",{\"n\":",
            decimal(number, &mut digits),
            b",\"p\":",
            decimal(publisher, &mut [0; 20]),
            b",\"t\":",
            decimal(now, &mut time),
            b",\"text\":\"",
            text.as_bytes(),
            b"\"}]",
        ],
    );
}

/// The number of an event of this publisher that has come from the room, and when it was sent.
pub(crate) fn news(packet: &[u8], publisher: u64, text: &str) -> Option<(u64, u64)> {
    let as_sent = || {
        let (number, rest) = leading_number(packet.strip_prefix(b"42[\"news\",{\"n\":")?)?;
        let (from, rest) = leading_number(rest.strip_prefix(b",\"p\":")?)?;
        let (sent, rest) = leading_number(rest.strip_prefix(b",\"t\":")?)?;
        let came = rest.strip_prefix(b",\"text\":\"")?.strip_suffix(b"\"}]")?;
        (from == publisher && came == text.as_bytes()).then_some((number, sent))
    };
    as_sent().or_else(|| {
        // Written in another way than it was sent.
        let (name, news): (String, News) = serde_json::from_slice(packet.strip_prefix(b"42")?).ok()?;
        (name == "news" && news.p == publisher && news.text == text).then_some((news.n, news.t))
    })
}

impl Broadcast {
    pub(crate) fn new(members: usize, window: u64, text: String) -> Self {
        let (due, tally) = (vec![0; members], Tally::default());
        Self { members, window, text, due, published: 0, delivered: 0, is_sending: false, tally }
    }

    /// Publishes the next event.
    pub(crate) fn publish(&mut self, network: &mut Network) {
        let now = network.now();
        let Some(output) = network.output(self.members) else { return };
        publish(output, self.published, PUBLISHER, now, &self.text);
        self.published += 1;
    }
}

impl Behaviour for Broadcast {
    fn clients(&self) -> usize {
        self.members + 1
    }

    fn tally(&mut self) -> &mut Tally {
        &mut self.tally
    }

    fn is_member(&self, client: usize) -> bool {
        client < self.members
    }

    fn packet(&mut self, member: usize, packet: &[u8], now: u64, _output: &mut Vec<u8>) -> Result<(), Fault> {
        let (number, sent) = news(packet, PUBLISHER, &self.text).ok_or("another payload than was sent")?;
        let due = self.due.get_mut(member).ok_or("a delivery to the publisher")?;
        if number != *due {
            self.tally.out_of_order += 1;
        }
        *due = number + 1;
        self.delivered += 1;
        self.tally.complete(sent, now);
        Ok(())
    }

    fn enter(&mut self, stage: Stage, _network: &mut Network) {
        self.is_sending = matches!(stage, Stage::WarmUp | Stage::Measuring);
    }

    fn turn(&mut self, network: &mut Network) {
        while self.is_sending && self.outstanding() <= (self.window - 1) * self.members as u64 {
            self.publish(network);
        }
    }

    fn outstanding(&self) -> u64 {
        (self.published * self.members as u64).saturating_sub(self.delivered)
    }
}

/// Clients that connect, and leave as soon as they are in.
#[derive(Debug)]
pub(crate) struct Passing {
    clients: usize,
    tally: Tally,
}

impl Passing {
    pub(crate) fn new(clients: usize) -> Self {
        Self { clients, tally: Tally::default() }
    }
}

impl Behaviour for Passing {
    fn clients(&self) -> usize {
        self.clients
    }

    fn tally(&mut self) -> &mut Tally {
        &mut self.tally
    }

    fn ready(&mut self, _client: usize, since: u64, now: u64) -> bool {
        self.tally.complete(since, now);
        false
    }

    fn packet(&mut self, _: usize, _: &[u8], _: u64, _: &mut Vec<u8>) -> Result<(), Fault> {
        Ok(())
    }

    fn outstanding(&self) -> u64 {
        0
    }
}

/// Clients that do nothing but answer heartbeats.
#[derive(Debug)]
pub(crate) struct Idle {
    clients: usize,
    tally: Tally,
}

impl Idle {
    pub(crate) fn new(clients: usize) -> Self {
        Self { clients, tally: Tally::default() }
    }
}

impl Behaviour for Idle {
    fn clients(&self) -> usize {
        self.clients
    }

    fn tally(&mut self) -> &mut Tally {
        &mut self.tally
    }

    fn packet(&mut self, _: usize, _: &[u8], _: u64, _: &mut Vec<u8>) -> Result<(), Fault> {
        Err("an event for an idle client")
    }

    fn outstanding(&self) -> u64 {
        0
    }
}
