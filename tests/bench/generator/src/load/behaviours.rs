//! What WebSocket clients do in each workload.

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
    t: u64,
    text: String,
}

impl Broadcast {
    pub(crate) fn new(members: usize, window: u64, text: String) -> Self {
        let (due, tally) = (vec![0; members], Tally::default());
        Self { members, window, text, due, published: 0, delivered: 0, is_sending: false, tally }
    }

    /// The number of an event, and when it was sent.
    fn parse(&self, packet: &[u8]) -> Option<(u64, u64)> {
        self.parse_own(packet).or_else(|| {
            // Written in another way than it was sent.
            let (name, news): (String, News) = serde_json::from_slice(packet.strip_prefix(b"42")?).ok()?;
            (name == "news" && news.text == self.text).then_some((news.n, news.t))
        })
    }

    fn parse_own(&self, packet: &[u8]) -> Option<(u64, u64)> {
        let (number, rest) = leading_number(packet.strip_prefix(b"42[\"news\",{\"n\":")?)?;
        let (sent, rest) = leading_number(rest.strip_prefix(b",\"p\":0,\"t\":")?)?;
        let text = rest.strip_prefix(b",\"text\":\"")?.strip_suffix(b"\"}]")?;
        (text == self.text.as_bytes()).then_some((number, sent))
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
        let (number, sent) = self.parse(packet).ok_or("another payload than was sent")?;
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
            let now = network.now();
            let Some(output) = network.output(self.members) else { return };
            let (mut number, mut time) = ([0; 20], [0; 20]);
            frame::write(
                output,
                frame::TEXT,
                &[
                    b"42[\"broadcast\",{\"n\":",
                    decimal(self.published, &mut number),
                    b",\"p\":0,\"t\":",
                    decimal(now, &mut time),
                    b",\"text\":\"",
                    self.text.as_bytes(),
                    b"\"}]",
                ],
            );
            self.published += 1;
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
